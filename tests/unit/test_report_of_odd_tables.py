"""The page of odd tables: nothing of the machinery's words for nothing is ever in its text."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from tests.unit.release_cohorts import policy_of, release_of, whole_tables
from tests.unit.report_pages import published, report_tables
from tests.unit.test_odd_cohorts import COHORTS
from tests.unit.test_report import Reader
from trdanalysis.report import words
from trdanalysis.report.page import render_report
from trdanalysis.report.statistics import incidence_table

CMS = policy_of("cms")
NOTHINGS = re.compile(r"(?<![A-Za-z])(nan|NaN|None|inf|-inf|<NA>|NaT|nat)(?![A-Za-z])")

Tables = dict[str, pd.DataFrame]


def read(tables: Tables) -> str:
    """Render the page, and look through its text."""
    page = render_report(report_tables(tables))
    text = Reader(page).text
    found = [text[max(0, one.start() - 80) : one.end() + 20] for one in NOTHINGS.finditer(text)]
    # The four factor groups have a combination of none, which is no null.
    found = [one for one in found if "None of the four" not in one]
    assert not found, found[:5]
    return text


#: Small cohorts: all but everything of them is hidden, at little cost.
RELEASED = ("nobody", "one, several trials", "two")


def odd(name: str) -> Tables:
    return whole_tables(COHORTS[name]())


@pytest.mark.parametrize(
    "name",
    ["nobody", "one, several trials", "two", "only events", "many places", "by chance 100"],
)  # fmt: skip
def test_odd_cohorts_are_written_in_words(name: str) -> None:
    tables = odd(name)
    read(tables)
    if name in RELEASED:
        read(release_of(tables, CMS).tables)


def test_everything_hidden() -> None:
    policy = CMS.model_copy(update={"hide_counts_up_to": 1000, "show_zero": False})
    text = read(release_of(published(), policy).tables)
    assert words.HIDDEN in text
    for start, end in (
        ("Present against absent", "What is unknown, and what"),
        ("A patient of whom a criterion is unknown", "Apparent and proven resistance"),
    ):
        first = text.rindex(start)
        part = text[first : text.index(end, first)]
        assert len(part) > 500
        assert not re.search(r"\d\.\d%", part)


def test_nothing_estimable() -> None:
    tables = published()
    for name, table in tables.items():
        if "status" not in table.columns or name == "definitions":
            continue
        numbers = list(table.select_dtypes("number").columns)
        kept = {"step_order", "day", "reference", "margin"}
        for column in set(numbers) - kept:
            table[column] = pd.array([pd.NA] * len(table), dtype="Float64")
        of_numbers = {"conclusion", "robust", "as_primary", "ci_method", "adjustment"}
        for column in of_numbers & set(table.columns):
            table[column] = None
        table["status"] = "not_estimable"
        if "reason" in table.columns:
            table["reason"] = "nobody"
    for column in ("rate", "difference", "ci_low", "ci_high"):
        tables["benchmarks"][column] = float("nan")
    read(tables)


def test_tables_without_rows() -> None:
    empty = {name: table.iloc[:0] for name, table in published().items()}
    empty["definitions"] = published()["definitions"]
    read(empty)


def test_a_curve_is_not_drawn_or_told_past_what_is_hidden() -> None:
    """Events that are hidden must not read as none."""
    tables = published()
    head = ("time_to_second_failure", "article", "definite")
    curves = pd.DataFrame(
        [
            (*head, 0, 500, 0, 0, 0.0, None, None, "ok"),
            (*head, 50, None, None, None, None, None, None, "suppressed"),
            (*head, 400, 450, 30, 0, 0.1, 0.05, 0.15, "ok"),
        ],
        columns=tables["curves"].columns,
    )
    rows = incidence_table(curves, "article").rows
    assert [row[1:] for row in rows] == [
        ["90", words.HIDDEN, words.HIDDEN],
        ["180", words.HIDDEN, words.HIDDEN],
        ["365", words.HIDDEN, words.HIDDEN],
    ]
    with_hidden = render_report(report_tables(tables | {"curves": curves}))
    assert "Figure: time to the second failure" not in with_hidden
