"""Three-valued conditions in Ibis: yes, no and null for unknown."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

# Ibis prints `~x` as `NOT(x)` without brackets around it. Where `x.isnull()` is asked of such a
# column, perhaps in another module, that reads `NOT(x) IS NULL`, which SQL takes for
# `NOT (x IS NULL)`. These functions are right whatever they are given or go into.


def negate(value: ir.BooleanValue) -> ir.BooleanValue:
    """Negate, null staying null."""
    return ibis.cases((value, False), (~value, True))


def is_unknown(value: ir.BooleanValue) -> ir.BooleanValue:
    """Say whether a three-valued expression is unknown; never null itself."""
    return value.fill_null(True) & ~value.fill_null(False)


def all_of(table: ir.Table, columns: Sequence[str]) -> ir.BooleanValue:
    """Give Kleene's AND of the columns."""
    value = table[columns[0]]
    for name in columns[1:]:
        value = value & table[name]
    return value
