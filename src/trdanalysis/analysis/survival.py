"""Cumulative incidence by time: one less Kaplan and Meier's estimate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.estimands import CURVE

#: Columns of curves.csv, in order.
CURVE_COLUMNS = (
    "estimand", "definition", "curve", "day", "n_at_risk", "events", "censored",
    "cumulative_incidence", "ci_low", "ci_high", "status",
)  # fmt: skip


def estimate_incidence(
    days: Any, has_event: Any, patients: Any = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Estimate the share with the event by each day on which one had it.

    Parameters
    ----------
    days
        How long each was followed, 0 or more.
    has_event
        Whether follow-up ended with the event; else it was censored that day.
    patients
        How many share a row; by default one each.

    Returns
    -------
    DataFrame
        One row per day with an event: ``day``, ``n_at_risk`` (still followed just before),
        ``events``, ``censored`` (from that day, after the event, until the next row's),
        ``cumulative_incidence``, ``ci_low``, ``ci_high`` (NaN where everybody has had the event).

    References
    ----------
    Kaplan EL, Meier P (1958) J Am Stat Assoc 53:457-481. Greenwood's variance; limits of the
    log-log transform: Kalbfleisch JD, Prentice RL (1980) The Statistical Analysis of Failure Time
    Data.
    """
    from scipy.stats import norm
    from statsmodels.duration.survfunc import SurvfuncRight

    days = np.asarray(days, dtype=float)
    events = np.asarray(has_event, dtype=bool)
    weights = np.ones(days.shape) if patients is None else np.asarray(patients, dtype=float)
    columns = ["day", "n_at_risk", "events", "censored", "cumulative_incidence", "ci_low",
               "ci_high"]  # fmt: skip
    if not (events & (weights > 0)).any():
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
    # The variance that the library gives with weights is of a survey; Greenwood's is wanted here.
    curve = SurvfuncRight(days, events.astype(int), freq_weights=weights)
    day, survival = np.asarray(curve.surv_times), np.asarray(curve.surv_prob)
    had, at_risk = np.asarray(curve.n_events), np.asarray(curve.n_risk)
    left = had < at_risk
    greenwood = np.cumsum(np.where(left, had / (at_risk * np.where(left, at_risk - had, 1)), 0))
    low, high = np.full(day.shape, np.nan), np.full(day.shape, np.nan)
    inside = left & (survival < 1)
    log_survival = np.log(survival[inside])
    half = norm.ppf((1 + confidence) / 2) * np.sqrt(greenwood[inside]) / np.abs(log_survival)
    low[inside] = 1 - survival[inside] ** np.exp(-half)
    high[inside] = 1 - survival[inside] ** np.exp(half)
    bounds = np.append(day[1:], np.inf)
    censored = [
        weights[~events & (days >= first) & (days < until)].sum()
        for first, until in zip(day, bounds, strict=True)
    ]
    return pd.DataFrame(
        {
            "day": day,
            "n_at_risk": at_risk,
            "events": had,
            "censored": censored,
            "cumulative_incidence": 1 - survival,
            "ci_low": low,
            "ci_high": high,
        }
    )


def estimate_curves(follow_up: pd.DataFrame, definition_id: str) -> pd.DataFrame:
    """Estimate the curves of one definition.

    Parameters
    ----------
    follow_up
        As :func:`trdanalysis.analysis.second_failures.count_follow_up` gives it.
    definition_id
        The definition.

    Returns
    -------
    DataFrame
        With :data:`CURVE_COLUMNS`. Each curve begins with a row of day 0 or before the first event:
        ``n_at_risk`` everybody, no event, incidence 0. ``censored`` counts who left between the
        row's day (included) and the next row's. A curve of nobody is one row ``not_estimable``.
    """
    parts = []
    for curve, rows in follow_up.groupby("curve", sort=True):
        table = estimate_incidence(rows["days"], rows["has_event"], rows["patients"])
        everybody = int(rows["patients"].sum())
        first = table["day"].iloc[0] if len(table) else np.inf
        early = rows.loc[~rows["has_event"] & (rows["days"] < first), "patients"].sum()
        start = {"day": 0, "n_at_risk": everybody, "events": 0, "censored": early,
                 "cumulative_incidence": 0.0}  # fmt: skip
        parts.append(pd.concat([pd.DataFrame([start]), table]).assign(curve=curve))
    if not parts:
        empty = {"curve": ["definite", "possible"], "n_at_risk": 0}
        parts.append(pd.DataFrame(empty).assign(status="not_estimable"))
    curves = pd.concat(parts, ignore_index=True)
    curves = curves.assign(estimand=CURVE, definition=definition_id)
    if "status" not in curves:
        curves["status"] = "ok"
    curves = curves.reindex(columns=list(CURVE_COLUMNS))
    for name in ("day", "n_at_risk", "events", "censored"):
        curves[name] = curves[name].astype("Int64")
    for name in ("cumulative_incidence", "ci_low", "ci_high"):
        curves[name] = curves[name].astype("float64")
    return curves
