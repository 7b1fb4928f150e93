"""Unknowns: how many patients or trials each unknown criterion keeps from being counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from trdanalysis.analysis.attrition import OUTCOME_STEP
from trdanalysis.analysis.estimands import ESTIMANDS, LABEL_PARTS, Estimand
from trdanalysis.analysis.patterns import NO, UNKNOWN, Patterns
from trdanalysis.analysis.rates import RateSettings

#: Columns of unknowns.csv, in order.
UNKNOWN_COLUMNS = ("estimand", "definition", "criterion", "unit", "n_unknown", "n_only", "status")


def estimate_unknowns(patterns: Mapping[str, Patterns], settings: RateSettings) -> pd.DataFrame:
    """Count what each unknown criterion costs each estimand.

    Parameters
    ----------
    patterns
        As :func:`trdanalysis.analysis.patterns.count_criteria` gives them.
    settings
        The order of definitions.

    Returns
    -------
    DataFrame
        One row per estimand, definition and criterion, the outcome last, with
        :data:`UNKNOWN_COLUMNS`; adults and patients of unknown age. Of the ``n_unknown`` of
        ``rates.csv`` (not certainly out; membership or outcome not known), ``n_unknown``: how many
        lack this criterion; ``n_only``: how many lack nothing else. After the outcome stand the
        criteria of the label that make it, counted among those whose outcome is unknown.
    """
    rows = [
        (estimand.name, definition, criterion, estimand.unit, any_of_it, only)
        for estimand in ESTIMANDS
        for definition in settings.definitions
        for criterion, any_of_it, only in _count(patterns[estimand.unit], estimand, definition)
    ]
    table = pd.DataFrame(rows, columns=list(UNKNOWN_COLUMNS[:-1]))
    for column in ("n_unknown", "n_only"):
        table[column] = table[column].astype("Int64")
    return table.assign(status="ok")


def _count(
    patterns: Patterns, estimand: Estimand, definition: str
) -> Iterator[tuple[str, int, int]]:
    """Give each criterion with how many lack it, and how many lack nothing else."""
    left = (patterns.adult != NO) & (patterns.all_of(estimand.criteria) != NO)
    names = [*estimand.criteria, estimand.event]
    missing = {name: patterns.levels[name] == UNKNOWN for name in names}
    lacking = np.sum(list(missing.values()), axis=0)
    for name, shown in zip(names, (*estimand.criteria, OUTCOME_STEP), strict=True):
        without = left & missing[name]
        only = without & (lacking == 1)
        yield shown, patterns.add_up(without, definition), patterns.add_up(only, definition)
    parts = _parts(estimand)
    unsure = {name: patterns.levels[name] == UNKNOWN for name in parts}
    in_all = np.sum([*unsure.values(), np.zeros(len(left), dtype=bool)], axis=0)
    # An unknown label is what its parts are: it is not one more thing that lacks.
    membership = lacking - missing[estimand.event]
    for name in parts:
        without = left & missing[estimand.event] & unsure[name]
        only = without & (in_all == 1) & (membership == 0)
        yield name, patterns.add_up(without, definition), patterns.add_up(only, definition)


def _parts(estimand: Estimand) -> tuple[str, ...]:
    """Give the criteria of the label behind the event that are not those of membership."""
    parts = LABEL_PARTS if estimand.event in ("trd", "pseudo_resistance") else ()
    return tuple(name for name in parts if name not in estimand.criteria)
