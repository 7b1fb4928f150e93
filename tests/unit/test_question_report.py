"""The questions on the page and in a paper's tables: what is counted, hidden or not estimable."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from tests.unit.question_tables import answers, contrasts, curves, hidden
from tests.unit.report_pages import published, report_tables
from trdanalysis.report.paper.catalogue import find_table
from trdanalysis.report.questions import everything, tables
from trdanalysis.report.questions.told import Told

ASKED = Told(
    "symptoms", "Symptoms", ["What is asked."], ["What it cannot say."],
    captions={"symptom": "Each symptom"}, names={"fatigue": "Tiredness"},
    curves={"time_to_next_step": "Next step"},
)  # fmt: skip


def test_each_measure_is_a_table_and_says_of_whom() -> None:
    found = dict(tables.answer_tables(answers(), ASKED))
    one, two = found["symptom"], found["symptom_count"]
    assert one.caption == "Each symptom"
    assert one.heads == ("Of whom", "what", *tables.NUMBERS)
    assert one.rows[0] == [
        "Treatment-resistant", "Tiredness", "80", "20", "60", "75.0%", "64.5 to 83.2%",
        "60.0 to 80.0%",
    ]  # fmt: skip
    assert two.caption == "Symptom count: Treatment-resistant"
    assert two.heads[0] == "What"


def test_of_nobody_known_there_is_no_share() -> None:
    row = dict(tables.answer_tables(answers(), ASKED))["symptom"].rows[2]
    assert row[1:] == ["anhedonia", "0", "100", "0", "–", "–", "0.0 to 100.0%"]


def test_hidden_numbers_say_so_and_never_zero() -> None:
    rows = dict(tables.answer_tables(hidden(), ASKED))["symptom"].rows
    assert rows[0][2:] == ["hidden"] * 6
    assert rows[1][2:] == ["hidden", "hidden", "10", "hidden", "hidden", "at least 20.0%"]


def test_a_table_of_nothing_but_hidden_numbers_is_one_line() -> None:
    found = dict(tables.answer_tables(hidden().assign(status="suppressed"), ASKED))
    assert not found["symptom"].rows and found["symptom"].empty == tables.ALL_HIDDEN


def test_of_many_levels_those_that_nobody_has_are_left_out() -> None:
    told = dataclasses.replace(ASKED, question="after_trd")
    rows = dict(tables.answer_tables(answers(), told))["pathway"].rows
    assert [row[0] for row in rows] == ["switch 0", "switch 1", "switch 2"]
    gone = answers()
    gone.loc[gone["level"] == "switch 9", "events"] = pd.NA
    rows = dict(tables.answer_tables(gone, told))["pathway"].rows
    assert rows[-1][0] == "switch 9" and rows[-1][3] == "hidden"


def test_contrasts_are_written_by_their_effect() -> None:
    rows = tables.contrast_table(contrasts(), ASKED).rows
    assert [row[9] for row in rows] == [
        "+20.0 (+10.0 to +30.0)", "1.50 (1.10 to 2.00)", "40.0%", "–",
    ]  # fmt: skip
    assert rows[0][10] == "0.010 (0.020)" and rows[1][5] == "age years"
    assert rows[3][11]
    gone = contrasts().assign(status="suppressed")
    gone[["n", "n_versus", "value", "ci_low", "ci_high", "p_value", "p_adjusted"]] = None
    assert tables.contrast_table(gone, ASKED).rows[0][6:11] == [
        "hidden", "hidden", "difference in points", "hidden", "hidden",
    ]  # fmt: skip


def test_curves_stand_at_chosen_days_while_enough_are_followed() -> None:
    table = tables.curve_table(curves(), ASKED)
    assert table is not None
    assert [(row[2], row[3]) for row in table.rows] == [
        ("90", "33.3%"), ("180", "33.3%"), ("365", "33.3%"),
    ]  # fmt: skip
    assert tables.curve_table(curves(), dataclasses.replace(ASKED, curves={})) is None


def test_every_question_has_a_section_and_one_without_answers_says_so() -> None:
    made = report_tables(
        published() | {"questions": answers(), "question_contrasts": contrasts(),
                       "question_curves": curves()}
    )  # fmt: skip
    sections = {each.name: each for each in everything.make_question_sections(made)}
    assert list(sections) == [
        f"question-{name.replace('_', '-')}" for name in everything.TOLD
    ]  # fmt: skip
    assert everything.NO_ANSWER in sections["question-relapse"].blocks
    assert everything.NO_ANSWER not in sections["question-symptoms"].blocks
    captions = [getattr(one, "caption", "") for one in sections["question-symptoms"].blocks]
    assert any(text.startswith("Comparisons and models") for text in captions)


@pytest.mark.parametrize("name", ["s24", "s27", "s31", "s32"])
def test_tables_of_a_paper_say_what_the_page_says(name: str) -> None:
    made = report_tables(
        published() | {"questions": hidden(), "question_contrasts": contrasts(),
                       "question_curves": curves()}
    )  # fmt: skip
    table = find_table(name).build(made)
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    if name == "s24":
        assert texts[0] == ["hidden"] * 6
        assert texts[1][2] == "10" and texts[1][5] == "at least 20.0%"
        assert any("unknown" in note for note in table.about)
    elif name == "s27":
        assert len(table.rows) == 2 + 3
    assert table.rows or name == "s32"
