"""Intervals, tests and conclusions for proportions with one row a patient."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Two one-sided tests at 5% are one 90% interval.
EQUIVALENCE_CONFIDENCE = 0.90


def estimate_wilson(events: Any, n: Any, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Estimate Wilson score intervals.

    Parameters
    ----------
    events, n
        Arrays of one length; ``events`` need not be whole (a published rate times its n).
    confidence
        Between 0 and 1.

    Returns
    -------
    tuple of arrays
        Lower and upper limits, NaN where n is 0.

    References
    ----------
    Wilson EB (1927) J Am Stat Assoc 22:209-212.
    """
    # statsmodels takes more than a second to import: only who needs it pays.
    from statsmodels.stats.proportion import proportion_confint

    events, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    low, high = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    some = n > 0
    if some.any():
        low[some], high[some] = proportion_confint(
            events[some], n[some], alpha=1 - confidence, method="wilson"
        )
    # At the ends the limit is 0 or 1 exactly; floating point may miss it by a hair.
    low[some & (events == 0)] = 0.0
    high[some & (events == n)] = 1.0
    return low, high


def estimate_score_p_value(events: Any, n: Any, reference: float) -> Floats:
    """Estimate two-sided p-values of the score test of a proportion against ``reference``.

    The variance is that under the reference, as in the Wilson interval, so that the 95% interval
    leaves the reference out exactly where p < 0.05. NaN where n is 0.
    """
    from scipy.stats import norm

    events, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    p_value = np.full(n.shape, np.nan)
    some = n > 0
    error = np.sqrt(reference * (1 - reference) / n[some])
    z = (events[some] / n[some] - reference) / error
    p_value[some] = 2 * norm.sf(np.abs(z))
    return p_value


def estimate_clopper_pearson(
    events: Any, n: Any, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Estimate Clopper and Pearson's exact intervals; NaN where n is 0.

    References
    ----------
    Clopper CJ, Pearson ES (1934) Biometrika 26:404-413.
    """
    # The same numbers as scipy.stats.beta.ppf gives, which takes seconds to import.
    from scipy.special import betaincinv

    events, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    tail = (1 - confidence) / 2
    low, high = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    some = n > 0
    low[some], high[some] = 0.0, 1.0
    lower, upper = some & (events > 0), some & (events < n)
    low[lower] = betaincinv(events[lower], n[lower] - events[lower] + 1, tail)
    high[upper] = betaincinv(events[upper] + 1, n[upper] - events[upper], 1 - tail)
    return low, high


def conclude(
    low: Any, high: Any, low90: Any, high90: Any, reference: float, margin: float
) -> npt.NDArray[np.str_]:
    """Conclude from 95% and 90% limits what each rate says about the reference.

    In this order: ``equivalent`` where the 90% interval lies strictly within ``reference`` plus or
    minus ``margin``; ``above`` or ``below`` where the 95% interval lies strictly on one side of the
    reference; ``inconclusive``, also where there are no limits.
    """
    return np.select(
        [
            (low90 > reference - margin) & (high90 < reference + margin),
            low > reference,
            high < reference,
        ],
        ["equivalent", "above", "below"],
        default="inconclusive",
    )


def derive_conclusion(
    events: Any, n: Any, reference: float, margin: float, confidence: float = 0.95
) -> npt.NDArray[np.str_]:
    """Conclude from counts of patients, by Wilson's intervals; empty where n is 0."""
    n = np.asarray(n, dtype=float)
    limits = (
        *estimate_wilson(events, n, confidence),
        *estimate_wilson(events, n, EQUIVALENCE_CONFIDENCE),
    )
    return np.where(n == 0, "", conclude(*limits, reference, margin))


def divide(part: Any, whole: Any) -> Floats:
    """Divide, NaN where the divisor is 0 or not known."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    share = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=share, where=(whole != 0) & ~np.isnan(whole))
    return share


def estimate_newcombe_difference(
    rate: Any, low: Any, high: Any, other_rate: Any, other_low: Any, other_high: Any
) -> tuple[Floats, Floats, Floats]:
    """Estimate the difference of two independent rates from the limits of each (square and add).

    With Wilson limits on both sides this is Newcombe's hybrid score interval; the same rule carries
    over to limits made otherwise, as from clustered data.

    Returns
    -------
    tuple of arrays
        Difference ``rate - other_rate``, its lower and its upper limit; NaN where a part is.

    References
    ----------
    Newcombe RG (1998) Stat Med 17:873-890, method 10.
    Zou GY, Donner A (2008) Stat Med 27:1693-1702 (limits of any kind).
    """
    p1, l1, u1, p2, l2, u2 = (
        np.asarray(part, dtype=float)
        for part in (rate, low, high, other_rate, other_low, other_high)
    )
    difference = p1 - p2
    below = difference - np.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    above = difference + np.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return difference, below, above
