"""Intervals and conclusions at their edges."""

from __future__ import annotations

import numpy as np
import pytest

from trdanalysis.analysis.intervals import (
    derive_conclusion,
    estimate_newcombe_difference,
    estimate_score_p_value,
    estimate_wilson,
)


def test_nobody_has_no_interval_no_p_and_no_conclusion() -> None:
    low, high = estimate_wilson([0, 1], [0, 2])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert 0 < low[1] < 0.5 < high[1] < 1
    assert np.isnan(estimate_score_p_value([0], [0], 0.3)[0])
    assert derive_conclusion([0], [0], 0.3, 0.05).tolist() == [""]


@pytest.mark.parametrize("n", [1, 7, 20, 100_003])
def test_limits_at_the_ends_are_exact_and_inside_the_scale(n: int) -> None:
    low, high = estimate_wilson([0, n], [n, n])
    assert low[0] == 0.0
    assert high[1] == 1.0
    assert 0 < high[0] < 1
    assert high[0] == pytest.approx(1 - low[1])


def find_events(n: int, word: str) -> list[int]:
    words = derive_conclusion(np.arange(n + 1), np.full(n + 1, n), 0.30, 0.05)
    return np.flatnonzero(words == word).tolist()


def test_conclusions_follow_their_order_along_the_scale() -> None:
    n = 400
    words = derive_conclusion(np.arange(n + 1), np.full(n + 1, n), 0.30, 0.05)
    changes = [words[0], *(b for a, b in zip(words, words[1:], strict=False) if a != b)]
    assert changes == ["below", "inconclusive", "equivalent", "inconclusive", "above"]


def test_each_conclusion_changes_where_its_interval_crosses() -> None:
    n = 400
    low, high = estimate_wilson(np.arange(n + 1), np.full(n + 1, n))
    low90, high90 = estimate_wilson(np.arange(n + 1), np.full(n + 1, n), 0.90)
    first_above = find_events(n, "above")[0]
    assert low[first_above] > 0.30 >= low[first_above - 1]
    last_below = find_events(n, "below")[-1]
    assert high[last_below] < 0.30 <= high[last_below + 1]
    same = find_events(n, "equivalent")
    assert low90[same[0]] > 0.25 >= low90[same[0] - 1]
    assert high90[same[-1]] < 0.35 <= high90[same[-1] + 1]


def test_equivalent_comes_before_above_and_below() -> None:
    # 33% of 10000: the 95% interval leaves 30% out, the 90% interval is within 5 points of it.
    assert estimate_wilson([3300], [10_000])[0][0] > 0.30
    assert derive_conclusion([3300], [10_000], 0.30, 0.05).tolist() == ["equivalent"]
    assert derive_conclusion([3300], [10_000], 0.30, 0.01).tolist() == ["above"]


def test_a_limit_on_the_reference_or_on_the_margin_settles_nothing() -> None:
    low, high = estimate_wilson([60], [100])
    assert derive_conclusion([60], [100], float(low[0]), 0.001).tolist() == ["inconclusive"]
    assert derive_conclusion([60], [100], float(high[0]), 0.001).tolist() == ["inconclusive"]
    # Around one half the 90% interval is symmetric: both its ends lie on the margin.
    low90, high90 = estimate_wilson([50], [100], 0.90)
    half_width = 0.5 - float(low90[0])
    assert half_width == pytest.approx(float(high90[0]) - 0.5)
    assert derive_conclusion([50], [100], 0.5, half_width * 1.0001).tolist() == ["equivalent"]
    assert derive_conclusion([50], [100], 0.5, half_width * 0.9999).tolist() == ["inconclusive"]


def test_the_p_value_and_the_interval_agree_about_the_reference() -> None:
    n = np.repeat([5, 17, 40, 333], 400)
    events = np.minimum(np.tile(np.arange(400), 4), n)
    low, high = estimate_wilson(events, n)
    p_value = estimate_score_p_value(events, n, 0.30)
    outside = (low > 0.30) | (high < 0.30)
    assert np.array_equal(outside, p_value < 0.05)


def test_a_difference_without_limits_keeps_the_difference() -> None:
    difference, low, high = estimate_newcombe_difference(
        [0.5], [0.4], [0.6], [0.309], [np.nan], [np.nan]
    )
    assert difference[0] == pytest.approx(0.191)
    assert np.isnan(low[0])
    assert np.isnan(high[0])
