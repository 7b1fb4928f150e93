"""Attrition: from records to accepted rows, and from patients to those a rate counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.estimands import CURVE, CURVE_CRITERIA, ESTIMANDS
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.three_valued import all_of, is_unknown
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
    criteria: ir.Table,
    trial_criteria: ir.Table,
    intake_summaries: Sequence[Mapping[str, Any]],
    settings: RateSettings,
) -> pd.DataFrame:
    """Estimate who is left after each step, from records to known outcomes.

    Parameters
    ----------
    criteria
        One row per definition and patient, see
        :func:`trdanalysis.analysis.criteria.derive_criteria`; several definitions are stacked.
    trial_criteria
        One row per definition and trial, see
        :func:`trdanalysis.analysis.criteria.derive_trial_criteria`.
    intake_summaries
        One per drop: ``drop_id`` and ``tables``, which maps a table's name to ``rows_in``,
        ``accepted``, ``duplicates`` and ``quarantined``.
    settings
        Age bands and the order of definitions.

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
    for unit, table in (("patient", criteria), ("trial", trial_criteria)):
        ways: dict[str, tuple[tuple[str, ...], str | None]] = {
            one.name: (one.criteria, one.event) for one in ESTIMANDS if one.unit == unit
        }
        if unit == "patient":
            ways[CURVE] = (CURVE_CRITERIA, None)
        rows += _list_steps(table, ways, unit, settings)
    table = pd.DataFrame(_in_order(rows, settings), columns=list(ATTRITION_COLUMNS[:-1]))
    for column in ("step_order", "n_in", "n_out", "n_unknown"):
        table[column] = table[column].astype("Int64")
    for column in ("definition", "estimand", "step", "unit"):
        table[column] = table[column].astype("str")
    return table.assign(status="ok")


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
        (None, "records", order, step, "row", n_in, n_out, None)
        for order, (step, n_in, n_out) in enumerate(steps, start=1)
    ]


_PARTS = ("n_in", "n_out", "n_unknown")

#: By estimand: its criteria in order, and its event (None: there is none to be known).
_Ways = Mapping[str, tuple[tuple[str, ...], str | None]]


def _in_order(rows: list[tuple[Any, ...]], settings: RateSettings) -> list[tuple[Any, ...]]:
    names = ["records", *(estimand.name for estimand in ESTIMANDS), CURVE]
    definitions = [None, *settings.definitions]
    return sorted(rows, key=lambda row: (definitions.index(row[0]), names.index(row[1])))


def _list_steps(
    criteria: ir.Table, ways: _Ways, unit: str, settings: RateSettings
) -> list[tuple[Any, ...]]:
    counts: dict[str, ir.IntegerScalar] = {}
    for name, (tests, event) in ways.items():
        counts |= _counting(criteria, name, tests, event, settings.under_age_bands)
    counted = (
        criteria.group_by("definition")
        .agg(**counts)
        .to_pyarrow()
        .to_pandas()
        .set_index("definition")
    )
    # A definition by which nobody is labelled keeps its steps, with nobody in them.
    counted = counted.reindex(list(settings.definitions), fill_value=0)
    return [
        (
            definition,
            name,
            order,
            step,
            unit,
            *(counted.loc[definition, f"{name}:{order}:{part}"] for part in _PARTS),
        )
        for definition in settings.definitions
        for name, (tests, event) in ways.items()
        for order, step in enumerate(_name_steps(tests, event), start=1)
    ]


def _name_steps(tests: Sequence[str], event: str | None) -> tuple[str, ...]:
    return (ADULT_STEP, *tests, *([OUTCOME_STEP] if event else []))


def _counting(
    criteria: ir.Table,
    estimand: str,
    names: Sequence[str],
    event: str | None,
    under_age_bands: Sequence[str],
) -> dict[str, ir.IntegerScalar]:
    """Give the three counts of every step of one estimand, to be had in one pass."""
    band = criteria.age_band
    adult = ibis.cases((band.isin(list(under_age_bands)), False), (band.notnull(), True))
    tests = [adult, *(criteria[name] for name in names)]
    counts = {}
    # Not certainly out so far; never null.
    left = criteria.definition.notnull()
    for order, test in enumerate(tests, start=1):
        still = left & test.fill_null(True)
        key = f"{estimand}:{order}"
        counts[f"{key}:n_in"] = criteria.count(where=left)
        counts[f"{key}:n_out"] = criteria.count(where=left & ~test)
        counts[f"{key}:n_unknown"] = criteria.count(where=left & is_unknown(test))
        left = still
    if event is None:
        return counts
    key = f"{estimand}:{len(tests) + 1}"
    unknown = is_unknown(all_of(criteria, names)) | is_unknown(criteria[event])
    counts[f"{key}:n_in"] = criteria.count(where=left)
    counts[f"{key}:n_out"] = criteria.count(where=left & ~left)
    counts[f"{key}:n_unknown"] = criteria.count(where=left & unknown)
    return counts
