"""Standardised differences: closed forms, edges, and why there is none."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from trdanalysis.analysis.standardised import (
    Description,
    compare_levels,
    compare_numbers,
    describe_values,
)


def test_counted_values_are_described_as_the_values_one_by_one() -> None:
    chance = random.Random(4)
    for n in (2, 3, 4, 5, 50, 51):
        counts = {value: chance.randint(0, 5) for value in chance.sample(range(100), n)}
        people = [value for value, count in counts.items() for _ in range(count)]
        if len(people) < 2:
            continue
        own = describe_values(list(counts), list(counts.values()))
        q1, median, q3 = statistics.quantiles(people, n=4, method="inclusive")
        assert own == Description(
            len(people),
            pytest.approx(statistics.fmean(people)),
            pytest.approx(statistics.stdev(people)),
            pytest.approx(median), pytest.approx(q1), pytest.approx(q3),
        )  # fmt: skip


def test_nobody_and_one() -> None:
    nobody, one = describe_values([], []), describe_values([7.0], [1])
    assert nobody.n == 0 and math.isnan(nobody.mean) and math.isnan(nobody.median)
    assert (one.n, one.mean, one.median, one.q1, one.q3) == (1, 7, 7, 7, 7)
    assert math.isnan(one.sd)
    two = describe_values([1.0, 2.0], [3, 3])
    assert compare_numbers(nobody, two)[1] == "nobody_in_a_group"
    assert compare_numbers(two, one)[1] == "fewer_than_two_patients"


def test_numbers_are_signed_and_need_spread() -> None:
    low, high = describe_values([1, 3], [5, 5]), describe_values([2, 4], [5, 5])
    value, reason = compare_numbers(low, high)
    assert reason is None and value == pytest.approx(-1 / low.sd)
    assert compare_numbers(high, low)[0] == pytest.approx(-value)
    alike = describe_values([5.0], [9])
    assert compare_numbers(alike, alike)[1] == "one_level"
    assert compare_numbers(alike, describe_values([6.0], [9]))[1] == "separation"


def test_two_levels_are_austins() -> None:
    for yes, no, other_yes, other_no in ((30, 70, 55, 45), (1, 9, 0, 50), (5, 0, 1, 4)):
        p, q = yes / (yes + no), other_yes / (other_yes + other_no)
        expected = abs(p - q) / math.sqrt((p * (1 - p) + q * (1 - q)) / 2)
        assert compare_levels([yes, no], [other_yes, other_no])[0] == pytest.approx(expected)


def test_levels_are_alike_in_any_order_and_beside_empty_ones() -> None:
    one, other = [10, 20, 5, 0, 7], [4, 9, 0, 0, 30]
    value, reason = compare_levels(one, other)
    assert reason is None and value > 0
    assert compare_levels(one[::-1], other[::-1])[0] == pytest.approx(value)
    assert compare_levels(other, one)[0] == pytest.approx(value)
    assert compare_levels([*one, 0], [*other, 0])[0] == pytest.approx(value)
    assert compare_levels([2, 4, 6], [1, 2, 3])[0] == pytest.approx(0)


def test_why_levels_have_no_difference() -> None:
    assert compare_levels([0, 0], [1, 2])[1] == "nobody_in_a_group"
    assert compare_levels([3, 0], [9, 0])[1] == "one_level"
    assert compare_levels([3, 2, 0], [0, 0, 5])[1] == "separation"
    assert compare_levels([3, 2, 0], [0, 1, 5])[1] is None
