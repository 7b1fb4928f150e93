"""Hold the rows of a table of a run against what was counted slowly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd


def tell_differences(
    key: object, expected: Mapping[str, Any], row: Mapping[str, Any], names: tuple[str, ...]
) -> list[str]:
    """Name every column of a row that is not as expected; what is not expected is empty."""
    return [
        f"{key} {name}: expected {expected.get(name)}, got {row[name]}"
        for name in names
        if not is_same(expected.get(name), row[name])
    ]


def is_same(one: Any, other: Any) -> bool:
    """Compare what was expected with a cell; None is an empty cell."""
    if one is None or pd.isna(other):
        return one is None and bool(pd.isna(other))
    if isinstance(one, str) or isinstance(other, str):
        return str(one) == str(other)
    return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-12)


def show(wrong: list[str]) -> str:
    """Give the first differences, for the message of a failed test."""
    return f"{len(wrong)} differences:\n" + "\n".join(wrong[:10])
