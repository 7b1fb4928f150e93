"""Proportions by enumeration: every possible outcome with its chance, so no simulation error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tests.simulation.design import (
    AT_MOST_NOMINAL,
    COVERAGE,
    FALSE_POSITIVES,
    Asked,
    Floats,
    Question,
    Row,
    make_exact_row,
)
from trdanalysis.analysis.contrasts import (
    estimate_risk_difference,
    estimate_risk_ratio,
    estimate_two_group_p,
)
from trdanalysis.analysis.intervals import (
    derive_conclusion,
    estimate_clopper_pearson,
    estimate_score_p_value,
    estimate_wilson,
)

SIZES = (5, 10, 20, 30, 50, 100, 200)
ONE_RATE, TWO_RATES = "One rate: intervals", "Two rates: intervals"
TESTS, EQUIVALENCE = "Tests under no difference", "`equivalent` at the edge of the margin"
REFERENCE, MARGIN = 0.30, 0.05

#: Two groups: patients, patients, chance, chance.
PAIRS = (
    (30, 30, 0.3, 0.3), (50, 50, 0.5, 0.3), (100, 40, 0.2, 0.1), (100, 100, 0.65, 0.5),
    (200, 200, 0.05, 0.1), (300, 200, 0.35, 0.3),
)  # fmt: skip
#: Two groups with the same chance.
SAME = (
    (20, 20, 0.1), (30, 30, 0.3), (50, 50, 0.3), (100, 40, 0.2), (100, 100, 0.5), (200, 200, 0.05),
    (300, 200, 0.3),
)  # fmt: skip

Limits = tuple[Floats, Floats]


def enumerate_coverage(
    estimate: Callable[[Floats, Floats], Limits], n: int, chances: Floats
) -> Floats:
    """Give the coverage of an interval of one proportion at each true chance."""
    from scipy.stats import binom

    events = np.arange(n + 1)
    low, high = estimate(events, np.full(n + 1, n))
    inside = (low <= chances[:, None]) & (chances[:, None] <= high)
    covered: Floats = (binom.pmf(events, n, chances[:, None]) * inside).sum(axis=1)
    return covered


def enumerate_pairs(n: int, other_n: int, p: float, other_p: float) -> tuple[Floats, ...]:
    """Give every pair of counts and its chance."""
    from scipy.stats import binom

    a, b = (part.ravel() for part in np.mgrid[0 : n + 1, 0 : other_n + 1])
    return a, b, binom.pmf(a, n, p) * binom.pmf(b, other_n, other_p)


def list_rows() -> Iterator[Row]:
    """Give all rows that are enumerated."""
    yield from _one_rate()
    yield from _two_rates()
    yield from _tests()
    yield from _equivalence()


def _one_rate() -> Iterator[Row]:
    chances = np.arange(10, 991) / 1000
    for n in SIZES:
        covered = enumerate_coverage(estimate_clopper_pearson, n, chances)
        at = int(covered.argmin())
        question = Question(ONE_RATE, "p 0.01 to 0.99", 0.95, Asked(0.95, None))
        note = f" (p {chances[at]:g})"
        yield make_exact_row(f"Clopper-Pearson, n {n}, least coverage", question, covered[at], note)
    middle = np.arange(50, 951) / 1000
    for n in SIZES:
        covered = enumerate_coverage(estimate_wilson, n, middle)
        question = Question(ONE_RATE, "p 0.05 to 0.95", 0.95, Asked(0.94, 0.96))
        yield make_exact_row(f"Wilson, n {n}, mean coverage", question, float(covered.mean()))
        at = int(covered.argmin())
        asked = Asked(0.92, None) if n >= 30 else Asked()
        question = Question(ONE_RATE, "p 0.05 to 0.95", 0.95, asked)
        note = f" (p {middle[at]:g})"
        yield make_exact_row(f"Wilson, n {n}, least coverage", question, covered[at], note)


def _two_rates() -> Iterator[Row]:
    for n, m, p, q in PAIRS:
        a, b, chance = enumerate_pairs(n, m, p, q)
        sizes = np.full(a.shape, n), np.full(b.shape, m)
        name = f"n {n} and {m}, risks {p:g} and {q:g}"
        _, low, high = estimate_risk_difference(a, sizes[0], b, sizes[1])
        covered = float(chance[(low <= p - q) & (p - q <= high)].sum())
        question = Question(TWO_RATES, f"difference {p - q:g}", 0.95, COVERAGE)
        yield make_exact_row(f"Newcombe difference, {name}", question, covered)
        _, low, high = estimate_risk_ratio(a, sizes[0], b, sizes[1])
        told = ~np.isnan(low)
        hit = told & (low <= p / q) & (p / q <= high)
        question = Question(TWO_RATES, f"ratio {p / q:.3g}", 0.95, COVERAGE)
        yield make_exact_row(
            f"Risk ratio, {name}", question, float(chance[hit].sum() / chance[told].sum())
        )


def _tests() -> Iterator[Row]:
    from scipy.stats import binom

    for n in (30, 50, 100, 200, 500, 1000):
        events = np.arange(n + 1)
        p_value = estimate_score_p_value(events, np.full(n + 1, n), REFERENCE)
        got = float(binom.pmf(events, n, REFERENCE)[p_value < 0.05].sum())
        question = Question(TESTS, f"rate {REFERENCE:g}", 0.05, FALSE_POSITIVES)
        yield make_exact_row(f"Score test against the reference, n {n}", question, got)
    for n, m, p in SAME:
        a, b, chance = enumerate_pairs(n, m, p, p)
        # What is next to impossible adds nothing, and exact tests of it take time.
        likely = chance > 1e-10
        a, b, chance = a[likely], b[likely], chance[likely]
        sizes = (np.full(a.shape, n), np.full(a.shape, m))
        p_value, test = estimate_two_group_p(a, sizes[0], b, sizes[1])
        exact = float(chance[test == "fisher"].sum())
        # Fisher's test keeps below the level; where it is used, only too much is asked about.
        asked = Asked(None, FALSE_POSITIVES.high) if exact > 0.5 else FALSE_POSITIVES
        question = Question(TESTS, f"both risks {p:g}", 0.05, asked)
        name = f"Two groups, n {n} and {m} (exact test in {100 * exact:.0f}%)"
        yield make_exact_row(name, question, float(chance[p_value < 0.05].sum()))


def _equivalence() -> Iterator[Row]:
    from scipy.stats import binom

    for n in (200, 500, 1000, 2000, 5000):
        events = np.arange(n + 1)
        said = derive_conclusion(events, np.full(n + 1, n), REFERENCE, MARGIN) == "equivalent"
        for truth in (REFERENCE - MARGIN, REFERENCE + MARGIN):
            got = float(binom.pmf(events, n, truth)[said].sum())
            question = Question(EQUIVALENCE, f"rate {truth:g}", 0.05, AT_MOST_NOMINAL)
            yield make_exact_row(f"Patients, n {n}", question, got)
