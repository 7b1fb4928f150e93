"""Unknowns: how many patients or trials each unknown criterion keeps from being counted."""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.attrition import OUTCOME_STEP
from trdanalysis.analysis.estimands import ESTIMANDS, LABEL_PARTS, Estimand
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.three_valued import all_of, is_unknown

#: Columns of unknowns.csv, in order.
UNKNOWN_COLUMNS = ("estimand", "definition", "criterion", "unit", "n_unknown", "n_only", "status")


def estimate_unknowns(
    criteria: ir.Table, trial_criteria: ir.Table, settings: RateSettings
) -> pd.DataFrame:
    """Count what each unknown criterion costs each estimand.

    Parameters
    ----------
    criteria, trial_criteria
        One row per definition and patient, and per definition and trial; see
        :mod:`trdanalysis.analysis.criteria`.
    settings
        Age bands and the order of definitions.

    Returns
    -------
    DataFrame
        One row per estimand, definition and criterion, the outcome last, with
        :data:`UNKNOWN_COLUMNS`; adults and patients of unknown age. Of the ``n_unknown`` of
        ``rates.csv`` (not certainly out; membership or outcome not known), ``n_unknown``: how many
        lack this criterion; ``n_only``: how many lack nothing else. After the outcome stand the
        criteria of the label that make it, counted among those whose outcome is unknown.
    """
    parts = [
        _count(table, unit, settings)
        for unit, table in (("patient", criteria), ("trial", trial_criteria))
    ]
    order = {estimand.name: place for place, estimand in enumerate(ESTIMANDS)}
    table = pd.concat(parts, ignore_index=True)
    places = table["estimand"].map(order)
    table = table.iloc[places.argsort(kind="stable")].reset_index(drop=True)
    for column in ("n_unknown", "n_only"):
        table[column] = table[column].astype("Int64")
    return table.assign(status="ok")[list(UNKNOWN_COLUMNS)]


def _count(criteria: ir.Table, unit: str, settings: RateSettings) -> pd.DataFrame:
    estimands = [one for one in ESTIMANDS if one.unit == unit]
    under_age = criteria.age_band.isin(list(settings.under_age_bands)).fill_null(False)
    adults = criteria.filter(~under_age)
    counts = {key: value for one in estimands for key, value in _counting(adults, one).items()}
    counted = (
        adults.group_by("definition").agg(**counts).to_pyarrow().to_pandas().set_index("definition")
    ).reindex(list(settings.definitions), fill_value=0)
    rows = [
        (
            one.name,
            definition,
            criterion,
            unit,
            counted.loc[definition, f"{one.name}:{criterion}:any"],
            counted.loc[definition, f"{one.name}:{criterion}:only"],
        )
        for one in estimands
        for definition in settings.definitions
        for criterion in _name_criteria(one)
    ]
    return pd.DataFrame(rows, columns=list(UNKNOWN_COLUMNS[:-1]))


def _name_criteria(estimand: Estimand) -> tuple[str, ...]:
    return (*estimand.criteria, OUTCOME_STEP, *_parts(estimand))


def _parts(estimand: Estimand) -> tuple[str, ...]:
    """Give the criteria of the label behind the event that are not those of membership."""
    parts = LABEL_PARTS if estimand.event in ("trd", "pseudo_resistance") else ()
    return tuple(name for name in parts if name not in estimand.criteria)


def _counting(adults: ir.Table, estimand: Estimand) -> dict[str, ir.IntegerScalar]:
    names = [*estimand.criteria, estimand.event]
    missing = [is_unknown(adults[name]) for name in names]
    left = all_of(adults, estimand.criteria).fill_null(True)
    counts = {}
    for place, criterion in enumerate((*estimand.criteria, OUTCOME_STEP)):
        others = _any(missing[:place] + missing[place + 1 :])
        counts[f"{estimand.name}:{criterion}:any"] = adults.count(where=left & missing[place])
        counts[f"{estimand.name}:{criterion}:only"] = adults.count(
            where=left & missing[place] & ~others
        )
    parts = _parts(estimand)
    unsure = {name: is_unknown(adults[name]) for name in parts}
    for name in parts:
        others = _any([*missing[:-1], *(unsure[other] for other in parts if other != name)])
        here = left & missing[-1] & unsure[name]
        counts[f"{estimand.name}:{name}:any"] = adults.count(where=here)
        counts[f"{estimand.name}:{name}:only"] = adults.count(where=here & ~others)
    return counts


def _any(values: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    found = values[0]
    for value in values[1:]:
        found = found | value
    return found
