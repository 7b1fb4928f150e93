"""Symptoms, checklist and relapse: truth tables, and patients written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from tests.asked import asked_of
from trdanalysis.analysis.questions.checklist import (
    ITEMS,
    SETS,
    answer_items,
    ask_checklist,
    is_positive,
)
from trdanalysis.analysis.questions.ratings import derive_responses
from trdanalysis.analysis.questions.relapse import ask_relapse, derive_relapse
from trdanalysis.analysis.questions.symptoms import ask_symptoms, compare_groups
from trdanalysis.contract import SYMPTOMS
from trdanalysis.engine import Engine

THREE = (True, False, None)

PATIENT = {
    "patient_id": "p", "age_years": "40", "mdd_diagnosis": "yes", "functional_impairment": "yes",
    "medical_cause": "no", "current_substance_use": "no", "last_observed_day": "400",
}  # fmt: skip
TRIAL = {
    "patient_id": "p", "trial_id": "t", "drug": "sertraline", "start_day": "0", "stop_day": "200",
    "dose_mg_per_day": "100", "adherence": "0.9", "scale": "PHQ-9", "baseline_score": "20",
}  # fmt: skip


#: Patients by what they are there for: ratings of PHQ-9 by day, and cells of the trial.
RATED: dict[str, tuple[dict[int, int], dict[str, str]]] = {
    "returns": ({40: 10, 80: 9, 96: 11, 120: 20}, {}),
    "returns in eight weeks": ({40: 10, 96: 11}, {}),
    "returns a day later": ({40: 10, 97: 11}, {}),
    "seen for less": ({40: 10, 95: 10}, {}),
    "seen for eight weeks": ({40: 10, 96: 10}, {}),
    "not seen again": ({40: 10}, {}),
    "after the end": ({40: 10, 200: 9, 201: 15}, {}),
    "by outcome": ({}, {"baseline_score": "", "rated_outcome": "response"}),
    "lost by the endpoint": ({20: 8}, {"endpoint_score": "18", "endpoint_day": "60"}),
    "ended some day": ({40: 10}, {"stop_day": "", "stop_reason": "other"}),
    "no response": ({40: 11, 60: 18}, {}),
}

#: Cells of the patient, outcome of the trial, and whether symptoms persist or have returned.
PERSISTING: dict[str, tuple[dict[str, str], str, bool | None]] = {
    # Neither core symptom, and no treatment can have brought relief.
    "nothing left": ({"low_mood": "no", "anhedonia": "no"}, "no_response", False),
    "outcome unknown": ({"low_mood": "no", "anhedonia": "no"}, "", None),
    "relief, not followed": ({"low_mood": "no", "anhedonia": "no"}, "response", None),
    "symptom unknown": ({"low_mood": "no", "anhedonia": ""}, "no_response", None),
    "low mood": ({"low_mood": "yes", "anhedonia": ""}, "", True),
}


@dataclass(frozen=True)
class Read:
    """What is made of the patients, by what they are there for."""

    responses: dict[str, dict[str, Any]]
    answers: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def read() -> Read:
    patients, trials, ratings = [], [], []
    names = {f"p{place}": name for place, name in enumerate((*RATED, *PERSISTING))}
    for key, name in names.items():
        rated, cells = RATED.get(name, ({}, {}))
        own: dict[str, str] = {}
        if name in PERSISTING:
            own, outcome, _ = PERSISTING[name]
            cells = {"rated_outcome": outcome, "baseline_score": ""}
        patients.append(PATIENT | own | {"patient_id": key})
        trials.append(TRIAL | cells | {"patient_id": key})
        ratings += [
            {"patient_id": key, "day": str(day), "scale": "PHQ-9", "score": str(score)}
            for day, score in rated.items()
        ]
    tables = {"patients": patients, "trials": trials, "assessments": ratings}
    with Engine(memory_limit_mb=500, threads=1) as engine:
        asked = asked_of(engine, {name: pd.DataFrame(rows) for name, rows in tables.items()})
        found = [
            {names[row["patient_id"]]: row for row in table.to_pyarrow().to_pylist()}
            for table in (derive_relapse(derive_responses(asked)), answer_items(asked))
        ]
    return Read(*found)


@pytest.mark.parametrize("values", list(product(THREE, repeat=3)))
def test_at_least_so_many_is_three_valued(values: tuple[bool | None, ...]) -> None:
    names = [f"c{place}" for place in range(3)]
    schema = pa.schema([(name, pa.bool_()) for name in names])
    table = ibis.memtable(pa.Table.from_pylist([dict(zip(names, values, strict=True))], schema))
    for least in (1, 2, 3):
        told = table.select(it=is_positive(table, names, least))
        # Whatever the unknown were: the same answer of every reading, else unknown.
        readings = {
            sum(filled) >= least
            for filled in product(*((v,) if v is not None else (True, False) for v in values))
        }
        expected = readings.pop() if len(readings) == 1 else None
        assert ibis.duckdb.connect().to_pyarrow(told).to_pylist() == [{"it": expected}]


def test_every_threshold_is_of_its_questions() -> None:
    assert all(set(items) <= set(ITEMS) for items, _ in SETS.values())
    assert all(0 < least <= len(items) for items, thresholds in SETS.values()
               for least in thresholds)  # fmt: skip


def test_symptoms_that_return_on_treatment(read: Read) -> None:
    found = read.responses["returns"]
    assert found["response_day"] == 40 and found["lost_day_on"] == 96
    assert found["relapse_on_treatment"] is True and found["early_return"] is True
    assert found["stopped_well"] is False


def test_eight_weeks_after_the_response_is_early_and_a_day_more_is_not(read: Read) -> None:
    assert read.responses["returns in eight weeks"]["early_return"] is True
    later = read.responses["returns a day later"]
    assert later["early_return"] is False and later["relapse_on_treatment"] is True


def test_who_was_not_rated_long_enough_may_have_returned_early(read: Read) -> None:
    found = read.responses["seen for less"]
    assert found["early_return"] is None and found["relapse_on_treatment"] is False
    assert read.responses["seen for eight weeks"]["early_return"] is False


def test_a_response_without_a_later_rating_is_of_unknown_end(read: Read) -> None:
    found = read.responses["not seen again"]
    assert found["relapse_on_treatment"] is None and found["early_return"] is None
    assert found["relapse_after_stop"] is None and found["stopped_well"] is True


def test_a_rating_after_the_end_is_not_of_the_treatment(read: Read) -> None:
    found = read.responses["after the end"]
    assert found["relapse_on_treatment"] is False and found["last_day_on"] == 200
    assert found["relapse_after_stop"] is True and found["stopped_well"] is True


def test_a_response_that_only_the_outcome_tells_has_no_day(read: Read) -> None:
    # Of a trial that ended on an unknown day no rating is told apart.
    for name in ("by outcome", "ended some day"):
        found = read.responses[name]
        assert found["response_day"] is None and found["relapse_on_treatment"] is None


def test_response_lost_by_the_endpoint_was_a_response(read: Read) -> None:
    found = read.responses["lost by the endpoint"]
    assert found["response_day"] == 20 and found["relapse_on_treatment"] is True


def test_nothing_responds_to_no_response(read: Read) -> None:
    assert "no response" not in read.responses


@pytest.mark.parametrize("name", PERSISTING)
def test_persisting_or_returning(read: Read, name: str) -> None:
    assert read.answers[name]["persisting_or_returning"] is PERSISTING[name][2]


def test_nobody_has_symptoms_where_nobody_is() -> None:
    raw = {
        "patients": pd.DataFrame([PATIENT | {"age_years": "15"}]),
        "trials": pd.DataFrame([TRIAL]),
        "assessments": pd.DataFrame(columns=["patient_id", "day", "scale", "score"]),
    }
    with Engine(memory_limit_mb=500, threads=1) as engine:
        asked = asked_of(engine, raw)
        found = [ask(asked) for ask in (ask_symptoms, ask_checklist, ask_relapse)]
    for one in (answer for each in found for answer in each.answers):
        assert (one.total, one.unknown, one.events) == (0, 0, 0)
    contrasts = found[0].contrasts
    assert contrasts is not None and set(contrasts["status"]) == {"not_estimable"}


def test_groups_are_compared_among_those_of_whom_a_symptom_is_known() -> None:
    counted = {"trd": {"total": 12}, "responding": {"total": 40}}
    for own in counted.values():
        own |= {f"{name}_unknown": own["total"] for name in SYMPTOMS}
    counted["trd"] |= {"fatigue_unknown": 2, "fatigue_yes": 8}
    counted["responding"] |= {"fatigue_unknown": 0, "fatigue_yes": 10}
    table = compare_groups(counted, "article")
    row = table[(table["level"] == "fatigue") & (table["versus"] == "responding")].iloc[0]
    assert (row["n"], row["n_versus"], row["effect"]) == (10, 40, "rd")
    assert row["value"] == pytest.approx(0.8 - 0.25) and row["ci_low"] < 0.55 < row["ci_high"]
    # One family: every symptom of the pair of groups that can be tested.
    assert row["n_tests"] == 1 and row["p_adjusted"] == row["p_value"]
    assert len(table) == 2 * len(SYMPTOMS)
