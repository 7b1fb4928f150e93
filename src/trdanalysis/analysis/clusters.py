"""Proportions where a patient may come in with several trials: the ratio estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trdanalysis.analysis.intervals import (
    EQUIVALENCE_CONFIDENCE,
    Floats,
    divide,
    estimate_clopper_pearson,
)

METHOD, METHOD_AT_THE_ENDS = "cluster_logit_t", "clopper_pearson_patients"


@dataclass(frozen=True)
class ClusterSums:
    """Sums over patients, one element a rate.

    With m trials of a patient and e events among them: ``patients`` who have a trial, ``trials``
    (sum of m), ``events`` (of e), ``mm``, ``em``, ``ee`` (of the products), ``ee_per_m`` (of e e /
    m) and ``e_per_m`` (of e / m).
    """

    patients: Floats
    trials: Floats
    events: Floats
    mm: Floats
    em: Floats
    ee: Floats
    ee_per_m: Floats
    e_per_m: Floats


@dataclass(frozen=True)
class ClusterRate:
    """Rates of trials with what the clustering does to them, one element a rate.

    Attributes
    ----------
    rate, se
        Events per trial and its standard error; NaN without a trial, ``se`` also with one patient.
    ci_low, ci_high, ci90_low, ci90_high
        95% and 90% limits. NaN with fewer than two patients.
    method
        What made the limits; empty where there are none.
    n_trials, n_patients
        Of whom and how many.
    icc
        Intracluster correlation (analysis of variance); NaN where nobody has two trials.
    design_effect
        The variance over that of as many trials of as many patients.
    patient_weighted_rate
        The mean of the patients' own shares.
    """

    rate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    ci90_low: Floats
    ci90_high: Floats
    method: np.ndarray
    n_trials: Floats
    n_patients: Floats
    icc: Floats
    design_effect: Floats
    patient_weighted_rate: Floats


def add_up_clusters(
    trials: Any, events: Any, patients: Any, rates: Any = None, n_rates: int = 1
) -> ClusterSums:
    """Add patients up.

    Parameters
    ----------
    trials, events
        Of each patient, or of each history that several patients share.
    patients
        How many patients have it.
    rates
        To which of ``n_rates`` rates the row belongs; None: all to one.
    n_rates
        How many rates there are.
    """
    m, e, w = (np.asarray(part, dtype=float) for part in (trials, events, patients))
    at = np.zeros(m.shape, dtype=np.int64) if rates is None else np.asarray(rates, dtype=np.int64)
    some = m > 0
    m, e, w, at = m[some], e[some], w[some], at[some]

    def add(values: Floats) -> Floats:
        added: Floats = np.bincount(at, weights=w * values, minlength=n_rates).astype(float)
        return added

    return ClusterSums(
        patients=add(np.ones(m.shape)), trials=add(m), events=add(e),
        mm=add(m * m), em=add(e * m), ee=add(e * e), ee_per_m=add(e * e / m), e_per_m=add(e / m),
    )  # fmt: skip


def estimate_clusters(sums: ClusterSums, confidence: float = 0.95) -> ClusterRate:
    """Estimate rates of trials from sums over patients.

    Notes
    -----
    The rate is the ratio of sums, its variance that of the linearised ratio between patients with
    the factor G / (G - 1); limits on the logit by the delta method and t with G - 1 degrees of
    freedom. Where all patients have the same share, as at a rate of 0 or 1, the variance between
    them is 0 and says nothing: the limits are then Clopper and Pearson's of as many patients.

    References
    ----------
    Cochran WG (1977) Sampling Techniques, 3rd ed., section 6.3 (ratio estimator).
    Ridout MS, Demetrio CGB, Firth D (1999) Biometrics 55:137-148 (correlation).
    """
    g, total, rate = sums.patients, sums.trials, divide(sums.events, sums.trials)
    spread = sums.ee - 2 * rate * sums.em + rate**2 * sums.mm
    # Sums of whole numbers: what rounding leaves of an exact 0 is far below the smallest real one.
    spread = np.where(spread < 1e-9 * np.maximum(sums.mm, 1), 0, spread)
    variance = np.where(g > 1, divide(g, g - 1) * divide(spread, total**2), np.nan)
    low, high = _limits(rate, variance, g, confidence)
    low90, high90 = _limits(rate, variance, g, EQUIVALENCE_CONFIDENCE)
    between = divide(sums.ee_per_m - total * rate**2, g - 1)
    within = divide(sums.events - sums.ee_per_m, total - g)
    size = divide(total - divide(sums.mm, total), g - 1)
    inside = (rate > 0) & (rate < 1)
    varies = inside & (variance > 0)
    return ClusterRate(
        rate=rate, se=np.sqrt(variance), ci_low=low, ci_high=high, ci90_low=low90, ci90_high=high90,
        method=np.select([g < 2, varies], ["", METHOD], default=METHOD_AT_THE_ENDS),
        n_trials=total, n_patients=g,
        icc=divide(between - within, between + (size - 1) * within),
        design_effect=divide(variance, np.where(inside, divide(rate * (1 - rate), total), 0)),
        patient_weighted_rate=divide(sums.e_per_m, g),
    )  # fmt: skip


def estimate_cluster_rate(
    trials: Any, events: Any, patients: Any = None, confidence: float = 0.95
) -> ClusterRate:
    """Estimate one rate of trials from patients; see :func:`estimate_clusters`."""
    weights = np.ones(np.shape(trials)) if patients is None else patients
    return estimate_clusters(add_up_clusters(trials, events, weights), confidence)


def estimate_cluster_p_value(rates: ClusterRate, reference: float) -> Floats:
    """Estimate two-sided p-values against ``reference``, made as the limits are.

    So the 95% interval leaves the reference out exactly where p < 0.05. Where all patients have the
    same share it is twice the smaller tail of the binomial of as many patients. NaN with fewer than
    two patients.
    """
    from scipy.special import betainc
    from scipy.stats import t

    rate, g = rates.rate, rates.n_patients
    p_value = np.full(rate.shape, np.nan)
    varies = (g > 1) & (rates.se > 0)
    p = rate[varies]
    logit_se = rates.se[varies] / (p * (1 - p))
    distance = np.abs(np.log(p / (1 - p)) - np.log(reference / (1 - reference)))
    p_value[varies] = 2 * t.sf(distance / logit_se, g[varies] - 1)
    same = (g > 1) & ~varies
    events, patients = rate[same] * g[same], g[same]
    below = np.ones(events.shape)
    above = np.ones(events.shape)
    few, some = events < patients, events > 0
    below[few] = betainc(patients[few] - events[few], events[few] + 1, 1 - reference)
    above[some] = betainc(events[some], patients[some] - events[some] + 1, reference)
    p_value[same] = np.minimum(2 * np.minimum(below, above), 1)
    return p_value


def _limits(rate: Floats, variance: Floats, g: Floats, confidence: float) -> tuple[Floats, Floats]:
    from scipy.stats import t

    low, high = np.full(rate.shape, np.nan), np.full(rate.shape, np.nan)
    varies = (g > 1) & (variance > 0)
    p = rate[varies]
    logit = np.log(p / (1 - p))
    half = t.ppf((1 + confidence) / 2, g[varies] - 1) * np.sqrt(variance[varies]) / (p * (1 - p))
    low[varies] = 1 / (1 + np.exp(-(logit - half)))
    high[varies] = 1 / (1 + np.exp(-(logit + half)))
    same = (g > 1) & ~varies
    low[same], high[same] = estimate_clopper_pearson(rate[same] * g[same], g[same], confidence)
    return low, high
