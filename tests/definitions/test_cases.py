"""Every hand-written patient gets the label, reason and verdicts written for him."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.slow import labels as slow
from tests.slow.intake import read_drop
from tests.support import CONFIG, REFERENCE, article
from trdanalysis.cli import main
from trdanalysis.commands.assure import assure_definition
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import read_csv
from trdanalysis.labelling import explain
from trdanalysis.labelling.cases import Cases, Comparison, compare_cases, read_cases
from trdanalysis.labelling.definition import read_definition
from trdanalysis.labelling.expected import PATIENT_EXPECTED, REASONS, VERDICTS
from trdanalysis.report import words

DEFINITIONS = sorted((CONFIG / "definitions").glob("*.yaml"))
VARIANTS = [path for path in DEFINITIONS if path.stem.startswith("article-")]
ARTICLE = CONFIG / "definitions" / "article.cases.csv"


def load(path: Path) -> Cases:
    return read_cases(read_csv(path), path.name)


def keyed(trials: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["patient_id"], row["trial_id"]): row for row in trials}


def wrong(compared: list[Comparison], cases: Cases) -> list[str]:
    return [
        f"{one.case} ({cases.situations[one.case]}) {one.trial} {one.column}:"
        f" expected {one.expected}, got {one.got}"
        for one in compared
        if not one.is_right
    ]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        yield engine


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_every_case_is_labelled_as_written(engine: Engine, path: Path) -> None:
    cases = load(path.with_suffix(".cases.csv"))
    compared = assure_definition(engine, cases, read_definition(path), REFERENCE)
    assert {one.case for one in compared} == cases.patients.keys()
    assert len(cases.patients) >= (100 if path.stem == "article" else 2)
    assert not wrong(compared, cases), "\n".join(wrong(compared, cases))


@pytest.mark.parametrize("path", VARIANTS, ids=lambda path: path.stem)
def test_a_variant_labels_somebody_otherwise(engine: Engine, path: Path) -> None:
    cases = load(path.with_suffix(".cases.csv"))
    as_article = assure_definition(engine, cases, article(), REFERENCE)
    assert any(one.column == "label" and not one.is_right for one in as_article)


@pytest.mark.parametrize("path", VARIANTS, ids=lambda path: path.stem)
def test_a_variant_changes_one_thing(path: Path) -> None:
    first, other = (
        {
            **one.resistance[0].model_dump()["failures"],
            **one.trial.model_dump(),
            **one.patient.model_dump(),
        }
        for one in (article(), read_definition(path))
    )
    changed = [name for name, value in first.items() if value != other[name]]
    assert len(changed) == 1
    read = zip(article().readings, read_definition(path).readings, strict=True)
    assert sum(one != another for one, another in read) == 1


def test_assure_prints_expected_beside_got_and_says_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (CONFIG / "definitions" / "article.yaml").read_text(encoding="utf-8")
    stricter = tmp_path / "longer.yaml"
    stricter.write_text(
        text.replace("id: article", "id: longer")
        .replace("status: published", "status: draft")
        .replace("min_weeks: 6 ", "min_weeks: 8 ")
    )
    shutil.copy(ARTICLE, tmp_path / "longer.cases.csv")
    code = main(["assure", str(stricter), "--reference", str(REFERENCE)])
    printed = capsys.readouterr()
    assert code == EXIT_CODES["cases"]
    assert "not as written" in printed.err
    # 42 days are enough in the article, and the case says so.
    told = printed.out[printed.out.index("\nE25: ") :].splitlines()
    assert "exactly 42 days" in told[1]
    assert " ".join(told[2].split()) == "label expected trd got not_trd <-- not as written"
    assert main(["assure", str(tmp_path / "none.yaml"), "--reference", str(REFERENCE)]) == 4


def test_the_slow_reading_agrees_with_every_case() -> None:
    cases = load(ARTICLE)
    tables = {
        name: [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]
        for name, frame in cases.raw.items()
    }
    trials, labels = slow.judge(read_drop(tables), REFERENCE / "antidepressants.csv")
    by_case = {row["patient_id"]: row for row in labels}
    compared = compare_cases(cases, by_case, keyed(trials))
    assert not wrong(compared, cases), "\n".join(wrong(compared, cases))


def test_no_verdict_and_no_reason_is_without_a_case() -> None:
    every = [load(path.with_suffix(".cases.csv")) for path in DEFINITIONS]
    verdicts = {expected.get("verdict") for cases in every for expected in cases.trials.values()}
    assert verdicts - {None} == {*VERDICTS, "quarantined"}
    reasons = {
        (expected["label"], expected["reason"])
        for cases in every
        for expected in cases.patients.values()
    }
    assert reasons == {(label, reason) for label, words in REASONS.items() for reason in words}


def test_no_word_that_the_program_shows_is_missing_from_the_words_of_cases() -> None:
    assert set(words.LABELS) == set(REASONS)
    assert set(words.REASONS) == set(PATIENT_EXPECTED["reason"])
    assert set(explain._VERDICTS) == set(VERDICTS)


def test_a_wrong_expectation_is_found() -> None:
    cases = load(ARTICLE)
    right = {case: {"label": "trd"} for case in cases.patients}
    found = {one.case for one in compare_cases(cases, right, {}) if not one.is_right}
    assert "E24" in found


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
