"""The figure of residual symptoms says what its rows say, and no more."""

from __future__ import annotations

from tests.unit.question_tables import answers, hidden
from trdanalysis.report import words
from trdanalysis.report.figures.symptoms import symptom_rows
from trdanalysis.report.questions.checklist import CHECKLIST


def test_each_group_has_its_row_below_the_symptom() -> None:
    rows = symptom_rows(answers(), "article")
    told = [(row.label, row.counts, row.value) for row in rows]
    assert ("Fatigue", "", None) in told
    at = told.index(("Fatigue", "", None))
    assert told[at + 1 : at + 3] == [
        (words.LABELS["trd"], "60 of 80", 0.75), ("Responding", "10 of 50", 0.2),
    ]  # fmt: skip
    assert (rows[at + 1].bound_low, rows[at + 1].bound_high) == (0.6, 0.8)


def test_of_nobody_known_there_is_no_mark() -> None:
    rows = symptom_rows(answers(), "article")
    at = next(place for place, row in enumerate(rows) if row.label == "Anhedonia")
    assert rows[at + 1].text == words.NOTHING and not rows[at + 1].is_drawn


def test_what_is_hidden_is_said_to_be() -> None:
    rows = [row for row in symptom_rows(hidden(), "article") if not row.is_heading]
    assert [row.text for row in rows if not row.is_drawn].count(words.HIDDEN) == 2
    assert all(row.bound_low is None for row in rows if row.text == words.HIDDEN)


def test_other_questions_and_definitions_are_not_drawn() -> None:
    assert symptom_rows(answers(), "another") == []
    table = answers()
    assert symptom_rows(table[table["question"] != "symptoms"], "article") == []


def test_thresholds_of_the_checklist_are_written_as_words() -> None:
    assert CHECKLIST.name("five_3") == "3 or more of all five questions"
    assert CHECKLIST.name("apart_2") == "2 or more of the three that the label does not ask"
    assert CHECKLIST.name("five_times") == words.words("five_times")
