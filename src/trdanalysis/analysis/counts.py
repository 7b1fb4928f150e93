"""Counts: members, known outcomes and events by stratum, from units to a small table.

This is the last step that sees rows of patients: two grouped queries, whatever the size.
"""

from __future__ import annotations

from collections.abc import Collection

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.estimands import TRIAL_FACTORS, TRIAL_GROUP, is_unknown
from trdanalysis.contract import FACTORS

#: Level of a patient whose value is not known.
UNKNOWN = "unknown"

KEYS = ["definition", "estimand", "stratum", "group", "level", "age_band"]
COUNTS = ["certain", "known", "events", "unknown"]
_OF = ["definition", "estimand"]


def estimate_counts(units: ir.Table, under_age_bands: Collection[str]) -> pd.DataFrame:
    """Count the patients of every estimand in every stratum.

    Parameters
    ----------
    units
        As :func:`trdanalysis.analysis.estimands.derive_units` gives them, of any number of
        definitions.
    under_age_bands
        Age bands of under-18s: they are counted in the stratum ``age_band`` only.

    Returns
    -------
    DataFrame
        One row per definition, estimand and occupied level of each stratum (sites and drops also
        where they hold no member). Key :data:`KEYS`; ``age_band`` is empty where the row is of all
        ages. ``certain``: certainly members. ``known``: those with a known event. ``events``: those
        with the event. ``unknown``: not certainly out, and membership or event unknown.
    """
    by_place = _count_places(units)
    by_factor = _count_factors(units)
    adults = by_place[~by_place["age_band"].isin(list(under_age_bands))]
    adults_by_factor = by_factor[~by_factor["age_band"].isin(list(under_age_bands))]
    is_group = adults_by_factor["group"].isin(list(FACTORS))
    parts = [
        _add_up(adults.assign(group="overall", level="all"), "overall"),
        _add_up(by_place.assign(group="age_band", level=by_place["age_band"]), "age_band", True),
        *(
            _add_up(adults.assign(group=name, level=adults[column]), name)
            for name, column in (("sex", "sex"), ("site", "site"), ("drop", "drop_id"))
        ),
        _add_up(adults_by_factor[is_group], "factor_group"),
        _add_up(adults_by_factor[is_group], "factor_group_by_age_band", True),
        _add_up(adults_by_factor[~is_group], "factor"),
    ]
    return pd.concat(parts, ignore_index=True)


def _counting(units: ir.Table) -> dict[str, ir.IntegerScalar]:
    """Give the four counts; a null condition counts nobody."""
    known = ~is_unknown(units.event)
    not_out = units.member.fill_null(True)
    return {
        "certain": units.count(where=units.member),
        "known": units.count(where=units.member & known),
        "events": units.count(where=units.member & units.event),
        "unknown": units.count(
            where=not_out & (is_unknown(units.member) | is_unknown(units.event))
        ),
    }


def _count_places(units: ir.Table) -> pd.DataFrame:
    keys = ["age_band", "sex", "site", "drop_id"]
    units = units.mutate(**{key: units[key].fill_null(UNKNOWN) for key in keys})
    counted: pd.DataFrame = (
        units.group_by([*_OF, *keys]).agg(**_counting(units)).to_pyarrow().to_pandas()
    )
    return counted


def _count_factors(units: ir.Table) -> pd.DataFrame:
    """Count by level of each factor and factor group, and age band: one query over all of them."""
    units = units.filter(units.member.fill_null(True))
    units = units.mutate(age_band=units.age_band.fill_null(UNKNOWN))
    names = [name for group, factors in FACTORS.items() for name in (group, *factors)]
    counted: pd.DataFrame = (
        ibis.union(*(_count_one_factor(units, name) for name in names), distinct=False)
        .to_pyarrow()
        .to_pandas()
    )
    return counted


def _count_one_factor(units: ir.Table, name: str) -> ir.Table:
    if name in (TRIAL_GROUP, *TRIAL_FACTORS):
        units = units.filter(units.estimand == "initial_trial")
    level = ibis.cases((units[name], "present"), (~units[name], "absent"), else_=UNKNOWN)
    levelled = units.mutate(group=ibis.literal(name), level=level)
    return levelled.group_by([*_OF, "age_band", "group", "level"]).agg(**_counting(levelled))


def _add_up(counted: pd.DataFrame, stratum: str, by_age_band: bool = False) -> pd.DataFrame:
    """Add the counts up over everything but definition, estimand, group, level and, if so, age."""
    rows = counted.assign(stratum=stratum)
    if not by_age_band:
        rows = rows.assign(age_band="")
    return rows.groupby(KEYS, as_index=False, sort=True)[COUNTS].sum()
