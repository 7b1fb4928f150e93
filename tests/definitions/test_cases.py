"""Every hand-written patient gets the label, reason and verdicts written for him."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.slow import labels as slow
from tests.slow.intake import read_drop
from tests.support import CONFIG, REFERENCE, label_raw
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import read_csv
from trdanalysis.labelling import explain
from trdanalysis.labelling.cases import Cases, find_wrong_cases, read_cases
from trdanalysis.labelling.definition import read_definition
from trdanalysis.labelling.expected import PATIENT_EXPECTED, REASONS, VERDICTS
from trdanalysis.report import words

DEFINITIONS = sorted((CONFIG / "definitions").glob("*.yaml"))
ARTICLE = CONFIG / "definitions" / "article.cases.csv"


def load(path: Path) -> Cases:
    return read_cases(read_csv(path), path.name)


def keyed(trials: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["patient_id"], row["trial_id"]): row for row in trials}


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_every_case_is_labelled_as_written(path: Path) -> None:
    cases = load(path.with_suffix(".cases.csv"))
    assert len(cases.patients) >= 100
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        labelled = label_raw(engine, cases.raw, [read_definition(path)])
        labels = {row["patient_id"]: row for row in labelled.labels.to_pyarrow().to_pylist()}
        trials = keyed(labelled.trials.to_pyarrow().to_pylist())
    wrong = find_wrong_cases(cases, labels, trials)
    assert not wrong, "\n".join(wrong)
    assert labels.keys() == cases.patients.keys()


def test_the_slow_reading_agrees_with_every_case() -> None:
    cases = load(ARTICLE)
    tables = {
        name: [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]
        for name, frame in cases.raw.items()
    }
    trials, labels = slow.judge(read_drop(tables), REFERENCE / "antidepressants.csv")
    by_case = {row["patient_id"]: row for row in labels}
    wrong = find_wrong_cases(cases, by_case, keyed(trials))
    assert not wrong, "\n".join(wrong)


def test_no_verdict_and_no_reason_is_without_a_case() -> None:
    cases = load(ARTICLE)
    verdicts = {expected.get("verdict") for expected in cases.trials.values()}
    assert verdicts == {*VERDICTS, "quarantined"}
    reasons = {(expected["label"], expected["reason"]) for expected in cases.patients.values()}
    assert reasons == {(label, reason) for label, words in REASONS.items() for reason in words}


def test_no_word_that_the_program_shows_is_missing_from_the_words_of_cases() -> None:
    assert set(words.LABELS) == set(REASONS)
    assert set(words.REASONS) == set(PATIENT_EXPECTED["reason"])
    assert set(explain._VERDICTS) == set(VERDICTS)


def test_a_wrong_expectation_is_found() -> None:
    cases = load(ARTICLE)
    right = {case: {"label": "trd"} for case in cases.patients}
    assert any(line.startswith("E24 ") for line in find_wrong_cases(cases, right, {}))


def table(**columns: list[str]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    needed = {name: [""] * rows for name in ("case", "situation", "trial_id", "label", "reason")}
    return pd.DataFrame(needed | columns)


TRD = {"case": ["A"], "label": ["trd"], "reason": ["meets_all_criteria"], "trial_id": ["t"]}
TWO_ROWS = {
    "case": ["A", "A"], "label": ["trd", ""], "reason": ["meets_all_criteria", ""],
    "trial_id": ["t", ""],
}  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "message", "place"),
    [
        ({"case": ["A"], "lable": ["trd"]}, "unknown column `lable`", ""),
        ({"case": ["A"]}, "case `A` has no label", "line 2, column `label`"),
        ({"case": ["A", "B", "A"], "label": ["trd"] * 3, "reason": ["meets_all_criteria"] * 3},
         "in two places", "line 4"),
        (TRD | {"label": ["TRD"]}, "`TRD` is no label", "line 2, column `label`"),
        (TRD | {"reason": ["too_few"]}, "`too_few` is no reason", "line 2, column `reason`"),
        (TRD | {"reason": ["not_impaired"]}, "`not_impaired` is no reason for `trd`",
         "line 2, column `reason`"),
        (TRD | {"verdict": ["fail"]}, "`fail` is no verdict", "line 2, column `verdict`"),
        (TRD | {"mdd": ["true"]}, "`true` is no mdd", "line 2, column `mdd`"),
        (TRD | {"onset_day": ["6 weeks"]}, "`onset_day` is no number",
         "line 2, column `onset_day`"),
        (TWO_ROWS | {"site": ["", "B"]}, "`site` stands in a row", "line 3, column `site`"),
        (TWO_ROWS | {"drug": ["", "B"]}, "`drug` stands in a row", "line 3, column `drug`"),
        (TRD | {"dose_steps": ["0-21: 25"]}, "a dose step of case `A` cannot be read",
         "line 2, column `dose_steps`"),
        (TRD | {"ratings": ["HAM-D17 20"]}, "a rating of case `A` cannot be read",
         "line 2, column `ratings`"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused(columns: dict[str, list[str]], message: str, place: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_cases(table(**columns), "mine.cases.csv")
    assert "mine.cases.csv" in str(caught.value)
    assert place in str(caught.value)
    assert caught.value.exit_code == EXIT_CODES["config"]
