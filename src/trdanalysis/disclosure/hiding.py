"""Hiding: emptying cells of result tables, and saying so in their status."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.disclosure.ledger import NOWHERE, Key, Ledger
from trdanalysis.disclosure.policy import Policy

SUPPRESSED, PARTLY_SUPPRESSED = "suppressed", "partly_suppressed"


class Hidden:
    """What is hidden of a release, asked by the keys of its ledger."""

    def __init__(self, ledger: Ledger, units: Iterable[int], policy: Policy) -> None:
        self._ledger, self._units, self.policy = ledger, frozenset(units), policy
        self._same: dict[int, set[int]] = defaultdict(set)
        for whole, parts in ledger.sums:
            if len(parts) == 1:
                self._same[whole].add(parts[0])
                self._same[parts[0]].add(whole)

    def unit(self, *name: Any) -> bool:
        """Say whether what is printed together under this name is hidden."""
        place = self._ledger.units.get(name)
        return place is not None and place in self._units

    def count(self, key: Key) -> bool:
        """Say whether a count is hidden; one that nothing prints is not to be seen either."""
        place = self._ledger.index.get(key)
        if place is None:
            return False
        unit = self._ledger.unit_of[place]
        return unit == NOWHERE or unit in self._units

    def shown(self, key: Key) -> int | None:
        """Give a count as it is printed, under this key or one of the same patients."""
        waiting = [self._ledger.index[key]] if key in self._ledger.index else []
        seen: set[int] = set()
        while waiting:
            place = waiting.pop()
            unit = self._ledger.unit_of[place]
            if unit != NOWHERE and unit not in self._units:
                base = self._ledger.bases[place]
                value = self._ledger.values[place]
                return (value + base // 2) // base * base if base else value
            seen.add(place)
            waiting += self._same[place] - seen
        return None


def hide(
    table: pd.DataFrame, rows: Any, columns: Iterable[str], status: str | None = SUPPRESSED
) -> pd.DataFrame:
    """Empty the columns of the rows; where the table has a status, give it to them."""
    chosen = pd.Series(np.asarray(rows, dtype=bool), index=table.index)
    if not chosen.any():
        return table
    table = table.copy()
    for name in columns:
        table[name] = table[name].mask(chosen)
    if status is not None and "status" in table.columns:
        table["status"] = table["status"].mask(chosen, status)
    return table


def hide_cells(
    table: pd.DataFrame, hidden: Mapping[str, list[bool]], others: Iterable[str] = ()
) -> pd.DataFrame:
    """Empty single cells: by column, for each row whether it is hidden.

    The others go with any cell of their row. A row of which every hideable cell is gone is
    suppressed, one that has lost some is partly so.
    """
    masks = np.array(list(hidden.values()), dtype=bool).reshape(len(hidden), len(table))
    some, every = masks.any(axis=0), masks.all(axis=0)
    table = hide(table, some, others, None)
    for name, mask in zip(hidden, masks, strict=True):
        table = hide(table, mask, [name], None)
    table = hide(table, some & ~every, [], PARTLY_SUPPRESSED)
    return hide(table, every, [])


def round_counts(table: pd.DataFrame, columns: Iterable[str], base: int) -> pd.DataFrame:
    """Round counts to the nearest multiple of the base; 0 leaves them."""
    if not base:
        return table
    table = table.copy()
    for name in columns:
        table[name] = ((table[name].astype("Int64") + base // 2) // base * base).astype("Int64")
    return table


def round_estimates(table: pd.DataFrame, columns: Iterable[str], decimals: int) -> pd.DataFrame:
    """Round what is no function of printed counts."""
    table = table.copy()
    for name in columns:
        table[name] = table[name].astype("float64").round(decimals)
    return table
