"""Interactions, trends, families of tests, and survival, from simulated counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from tests.simulation.design import (
    COVERAGE,
    FALSE_POSITIVES,
    Asked,
    Count,
    Design,
    Question,
    covers,
    rejects,
)
from tests.simulation.exact import TESTS
from trdanalysis.analysis.contrasts import adjust_p_values, estimate_two_group_p
from trdanalysis.analysis.interactions import estimate_interaction
from trdanalysis.analysis.survival import estimate_incidence
from trdanalysis.analysis.trends import estimate_trend

INTERACTION, TRENDS, SURVIVAL = "Interaction", "Trend over age bands", "Cumulative incidence"


def draw_interaction(
    risks: Sequence[Sequence[float]], n: Sequence[Sequence[int]],
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count coverage of the relative excess risk, the difference of differences, the ratio."""
    risk, sizes = np.asarray(risks), np.asarray(n)
    truths = _interaction_truths(risks)
    limits = np.full((repetitions, 3, 2), np.nan)
    for at in range(repetitions):
        found = estimate_interaction(generator.binomial(sizes, risk), sizes)
        if found is not None:
            limits[at] = (
                (found.reri_low, found.reri_high), (found.rd_low, found.rd_high),
                (found.rr_low, found.rr_high),
            )  # fmt: skip
    return [covers(limits[:, at, 0], limits[:, at, 1], truth) for at, truth in enumerate(truths)]


def _interaction_truths(risks: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    (p00, p01), (p10, p11) = risks
    reri = (p11 - p10 - p01) / p00 + 1
    return reri, p11 - p10 - p01 + p00, p11 * p00 / (p10 * p01)


def draw_trend(
    risks: Sequence[float], n: Sequence[int], slope: float | None,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count coverage of the slope, and rejections by departure; without slope also by trend."""
    scores = np.arange(1, len(n) + 1)
    limits, p_values = np.full((repetitions, 2), np.nan), np.full((repetitions, 2), np.nan)
    for at in range(repetitions):
        trend = estimate_trend(generator.binomial(n, risks), n, scores)
        if trend is not None:
            limits[at] = trend.ci_low, trend.ci_high
            p_values[at] = trend.departure_p, trend.p_value
    counts = [covers(limits[:, 0], limits[:, 1], slope or 0.0), rejects(p_values[:, 0])]
    return counts if slope else [*counts, rejects(p_values[:, 1])]


def draw_family(
    n: int, risk: float, shares: Sequence[float], common: float,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count families of four factor groups in which any adjusted p-value is under 5%."""
    any_under = 0
    for _ in range(repetitions):
        event = generator.random(n) < risk
        # Some patients are alike in all groups: the tests of a family are not independent.
        own, shared = generator.random((len(shares), n)), generator.random(n)
        alike = generator.random(n) < common
        present = np.where(alike, shared, own) < np.asarray(shares)[:, None]
        with_it = present.sum(axis=1)
        had = (present & event).sum(axis=1)
        p_values, _ = estimate_two_group_p(had, with_it, event.sum() - had, n - with_it)
        any_under += bool((adjust_p_values(p_values, "holm") < 0.05).any())
    return [(any_under, repetitions)]


def draw_incidence(
    n: int, by_then: float, day: int, last_day: int,
    generator: np.random.Generator, repetitions: int,
) -> list[Count]:  # fmt: skip
    """Count coverage of the cumulative incidence by a day, with follow-up that ends at random."""
    hazard = -np.log(1 - by_then) / day
    limits = np.full((repetitions, 2), np.nan)
    for at in range(repetitions):
        event_day = np.ceil(generator.exponential(1 / hazard, n))
        end_day = generator.integers(1, last_day + 1, n)
        curve = estimate_incidence(np.minimum(event_day, end_day), event_day <= end_day)
        early = curve[curve["day"] <= day]
        if len(early):
            limits[at] = early[["ci_low", "ci_high"]].to_numpy()[-1]
    return [covers(limits[:, 0], limits[:, 1], by_then)]


def _interaction_designs() -> list[Design]:
    designs = []
    for n in (50, 100, 200, 500):
        for risks in (((0.2, 0.3), (0.3, 0.4)), ((0.1, 0.2), (0.15, 0.4))):
            truths = _interaction_truths(risks)
            names = ("relative excess risk", "difference of differences", "ratio of ratios")
            questions = tuple(
                Question(INTERACTION, f"{name} {truth:.3g}", 0.95, COVERAGE)
                for name, truth in zip(names, np.round(truths, 10) + 0.0, strict=True)
            )
            told = ", ".join(f"{risk:g}" for row in risks for risk in row)
            draw = partial(draw_interaction, risks, ((n, n), (n, n)))
            designs.append(Design(f"n {n} in each of four, risks {told}", draw, questions))
    return designs


def _trend_designs() -> list[Design]:
    designs = []
    for n, risk, slope in (
        ((20, 20, 20, 20), 0.3, 0.0), ((100, 100, 100, 100), 0.3, 0.0),
        ((200, 150, 100, 50), 0.5, 0.0), ((50, 50, 50, 50), 0.25, 0.05),
        ((200, 150, 100, 50), 0.15, 0.05), ((100, 100, 100, 100), 0.1, 0.2),
    ):  # fmt: skip
        risks = tuple(risk + slope * place for place in range(len(n)))
        coverage = Question(TRENDS, f"slope {slope:g}", 0.95, COVERAGE)
        departure = Question(TESTS, "no departure", 0.05, FALSE_POSITIVES)
        trend = Question(TESTS, "no trend", 0.05, FALSE_POSITIVES)
        told = ", ".join(str(size) for size in n)
        name = f"Cochran-Armitage, bands of {told}, first risk {risk:g}, slope {slope:g}"
        questions = (coverage, departure) if slope else (coverage, departure, trend)
        designs.append(Design(name, partial(draw_trend, risks, n, slope), questions))
    return designs


def _family_designs() -> list[Design]:
    # Holm's promise is "at most".
    asked = Asked(None, FALSE_POSITIVES.high)
    return [
        Design(
            f"Holm, four factor groups, n {n}, alike in {100 * common:.0f}%",
            partial(draw_family, n, 0.3, (0.3, 0.4, 0.5, 0.6), common),
            (Question(TESTS, "no difference in any", 0.05, asked),),
        )
        for n, common in ((100, 0.0), (400, 0.0), (400, 0.5))
    ]


def _incidence_designs() -> list[Design]:
    return [
        Design(
            f"Day 180, n {n}, incidence {by_then:g}, follow-up ends evenly over {last} days",
            partial(draw_incidence, n, by_then, 180, last),
            (Question(SURVIVAL, f"incidence {by_then:g}", 0.95, COVERAGE),),
            2000,
            250,
        )
        for n in (50, 100, 400)
        for by_then, last in ((0.2, 365), (0.5, 365), (0.5, 250))
    ]


def list_designs() -> list[Design]:
    """Give the designs of this module."""
    return [*_interaction_designs(), *_trend_designs(), *_family_designs(), *_incidence_designs()]
