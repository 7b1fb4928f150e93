"""Journals' files: validated strictly; numbers, rows and columns are as they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import CONFIG
from tests.unit.report_pages import published, report_tables
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.report import words
from trdanalysis.report.numbers import PAGE, NumberStyle, number_style
from trdanalysis.report.paper.catalogue import CATALOGUE, find_table
from trdanalysis.report.paper.journal import Journal, read_journal
from trdanalysis.report.paper.render import prepare, render

FILES = sorted((CONFIG / "journals").glob("*.yaml"))


def changed(tmp_path: Path, old: str, new: str) -> Journal:
    text = (CONFIG / "journals" / "default.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "default.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return read_journal(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_journals_fit_every_table(path: Path) -> None:
    journal = read_journal(path)
    assert journal.id == path.stem
    disclosed = report_tables(published())
    for entry in CATALOGUE.values():
        ready = prepare(disclosed, entry, journal)
        assert not ready.missing and ready.table.columns


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("footnote_marks: letters", "footnote_mark: letters", "footnote_marks"),
        ("decimal_mark: point", "decimal_mark: dot", "decimal_mark"),
        ("{percent: 1,", "{percent: 9,", "percent"),
        ("  2:\n", "  22:\n", "no table `22`"),
        ("    columns:\n", "    colums:\n", "columns"),
        ("      - adequate_unknown", "      - adequate_p", "named twice"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        changed(tmp_path, old, new)
    assert told in str(caught.value) and "line" in str(caught.value)
    assert caught.value.exit_code == EXIT_CODES["config"]


def test_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    journal = changed(tmp_path, "- adequate_unknown", "- adequate_unknwon")
    with pytest.raises(UserError, match="no column `adequate_unknwon`") as caught:
        prepare(report_tables(published()), find_table("2"), journal)
    assert "did you mean `adequate_unknown`" in str(caught.value)


def test_rows_columns_labels_and_order_are_chosen(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = (CONFIG / "journals" / "default.yaml").read_text(encoding="utf-8")
    head = text[: text.index("\ntables:")]
    path.write_text(
        head + "\ntables:\n  '5':\n    title: The flow\n    columns: [unknown, remaining]\n"
        "    labels: {remaining: Left, trd_1: Grown}\n    groups: [trd, initial_trial]\n"
        "    leave_out: [trd_2, nowhere]\n",
        encoding="utf-8",
    )
    ready = prepare(report_tables(published()), find_table("5"), read_journal(path))
    table = ready.table
    assert table.title == "The flow"
    assert [column.label for column in table.columns] == ["Of them unknown", "Left"]
    assert list(dict.fromkeys(row.group_key for row in table.rows)) == ["trd", "initial_trial"]
    assert table.rows[0].label == "Grown"
    assert "trd_2" not in {row.key for row in table.rows}
    assert ready.missing == ["nowhere"]


def test_numbers_are_written_as_the_journal_says() -> None:
    style = NumberStyle(2, 3, 2, "\N{MIDDLE DOT}", ",", "\N{EN DASH}", p_leading_zero=False)
    with number_style(style):
        assert words.percent(0.12345) == "12·35%" or words.percent(0.12345) == "12·34%"
        assert words.percent_range(0.1, 0.25) == "10·00–25·00%"
        assert words.points_range(-0.1, 0.2) == "−10·00 to +20·00"
        assert words.count(12345) == "12,345"
        assert words.decimal(1.5) == "1·500"
        assert words.p_value(0.001) == "<·01" and words.p_value(0.5) == "·50"
        assert words.conclusion("above", 0.3, 0.05) == "above 30%"
    # Outside of the block the page's style holds again, also after an error.
    with pytest.raises(ZeroDivisionError), number_style(style):
        _ = 1 / 0
    assert words.percent(0.123) == PAGE.percent(0.123) == "12.3%"
    assert words.p_value(0.0004) == "<0.001"
    assert words.decimal(-0.001) == "0.00" and words.decimal(-0.5) == "−0.50"
    assert words.points(0.0) == "0.0" and words.points(-0.0001) == "0.0"


def test_decimals_of_the_command_line_come_first() -> None:
    journal = read_journal(CONFIG / "journals" / "comma-decimal.yaml")
    ready = prepare(report_tables(published()), find_table("2"), journal, decimals=2)
    rate = ready.table.rows[0].cells[2].text
    assert rate.count(",") == 3 and all(len(part) >= 2 for part in rate.split(",")[1:])
    assert "Table 2." in render(ready, "text").decode()


def test_marks_are_those_of_the_journal() -> None:
    disclosed = report_tables(published())
    for name, mark in (("default", "a"), ("middle-dot", "*"), ("comma-decimal", "1")):
        journal = read_journal(CONFIG / "journals" / f"{name}.yaml")
        assert next(iter(prepare(disclosed, find_table("2"), journal).symbols.values())) == mark
