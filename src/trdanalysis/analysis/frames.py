"""Frames: patients of the primary definition, grouped by what models look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
)
from trdanalysis.intake.scales import Scale, derive_of_scale
from trdanalysis.labelling.failures import Keeper

#: More antidepressant trials than this are counted as so many.
MOST_TRIALS = 3

#: More patients than this stay in the engine, where each model groups them by what it looks at.
MOST_PATIENTS = 100_000

#: Whether the baseline score is in the upper half, among what members are grouped by.
SEVERE = "severe"
_PART = "part"

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
        are 1, 0, NaN; NaN or None is unknown everywhere. Of large cohorts it is a table of the
        engine with one row per patient.
    """

    rows: pd.DataFrame | ir.Table

    def of(
        self, estimand: Estimand, columns: Sequence[str], severe_from: float | None = None
    ) -> pd.DataFrame:
        """Group an estimand's certain members by some columns and by ``event`` (1, 0, NaN).

        Parameters
        ----------
        estimand
            One of patients.
        columns
            Of :attr:`rows`; as few as will do, so that there are few rows.
        severe_from
            Where given, group also by ``severe``: a ``baseline_severity`` of at least this.

        Returns
        -------
        DataFrame
            The columns, ``severe``, ``event`` and ``patients``, in the order of their values.
        """
        part = self.rows[STATE] // 5 ** PATIENT_ESTIMANDS.index(estimand) % 5
        chosen = self._with(_PART, part)
        chosen = _filter(chosen, chosen[_PART] >= OUTCOME_UNKNOWN)
        by = list(dict.fromkeys(columns))
        if severe_from is not None:
            by.append(SEVERE)
            chosen = _add_severe(chosen, severe_from)
        grouped = _add_up(chosen, [*by, _PART])
        found = grouped.pop(_PART).to_numpy()
        event = np.select([found == EVENT, found == NO_EVENT], [1.0, 0.0], default=np.nan)
        return grouped.assign(event=event)

    def of_trials(self, columns: Sequence[str]) -> pd.DataFrame:
        """Group patients with adequate trials by some columns, ``trials_known`` and
        ``trials_events``; see :meth:`of`.
        """
        chosen = _filter(self.rows, self.rows["trials_known"] > 0)
        return _add_up(chosen, [*dict.fromkeys(columns), *TRIAL_COLUMNS[:2]])

    def _with(self, name: str, values: Any) -> Any:
        if isinstance(self.rows, pd.DataFrame):
            return self.rows.assign(**{name: values})
        return self.rows.mutate(**{name: values})


def _filter(rows: Any, which: Any) -> Any:
    return rows[which] if isinstance(rows, pd.DataFrame) else rows.filter(which)


def _add_severe(rows: Any, severe_from: float) -> Any:
    """Add whether the baseline score was at least so large a share of its scale's range."""
    severity = rows["baseline_severity"]
    if isinstance(rows, pd.DataFrame):
        severe = np.where(severity.isna(), np.nan, (severity >= severe_from).astype(float))
        return rows.assign(**{SEVERE: severe})
    return rows.mutate(**{SEVERE: (severity >= severe_from).cast("float64")})


def _add_up(rows: Any, by: list[str]) -> pd.DataFrame:
    """Add up patients by columns; unknown is a value of its own, and the last."""
    if isinstance(rows, pd.DataFrame):
        added: pd.DataFrame = rows.groupby(by, dropna=False, sort=True)[["patients"]].sum()
        return added.reset_index()
    table = rows.group_by(by).agg(patients=rows.patients.sum()).order_by(by)
    return _as_numbers(table.to_pyarrow().to_pandas())


def _as_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Give yes-or-no columns and numbers of patients as floating numbers, NaN where unknown."""
    for name in rows.columns:
        if rows[name].dtype == object or pd.api.types.is_bool_dtype(rows[name].dtype):
            rows[name] = (
                rows[name].astype("boolean").astype("Float64").to_numpy(float, na_value=np.nan)
            )
    for name in ("age_years", "baseline_severity"):
        if name in rows:
            rows[name] = rows[name].astype("float64")
    return rows


def collect_frame(
    criteria: ir.Table,
    scales: Sequence[Scale],
    under_age_bands: Sequence[str],
    factors: Sequence[str] = (),
    engine: Keeper | None = None,
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
    engine
        Keeps the patients where they are many.
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
    if engine is not None and int(adults.count().to_pyarrow().as_py()) > MOST_PATIENTS:
        # Nearly every patient has a pattern of their own: grouping them would group nobody.
        return Frame(engine.keep(table.select(*by, patients=ibis.literal(1, "int64"))))
    grouped = table.group_by(by).agg(patients=table.count())
    return Frame(_as_numbers(grouped.order_by(by).to_pyarrow().to_pandas()))


def share_of_range(table: ir.Table, scales: Sequence[Scale]) -> ir.FloatingValue:
    """Give the baseline score as a share of its scale's range; null where either is unknown.

    Percent of the maximum possible score: Cohen P, Cohen J, Aiken LS, West SG (1999) Multivariate
    Behav Res 34:315-346.
    """
    lowest = derive_of_scale(table.scale, tuple(scales), "minimum")
    highest = derive_of_scale(table.scale, tuple(scales), "maximum")
    return (table.baseline_score - lowest) / (highest - lowest)
