"""What must change nothing: the order of rows, the names of places, and other definitions."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from tests.unit.analysis_cohorts import Cohort, make_cohort
from tests.unit.analysis_tables import MODELS, frame_of, tables_of
from tests.unit.test_odd_cohorts import COHORTS
from trdanalysis.analysis.adjusted import estimate_adjusted
from trdanalysis.analysis.frames import Frame


def is_the_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert set(one) == set(other)
    for name in one:
        pd.testing.assert_frame_equal(one[name], other[name], rtol=1e-9, atol=1e-12)


def test_the_order_of_rows_changes_nothing() -> None:
    tables = tables_of(make_cohort(7, 250))
    cohort = make_cohort(7, 250)
    for place, rows in enumerate(
        (cohort.patients, cohort.trials, cohort.labels, cohort.quarantined)
    ):
        random.Random(place).shuffle(rows)
    is_the_same(tables, tables_of(cohort))


def rename(cohort: Cohort, names: dict[str, str]) -> Cohort:
    for row in cohort.patients:
        row["site"] = names.get(row["site"], row["site"])
    return cohort


@pytest.mark.parametrize("name", ["many places", "drops are sites"])
def test_other_names_of_sites_in_the_same_order_change_no_number(name: str) -> None:
    tables = tables_of(COHORTS[name]())
    sites = sorted({row["site"] for row in COHORTS[name]().patients})
    names = {site: f"other_{site}" for site in sites}
    others = tables_of(rename(COHORTS[name](), names))
    back = {new: old for old, new in names.items()}
    for table in others.values():
        for column in ("level", "versus"):
            if column in table.columns:
                table[column] = table[column].replace(back)
    is_the_same(tables, others)


def test_names_in_another_order_change_no_model() -> None:
    """Which site is first must not matter to what is said of an exposure."""
    models = type(MODELS)(("age_years", "site"), 4)
    one, _ = estimate_adjusted(frame_of(COHORTS["many places"](), models.covariates), "a", models)
    sites = [f"s{place}" for place in range(11)]
    turned = rename(COHORTS["many places"](), dict(zip(sites, reversed(sites), strict=True)))
    other, _ = estimate_adjusted(frame_of(turned, models.covariates), "a", models)
    pd.testing.assert_frame_equal(one, other, rtol=1e-6, atol=1e-9)
    assert (one["status"] == "ok").sum() > 10


def test_a_pattern_in_two_rows_changes_no_model() -> None:
    frame = frame_of(make_cohort(3, 500))
    rows = frame.rows
    half = rows["patients"] // 2
    split = pd.concat([rows.assign(patients=half), rows.assign(patients=rows["patients"] - half)])
    split = split[split["patients"] > 0].reset_index(drop=True)
    assert len(split) > len(rows) or (rows["patients"] == 1).all()
    single = rows.loc[rows.index.repeat(rows["patients"])].assign(patients=1)
    one, fits = estimate_adjusted(frame, "article", MODELS)
    for other in (split, single.reset_index(drop=True), rows[::-1].reset_index(drop=True)):
        again, others = estimate_adjusted(Frame(other), "article", MODELS)
        pd.testing.assert_frame_equal(one, again, rtol=1e-6, atol=1e-9)
        columns = ["n", "events", "n_left_out", "parameters", "c_statistic", "status", "reason"]
        pd.testing.assert_frame_equal(fits[columns], others[columns], rtol=1e-7)
