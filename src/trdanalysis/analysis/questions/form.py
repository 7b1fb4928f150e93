"""The one form of every answer: of some patients, how many have something, do not, or are unknown.

A question counts; nothing else is its own. Shares, intervals and bounds are made here of the
counts, and disclosure control, the report and the tests know one table for all questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields

import pandas as pd

from trdanalysis.analysis.intervals import divide, estimate_wilson

#: What a row is about, in the order of the columns of questions.csv.
QUESTION_KEYS = (
    "question", "definition", "measure", "population", "age_band", "group", "level", "kind",
)  # fmt: skip

#: Columns of questions.csv, in order.
QUESTION_COLUMNS = (
    *QUESTION_KEYS, "n", "n_unknown", "events", "rate", "ci_low", "ci_high", "ci_method",
    "bound_low", "bound_high", "status",
)  # fmt: skip

#: A row by itself: yes, no or unknown; levels that exclude each other and leave nobody out but the
#: unknown.
YES_NO, ONE_OF = "yes_no", "one_of"

#: Of all ages together; of no group.
ALL_AGES, NO_GROUP = "", ""


@dataclass(frozen=True)
class Answer:
    """One row, as counted.

    Attributes
    ----------
    question
        One of the questions, such as ``symptoms``.
    measure
        What is asked of the population, such as ``symptom`` or ``sensitivity``.
    population
        Who is asked about: a word of the question.
    age_band
        Label of an age band; :data:`ALL_AGES`.
    group
        What sets some of the population apart, such as a strategy; :data:`NO_GROUP`.
    level
        What the event is, such as a symptom.
    kind
        :data:`YES_NO`; :data:`ONE_OF` where the levels of one question, measure, population, age
        band and group exclude each other, and every one of them with a known level is in one.
    total, unknown, events
        Patients: all of the population; of these, those of whom the event is unknown, and those
        with it. The rest are known not to have it.
    """

    question: str
    measure: str
    population: str
    age_band: str
    group: str
    level: str
    kind: str
    total: int
    unknown: int
    events: int


def estimate_answers(answers: Iterable[Answer], definition: str) -> pd.DataFrame:
    """Estimate shares of counted answers.

    Parameters
    ----------
    answers
        As counted, in the order of the rows.
    definition
        Id of the definition by which patients are labelled.

    Returns
    -------
    DataFrame
        One row per answer with :data:`QUESTION_COLUMNS`. ``n``: patients of the population of whom
        the event is known; ``n_unknown``: the others; ``rate``: ``events`` of ``n``, with Wilson's
        95% interval. The bounds divide by the whole population, as if all the unknown were without
        the event, and with it. ``age_band`` is null for all ages, ``group`` where there is none.
        Numbers are null where nobody is known (``not_estimable``); bounds only where nobody is in
        the population.

    Raises
    ------
    ValueError
        Where counts of a row cannot be, two rows have one key, or levels do not add up.
    """
    names = [field.name for field in fields(Answer)]
    table = pd.DataFrame([astuple(one) for one in answers], columns=names)
    table = table.astype(dict.fromkeys(("total", "unknown", "events"), "int64"))
    _check(table)
    known = (table["total"] - table["unknown"]).to_numpy()
    events, total = table["events"].to_numpy(), table["total"].to_numpy()
    low, high = estimate_wilson(events, known)
    table = table.assign(
        definition=definition,
        n=known,
        n_unknown=table["unknown"],
        rate=divide(events, known),
        ci_low=low,
        ci_high=high,
        ci_method=pd.Series(["wilson"] * len(table), dtype="str").where(known > 0),
        bound_low=divide(events, total),
        bound_high=divide(events + table["unknown"].to_numpy(), total),
        status=pd.Series(["ok"] * len(table), dtype="str").where(known > 0, "not_estimable"),
    )
    for name in ("age_band", "group"):
        table[name] = table[name].mask(table[name] == "")
    table = table.reindex(columns=list(QUESTION_COLUMNS))
    return table.astype(
        dict.fromkeys((*QUESTION_KEYS, "ci_method", "status"), "str")
        | dict.fromkeys(("n", "n_unknown", "events"), "Int64")
        | dict.fromkeys(("rate", "ci_low", "ci_high", "bound_low", "bound_high"), "float64")
    )


def _check(table: pd.DataFrame) -> None:
    place = ["question", "measure", "population", "age_band", "group"]
    if table.duplicated([*place, "level"]).any():
        raise ValueError("two answers to one question")
    counts = table[["total", "unknown", "events"]]
    if (counts < 0).any(axis=None) or (
        counts["unknown"] + counts["events"] > counts["total"]
    ).any():
        raise ValueError("counts of an answer that cannot be")
    parts = table[table["kind"] == ONE_OF].groupby(place, sort=False)
    summed = parts.agg(
        events=("events", "sum"), unknown=("unknown", "first"), total=("total", "first"),
        unlike=("unknown", "nunique"),
    )  # fmt: skip
    if (summed["events"] + summed["unknown"] != summed["total"]).any() or (
        summed["unlike"] > 1
    ).any():
        raise ValueError("levels that do not add up to their population")


def list_questions(table: pd.DataFrame) -> Sequence[str]:
    """Name the questions that a table answers, in its order."""
    return list(dict.fromkeys(table["question"]))
