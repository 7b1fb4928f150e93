"""Patterns: how many patients, or trials, have each combination of criteria.

Of three-valued criteria a few thousand combinations occur, however many patients there are; once
they are counted, everything about what is unknown is arithmetic on a small table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from trdanalysis.analysis.estimands import CURVE_CRITERIA, ESTIMANDS, LABEL_PARTS

Levels = npt.NDArray[np.int64]

#: Levels of a criterion, so that Kleene's AND is the smallest.
NO, UNKNOWN, YES = range(3)

_ADULT = "adult"


@dataclass(frozen=True)
class Patterns:
    """Counted patterns.

    Attributes
    ----------
    definition
        Of each pattern.
    adult
        Whether they are adults: ``NO`` where known to be under 18.
    levels
        By criterion, the level of each pattern.
    count
        How many have it.
    """

    definition: npt.NDArray[np.object_]
    adult: Levels
    levels: dict[str, Levels]
    count: Levels

    def all_of(self, names: Sequence[str]) -> Levels:
        """Give Kleene's AND of criteria."""
        return np.min([self.levels[name] for name in names], axis=0)

    def add_up(self, chosen: np.ndarray, definition: str) -> int:
        """Count those of one definition who are chosen."""
        return int(self.count[chosen & (self.definition == definition)].sum())


def count_patterns(
    criteria: ir.Table, names: Sequence[str], under_age_bands: Collection[str]
) -> Patterns:
    """Count the patterns of a table of criteria.

    Parameters
    ----------
    criteria
        ``definition``, ``age_band`` and the nullable booleans ``names``.
    names
        39 at most.
    under_age_bands
        Age bands of under-18s.
    """
    band = criteria.age_band
    is_adult = ibis.cases((band.isin(list(under_age_bands)), False), (band.notnull(), True))
    pattern: ir.IntegerValue = ibis.literal(0, type="int64")
    for place, value in enumerate((is_adult, *(criteria[name] for name in names))):
        level = ibis.cases((value, YES), (~value, NO), else_=UNKNOWN).cast("int64")
        pattern = pattern + level * 3**place
    packed = criteria.select("definition", pattern=pattern)
    counted: pd.DataFrame = (
        packed.group_by(["definition", "pattern"])
        .agg(units=packed.count())
        .order_by(["definition", "pattern"])
        .to_pyarrow()
        .to_pandas()
    )
    values = counted["pattern"].to_numpy(dtype=np.int64)
    levels = {name: values // 3**place % 3 for place, name in enumerate((_ADULT, *names))}
    return Patterns(
        counted["definition"].to_numpy(dtype=object),
        levels.pop(_ADULT),
        levels,
        counted["units"].to_numpy(dtype=np.int64),
    )


def count_criteria(
    criteria: ir.Table, trial_criteria: ir.Table, under_age_bands: Collection[str]
) -> dict[str, Patterns]:
    """Count the patterns of everything that any estimand asks, by its unit.

    Parameters
    ----------
    criteria, trial_criteria
        One row per definition and patient, and per definition and trial; see
        :mod:`trdanalysis.analysis.criteria`.
    under_age_bands
        Age bands of under-18s.
    """
    asked: dict[str, set[str]] = {"patient": {*CURVE_CRITERIA, *LABEL_PARTS}, "trial": set()}
    for estimand in ESTIMANDS:
        asked[estimand.unit] |= {*estimand.criteria, estimand.event}
    return {
        unit: count_patterns(table, sorted(asked[unit]), under_age_bands)
        for unit, table in (("patient", criteria), ("trial", trial_criteria))
    }
