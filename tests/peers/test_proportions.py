"""Proportions against published worked examples and another implementation.

Newcombe RG (1998) Stat Med 17:857-872 (single proportions, method 3) and 17:873-890 (differences,
method 10).
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

from trdanalysis.analysis.intervals import (
    estimate_newcombe_difference,
    estimate_score_p_value,
    estimate_wilson,
)

PUBLISHED = Path(__file__).parents[2] / "config" / "reference" / "published_rates.csv"


def wilson_by_hand(events: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Give the roots of the score equation, as in the paper."""
    middle = 2 * events + z**2
    half = z * math.sqrt(z**2 + 4 * events * (1 - events / n))
    return (middle - half) / (2 * (n + z**2)), (middle + half) / (2 * (n + z**2))


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_limits(events: int, n: int, low: float, high: float) -> None:
    given_low, given_high = estimate_wilson([events], [n])
    assert given_low[0] == pytest.approx(low, abs=5e-5)
    assert given_high[0] == pytest.approx(high, abs=5e-5)


def test_wilson_is_the_score_equation_solved() -> None:
    n = np.repeat([1, 2, 10, 97, 4000], 50)
    events = np.round(np.tile(np.linspace(0, 1, 50), 5) * n)
    low, high = estimate_wilson(events, n)
    by_hand = np.array([wilson_by_hand(e, m) for e, m in zip(events, n, strict=True)])
    np.testing.assert_allclose(np.c_[low, high], by_hand, rtol=1e-10, atol=1e-12)
    low90, high90 = estimate_wilson(events, n, 0.90)
    by_hand = [wilson_by_hand(e, m, 1.6448536269514722) for e, m in zip(events, n, strict=True)]
    np.testing.assert_allclose(np.c_[low90, high90], by_hand, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("events", "n"), [(0, 20), (1, 29), (15, 148), (81, 263), (29, 29)])
def test_score_test_is_that_of_statsmodels(events: int, n: int) -> None:
    _, expected = proportions_ztest(events, n, value=0.30, prop_var=0.30)
    assert estimate_score_p_value([events], [n], 0.30)[0] == pytest.approx(expected, rel=1e-10)


def newcombe(events: int, n: int, other_events: int, other_n: int) -> tuple[float, float, float]:
    low, high = estimate_wilson([events, other_events], [n, other_n])
    parts = estimate_newcombe_difference(
        events / n, low[0], high[0], other_events / other_n, low[1], high[1]
    )
    return tuple(float(part) for part in parts)


@pytest.mark.parametrize(
    ("sample", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((10, 10, 0, 20), 0.6791, 1.0000),
    ],
)
def test_newcombe_gives_the_published_limits(
    sample: tuple[int, int, int, int], low: float, high: float
) -> None:
    difference, given_low, given_high = newcombe(*sample)
    assert difference == pytest.approx(sample[0] / sample[1] - sample[2] / sample[3])
    assert given_low == pytest.approx(low, abs=5e-5)
    assert given_high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize("sample", [(56, 70, 48, 80), (1, 30, 429, 1475), (0, 12, 1524, 2876)])
def test_newcombe_is_that_of_statsmodels(sample: tuple[int, int, int, int]) -> None:
    expected = confint_proportions_2indep(*sample, method="newcomb", compare="diff")
    assert newcombe(*sample)[1:] == pytest.approx(expected, rel=1e-9)


def read_published() -> list[dict[str, str]]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_published_wilson_limits_follow_from_rate_and_n() -> None:
    rows = [row for row in read_published() if row["interval_method"] == "wilson"]
    assert len(rows) > 15
    for row in rows:
        low, high = estimate_wilson(
            [float(row["published_rate"]) * float(row["published_n"])], [float(row["published_n"])]
        )
        # Rates and limits are published to a tenth of a percent, some rates to a whole one.
        assert low[0] == pytest.approx(float(row["published_low"]), abs=0.0016), row["reference_id"]
        assert high[0] == pytest.approx(float(row["published_high"]), abs=0.0016), row[
            "reference_id"
        ]


def test_published_rates_are_numbers_with_a_source() -> None:
    rows = read_published()
    assert len({row["reference_id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["source"], row["reference_id"]
        assert row["confidence"], row["reference_id"]
        assert 0 < float(row["published_rate"]) < 1
        assert row["interval_method"] in {"wilson", "cluster", ""}
        if row["published_n"]:
            n = int(row["published_n"])
            if row["published_events"]:
                share = int(row["published_events"]) / n
                assert share == pytest.approx(float(row["published_rate"]), abs=0.0006)
        else:
            assert not row["published_events"]
            assert not row["interval_method"]
        if row["interval_method"]:
            limits = (float(row["published_low"]), float(row["published_high"]))
            assert limits[0] <= float(row["published_rate"]) <= limits[1]
        assert bool(row["estimand"]) == (row["same_quantity"] in {"yes", "no"})
