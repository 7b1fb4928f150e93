"""What followed treatment resistance is what reading patient by patient gives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

import numpy as np
import pandas as pd
import pytest

from tests.asked import asked_of
from tests.golden.run import HERE
from tests.property.compare import frames
from tests.property.settings import BATCHES
from tests.property.tables import is_same, show
from tests.slow.after_trd import count_after, draw_times, list_pairs, read_after, resistant
from tests.slow.histories import TABLES, History, pool
from tests.slow.patients import Patient, judge_drop, read_raw
from tests.support import REFERENCE
from trdanalysis.analysis.questions.after_trd import ask_after_trd, find_first_of_each
from trdanalysis.analysis.questions.asked import Found
from trdanalysis.analysis.questions.next_steps import derive_after_resistance
from trdanalysis.analysis.questions.pathways import STRATEGIES, list_pathways
from trdanalysis.analysis.questions.strategy_contrasts import (
    COVARIATES,
    collect_pairs,
)
from trdanalysis.analysis.questions.strategy_contrasts import (
    REFERENCE as COMPARED_WITH,
)
from trdanalysis.engine import Engine
from trdanalysis.simulate.drop import simulate_drop, write_drop

_ANTIDEPRESSANTS = ("sertraline", "escitalopram", "venlafaxine", "duloxetine", "mirtazapine")
_OTHERS = (
    "lithium", "aripiprazole", "psychotherapy", "ect", "rtms", "esketamine", "lifestyle", "placebo",
    "A10BA02", "unheard-of", "",
)  # fmt: skip


def draw_resistant(random: Random, patient_id: str) -> History:
    """Draw a patient with two failures and whatever came after them, also on one day."""
    first, second = random.sample(_ANTIDEPRESSANTS, 2)
    trials = [_failed("t0", first, 0, 60), _failed("t1", second, 60, random.choice((110, 121, "")))]
    day, rough = random.choice((90, 102, 121, 121, 125)), random.random() < 0.4
    for number in range(2, 2 + random.choice((0, 1, 1, 2, 3, 4))):
        drug = random.choice(
            _ANTIDEPRESSANTS if random.random() < 0.6 else _OTHERS[: 11 if rough else 7]
        )
        length = random.choice((10, 27, 28, 29, 60))
        outcome = random.choice(("", "remission", "response", "no_response"))
        trials.append(
            {
                "trial_id": f"t{number}", "drug": drug, "start_day": str(day),
                "stop_day": random.choice((str(day + length), str(day + length), "")),
                "stop_reason": random.choice(("", "", "other", "?")) if rough else "",
                "role": random.choice(("", "", "primary", "augmentation", "?" if rough else "")),
                "for_depression": random.choice(("", "", "yes", "no", "?")) if rough else "",
                "rated_outcome": outcome, "scale": random.choice(("PHQ-9", "MADRS", "")),
                "baseline_score": random.choice(("20", "12", "")),
            }
        )  # fmt: skip
        if rough and random.random() < 0.05:
            trials[-1]["start_day"] = "spring"
        day += random.choice((0, 0, 1, length, length, length + 40))
    if rough and random.random() < 0.3:
        trials[1]["endpoint_day"] = ""
    for trial in trials:
        trial["patient_id"] = patient_id
    patient = {
        "patient_id": patient_id, "age_years": "40", "mdd_diagnosis": "yes",
        "functional_impairment": "yes", "medical_cause": "no", "current_substance_use": "no",
        "last_observed_day": random.choice(("", "121", "150", str(day), str(day + 1), "600")),
    }  # fmt: skip
    return {"patients": [patient], "trials": trials, "doses": [], "assessments": []}


def _failed(trial_id: str, drug: str, start: int, stop: int | str) -> dict[str, str]:
    return {
        "trial_id": trial_id, "drug": drug, "start_day": str(start), "stop_day": str(stop),
        "dose_mg_per_day": "300", "adherence": "0.9", "scale": "PHQ-9", "baseline_score": "20",
        "endpoint_score": "19", "endpoint_day": str(start + 45),
    }  # fmt: skip


@dataclass(frozen=True)
class Read:
    """What both readings make of the same records."""

    patients: list[Patient]
    fast: dict[str, dict[str, object]]
    steps: list[dict[str, object]]
    found: Found
    pairs: pd.DataFrame


@pytest.fixture(scope="module", params=range(BATCHES or 1))
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read random, simulated and the kept drop's patients, all in one cohort."""
    random, simulated = Random(request.param), tmp_path_factory.mktemp("after") / "simulated"
    write_drop(simulate_drop(300, 41 + request.param), simulated)
    tables = pool(
        [
            *(draw_resistant(random, f"p{place}") for place in range(300)),
            *({name: read_raw(drop).get(name, []) for name in TABLES}
              for drop in (HERE / "drop", simulated)),
        ]
    )  # fmt: skip
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        asked = asked_of(engine, frames(tables))
        after = derive_after_resistance(asked, asked.members)
        rows = after.patients.to_pyarrow().to_pylist()
        return Read(
            judge_drop(tables, REFERENCE / "antidepressants.csv"),
            {row["patient_id"]: row for row in rows},
            after.steps.order_by(["patient_id", "day"]).to_pyarrow().to_pylist(),
            ask_after_trd(asked),
            collect_pairs(find_first_of_each(after.steps)),
        )


def test_each_patient_is_read_the_same_way(read: Read) -> None:
    expected = {p.row["patient_id"]: read_after(p) for p in resistant(read.patients)}
    assert set(expected) == set(read.fast)
    wrong = []
    for name, one in expected.items():
        for column in ("next_step", "pathway", "left_on_failed"):
            if getattr(one, column) != read.fast[name][column]:
                wrong.append(f"{name} {column}: {getattr(one, column)}, {read.fast[name][column]}")
    assert not wrong, show(wrong)


def test_each_step_is_read_the_same_way(read: Read) -> None:
    names = ("day", "strategy", "certain", "responded", "remission", "severity", "failures")
    expected = [
        (p.row["patient_id"], *(getattr(step, name) for name in names))
        for p in resistant(read.patients)
        for step in read_after(p).steps
    ]
    assert sorted(expected, key=lambda row: row[:2]) == [
        (row["patient_id"], *(row[name] for name in names)) for row in read.steps
    ]
    assert expected


def test_counts_add_up_to_what_each_patient_is(read: Read) -> None:
    expected = count_after(read.patients)
    wrong = []
    for answer in read.found.answers:
        key = (answer.measure, answer.group, answer.level)
        counts = (answer.total, answer.unknown, answer.events)
        own = expected.pop(key, (answer.total, answer.unknown, 0))
        wrong += [f"{key}: {own}, {counts}"] * (own != counts)
    assert not wrong, show(wrong)
    assert not expected


@pytest.mark.parametrize("curve", ["definite", "possible"])
def test_the_next_step_comes_when_it_comes(read: Read, curve: str) -> None:
    steps = [step for step in draw_times(read.patients, curve) if step.events]
    table = read.found.curves
    assert table is not None and set(table["estimand"]) == {"time_to_next_step"}
    table = table[table["curve"] == curve].iloc[1:]
    assert table["day"].tolist() == [step.day for step in steps]
    for step, row in zip(steps, table.to_dict("records"), strict=True):
        for name, value in (
            ("n_at_risk", step.n_at_risk), ("events", step.events),
            ("cumulative_incidence", step.incidence), ("ci_low", step.ci_low),
            ("ci_high", step.ci_high),
        ):  # fmt: skip
            assert is_same(value, row[name]), f"day {step.day}, {name}"


def test_who_is_compared_is_who_had_one_of_the_two_first(read: Read) -> None:
    for strategy in STRATEGIES:
        if strategy == COMPARED_WITH:
            continue
        expected = Counter(
            tuple(None if value is None else float(value) for value in pair)
            for pair in list_pairs(read.patients, strategy, COMPARED_WITH)
        )
        rows = read.pairs[read.pairs["pair"] == strategy]
        found: Counter[tuple[float | None, ...]] = Counter()
        columns = ["exposed", "responded", "remission", *COVARIATES]
        for row in rows.to_dict("records"):
            key = tuple(None if np.isnan(row[name]) else float(row[name]) for name in columns)
            found[key] += row["patients"]
        assert found == expected, strategy


def test_the_patients_take_every_step(read: Read) -> None:
    found = {(a.measure, a.level): a.events for a in read.found.answers}
    assert all(found["next_step", strategy] for strategy in STRATEGIES)
    assert found["left_on_failed", "left_on_failed"]
    taken = {level for level in list_pathways() if found["pathway", level]}
    assert len(taken) > 15
