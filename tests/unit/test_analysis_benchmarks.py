"""Benchmarks: which published rate stands beside which estimand, and with what interval."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.unit.analysis_cohorts import SETTINGS, Cohort, make_cohort, states_of
from trdanalysis.analysis.benchmarks import BENCHMARK_COLUMNS, estimate_benchmarks
from trdanalysis.analysis.intervals import estimate_wilson
from trdanalysis.analysis.rates import estimate_rates

PUBLISHED = Path(__file__).parents[2] / "config" / "reference" / "published_rates.csv"


@pytest.fixture(scope="module")
def rates() -> pd.DataFrame:
    states = states_of(make_cohort(11, 200))
    return estimate_rates(states, SETTINGS)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return pd.read_csv(PUBLISHED, dtype=str, keep_default_na=False)


def test_each_estimand_stands_beside_its_own_references(
    rates: pd.DataFrame, published: pd.DataFrame
) -> None:
    table = estimate_benchmarks(rates, published)
    assert tuple(table.columns) == BENCHMARK_COLUMNS
    pairs = list(zip(table["estimand"], table["reference_id"], table["same_quantity"], strict=True))
    assert pairs == [
        ("initial_trial", "R01", True),
        ("initial_trial", "R09", True),
        ("initial_adequate_trial", "R10", False),
        ("initial_remission", "R02", True),
        ("initial_remission", "R03", True),
        ("trd_eligible", "R15", True),
        ("trd_eligible", "R17", True),
    ]


def test_a_binomial_reference_gets_newcombes_interval(
    rates: pd.DataFrame, published: pd.DataFrame
) -> None:
    row = estimate_benchmarks(rates, published).iloc[0]
    own = rates[(rates["estimand"] == "initial_trial") & (rates["stratum"] == "overall")].iloc[0]
    expected = confint_proportions_2indep(
        own["events"], own["n"], 0.53 * 2876, 2876, method="newcomb", compare="diff"
    )
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(expected, rel=1e-9)
    assert row["difference"] == pytest.approx(own["rate"] - 0.53)
    assert row["published_n"] == 2876


def test_a_clustered_reference_keeps_its_own_wider_limits(
    rates: pd.DataFrame, published: pd.DataFrame
) -> None:
    row = estimate_benchmarks(rates, published).iloc[1]
    own = rates[(rates["estimand"] == "initial_trial") & (rates["stratum"] == "overall")].iloc[0]
    low, high = estimate_wilson([own["events"]], [own["n"]])
    rate = own["rate"]
    below = math.sqrt((rate - low[0]) ** 2 + (0.482 - 0.468) ** 2)
    above = math.sqrt((high[0] - rate) ** 2 + (0.468 - 0.455) ** 2)
    assert row["ci_low"] == pytest.approx(rate - 0.468 - below)
    assert row["ci_high"] == pytest.approx(rate - 0.468 + above)


def test_a_reference_that_is_no_sample_gets_no_interval(
    rates: pd.DataFrame, published: pd.DataFrame
) -> None:
    row = estimate_benchmarks(rates, published).iloc[5]
    assert row["reference_id"] == "R15"
    assert row["published_n"] is pd.NA
    assert math.isnan(row["ci_low"])
    assert math.isnan(row["ci_high"])
    assert row["difference"] == pytest.approx(row["rate"] - 0.309)


def test_nobody_here_leaves_the_published_side_only(published: pd.DataFrame) -> None:
    states = states_of(Cohort())
    table = estimate_benchmarks(estimate_rates(states, SETTINGS), published)
    assert len(table) == 7
    for column in ("rate", "difference", "ci_low", "ci_high"):
        assert table[column].isna().all()
    assert table["published_rate"].notna().all()


def test_numbers_read_as_numbers_give_the_same(rates: pd.DataFrame) -> None:
    as_text = pd.read_csv(PUBLISHED, dtype=str, keep_default_na=False)
    as_numbers = pd.read_csv(PUBLISHED)
    pd.testing.assert_frame_equal(
        estimate_benchmarks(rates, as_text), estimate_benchmarks(rates, as_numbers)
    )
