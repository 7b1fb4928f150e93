"""Characteristics: what is derived of a patient, and what of it may leave."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from tests.unit.analysis_cohorts import Cohort
from tests.unit.analysis_tables import characteristics_of
from tests.unit.release_cohorts import policy_of, release_of, tables_of_skewed
from trdanalysis.analysis.characteristics import CHARACTERISTIC_COLUMNS, LABELS
from trdanalysis.disclosure.characteristics import cell_keys, enter_characteristics
from trdanalysis.disclosure.described import disclose_characteristics
from trdanalysis.disclosure.hiding import Hidden
from trdanalysis.disclosure.ledger import Ledger
from trdanalysis.disclosure.policy import Policy

MEMBER: dict[str, Any] = {"mdd": True, "label": "trd"}
TAKEN: dict[str, Any] = {"antidepressant": True}
KEY = ["characteristic", "kind", "level", "label"]


def of_patient(*trials: dict[str, Any], quarantined: int = 0, **patient: Any) -> pd.DataFrame:
    """Describe one patient who is a member."""
    cohort = Cohort()
    cohort.add("p", patient=patient, label=MEMBER, trials=trials, quarantined=quarantined)
    return characteristics_of(cohort)


def level_of(table: pd.DataFrame, name: str, kind: str = "categorical") -> str:
    """Give the level in which the one patient is."""
    own = table[(table["characteristic"] == name) & (table["kind"] == kind)]
    own = own[(own["label"] == "trd") & (own["n"] == 1)]
    (level,) = own["level"]
    return str(level)


def number_of(table: pd.DataFrame, name: str) -> float:
    return float(table.set_index(KEY).loc[(name, "numeric", "known", "trd"), "mean"])


def test_only_certain_members_who_may_be_adults_are_described() -> None:
    cohort = Cohort()
    for name, band, mdd, taken in (
        ("in", "18-25", True, True), ("age unknown", None, True, True),
        ("minor", "12-17", True, True), ("no MDD", "18-25", False, True),
        ("MDD unknown", "18-25", None, True), ("perhaps none", "18-25", True, None),
        ("none", "18-25", True, False),
    ):  # fmt: skip
        cohort.add(
            name, patient={"age_band": band}, label={"mdd": mdd, "label": "not_trd"},
            trials=({"antidepressant": taken},),
        )  # fmt: skip
    table = characteristics_of(cohort).set_index(KEY)
    assert set(table.reset_index().columns) == set(CHARACTERISTIC_COLUMNS)
    overall = {label: table.loc[("overall", "categorical", "all", label), "n"]
               for label in ("all", *LABELS)}  # fmt: skip
    assert overall == {"all": 2, "trd": 0, "not_trd": 2, "indeterminate": 0}
    assert table.loc[("age_band", "categorical", "unknown", "not_trd"), "n"] == 1


@pytest.mark.parametrize(
    ("days", "start", "expected"),
    [(30, 10, 20.0), (10, 10, 0.0), (9, 10, None), (None, 10, None)],
)
def test_follow_up_is_from_the_first_trial(
    days: int | None, start: int, expected: float | None
) -> None:
    table = of_patient(TAKEN | {"start_day": start}, last_observed_day=days)
    if expected is None:
        assert level_of(table, "follow_up_days", "numeric") == "unknown"
    else:
        assert number_of(table, "follow_up_days") == expected


def test_what_is_of_the_first_trial_is_unknown_where_that_is() -> None:
    first = TAKEN | {
        "episode": 2, "drug_class": "SNRI", "scale": "PHQ-9", "baseline_score": 18.0,
        "start_day": 10,
    }  # fmt: skip
    table = of_patient(first)
    assert level_of(table, "episode") == "later" and level_of(table, "drug_class") == "SNRI"
    assert level_of(table, "scale") == "PHQ-9" and level_of(table, "antidepressant_trials") == "1"
    assert number_of(table, "baseline_severity") == pytest.approx(18 / 27)
    for table in (
        of_patient(first, {"antidepressant": None, "start_day": 5}),
        of_patient(first, quarantined=1),
    ):
        for name in ("episode", "drug_class", "scale", "antidepressant_trials"):
            assert level_of(table, name) == "unknown"
        assert level_of(table, "baseline_severity", "numeric") == "unknown"
        assert level_of(table, "antidepressant_trials", "numeric") == "unknown"


def test_many_trials_are_one_level_and_a_number() -> None:
    table = of_patient(*(TAKEN | {"start_day": day} for day in range(6)))
    assert level_of(table, "antidepressant_trials") == "4 and more"
    assert number_of(table, "antidepressant_trials") == 6
    later = of_patient(TAKEN, {"antidepressant": None, "start_day": 90, "episode": 1})
    # It may be one, but comes later: which was first is known, how many there were is not.
    assert level_of(later, "antidepressant_trials") == "unknown"


# What may leave.


def disclosed(table: pd.DataFrame, policy: Policy, *hidden: tuple[str, ...]) -> pd.DataFrame:
    """Disclose a table of which some cells are hidden."""
    ledger = Ledger()
    enter_characteristics(ledger, table, "article", policy)
    units = [ledger.units[("characteristics", *cell)] for cell in hidden]
    shown = disclose_characteristics(table, "article", Hidden(ledger, units, policy))
    return shown.set_index(KEY)


def of_many(n: int = 60, missing: int = 15) -> pd.DataFrame:
    """Describe many patients of each label, of whom some have no age at onset."""
    cohort = Cohort()
    for label in LABELS:
        for number in range(n):
            onset = None if number < missing else 15 + number % 31
            cohort.add(
                f"{label}{number}",
                patient={"age_at_onset_years": onset, "low_mood": number % 3 > 0,
                         "sex": ("female", "male", None)[number % 3]},
                label={"mdd": True, "label": label},
                trials=(TAKEN,) * (1 + number % 2),
            )  # fmt: skip
    return characteristics_of(cohort)


def test_means_leave_coarsely() -> None:
    table, cms = of_many(), policy_of("cms")
    shown = disclosed(table, cms)
    exact = table.set_index(KEY).loc[("age_at_onset_years", "numeric", "known", "trd")]
    row = shown.loc[("age_at_onset_years", "numeric", "known", "trd")]
    assert row["status"] == "ok" and row["mean"] == round(exact["mean"], 1)
    assert row["mean"] != exact["mean"]
    assert all(row[name] == round(exact[name]) for name in ("median", "q1", "q3"))


def test_quartiles_need_more_than_the_minimum_on_either_side() -> None:
    shown = disclosed(of_many(40, 10), policy_of("cms"))
    row = shown.loc[("age_at_onset_years", "numeric", "known", "trd")]
    assert row["n"] == 30 and not math.isnan(row["mean"]) and not math.isnan(row["median"])
    assert math.isnan(row["q1"]) and math.isnan(row["q3"])
    assert row["status"] == "partly_suppressed"
    few = disclosed(of_many(25, 10), policy_of("cms"))
    assert math.isnan(few.loc[("age_at_onset_years", "numeric", "known", "trd"), "mean"])


def test_the_mean_of_all_goes_with_a_hidden_count() -> None:
    name = ("age_at_onset_years", "numeric", "known")
    shown = disclosed(of_many(), policy_of("cms"), (*name, "trd"), (*name, "not_trd"))
    assert pd.isna(shown.loc[(*name, "trd"), "n"])
    # Of itself it tells nothing of how many it is of.
    assert not math.isnan(shown.loc[(*name, "trd"), "mean"])
    assert shown.loc[(*name, "trd"), "status"] == "partly_suppressed"
    assert math.isnan(shown.loc[(*name, "all"), "mean"])


def test_a_mean_of_counted_levels_goes_with_any_of_them() -> None:
    cells = [("antidepressant_trials", "categorical", level, "trd") for level in ("1", "2")]
    table, cms = of_many(), policy_of("cms")
    number = ("antidepressant_trials", "numeric", "known", "trd")
    assert not math.isnan(disclosed(table, cms).loc[number, "mean"])
    assert math.isnan(disclosed(table, cms, *cells).loc[number, "mean"])


def test_a_difference_of_levels_goes_with_any_of_them() -> None:
    table, cms = of_many(), policy_of("cms")
    rows = ("low_mood", "categorical")
    whole = disclosed(table, cms)
    assert whole.loc[(*rows, "present", "trd"), "smd"] == pytest.approx(0)
    shown = disclosed(table, cms, (*rows, "absent", "not_trd"))
    for label in ("trd", "indeterminate"):
        assert math.isnan(shown.loc[(*rows, "present", label), "smd"])
        assert shown.loc[(*rows, "present", label), "status"] == "partly_suppressed"
        assert pd.isna(shown.loc[(*rows, "present", label), "smd_reason"])
    assert shown.loc[(*rows, "absent", "not_trd"), "status"] == "suppressed"
    # The share of all stands beside a hidden level, that of the known does not need it either.
    assert shown.loc[(*rows, "present", "not_trd"), "share"] == 40 / 60


def test_rounded_counts_make_rounded_shares_and_differences() -> None:
    policy = policy_of("opensafely")
    table = of_many(63, 3)
    shown = disclosed(table, policy)
    counts = shown["n"].dropna()
    assert (counts % 5 == 0).all()
    row = shown.loc[("sex", "categorical", "female", "trd")]
    assert (row["n"], row["share"], row["share_of_known"]) == (20, 20 / 65, 0.5)


def test_counts_of_rates_are_the_same_counts() -> None:
    tables = tables_of_skewed(3, 2500)
    keys = cell_keys(tables["characteristics"], "article")
    assert keys["sex", "categorical", "female", "not_trd"] == (
        "no_event", "article", "trd", "sex", "sex", "female", "",
    )  # fmt: skip
    assert keys["low_mood", "categorical", "present", "trd"][0] == "characteristic"
    shown = release_of(tables, policy_of("cms")).tables
    rates = shown["rates"]
    own = rates[(rates["estimand"] == "trd") & (rates["definition"] == "article")]
    own = own[own["analysis"] == "proven"].set_index(["group", "level"])
    table = shown["characteristics"].set_index(KEY)
    for name, level in (("sex", "female"), ("site", "north"), ("early_trauma", "present")):
        for label, column in (("all", "n"), ("trd", "events")):
            one, other = table.loc[(name, "categorical", level, label), "n"], own.loc[(name, level)]
            assert (pd.isna(one) and pd.isna(other[column])) or one == other[column]


def test_tables_that_do_not_agree_are_a_fault() -> None:
    tables = tables_of_skewed(3, 2500)
    table = tables["characteristics"].copy()
    at = table.index[(table["characteristic"] == "sex") & (table["label"] == "trd")][0]
    table.loc[at, "n"] += 1
    with pytest.raises(ValueError, match="two values of one count"):
        release_of(tables | {"characteristics": table}, policy_of("cms"))
