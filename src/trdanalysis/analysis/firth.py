"""Firth's penalised logistic regression: estimates that exist where cells are empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trdanalysis.analysis.intervals import Floats
from trdanalysis.analysis.models import (
    NotEstimableError,
    check_design,
    measure_condition,
)


@dataclass(frozen=True)
class FirthFit:
    """A penalised fit.

    Attributes
    ----------
    names, coefficients
        Of the design's columns; log odds ratios.
    ci_low, ci_high
        Where the penalised likelihood, maximised over the other coefficients, has fallen by half
        the 95% quantile of chi-squared; NaN for columns that were not asked for.
    p_value
        Penalised likelihood-ratio test against 0; NaN likewise.
    log_likelihood
        Penalised, at the coefficients.
    """

    names: tuple[str, ...]
    coefficients: Floats
    ci_low: Floats
    ci_high: Floats
    p_value: Floats
    log_likelihood: float


def fit_firth(
    design: Any,
    events: Any,
    n: Any = None,
    names: Sequence[str] | None = None,
    of: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> FirthFit:
    """Fit a logistic model with Firth's penalty.

    Parameters
    ----------
    design, events, n, names
        As in :func:`trdanalysis.analysis.models.fit_modified_poisson`.
    of
        Columns whose limits and p-values are wanted; by default all.

    Raises
    ------
    NotEstimableError
        ``no_convergence``, ``one_level``, ``collinear``, or what
        :func:`trdanalysis.analysis.models.check_design` refuses.

    References
    ----------
    Firth D (1993) Biometrika 80:27-38. Heinze G, Schemper M (2002) Stat Med 21:2409-2419 (limits
    and tests by the profile of the penalised likelihood).
    """
    from scipy.optimize import brentq
    from scipy.stats import chi2

    x, e, m = check_design(design, events, n)
    measure_condition(x, m)
    columns = tuple(names) if names is not None else tuple(f"x{at}" for at in range(x.shape[1]))
    wanted = columns if of is None else tuple(of)
    free = np.ones(x.shape[1], dtype=bool)
    best, top = _maximise(x, e, m, np.zeros(x.shape[1]), free)
    low, high, p_value = (np.full(x.shape[1], np.nan) for _ in range(3))
    fall = chi2.ppf(confidence, 1) / 2
    for name in wanted:
        at = columns.index(name)
        others = free.copy()
        others[at] = False

        def profile(value: float, at: int = at, others: np.ndarray = others) -> float:
            start = best.copy()
            start[at] = value
            return _maximise(x, e, m, start, others)[1]

        p_value[at] = chi2.sf(2 * max(top - profile(0.0), 0.0), 1)
        for side, limits in ((-1.0, low), (1.0, high)):
            step = side
            while profile(best[at] + step) > top - fall:
                step *= 2
                if abs(step) > 100:
                    raise NotEstimableError("no_convergence")
            limits[at] = brentq(
                lambda value: profile(value) - (top - fall),  # noqa: B023
                *sorted((best[at], best[at] + step)),
                xtol=1e-10,
            )
    return FirthFit(columns, best, low, high, p_value, top)


def _penalised(x: Floats, e: Floats, m: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    """Give the penalised log-likelihood, the modified score and the information."""
    linear = x @ beta
    risk = 1 / (1 + np.exp(-linear))
    weight = m * risk * (1 - risk)
    information = x.T @ (x * weight[:, None])
    sign, log_det = np.linalg.slogdet(information)
    if sign <= 0:
        raise NotEstimableError("collinear")
    log_likelihood = (e * linear - m * np.logaddexp(0, linear)).sum() + log_det / 2
    leverage = weight * np.einsum("ij,jk,ik->i", x, np.linalg.inv(information), x)
    score = x.T @ (e - m * risk + leverage * (0.5 - risk))
    return float(log_likelihood), score, information


def _maximise(
    x: Floats, e: Floats, m: Floats, start: Floats, free: np.ndarray
) -> tuple[Floats, float]:
    """Maximise over the free coefficients by Newton's steps, halved where they go down."""
    beta = start.copy()
    value, score, information = _penalised(x, e, m, beta)
    for _ in range(200):
        if not free.any():
            return beta, value
        step = np.zeros(beta.shape)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        largest = np.abs(step).max()
        if largest > 5:
            step *= 5 / largest
        for _ in range(40):
            after = _penalised(x, e, m, beta + step)
            if after[0] >= value - 1e-12:
                break
            step /= 2
        beta = beta + step
        value, score, information = after
        if np.abs(score[free]).max() < 1e-9 or np.abs(step).max() < 1e-12:
            return beta, value
    raise NotEstimableError("no_convergence")
