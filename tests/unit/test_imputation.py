"""Imputation: Rubin's rules as published, the same seed the same bytes, another seed near it."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

from tests.slow import formulas
from tests.unit.analysis_cohorts import SETTINGS, Cohort, make_cohort
from tests.unit.analysis_tables import counts_of, frame_of
from tests.unit.test_odd_cohorts import people
from trdanalysis.analysis.imputation import impute, pool_estimates
from trdanalysis.analysis.rates import estimate_rates_of_counts
from trdanalysis.analysis.sensitivity import ImputationSettings, estimate_imputed


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("complete_df", [float("inf"), 9999, 20, 1])
def test_pooling_is_by_the_published_rules(seed: int, complete_df: float) -> None:
    chance = np.random.default_rng(seed)
    m = int(chance.integers(2, 30))
    estimates, variances = chance.normal(size=m).tolist(), chance.exponential(size=m).tolist()
    found, wanted = (
        pool_estimates(estimates, variances, complete_df),
        formulas.pool(estimates, variances, complete_df),
    )
    got = (found.estimate, found.variance, found.df, found.fraction_missing)
    expected = (wanted.estimate, wanted.variance, wanted.df, wanted.fraction_missing)
    assert got == pytest.approx(expected, rel=1e-9)


def test_pooling_what_does_not_vary() -> None:
    found = pool_estimates([0.5, 0.5], [0.1, 0.1], 30)
    assert (found.estimate, found.variance, found.fraction_missing) == (0.5, 0.1, 0)
    assert found.df == pytest.approx(formulas.pool([0.5, 0.5], [0.1, 0.1], 30).df)
    nothing = pool_estimates([0.5, 0.5], [0.0, 0.0])
    assert (nothing.variance, nothing.fraction_missing) == (0, 0)


def imputed(cohort: Cohort, seed: int, imputations: int = 10) -> pd.DataFrame:
    rates = estimate_rates_of_counts(counts_of(cohort), SETTINGS)
    return estimate_imputed(
        frame_of(cohort), rates, "article", ImputationSettings(imputations, seed)
    )


def with_missing(number: int) -> tuple[bool | None, ...]:
    chance = random.Random(number)
    outcome = chance.random() < (0.6 if number % 2 else 0.3)
    # More is missing where there are more events: a rate among the known is too low.
    return (None if chance.random() < (0.5 if number % 2 else 0.1) else outcome,)


def test_the_same_seed_gives_the_same_bytes_and_another_a_near_number() -> None:
    cohort = people(600, with_missing)
    one, again, other = imputed(cohort, 5), imputed(cohort, 5), imputed(cohort, 6)
    assert one.to_csv() == again.to_csv()
    shuffled = people(600, with_missing)
    random.Random(1).shuffle(shuffled.patients)
    random.Random(2).shuffle(shuffled.labels)
    random.Random(3).shuffle(shuffled.trials)
    assert imputed(shuffled, 5).to_csv() == one.to_csv()
    ok = (one["status"] == "ok") & (one["estimand"] == "initial_trial")
    assert ok.any()
    for _, row in one[ok].iterrows():
        there = other[other["estimand"] == row["estimand"]].iloc[0]
        assert row["rate"] != there["rate"]
        error = (row["ci_high"] - row["ci_low"]) / 3.92
        assert abs(row["rate"] - there["rate"]) < error
        assert row["ci_low"] < row["rate"] < row["ci_high"]


def test_imputing_mends_what_the_recorded_factor_explains() -> None:
    cohort = people(3000, with_missing)
    rates = estimate_rates_of_counts(counts_of(cohort), SETTINGS)
    counted = rates[(rates["stratum"] == "overall") & (rates["estimand"] == "initial_trial")]
    row = imputed(cohort, 1).set_index("estimand").loc["initial_trial"]
    assert counted["rate"].item() < 0.43
    assert row["rate"] == pytest.approx(0.45, abs=0.03)


def test_nothing_missing_imputes_nothing() -> None:
    cohort = people(200, lambda number: (number % 5 == 0,))
    row = imputed(cohort, 1).set_index("estimand").loc["initial_trial"]
    assert row["rate"] == pytest.approx(40 / 200)
    assert row["n_unknown"] == 0


def rows_with(patients: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({**columns, "patients": patients})


@pytest.mark.parametrize("patients", [1, 50, 10**7])
def test_nobody_is_lost_in_imputing(patients: int) -> None:
    nan = np.nan
    rows = rows_with(
        patients,
        a=[1, 0, nan, nan, 1, 0], b=[1, nan, 0, nan, 0, 1], never=[0, 0, nan, 0, nan, nan],
        site=[1.0, 0, 1, 0, 1, 0], same=[1.0, 0, 1, 0, 1, 0],
    )  # fmt: skip

    def check(completed: pd.DataFrame) -> float:
        assert completed["patients"].sum() == 6 * patients
        assert completed[["a", "b", "never"]].isin([0, 1]).all(axis=None)
        assert not completed["never"].any()
        return 0.0

    assert (
        impute(rows, ["a", "b", "never"], ["site", "same"], check, 4, np.random.default_rng(1))
        == [0.0] * 4
    )


@pytest.mark.parametrize("seed", range(3))
def test_small_cohorts_are_imputed_or_refused(seed: int) -> None:
    table = imputed(make_cohort(seed, 40), seed, imputations=2)
    shown = table[table["status"] == "ok"]
    assert shown[["rate", "ci_low", "ci_high", "p_value", "conclusion"]].notna().all(axis=None)
    assert (shown["ci_low"] < shown["rate"]).all() and (shown["rate"] < shown["ci_high"]).all()
