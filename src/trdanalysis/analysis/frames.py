"""Frames: patients of the primary definition, grouped by what models look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.analysis.estimands import (
    GROUPS,
    LABEL_PARTS,
    PATIENT_ESTIMANDS,
    RECORDED_FACTORS,
    Estimand,
)
from trdanalysis.analysis.states import (
    EVENT,
    NO_EVENT,
    OUTCOME_UNKNOWN,
    STATE,
    TRIAL_COLUMNS,
    pack,
    unpack_part,
)
from trdanalysis.intake.scales import Scale, derive_of_scale

#: More antidepressant trials than this are counted as so many.
MOST_TRIALS = 3

_BY = (
    "age_years", "age_band", "sex", "site", "drop_id", "recurrent", "baseline_severity",
    "antidepressant_trials", *GROUPS, *LABEL_PARTS,
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """Adults and patients of unknown age, by one definition.

    Attributes
    ----------
    rows
        One row per distinct pattern, in an order that depends on the patterns alone: ``age_years``,
        ``age_band``, ``sex``, ``site``, ``drop_id``, ``recurrent`` (an episode after the first),
        ``baseline_severity`` (of the first trial's baseline score, as a share of its scale's
        range), ``antidepressant_trials`` (3: three or more), the factor groups and any other factor
        asked for, the parts of the label, ``state``, what
        :data:`trdanalysis.analysis.states.TRIAL_COLUMNS` names, and ``patients``. Yes-or-no columns
        are 1, 0, NaN; NaN or None is unknown everywhere.
    """

    rows: pd.DataFrame

    def of(self, estimand: Estimand) -> pd.DataFrame:
        """Give an estimand's certain members, with ``event`` (1, 0, NaN)."""
        part = unpack_part(
            self.rows[STATE].to_numpy(dtype=np.int64), PATIENT_ESTIMANDS.index(estimand)
        )
        event = np.select([part == EVENT, part == NO_EVENT], [1.0, 0.0], default=np.nan)
        return self.rows.assign(event=event)[part >= OUTCOME_UNKNOWN]


def collect_frame(
    criteria: ir.Table,
    scales: Sequence[Scale],
    under_age_bands: Sequence[str],
    factors: Sequence[str] = (),
) -> Frame:
    """Group the patients of one definition.

    Parameters
    ----------
    criteria
        As :func:`trdanalysis.analysis.criteria.derive_criteria` gives it, of one definition.
    scales
        Symptom scales, for what their ranges are.
    under_age_bands
        Left out.
    factors
        Single factors that models adjust for.
    """
    under_age = criteria.age_band.isin(list(under_age_bands)).fill_null(False)
    adults = criteria.filter(~under_age)
    extra = [name for name in factors if name in RECORDED_FACTORS]
    table = adults.mutate(**pack(adults))
    table = table.mutate(
        recurrent=table.episode > 1,
        baseline_severity=share_of_range(table, scales),
        antidepressant_trials=ibis.least(table.antidepressant_trials, MOST_TRIALS),
    )
    by = [*_BY, *extra, STATE, *TRIAL_COLUMNS]
    rows: pd.DataFrame = (
        table.group_by(by).agg(patients=table.count()).order_by(by).to_pyarrow().to_pandas()
    )
    for name in ("recurrent", *GROUPS, *LABEL_PARTS, *extra):
        rows[name] = rows[name].astype("boolean").astype("Float64").to_numpy(float, na_value=np.nan)
    for name in ("age_years", "baseline_severity"):
        rows[name] = rows[name].astype("float64")
    return Frame(rows)


def share_of_range(table: ir.Table, scales: Sequence[Scale]) -> ir.FloatingValue:
    """Give the baseline score as a share of its scale's range; null where either is unknown.

    Percent of the maximum possible score: Cohen P, Cohen J, Aiken LS, West SG (1999) Multivariate
    Behav Res 34:315-346.
    """
    lowest = derive_of_scale(table.scale, tuple(scales), "minimum")
    highest = derive_of_scale(table.scale, tuple(scales), "maximum")
    return (table.baseline_score - lowest) / (highest - lowest)
