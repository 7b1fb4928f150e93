"""Apparent against proven resistance: what dose, duration and adherence take away."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.estimands import find_estimand
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.three_valued import all_of

#: Columns of resistance.csv, in order.
RESISTANCE_COLUMNS = ("definition", "apparent_resistance", "label", "n", "status")

_APPARENT = ("yes", "no", "unknown")
_LABELS = ("trd", "not_trd", "indeterminate")


def estimate_resistance(criteria: ir.Table, settings: RateSettings) -> pd.DataFrame:
    """Count labels by apparent resistance, among the certain members of `trd`.

    Parameters
    ----------
    criteria
        One row per definition and patient, see
        :func:`trdanalysis.analysis.criteria.derive_criteria`.
    settings
        Age bands and the order of definitions.

    Returns
    -------
    DataFrame
        One row per definition, apparent resistance (two failures if dose, duration and adherence
        are not looked at: yes, no, unknown) and label, also where nobody is in it, with
        :data:`RESISTANCE_COLUMNS`; adults and patients of unknown age.
    """
    under_age = criteria.age_band.isin(list(settings.under_age_bands)).fill_null(False)
    member = all_of(criteria, find_estimand("trd").criteria).fill_null(False)
    members = criteria.filter(member & ~under_age)
    counted = (
        members.mutate(
            apparent_resistance=_word(members.apparent_resistance, _APPARENT),
            label=_word(members.trd, _LABELS),
        )
        .group_by(["definition", "apparent_resistance", "label"])
        .agg(n=ibis._.count())
        .to_pyarrow()
        .to_pandas()
    )
    every = pd.MultiIndex.from_product(
        [settings.definitions, _APPARENT, _LABELS], names=list(RESISTANCE_COLUMNS[:3])
    )
    table = counted.set_index(list(RESISTANCE_COLUMNS[:3])).reindex(every, fill_value=0)
    table["n"] = table["n"].astype("Int64")
    return table.reset_index().assign(status="ok")[list(RESISTANCE_COLUMNS)]


def _word(value: ir.BooleanValue, words: Sequence[str]) -> ir.StringValue:
    yes, no, unknown = words
    return ibis.cases((value, yes), (~value, no), else_=unknown)
