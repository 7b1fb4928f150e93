"""Three-valued logic: True, False, and None for unknown."""

from __future__ import annotations

from collections.abc import Iterable

Known = bool | None


def all_of(values: Iterable[Known]) -> Known:
    """No if any is no; else unknown if any is unknown; else yes."""
    values = list(values)
    if False in values:
        return False
    return None if None in values else True


def any_of(values: Iterable[Known]) -> Known:
    """Yes if any is yes; else unknown if any is unknown; else no."""
    values = list(values)
    if True in values:
        return True
    return None if None in values else False


def negated(value: Known) -> Known:
    """Yes for no, no for yes."""
    return None if value is None else not value
