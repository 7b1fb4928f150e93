"""Disclosure control of the questions: each small cell is protected by how it hangs on others."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.support import ROOT
from tests.unit.release_cohorts import policy_of
from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, Counting
from trdanalysis.analysis.questions.everything import QUESTIONS
from trdanalysis.analysis.questions.form import YES_NO, estimate_answers
from trdanalysis.analysis.survival import CURVE_COLUMNS
from trdanalysis.disclosure import question_links
from trdanalysis.disclosure.answers import (
    disclose_question_contrasts,
    disclose_question_curves,
    disclose_questions,
)
from trdanalysis.disclosure.attack import find_unsafe
from trdanalysis.disclosure.hiding import Hidden
from trdanalysis.disclosure.ledger import Ledger
from trdanalysis.disclosure.protect import protect
from trdanalysis.disclosure.question_links import enter_question_curves, link_questions
from trdanalysis.disclosure.questions import enter_questions
from trdanalysis.disclosure.strata import overall_key

CMS = policy_of("cms")
MEMBERS, TRD = 1500, 100


def ledger_of_rates() -> Ledger:
    """Give a ledger in which members and resistant ones are printed, and dear."""
    ledger = Ledger()
    unit = ledger.unit(("row", "trd"), "overall", 1e5)
    place = overall_key("article", "trd")
    n = ledger.count(("n", *place), MEMBERS, unit)
    event = ledger.count(("event", *place), TRD, unit)
    ledger.rest(n, [event])
    return ledger


def disclosed(counting: Counting, policy=CMS, curves=None):
    """Disclose the answers alone, and give the table as it leaves, and what is hidden."""
    table = estimate_answers(counting.answers, "article")
    ledger = ledger_of_rates()
    rows = enter_questions(ledger, table, "article", policy)
    link_questions(ledger, rows, "article")
    if curves is not None:
        enter_question_curves(ledger, curves, rows, "article", policy)
    found = protect(ledger, policy)
    assert find_unsafe(ledger, policy, set(found.hidden)) == []
    hidden = Hidden(ledger, found.hidden, policy)
    assert ledger.units["row", "trd"] not in found.hidden
    return disclose_questions(table, "article", hidden), hidden


def shown(table: pd.DataFrame, level: str, **where: str) -> pd.Series:
    own = table[table["level"] == level]
    for name, value in where.items():
        own = own[own[name] == value]
    (at,) = own.index
    return own.loc[at]


def test_few_events_are_hidden_and_few_without_too() -> None:
    counting = Counting("relapse")
    counting.add("a", "trd", "few", (TRD, 20, 4), kind=YES_NO)
    counting.add("a", "trd", "nearly_all", (TRD, 20, 76), kind=YES_NO)
    counting.add("a", "trd", "many", (TRD, 20, 40), kind=YES_NO)
    table, _ = disclosed(counting)
    for level in ("few", "nearly_all"):
        row = shown(table, level)
        assert row[["rate", "ci_low", "bound_high"]].isna().all()
        assert pd.isna(row["events"]) or pd.isna(row["n"])
        assert row["status"] in ("suppressed", "partly_suppressed")
    assert shown(table, "many")["rate"] == 0.5 and shown(table, "many")["status"] == "ok"


def test_few_unknown_hide_the_known_but_not_the_lower_bound() -> None:
    counting = Counting("relapse")
    counting.add("a", "trd", "event", (TRD, 3, 40), kind=YES_NO)
    table, _ = disclosed(counting)
    row = shown(table, "event")
    assert row[["n", "n_unknown", "rate", "bound_high"]].isna().all()
    assert (row["events"], row["bound_low"], row["status"]) == (40, 0.4, "partly_suppressed")


def test_a_single_small_level_is_not_alone() -> None:
    counting = Counting("after_trd")
    counting.add_levels("next_step", "trd", [("ect", 3), ("combination", 30), ("several", 47)], 20)
    table, _ = disclosed(counting)
    # The others and the known, of which it would be the rest, are not all printed.
    assert pd.isna(shown(table, "ect")["events"])
    assert table["events"].isna().sum() >= 2 or table["n"].isna().all()


def test_a_pair_of_symptoms_is_some_of_each() -> None:
    counting = Counting("symptoms")
    counting.add("symptom", "trd", "low_mood", (TRD, 20, 50), kind=YES_NO)
    counting.add("symptom", "trd", "fatigue", (TRD, 20, 60), kind=YES_NO)
    counting.add("symptom_pair", "trd", "fatigue", (TRD, 20, 46), kind=YES_NO, group="low_mood")
    table, _ = disclosed(counting)
    # With 46 of 50 printed, 4 would have low mood without fatigue.
    first, both = shown(table, "low_mood"), shown(table, "fatigue", group="low_mood")
    assert pd.isna(first["events"]) or pd.isna(both["events"])


def test_steps_of_a_trial_follow_each_other() -> None:
    counting = Counting("trial_eligibility")
    for level, events in (("age_years", 60), ("severity", 55)):
        counting.add("still_in", "trd", level, (TRD, 20, events), kind=YES_NO)
    table, _ = disclosed(counting)
    assert table["events"].isna().any()


def test_thresholds_and_measures_are_of_one_table() -> None:
    counting = Counting("checklist")
    for group, yes in (("five_2", 60), ("five_3", 53)):
        counting.add("sensitivity", "trd", "positive", (TRD, 20, yes), kind=YES_NO, group=group)
    # 53 of the positive are resistant, as many as the sensitivity counts: it is the same cell.
    counting.add("ppv", "positive", "trd", (353, 0, 53), kind=YES_NO, group="five_3")
    table, _ = disclosed(counting)
    sensitivity = table[table["measure"] == "sensitivity"].set_index("group")["events"]
    assert sensitivity.isna().any()
    if pd.isna(sensitivity["five_3"]):
        assert pd.isna(shown(table, "trd")["events"])


def test_forgiving_more_finds_no_fewer() -> None:
    counting = Counting("medication_errors")
    for group, events in (("as_recorded", TRD), ("dose", TRD + 5), ("all_errors", 200)):
        counting.add("trd_if_adequate", "members", "trd", (MEMBERS, 100, events), kind=YES_NO,
                     group=group)  # fmt: skip
    table, _ = disclosed(counting)
    # As recorded they are the resistant of the rate: 5 more would be told by the next row.
    assert pd.isna(shown(table, "trd", group="dose")["events"])
    assert shown(table, "trd", group="all_errors")["events"] == 200


def test_rows_of_few_patients_have_no_share() -> None:
    counting = Counting("relapse")
    counting.add("a", "responders", "event", (15, 0, 0), kind=YES_NO)
    table, _ = disclosed(counting)
    row = shown(table, "event")
    assert row["n"] == 15 and pd.isna(row["rate"]) and row["status"] == "partly_suppressed"


def test_rounded_counts_make_the_shares() -> None:
    counting = Counting("relapse")
    counting.add("a", "trd", "event", (TRD, 21, 42), kind=YES_NO)
    table, _ = disclosed(counting, policy_of("opensafely"))
    row = shown(table, "event")
    if not pd.isna(row["rate"]):
        assert row["n"] % 5 == 0 and row["events"] % 5 == 0
        assert row["rate"] == row["events"] / row["n"]


def _contrasts(**changed: object) -> pd.DataFrame:
    row = {
        "question": "symptoms", "definition": "article", "measure": "symptom", "group": "trd",
        "level": "fatigue", "versus": "responding", "model": "two_proportions", "n": 80,
        "n_versus": 70, "effect": "rd", "value": 0.123456, "ci_low": 0.0, "ci_high": 0.2,
        "p_value": 0.0123456, "status": "ok", **changed,
    }  # fmt: skip
    return pd.DataFrame([row]).reindex(columns=list(CONTRAST_COLUMNS)).astype(
        {"n": "Int64", "n_versus": "Int64", "n_tests": "Int64"})  # fmt: skip


@pytest.mark.parametrize(("events", "status"), [(10, "suppressed"), (30, "ok")])
def test_contrasts_hang_on_the_rows_of_both_sides(events: int, status: str) -> None:
    counting = Counting("symptoms")
    counting.add("symptom", "trd", "fatigue", (TRD, 20, 40), kind=YES_NO)
    counting.add("symptom", "responding", "fatigue", (100, 30, events), kind=YES_NO)
    table, hidden = disclosed(counting)
    found = disclose_question_contrasts(_contrasts(), table, hidden).iloc[0]
    assert found["status"] == status
    if status == "ok":
        assert (found["value"], found["p_value"]) == (0.123, 0.012)
        assert (found["n"], found["n_versus"]) == (80, 70)
        other = disclose_question_contrasts(_contrasts(n=77), table, hidden).iloc[0]
        assert pd.isna(other["n"]) and other["value"] == 0.123
    else:
        assert found[["n", "n_versus", "value", "ci_low", "p_value"]].isna().all()


def _curve(start: int) -> pd.DataFrame:
    rows = [
        ("time_to_next_step", "article", "definite", day, at, events, 0, share, None, None, "ok")
        for day, at, events, share in ((0, start, 0, 0.0), (9, start, 40, 0.4))
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS)).astype(
        {"n_at_risk": "Int64", "events": "Int64", "censored": "Int64"}
    )


@pytest.mark.parametrize(("start", "is_shown"), [(TRD, True), (TRD - 4, False)])
def test_a_curve_of_all_but_a_few_is_hidden(start: int, is_shown: bool) -> None:
    curve = _curve(start)
    _, hidden = disclosed(Counting("after_trd"), curves=curve)
    found = disclose_question_curves(curve, hidden)
    assert found["n_at_risk"].notna().any() == is_shown
    assert found["cumulative_incidence"].notna().any() == is_shown


def test_nothing_asked_is_nothing_told() -> None:
    table, hidden = disclosed(Counting("relapse"))
    assert not len(table)
    assert not len(disclose_question_contrasts(_contrasts()[:0], table, hidden))
    assert not len(disclose_question_curves(_curve(9)[:0], hidden))


def test_a_curve_of_nobody_says_so() -> None:
    curve = _curve(0)[:1].assign(
        day=pd.NA, events=pd.NA, censored=pd.NA, cumulative_incidence=None, status="not_estimable"
    )
    curve = curve.astype({"events": "Int64", "censored": "Int64", "n_at_risk": "Int64"})
    _, hidden = disclosed(Counting("after_trd"), curves=curve)
    found = disclose_question_curves(curve, hidden)
    assert found["status"].tolist() == ["not_estimable"]


def test_links_look_for_measures_that_questions_have(monkeypatch: pytest.MonkeyPatch) -> None:
    # A measure with another name than a link looks for would lose its link without a word.
    table = pd.read_csv(ROOT / "tests" / "golden" / "expected" / "questions.csv")
    table[["group", "age_band"]] = table[["group", "age_band"]].fillna("")
    ledger, looked_for = ledger_of_rates(), set()
    rows = enter_questions(ledger, table, "article", CMS)
    row, levels = question_links._Found.row, question_links._Found.levels

    def row_seen(found, question, measure, *place):
        looked_for.add((question, measure))
        return row(found, question, measure, *place)

    def levels_seen(found, question, measure):
        looked_for.add((question, measure))
        return levels(found, question, measure)

    monkeypatch.setattr(question_links._Found, "row", row_seen)
    monkeypatch.setattr(question_links._Found, "levels", levels_seen)
    link_questions(ledger, rows, "article")
    assert {question for question, _ in looked_for} == set(QUESTIONS)
    assert looked_for <= set(zip(table["question"], table["measure"], strict=True))
