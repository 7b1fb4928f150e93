"""Medication errors: truth tables, and patients written by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import ibis
import pyarrow as pa
import pytest

from tests.asked import asked_of
from tests.property.compare import frames
from tests.support import CONFIG, variant
from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.form import estimate_answers
from trdanalysis.analysis.questions.medication_errors import (
    LEVELS,
    SCENARIOS,
    TWO_ERRORS,
    ask_medication_errors,
    derive_if_adequate,
    name_errors,
    name_reason,
)
from trdanalysis.engine import Engine
from trdanalysis.labelling.definition import read_definition

THREE = (True, False, None)
SINGLE, PAIRS = ("dose", "duration", "adherence"), TWO_ERRORS


def expect(single: tuple[bool | None, ...], pairs: tuple[bool | None, ...]) -> str:
    """Say what the page says, in its order."""
    for values, names, several in (
        (single, SINGLE, "any_one_error"),
        (pairs, PAIRS, "several_errors"),
    ):
        if sum(value is True for value in values) > 1:
            return several
        if None in values:
            return "errors_unclear"
        if True in values:
            return names[values.index(True)]
    return "several_errors"


def test_errors_by_which_would_have_been_enough() -> None:
    facts = list(product(THREE, repeat=6))
    columns = [f"enough_{name}" for name in (*SINGLE, *PAIRS)]
    rows: list[dict[str, Any]] = [
        {"place": place, "enough_all_errors": True} | dict(zip(columns, fact, strict=True))
        for place, fact in enumerate(facts)
    ]
    types = [("place", pa.int64()), *((f"enough_{name}", pa.bool_()) for name in SCENARIOS)]
    table = ibis.memtable(pa.Table.from_pylist(rows, pa.schema(types)))
    told = table.mutate(level=name_errors(table)).order_by("place")
    found = [row["level"] for row in ibis.duckdb.connect().to_pyarrow(told).to_pylist()]
    assert found == [expect(fact[:3], fact[3:]) for fact in facts]


def _trial(drug: str, start: int, **cells: str) -> dict[str, str]:
    """Give a trial that failed and was adequate, but for what is said."""
    return {
        "drug": drug, "start_day": str(start), "stop_day": str(start + 60),
        "dose_mg_per_day": "300", "adherence": "0.9", "scale": "PHQ-9", "baseline_score": "20",
        "endpoint_score": "19", "endpoint_day": str(start + 45),
    } | cells  # fmt: skip


def _short(start: int) -> dict[str, str]:
    return {"stop_day": str(start + 41), "endpoint_day": str(start + 41)}


LOW, POOR = {"dose_mg_per_day": "1"}, {"adherence": "0.79"}
GOOD = _trial("sertraline", 0)

#: Trials, cells of the patient, what apparent resistance is, and whether the patient is resistant
#: with dose, duration, adherence and all three forgiven.
BY_HAND: dict[str, tuple[list[dict[str, str]], dict[str, str], str | None, str]] = {
    "adequate": ([GOOD, _trial("duloxetine", 100)], {}, "trd", "yyyy"),
    "low dose": ([GOOD, _trial("duloxetine", 100, **LOW)], {}, "dose", "ynny"),
    "short": ([GOOD, _trial("duloxetine", 100, **_short(100))], {}, "duration", "nyny"),
    "poor": ([GOOD, _trial("duloxetine", 100, **POOR)], {}, "adherence", "nnyy"),
    "either": (
        [GOOD, _trial("duloxetine", 100, **LOW), _trial("mirtazapine", 200, **POOR)], {},
        "any_one_error", "ynyy"),
    "both in one": (
        [GOOD, _trial("duloxetine", 100, **LOW, **POOR)], {}, "dose_and_adherence", "nnny"),
    "one each": (
        [_trial("sertraline", 0, **LOW), _trial("duloxetine", 100, **_short(100))], {},
        "dose_and_duration", "nnny"),
    "all in one": (
        [GOOD, _trial("duloxetine", 100, **LOW, **POOR, **_short(100))], {}, "several_errors",
        "nnny"),
    "two pairs": (
        [GOOD, _trial("duloxetine", 100, **LOW, **POOR),
         _trial("mirtazapine", 200, **LOW, **_short(200))], {}, "several_errors", "nnny"),
    "unknown beside": (
        [GOOD, _trial("duloxetine", 100, **LOW, adherence="")], {}, "errors_unclear", "?nny"),
    "unknown but settled by others": (
        [GOOD, _trial("duloxetine", 100, **LOW), _trial("mirtazapine", 200, **POOR),
         _trial("vortioxetine", 300, **_short(300), adherence="")], {}, "any_one_error", "y?yy"),
    "forgiven where unknown": ([GOOD, _trial("duloxetine", 100, adherence="")], {}, None, "??yy"),
    "excluded": ([GOOD, _trial("duloxetine", 100)], {"medical_cause": "yes"}, "other_reason",
                 "nnnn"),
    "error and excluded": (
        [GOOD, _trial("duloxetine", 100, **LOW)], {"medical_cause": "yes"}, "dose", "nnnn"),
    "perhaps enough and excluded": (
        [GOOD, _trial("duloxetine", 100, adherence="")], {"medical_cause": "yes"}, "other_reason",
        "nnnn"),
    "exclusion unknown": ([GOOD, _trial("duloxetine", 100)], {"medical_cause": ""}, None, "????"),
    "error and exclusion unknown": (
        [GOOD, _trial("duloxetine", 100, **LOW)], {"medical_cause": ""}, "dose", "?nn?"),
    "one drug": ([GOOD, _trial("sertraline", 100, **LOW)], {}, "no apparent resistance", "nnnn"),
    "a response": (
        [GOOD, _trial("duloxetine", 100, endpoint_score="5", **LOW)], {},
        "no apparent resistance", "nnnn"),
    "a quarantined trial": (
        [GOOD, _trial("duloxetine", 100) | {"start_day": "spring"}], {},
        "no apparent resistance", "????"),
}  # fmt: skip
WORD = {True: "y", False: "n", None: "?"}


@pytest.fixture(scope="module")
def asked() -> Any:
    patients, trials = [], []
    for name, (own, cells, *_) in BY_HAND.items():
        patient_id = name.replace(" ", "_")
        patients.append(
            {"patient_id": patient_id, "age_years": "40", "mdd_diagnosis": "yes",
             "functional_impairment": "yes", "medical_cause": "no",
             "current_substance_use": "no", "last_observed_day": "400"} | cells
        )  # fmt: skip
        for number, trial in enumerate(own):
            trials.append(trial | {"patient_id": patient_id, "trial_id": f"t{number}"})
    tables = {"patients": patients, "trials": trials, "doses": [], "assessments": []}
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield asked_of(engine, frames(tables))


def test_patients_written_by_hand(asked: Asked) -> None:
    judged = derive_if_adequate(asked)
    told = judged.mutate(
        level=name_reason(judged),
        **{name: judged[f"enough_{name}"] & judged.others_met for name in (*SINGLE, "all_errors")},
    ).to_pyarrow()
    rows = {row["patient_id"]: row for row in told.to_pylist()}
    for name, (_, _, level, forgiven) in BY_HAND.items():
        row = rows[name.replace(" ", "_")]
        found = row["level"] if row["apparent_resistance"] else "no apparent resistance"
        assert found == level, name
        assert "".join(WORD[row[one]] for one in (*SINGLE, "all_errors")) == forgiven, name


def test_counts_add_up_to_apparent_resistance_by_label(asked: Asked) -> None:
    """As resistance.csv counts it: resistant, not resistant for whatever reason, no label."""
    table = estimate_answers(ask_medication_errors(asked).answers, "article")
    own = table[table["measure"] == "why_apparent"].set_index("level")
    assert list(own.index) == list(LEVELS)
    expected = [told for _, _, told, _ in BY_HAND.values() if told != "no apparent resistance"]
    assert own["events"].to_dict() == {name: expected.count(name) for name in LEVELS}
    assert set(own["n_unknown"]) == {expected.count(None)}
    rates = table[table["measure"] == "trd_if_adequate"].set_index("group")
    recorded, forgiven = rates.loc["as_recorded"], rates.loc["all_errors"]
    assert recorded["events"] == expected.count("trd") < forgiven["events"]
    assert recorded["bound_low"] < forgiven["bound_low"] <= forgiven["bound_high"]


def test_each_more_forgiven_error_adds_patients(asked: Asked) -> None:
    judged = derive_if_adequate(asked).to_pyarrow().to_pylist()
    for row in judged:
        for pair in PAIRS:
            for one in pair.split("_and_"):
                assert not (row[f"enough_{one}"] and not row[f"enough_{pair}"])
            assert not (row[f"enough_{pair}"] and not row["enough_all_errors"])


def test_of_failures_in_one_episode(asked: Asked) -> None:
    """Where no episode is known, nothing is certain of two failures in one."""
    same = replace(asked, definition=variant("in-one", same_episode=True))
    judged = derive_if_adequate(same)
    rows = {row["patient_id"]: row for row in judged.to_pyarrow().to_pylist()}
    assert rows["adequate"]["enough_dose"] is None
    assert rows["one_drug"]["enough_all_errors"] is False


def test_a_score_has_no_failures_to_take_apart(asked: Asked) -> None:
    maudsley = read_definition(CONFIG / "definitions" / "maudsley.yaml")
    assert not ask_medication_errors(replace(asked, definition=maudsley)).answers
