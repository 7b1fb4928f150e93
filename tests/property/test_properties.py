"""What must hold whatever the history: stricter never adds, order and names do not matter."""

from __future__ import annotations

from random import Random

import pandas as pd
import pytest

from tests.property.compare import frames, renamed
from tests.property.settings import BATCHES, PATIENTS
from tests.slow.histories import TABLES, History, draw_history, pool
from tests.support import article, label_raw, to_frame, variant
from trdanalysis.engine import Engine
from trdanalysis.labelling.definition import Definition

SEEDS = range(1000, 1000 + (BATCHES or 1))


DEFINITIONS = (
    article(),
    variant("weeks-8", min_weeks=8),
    variant("failures-1", min_failures=1),
    variant("failures-3", min_failures=3),
    variant("strict-dose", dose_table="strict"),
    variant("lenient-dose", dose_table="lenient"),
    variant("adherence-90", min_adherence=0.9),
    variant("below-25", nonresponse_below_percent=25),
    variant("moiety", distinct_by="moiety"),
    variant("class", distinct_by="class"),
    variant("core", first_line="core"),
    variant("any", first_line="any"),
    variant("apart-30", min_days_between_starts=30),
)
#: The first never labels a patient TRD whom the second does not.
STRICTER = (
    ("weeks-8", "article"),
    ("article", "failures-1"),
    ("failures-3", "article"),
    ("strict-dose", "article"),
    ("article", "lenient-dose"),
    ("adherence-90", "article"),
    ("below-25", "article"),
    ("moiety", "article"),
    ("class", "moiety"),
    ("core", "article"),
    ("article", "any"),
    ("apart-30", "article"),
)
SPOILERS: tuple[dict[str, str], ...] = (
    {"adherence": ""},
    {"adherence": "0.1"},
    {"dose_mg_per_day": "0.1"},
    {"dose_mg_per_day": ""},
    {"stop_day": "7"},
    {"scale": "HAM-D17", "baseline_score": "24", "endpoint_score": "2",
     "baseline_day": "0", "endpoint_day": "42"},
)  # fmt: skip


def histories(seed: int) -> list[History]:
    random = Random(seed)
    return [draw_history(random, f"p{place}") for place in range(PATIENTS)]


def label(drawn: list[History], definitions: tuple[Definition, ...]) -> pd.DataFrame:
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        labelled = label_raw(engine, frames(pool(drawn)), definitions)
        return to_frame(labelled.labels, "patient_id", "definition")


@pytest.fixture(scope="module", params=SEEDS)
def drawn(request: pytest.FixtureRequest) -> list[History]:
    return histories(request.param)


@pytest.fixture(scope="module")
def labels(drawn: list[History]) -> pd.DataFrame:
    found = label(drawn, DEFINITIONS)
    assert (found["label"] == "trd").sum() > 30, "too few to say anything"
    return found


def trd_patients(labels: pd.DataFrame, definition: str) -> set[str]:
    rows = labels[(labels["definition"] == definition) & (labels["label"] == "trd")]
    return set(rows["patient_id"])


@pytest.mark.parametrize(("stricter", "looser"), STRICTER)
def test_stricter_never_adds_a_patient(labels: pd.DataFrame, stricter: str, looser: str) -> None:
    assert trd_patients(labels, stricter) <= trd_patients(labels, looser)


def test_strictness_matters_to_some(labels: pd.DataFrame) -> None:
    pairs = [(len(trd_patients(labels, a)), len(trd_patients(labels, b))) for a, b in STRICTER]
    assert sum(strict < loose for strict, loose in pairs) >= 4


def test_certain_failures_are_possible_failures(labels: pd.DataFrame) -> None:
    assert (labels["failures_definite"] <= labels["failures_possible"]).all()


def test_labels_follow_from_the_four_criteria(labels: pd.DataFrame) -> None:
    four = labels[["mdd", "enough_failures", "impaired", "not_excluded"]]
    refuted = (four == False).fillna(False).any(axis=1)  # noqa: E712
    proven = four.fillna(False).all(axis=1)
    expected = pd.Series("indeterminate", index=labels.index)
    expected[proven] = "trd"
    expected[refuted] = "not_trd"
    assert (labels["label"] == expected).all()


@pytest.fixture(scope="module")
def changed(drawn: list[History]) -> dict[str, pd.DataFrame]:
    """Label every patient beside changed copies of himself."""
    random = Random(5)
    copies: dict[str, list[History]] = {"same": drawn, "renamed": [], "irrelevant": [], "worse": []}
    for place, history in enumerate(drawn):
        copies["renamed"].append(renamed(history, f"p{place}.renamed"))
        more = renamed(history, f"p{place}.irrelevant")
        more["trials"] = [*more["trials"], _psychotherapy(f"p{place}.irrelevant", random)]
        copies["irrelevant"].append(more)
        copies["worse"].append(renamed(_worse(history, random), f"p{place}.worse"))
    everything = [one for part in copies.values() for one in part]
    found = label(everything, (article(),))
    kind = found["patient_id"].str.partition(".")
    return {
        name: found[kind[2] == ("" if name == "same" else name)]
        .assign(patient_id=kind[0])
        .set_index("patient_id")
        .sort_index()
        for name in copies
    }


def _psychotherapy(patient_id: str, random: Random) -> dict[str, str]:
    start = random.choice((0, 20, 50, 110))
    return {"patient_id": patient_id, "trial_id": "zz", "drug": "psychotherapy",
            "start_day": str(start), "stop_day": str(start + 90)}  # fmt: skip


def _worse(history: History, random: Random) -> History:
    """Take dose, duration, adherence or non-response from one trial."""
    ids = [row["trial_id"] for row in history["trials"]]
    whole = [row for row in history["trials"] if ids.count(row["trial_id"]) == 1]
    if not whole:
        return history
    chosen = random.choice(whole)
    spoiler = random.choice(SPOILERS)
    try:
        start = int(float(chosen["start_day"]))
    except ValueError:
        return history
    of_days = {"stop_day", "baseline_day", "endpoint_day"} & spoiler.keys()
    days = {name: str(start + int(spoiler[name])) for name in of_days}
    worse = {**chosen, **spoiler, **days}
    doses = history["doses"]
    if "dose_mg_per_day" in spoiler:
        doses = [row for row in doses if row["trial_id"] != chosen["trial_id"]]
    trials = [worse if row is chosen else row for row in history["trials"]]
    return {**history, "trials": trials, "doses": doses}


@pytest.mark.parametrize("how", ["renamed", "irrelevant"])
def test_names_and_irrelevant_trials_change_nothing(
    changed: dict[str, pd.DataFrame], how: str
) -> None:
    pd.testing.assert_frame_equal(changed[how], changed["same"])


def test_less_of_a_failure_never_adds_a_patient(changed: dict[str, pd.DataFrame]) -> None:
    before, after = (
        {patient for patient, word in changed[name]["label"].items() if word == "trd"}
        for name in ("same", "worse")
    )
    assert after <= before
    assert after < before, "the change was felt by nobody"


def test_row_order_changes_nothing(drawn: list[History], labels: pd.DataFrame) -> None:
    random = Random(9)
    tables = pool(drawn)
    shuffled = {name: random.sample(tables[name], len(tables[name])) for name in TABLES}
    again = label([shuffled], (article(),))
    first = labels[labels["definition"] == "article"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, first)
