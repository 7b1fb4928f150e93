"""Strata: every row that a rates table must have, whether or not anybody is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from trdanalysis.ages import AgeBand
from trdanalysis.analysis.counts import is_of_trial
from trdanalysis.analysis.estimands import ESTIMANDS
from trdanalysis.analysis.states import UNKNOWN, name_combinations
from trdanalysis.contract import FACTORS, PATIENTS

LEVELS = ("present", "absent", UNKNOWN)
SEXES = (*PATIENTS.column("sex").words, UNKNOWN)


#: Stratum, group, level, age band (empty: all ages).
Cell = tuple[str, str, str, str]


def derive_rows(
    definitions: Sequence[str],
    bands: Sequence[AgeBand],
    sites: Iterable[str],
    drops: Iterable[str],
) -> pd.DataFrame:
    """Derive the key of every row of the rates table, in its order.

    Parameters
    ----------
    definitions, bands
        In the order in which they are to be printed.
    sites, drops
        Those that occur, in any order; they are printed in byte order, ``unknown`` last.

    Returns
    -------
    DataFrame
        One row per estimand, definition, stratum, group, level and age band, in this order:
        ``estimand``, ``definition``, ``analysis``, ``stratum``, ``group``, ``level``, ``age_band``
        (empty: all ages), ``unit`` and ``by_definition``, true where the factor is part of the
        population or of the event, so that no number is given.
    """
    cells = _list_cells(bands, sites, drops)
    rows = [
        (estimand.name, definition, estimand.analysis, *cell, estimand.unit)
        for estimand in ESTIMANDS
        for definition in definitions
        for cell in cells
    ]
    names = ["estimand", "definition", "analysis", "stratum", "group", "level", "age_band", "unit"]
    table = pd.DataFrame(rows, columns=names)
    tabulating = [estimand.name for estimand in ESTIMANDS if estimand.has_trial_factors]
    by_definition = is_of_trial(table) & ~table["estimand"].isin(tabulating)
    return table.assign(by_definition=by_definition)


def _list_cells(bands: Sequence[AgeBand], sites: Iterable[str], drops: Iterable[str]) -> list[Cell]:
    every_band = [*(band.label for band in bands), UNKNOWN]
    adult_bands = [*(band.label for band in bands if band.is_adult), UNKNOWN]
    return [
        ("overall", "overall", "all", ""),
        *(("age_band", "age_band", band, band) for band in every_band),
        *(("factor_group", group, level, "") for group in FACTORS for level in LEVELS),
        *(
            ("factor", factor, level, "")
            for factors in FACTORS.values()
            for factor in factors
            for level in LEVELS
        ),
        *(
            ("factor_group_by_age_band", group, level, band)
            for group in FACTORS
            for level in LEVELS
            for band in adult_bands
        ),
        *(("factor_combination", "factor_combination", level, "") for level in list_combinations()),
        *(("sex", "sex", sex, "") for sex in SEXES),
        *(("site", "site", site, "") for site in _in_order(sites)),
        *(("drop", "drop", drop, "") for drop in _in_order(drops)),
    ]


def list_combinations() -> list[str]:
    """List the sixteen exclusive combinations of factor groups, fewest first, then the rest."""
    groups = list(FACTORS)
    order = {name: place for place, name in enumerate(groups)}

    def place(name: str) -> tuple[bool, int, list[int]]:
        parts = [] if name in ("none", UNKNOWN) else name.split("+")
        return name == UNKNOWN, len(parts), [order[part] for part in parts]

    return sorted(set(name_combinations()), key=place)


def _in_order(values: Iterable[str]) -> list[str]:
    return sorted(set(values), key=lambda value: (value == UNKNOWN, value.encode()))
