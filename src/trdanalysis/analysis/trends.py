"""Trend over ordered groups, and departure from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Trend:
    """A trend in proportions.

    Attributes
    ----------
    slope, ci_low, ci_high
        Change of the risk per step of the score, by weighted least squares with the pooled
        variance; a fraction.
    chi2, p_value
        Cochran and Armitage's test, one degree of freedom.
    departure_chi2, departure_df, departure_p
        What Pearson's chi-squared over all groups leaves beside the trend.
    """

    slope: float
    ci_low: float
    ci_high: float
    chi2: float
    p_value: float
    departure_chi2: float
    departure_df: int
    departure_p: float


def estimate_trend(events: Any, n: Any, scores: Any, confidence: float = 0.95) -> Trend | None:
    """Estimate the trend of a proportion over scored groups.

    Parameters
    ----------
    events, n
        Of each group; groups with nobody in them say nothing and are passed over.
    scores
        Of each group.

    Returns
    -------
    Trend or None
        None where fewer than two groups have anybody, or nobody or everybody has the event. With
        two groups there is no departure: its numbers are NaN, its degrees of freedom 0.

    References
    ----------
    Armitage P (1955) Biometrics 11:375-386. The variance divides by N, not N - 1.
    """
    from scipy.stats import chi2, norm

    e, m, x = (np.asarray(part, dtype=float) for part in (events, n, scores))
    e, m, x = e[m > 0], m[m > 0], x[m > 0]
    total, had = m.sum(), e.sum()
    if len(m) < 2 or had == 0 or had == total:
        return None
    p = had / total
    centre = (m * x).sum() / total
    spread = (m * (x - centre) ** 2).sum()
    slope = (e * (x - centre)).sum() / spread
    error = np.sqrt(p * (1 - p) / spread)
    statistic = (slope / error) ** 2
    overall = (m * (e / m - p) ** 2).sum() / (p * (1 - p))
    left, free = max(overall - statistic, 0.0), len(m) - 2
    half = norm.ppf((1 + confidence) / 2) * error
    return Trend(
        slope=float(slope),
        ci_low=float(slope - half),
        ci_high=float(slope + half),
        chi2=float(statistic),
        p_value=float(chi2.sf(statistic, 1)),
        departure_chi2=float(left) if free else float("nan"),
        departure_df=free,
        departure_p=float(chi2.sf(left, free)) if free else float("nan"),
    )
