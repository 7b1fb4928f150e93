"""Missing outcomes taken as the event, and where a conclusion tips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.slow import formulas
from tests.unit.analysis_cohorts import SETTINGS, make_cohort
from tests.unit.analysis_tables import counts_of
from tests.unit.test_odd_cohorts import COHORTS
from trdanalysis.analysis.estimands import ESTIMANDS
from trdanalysis.analysis.intervals import derive_conclusion
from trdanalysis.analysis.rates import estimate_rates_of_counts
from trdanalysis.analysis.sensitivity import (
    TIPPING_COLUMNS,
    estimate_nonresponder,
    estimate_tipping,
)


@pytest.mark.parametrize("seed", range(4))
def test_missing_outcomes_of_members_count_as_the_event(seed: int) -> None:
    counts = counts_of(make_cohort(seed, [8, 40, 150, 400][seed]))
    rates = estimate_rates_of_counts(counts, SETTINGS)
    table = estimate_nonresponder(rates, counts.patients).set_index("estimand")
    cells = counts.patients[counts.patients["stratum"] == "overall"].set_index("estimand")
    overall = rates[rates["stratum"] == "overall"].set_index("estimand")
    wanted = {
        one.name for one in ESTIMANDS if one.analysis == "complete_case" and one.unit == "patient"
    }
    assert set(table.index) == wanted & set(cells.index)
    for name, row in table.iterrows():
        cell = cells.loc[name]
        missing = cell["certain"] - cell["known"]
        assert (row["n"], row["events"]) == (cell["certain"], cell["events"] + missing)
        assert (
            row["n"] + row["n_unknown"] == overall.loc[name, "n"] + overall.loc[name, "n_unknown"]
        )
        if row["n"]:
            low, high = formulas.wilson(int(row["events"]), int(row["n"]))
            assert [row["ci_low"], row["ci_high"]] == pytest.approx([low, high], abs=1e-9)
            assert overall.loc[name, "bound_low"] - 1e-12 <= row["rate"]
        else:
            assert row["status"] == "not_estimable" and np.isnan(row["rate"])


@pytest.mark.parametrize("seed", range(6))
def test_a_conclusion_tips_where_every_count_in_between_says(seed: int) -> None:
    cohort = make_cohort(seed, [20, 60, 150, 300, 400, 500][seed])
    rates = estimate_rates_of_counts(counts_of(cohort), SETTINGS)
    table = estimate_tipping(rates, SETTINGS)
    assert list(table.columns) == list(TIPPING_COLUMNS)
    overall = rates[(rates["stratum"] == "overall") & (rates["unit"] == "patient")]
    overall = overall[(overall["n"] > 0) & (overall["n_unknown"] > 0)].set_index("estimand")
    assert set(table["estimand"]) == set(overall.index)
    for name, rows in table.groupby("estimand"):
        row = overall.loc[name]
        n = round(row["events"] + row["n_unknown"] + _without(row))
        assert set(rows["n"]) == {n}
        assert rows["unknown_with_event"].is_monotonic_increasing
        assert {0, row["n_unknown"]} <= set(rows["unknown_with_event"])
        ends = rows.iloc[[0, -1]]["rate"].tolist()
        assert ends == pytest.approx([row["bound_low"], row["bound_high"]])
        told = dict(zip(rows["unknown_with_event"], rows["conclusion"], strict=True))
        for first, last in itertools.pairwise(told):
            between = np.arange(first, last + 1)
            every = derive_conclusion(row["events"] + between, np.full(len(between), n), 0.3, 0.05)
            # Two rows of one conclusion have no other between them; else they are neighbours.
            assert set(every) == {told[first], told[last]}
            assert told[first] == told[last] or last == first + 1
        for one in rows.to_dict("records"):
            low, high = formulas.wilson(one["events"], n)
            assert [one["ci_low"], one["ci_high"]] == pytest.approx([low, high], abs=1e-9)
            assert one["as_primary"] == (one["conclusion"] == row["conclusion"])


def _without(row: object) -> float:
    """Give how many are known not to have the event, from the bounds."""
    events, unknown = float(row["events"]), float(row["n_unknown"])  # type: ignore[index]
    total = (events + unknown) / float(row["bound_high"])  # type: ignore[index]
    return total - events - unknown


@pytest.mark.parametrize("name", ["nobody", "nothing known", "no event"])
def test_where_nothing_is_unknown_or_nobody_is_known_nothing_tips(name: str) -> None:
    rates = estimate_rates_of_counts(counts_of(COHORTS[name]()), SETTINGS)
    table = estimate_tipping(rates, SETTINGS)
    assert list(table.columns) == list(TIPPING_COLUMNS) and table.empty
