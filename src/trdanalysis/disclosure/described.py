"""What may leave of characteristics.csv: counts, and what is a function of printed counts.

Means, deviations and quartiles are not: they leave where they are of more than the minimum, and so
is whoever else follows from them; and coarsely.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.analysis.characteristics import (
    ALL,
    CATEGORICAL,
    COMPARED,
    KNOWN,
    LABEL_GROUPS,
    NUMERIC,
    OVERALL,
    VERSUS,
)
from trdanalysis.analysis.standardised import compare_levels
from trdanalysis.analysis.states import UNKNOWN
from trdanalysis.disclosure.characteristics import Cell, cell_keys, list_cells
from trdanalysis.disclosure.hiding import PARTLY_SUPPRESSED, SUPPRESSED, Hidden
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.sealed import print_count

#: Digits after the point of what is not counted in whole years, days or trials: at most.
_DECIMALS = {"baseline_severity": 2}
_OF_MEANS, _OF_QUARTILES, _OF_DIFFERENCES = 1, 0, 2

#: Of so many whole numbers a sum can be had for every mean that is rounded to one decimal.
_LEAST_OF_A_MEAN = 10

_MOMENTS, _QUARTILES = ("mean", "sd"), ("median", "q1", "q3")
_ESTIMATES = ("share", "share_of_known", *_MOMENTS, *_QUARTILES, "smd")

#: A number whose values are counted as levels too: its mean would tell what a hidden level is.
_COUNTED_NUMBERS = ("antidepressant_trials",)


class _Shown:
    """What is printed of the counts, and what follows from it."""

    def __init__(self, table: pd.DataFrame, primary: str, hidden: Hidden) -> None:
        self.policy: Policy = hidden.policy
        self.base = self.policy.base_of(primary=True)
        keys = cell_keys(table, primary)
        self.true = dict(zip(list_cells(table), (int(n) for n in table["n"]), strict=True))
        self.n: dict[Cell, int | None] = {
            cell: None if hidden.count(keys[cell]) else print_count(n, self.base)
            for cell, n in self.true.items()
        }
        self.levels: dict[tuple[str, str], list[str]] = {}
        for name, kind, level, label in self.true:
            if label == ALL and level != UNKNOWN:
                self.levels.setdefault((name, kind), []).append(level)

    def total(self, label: str) -> int | None:
        """Give the patients of a label."""
        return self.n[OVERALL, CATEGORICAL, ALL, label]

    def counts(self, name: str, label: str) -> list[int] | None:
        """Give the counts of all known levels; None where one is hidden."""
        counts: list[int] = []
        for level in self.levels[name, CATEGORICAL]:
            n = self.n[name, CATEGORICAL, level, label]
            if n is None:
                return None
            counts.append(n)
        return counts

    def known(self, name: str, label: str) -> int | None:
        """Give of how many a characteristic is known; None where that does not follow."""
        counts, total = self.counts(name, label), self.total(label)
        if counts is not None:
            return sum(counts)
        unknown = self.n.get((name, CATEGORICAL, UNKNOWN, label))
        if self.base or total is None or unknown is None:
            return None
        return total - unknown

    def divide(self, part: int | None, whole: int | None) -> float | None:
        """Give a share of enough patients."""
        if part is None or not whole or whole < self.policy.least_n_for_a_rate:
            return None
        return part / whole

    def differs(self, name: str, label: str) -> tuple[float | None, str | None]:
        """Give the standardised difference in levels, of printed counts."""
        one, other = self.counts(name, label), self.counts(name, VERSUS)
        if one is None or other is None:
            return None, None
        if 0 < min(sum(one), sum(other)) < self.policy.least_n_for_a_rate:
            return None, None
        return compare_levels(one, other)

    def least(self, name: str, label: str) -> int:
        """Give of how few a number can be known, for all that is printed."""
        cell = (name, NUMERIC, KNOWN, label)
        total = self.total(label)
        if self.n[cell] is not None or total is None:
            return self.true[cell] if total is not None else 0
        # If the unknown are hidden since they are few, they may be as many as the minimum.
        return min(self.true[cell], total - self.policy.hide_counts_up_to)

    def describes(self, name: str) -> set[str]:
        """Give the labels of which a number's mean may leave.

        A coarse mean tells nothing of how many it is of, so it may stand beside a hidden count. Two
        of them and that of both would: ``all`` leaves only where every count is printed, and who
        is in none of the labels that leave is of more than the minimum, since their mean follows.
        """
        limit = self.policy.hide_counts_up_to
        enough = max(limit + 1, self.policy.least_n_for_a_rate, _LEAST_OF_A_MEAN)
        shown = {
            label
            for label in LABEL_GROUPS
            if self.least(name, label) >= enough
            and (name not in _COUNTED_NUMBERS or self.counts(name, label) is not None)
        }
        cells = [(name, NUMERIC, KNOWN, label) for label in LABEL_GROUPS]
        rest = self.true[cells[0]] - sum(self.true[cell] for cell in cells[1:] if cell[-1] in shown)
        if 1 <= rest <= limit or any(self.n[cell] is None for cell in cells):
            shown.discard(ALL)
        return shown


def disclose_characteristics(table: pd.DataFrame, primary: str, hidden: Hidden) -> pd.DataFrame:
    """Make what may leave of characteristics.csv.

    Parameters
    ----------
    table
        As estimated.
    primary
        Id of the definition that it is by.
    hidden
        What is hidden.

    Returns
    -------
    DataFrame
        The same rows and columns. A row that lost all its numbers is ``suppressed``, one that lost
        some is ``partly_suppressed``. Shares and differences of levels are of the printed counts,
        and stand where these do. Means, deviations and quartiles stand where they are of more than
        the minimum, also beside a hidden count, quartiles only where more than the minimum lie on
        either side; they are rounded to what they are measured in.
    """
    shown = _Shown(table, primary, hidden)
    rows = [
        _disclose_row(row, cell, shown)
        for row, cell in zip(table.to_dict("records"), list_cells(table), strict=True)
    ]
    # Where nothing was hidden before, a table read from CSV has counts that cannot be null.
    types = {**table.dtypes, "n": "Int64"}
    return pd.DataFrame(rows, columns=list(table.columns)).astype(types)


def _disclose_row(row: Mapping[Any, Any], cell: Cell, shown: _Shown) -> dict[Any, Any]:
    name, kind, level, label = cell
    n = shown.n[cell]
    told: dict[Any, Any] = {**row, "n": n, **dict.fromkeys(_ESTIMATES), "smd_reason": None}
    told["share"] = shown.divide(n, shown.total(label))
    if kind == NUMERIC:
        if level == KNOWN:
            told |= _disclose_number(row, name, label, shown)
    elif level != UNKNOWN:
        told["share_of_known"] = shown.divide(n, shown.known(name, label))
        if label in COMPARED and name != OVERALL:
            told["smd"], told["smd_reason"] = shown.differs(name, label)
    if n is None:
        told["status"] = (
            SUPPRESSED if all(told[one] is None for one in _ESTIMATES) else (PARTLY_SUPPRESSED)
        )
    elif any(not pd.isna(row[one]) and pd.isna(told[one]) for one in _ESTIMATES):
        told["status"] = PARTLY_SUPPRESSED
    return told


def _disclose_number(
    row: Mapping[Any, Any], name: str, label: str, shown: _Shown
) -> dict[str, float | None]:
    """Give what may leave of a number's mean, deviation, quartiles and difference."""
    limit, described = shown.policy.hide_counts_up_to, shown.describes(name)
    told: dict[str, float | None] = {}
    if label not in described:
        return told
    n = shown.least(name, label)
    digits = min(_DECIMALS.get(name, _OF_MEANS), shown.policy.model_decimals)
    told |= {one: _round(row[one], digits) for one in _MOMENTS}
    digits = min(_DECIMALS.get(name, _OF_QUARTILES), shown.policy.model_decimals)
    told |= {
        one: _round(row[one], digits)
        for one in _QUARTILES
        if n // (2 if one == "median" else 4) > limit
    }
    if label in COMPARED and VERSUS in described:
        told["smd"] = _round(row["smd"], min(_OF_DIFFERENCES, shown.policy.model_decimals))
        told["smd_reason"] = row["smd_reason"]
    return told


def _round(value: Any, digits: int) -> float | None:
    return None if pd.isna(value) else round(float(value), digits)
