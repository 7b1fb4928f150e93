"""Truth tables: every criterion, and what is made of several, over yes, no and unknown.

Every combination is a patient of its own, written as a site would write him, and all go through
intake and labelling at once.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Any

import pandas as pd
import pytest

from tests.support import article, label_raw
from trdanalysis.engine import Engine

YES, NO, UNKNOWN = True, False, None
Three = bool | None

AND: dict[tuple[Three, Three], Three] = {
    (YES, YES): YES,
    (YES, NO): NO,
    (YES, UNKNOWN): UNKNOWN,
    (NO, YES): NO,
    (NO, NO): NO,
    (NO, UNKNOWN): NO,
    (UNKNOWN, YES): UNKNOWN,
    (UNKNOWN, NO): NO,
    (UNKNOWN, UNKNOWN): UNKNOWN,
}
NOT: dict[Three, Three] = {YES: NO, NO: YES, UNKNOWN: UNKNOWN}
WORDS: dict[Three, str] = {YES: "yes", NO: "no", UNKNOWN: ""}


def both(*values: Three) -> Three:
    return reduce(lambda one, other: AND[(one, other)], values)


#: What is written in drug, role and for_depression; is it an antidepressant's trial, first-line.
DRUGS: tuple[tuple[tuple[str, str, str], Three, Three], ...] = (
    (("sertraline", "primary", "yes"), YES, YES),
    (("sertraline", "", ""), YES, YES),
    (("sertraline", "augmentation", "yes"), NO, YES),
    (("sertraline", "primary", "no"), NO, YES),
    (("sertraline", "add-on", "yes"), UNKNOWN, YES),
    (("sertraline", "primary", "sleep"), UNKNOWN, YES),
    (("sertraline", "add-on", "no"), NO, YES),
    (("nortriptyline", "primary", "yes"), YES, NO),
    (("nortriptyline", "augmentation", ""), NO, NO),
    (("nortriptyline", "add-on", ""), UNKNOWN, NO),
    (("buspirone", "primary", "yes"), NO, NO),
    (("psychotherapy", "", ""), NO, NO),
    (("A10BA02", "", ""), NO, NO),
    (("unheard-of", "primary", "yes"), UNKNOWN, UNKNOWN),
    (("unheard-of", "augmentation", "yes"), NO, UNKNOWN),
    (("", "", ""), UNKNOWN, UNKNOWN),
)
HAS_MINIMUM = ("sertraline", "nortriptyline")
#: Cells of a trial that began on day 0, by what they make of a criterion.
DOSES: tuple[tuple[str, Three], ...] = (("100", YES), ("5", NO), ("", UNKNOWN), ("0", UNKNOWN))
STOPS: tuple[tuple[tuple[str, str], Three], ...] = (
    (("42", ""), YES),
    (("41", ""), NO),
    (("", "other"), UNKNOWN),
    (("", "bored"), UNKNOWN),
)
ADHERENCES: tuple[tuple[str, Three], ...] = (
    ("0.8", YES),
    ("0.79", NO),
    ("", UNKNOWN),
    ("2", UNKNOWN),
)
OUTCOMES: tuple[tuple[str, Three], ...] = (
    ("no_response", YES),
    ("partial_response", YES),
    ("response", NO),
    ("remission", NO),
    ("", UNKNOWN),
    ("better", UNKNOWN),
)


def verdict_of(criteria: dict[str, Three]) -> str:
    """Give the first verdict that applies; nobody here is in progress."""
    first_no = (
        ("antidepressant", "not_antidepressant"),
        ("first_line", "not_first_line"),
        ("nonresponse", "responded"),
        ("dose_adequate", "dose_inadequate"),
        ("duration_adequate", "duration_insufficient"),
        ("adherence_adequate", "adherence_poor"),
    )
    first_unknown = (
        ("antidepressant", "drug_unknown"),
        ("first_line", "drug_unknown"),
        ("dose_adequate", "dose_unknown"),
        ("duration_adequate", "duration_unknown"),
        ("adherence_adequate", "adherence_unknown"),
        ("nonresponse", "outcome_unknown"),
    )
    for name, verdict in first_no:
        if criteria[name] is NO:
            return verdict
    for name, verdict in first_unknown:
        if criteria[name] is UNKNOWN:
            return verdict
    return "failed"


@pytest.fixture(scope="module")
def trials() -> list[tuple[dict[str, Three], dict[str, Any]]]:
    """Give, for each combination, the criteria that must come out and what came out."""
    rows, expected = [], []
    for drug, dose, stop, adherence, outcome in product(DRUGS, DOSES, STOPS, ADHERENCES, OUTCOMES):
        (name, role, indication), antidepressant, first_line = drug
        row = {
            "patient_id": f"p{len(rows)}", "trial_id": "t", "drug": name, "role": role,
            "for_depression": indication, "start_day": "0", "dose_mg_per_day": dose[0],
            "stop_day": stop[0][0], "stop_reason": stop[0][1], "adherence": adherence[0],
            "rated_outcome": outcome[0],
        }  # fmt: skip
        rows.append(row)
        expected.append(
            {
                "antidepressant": antidepressant,
                "first_line": first_line,
                "dose_adequate": dose[1] if name in HAS_MINIMUM else UNKNOWN,
                "duration_adequate": stop[1],
                "adherence_adequate": adherence[1],
                "nonresponse": outcome[1],
            }
        )
    patients = pd.DataFrame({"patient_id": [row["patient_id"] for row in rows]})
    raw = {"patients": patients, "trials": pd.DataFrame(rows)}
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        found = label_raw(engine, raw, [article()]).trials.to_pyarrow().to_pylist()
    by_patient = {row["patient_id"]: row for row in found}
    return [(criteria, by_patient[f"p{place}"]) for place, criteria in enumerate(expected)]


@pytest.mark.parametrize(
    "name",
    ["antidepressant", "first_line", "dose_adequate", "duration_adequate", "adherence_adequate",
     "nonresponse"],
)  # fmt: skip
def test_each_criterion_of_a_trial(
    trials: list[tuple[dict[str, Three], dict[str, Any]]], name: str
) -> None:
    wrong = [got for criteria, got in trials if got[name] is not criteria[name]]
    assert not wrong, f"{len(wrong)} of {len(trials)}, such as {wrong[0]}"
    assert {criteria[name] for criteria, _ in trials} == {YES, NO, UNKNOWN}


def test_a_trial_failed_by_all_six(trials: list[tuple[dict[str, Three], dict[str, Any]]]) -> None:
    for criteria, got in trials:
        assert got["failed"] is both(*criteria.values()), (criteria, got)


def test_verdicts_by_precedence(trials: list[tuple[dict[str, Three], dict[str, Any]]]) -> None:
    for criteria, got in trials:
        assert got["verdict"] == verdict_of(criteria), (criteria, got)
    assert len({got["verdict"] for _, got in trials}) == 12


#: Cells of function: recorded, scale, score.
FUNCTION: tuple[tuple[tuple[str, str, str], Three], ...] = (
    (("yes", "", ""), YES),
    (("no", "GAF", "20"), NO),
    (("", "GAF", "60"), YES),
    (("", "GAF", "61"), NO),
    (("", "GAF", ""), UNKNOWN),
    (("severe", "", ""), UNKNOWN),
)
#: Adherence and rated outcome of trials of different drugs; are there enough failures, and is there
#: resistance in appearance, whatever the adherence.
FAILURES: tuple[tuple[tuple[tuple[str, str], ...], Three, Three], ...] = (
    ((("1", "no_response"), ("1", "no_response")), YES, YES),
    ((("1", "no_response"),), NO, NO),
    ((("1", "no_response"), ("1", "response")), NO, NO),
    ((("1", "no_response"), ("0.1", "no_response")), NO, YES),
    ((("1", "no_response"), ("", "no_response")), UNKNOWN, YES),
    ((("1", "no_response"), ("1", "")), UNKNOWN, UNKNOWN),
    ((("1", "no_response"), ("0.1", "")), NO, UNKNOWN),
)
DIAGNOSES: tuple[tuple[tuple[str, str], Three], ...] = (
    (("yes", "no"), YES),
    (("yes", ""), YES),
    (("yes", "yes"), NO),
    (("no", ""), NO),
    (("", "no"), UNKNOWN),
    (("", "yes"), NO),
    (("maybe", ""), UNKNOWN),
)
THREE: tuple[Three, ...] = (YES, NO, UNKNOWN)


def reason_of(
    label: str, mdd: Three, medical: Three, substance: Three, enough: Three, impaired: Three
) -> str:
    if label == "trd":
        return "meets_all_criteria"
    if label == "not_trd":
        found = [
            ("no_mdd_diagnosis", mdd is NO),
            ("medical_cause", medical is YES),
            ("current_substance_use", substance is YES),
            ("too_few_failures", enough is NO),
            ("not_impaired", impaired is NO),
        ]
    else:
        found = [
            ("mdd_unknown", mdd is UNKNOWN),
            ("medical_cause_unknown", medical is UNKNOWN),
            ("substance_use_unknown", substance is UNKNOWN),
            ("failures_unknown", enough is UNKNOWN),
            ("impairment_unknown", impaired is UNKNOWN),
        ]
    return next(reason for reason, applies in found if applies)


def failing_trials(patient: str, trials: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [
        {"patient_id": patient, "trial_id": f"t{place}", "dose_mg_per_day": "100",
         "drug": ("sertraline", "mirtazapine")[place], "start_day": str(100 * place),
         "stop_day": str(100 * place + 60), "adherence": adherence, "rated_outcome": outcome}
        for place, (adherence, outcome) in enumerate(trials)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def labels() -> list[tuple[dict[str, Three], dict[str, Any]]]:
    patients, trials, expected = [], [], []
    for mdd, function, failures, medical, substance in product(
        DIAGNOSES, FUNCTION, FAILURES, THREE, THREE
    ):
        patient = f"p{len(patients)}"
        patients.append(
            {
                "patient_id": patient, "mdd_diagnosis": mdd[0][0], "bipolar_disorder": mdd[0][1],
                "functional_impairment": function[0][0], "function_scale": function[0][1],
                "function_score": function[0][2], "medical_cause": WORDS[medical],
                "current_substance_use": WORDS[substance],
            }
        )  # fmt: skip
        trials += failing_trials(patient, failures[0])
        expected.append(
            {
                "mdd": mdd[1],
                "impaired": function[1],
                "enough_failures": failures[1],
                "apparent_resistance": failures[2],
                "medical": medical,
                "substance": substance,
            }
        )
    raw = {"patients": pd.DataFrame(patients), "trials": pd.DataFrame(trials)}
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        found = label_raw(engine, raw, [article()]).labels.to_pyarrow().to_pylist()
    by_patient = {row["patient_id"]: row for row in found}
    return [(criteria, by_patient[f"p{place}"]) for place, criteria in enumerate(expected)]


def not_excluded(criteria: dict[str, Three]) -> Three:
    return both(NOT[criteria["medical"]], NOT[criteria["substance"]])


def test_each_criterion_of_a_patient(labels: list[tuple[dict[str, Three], dict[str, Any]]]) -> None:
    for criteria, got in labels:
        for name in ("mdd", "impaired", "enough_failures", "apparent_resistance"):
            assert got[name] is criteria[name], (name, criteria, got)
        assert got["not_excluded"] is not_excluded(criteria), (criteria, got)


def test_labels_and_reasons(labels: list[tuple[dict[str, Three], dict[str, Any]]]) -> None:
    for criteria, got in labels:
        is_trd = both(
            criteria["mdd"], criteria["enough_failures"], criteria["impaired"],
            not_excluded(criteria),
        )  # fmt: skip
        label = {YES: "trd", NO: "not_trd", UNKNOWN: "indeterminate"}[is_trd]
        assert got["label"] == label, (criteria, got)
        assert got["reason"] == reason_of(
            label, criteria["mdd"], criteria["medical"], criteria["substance"],
            criteria["enough_failures"], criteria["impaired"],
        ), (criteria, got)  # fmt: skip


def test_pseudo_resistance(labels: list[tuple[dict[str, Three], dict[str, Any]]]) -> None:
    for criteria, got in labels:
        apparent = criteria["apparent_resistance"]
        proven = AND[(criteria["enough_failures"], not_excluded(criteria))]
        expected = both(criteria["mdd"], criteria["impaired"], apparent, NOT[proven])
        assert got["pseudo_resistance"] is expected, (criteria, got)
    assert {got["pseudo_resistance"] for _, got in labels} == {YES, NO, UNKNOWN}
