"""Residual symptoms by patient group, as a forest plot."""

from __future__ import annotations

from typing import Any

import pandas as pd

from trdanalysis.analysis.questions.members import PATIENT_GROUPS
from trdanalysis.contract import SYMPTOMS
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.forest import Forest, ForestRow, draw_forest, tell_rows
from trdanalysis.report.figures.paper_figure import ADULTS, PaperFigure, has_marks
from trdanalysis.report.questions.told import COMMON
from trdanalysis.rows import list_rows

NAME, TITLE = "residual-symptoms", "Residual symptoms by group of patients"

NOTE = (
    "Square and line: share of those of whom the symptom is known, with its 95% interval. Grey bar:"
    " the share if every unknown were a no, and if every unknown were a yes."
)


def symptom_rows(questions: pd.DataFrame, definition: str) -> list[ForestRow]:
    """Give, below each symptom, the share of each group of patients.

    Parameters
    ----------
    questions
        Rows of questions.csv, after disclosure control.
    definition
        Id of the primary definition.
    """
    own = questions[
        (questions["question"] == "symptoms")
        & (questions["definition"] == definition)
        & (questions["measure"] == "symptom")
    ]
    by_place = {(row["level"], row["population"]): row for row in list_rows(own)}
    rows = []
    for name in SYMPTOMS:
        found = [group for group in PATIENT_GROUPS if (name, group) in by_place]
        if found:
            rows.append(ForestRow(words.words(name).capitalize()))
            rows += [_row(group, by_place[name, group]) for group in found]
    return rows


def _row(group: str, row: dict[str, Any]) -> ForestRow:
    label = COMMON[group]
    if row["status"] == "not_estimable":
        return ForestRow(label, words.NOTHING)
    if pd.isna(row["rate"]):
        return ForestRow(label, words.HIDDEN)
    counts = (
        f"{words.count(row['events'])} of {words.count(row['n'])}"
        if not pd.isna(row["events"]) and not pd.isna(row["n"])
        else ""
    )
    text = f"{words.percent(row['rate'])} ({words.percent_range(row['ci_low'], row['ci_high'])})"
    low, high = (None if pd.isna(row[name]) else float(row[name])
                 for name in ("bound_low", "bound_high"))  # fmt: skip
    return ForestRow(
        label, text, counts, float(row["rate"]), float(row["ci_low"]), float(row["ci_high"]), low,
        high,
    )  # fmt: skip


def residual_symptoms(disclosed: Disclosed) -> PaperFigure:
    """Describe the residual symptoms of each group of patients."""
    drawn = symptom_rows(disclosed.tables["questions"], disclosed.primary)
    return PaperFigure(
        NAME,
        TITLE,
        NOTE,
        f"patients of each group; {ADULTS}",
        "beside each row: with the symptom, of those of whom it is known",
        tell_rows(drawn),
        "" if has_marks(drawn) else "Every number is hidden, or is of nobody.",
        lambda look: draw_forest(
            Forest(drawn, None, heads=("with it of known", "share (95% interval)"), note=NOTE),
            look,
        ),
    )
