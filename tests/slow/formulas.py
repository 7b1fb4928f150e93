"""Intervals and tests, each written out from its published formula.

Plain arithmetic; only quantiles and tails of distributions come from scipy, and numpy solves the
equations of the one model. None stands for what cannot be had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, exp, log, sqrt
from statistics import NormalDist

import numpy as np
from scipy.stats import beta, chi2, t

Limits = tuple[float, float]
Array = np.ndarray


def normal_quantile(confidence: float) -> float:
    """Give the two-sided normal quantile."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def normal_p(z: float) -> float:
    """Give the two-sided p of a normal deviate."""
    return 2 * NormalDist().cdf(-abs(z))


def logit(p: float) -> float:
    """Give the log odds."""
    return log(p / (1 - p))


def expit(x: float) -> float:
    """Give the share with these log odds."""
    return 1 / (1 + exp(-x))


# -- one proportion


def wilson(events: int, n: int, confidence: float = 0.95) -> Limits:
    """Give Wilson's score interval.

    Wilson EB (1927) J Am Stat Assoc 22:209-212.
    """
    z = normal_quantile(confidence)
    share = events / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def clopper_pearson(events: float, n: int, confidence: float = 0.95) -> Limits:
    """Give the exact interval by quantiles of the beta distribution.

    Clopper CJ, Pearson ES (1934) Biometrika 26:404-413.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if events == 0 else float(beta.ppf(tail, events, n - events + 1))
    high = 1.0 if events == n else float(beta.isf(tail, events + 1, n - events))
    return low, high


def exact_binomial_p(events: int, n: int, reference: float) -> float:
    """Give the two-sided exact p: all results that are no likelier than the one seen.

    As R's ``binom.test``, which takes a relative 1e-7 for a tie.
    """
    likely = [comb(n, k) * reference**k * (1 - reference) ** (n - k) for k in range(n + 1)]
    return min(1.0, sum(one for one in likely if one <= likely[events] * (1 + 1e-7)))


# -- several trials a patient


@dataclass(frozen=True)
class Cluster:
    """The trials of one patient, and how many of them had the event."""

    trials: int
    events: int


def cluster_rate(clusters: Sequence[Cluster]) -> float:
    """Give the ratio estimator: all events over all trials."""
    return sum(c.events for c in clusters) / sum(c.trials for c in clusters)


def cluster_variance(clusters: Sequence[Cluster]) -> float | None:
    """Give the variance of the ratio estimator; None for one cluster.

    Cochran WG (1977) Sampling Techniques, 3rd ed, section 3.12. Summed exactly.
    """
    g, m = len(clusters), sum(c.trials for c in clusters)
    if g < 2:
        return None
    p = Fraction(sum(c.events for c in clusters), m)
    squares = sum((c.events - p * c.trials) ** 2 for c in clusters)
    return float(Fraction(g, g - 1) * squares / m**2)


def cluster_limits(clusters: Sequence[Cluster], confidence: float = 0.95) -> Limits | None:
    """Give limits by the delta method on the logit, t with G - 1 degrees of freedom.

    Where every cluster has the same share, as at 0 or 1, the variance is zero and says nothing:
    Clopper-Pearson on G clusters then, of whom that share has the event. One cluster has none.
    """
    variance = cluster_variance(clusters)
    if variance is None:
        return None
    g, p = len(clusters), cluster_rate(clusters)
    if variance == 0:
        return clopper_pearson(p * g, g, confidence)
    half = float(t.isf((1 - confidence) / 2, g - 1)) * sqrt(variance) / (p * (1 - p))
    return expit(logit(p) - half), expit(logit(p) + half)


def cluster_p_value(clusters: Sequence[Cluster], reference: float) -> float | None:
    """Give the p of the test that agrees with the interval.

    t on the logit; where the variance is zero, twice the smaller tail of as many clusters, which is
    the test that Clopper-Pearson's limits come from.
    """
    variance = cluster_variance(clusters)
    if variance is None:
        return None
    g, p = len(clusters), cluster_rate(clusters)
    if variance == 0:
        below = 1.0 if p == 1 else float(beta.sf(reference, p * g + 1, g - p * g))
        above = 1.0 if p == 0 else float(beta.cdf(reference, p * g, g - p * g + 1))
        return min(2 * min(below, above), 1.0)
    statistic = (logit(p) - logit(reference)) * p * (1 - p) / sqrt(variance)
    return float(2 * t.sf(abs(statistic), g - 1))


def cluster_correlation(clusters: Sequence[Cluster]) -> float | None:
    """Give the intracluster correlation by one-way analysis of variance.

    Ridout MS, Demetrio CGB, Firth D (1999) Biometrics 55:137-148, "ANOVA estimator". None with one
    cluster, with one trial in each, or where every trial ended alike.
    """
    g, m, e = len(clusters), sum(c.trials for c in clusters), sum(c.events for c in clusters)
    if g < 2 or m == g or e in (0, m):
        return None
    squares = sum(Fraction(c.events**2, c.trials) for c in clusters)
    between = (squares - Fraction(e**2, m)) / (g - 1)
    within = (e - squares) / (m - g)
    size = (m - Fraction(sum(c.trials**2 for c in clusters), m)) / (g - 1)
    return float((between - within) / (between + (size - 1) * within))


def cluster_design_effect(clusters: Sequence[Cluster]) -> float | None:
    """Give the variance over that of as many independent trials; None at 0 or 1."""
    variance, p = cluster_variance(clusters), cluster_rate(clusters)
    if variance is None or p in (0, 1):
        return None
    return variance / (p * (1 - p) / sum(c.trials for c in clusters))


def patient_weighted_rate(clusters: Sequence[Cluster]) -> float:
    """Give the mean of the clusters' own rates."""
    return sum(c.events / c.trials for c in clusters) / len(clusters)


# -- two groups


def newcombe(
    events: int, n: int, other_events: int, other_n: int, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Give the difference of two proportions with its hybrid score limits.

    Newcombe RG (1998) Stat Med 17:873-890, method 10.
    """
    p, q = events / n, other_events / other_n
    low, high = wilson(events, n, confidence)
    other_low, other_high = wilson(other_events, other_n, confidence)
    difference = p - q
    return (
        difference,
        difference - sqrt((p - low) ** 2 + (other_high - q) ** 2),
        difference + sqrt((high - p) ** 2 + (q - other_low) ** 2),
    )


def risk_ratio(
    events: int, n: int, other_events: int, other_n: int, confidence: float = 0.95
) -> tuple[float, float, float] | None:
    """Give the ratio of two proportions with log limits; None where either has no event.

    Katz D, Baptista J, Azen SP, Pike MC (1978) Biometrics 34:469-474.
    """
    if events == 0 or other_events == 0:
        return None
    ratio = (events / n) / (other_events / other_n)
    half = normal_quantile(confidence) * sqrt(1 / events - 1 / n + 1 / other_events - 1 / other_n)
    return ratio, ratio * exp(-half), ratio * exp(half)


def pearson(events: Sequence[int], n: Sequence[int]) -> float | None:
    """Give Pearson's chi-squared of groups by event, without correction; None at 0 or 1."""
    p = sum(events) / sum(n)
    if p in (0, 1):
        return None
    return sum((e - m * p) ** 2 / (m * p * (1 - p)) for e, m in zip(events, n, strict=True))


def fisher(events: int, n: int, other_events: int, other_n: int) -> float:
    """Give Fisher's exact two-sided p: all tables that are no likelier than the one seen.

    Fisher RA (1935) The Design of Experiments; two-sided as R's ``fisher.test``.
    """
    total = events + other_events
    likely = {
        k: comb(n, k) * comb(other_n, total - k)
        for k in range(max(0, total - other_n), min(n, total) + 1)
    }
    extreme = sum(one for one in likely.values() if one <= likely[events] * (1 + 1e-7))
    return extreme / sum(likely.values())


def two_group_p(events: int, n: int, other_events: int, other_n: int) -> tuple[float, str]:
    """Give p and its method: Fisher's where an expected cell is under 5, else the score test."""
    total, all_n = events + other_events, n + other_n
    expected = [m * k / all_n for m in (n, other_n) for k in (total, all_n - total)]
    if min(expected) < 5:
        return fisher(events, n, other_events, other_n), "fisher"
    statistic = pearson((events, other_events), (n, other_n))
    return float(chi2.sf(statistic, 1)), "score"


# -- several tests


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust by Holm's step-down procedure: Holm S (1979) Scand J Stat 6:65-70."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, so_far = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        so_far = max(so_far, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = so_far
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjust for the false discovery rate.

    Benjamini Y, Hochberg Y (1995) J R Stat Soc B 57:289-300.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place], reverse=True)
    adjusted, so_far = [0.0] * len(p_values), 1.0
    for above, place in enumerate(order):
        rank = len(p_values) - above
        so_far = min(so_far, len(p_values) / rank * p_values[place])
        adjusted[place] = so_far
    return adjusted


# -- ordered groups


@dataclass(frozen=True)
class Trend:
    """A linear trend in proportions, and what is left of the differences beside it."""

    slope: float
    limits: Limits
    chi2: float
    p_value: float
    departure_chi2: float
    departure_df: int
    departure_p: float | None


def trend(events: Sequence[int], n: Sequence[int], scores: Sequence[float]) -> Trend | None:
    """Give the Cochran-Armitage test for trend; None where it cannot be had.

    Armitage P (1955) Biometrics 11:375-386, with N (not N - 1) in the variance, as R's
    ``prop.trend.test``. The slope's variance is that of the test, so limits and p agree.
    """
    total = sum(n)
    p = sum(events) / total
    mean = sum(m * x for m, x in zip(n, scores, strict=True)) / total
    spread = sum(m * (x - mean) ** 2 for m, x in zip(n, scores, strict=True))
    if p in (0, 1) or spread == 0:
        return None
    cross = sum((x - mean) * (e - m * p) for e, m, x in zip(events, n, scores, strict=True))
    slope, error = cross / spread, sqrt(p * (1 - p) / spread)
    of_trend = (slope / error) ** 2
    overall = pearson([e for e, m in zip(events, n, strict=True) if m], [m for m in n if m])
    assert overall is not None
    left, df = overall - of_trend, sum(m > 0 for m in n) - 2
    half = normal_quantile(0.95) * error
    return Trend(
        slope,
        (slope - half, slope + half),
        of_trend,
        float(chi2.sf(of_trend, 1)),
        left,
        df,
        float(chi2.sf(left, df)) if df > 0 else None,
    )


# -- interaction of two yes-or-no factors


def excess_by_interaction(
    log_ratios: tuple[float, float, float],
    own_variances: tuple[float, float, float],
    shared_variance: float,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """Give the relative excess risk due to interaction of ratios to one common group.

    Hosmer DW, Lemeshow S (1992) Epidemiology 3:452-456: RERI = R11 - R10 - R01 + 1, its variance by
    the delta method. Given are the logs of R11, R10, R01, what each one's own group adds to their
    variances, and what the common group adds to all variances and covariances.
    """
    ratios = [exp(one) for one in log_ratios]
    slopes = (ratios[0], -ratios[1], -ratios[2])
    variance = sum(s * s * v for s, v in zip(slopes, own_variances, strict=True))
    variance += shared_variance * sum(slopes) ** 2
    value = ratios[0] - ratios[1] - ratios[2] + 1
    half = normal_quantile(confidence) * sqrt(variance)
    return value, value - half, value + half


Table = Sequence[Sequence[int]]


def reri(events: Table, n: Table) -> tuple[float, float, float] | None:
    """Give RERI from risks; ``events[a][b]`` of ``n[a][b]``, 1 where a factor is present."""
    if any(events[a][b] == 0 for a in (0, 1) for b in (0, 1)):
        return None

    def own(a: int, b: int) -> float:
        return 1 / events[a][b] - 1 / n[a][b]

    def log_ratio(a: int, b: int) -> float:
        return log((events[a][b] / n[a][b]) / (events[0][0] / n[0][0]))

    return excess_by_interaction(
        (log_ratio(1, 1), log_ratio(1, 0), log_ratio(0, 1)),
        (own(1, 1), own(1, 0), own(0, 1)),
        own(0, 0),
    )


def difference_of_differences(events: Table, n: Table) -> tuple[float, float, float]:
    """Give (p11 - p01) - (p10 - p00) with Wald limits."""
    p = [[events[a][b] / n[a][b] for b in (0, 1)] for a in (0, 1)]
    value = (p[1][1] - p[0][1]) - (p[1][0] - p[0][0])
    variance = sum(p[a][b] * (1 - p[a][b]) / n[a][b] for a in (0, 1) for b in (0, 1))
    half = normal_quantile(0.95) * sqrt(variance)
    return value, value - half, value + half


def ratio_of_ratios(events: Table, n: Table) -> tuple[float, float, float] | None:
    """Give (p11 / p01) / (p10 / p00) with limits on the log; None where a group has no event."""
    if any(events[a][b] == 0 for a in (0, 1) for b in (0, 1)):
        return None
    p = [[events[a][b] / n[a][b] for b in (0, 1)] for a in (0, 1)]
    value = (p[1][1] / p[0][1]) / (p[1][0] / p[0][0])
    variance = sum(1 / events[a][b] - 1 / n[a][b] for a in (0, 1) for b in (0, 1))
    half = normal_quantile(0.95) * sqrt(variance)
    return value, value * exp(-half), value * exp(half)


# -- time to an event


@dataclass(frozen=True)
class Step:
    """A day of a curve: who was at risk on it, what happened, and the incidence so far."""

    day: int
    n_at_risk: int
    events: int
    censored: int
    incidence: float
    #: Greenwood's standard error; None where nobody is left without the event.
    error: float | None
    ci_low: float | None
    ci_high: float | None


def kaplan_meier(people: Sequence[tuple[int, bool]], confidence: float = 0.95) -> list[Step]:
    """Give one minus Kaplan and Meier's curve, a step for every day with an event or an end.

    Kaplan EL, Meier P (1958) J Am Stat Assoc 53:457-481; Greenwood's variance; limits on the
    log-log: Kalbfleisch JD, Prentice RL (1980) The Statistical Analysis of Failure Time Data,
    section 1.3. Who is censored on a day was still at risk on it. No limits at 0 and at 1.
    """
    z = normal_quantile(confidence)
    left, sum_of_logs, steps = Fraction(1), 0.0, []
    for day in sorted({day for day, _ in people}):
        at_risk = sum(other >= day for other, _ in people)
        events = sum(other == day and has_event for other, has_event in people)
        censored = sum(other == day and not has_event for other, has_event in people)
        left *= Fraction(at_risk - events, at_risk)
        error, low, high = None, None, None
        if left > 0:
            sum_of_logs += events / (at_risk * (at_risk - events))
            error = float(left) * sqrt(sum_of_logs)
        if 0 < left < 1:
            surviving = float(left)
            width = z * sqrt(sum_of_logs) / log(surviving)
            low = 1 - surviving ** exp(width)
            high = 1 - surviving ** exp(-width)
        steps.append(Step(day, at_risk, events, censored, float(1 - left), error, low, high))
    return steps


# -- several imputations


@dataclass(frozen=True)
class Pooled:
    """An estimate over imputations."""

    estimate: float
    variance: float
    df: float
    #: The part of the variance that is due to the missing values.
    share_of_variance: float
    #: The same with a term for the finite number of imputations.
    fraction_missing: float


def pool(estimates: Sequence[float], variances: Sequence[float], complete_df: float) -> Pooled:
    """Pool by Rubin's rules with the degrees of freedom of Barnard and Rubin.

    Rubin DB (1987) Multiple Imputation for Nonresponse in Surveys, section 3.3; Barnard J, Rubin DB
    (1999) Biometrika 86:948-955.
    """
    m = len(estimates)
    mean, within = sum(estimates) / m, sum(variances) / m
    between = (1 + 1 / m) * sum((one - mean) ** 2 for one in estimates) / (m - 1)
    total = within + between
    share = between / total
    observed_df = complete_df
    if complete_df != float("inf"):
        observed_df = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    if between == 0:
        df = observed_df
    else:
        old_df = (m - 1) / share**2
        df = 1 / (1 / old_df + (0 if observed_df == float("inf") else 1 / observed_df))
    increase = between / within
    missing = (increase + 2 / (df + 3)) / (1 + increase) if between else 0.0
    return Pooled(mean, total, df, share, missing)


# -- Firth's logistic regression


@dataclass(frozen=True)
class Penalised:
    """A fit of Firth's logistic regression."""

    coefficients: Array
    covariance: Array
    log_likelihood: float


def firth(design: Array, events: Array, held: dict[int, float] | None = None) -> Penalised:
    """Fit a logistic regression penalised by Jeffreys' prior; some coefficients may be held.

    Firth D (1993) Biometrika 80:27-38; Heinze G, Schemper M (2002) Stat Med 21:2409-2419. Newton's
    steps with the modified score, halved while the penalised likelihood does not grow. With held
    coefficients the penalty is that of the whole model, as profiles need it.
    """
    held = held or {}
    free = [column for column in range(design.shape[1]) if column not in held]
    at = np.zeros(design.shape[1])
    for column, value in held.items():
        at[column] = value
    for _ in range(500):
        p, information = _information(design, at)
        hat = np.einsum("ij,jk,ik->i", design, np.linalg.inv(information), design) * p * (1 - p)
        score = design.T @ (events - p + hat * (0.5 - p))
        if not free or np.abs(score[free]).max() < 1e-12:
            break
        step = np.zeros_like(at)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        here, size = _penalised(design, events, at), 1.0
        while _penalised(design, events, at + size * step) < here - 1e-12 and size > 1e-8:
            size /= 2
        at = at + size * step
    return Penalised(at, np.linalg.inv(_information(design, at)[1]), _penalised(design, events, at))


def firth_p_value(design: Array, events: Array, column: int) -> float:
    """Give p of the penalised likelihood ratio test of one coefficient."""
    best = firth(design, events).log_likelihood
    without = firth(design, events, {column: 0.0}).log_likelihood
    return float(chi2.sf(2 * (best - without), 1))


def firth_limits(design: Array, events: Array, column: int, confidence: float = 0.95) -> Limits:
    """Give limits by the profile of the penalised likelihood, found by halving."""
    fit = firth(design, events)
    lowest = fit.log_likelihood - float(chi2.isf(1 - confidence, 1)) / 2

    def falls_short(value: float) -> bool:
        return firth(design, events, {column: value}).log_likelihood < lowest

    best = float(fit.coefficients[column])
    return _halve(falls_short, best, -1.0), _halve(falls_short, best, 1.0)


def _halve(is_outside: Callable[[float], bool], inside: float, direction: float) -> float:
    outside = inside + direction
    while not is_outside(outside):
        outside += 2 * (outside - inside)
    for _ in range(60):
        middle = (inside + outside) / 2
        if is_outside(middle):
            outside = middle
        else:
            inside = middle
    return (inside + outside) / 2


def _information(design: Array, at: Array) -> tuple[Array, Array]:
    p = 1 / (1 + np.exp(-design @ at))
    return p, design.T @ (design * (p * (1 - p))[:, None])


def _penalised(design: Array, events: Array, at: Array) -> float:
    linear = design @ at
    likelihood = float(np.sum(events * linear - np.logaddexp(0, linear)))
    return likelihood + float(np.linalg.slogdet(_information(design, at)[1])[1]) / 2
