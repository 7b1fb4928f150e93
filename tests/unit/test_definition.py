"""A faulty definition is one clear error with file and line, before any data is read."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support import CONFIG, REFERENCE, article
from trdanalysis.cli import main
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.labelling.definition import read_definition
from trdanalysis.plan import Plan
from trdanalysis.settings import find_line, line_of, read_yaml, resolve

TEXT = """\
id: mine
title: A definition of mine
citation: Nobody, never
status: draft
unconfirmed: []
readings: []

trial:
  first_line: any
  dose_table: none
  min_weeks: 6
  min_adherence: none
  nonresponse: {switched_within_weeks: 14}

patient:
  requires_mdd: true
  requires_impairment: false
  exclusions: [psychotic_features]

resistance:
  - failures:
      at_least: 2
      distinct_by: ingredient
      min_days_between_starts: 0
      same_episode: false
"""


def write(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in TEXT
    path = folder / "mine.yaml"
    path.write_text(TEXT.replace(old, new, 1) if old else TEXT + new, encoding="utf-8")
    return path


def test_a_definition_in_the_vocabulary_is_read(tmp_path: Path) -> None:
    definition = load_definitions([write(tmp_path)], REFERENCE)[0]
    assert definition.min_failures == 2
    assert definition.trial.required_days == 42
    assert definition.trial.required_adherence is None
    assert definition.trial.nonresponse.is_switch


#: What is written in place of what, what is said of it, and the line it is said of.
FAULTS = (
    ("title: A definition of mine", "tilte: A definition", "unknown key `tilte`", 2),
    ("citation: Nobody, never\n", "", "missing key `citation`", 1),
    ("citation: Nobody, never", "citation: ''", "`citation`", 3),
    ("status: draft", "status: done", "`status`", 4),
    ("  min_weeks: 6", "  min_weeks: 60", "`trial.min_weeks`", 11),
    ("  min_weeks: 6", "  min_weeks: 6\n  min_days: 30", "exactly one of `min_weeks`", 8),
    ("  min_weeks: 6\n", "", "exactly one of `min_weeks`", 8),
    ("  min_weeks: 6", "  min_weeks: 6\n  min_weeks: 8", "`min_weeks` stands twice", 12),
    ("min_adherence: none", "min_adherence: 80", "`trial.min_adherence`", 12),
    ("{switched_within_weeks: 14}", "{}", "exactly one of", 13),
    ("{switched_within_weeks: 14}", "{switched_within_weeks: -1}", "switched_within_weeks", 13),
    ("{switched_within_weeks: 14}", "{reduction_below_percent: 40}", "reduction_below_percent", 13),
    ("{switched_within_weeks: 14}", "{switched_within_week: 14}", "`switched_within_weeks`?", 13),
    ("{switched_within_weeks: 14}",
     "{switched_within_weeks: 14, or_score_at_least: {scale: MADRS, score: 22}}", "beside", 13),
    ("  dose_table: none", "  dose_table: ddd", "`trial.dose_table`", 10),
    ("[psychotic_features]", "[psychotic]", "`patient.exclusions.0`", 18),
    ("[psychotic_features]", "[medical_cause, medical_cause]", "stands there twice", 15),
    ("requires_mdd: true", "requires_mdd: true\n  min_age_years: 65\n  max_age_years: 18",
     "nobody could be resistant", 15),
    ("at_least: 2", "at_least: 0", "`resistance.0.failures.at_least`", 22),
    ("at_least: 2", "at_leats: 2", "`at_least`?", 22),
    ("distinct_by: ingredient", "distinct_by: colour", "distinct_by", 23),
    ("  - failures:", "  - score: {at_least: 4}\n  - failures:", "which the definition does", 21),
    ("same_episode: false", "same_episode: false\n      of_classes: [SSRIs]", "mean `SSRI`", 26),
    ("first_line: any", "first_line: any\n  also_counted: [litium]", "did you mean `lithium`", 10),
    ("first_line: any", "first_line: any\n  also_counted: [ect]\n  not_counted: [ect]",
     "in `also_counted` and in `not_counted`", 8),
    ("unconfirmed: []", "unconfirmed: [{setting: trial.min_week, note: so}]",
     "`trial.min_week` is named in `unconfirmed`", 5),
    ("status: draft", "status: published", "needs its `fingerprint`", None),
    ("status: draft", "status: published\nfingerprint: 0123456789abcdef", "are not those", None),
    ("id: mine", "id: yours", "`id` is `yours`", None),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says", "line"), FAULTS, ids=lambda value: str(value)[:30])
def test_a_faulty_definition_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, says: str, line: int | None
) -> None:
    path = write(tmp_path, old, new)
    with pytest.raises(UserError) as caught:
        load_definitions([path], REFERENCE)
    told = str(caught.value)
    assert says in told
    assert caught.value.exit_code == EXIT_CODES["config"]
    assert str(path) in told
    if line is not None:
        found = re.search(r"line (\d+)", told[told.index(str(path)) :])
        assert found
        assert int(found[1]) == line


def test_a_score_needs_a_rule_and_items_of_their_own(tmp_path: Path) -> None:
    items = (
        "\nscore:\n"
        "  - item: trials\n"
        "    failures: {distinct_by: ingredient, min_days_between_starts: 0, same_episode: false}\n"
        "    points_each: 1\n"
    )
    with pytest.raises(UserError, match="a `score` that no rule asks for"):
        read_definition(write(tmp_path, new=items))
    rule = "  - score: {at_least: 4}\n  - failures:"
    path = write(tmp_path, "  - failures:", rule)
    path.write_text(path.read_text() + items)
    assert read_definition(path).kind == "score"
    path.write_text(path.read_text() + items.replace("\nscore:\n", ""))
    with pytest.raises(UserError, match="the same item stands there twice"):
        read_definition(path)


def test_a_published_definition_does_not_change(tmp_path: Path) -> None:
    shutil.copy(CONFIG / "definitions" / "article.yaml", tmp_path)
    path = tmp_path / "article.yaml"
    text = path.read_text(encoding="utf-8")
    # Words may be mended; what the definition does may not.
    path.write_text(text.replace("title: The article's", "title: That article's"))
    assert read_definition(path).title.startswith("That")
    path.write_text(text.replace("  min_weeks: 6 ", "  min_weeks: 8 "))
    with pytest.raises(UserError, match="its rules are not those of its `fingerprint`"):
        read_definition(path)


def test_a_fingerprint_is_of_what_is_said_not_of_how(tmp_path: Path) -> None:
    first = read_definition(write(tmp_path)).make_fingerprint()
    # Order of keys, comments and an option that says nothing are no difference.
    swapped = "  requires_impairment: false\n  requires_mdd: true   # so\n"
    again = write(tmp_path, "  requires_mdd: true\n  requires_impairment: false\n", swapped)
    assert read_definition(again).make_fingerprint() == first
    other = write(tmp_path, "at_least: 2", "at_least: 3")
    assert read_definition(other).make_fingerprint() != first


def test_the_plan_of_a_run_refuses_a_faulty_definition(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    write(tmp_path / "config" / "definitions", "at_least: 2", "at_least: 0")
    settings = read_yaml(CONFIG / "config.yaml") | {"definitions": ["article", "mine"]}
    # The drops are not there: nothing looked for them.
    settings |= {"drops": str(tmp_path / "none"), "results": str(tmp_path / "results")}
    with pytest.raises(UserError, match=r"resistance\.0\.failures\.at_least"):
        Plan(settings, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says", "line"),
    [
        ("nonresponse", "nonrespnse", "unknown column `nonrespnse`", 1),
        ("verdict", "reason", "", 1),
        (",failed,", ",faild,", "`faild` is no verdict", 2),
        (",trd,", ",tdr,", "`tdr` is no label", 2),
    ],
)
def test_a_faulty_case_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, says: str, line: int
) -> None:
    write(tmp_path)
    cases = tmp_path / "mine.cases.csv"
    text = (
        "case,situation,label,reason,trial_id,verdict,nonresponse\n"
        "A,one,trd,meets_all_criteria,1,failed,yes\n"
    )
    assert old in text
    cases.write_text(text.replace(old, new))
    code = main(["assure", str(tmp_path / "mine.yaml"), "--reference", str(REFERENCE)])
    told = capsys.readouterr().err
    assert code in (EXIT_CODES["config"], EXIT_CODES["cases"])
    if says:
        assert says in told
        assert f"{cases}, line {line}" in told
    assert "Traceback" not in told


def test_lines_and_paths_within_a_definition(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert line_of(path, ("resistance", 0, "failures", "at_least")) == 22
    assert line_of(path, ("resistance", 0, "failures", "not there")) == 21
    assert find_line(path, "psychotic_features") == 18
    assert find_line(path, "not there") == 1
    assert resolve(article(), "resistance.0.failures.at_least") == 2
    assert resolve(article(), "resistance.1.failures") is None
    assert resolve(article(), "trial.nothing") is None
