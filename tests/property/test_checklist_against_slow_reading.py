"""Symptoms, the checklist and relapse are what reading patient by patient gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

import pandas as pd
import pytest

from tests.asked import asked_of
from tests.golden.run import HERE
from tests.property.compare import frames
from tests.property.settings import BATCHES
from tests.property.tables import show
from tests.slow.checklist import Counts, count_all, list_followed
from tests.slow.histories import TABLES, History, pool
from tests.slow.intake import FACTORS, SYMPTOMS, Row, read_drop
from tests.slow.patients import Patient, judge_drop, read_raw
from tests.slow.trials import used
from tests.support import REFERENCE
from trdanalysis.analysis.questions.asked import Found
from trdanalysis.analysis.questions.checklist import ask_checklist
from trdanalysis.analysis.questions.ratings import derive_responses
from trdanalysis.analysis.questions.relapse import (
    ask_relapse,
    count_days_to_relapse,
    derive_relapse,
)
from trdanalysis.analysis.questions.symptoms import ask_symptoms
from trdanalysis.engine import Engine
from trdanalysis.simulate.drop import simulate_drop, write_drop


def draw_rated(random: Random, patient_id: str) -> History:
    """Draw a patient who is rated again and again, on the treatment and after it."""
    flag = ("yes", "yes", "no", "no", "", "?")
    patient = {
        "patient_id": patient_id, "age_years": random.choice(("19", "30", "70", "15", "")),
        "mdd_diagnosis": "yes", "functional_impairment": random.choice(flag),
        "medical_cause": random.choice(("no", "no", "yes", "")), "current_substance_use": "no",
        "last_observed_day": random.choice(("", "200", "400")),
        **{name: random.choice(flag) for name in (*SYMPTOMS, *FACTORS)},
    }  # fmt: skip
    trials, ratings, day = [], [], 0
    # Some have failed twice before.
    if random.random() < 0.4:
        for number, drug in enumerate(("mirtazapine", "bupropion")):
            trials.append(
                {
                    "patient_id": patient_id, "trial_id": f"f{number}", "drug": drug,
                    "start_day": str(day), "stop_day": str(day + 60), "dose_mg_per_day": "300",
                    "adherence": random.choice(("0.9", "0.9", "0.5")), "scale": "PHQ-9",
                    "baseline_score": "20", "endpoint_score": "19", "endpoint_day": str(day + 50),
                }
            )  # fmt: skip
            day += 60
    for number in range(random.choice((0, 1, 1, 2, 3))):
        stop = day + random.choice((30, 60, 100, 150))
        trials.append(
            {
                "patient_id": patient_id, "trial_id": f"t{number}",
                "drug": random.choice(("sertraline", "venlafaxine", "lithium", "unheard-of")),
                "start_day": str(day), "dose_mg_per_day": "300", "adherence": "0.9",
                "stop_day": random.choice((str(stop), str(stop), str(stop), "")),
                "stop_reason": random.choice(("", "", "other", "?")),
                "scale": random.choice(("PHQ-9", "PHQ-9", "MADRS")),
                "baseline_score": random.choice(("20", "20", "20", "0", "")),
                "endpoint_day": random.choice(("", str(day + 42))),
                "endpoint_score": random.choice(("", "10", "10.5", "4", "19")),
                "rated_outcome": random.choice(("", "", "response", "no_response")),
            }
        )  # fmt: skip
        ratings += [
            {"patient_id": patient_id, "day": str(at), "scale": random.choice(("phq 9", "MADRS")),
             "score": random.choice(("20", "11", "10", "10", "9", "4", "", "99"))}
            for at in random.sample(range(day - 5, stop + 120), random.choice((0, 2, 6)))
        ]  # fmt: skip
        day = stop + random.choice((0, 10, 40))
    return {"patients": [patient], "trials": trials, "doses": [], "assessments": ratings}


@dataclass(frozen=True)
class Read:
    """What both readings make of the same records."""

    patients: list[Patient]
    ratings: dict[str, list[Row]]
    expected: Counts
    found: list[Found]
    followed: pd.DataFrame


@pytest.fixture(scope="module", params=range(BATCHES or 1))
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read random, simulated and the kept drop's patients, all in one cohort."""
    random, simulated = Random(request.param), tmp_path_factory.mktemp("rated") / "simulated"
    write_drop(simulate_drop(150, 71 + request.param), simulated)
    tables = pool(
        [
            *(draw_rated(random, f"p{place}") for place in range(400)),
            *({name: read_raw(drop).get(name, []) for name in TABLES}
              for drop in (HERE / "drop", simulated)),
        ]
    )  # fmt: skip
    patients = judge_drop(tables, REFERENCE / "antidepressants.csv")
    ratings: dict[str, list[Row]] = {}
    for rating in read_drop(tables).tables["assessments"]:
        ratings.setdefault(rating["patient_id"], []).append(rating)
    left_out = [name for name in FACTORS if all(used(p.row[name]) is None for p in patients)]
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        asked = asked_of(engine, frames(tables))
        return Read(
            patients,
            ratings,
            count_all(patients, ratings, left_out),
            [ask(asked) for ask in (ask_symptoms, ask_checklist, ask_relapse)],
            count_days_to_relapse(derive_relapse(derive_responses(asked))),
        )


def test_counts_add_up_to_what_each_patient_is(read: Read) -> None:
    expected, wrong = dict(read.expected), []
    for answer in (answer for found in read.found for answer in found.answers):
        key = (
            answer.question, answer.measure, answer.population, answer.age_band, answer.group,
            answer.level,
        )  # fmt: skip
        counts = [answer.total, answer.unknown, answer.events]
        own = expected.pop(key, [0, 0, 0])
        wrong += [f"{key}: {own}, {counts}"] * (own != counts)
    assert not wrong, show(wrong)
    assert not expected


def test_responses_are_followed_as_long_as_they_are(read: Read) -> None:
    found: Counter[tuple[int, bool]] = Counter()
    for row in read.followed.to_dict("records"):
        found[row["days"], row["has_event"]] += row["patients"]
    assert found == list_followed(read.patients, read.ratings)


def test_the_patients_are_of_every_kind(read: Read) -> None:
    """Otherwise the comparison would say little."""
    for population, measure in (
        ("responders", "relapse_on_treatment"), ("responders", "early_return"),
        ("stopped_well", "relapse_after_stop"),
    ):  # fmt: skip
        total, unknown, events = read.expected["relapse", measure, population, "", "", measure]
        assert unknown and events and total > unknown + events
    for group in ("trd", "pseudo_resistant", "responding"):
        total, unknown, events = read.expected["symptoms", "symptom", group, "", "", "low_mood"]
        assert unknown and events and total > unknown + events
