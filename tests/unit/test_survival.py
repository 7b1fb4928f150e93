"""Curves of second failures: Kaplan and Meier's, of anybody and of nobody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from tests.slow import formulas
from trdanalysis.analysis.survival import CURVE_COLUMNS, estimate_curves, estimate_incidence

NUMBERS = ["day", "n_at_risk", "events", "censored", "cumulative_incidence", "ci_low", "ci_high"]


def follow_up(people: Sequence[tuple[int, bool]], patients: int = 1) -> pd.DataFrame:
    table = pd.DataFrame(list(people), columns=["days", "has_event"]).assign(curve="definite")
    table = table.groupby(["curve", "days", "has_event"]).size().reset_index(name="patients")
    return table.assign(patients=table["patients"] * patients)


def check(people: Sequence[tuple[int, bool]], patients: int = 1) -> None:
    """Compare a curve with the slow one, day by day."""
    curve = estimate_curves(follow_up(people, patients), "article")
    assert list(curve.columns) == list(CURVE_COLUMNS) and set(curve["status"]) == {"ok"}
    start, rows = curve.iloc[0], curve.iloc[1:]
    assert (start["day"], start["events"], start["cumulative_incidence"]) == (0, 0, 0)
    assert start["n_at_risk"] == len(people) * patients
    slow = [step for step in formulas.kaplan_meier(people) if step.events]
    assert rows["day"].tolist() == [step.day for step in slow]
    assert rows["n_at_risk"].tolist() == [step.n_at_risk * patients for step in slow]
    assert rows["events"].tolist() == [step.events * patients for step in slow]
    got = rows["cumulative_incidence"].tolist()
    assert got == pytest.approx([step.incidence for step in slow], rel=1e-9)
    if patients == 1:
        for step, low, high in zip(slow, rows["ci_low"], rows["ci_high"], strict=True):
            wanted = [np.nan if one is None else one for one in (step.ci_low, step.ci_high)]
            assert [low, high] == pytest.approx(wanted, rel=1e-9, nan_ok=True)
    everybody = curve["events"].sum() + curve["censored"].sum()
    assert everybody == len(people) * patients


@pytest.mark.parametrize(
    "people",
    [
        [(5, True)],
        [(0, True)],
        [(5, False)],
        [(0, False)],
        [(0, True), (0, False)],
        [(5, True), (5, False)],
        [(5, True), (5, True)],
        [(5, False), (7, True)],
        [(5, True), (7, False)],
        [(5, True), (7, True), (9, True)],
        [(0, False), (0, True), (3, False), (3, True), (3, True), (9, False)],
    ],
)
@pytest.mark.parametrize("patients", [1, 10**7])
def test_few(people: list[tuple[int, bool]], patients: int) -> None:
    check(people, patients)


@pytest.mark.parametrize("seed", range(30))
def test_random_follow_up(seed: int) -> None:
    chance = np.random.default_rng(seed)
    size = int(chance.integers(2, 80))
    days = chance.integers(0, 30, size).tolist()
    check(list(zip(days, (chance.random(size) < chance.random()).tolist(), strict=True)))


def test_nobody_is_one_row_a_curve() -> None:
    empty = pd.DataFrame({"curve": [], "days": [], "has_event": [], "patients": []})
    curve = estimate_curves(empty, "article")
    assert curve["curve"].tolist() == ["definite", "possible"]
    assert set(curve["status"]) == {"not_estimable"} and curve["n_at_risk"].eq(0).all()
    assert curve[["cumulative_incidence", "ci_low", "ci_high"]].isna().all(axis=None)


def test_grouping_and_order_change_nothing() -> None:
    chance = np.random.default_rng(3)
    days, had = chance.integers(0, 30, 60), chance.random(60) < 0.4
    single = estimate_incidence(days, had)
    order = chance.permutation(60)
    weights = np.concatenate([np.ones(60), np.full(60, 2)])
    pd.testing.assert_frame_equal(estimate_incidence(days[order], had[order]), single)
    split = estimate_incidence(np.r_[days, days], np.r_[had, had], weights)
    whole = estimate_incidence(days, had, np.full(60, 3))
    pd.testing.assert_frame_equal(split, whole)
    assert list(single.columns) == NUMBERS
