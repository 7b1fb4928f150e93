"""Attrition: from records to accepted rows, and from patients to those a rate counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.estimands import CURVE, CURVE_CRITERIA, ESTIMANDS
from trdanalysis.analysis.patterns import NO, UNKNOWN, Patterns
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.contract import TABLES

#: Columns of attrition.csv, in order.
ATTRITION_COLUMNS = (
    "definition",
    "estimand",
    "step_order",
    "step",
    "unit",
    "n_in",
    "n_out",
    "n_unknown",
    "status",
)

#: The first step of every estimand, and the last.
ADULT_STEP = "not_under_18"
OUTCOME_STEP = "outcome_known"


def estimate_attrition(
    patterns: Mapping[str, Patterns],
    intake_summaries: Sequence[Mapping[str, Any]],
    settings: RateSettings,
) -> pd.DataFrame:
    """Estimate who is left after each step, from records to known outcomes.

    Parameters
    ----------
    patterns
        As :func:`trdanalysis.analysis.patterns.count_criteria` gives them.
    intake_summaries
        One per drop: ``drop_id`` and ``tables``, which maps a table's name to ``rows_in``,
        ``accepted``, ``duplicates`` and ``quarantined``.
    settings
        The order of definitions.

    Returns
    -------
    DataFrame
        With :data:`ATTRITION_COLUMNS`. First a block with the estimand ``records`` and no
        definition: per table and over all drops, the steps ``<table>_rows_in``,
        ``<table>_duplicates``, ``<table>_quarantined``, ``<table>_accepted``, in rows. Then per
        definition and estimand one row a step, in patients or trials: ``not_under_18``, each
        criterion of membership, ``outcome_known``; of the curve the last is left out.

        ``n_in``: not certainly out before the step. ``n_out``: certainly out at this step.
        ``n_unknown``: among those who go on, this criterion is not known (empty for rows). So
        ``n_in - n_out`` is the next step's ``n_in``. Nobody is certainly out for want of an
        outcome: at ``outcome_known`` ``n_unknown`` counts whose membership or outcome is unknown,
        and ``n_in - n_unknown`` are those certainly in with a known outcome.
    """
    rows = _list_record_steps(intake_summaries)
    for definition in settings.definitions:
        for estimand in ESTIMANDS:
            found = patterns[estimand.unit]
            steps = _follow(found, definition, estimand.criteria, estimand.event)
            rows += [(definition, estimand.name, *step, estimand.unit) for step in steps]
        curve = _follow(patterns["patient"], definition, CURVE_CRITERIA, None)
        rows += [(definition, CURVE, *step, "patient") for step in curve]
    columns = ["definition", "estimand", "step_order", "step", "n_in", "n_out", "n_unknown", "unit"]
    table = pd.DataFrame(rows, columns=columns)
    for column in ("step_order", "n_in", "n_out", "n_unknown"):
        table[column] = table[column].astype("Int64")
    for column in ("definition", "estimand", "step", "unit"):
        table[column] = table[column].astype("str")
    return table.assign(status="ok")[list(ATTRITION_COLUMNS)]


def _list_record_steps(summaries: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    found = {name for summary in summaries for name in summary["tables"]}
    names = [name for name in TABLES if name in found] + sorted(found - set(TABLES))
    steps: list[tuple[str, int, int]] = []
    for name in names:
        balances = [summary["tables"].get(name, {}) for summary in summaries]
        rows_in, duplicates, quarantined, accepted = (
            sum(int(balance.get(key, 0)) for balance in balances)
            for key in ("rows_in", "duplicates", "quarantined", "accepted")
        )
        steps += [
            (f"{name}_rows_in", rows_in, 0),
            (f"{name}_duplicates", rows_in, duplicates),
            (f"{name}_quarantined", rows_in - duplicates, quarantined),
            (f"{name}_accepted", accepted, 0),
        ]
    return [
        (None, "records", order, step, n_in, n_out, None, "row")
        for order, (step, n_in, n_out) in enumerate(steps, start=1)
    ]


def _follow(
    patterns: Patterns, definition: str, names: Sequence[str], event: str | None
) -> list[tuple[int, str, int, int, int]]:
    """Give order, name and the three counts of every step of one estimand."""
    left = np.ones(len(patterns.count), dtype=bool)
    steps = []
    tests = [(ADULT_STEP, patterns.adult), *((name, patterns.levels[name]) for name in names)]
    for order, (step, level) in enumerate(tests, start=1):
        counts = (left, left & (level == NO), left & (level == UNKNOWN))
        n_in, n_out, n_unknown = (patterns.add_up(chosen, definition) for chosen in counts)
        steps.append((order, step, n_in, n_out, n_unknown))
        left = left & (level != NO)
    if event is not None:
        member = patterns.all_of(names)
        unknown = left & ((member == UNKNOWN) | (patterns.levels[event] == UNKNOWN))
        n_in, n_unknown = (patterns.add_up(chosen, definition) for chosen in (left, unknown))
        steps.append((len(steps) + 1, OUTCOME_STEP, n_in, 0, n_unknown))
    return steps
