"""Medication errors, young adults and eligibility are what reading patient by patient gives."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pandas as pd
import pytest

from tests.asked import asked_of
from tests.golden.run import HERE
from tests.property.compare import frames
from tests.property.settings import BATCHES
from tests.property.tables import is_same, show
from tests.slow.eligibility import count_eligible, judge
from tests.slow.histories import TABLES, draw_history, pool
from tests.slow.intake import Row, read_drop
from tests.slow.medication_errors import count_if, count_reasons
from tests.slow.patients import Patient, judge_drop, read_raw
from tests.slow.resistance import certain_members
from tests.slow.young_adults import compare, count_all
from tests.support import REFERENCE
from trdanalysis.analysis.questions.asked import Found
from trdanalysis.analysis.questions.medication_errors import LEVELS, ask_medication_errors
from trdanalysis.analysis.questions.trial_eligibility import ask_trial_eligibility
from trdanalysis.analysis.questions.young_adults import ask_young_adults
from trdanalysis.engine import Engine
from trdanalysis.simulate.drop import simulate_drop, write_drop


@dataclass(frozen=True)
class Read:
    """What is asked, answered by the package, and the patients as the slow reading has them."""

    patients: list[Patient]
    assessments: list[Row]
    errors: Found
    young: Found
    eligible: Found


@pytest.fixture(scope="module", params=range(BATCHES or 1))
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read random, simulated and the kept drop's patients, all in one cohort."""
    random, simulated = Random(request.param), tmp_path_factory.mktemp("asked") / "simulated"
    write_drop(simulate_drop(600, 61 + request.param), simulated)
    tables = pool(
        [
            *(draw_history(random, f"p{place}") for place in range(200)),
            *({name: read_raw(drop).get(name, []) for name in TABLES}
              for drop in (HERE / "drop", simulated)),
        ]
    )  # fmt: skip
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        asked = asked_of(engine, frames(tables))
        return Read(
            judge_drop(tables, REFERENCE / "antidepressants.csv"),
            read_drop(tables).tables["assessments"],
            ask_medication_errors(asked),
            ask_young_adults(asked),
            ask_trial_eligibility(asked),
        )


def _counts(found: Found, *names: str) -> dict[tuple[str, ...], tuple[int, int, int]]:
    return {
        tuple(getattr(one, name) for name in names): (one.total, one.unknown, one.events)
        for one in found.answers
    }


def test_reasons_of_apparent_resistance(read: Read) -> None:
    slow = count_reasons(read.patients)
    assert len(slow) > len(LEVELS) - 2, "reasons that never turn up"
    own = [one for one in read.errors.answers if one.measure == "why_apparent"]
    assert {one.level: one.events for one in own} == {name: slow[name] for name in LEVELS}
    assert {one.unknown for one in own} == {slow[None]}


def test_labels_with_errors_forgiven(read: Read) -> None:
    fast = {
        one.group: (one.total, one.unknown, one.events)
        for one in read.errors.answers
        if one.measure == "trd_if_adequate"
    }
    assert fast == count_if(read.patients)


def test_eligibility(read: Read) -> None:
    fast = _counts(read.eligible, "population", "measure", "level")
    members = certain_members(read.patients)
    slow = {}
    for population in ("members", "trd"):
        own = [p for p in members if population == "members" or p.label["label"] == "trd"]
        told = count_eligible([judge(p, read.assessments) for p in own])
        slow |= {(population, *key): counts for key, counts in told.items()}
    assert fast == slow
    assert slow["members", "still_in", "failures_in_episode"][2] > 0
    assert slow["members", "fails_alone", "severity"][2] > 0


def test_young_adults(read: Read) -> None:
    assert _counts(read.young, "measure", "group", "level") == count_all(read.patients)


def test_young_adults_standardised_for_severity(read: Read) -> None:
    table, wrong = read.young.contrasts, []
    assert table is not None
    slow = compare(read.patients)
    rows = table[table["model"] == "directly_standardised"].to_dict("records")
    assert len(rows) == len(slow)
    for row in rows:
        key = tuple(row[name] for name in ("measure", "level", "group", "model", "effect"))
        for name, expected in slow[key].items():
            got = None if pd.isna(row[name]) else row[name]
            if not is_same(expected, got):
                wrong.append(f"{key} {name}: {expected}, {got}")
    assert not wrong, show(wrong)
