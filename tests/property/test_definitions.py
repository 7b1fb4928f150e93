"""What must hold by every definition, and two rules of prescriptions read another time."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.property.compare import frames, renamed
from tests.property.settings import BATCHES, batches
from tests.property.test_properties import _psychotherapy, _worse
from tests.slow.histories import TABLES, History, draw_history, pool
from tests.slow.intake import read_drop
from tests.slow.sequences import FABBRI, SWEDEN, Rule, draw_prescriptions, judge_sequences
from tests.support import CONFIG, REFERENCE, label_raw, to_frame
from trdanalysis.engine import Engine
from trdanalysis.labelling.definition import Definition, read_definition
from trdanalysis.labelling.labels import NO_GRADE

NAMED = {
    path.stem: read_definition(path) for path in sorted((CONFIG / "definitions").glob("*.yaml"))
}
#: The variants of `article` differ from it in thresholds alone, and have properties of their own.
EVERY = [one for name, one in NAMED.items() if BATCHES or not name.startswith("article-")]
PATIENTS = 150 if BATCHES else 60


def altered(name: str, id_: str, **changes: Any) -> Definition:
    """Give a rule of prescriptions with other thresholds."""
    base = NAMED[name].model_dump(exclude_defaults=True)
    base |= {"id": id_, "status": "draft", "fingerprint": None, "unconfirmed": ()}
    trial = dict(base["trial"]) | changes.get("trial", {})
    failures, treatments = (dict(rule) for rule in base["resistance"][0]["all_of"])
    failures["failures"] = failures["failures"] | changes.get("failures", {})
    treatments["treatments"] = treatments["treatments"] | changes.get("treatments", {})
    parts = {"trial": trial, "resistance": [{"all_of": [failures, treatments]}]}
    return Definition.model_validate(base | parts)


def within(weeks: int | str) -> dict[str, Any]:
    return {"nonresponse": {"switched_within_weeks": weeks}}


SWITCHES = (
    NAMED["fabbri-2021"],
    altered("fabbri-2021", "weeks-8", trial={"min_weeks": 8}),
    altered("fabbri-2021", "gap-4", trial=within(4)),
    altered("fabbri-2021", "gap-ever", trial=within("ever")),
    altered("fabbri-2021", "four-drugs", treatments={"at_least": 4}),
    altered("fabbri-2021", "one-switch", failures={"at_least": 1}),
    altered("fabbri-2021", "classes", failures={"distinct_by": "class"}),
    altered("fabbri-2021", "in-a-year", failures={"within_days": 365}),
)
STRICTER = (
    ("weeks-8", "fabbri-2021"),
    ("gap-4", "fabbri-2021"),
    ("fabbri-2021", "gap-ever"),
    ("four-drugs", "fabbri-2021"),
    ("fabbri-2021", "one-switch"),
    ("in-a-year", "fabbri-2021"),
)


def label(tables: History, definitions: list[Definition]) -> pd.DataFrame:
    with Engine(memory_limit_mb=1500, threads=2) as engine:
        labelled = label_raw(engine, frames(tables), definitions)
        return to_frame(labelled.labels, "patient_id", "definition")


@pytest.fixture(scope="module")
def copies() -> dict[str, pd.DataFrame]:
    """Label everybody by every definition, beside changed copies of himself."""
    random = Random(BATCHES or 17)
    everybody: list[History] = []
    for place in range(PATIENTS):
        history = draw_history(random, f"p{place}")
        more = renamed(history, f"p{place}.irrelevant")
        more["trials"] = [*more["trials"], _psychotherapy(f"p{place}.irrelevant", random)]
        worse = renamed(_worse(history, random), f"p{place}.worse")
        everybody += [history, renamed(history, f"p{place}.renamed"), more, worse]
    tables = pool(everybody)
    shuffled = {name: random.sample(tables[name], len(tables[name])) for name in TABLES}
    found = label(shuffled, EVERY)
    kind = found["patient_id"].str.partition(".")
    return {
        name: found[kind[2] == ("" if name == "same" else name)]
        .assign(patient_id=kind[0])
        .set_index(["patient_id", "definition"])
        .sort_index()
        for name in ("same", "renamed", "irrelevant", "worse")
    }


@pytest.mark.parametrize("how", ["renamed", "irrelevant"])
def test_names_order_and_irrelevant_trials_change_nothing(
    copies: dict[str, pd.DataFrame], how: str
) -> None:
    pd.testing.assert_frame_equal(copies[how], copies["same"])


def test_less_of_a_failure_adds_nobody_by_any_definition(copies: dict[str, pd.DataFrame]) -> None:
    before, after = (
        set(copies[name].index[copies[name]["label"] == "trd"]) for name in ("same", "worse")
    )
    assert after <= before
    assert after < before


def test_bounds_are_in_order(copies: dict[str, pd.DataFrame]) -> None:
    for labels in copies.values():
        assert (labels["failures_definite"] <= labels["failures_possible"]).all()
        scored = labels[labels["score_low"].notna()]
        assert (scored["score_low"] <= scored["score_high"]).all()
        of_scores = {one.id for one in EVERY if one.score}
        assert set(scored.index.get_level_values("definition")) == of_scores


def test_every_definition_tells_patients_apart(copies: dict[str, pd.DataFrame]) -> None:
    words = copies["same"].groupby("definition")["label"].agg(Counter)
    assert len(words) == len(EVERY)
    for name, counts in words.items():
        assert len(counts) >= 2, name


def test_a_grade_goes_with_the_label(copies: dict[str, pd.DataFrame]) -> None:
    labels = copies["same"].reset_index()
    for definition in EVERY:
        own = labels[labels["definition"] == definition.id]
        if not definition.grades:
            assert own["grade"].isna().all()
            continue
        names = {grade.grade for grade in definition.grades}
        assert set(own["grade"].dropna()) <= {*names, NO_GRADE}
        resistant = own[own["label"] == "trd"]
        assert (resistant["grade"] != NO_GRADE).fillna(True).all()
        nobody = own[(own["mdd"] == False) | (own["not_excluded"] == False)]  # noqa: E712
        assert (nobody["grade"] == NO_GRADE).all()


@given(random=st.randoms(use_true_random=True))
@batches(2)
def test_prescriptions_are_read_the_same_way(random: Random) -> None:
    drawn = [draw_history(random, f"p{place}") for place in range(PATIENTS)]
    drawn += [draw_prescriptions(random, f"q{place}") for place in range(4 * PATIENTS)]
    tables = pool(drawn)
    accepted = read_drop(tables)
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        definitions = [NAMED["fabbri-2021"], NAMED["sweden-kim"]]
        labelled = label_raw(engine, frames(tables), definitions)
        labels = labelled.labels.to_pyarrow().to_pylist()
        verdicts = {
            "fabbri-2021": labelled.trials.to_pyarrow().to_pylist(),
            "sweden-kim": labelled.trial_verdicts.to_pyarrow().to_pylist(),
        }
    rules: dict[str, Rule] = {"fabbri-2021": FABBRI, "sweden-kim": SWEDEN}
    for name, rule in rules.items():
        read = judge_sequences(accepted, REFERENCE / "antidepressants.csv", rule)
        slow = {row["patient_id"]: row for row in read}
        judged = {(row["patient_id"], row["trial_id"]): row["failed"] for row in verdicts[name]}
        for row in (row for row in labels if row["definition"] == name):
            expected = slow.pop(row["patient_id"])
            for trial, failed in expected.pop("failed").items():
                assert judged[row["patient_id"], trial] == failed, (name, row, trial)
            assert {key: row[key] for key in expected} == expected, name
        assert not slow


def test_stricter_rules_of_prescriptions_add_nobody() -> None:
    random = Random(BATCHES or 23)
    tables = pool([draw_prescriptions(random, f"q{place}") for place in range(8 * PATIENTS)])
    labels = label(tables, list(SWITCHES))
    resistant = {
        name: set(rows.loc[rows["label"] == "trd", "patient_id"])
        for name, rows in labels.groupby("definition")
    }
    for stricter, looser in STRICTER:
        assert resistant[stricter] <= resistant[looser], (stricter, looser)
    assert resistant["classes"] <= resistant["fabbri-2021"]
    assert sum(resistant[a] < resistant[b] for a, b in STRICTER) >= 3
