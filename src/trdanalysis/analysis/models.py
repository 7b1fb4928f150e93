"""Regression on grouped counts: each row of a design stands for as many patients as it says.

Grouping patients who share every covariate changes no estimate and no variance, so that a model of
four million patients costs what its distinct rows cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trdanalysis.analysis.intervals import Floats, divide

#: A fitted risk nearer to 0 (or 1, where it is a probability) than this, or a standard error beyond
#: the other, is no estimate: the likelihood has no maximum (separation).
LEAST_RISK, LARGEST_ERROR = 1e-7, 50.0
#: Beyond this ratio of singular values of the scaled design its columns are not told apart.
LARGEST_CONDITION = 1e8
#: Relative change of the deviance, or the step of an equation's solution, at which a fit counts as
#: settled. It goes on from there as far as rounding allows, and how far that is depends on the
#: processor: only the iterations up to here are counted.
_SETTLED = 1e-8


class NotEstimableError(Exception):
    """A model that cannot be fitted; its text is the reason, one of the words of the results."""


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    names
        Columns of the design.
    coefficients, covariance
        On the scale of the linear predictor.
    log_likelihood
        At the coefficients; NaN where the method has none.
    n, events
        Patients (or trials), and those with the event.
    iterations
        Until the deviance (grouped trials: the coefficients) settled to the eighth digit.
    condition
        Ratio of the largest to the smallest singular value of the design with scaled columns.
    dispersion
        Pearson's chi-squared over n - p.
    """

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    n: int
    events: int
    iterations: int
    condition: float
    dispersion: float

    def at(self, name: str) -> tuple[float, float]:
        """Give a coefficient and its standard error."""
        place = self.names.index(name)
        return float(self.coefficients[place]), float(np.sqrt(self.covariance[place, place]))


@dataclass(frozen=True)
class Standardised:
    """Risks if everybody were exposed and if nobody were, and what follows from them."""

    risk1: float
    risk0: float
    rd: float
    rd_low: float
    rd_high: float
    rr: float
    rr_low: float
    rr_high: float
    p_value: float


def fit_modified_poisson(design: Any, events: Any, n: Any = None, names: Any = None) -> Fit:
    """Fit a Poisson model with log link and robust variance to events: its exp() are risk ratios.

    Parameters
    ----------
    design
        One row per distinct pattern, one column per term, the intercept among them.
    events
        Of each row: how many of its patients have the event.
    n
        How many patients a row stands for; by default one.
    names
        Of the columns.

    Raises
    ------
    NotEstimableError
        ``no_event``, ``only_events``, ``collinear``, ``no_convergence``, ``separation``.

    References
    ----------
    Zou G (2004) Am J Epidemiol 159:702-706. Variance HC0, without a small-sample factor.
    """
    from statsmodels.genmod.families import Poisson

    return _fit(design, events, n, names, Poisson(), robust=True)


def fit_logistic(design: Any, events: Any, n: Any = None, names: Any = None) -> Fit:
    """Fit a logistic model by maximum likelihood; see :func:`fit_modified_poisson`."""
    from statsmodels.genmod.families import Binomial

    return _fit(design, events, n, names, Binomial(), robust=False)


def _fit(design: Any, events: Any, n: Any, names: Any, family: Any, *, robust: bool) -> Fit:
    import warnings

    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

    x, e, m = check_design(design, events, n)
    condition = measure_condition(x, m)
    # Patients with and without the event are rows of their own, weighted by how many they are.
    rows = np.vstack([x, x])
    outcome = np.concatenate([np.ones(len(e)), np.zeros(len(e))])
    weights = np.concatenate([e, m - e])
    rows, outcome, weights = rows[weights > 0], outcome[weights > 0], weights[weights > 0]
    with warnings.catch_warnings():
        # What the warnings would say is checked below, and said in the results.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            model = GLM(outcome, rows, family=family, freq_weights=weights)
            # As near as rounding allows; the relative part is what rounding leaves of a large sum.
            result = model.fit(maxiter=100, atol=1e-12, rtol=1e-15)
        except PerfectSeparationError:
            raise NotEstimableError("separation") from None
        except (np.linalg.LinAlgError, ValueError, FloatingPointError):
            raise NotEstimableError("no_convergence") from None
        coefficients = np.asarray(result.params)
        fitted = np.asarray(result.fittedvalues)
        log_likelihood = float(result.llf)
    if not result.converged or not np.isfinite(coefficients).all():
        raise NotEstimableError("no_convergence")
    variance = family.variance(fitted)
    bread = _invert(rows.T @ (rows * (weights * variance)[:, None]))
    covariance = bread
    if robust:
        residual = outcome - fitted
        covariance = bread @ (rows.T @ (rows * (weights * residual**2)[:, None])) @ bread
    _check_estimates(covariance)
    _check_risks(fitted, "log" if robust else "logit")
    total = float(m.sum())
    pearson = float((weights * (outcome - fitted) ** 2 / variance).sum())
    return Fit(
        names=_names(names, x), coefficients=coefficients, covariance=covariance,
        log_likelihood=log_likelihood, n=int(total), events=int(e.sum()),
        iterations=_count_iterations(result.fit_history["deviance"]), condition=condition,
        dispersion=pearson / (total - x.shape[1]) if total > x.shape[1] else float("nan"),
    )  # fmt: skip


def _count_iterations(deviances: list[float]) -> int:
    """Count the iterations until the deviance settled; the first two entries are the start."""
    last = np.asarray(deviances[1:], dtype=float)
    settled = np.abs(np.diff(last)) <= _SETTLED * np.abs(last[1:])
    return int(np.argmax(settled)) + 1


def check_design(design: Any, events: Any, n: Any) -> tuple[Floats, Floats, Floats]:
    """Make arrays, and refuse what no model can be fitted to."""
    x, e = np.asarray(design, dtype=float), np.asarray(events, dtype=float)
    m = np.ones(e.shape) if n is None else np.asarray(n, dtype=float)
    x, e, m = x[m > 0], e[m > 0], m[m > 0]
    if not len(m):
        raise NotEstimableError("nobody")
    if e.sum() == 0:
        raise NotEstimableError("no_event")
    if e.sum() == m.sum():
        raise NotEstimableError("only_events")
    if m.sum() <= x.shape[1]:
        raise NotEstimableError("too_few_patients")
    return x, e, m


def measure_condition(x: Floats, m: Floats) -> float:
    """Measure how well a design's columns are told apart, and refuse what is not."""
    length = np.sqrt((m[:, None] * x**2).sum(axis=0))
    if (length == 0).any():
        raise NotEstimableError("one_level")
    values = np.linalg.svd(np.sqrt(m)[:, None] * x / length, compute_uv=False)
    # Of fewer patterns than columns there are only as many singular values as patterns.
    if len(x) < x.shape[1] or values[-1] == 0 or values[0] / values[-1] > LARGEST_CONDITION:
        raise NotEstimableError("collinear")
    return float(values[0] / values[-1])


def _check_estimates(covariance: Floats) -> None:
    variances = np.diag(covariance)
    # Where fitted risks come near 0 rounding may leave anything, also less than nothing.
    if not np.isfinite(variances).all() or (variances <= 0).any():
        raise NotEstimableError("separation")
    if (np.sqrt(variances) > LARGEST_ERROR).any():
        raise NotEstimableError("separation")


def _check_risks(risk: Floats, link: str) -> None:
    """Refuse a model that gives somebody a risk of 0, or of 1: some term tells the outcome apart.

    How large a coefficient is does not tell it: those of a spline are large without meaning it.
    """
    smallest = risk if link == "log" else np.minimum(risk, 1 - risk)
    if (smallest < LEAST_RISK).any():
        raise NotEstimableError("separation")


def _invert(information: Floats) -> Floats:
    """Invert; the columns are told apart, so that what is singular has risks of 0 or 1."""
    try:
        return np.asarray(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        raise NotEstimableError("separation") from None


def _names(names: Sequence[str] | None, x: Floats) -> tuple[str, ...]:
    return tuple(names) if names is not None else tuple(f"x{at}" for at in range(x.shape[1]))


def standardise(
    fit: Fit, design: Any, name: str, n: Any = None, confidence: float = 0.95
) -> Standardised:
    """Standardise a logistic model's risks over the patients it was fitted to.

    Parameters
    ----------
    fit
        A logistic model.
    design, n
        As it was fitted.
    name
        The yes-or-no exposure.

    Notes
    -----
    Each patient's risk is predicted with the exposure and without, and averaged; standard errors by
    the delete-nothing delta method with the patients' covariates taken as they are.

    References
    ----------
    Muller CJ, MacLehose RF (2014) Int J Epidemiol 43:962-970.
    """
    from scipy.stats import norm

    x = np.asarray(design, dtype=float)
    m = np.ones(len(x)) if n is None else np.asarray(n, dtype=float)
    place = fit.names.index(name)
    risks, slopes = [], []
    for value in (1.0, 0.0):
        set_to = x.copy()
        set_to[:, place] = value
        risk = 1 / (1 + np.exp(-(set_to @ fit.coefficients)))
        risks.append(float((m * risk).sum() / m.sum()))
        slopes.append((m * risk * (1 - risk)) @ set_to / m.sum())
    z = float(norm.ppf((1 + confidence) / 2))
    difference = risks[0] - risks[1]
    of_difference = slopes[0] - slopes[1]
    error = float(np.sqrt(of_difference @ fit.covariance @ of_difference))
    of_log = slopes[0] / risks[0] - slopes[1] / risks[1]
    factor = float(np.exp(z * np.sqrt(of_log @ fit.covariance @ of_log)))
    ratio = risks[0] / risks[1]
    return Standardised(
        risk1=risks[0], risk0=risks[1],
        rd=difference, rd_low=difference - z * error, rd_high=difference + z * error,
        rr=ratio, rr_low=ratio / factor, rr_high=ratio * factor,
        p_value=float(2 * norm.sf(abs(difference) / error)),
    )  # fmt: skip


def estimate_c_statistic(fit: Fit, design: Any, events: Any, n: Any = None) -> float:
    """Estimate how often a patient with the event has the higher risk; ties count half."""
    x, e = np.asarray(design, dtype=float), np.asarray(events, dtype=float)
    m = np.ones(len(x)) if n is None else np.asarray(n, dtype=float)
    score = np.round(x @ fit.coefficients, 10)
    order, at = np.unique(score, return_inverse=True)
    with_event = np.bincount(at, weights=e, minlength=len(order))
    without = np.bincount(at, weights=m - e, minlength=len(order))
    below = np.cumsum(without) - without
    pairs = with_event.sum() * without.sum()
    return float((with_event * (below + without / 2)).sum() / pairs) if pairs else float("nan")


def fit_gee(
    design: Any, events: Any, trials: Any, patients: Any = None, names: Any = None,
    link: str = "log",
) -> Fit:  # fmt: skip
    """Fit generalised estimating equations with an exchangeable correlation within patients.

    Parameters
    ----------
    design
        One row per patient, or per pattern that several share: the terms are the patient's.
    events, trials
        Of each patient: trials with the event, and trials.
    patients
        How many share the row; by default one.
    names
        Of the columns.
    link
        ``log`` (Poisson variance: exp() of a coefficient is a risk ratio) or ``logit``.

    Notes
    -----
    Where all terms are the patient's, the inverse of the exchangeable correlation matrix is known,
    and a patient enters by the number of trials and of events alone: the equations are solved on
    grouped counts, exactly. Correlation by moments with the pairs less the terms as divisor; robust
    variance without a small-sample factor; both as in statsmodels, with which it is compared.

    References
    ----------
    Liang KY, Zeger SL (1986) Biometrika 73:13-22.
    """
    e, k = np.asarray(events, dtype=float), np.asarray(trials, dtype=float)
    w = np.ones(e.shape) if patients is None else np.asarray(patients, dtype=float)
    x, e, k, w = (part[k > 0] for part in (np.asarray(design, dtype=float), e, k, w))
    check_design(x, w * e, w * k)
    condition = measure_condition(x, w * k)
    start = fit_modified_poisson if link == "log" else fit_logistic
    first = start(x, w * e, w * k, names)
    beta, correlation, iterations = first.coefficients.copy(), 0.0, 0
    for iteration in range(1, 201):
        mean = _inverse(x @ beta, link)
        variance = mean if link == "log" else mean * (1 - mean)
        correlation = _moment_correlation(e, k, w, mean, variance, x.shape[1])
        inflation = 1 + (k - 1) * correlation
        # No correlation matrix: trials that undo each other, or risks that ran off to 0 or 1.
        if not (inflation > 0).all():
            raise NotEstimableError("no_convergence")
        score = x.T @ (w * (e - k * mean) / inflation)
        bread = _invert(x.T @ (x * (w * k * variance / inflation)[:, None]))
        step = bread @ score
        beta = beta + step
        if not np.isfinite(beta).all():
            raise NotEstimableError("no_convergence")
        if not iterations and np.abs(step).max() < _SETTLED:
            iterations = iteration
        if np.abs(step).max() < 1e-11:
            break
    else:
        raise NotEstimableError("no_convergence")
    residual = (e - k * mean) / inflation
    meat = x.T @ (x * (w * residual**2)[:, None])
    covariance = bread @ meat @ bread
    _check_estimates(covariance)
    _check_risks(mean, link)
    n = float((w * k).sum())
    pearson = (w * (e * (1 - mean) ** 2 + (k - e) * mean**2) / variance).sum()
    return Fit(
        names=first.names, coefficients=beta, covariance=covariance, log_likelihood=float("nan"),
        n=int(n), events=int((w * e).sum()), iterations=iterations, condition=condition,
        dispersion=float(pearson / (n - x.shape[1])),
    )  # fmt: skip


def _inverse(linear: Floats, link: str) -> Floats:
    with np.errstate(over="ignore"):
        return np.exp(linear) if link == "log" else 1 / (1 + np.exp(-linear))


def _moment_correlation(
    e: Floats, k: Floats, w: Floats, mean: Floats, variance: Floats, terms: int
) -> float:
    """Estimate the correlation of two trials of a patient from products of residuals."""
    # A risk that ran off to 0 or 1 has no variance left: what comes of it is no number.
    squares = divide(e * (1 - mean) ** 2 + (k - e) * mean**2, variance)
    products = (divide((e - k * mean) ** 2, variance) - squares) / 2
    pairs = (w * k * (k - 1) / 2).sum()
    scale = (w * squares).sum() / ((w * k).sum() - terms)
    return float((w * products).sum() / (scale * (pairs - terms))) if pairs > terms else 0.0
