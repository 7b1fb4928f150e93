"""Rates of trials of which a patient may have several: the ratio estimator and the equations."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.simulation.design import (
    AT_MOST_NOMINAL,
    COVERAGE,
    COVERAGE_FEW_CLUSTERS,
    FALSE_POSITIVES,
    FALSE_POSITIVES_FEW_CLUSTERS,
    FEW_CLUSTERS,
    Asked,
    Count,
    Design,
    Floats,
    Question,
    covers,
    rejects,
)
from tests.simulation.exact import EQUIVALENCE, MARGIN, REFERENCE, TESTS
from trdanalysis.analysis.clusters import (
    ClusterRate,
    add_up_clusters,
    estimate_cluster_p_value,
    estimate_clusters,
)
from trdanalysis.analysis.contrasts import estimate_cluster_difference, estimate_cluster_ratio
from trdanalysis.analysis.intervals import conclude
from trdanalysis.analysis.models import NotEstimableError, fit_gee

CLUSTERS, EQUATIONS = "Rates of trials: the ratio estimator", "Estimating equations, log link"
MOST_TRIALS = 6
Z = 1.959963984540054


def draw_patients(
    generator: np.random.Generator, shape: tuple[int, ...], risk: Floats | float, correlation: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw patients with 1 to 6 trials and a beta-distributed risk of their own."""
    trials = generator.integers(1, MOST_TRIALS + 1, shape)
    own = np.broadcast_to(np.asarray(risk, dtype=float), shape)
    if correlation > 0:
        size = (1 - correlation) / correlation
        own = generator.beta(own * size, (1 - own) * size)
    return trials, generator.binomial(trials, own)


def draw_rates(
    generator: np.random.Generator, patients: int, risk: float, correlation: float, repetitions: int
) -> ClusterRate:
    """Draw cohorts and estimate the rate of each."""
    trials, events = draw_patients(generator, (repetitions, patients), risk, correlation)
    at = np.repeat(np.arange(repetitions), patients)
    sums = add_up_clusters(trials.ravel(), events.ravel(), np.ones(at.shape), at, repetitions)
    return estimate_clusters(sums)


def draw_one(
    patients: int, risk: float, correlation: float,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count coverage of one rate, and rejections of the truth."""
    rates = draw_rates(generator, patients, risk, correlation, repetitions)
    return [
        covers(rates.ci_low, rates.ci_high, risk),
        rejects(estimate_cluster_p_value(rates, risk)),
    ]


def draw_two(
    patients: int, risk: float, other_risk: float, correlation: float,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count coverage of the difference and the ratio; where there is none, also rejections."""
    one = draw_rates(generator, patients, risk, correlation, repetitions)
    other = draw_rates(generator, patients, other_risk, correlation, repetitions)
    _, low, high, p_value = estimate_cluster_difference(one, other)
    counts = [covers(low, high, risk - other_risk)]
    _, low, high = estimate_cluster_ratio(one, other)
    counts.append(covers(low, high, risk / other_risk))
    return counts if risk != other_risk else [*counts, rejects(p_value)]


def draw_equivalence(
    patients: int, risk: float, correlation: float,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count cohorts of which the conclusion is ``equivalent``."""
    rates = draw_rates(generator, patients, risk, correlation, repetitions)
    limits = (rates.ci_low, rates.ci_high, rates.ci90_low, rates.ci90_high)
    said = conclude(*limits, REFERENCE, MARGIN) == "equivalent"
    return [(int(said.sum()), repetitions)]


def draw_equations(
    patients: int, ratio: float, correlation: float,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count coverage of a risk ratio adjusted for another term of the patient."""
    limits, p_values = np.full((repetitions, 2), np.nan), np.full(repetitions, np.nan)
    for at in range(repetitions):
        other = generator.random(patients) < 0.4
        exposed = generator.random(patients) < np.where(other, 0.6, 0.3)
        risk = 0.3 * ratio**exposed * 1.3**other
        trials, events = draw_patients(generator, (patients,), risk, correlation)
        design = np.column_stack([np.ones(patients), exposed, other])
        try:
            value, error = fit_gee(design, events, trials).at("x1")
        except NotEstimableError:
            continue
        limits[at] = value - Z * error, value + Z * error
        p_values[at] = 1.0 if abs(value) < Z * error else 0.0
    counts = [covers(limits[:, 0], limits[:, 1], np.log(ratio))]
    return counts if ratio != 1 else [*counts, rejects(p_values)]


def coverage_asked(patients: int) -> Asked:
    """Give what is asked of coverage with so many patients in all."""
    return COVERAGE_FEW_CLUSTERS if patients < FEW_CLUSTERS else COVERAGE


def level_asked(patients: int) -> Asked:
    """Give what is asked of false positives with so many patients in all."""
    return FALSE_POSITIVES_FEW_CLUSTERS if patients < FEW_CLUSTERS else FALSE_POSITIVES


def list_designs() -> list[Design]:
    """Give the designs of this module."""
    designs = []
    for risk in (0.3, 0.6):
        for patients in (30, 50, 200):
            for correlation in (0.0, 0.1, 0.3):
                questions = (
                    Question(CLUSTERS, f"rate {risk:g}", 0.95, coverage_asked(patients)),
                    Question(TESTS, f"rate {risk:g}", 0.05, level_asked(patients)),
                )
                name = f"Trials of {patients} patients, correlation {correlation:g}"
                draw = partial(draw_one, patients, risk, correlation)
                designs.append(Design(f"{name}, risk {risk:g}", draw, questions, 20_000, 2000))
    for patients in (20, 30, 50, 200):
        for correlation in (0.0, 0.1, 0.3):
            for risk in (0.3, 0.5):
                asked = coverage_asked(2 * patients)
                questions = (
                    Question(CLUSTERS, f"difference {risk - 0.3:g}", 0.95, asked),
                    Question(CLUSTERS, f"ratio {risk / 0.3:.3g}", 0.95, asked),
                    Question(TESTS, "both rates 0.3", 0.05, level_asked(2 * patients)),
                )
                name = f"Trials of twice {patients} patients, correlation {correlation:g}"
                draw = partial(draw_two, patients, risk, 0.3, correlation)
                questions = questions if risk == 0.3 else questions[:2]
                designs.append(Design(f"{name}, risk {risk:g}", draw, questions, 10_000, 2000))
    for patients in (400, 1000):
        for risk in (0.25, 0.35):
            question = Question(EQUIVALENCE, f"rate {risk:g}", 0.05, AT_MOST_NOMINAL)
            name = f"Trials of {patients} patients, correlation 0.3"
            draw = partial(draw_equivalence, patients, risk, 0.3)
            designs.append(Design(f"{name}, risk {risk:g}", draw, (question,), 20_000, 1000))
    for patients in (50, 100, 200):
        for correlation in (0.1, 0.3):
            for ratio in (1.0, 1.5):
                questions = (
                    Question(EQUATIONS, f"ratio {ratio:g}", 0.95, COVERAGE),
                    Question(TESTS, "ratio 1", 0.05, FALSE_POSITIVES),
                )
                name = f"Estimating equations, {patients} patients, correlation {correlation:g}"
                draw = partial(draw_equations, patients, ratio, correlation)
                questions = questions if ratio == 1 else questions[:1]
                designs.append(Design(f"{name}, ratio {ratio:g}", draw, questions, 2000, 250))
    return designs
