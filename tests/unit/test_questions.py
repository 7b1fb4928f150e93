"""The form of answers: shares of counts, and what a table of them may not be."""

from __future__ import annotations

import pytest

from trdanalysis.analysis.intervals import estimate_wilson
from trdanalysis.analysis.questions.asked import Counting
from trdanalysis.analysis.questions.form import (
    ONE_OF,
    QUESTION_COLUMNS,
    YES_NO,
    Answer,
    estimate_answers,
)


def _answer(level="fatigue", kind=YES_NO, counts=(10, 2, 6), measure="symptom"):
    return Answer("symptoms", measure, "trd", "", "", level, kind, *counts)


def test_share_is_of_the_known_and_bounds_of_all():
    row = estimate_answers([_answer()], "article").iloc[0]
    low, high = estimate_wilson([6], [8])
    assert tuple(row[["n", "n_unknown", "events", "rate"]]) == (8, 2, 6, 0.75)
    assert (row["ci_low"], row["ci_high"]) == (low[0], high[0])
    assert (row["bound_low"], row["bound_high"], row["status"]) == (0.6, 0.8, "ok")


def test_of_nobody_known_nothing_is_estimated_but_the_bounds():
    table = estimate_answers(
        [_answer(counts=(5, 5, 0)), _answer("anhedonia", counts=(0, 0, 0))], "article"
    )
    assert table["status"].tolist() == ["not_estimable"] * 2
    assert table[["rate", "ci_low", "ci_high", "ci_method"]].isna().all(axis=None)
    assert table["bound_low"].tolist()[0] == 0 and table["bound_high"].tolist()[0] == 1
    assert table[["bound_low", "bound_high"]].iloc[1].isna().all()


def test_no_answers_are_a_table_without_rows():
    table = estimate_answers([], "article")
    assert list(table.columns) == list(QUESTION_COLUMNS) and not len(table)


def test_levels_that_exclude_each_other_add_up():
    counting = Counting("symptoms")
    counting.add_levels("symptom_count", "trd", [("0", 3), ("1", 4)], unknown=2)
    table = estimate_answers(counting.answers, "article")
    assert table["n"].tolist() == [7, 7] and table["rate"].sum() == 1


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([_answer(), _answer()], "two answers"),
        ([_answer(counts=(10, 5, 6))], "cannot be"),
        ([_answer(counts=(10, -1, 6))], "cannot be"),
        ([_answer(kind=ONE_OF), _answer("anhedonia", ONE_OF)], "do not add up"),
    ],
)
def test_counts_that_cannot_be_are_refused(answers, message):
    with pytest.raises(ValueError, match=message):
        estimate_answers(answers, "article")
