"""Attrition: from records to accepted rows, and from patients to those a rate counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.estimands import ESTIMANDS, Estimand, is_unknown
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
    criteria: ir.Table,
    intake_summaries: Sequence[Mapping[str, Any]],
    settings: RateSettings,
) -> pd.DataFrame:
    """Estimate who is left after each step, from records to known outcomes.

    Parameters
    ----------
    criteria
        One row per definition and patient, see
        :func:`trdanalysis.analysis.estimands.derive_criteria`; several definitions are stacked.
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
        definition and estimand one row a step, in patients: ``not_under_18``, each criterion of
        membership, ``outcome_known``.

        ``n_in``: not certainly out before the step. ``n_out``: certainly out at this step.
        ``n_unknown``: among those who go on, this criterion is not known (empty for rows). So
        ``n_in - n_out`` is the next step's ``n_in``. Nobody is certainly out for want of an
        outcome: at ``outcome_known`` ``n_unknown`` counts whose membership or outcome is unknown,
        and ``n_in - n_unknown`` are those certainly in with a known outcome.
    """
    rows = [*_list_record_steps(intake_summaries), *_list_patient_steps(criteria, settings)]
    table = pd.DataFrame(rows, columns=list(ATTRITION_COLUMNS[:-1]))
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


def _list_patient_steps(criteria: ir.Table, settings: RateSettings) -> list[tuple[Any, ...]]:
    counts = {
        name: count
        for estimand in ESTIMANDS
        for name, count in _counting(criteria, estimand, settings.under_age_bands).items()
    }
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
            estimand.name,
            order,
            step,
            "patient",
            *(counted.loc[definition, f"{estimand.name}:{order}:{part}"] for part in _PARTS),
        )
        for definition in settings.definitions
        for estimand in ESTIMANDS
        for order, step in enumerate(_list_steps(estimand), start=1)
    ]


_PARTS = ("n_in", "n_out", "n_unknown")


def _list_steps(estimand: Estimand) -> tuple[str, ...]:
    return (ADULT_STEP, *estimand.criteria, OUTCOME_STEP)


def _counting(
    criteria: ir.Table, estimand: Estimand, under_age_bands: Sequence[str]
) -> dict[str, ir.IntegerScalar]:
    """Give the three counts of every step of one estimand, to be had in one pass."""
    band = criteria.age_band
    adult = ibis.cases((band.isin(list(under_age_bands)), False), (band.notnull(), True))
    tests = [adult, *(criteria[name] for name in estimand.criteria)]
    counts = {}
    # Not certainly out so far; never null.
    left = criteria.definition.notnull()
    for order, test in enumerate(tests, start=1):
        still = left & test.fill_null(True)
        key = f"{estimand.name}:{order}"
        counts[f"{key}:n_in"] = criteria.count(where=left)
        counts[f"{key}:n_out"] = criteria.count(where=left & ~test)
        counts[f"{key}:n_unknown"] = criteria.count(where=left & is_unknown(test))
        left = still
    member = criteria[estimand.criteria[0]]
    for name in estimand.criteria[1:]:
        member = member & criteria[name]
    key = f"{estimand.name}:{len(tests) + 1}"
    unknown = is_unknown(member) | is_unknown(criteria[estimand.event])
    counts[f"{key}:n_in"] = criteria.count(where=left)
    counts[f"{key}:n_out"] = criteria.count(where=left & ~left)
    counts[f"{key}:n_unknown"] = criteria.count(where=left & unknown)
    return counts
