"""Eligibility for a trial: its file, and patients written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.asked import ELIGIBILITY, asked_of
from tests.property.compare import frames
from tests.support import CONFIG, REFERENCE
from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.eligibility import Eligibility, read_eligibility
from trdanalysis.analysis.questions.form import estimate_answers
from trdanalysis.analysis.questions.trial_eligibility import (
    ask_trial_eligibility,
    derive_eligibility,
)
from trdanalysis.commands.shared import load_scales
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.project import find_by_id

# -- the file

SCALES = load_scales(REFERENCE)


def test_every_file_that_the_tool_comes_with_can_be_read() -> None:
    files = sorted((CONFIG / "eligibility").glob("*.yaml"))
    assert files
    for file in files:
        told = read_eligibility(file, SCALES)
        assert told.criteria and told.needed_columns
    assert find_by_id(CONFIG, "eligibility", "esketamine-trials").samefile(ELIGIBILITY)
    with pytest.raises(UserError, match="no file of eligibility"):
        find_by_id(CONFIG, "eligibility", "esketamin-trials")


def _write(folder: Path, **changed: Any) -> Path:
    data = yaml.safe_load(ELIGIBILITY.read_text(encoding="utf-8"))
    data |= {"unconfirmed": []} | changed
    path = folder / "esketamine-trials.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changed", "message", "hint"),
    [
        ({"criterias": []}, "unknown key `criterias`", "criteria"),
        ({"criteria": [{"age_year": {"min": 18}}]}, "unknown key `criteria.0.age_year`",
         "age_years"),
        ({"criteria": [{"age_years": {"mim": 18}}]}, "unknown key `criteria.0.age_years.mim`",
         "min"),
        ({"criteria": [{"age_years": {"min": 65, "max": 64}}]}, "`min` is above `max`", None),
        ({"criteria": [{"age_years": {}}]}, "it must have `min`, `max` or both", None),
        ({"criteria": [{}]}, "exactly one of", None),
        ({"criteria": [{"excluded": "bipolar_disorder", "age_years": {"min": 18}}]},
         "exactly one of", None),
        ({"criteria": [{"excluded": "bipolar"}]}, "cannot be used", None),
        ({"criteria": [{"excluded": "medical_cause"}, {"excluded": "medical_cause"}]},
         "`medical_cause` stands twice", None),
        ({"criteria": []}, "cannot be used", None),
        ({"criteria": [{"severity": {"MADR": 28}}]}, "no scale of severity `MADR`", "MADRS"),
        ({"criteria": [{"severity": {"CGI-I": 4}}]}, "no scale of severity `CGI-I`", None),
        ({"criteria": [{"severity": {"MADRS": 61}}]}, "61 is no score of `MADRS`", None),
        ({"id": "another"}, "`id` is `another`", None),
        ({"unconfirmed": [{"setting": "criteria.1.failures_in_episode.most", "note": "?"}]},
         "named in `unconfirmed` and is not set", None),
    ],
)  # fmt: skip
def test_faults_are_told_with_what_to_do(
    tmp_path: Path, changed: dict[str, Any], message: str, hint: str | None
) -> None:
    with pytest.raises(UserError) as caught:
        read_eligibility(_write(tmp_path, **changed), SCALES)
    told = str(caught.value)
    assert message in told and "esketamine-trials.yaml" in told
    assert hint is None or f"`{hint}`" in told


# -- patients


def _trial(start: int, drug: str = "sertraline", **cells: str) -> dict[str, str]:
    """Give a trial that failed and was adequate, but for what is said."""
    return {
        "drug": drug, "start_day": str(start), "stop_day": str(start + 60), "episode": "1",
        "dose_mg_per_day": "300", "adherence": "0.9", "scale": "MADRS", "baseline_score": "40",
        "endpoint_score": "30", "endpoint_day": str(start + 45),
    } | cells  # fmt: skip


TWO = [_trial(0), _trial(100, "duloxetine")]
NOW = {"endpoint_day": "159", "endpoint_score": "30"}

#: Trials, ratings (day, scale, score), cells of the patient, and what is met: age, failures,
#: severity and the four exclusions; yes, no or unknown.
BY_HAND: dict[str, tuple[Any, list[tuple[int, str, float]], dict[str, str], str]] = {
    "in": (TWO, [], {}, "yyyyyyy"),
    "at 64": (TWO, [], {"age_years": "64"}, "yyyyyyy"),
    "at 65": (TWO, [], {"age_years": "65"}, "nyyyyyy"),
    "no age": (TWO, [], {"age_years": ""}, "?yyyyyy"),
    "one failure": ([_trial(0)], [], {}, "ynyyyyy"),
    "one in each episode": ([_trial(0), _trial(100, "duloxetine", episode="2")], [], {}, "ynyyyyy"),
    "two in the present of three": (
        [_trial(0, "mirtazapine"), _trial(100, episode="2"), _trial(200, "duloxetine",
         episode="2")], [], {}, "yyyyyyy"),
    "one of unknown episode": ([_trial(0, episode=""), _trial(100, "duloxetine")], [], {},
                               "y?yyyyy"),
    "present episode unknown": ([_trial(0), _trial(100, "duloxetine", episode="")], [], {},
                                "y?yyyyy"),
    "last two disagree": (
        [_trial(0), _trial(100, "duloxetine"), _trial(100, "lithium", episode="2")], [], {},
        "y?yyyyy"),
    "a later episode begun": (
        [*TWO, _trial(300, "psychotherapy", episode="2", scale="")], [], {}, "ynyyyyy"),
    "five": ([_trial(100 * at, drug) for at, drug in enumerate(
        ("sertraline", "duloxetine", "mirtazapine", "vortioxetine", "escitalopram"))], [], {},
        "yyyyyyy"),
    "six": ([_trial(100 * at, drug) for at, drug in enumerate(
        ("sertraline", "duloxetine", "mirtazapine", "vortioxetine", "escitalopram", "bupropion"))],
        [], {}, "ynyyyyy"),
    "a sixth perhaps": ([_trial(100 * at, drug) for at, drug in enumerate(
        ("sertraline", "duloxetine", "mirtazapine", "vortioxetine", "escitalopram"))]
        + [_trial(600, "bupropion", adherence="")], [], {}, "y?yyyyy"),
    "quarantined": ([*TWO[:1], _trial(100, "duloxetine") | {"start_day": "spring"}], [], {},
                    "y?yyyyy"),
    "at 28": ([TWO[0], _trial(100, "duloxetine", endpoint_score="28")], [], {}, "yyyyyyy"),
    "at 27": ([TWO[0], _trial(100, "duloxetine", endpoint_score="27")], [], {}, "yynyyyy"),
    "rated later": (TWO, [(300, "MADRS", 10)], {}, "yynyyyy"),
    "rated earlier": (TWO, [(90, "MADRS", 10)], {}, "yyyyyyy"),
    "later on another scale": (TWO, [(300, "PHQ-9", 20)], {}, "yyyyyyy"),
    "later on a scale not asked": (TWO, [(300, "BDI-II", 0)], {}, "yyyyyyy"),
    "one day on two scales": (TWO, [(300, "PHQ-9", 2), (300, "MADRS", 30)], {}, "yyyyyyy"),
    "baseline is last": (
        [*TWO, _trial(300, "lithium", endpoint_score="", endpoint_day="", baseline_score="20")],
        [], {}, "yynyyyy"),
    "no day but the start": (
        [TWO[0], _trial(100, "duloxetine", stop_day="", endpoint_day="", endpoint_score="29",
                        baseline_score="36")], [], {}, "yyyyyyy"),
    "never rated": (
        [_trial(0, scale="", rated_outcome="no_response"),
         _trial(100, "duloxetine", scale="", rated_outcome="no_response")], [], {}, "yy?yyyy"),
    "psychotic": (TWO, [], {"psychotic_features": "yes"}, "yyyynyy"),
    "bipolar unknown": (TWO, [], {"bipolar_disorder": ""}, "yyy?yyy"),
    "drinks": (TWO, [], {"current_substance_use": "yes"}, "yyyyyny"),
    "cause": (TWO, [], {"medical_cause": ""}, "yyyyyy?"),
}  # fmt: skip
NAMES = (
    "age_years", "failures_in_episode", "severity", "no_bipolar_disorder",
    "no_psychotic_features", "no_current_substance_use", "no_medical_cause",
)  # fmt: skip
WORD = {True: "y", False: "n", None: "?"}


@pytest.fixture(scope="module")
def asked() -> Any:
    patients, trials, ratings = [], [], []
    for name, (own, rated, cells, _) in BY_HAND.items():
        patient_id = name.replace(" ", "_")
        patients.append(
            {"patient_id": patient_id, "age_years": "40", "mdd_diagnosis": "yes",
             "functional_impairment": "yes", "last_observed_day": "900"}
            | dict.fromkeys(("bipolar_disorder", "psychotic_features", "medical_cause",
                             "current_substance_use"), "no") | cells
        )  # fmt: skip
        trials += [
            trial | {"patient_id": patient_id, "trial_id": f"t{at}"} for at, trial in enumerate(own)
        ]
        ratings += [
            {"patient_id": patient_id, "day": str(day), "scale": scale, "score": str(score)}
            for day, scale, score in rated
        ]
    tables = {"patients": patients, "trials": trials, "doses": [], "assessments": ratings}
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield asked_of(engine, frames(tables))


def test_patients_written_by_hand(asked: Asked) -> None:
    rows = {row["patient_id"]: row for row in derive_eligibility(asked).to_pyarrow().to_pylist()}
    found = {name: "".join(WORD[rows[name.replace(" ", "_")][one]] for one in NAMES)
             for name in BY_HAND}  # fmt: skip
    assert found == {name: told for name, (*_, told) in BY_HAND.items()}


def test_counts_add_up(asked: Asked) -> None:
    table = estimate_answers(ask_trial_eligibility(asked).answers, "article")
    own = table[table["population"] == "members"].set_index(["measure", "level"])
    told = [word for *_, word in BY_HAND.values()]
    still = own.loc["still_in"]
    assert still["events"].is_monotonic_decreasing
    last = still.loc["no_medical_cause"]
    assert last["events"] == told.count("yyyyyyy")
    assert last["n"] - last["events"] == sum("n" in word for word in told)
    for place, name in enumerate(NAMES):
        alone = "y" * place + "n" + "y" * (len(NAMES) - place - 1)
        assert own.loc["fails_alone", name]["events"] == told.count(alone)
        assert own.loc["meets", name]["events"] == sum(word[place] == "y" for word in told)


@pytest.mark.parametrize(("least", "most"), [(2, None), (None, 3), (2, 3)])
def test_limits_of_failures_that_are_absent(
    asked: Asked, least: int | None, most: int | None
) -> None:
    base = asked.eligibility.model_dump(exclude_defaults=True) | {"unconfirmed": ()}
    limits = {key: value for key, value in (("min", least), ("max", most)) if value is not None}
    base["criteria"] = ({"failures_in_episode": limits},)
    changed = replace(asked, eligibility=Eligibility.model_validate(base))
    rows = {row["patient_id"]: row for row in derive_eligibility(changed).to_pyarrow().to_pylist()}
    met = {name: rows[name]["failures_in_episode"] for name in ("one_failure", "in", "five")}
    assert met == {"one_failure": least is None, "in": True, "five": most is None}
