"""Two groups of patients or of trials: differences, ratios, tests, and adjustment for several."""

from __future__ import annotations

from typing import Any

import numpy as np

from trdanalysis.analysis.clusters import ClusterRate
from trdanalysis.analysis.intervals import (
    Floats,
    divide,
    estimate_newcombe_difference,
    estimate_wilson,
)

#: Under this expected count in any cell the exact test takes the score test's place.
EXACT_UNDER = 5

CHI_SQUARED, FISHER = "chi_squared", "fisher"


def estimate_risk_difference(
    events: Any, n: Any, other_events: Any, other_n: Any, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Estimate differences of two independent proportions, with Newcombe's hybrid score limits.

    Returns
    -------
    tuple of arrays
        The difference, its lower and its upper limit; NaN where a group is empty.
    """
    limits = estimate_wilson(events, n, confidence)
    others = estimate_wilson(other_events, other_n, confidence)
    return estimate_newcombe_difference(
        divide(events, n), *limits, divide(other_events, other_n), *others
    )


def estimate_risk_ratio(
    events: Any, n: Any, other_events: Any, other_n: Any, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Estimate ratios of two independent proportions, limits on the log scale by the delta method.

    NaN where either group has no event: the ratio or its limits are not defined.

    References
    ----------
    Katz D, Baptista J, Azen SP, Pike MC (1978) Biometrics 34:469-474.
    """
    from scipy.stats import norm

    a, n1, b, n2 = (np.asarray(part, dtype=float) for part in (events, n, other_events, other_n))
    usable = (a > 0) & (b > 0)
    a, b = np.where(usable, a, np.nan), np.where(usable, b, np.nan)
    ratio = divide(divide(a, n1), divide(b, n2))
    spread = np.sqrt(np.maximum(divide(1, a) - divide(1, n1) + divide(1, b) - divide(1, n2), 0))
    factor = np.exp(norm.ppf((1 + confidence) / 2) * spread)
    return ratio, divide(ratio, factor), ratio * factor


def estimate_two_group_p(
    events: Any, n: Any, other_events: Any, other_n: Any
) -> tuple[Floats, np.ndarray]:
    """Test whether two independent proportions are the same.

    The score test (Pearson's chi-squared without correction); Fisher's exact test, two-sided, where
    an expected cell is under :data:`EXACT_UNDER`.

    Returns
    -------
    tuple of arrays
        p-values, NaN where a group is empty, and the test's name, empty there. Where nobody or
        everybody has the event there is nothing to tell apart: p is 1 by the exact test.
    """
    from scipy.stats import chi2, hypergeom

    a, n1, b, n2 = (np.asarray(part, dtype=float) for part in (events, n, other_events, other_n))
    usable = (n1 > 0) & (n2 > 0)
    total, had = n1 + n2, a + b
    smaller = divide(np.minimum(n1, n2) * np.minimum(had, total - had), total)
    statistic = divide(total * (a * (n2 - b) - b * (n1 - a)) ** 2, n1 * n2 * had * (total - had))
    p_value = chi2.sf(statistic, 1)
    exact = usable & (smaller < EXACT_UNDER)
    for at in np.flatnonzero(exact):
        cells = (int(total[at]), int(had[at]), int(n1[at]))
        low = max(0, int(had[at] - n2[at]))
        chances = hypergeom.pmf(np.arange(low, min(int(had[at]), int(n1[at])) + 1), *cells)
        own = hypergeom.pmf(int(a[at]), *cells)
        # R's tolerance: tables as likely as this one, up to rounding, are as extreme.
        p_value[at] = min(1.0, chances[chances <= own * (1 + 1e-7)].sum())
    p_value[~usable] = np.nan
    return p_value, np.select([~usable, exact], ["", FISHER], default=CHI_SQUARED)


def estimate_cluster_difference(
    one: ClusterRate, other: ClusterRate, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats, Floats]:
    """Estimate differences of rates of trials in two sets of patients.

    Returns
    -------
    tuple of arrays
        Difference, limits (square and add, from each rate's own limits) and two-sided p-value of
        the difference over its standard error, t with the patients less two as degrees of freedom.

    References
    ----------
    Zou GY, Donner A (2008) Stat Med 27:1693-1702.
    """
    from scipy.stats import t

    difference, low, high = estimate_newcombe_difference(
        one.rate, one.ci_low, one.ci_high, other.rate, other.ci_low, other.ci_high
    )
    error = np.sqrt(one.se**2 + other.se**2)
    free = np.maximum(one.n_patients + other.n_patients - 2, 1)
    return difference, low, high, 2 * t.sf(np.abs(divide(difference, error)), free)


def estimate_cluster_ratio(
    one: ClusterRate, other: ClusterRate, confidence: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Estimate ratios of rates of trials in two sets of patients, limits on the log scale."""
    from scipy.stats import t

    ratio = divide(np.where(one.rate > 0, one.rate, np.nan), other.rate)
    error = np.sqrt(divide(one.se, one.rate) ** 2 + divide(other.se, other.rate) ** 2)
    free = np.maximum(one.n_patients + other.n_patients - 2, 1)
    factor = np.exp(t.ppf((1 + confidence) / 2, free) * error)
    return ratio, divide(ratio, factor), ratio * factor


def adjust_p_values(p_values: Any, method: str) -> Floats:
    """Adjust p-values for how many there are; NaN is none and stays NaN.

    Parameters
    ----------
    p_values
        Of one family of tests.
    method
        ``holm`` or ``bh`` (Benjamini and Hochberg).

    References
    ----------
    Holm S (1979) Scand J Stat 6:65-70. Benjamini Y, Hochberg Y (1995) J R Stat Soc B 57:289-300.
    """
    from scipy.stats import false_discovery_control

    p_values = np.asarray(p_values, dtype=float)
    adjusted = np.full(p_values.shape, np.nan)
    told = ~np.isnan(p_values)
    if not told.any():
        return adjusted
    if method == "bh":
        adjusted[told] = false_discovery_control(p_values[told], method="bh")
        return adjusted
    order = np.argsort(p_values[told], kind="stable")
    steps = p_values[told][order] * np.arange(len(order), 0, -1)
    stepped = np.empty(len(order))
    stepped[order] = np.minimum(np.maximum.accumulate(steps), 1)
    adjusted[told] = stepped
    return adjusted
