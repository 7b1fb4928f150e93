"""Disclosure control, row by row: no small count, and nothing that such a count follows from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.golden.run import EXPECTED
from tests.support import CONFIG
from tests.unit.analysis_cohorts import make_cohort
from tests.unit.analysis_tables import tables_of
from tests.unit.report_pages import published
from trdanalysis.analysis.agreement import CELLS
from trdanalysis.disclosure.disclose import disclose_tables
from trdanalysis.disclosure.policy import read_policy
from trdanalysis.layout import ANALYSIS_TABLES

Tables = dict[str, pd.DataFrame]

CMS = read_policy(CONFIG / "disclosure" / "cms.yaml")
LIMIT = 10

#: By table: counts of people, trials or rows; what must not be small either; and other numbers.
COUNTS: dict[str, tuple[str, ...]] = {
    "rates": ("n", "n_unknown", "n_clusters", "events"),
    "benchmarks": (),
    "attrition": ("n_in", "n_out", "n_unknown"),
    "definitions": ("n", "trd", "not_trd", "indeterminate"),
    "comparisons": ("n", "n_versus"),
    "models": ("n", "n_left_out", "n_clusters", "events"),
    "unknowns": ("n_unknown", "n_only"),
    "resistance": ("n",),
    "clusters": ("n_trials", "n_patients"),
    "curves": ("n_at_risk", "events", "censored"),
    "age_curves": (),
    "tipping": ("unknown_with_event", "n", "events"),
    "first_trials": ("n",),
    "label_reasons": ("patients", "on_defaults"),
    "multiverse": ("n", "n_unknown", "trd", "not_trd", "indeterminate"),
    "agreement": ("n", "n_labelled", *CELLS),
    "overlaps": ("n", "n_indeterminate"),
    "grades": ("n",),
    "label_flows": ("n",),
    "rate_changes": ("n_before", "events_before", "n", "events"),
    "drift": ("n", "events"),
}
DIFFERENCES = {
    "rates": [("n", "events")],
    "attrition": [("n_in", "n_out"), ("n_in", "n_out", "n_unknown")],
    "models": [("n", "events")],
    "unknowns": [("n_unknown", "n_only")],
    "curves": [("n_at_risk", "events", "censored")],
    "label_reasons": [("patients", "on_defaults")],
    "overlaps": [("n", "n_indeterminate")],
    "rate_changes": [
        ("n", "events"),
        ("n_before", "events_before"),
        ("n", "n_before"),
        ("n_before", "n"),
        ("events", "events_before"),
        ("events_before", "events"),
    ],
    "drift": [("n", "events")],
}
#: Numbers that a hidden row keeps: they tell of nobody.
KEPT = {
    "rates": {"reference", "margin"},
    "attrition": {"step_order"},
    "comparisons": {"n_tests"},
    "models": {"parameters", "iterations"},
    "curves": {"day"},
    "multiverse": {"min_weeks", "min_failures", "reference"},
    "overlaps": {"n_definitions"},
    "drift": {"n_tests"},
}


def small(values: pd.Series) -> pd.Series:
    return values.astype("float64").between(1, LIMIT)


def find_leaks(hidden: Tables) -> list[str]:
    """Name what shows a small count, by a row alone or by the row it is made of."""
    leaks = []
    for name, columns in COUNTS.items():
        table = hidden[name]
        for column in columns:
            leaks += [
                f"{name}.{column}: {count}" for count in table.loc[small(table[column]), column]
            ]
        for first, *rest in DIFFERENCES.get(name, []):
            left = table[first].astype("float64")
            for other in rest:
                left = left - table[other].astype("float64")
            for _, row in table[small(left)].iterrows():
                leaks.append(f"{name}: {first} less {rest}: {row[[first, *rest]].tolist()}")
        if "status" in table.columns:
            rows = table[table["status"] == "suppressed"]
            numbers = rows.select_dtypes("number").columns.difference(list(KEPT.get(name, ())))
            for column in numbers:
                if rows[column].notna().any():
                    leaks.append(f"{name}.{column} in a hidden row")
    return leaks + list(find_in_proven(hidden)) + list(find_by_rates(hidden))


def find_in_proven(hidden: Tables) -> Iterator[str]:
    """Of a proven share, bounds and n tell how many labels are known: those are counts, too."""
    rates = hidden["rates"]
    rows = rates[(rates["analysis"] == "proven") & rates["bound_high"].notna()]
    for row in rows.to_dict("records"):
        reach = row["events"] + row["n_unknown"]
        if not reach:
            continue
        total = round(reach / row["bound_high"])
        for what in (row["n"] + row["n_unknown"] - total, total - reach):
            if 1 <= what <= LIMIT:
                yield f"rates: {what} follows from the bounds of a proven share"


def find_by_rates(hidden: Tables) -> Iterator[str]:
    rates = hidden["rates"]
    key = ["estimand", "definition", "stratum", "group", "level"]
    of_all_ages = rates[rates["analysis"].isin(["complete_case", "proven"])]
    of_all_ages = of_all_ages[of_all_ages["stratum"] != "factor_group_by_age_band"]
    status = {
        tuple(row[name] for name in key): row["status"] for row in of_all_ages.to_dict("records")
    }
    strata = ("factor_group", "factor", "site", "drop")
    for row in hidden["comparisons"].to_dict("records"):
        if pd.isna(row["value"]) and pd.isna(row["ci_low"]):
            continue
        head = (row["estimand"], row["definition"])
        if row["contrast"] in strata:
            levels = [row["level"], row["versus"]]
            if row["versus"] == "all others":
                levels = [
                    one[4] for one in status if one[:4] == (*head, row["contrast"], row["group"])
                ]
                levels = [one for one in levels if one != "unknown"]
            states = {status[(*head, row["contrast"], row["group"], one)] for one in levels}
            if "suppressed" in states:
                yield f"comparisons: a hidden group: {row}"
            if "partly_suppressed" in states and row["model"] == "bounds":
                yield f"comparisons: bounds of hidden unknowns: {row}"
        else:
            bands = rates[(rates["estimand"] == head[0]) & (rates["definition"] == head[1])]
            own = bands["stratum"].eq("age_band")
            if row["contrast"] == "age_interaction":
                own |= bands["stratum"].str.startswith("factor_group") & (
                    bands["group"] == row["group"]
                )
                own &= bands["level"] != "unknown"
            if (bands.loc[own, "status"] == "suppressed").any():
                yield f"comparisons: of a hidden age: {row}"
            if row["model"] == "bounds" and (bands.loc[own, "status"] == "partly_suppressed").any():
                yield f"comparisons: bounds of hidden unknowns of an age: {row}"
    models = hidden["models"]
    gone = models[models["status"] == "suppressed"]
    for row in gone.to_dict("records"):
        comparisons = hidden["comparisons"]
        own = comparisons[
            (comparisons["estimand"] == row["estimand"]) & (comparisons["model"] == row["model"])
        ]
        names = [{"young_adult": "age"}.get(one, one) for one in row["exposures"].split("; ")]
        if own.loc[own["group"].isin(names), "value"].notna().any():
            yield f"comparisons: of the hidden model {row['model']} of {row['estimand']}"
    overall = rates[(rates["stratum"] == "overall")]
    counted = overall[overall["analysis"].isin(["complete_case", "proven"])]
    states = counted.set_index(["estimand", "definition"])["status"]
    for name in ("benchmarks", "clusters", "tipping"):
        table = hidden[name]
        for row in table.to_dict("records"):
            state = states.get((row["estimand"], row["definition"]))
            if state == "suppressed" and not pd.isna(row["rate"]):
                yield f"{name}: of a hidden rate"
    for row in overall[~overall.index.isin(counted.index)].to_dict("records"):
        here = counted[
            (counted["estimand"] == row["estimand"]) & (counted["definition"] == row["definition"])
        ].iloc[0]
        for column in ("n", "n_unknown"):
            if pd.isna(row[column]) or pd.isna(here[column]):
                continue
            if 1 <= abs(row[column] - here[column]) <= LIMIT:
                yield f"rates: {row['analysis']} less as counted: {column}"
    curves = hidden["age_curves"]
    bands = rates[(rates["stratum"] == "age_band") & (rates["status"] == "suppressed")]
    hidden_ages = set(zip(bands["estimand"], bands["definition"], strict=True))
    for row in curves[curves["rate"].notna()].to_dict("records"):
        if (row["estimand"], row["definition"]) in hidden_ages:
            yield "age_curves: of a hidden age"


def made_up(seed: int, patients: int) -> Tables:
    """Give the tables of a cohort, and kept ones where a cohort has none."""
    return published() | tables_of(make_cohort(seed, patients))


@pytest.fixture(scope="module", params=[(1, 150), (2, 500)], ids=str)
def cohort(request: pytest.FixtureRequest) -> Tables:
    return made_up(*request.param)


def test_every_table_is_looked_at() -> None:
    assert set(COUNTS) == set(ANALYSIS_TABLES)
    tables = published()
    assert set(tables) == set(ANALYSIS_TABLES)
    for name, columns in COUNTS.items():
        assert set(columns) <= set(tables[name].columns), name
    assert EXPECTED.is_dir()


def test_nothing_small_follows_from_a_row_of_the_kept_tables() -> None:
    assert find_leaks(disclose_tables(published(), CMS)) == []


def test_nothing_small_follows_from_a_row_of_a_cohort(cohort: Tables) -> None:
    assert find_leaks(disclose_tables(cohort, CMS)) == []


@pytest.mark.parametrize("seed", range(12))
def test_nothing_small_follows_from_made_up_counts(seed: int) -> None:
    """Counts of any size in every table, small ones among them."""
    chance = np.random.default_rng(seed)
    tables = {name: table.copy() for name, table in published().items()}
    for name, columns in COUNTS.items():
        table = tables[name]
        for column in columns:
            known = table[column].notna()
            counts = np.where(
                chance.random(len(table)) < 0.15, chance.integers(1, 11, len(table)),
                chance.integers(11, 400, len(table)),
            )  # fmt: skip
            counts = np.where(chance.random(len(table)) < 0.05, 0, counts)
            table[column] = pd.Series(counts, index=table.index).where(known)
        for first, *rest in DIFFERENCES.get(name, []):
            table[first] = table[first] + sum(table[other].fillna(0) for other in rest)
    rates = tables["rates"]
    proven = rates["analysis"] == "proven"
    others = pd.Series(chance.integers(0, 60, len(rates)), index=rates.index)
    unsure = np.minimum(chance.integers(0, 60, len(rates)), rates["n_unknown"])
    rates["n"] = rates["n"].mask(proven, rates["events"] + others + unsure)
    total = (
        rates["events"] + others.where(proven, rates["n"] - rates["events"]) + rates["n_unknown"]
    )
    rates["bound_low"] = rates["events"] / total
    rates["bound_high"] = (rates["events"] + rates["n_unknown"]) / total
    assert find_leaks(disclose_tables(tables, CMS)) == []


def test_a_policy_that_hides_nothing_hides_nothing(cohort: Tables) -> None:
    policy = read_policy(CONFIG / "disclosure" / "none.yaml")
    for name, table in disclose_tables(cohort, policy).items():
        # Cells are rounded whatever a policy says; tests of their own look at them.
        if name != "multiverse":
            pd.testing.assert_frame_equal(table, cohort[name])


def test_counts_that_are_large_stay() -> None:
    """What is large everywhere is shown: hiding everything would pass the other tests."""
    tables = {name: table.copy() for name, table in published().items()}
    shown: dict[str, Any] = {}
    for name in ("unknowns", "resistance", "attrition", "label_reasons", "first_trials"):
        for place, column in enumerate(reversed(COUNTS[name])):
            tables[name][column] = 1000 * 3**place
        shown[name] = disclose_tables(tables, CMS)[name]
        assert shown[name][list(COUNTS[name])].notna().all(axis=None)


def test_how_a_definition_was_published_is_no_status_of_disclosure() -> None:
    tables = published()
    tables["definitions"]["trd"] = 3
    row = disclose_tables(tables, CMS)["definitions"].iloc[0]
    assert row["status"] == "published"
    assert pd.isna(row["trd"])


def test_young_adults_that_are_no_age_band_are_hidden() -> None:
    """No rate tells whether their events are few."""
    tables = {name: table.copy() for name, table in published().items()}
    rates = tables["rates"]
    tables["rates"] = rates[(rates["level"] != "18-25") & (rates["age_band"] != "18-25")]
    rows = disclose_tables(tables, CMS)["comparisons"]
    rows = rows[rows["contrast"].isin(["young_adults", "age_interaction"])]
    assert rows[["value", "ci_low", "ci_high"]].isna().all(axis=None)


def test_a_method_for_few_events_tells_that_they_are_few() -> None:
    tables = {name: table.copy() for name, table in published().items()}
    rows = disclose_tables(tables, CMS)["comparisons"]
    gone = rows[rows["status"] == "suppressed"]
    assert gone["ci_method"].isna().all()
    assert not (rows["model"].eq("firth") & rows["value"].notna()).any()
