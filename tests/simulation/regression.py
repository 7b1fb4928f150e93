"""Models of patients: modified Poisson, standardised logistic, Firth, and the age spline."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from tests.simulation.design import (
    COVERAGE,
    FALSE_POSITIVES,
    Asked,
    Count,
    Design,
    Floats,
    Question,
    covers,
    rejects,
)
from tests.simulation.exact import TESTS
from trdanalysis.analysis.adjusted import give_ratio
from trdanalysis.analysis.age_models import _fit_spline, _wald
from trdanalysis.analysis.firth import fit_firth
from trdanalysis.analysis.models import (
    NotEstimableError,
    fit_logistic,
    fit_modified_poisson,
    standardise,
)
from trdanalysis.analysis.splines import place_knots

MODELS = "Models of patients"
NAMES = ("intercept", "exposed", "first", "second")


def draw_covariates(generator: np.random.Generator, n: int) -> Floats:
    """Draw patients: an exposure that goes with two covariates."""
    first = generator.random(n) < 0.4
    second = generator.random(n) < 0.5
    exposed = generator.random(n) < 0.25 + 0.2 * first + 0.15 * second
    return np.column_stack([np.ones(n), exposed, first, second])


def group(design: Floats, event: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Group patients who share all terms."""
    rows, at = np.unique(design, axis=0, return_inverse=True)
    return rows, np.bincount(at, weights=event), np.bincount(at).astype(float)


def draw_poisson(
    n: int, ratio: float, generator: np.random.Generator, repetitions: int
) -> list[Count]:
    """Count coverage of the adjusted risk ratio; where it is 1, also rejections."""
    limits, p_values = np.full((repetitions, 2), np.nan), np.full(repetitions, np.nan)
    beta = np.log([0.25, ratio, 1.3, 0.8])
    for at in range(repetitions):
        design = draw_covariates(generator, n)
        event = generator.random(n) < np.exp(design @ beta)
        rows, events, sizes = group(design, event)
        try:
            found = give_ratio(fit_modified_poisson(rows, events, sizes, NAMES), "exposed")
        except NotEstimableError:
            continue
        limits[at] = found["ci_low"], found["ci_high"]
        p_values[at] = found["p_value"]
    counts = [covers(limits[:, 0], limits[:, 1], ratio)]
    return counts if ratio != 1 else [*counts, rejects(p_values)]


def _population() -> tuple[Floats, Floats]:
    """Give all kinds of patients and how common they are."""
    rows, weights = [], []
    for first in (0, 1):
        for second in (0, 1):
            exposed = 0.25 + 0.2 * first + 0.15 * second
            share = (0.4 if first else 0.6) * 0.5
            rows += [(1, 1, first, second), (1, 0, first, second)]
            weights += [share * exposed, share * (1 - exposed)]
    return np.asarray(rows, dtype=float), np.asarray(weights)


def true_risks(beta: Floats, rows: Floats, weights: Floats) -> tuple[float, float]:
    """Give the mean risks with everybody exposed and with nobody."""
    risks = []
    for value in (1.0, 0.0):
        set_to = rows.copy()
        set_to[:, 1] = value
        risks.append(float(weights @ (1 / (1 + np.exp(-set_to @ beta))) / weights.sum()))
    return risks[0], risks[1]


def _logistic_beta(odds_ratio: float) -> Floats:
    return np.array([-1.0, np.log(odds_ratio), 0.8, -0.5])


def draw_standardised(
    n: int, odds_ratio: float, generator: np.random.Generator, repetitions: int
) -> list[Count]:
    """Count coverage of the standardised difference and ratio.

    Twice each: for the patients as they are, as the method promises, and for where they are from.
    """
    beta = _logistic_beta(odds_ratio)
    population = true_risks(beta, *_population())
    limits = np.full((repetitions, 4), np.nan)
    truths = np.full((repetitions, 2), np.nan)
    p_values = np.full(repetitions, np.nan)
    for at in range(repetitions):
        design = draw_covariates(generator, n)
        event = generator.random(n) < 1 / (1 + np.exp(-design @ beta))
        rows, events, sizes = group(design, event)
        try:
            found = standardise(fit_logistic(rows, events, sizes, NAMES), rows, "exposed", sizes)
        except NotEstimableError:
            continue
        limits[at] = found.rd_low, found.rd_high, found.rr_low, found.rr_high
        p_values[at] = found.p_value
        with_it, without = true_risks(beta, rows, sizes)
        truths[at] = with_it - without, with_it / without
    difference, ratio = population[0] - population[1], population[0] / population[1]
    counts = [
        covers(limits[:, 0], limits[:, 1], truths[:, 0]),
        covers(limits[:, 2], limits[:, 3], truths[:, 1]),
        covers(limits[:, 0], limits[:, 1], difference),
        covers(limits[:, 2], limits[:, 3], ratio),
    ]
    return counts if odds_ratio != 1 else [counts[0], counts[1], rejects(p_values)]


def draw_firth(
    n: int, odds_ratio: float, generator: np.random.Generator, repetitions: int
) -> list[Count]:
    """Count coverage of the profile limits where cells are sparse, and rejections of no effect."""
    limits, p_values = np.full((repetitions, 2), np.nan), np.full(repetitions, np.nan)
    beta = np.array([-2.5, np.log(odds_ratio), 0.5])
    for at in range(repetitions):
        design = draw_covariates(generator, n)[:, :3]
        event = generator.random(n) < 1 / (1 + np.exp(-design @ beta))
        try:
            fit = fit_firth(*group(design, event), NAMES[:3], of=["exposed"])
        except NotEstimableError:
            continue
        limits[at] = fit.ci_low[1], fit.ci_high[1]
        p_values[at] = fit.p_value[1]
    counts = [covers(limits[:, 0], limits[:, 1], np.log(odds_ratio))]
    return counts if odds_ratio != 1 else [*counts, rejects(p_values)]


def draw_spline(
    n: int, per_decade: float, knots: int, generator: np.random.Generator, repetitions: int
) -> list[Count]:
    """Count rejections by the departure of the age spline from a line that is one."""
    p_values = np.full(repetitions, np.nan)
    for at in range(repetitions):
        age = generator.integers(18, 81, n)
        event = generator.random(n) < 1 / (1 + np.exp(0.5 - per_decade * (age - 45) / 10))
        counted = pd.DataFrame({"age": age, "events": event.astype(float), "n": 1.0})
        by_age = counted.groupby("age")[["events", "n"]].sum()
        at_knots = place_knots(by_age.index, by_age["n"], knots)
        try:
            fit, basis = _fit_spline(by_age, at_knots)
        except NotEstimableError:
            continue
        p_values[at] = _wald(fit, list(range(2, basis.shape[1])))["p_value"]
    return [rejects(p_values)]


def list_designs() -> list[Design]:
    """Give the designs of this module."""
    designs = []
    for n in (100, 200, 1000):
        for ratio in (1.0, 1.5):
            questions = (
                Question(MODELS, f"risk ratio {ratio:g}", 0.95, COVERAGE),
                Question(TESTS, "risk ratio 1", 0.05, FALSE_POSITIVES),
            )
            draw = partial(draw_poisson, n, ratio)
            questions = questions if ratio == 1 else questions[:1]
            name = f"Modified Poisson, n {n}, ratio {ratio:g}"
            designs.append(Design(name, draw, questions, 2000))
        for odds_ratio in (1.0, 2.0):
            with_it, without = true_risks(_logistic_beta(odds_ratio), *_population())
            texts = [f"difference {with_it - without:.3g}", f"ratio {with_it / without:.3g}"]
            if odds_ratio == 1:
                questions = (
                    *(Question(MODELS, text, 0.95, COVERAGE) for text in texts),
                    Question(TESTS, "difference 0", 0.05, FALSE_POSITIVES),
                )
            else:
                questions = tuple(
                    Question(MODELS, f"{text}, {whose}", 0.95, COVERAGE)
                    for whose in ("of the patients", "of the population")
                    for text in texts
                )
            name = f"Standardised logistic, n {n}, odds ratio {odds_ratio:g}"
            draw = partial(draw_standardised, n, odds_ratio)
            designs.append(Design(name, draw, questions, 2000))
    for n, odds_ratio in ((60, 1.0), (60, 4.0), (120, 4.0)):
        questions = (
            Question(MODELS, f"odds ratio {odds_ratio:g}", 0.95, COVERAGE),
            Question(TESTS, "odds ratio 1", 0.05, Asked(None, FALSE_POSITIVES.high)),
        )
        questions = questions if odds_ratio == 1 else questions[:1]
        name = f"Firth, n {n}, base risk 0.08, odds ratio {odds_ratio:g}"
        draw = partial(draw_firth, n, odds_ratio)
        designs.append(Design(name, draw, questions, 2000, 125))
    for n, per_decade in ((200, 0.0), (200, 0.2), (1000, 0.2)):
        question = Question(TESTS, "a straight line", 0.05, FALSE_POSITIVES)
        name = f"Age spline, 4 knots, n {n}, log odds {per_decade:g} a decade"
        designs.append(Design(name, partial(draw_spline, n, per_decade, 4), (question,), 2000, 250))
    return designs
