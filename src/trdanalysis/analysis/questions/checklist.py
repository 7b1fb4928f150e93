"""The quick checklist of five questions, and how well several times yes agrees with the label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.estimands import GROUPS
from trdanalysis.analysis.questions.asked import Asked, Counting, Found
from trdanalysis.analysis.questions.form import ALL_AGES, YES_NO
from trdanalysis.analysis.questions.ratings import derive_responses
from trdanalysis.analysis.questions.relapse import EARLY, derive_relapse
from trdanalysis.analysis.three_valued import is_unknown

QUESTION = "checklist"

TWO_FAILURES, PERSISTING = "two_adequate_failures", "persisting_or_returning"
DAILY_LIFE, HOPELESS, OTHER_FACTORS = "daily_life_affected", "hopeless_or_numb", "other_factors"

#: The questions, in the article's order.
ITEMS = (TWO_FAILURES, PERSISTING, DAILY_LIFE, HOPELESS, OTHER_FACTORS)

#: Those that no part of the label answers too: only they can agree with it by more than definition.
APART = (PERSISTING, HOPELESS, OTHER_FACTORS)

#: Sets of questions by name, and from how many times yes on each counts as positive.
SETS = {"five": (ITEMS, (2, 3, 4, 5)), "apart": (APART, (1, 2, 3))}

#: Several: more than half. By age band it alone is asked.
MAIN = {"five": 3, "apart": 2}

#: Symptoms of which one is enough to call a depression persisting; those that stand for hopeless
#: and for numb. What is anxious is not recorded.
CORE_SYMPTOMS = ("low_mood", "anhedonia")
HOPELESS_SYMPTOMS = ("hopelessness", "anhedonia")

ITEM = "item"
SENSITIVITY, SPECIFICITY, PPV, NPV = "sensitivity", "specificity", "ppv", "npv"
POSITIVE, NEGATIVE = "positive", "negative"
_TRD, _NOT_TRD, _INDETERMINATE = "trd", "not_trd", "indeterminate"


def ask_checklist(asked: Asked) -> Found:
    """Ask how the checklist answers, and how that agrees with the label.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Found
        ``item``: of the members with each label, how many are a yes to each question.
        ``sensitivity`` and ``specificity``: of those with the label and of those without it, how
        many are positive and negative; ``ppv`` and ``npv``: of the positive and of the negative,
        how many have the label and have it not. The group names the questions and from how many
        times yes on a patient is positive. By age band for :data:`MAIN` alone.

    Notes
    -----
    The first and the third question are criteria of the label: with them agreement is partly by
    definition (incorporation bias: Ransohoff DF, Feinstein AR (1978) N Engl J Med 299:926-930).
    The set ``apart`` leaves them out.
    """
    answered = asked.engine.keep(answer_items(asked))
    counting = Counting(QUESTION)
    rows = _collect(answered)
    for label in (_TRD, _NOT_TRD):
        for item in ITEMS:
            counting.add(ITEM, label, item, _add_up(rows, f"item_{item}", label), kind=YES_NO)
    for name, (_, thresholds) in SETS.items():
        for least in thresholds:
            _add_agreement(counting, rows, name, least, ALL_AGES)
    for band in (band.label for band in asked.bands if band.is_adult):
        own = [row for row in rows if row["age_band"] == band]
        for name, least in MAIN.items():
            _add_agreement(counting, own, name, least, band)
    return Found(counting.answers)


def answer_items(asked: Asked) -> ir.Table:
    """Answer the five questions for each member.

    Returns
    -------
    Table
        One row per member: ``label``, ``age_band`` and :data:`ITEMS` as nullable booleans.
    """
    returned = derive_relapse(derive_responses(asked)).select(
        "patient_id", EARLY, has_responded=ibis.literal(True)
    )
    trials = asked.cohort.trials
    maybe = trials.filter(trials.antidepressant.fill_null(True) & trials.nonresponse.isnull())
    lost = asked.cohort.quarantined.select("patient_id")
    unsure = ibis.union(maybe.select("patient_id"), lost).distinct().mutate(is_unsure=True)
    joined = asked.members.left_join(returned, "patient_id", rname="{name}_of_returned")
    joined = joined.left_join(unsure, "patient_id", rname="{name}_of_unsure")
    # Without relief nothing can come back: no, where no treatment can have brought response.
    came_back = ibis.cases(
        (joined.has_responded, joined[EARLY]), (joined.is_unsure, ibis.null("boolean")),
        else_=False,
    )  # fmt: skip
    items = {
        TWO_FAILURES: joined.enough_failures,
        PERSISTING: _any(joined, CORE_SYMPTOMS) | came_back,
        DAILY_LIFE: joined.impaired,
        HOPELESS: _any(joined, HOPELESS_SYMPTOMS),
        OTHER_FACTORS: _any(joined, GROUPS),
    }
    return joined.select("patient_id", "label", "age_band", **items)


def _any(table: ir.Table, columns: Sequence[str]) -> ir.BooleanValue:
    """Give Kleene's OR of the columns."""
    value = table[columns[0]]
    for name in columns[1:]:
        value = value | table[name]
    return value


def is_positive(table: ir.Table, items: Sequence[str], least: int) -> ir.BooleanValue:
    """Tell whether at least so many questions are a yes; unknown where it could be either."""
    certain = _number(table, items, unknown=False)
    possible = _number(table, items, unknown=True)
    return ibis.cases((certain >= least, True), (possible < least, False))


def _number(table: ir.Table, items: Sequence[str], *, unknown: bool) -> ir.IntegerValue:
    number = table[items[0]].fill_null(unknown).cast("int64")
    for name in items[1:]:
        number = number + table[name].fill_null(unknown).cast("int64")
    return number


def _names() -> Iterator[tuple[str, str, int]]:
    for name, (_, thresholds) in SETS.items():
        for least in thresholds:
            yield f"positive_{name}_{least}", name, least


def _collect(answered: ir.Table) -> list[dict[str, Any]]:
    """Count the members of each label and age band by every answer."""
    flags = {f"item_{item}": answered[item] for item in ITEMS}
    flags |= {
        column: is_positive(answered, SETS[name][0], least) for column, name, least in _names()
    }
    counts: dict[str, Any] = {"total": answered.count()}
    for name, value in flags.items():
        counts[f"{name}_yes"] = value.fill_null(False).sum()
        counts[f"{name}_unknown"] = is_unknown(value).sum()
    by = ["label", "age_band"]
    rows: list[dict[str, Any]] = (
        answered.group_by(by).agg(**counts).order_by(by).to_pyarrow().to_pylist()
    )
    return rows


def _add_up(rows: list[dict[str, Any]], name: str, label: str) -> tuple[int, int, int]:
    own = [row for row in rows if row["label"] == label]
    total, unknown, events = (
        sum(int(row[column]) for row in own)
        for column in ("total", f"{name}_unknown", f"{name}_yes")
    )
    return total, unknown, events


def _add_agreement(
    counting: Counting, rows: list[dict[str, Any]], name: str, least: int, band: str
) -> None:
    """Add the four measures of one threshold."""
    group, column = f"{name}_{least}", f"positive_{name}_{least}"
    counts = {label: _add_up(rows, column, label) for label in (_TRD, _NOT_TRD, _INDETERMINATE)}
    positive = {label: yes for label, (_, _, yes) in counts.items()}
    negative = {label: total - unknown - yes for label, (total, unknown, yes) in counts.items()}
    total, unknown, _ = counts[_NOT_TRD]
    answers = (
        (SENSITIVITY, _TRD, POSITIVE, counts[_TRD]),
        (SPECIFICITY, _NOT_TRD, NEGATIVE, (total, unknown, negative[_NOT_TRD])),
        (PPV, POSITIVE, _TRD, _among(positive, _TRD)),
        (NPV, NEGATIVE, _NOT_TRD, _among(negative, _NOT_TRD)),
    )
    for measure, population, level, found in answers:
        counting.add(measure, population, level, found, kind=YES_NO, age_band=band, group=group)


def _among(by_label: dict[str, int], event: str) -> tuple[int, int, int]:
    return sum(by_label.values()), by_label[_INDETERMINATE], by_label[event]
