"""Strata: every row that a rates table must have, whether or not anybody is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from trdanalysis.analysis.counts import UNKNOWN
from trdanalysis.analysis.estimands import ESTIMANDS, TRIAL_FACTORS, TRIAL_GROUP
from trdanalysis.contract import FACTORS, PATIENTS

#: Age from which a patient is an adult.
ADULT_FROM_YEARS = 18

LEVELS = ("present", "absent", UNKNOWN)
SEXES = (*PATIENTS.column("sex").words, UNKNOWN)


@dataclass(frozen=True)
class Band:
    """An age band: its label, its first age and its last (None: open), in whole years."""

    label: str
    lower_years: int
    upper_years: int | None

    @property
    def is_under_age(self) -> bool:
        """Whether it holds under-18s. Bands never straddle 18: the settings see to it."""
        return self.lower_years < ADULT_FROM_YEARS


#: Stratum, group, level, age band (empty: all ages).
Cell = tuple[str, str, str, str]


def derive_rows(
    definitions: Sequence[str],
    bands: Sequence[Band],
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
        (empty: all ages) and ``by_definition``, true where the factor is part of the population or
        of the event, so that no number is given.
    """
    cells = _list_cells(bands, sites, drops)
    of_trial = {TRIAL_GROUP, *TRIAL_FACTORS}
    rows = [
        (
            estimand.name,
            definition,
            estimand.analysis,
            *cell,
            cell[1] in of_trial and not estimand.has_trial_factors,
        )
        for estimand in ESTIMANDS
        for definition in definitions
        for cell in cells
    ]
    names = ["estimand", "definition", "analysis", "stratum", "group", "level", "age_band"]
    return pd.DataFrame(rows, columns=[*names, "by_definition"])


def _list_cells(bands: Sequence[Band], sites: Iterable[str], drops: Iterable[str]) -> list[Cell]:
    every_band = [*(band.label for band in bands), UNKNOWN]
    adult_bands = [*(band.label for band in bands if not band.is_under_age), UNKNOWN]
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
        *(("sex", "sex", sex, "") for sex in SEXES),
        *(("site", "site", site, "") for site in _in_order(sites)),
        *(("drop", "drop", drop, "") for drop in _in_order(drops)),
    ]


def _in_order(values: Iterable[str]) -> list[str]:
    return sorted(set(values), key=lambda value: (value == UNKNOWN, value.encode()))
