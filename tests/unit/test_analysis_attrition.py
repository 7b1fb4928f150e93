"""Attrition and the table of definitions."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest

from tests.unit.analysis_cohorts import (
    SETTINGS,
    UNDER_AGE,
    Cohort,
    count_lost,
    make_cohort,
    states_of,
    trial_criteria_of,
)
from trdanalysis.analysis.attrition import ATTRITION_COLUMNS, estimate_attrition
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.definition_table import (
    DEFINITION_COLUMNS,
    estimate_definitions,
    estimate_label_reasons,
)
from trdanalysis.analysis.estimands import CURVE, CURVE_CRITERIA, ESTIMANDS
from trdanalysis.analysis.patterns import Patterns, count_criteria
from trdanalysis.analysis.rates import estimate_rates

SUMMARIES = [
    {
        "drop_id": "d1",
        "tables": {
            "trials": {"rows_in": 10, "accepted": 6, "duplicates": 1, "quarantined": 3},
            "patients": {"rows_in": 5, "accepted": 5, "duplicates": 0, "quarantined": 0},
        },
    },
    {
        "drop_id": "d2",
        "tables": {"trials": {"rows_in": 2, "accepted": 2, "duplicates": 0, "quarantined": 0}},
    },
]


def attrition_of(cohort: Cohort) -> pd.DataFrame:
    return estimate_attrition(patterns_of(cohort), SUMMARIES, SETTINGS)


def patterns_of(cohort: Cohort) -> dict[str, Patterns]:
    criteria = derive_criteria(*cohort.tables(), "article")
    return count_criteria(criteria, trial_criteria_of(cohort), UNDER_AGE)


def test_records_balance_over_all_drops() -> None:
    table = attrition_of(Cohort())
    assert tuple(table.columns) == ATTRITION_COLUMNS
    records = table[table["estimand"] == "records"].set_index("step")
    assert list(records.index) == [
        f"{name}_{step}"
        for name in ("patients", "trials")
        for step in ("rows_in", "duplicates", "quarantined", "accepted")
    ]
    assert list(records["step_order"]) == list(range(1, 9))
    assert records.loc["trials_rows_in", "n_in"] == 12
    assert records.loc["trials_duplicates", "n_out"] == 1
    assert tuple(records.loc["trials_quarantined", ["n_in", "n_out"]]) == (11, 3)
    assert records.loc["trials_accepted", "n_in"] == 8
    assert set(records["unit"]) == {"row"}
    assert records["definition"].isna().all()
    assert records["n_unknown"].isna().all()


def test_nobody_keeps_the_steps_with_nobody_in_them() -> None:
    table = attrition_of(Cohort())
    patients = table[table["unit"] != "row"]
    names = [*(estimand.name for estimand in ESTIMANDS), CURVE]
    assert list(patients["estimand"].unique()) == names
    curve = table.loc[table["estimand"] == CURVE, "step"]
    assert list(curve) == ["not_under_18", *CURVE_CRITERIA]
    assert (patients[["n_in", "n_out", "n_unknown"]] == 0).all(axis=None)
    assert set(patients["definition"]) == {"article"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_steps_follow_on_and_end_at_what_the_rates_count(seed: int) -> None:
    cohort = make_cohort(seed, 120)
    table = attrition_of(cohort)
    rates = estimate_rates(states_of(cohort), SETTINGS)
    overall = rates[rates["stratum"] == "overall"].set_index("estimand")
    for estimand in ESTIMANDS:
        steps = table[table["estimand"] == estimand.name].reset_index(drop=True)
        assert list(steps["step"]) == ["not_under_18", *estimand.criteria, "outcome_known"]
        assert list(steps["step_order"]) == list(range(1, len(steps) + 1))
        assert set(steps["unit"]) == {estimand.unit}
        bands = {patient["patient_id"]: patient["age_band"] for patient in cohort.patients}
        units = list(bands)
        if estimand.unit == "trial":
            units = [row["patient_id"] for row in cohort.trials]
            units += [who for who in bands for _ in range(count_lost(cohort, who))]
        assert steps.loc[0, "n_in"] == len(units)
        under_age = sum(bands[patient] in UNDER_AGE for patient in units)
        unknown_age = sum(bands[patient] is None for patient in units)
        assert (steps.loc[0, "n_out"], steps.loc[0, "n_unknown"]) == (under_age, unknown_age)
        left = (steps["n_in"] - steps["n_out"])[:-1].tolist()
        assert left == steps["n_in"][1:].tolist()
        last, row = steps.iloc[-1], overall.loc[estimand.name]
        assert (last["n_out"], last["n_unknown"]) == (0, row["n_unknown"])
        if estimand.analysis == "complete_case":
            assert last["n_in"] - last["n_unknown"] == row["n"]


def test_each_step_takes_out_who_fails_it() -> None:
    good = dict.fromkeys(
        ("antidepressant", "first_line", "dose_adequate", "duration_adequate"), True
    )
    good |= {"adherence_adequate": True, "nonresponse": True, "duration_days": 50}
    cohort = Cohort()
    mdd = {"mdd": True}
    cohort.add("young", patient={"age_band": "12-17"}, label=mdd, trials=(good,))
    cohort.add("no_mdd", label={"mdd": False}, trials=(good,))
    cohort.add("mdd_unknown", trials=(good,))
    cohort.add("no_trial", label=mdd)
    cohort.add("second_line", label=mdd, trials=(good | {"first_line": False},))
    cohort.add("low_dose", label=mdd, trials=(good | {"dose_adequate": False},))
    cohort.add("dose_unknown", label=mdd, trials=(good | {"dose_adequate": None},))
    cohort.add("no_score", label=mdd, trials=(good | {"nonresponse": None},))
    cohort.add("counted", label=mdd, trials=(good,))
    steps = attrition_of(cohort)
    steps = steps[steps["estimand"] == "initial_adequate_trial"]
    counted = {
        row.step: (row.n_in, row.n_out, row.n_unknown) for row in steps.itertuples(index=False)
    }
    assert counted == {
        "not_under_18": (9, 1, 0),
        "mdd": (8, 1, 1),
        "antidepressant_trial": (7, 1, 0),
        "first_trial_first_line": (6, 1, 0),
        "dose_adequate": (5, 1, 1),
        "duration_adequate": (4, 0, 0),
        "adherence_adequate": (4, 0, 0),
        "outcome_known": (4, 0, 3),
    }


def test_definitions_count_their_labels() -> None:
    cohort = make_cohort(6, 40)
    for row in cohort.labels[:10]:
        row["definition"] = "other"
    labels = cohort.tables()[2]
    definitions = [
        {"definition": "none_labelled", "title": "Nobody"},
        {"definition": "other", "missing_columns": ["trials.adherence", "trials.scale"]},
        {"definition": "article", "title": "T", "citation": "C", "status": "s", "unconfirmed": ""},
    ]
    table = estimate_definitions(labels, definitions)
    assert tuple(table.columns) == DEFINITION_COLUMNS
    assert list(table["definition"]) == ["none_labelled", "other", "article"]
    assert list(table["n"]) == [0, 10, 30]
    words = [row["label"] for row in cohort.labels[10:]]
    for label in ("trd", "not_trd", "indeterminate"):
        assert table.loc[2, label] == words.count(label)
    assert table.loc[1, "missing_columns"] == "trials.adherence; trials.scale"
    assert pd.isna(table.loc[2, "unconfirmed"])
    assert table.loc[2, "citation"] == "C"


@pytest.mark.parametrize("excluded", [True, False, None])
def test_a_criterion_handed_over_as_a_negation_is_still_three_valued(excluded: bool | None) -> None:
    cohort = Cohort()
    trial = {"antidepressant": True}
    cohort.add("p1", label={"mdd": True, "label": "trd"}, trials=(trial,))
    patients, trials, labels, quarantined = cohort.tables()
    value = ibis.literal(excluded, type="boolean")
    labels = labels.mutate(excluded=value).mutate(not_excluded=~ibis._.excluded)
    criteria = derive_criteria(patients, trials, labels, quarantined, "article")
    patterns = count_criteria(criteria, trial_criteria_of(Cohort()), UNDER_AGE)
    steps = estimate_attrition(patterns, [], SETTINGS)
    step = steps[(steps["estimand"] == "trd_eligible") & (steps["step"] == "not_excluded")].iloc[0]
    assert (step["n_out"], step["n_unknown"]) == (excluded is True, excluded is None)


def test_reasons_are_counted_label_by_label_most_frequent_first() -> None:
    rows = [("trd", "meets_all_criteria", True)] * 2
    rows += [("not_trd", "not_impaired", False)] + [("not_trd", "no_mdd_diagnosis", True)] * 3
    rows += [("indeterminate", "mdd_unknown", False)] * 4
    cohort = Cohort()
    for number, (label, _, _) in enumerate(rows):
        cohort.add(f"p{number}", label={"label": label})
    labels = cohort.tables()[2]
    reasons = {f"p{number}": reason for number, (_, reason, _) in enumerate(rows)}
    on_defaults = {f"p{number}": marked for number, (*_, marked) in enumerate(rows)}
    labels = labels.mutate(
        reason=labels.patient_id.cases(*reasons.items(), else_="none"),
        on_defaults=labels.patient_id.cases(*on_defaults.items(), else_=False),
    )
    table = estimate_label_reasons(labels, ["article"])
    assert table.drop(columns="definition").to_numpy().tolist() == [
        ["trd", "meets_all_criteria", 2, 2],
        ["not_trd", "no_mdd_diagnosis", 3, 3],
        ["not_trd", "not_impaired", 1, 0],
        ["indeterminate", "mdd_unknown", 4, 0],
    ]
