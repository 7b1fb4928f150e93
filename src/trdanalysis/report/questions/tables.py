"""Tables of a question: what was counted, what is compared, and curves at chosen days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.questions.told import Told
from trdanalysis.report.statistics import LEAST_AT_RISK, SHOWN_DAYS
from trdanalysis.report.tables import Table, is_hidden, with_interval, with_limits
from trdanalysis.rows import list_rows

#: What sets rows of one measure apart, and the heading of its column.
_PLACES = {"population": "Of whom", "age_band": "age band", "group": "group"}

#: Headings of the numbers of an answer.
NUMBERS = ("known", "unknown", "with it", "share", "95% interval", "bounds")

#: Said in place of rows that are all hidden.
ALL_HIDDEN = f"Every number here is {words.HIDDEN}."

#: Said beside rows of age bands.
ALL_AGES = "all ages"

#: With more levels than this, those that nobody has are left out.
MANY_LEVELS = 15

#: Effects that are fractions, and are written as such.
_SHARES = ("rate", "share")


def shown_rows(answers: pd.DataFrame) -> pd.DataFrame:
    """Leave out levels that nobody has, where there are many; what is hidden stays."""
    place = ["question", "measure", "population", "age_band", "group"]
    levels = answers.groupby(place, dropna=False, sort=False)["level"].transform("size")
    nobody = (answers["events"] == 0).fillna(False).astype(bool)
    return answers[~((answers["kind"] == "one_of") & (levels > MANY_LEVELS) & nobody)]


def answer_tables(answers: pd.DataFrame, told: Told) -> list[tuple[str, Table]]:
    """Write the answers to a question: measure, and a table of it.

    Parameters
    ----------
    answers
        Rows of questions.csv, after disclosure control.
    told
        The question's words.
    """
    own = shown_rows(answers[answers["question"] == told.question])
    return [
        (str(measure), _answer_table(part, told))
        for measure, part in own.groupby("measure", sort=False)
    ]


def _answer_table(part: pd.DataFrame, told: Told) -> Table:
    apart = [name for name in _PLACES if part[name].nunique(dropna=False) > 1]
    measure = str(part["measure"].iloc[0])
    caption = told.caption(measure)
    same = [told.name(part[name].iloc[0]) for name in _PLACES if name not in apart]
    of = ", ".join(text for text in same if text)
    rows = [
        [
            *(_place(row, name, told) for name in apart),
            told.name(row["level"]),
            *answer_numbers(row),
        ]
        for row in list_rows(part)
    ]
    heads = (*(_PLACES[name] for name in apart), "what", *NUMBERS)
    # A page of nothing but "hidden" tells no more than one line.
    all_hidden = bool((part["status"] == "suppressed").all())
    return Table(
        f"{caption}: {of}" if of else caption,
        (heads[0].capitalize(), *heads[1:]),
        [] if all_hidden else rows,
        frozenset(range(len(apart) + 1)),
        ALL_HIDDEN if all_hidden else "Nobody.",
    )


def _place(row: Mapping[str, Any], name: str, told: Told) -> str:
    """Write what sets a row apart; beside age bands, that it is of none of them."""
    return told.name(row[name]) or (ALL_AGES if name == "age_band" else "")


def answer_numbers(row: Mapping[str, Any]) -> list[str]:
    """Write the numbers of an answer, hidden ones as such; see :data:`NUMBERS`."""
    again = f" {words.AGAIN}" if row["status"] == "reprinted" else ""
    counts = [
        words.HIDDEN if pd.isna(row[name]) else words.count(row[name]) + again
        for name in ("n", "n_unknown", "events")
    ]
    if row["status"] == "not_estimable":
        return [*counts, words.NOTHING, words.NOTHING, _bounds(row)]
    if pd.isna(row["rate"]):
        # Of rounded counts, of which nobody is left, or of too few, there is no share either.
        return [*counts, words.HIDDEN, words.HIDDEN, _bounds(row)]
    return [
        *counts,
        words.percent(row["rate"]),
        words.percent_range(row["ci_low"], row["ci_high"]),
        _bounds(row),
    ]


def _bounds(row: Mapping[str, Any]) -> str:
    low, high = row["bound_low"], row["bound_high"]
    if pd.isna(low) and pd.isna(high):
        return words.NOTHING if row["status"] == "not_estimable" else words.HIDDEN
    if pd.isna(high):
        return f"at least {words.percent(low)}"
    return words.percent_range(low, high)


def contrast_table(contrasts: pd.DataFrame, told: Told) -> Table:
    """Write what is compared or fitted.

    Parameters
    ----------
    contrasts
        Rows of question_contrasts.csv, after disclosure control.
    told
        The question's words.
    """
    own = contrasts[contrasts["question"] == told.question]
    return Table(
        "Comparisons and models; a p-value in brackets is adjusted for all tests of its family",
        ("What", "group", "level", "against", "model", "adjusted for", "patients", "against them",
         "effect", "value (95% interval)", "p", "why there is none"),
        [_contrast(row, told) for row in list_rows(own)],
        frozenset({0, 1, 2, 3, 4, 5, 8, 11}),
        empty="Nothing is compared.",
    )  # fmt: skip


#: Effects in a few words.
EFFECTS = {
    "rd": "difference in points", "rr": "ratio of risks", "or": "ratio of odds", "rate": "share",
    "hr": "ratio of hazards",
}  # fmt: skip

#: Reasons that are no words of a model.
_REASONS = {**words.MODEL_REASONS}


def _contrast(row: Mapping[str, Any], told: Told) -> list[str]:
    gone = is_hidden(row)
    n, versus = (words.HIDDEN if gone else words.count(row[name]) for name in ("n", "n_versus"))
    effect = row["effect"]
    reason = row["reason"]
    return [
        told.caption(str(row["measure"])),
        told.name(row["group"]) or words.NOTHING,
        told.name(row["level"]) or words.NOTHING,
        told.name(row["versus"]) or words.NOTHING,
        words.NOTHING if pd.isna(row["model"]) else words.MODELS.get(
            row["model"], words.words(str(row["model"]))),
        words.listed(row["covariates"]),
        n,
        versus,
        words.NOTHING if pd.isna(effect) else EFFECTS.get(effect) or told.name(effect),
        _effect(row),
        words.HIDDEN if gone else _p(row),
        "" if pd.isna(reason) else _REASONS.get(reason, words.words(str(reason))),
    ]  # fmt: skip


def _effect(row: Mapping[str, Any]) -> str:
    if is_hidden(row):
        return words.HIDDEN
    if row["effect"] in _SHARES:
        value = words.percent(row["value"])
        if pd.isna(row["ci_low"]):
            return value
        return f"{value} ({words.percent_range(row['ci_low'], row['ci_high'])})"
    if row["effect"] == "rd":
        return with_interval(row, "rd")
    return with_limits(row["value"], row["ci_low"], row["ci_high"])


def _p(row: Mapping[str, Any]) -> str:
    if pd.isna(row["p_value"]):
        return words.NOTHING
    adjusted = row["p_adjusted"]
    after = "" if pd.isna(adjusted) else f" ({words.p_value(adjusted)})"
    return f"{words.p_value(row['p_value'])}{after}"


def curve_table(curves: pd.DataFrame, told: Told, days: Sequence[int] = SHOWN_DAYS) -> Table | None:
    """Write a question's curves at chosen days; None where it has none.

    Parameters
    ----------
    curves
        Rows of question_curves.csv, after disclosure control.
    told
        The question's words.
    days
        At which the curves are written out.
    """
    own = curves[curves["estimand"].isin(list(told.curves))]
    if not len(own):
        return None
    rows = []
    for (estimand, curve), part in own.groupby(["estimand", "curve"], sort=False):
        for day in days:
            so_far = part[(part["day"] <= day) & (part["status"] != "not_estimable")]
            last = part.loc[part["n_at_risk"] >= LEAST_AT_RISK, "day"].max()
            row = list_rows(so_far.iloc[-1:])[0] if len(so_far) else None
            if row is None or (not is_hidden(row) and (pd.isna(last) or day > last)):
                continue
            numbers = (
                words.percent(row["cumulative_incidence"]),
                words.percent_range(row["ci_low"], row["ci_high"]),
            )
            shown = [words.HIDDEN] * 2 if is_hidden(row) else list(numbers)
            rows.append([told.curves[str(estimand)], told.name(curve), words.count(day), *shown])
    return Table(
        f"Cumulative incidence at chosen days, where at least {LEAST_AT_RISK} are still followed",
        ("What", "curve", "by day", "share", "95% interval"),
        rows,
        frozenset({0, 1, 2}),
    )
