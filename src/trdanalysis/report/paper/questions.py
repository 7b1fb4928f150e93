"""Tables of the questions beside the label: one each, of what is compared, and of curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.notes import RECORDS_END, about_table
from trdanalysis.report.paper.table import Cell, Column, PaperTable, Row, from_page, slug
from trdanalysis.report.questions.everything import TOLD
from trdanalysis.report.questions.tables import (
    NUMBERS,
    answer_numbers,
    contrast_table,
    curve_table,
    shown_rows,
)
from trdanalysis.report.questions.told import Told
from trdanalysis.report.tables import Table
from trdanalysis.rows import list_rows

#: Who is asked about, and what the numbers are.
ASKED = (
    f"Everybody asked about belongs to: {words.ESTIMANDS['trd']['population']}; adults and patients"
    " of unknown age, who certainly belong."
)
COUNTS = (
    "Known, unknown: patients of whom it is known, or not, whether they have it. The share is of"
    " the known, with Wilson's 95% interval; the bounds are of all, if none of the unknown had it,"
    " and if all had."
)

_KEYS = ("known", "unknown", "events", "share", "interval", "bounds")


def question_table(disclosed: Disclosed, table_id: str, question: str) -> PaperTable:
    """Describe the answers to one question.

    Parameters
    ----------
    disclosed
        What passed disclosure control.
    table_id
        Of the table.
    question
        Which one.
    """
    told = TOLD[question]
    answers = disclosed.tables["questions"]
    own = shown_rows(answers[answers["question"] == question])
    rows = tuple(_row(row, told) for row in list_rows(own))
    columns = tuple(
        Column(key, head[0].upper() + head[1:]) for key, head in zip(_KEYS, NUMBERS, strict=True)
    )
    return PaperTable(
        table_id, f"{told.title}: counts, shares and bounds", "What", columns, rows, _KEYS, {},
        about_table(disclosed, table_id, [*told.lead, ASKED, COUNTS, *told.caveats, RECORDS_END]),
        empty="This run has no answer.",
    )  # fmt: skip


def _row(row: Mapping[str, Any], told: Told) -> Row:
    place = [told.name(row[name]) for name in ("population", "age_band", "group")]
    heading = ": ".join(
        part for part in (told.caption(row["measure"]), ", ".join(filter(None, place))) if part
    )
    keys = [row[name] for name in ("measure", "population", "age_band", "group")]
    key = slug(" ".join(str(one) for one in keys if isinstance(one, str)))
    cells = tuple(Cell(text) for text in answer_numbers(row))
    return Row(slug(f"{key} {row['level']}"), told.name(row["level"]), cells, heading, key, 1)


def question_contrasts_table(disclosed: Disclosed, table_id: str) -> PaperTable:
    """Describe what is compared or fitted, question by question."""
    parts = [
        (told.title, contrast_table(disclosed.tables["question_contrasts"], told))
        for told in TOLD.values()
    ]
    return from_page(
        table_id,
        "Comparisons and models of the questions beside the label",
        parts,
        about=about_table(
            disclosed, table_id,
            ["A p-value in brackets is adjusted for all tests of its family.",
             "Groups are associated with what is compared; nothing here says that one causes the"
             " other.", ASKED],
        ),
        empty="Nothing is compared.",
    )  # fmt: skip


def question_curves_table(disclosed: Disclosed, table_id: str) -> PaperTable:
    """Describe curves of the questions at chosen days."""
    found = {
        told.title: curve_table(disclosed.tables["question_curves"], told) for told in TOLD.values()
    }
    none = Table("", ("What", "curve", "by day", "share", "95% interval"), [], frozenset({0, 1, 2}))
    parts = [(title, table) for title, table in found.items() if table is not None]
    return from_page(
        table_id,
        "Cumulative incidences of the questions beside the label",
        parts or [("", none)],
        about=about_table(disclosed, table_id, [ASKED]),
        empty="This run has no curve.",
    )
