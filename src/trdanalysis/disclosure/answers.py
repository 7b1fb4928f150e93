"""What may leave of the questions: counts, shares made anew of them, contrasts and curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.analysis.intervals import divide, estimate_wilson
from trdanalysis.disclosure.curves import disclose_curves
from trdanalysis.disclosure.hiding import (
    PARTLY_SUPPRESSED,
    SUPPRESSED,
    Hidden,
    hide,
    round_counts,
    round_estimates,
)
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.question_links import curve_key
from trdanalysis.disclosure.questions import AnswerKeys, answer_keys
from trdanalysis.disclosure.sealed import print_count
from trdanalysis.rows import list_rows

_COUNTS = ("n", "n_unknown", "events")
_ESTIMATES = ("rate", "ci_low", "ci_high", "ci_method", "bound_low", "bound_high")
_NUMBERS = ("value", "ci_low", "ci_high", "p_value", "p_adjusted")


def disclose_questions(table: pd.DataFrame, primary: str, hidden: Hidden) -> pd.DataFrame:
    """Make what may leave of questions.csv.

    Parameters
    ----------
    table
        As estimated.
    primary
        Id of the definition that it is by.
    hidden
        What is hidden.

    Returns
    -------
    DataFrame
        The same rows and columns. Events are hidden by themselves, the known and the unknown
        together. A share stands where both are printed, and are of enough patients; the lower
        bound also where the whole population is printed elsewhere. All are made of printed counts.
    """
    rows = [
        _disclose_row(row, hidden, keys)
        for row, keys in zip(list_rows(table), answer_keys(table, primary), strict=True)
    ]
    shown = pd.DataFrame(rows, columns=list(table.columns))
    types = {**table.dtypes, **dict.fromkeys(_COUNTS, "Int64")}
    return shown.astype(types)


def _disclose_row(row: Mapping[Any, Any], hidden: Hidden, keys: AnswerKeys) -> dict[Any, Any]:
    policy, base = hidden.policy, hidden.policy.base_of(primary=True)
    no_events = hidden.count(keys.events)
    no_known = hidden.count(keys.known) or hidden.count(keys.unknown)
    known, unknown, events = (print_count(int(row[name]), base) for name in _COUNTS)
    told: dict[Any, Any] = {**row, **dict.fromkeys((*_COUNTS, *_ESTIMATES))}
    told |= {} if no_events else {"events": events}
    told |= {} if no_known else {"n": known, "n_unknown": unknown}
    total = hidden.shown(keys.total) if no_known else known + unknown
    if not no_events and not no_known:
        told |= _share(min(events, known), known, policy)
    if not no_events and total:
        least = max(policy.least_n_for_a_rate, 1)
        enough = total >= least
        told["bound_low"] = divide([min(events, total)], [total])[0] if enough else None
        if not no_known and enough:
            told["bound_high"] = divide([min(events + unknown, total)], [total])[0]
    if no_events and no_known:
        told["status"] = SUPPRESSED
    elif no_events or no_known or (told["rate"] is None and row["status"] == "ok"):
        told["status"] = PARTLY_SUPPRESSED
    return told


def _share(events: int, known: int, policy: Policy) -> dict[str, Any]:
    if not known or known < policy.least_n_for_a_rate:
        return {}
    low, high = estimate_wilson([events], [known])
    return {
        "rate": divide([events], [known])[0], "ci_low": low[0], "ci_high": high[0],
        "ci_method": "wilson",
    }  # fmt: skip


def disclose_question_contrasts(
    contrasts: pd.DataFrame, answers: pd.DataFrame, hidden: Hidden
) -> pd.DataFrame:
    """Make what may leave of question_contrasts.csv.

    Parameters
    ----------
    contrasts
        As estimated.
    answers
        questions.csv as it leaves.
    hidden
        What is hidden.

    Returns
    -------
    DataFrame
        The same rows and columns. A contrast is hidden where either side is of few, or a row of
        questions.csv that one of its sides is about is, or there is no such row. How many it is of
        is printed where that row says so too. Of rounded counts only what is a model's leaves; all
        is rounded to what the policy says of models.
    """
    if not len(contrasts):
        return contrasts
    policy = hidden.policy
    sides = [_sides(row, answers) for row in list_rows(contrasts)]
    least = max(policy.hide_counts_up_to + 1, policy.least_n_for_a_rate)
    gone = []
    for row, pair in zip(list_rows(contrasts), sides, strict=True):
        wanted = pair if not pd.isna(row["versus"]) else pair[:1]
        few = any(not pd.isna(row[n]) and row[n] < least for n in ("n", "n_versus"))
        unshown = any(not len(side) or (side["status"] != "ok").any() for side in wanted)
        crude = policy.base_of(primary=True) > 0 and pd.isna(row["covariates"])
        gone.append(few or unshown or crude)
    shown = round_estimates(contrasts, _NUMBERS, policy.model_decimals)
    shown = _hide_sizes(shown, sides)
    shown = round_counts(shown, ("n", "n_versus"), policy.base_of(primary=True))
    # Adjustment is over all tests of a family: what is hidden of it would have its say.
    family = ["question", "measure", "adjustment"]
    part = pd.Series(gone, index=shown.index) & shown["p_value"].notna()
    whole = part.groupby([shown[name] for name in family], dropna=False).transform("max")
    shown["p_adjusted"] = shown["p_adjusted"].mask(whole)
    return hide(shown, gone, ["n", "n_versus", *_NUMBERS, "ci_method", "n_tests", "reason"])


def _sides(row: Mapping[Any, Any], answers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the rows of questions.csv that the two sides of a contrast are about."""
    own = answers[answers["question"] == row["question"]]
    said = {str(row[name]) for name in ("measure", "group", "level") if not pd.isna(row[name])}
    about = own["level"].isin(said) | own["measure"].isin(said)
    both = own["level"].isin(said) & own["measure"].isin(said)
    about = both if both.any() else about
    placed = own["population"].isin(said) | own["group"].isin(said)
    other = own["population"].eq(row["versus"]) | own["group"].eq(row["versus"])
    return own[about & placed], own[about & other]


def _hide_sizes(
    contrasts: pd.DataFrame, sides: list[tuple[pd.DataFrame, pd.DataFrame]]
) -> pd.DataFrame:
    """Empty how many a contrast is of, unless a row that is printed says it."""
    shown = contrasts.copy()
    for place, name in enumerate(("n", "n_versus")):
        told = [
            {*pair[place]["n"].dropna(), *(pair[place]["n"] + pair[place]["n_unknown"]).dropna()}
            for pair in sides
        ]
        keep = [n in known for n, known in zip(shown[name].fillna(-1), told, strict=True)]
        shown[name] = shown[name].where(pd.Series(keep, index=shown.index))
    return shown


def disclose_question_curves(curves: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    """Make what may leave of question_curves.csv: coarse steps, or nothing of a curve.

    Parameters
    ----------
    curves
        As estimated.
    hidden
        What is hidden.
    """
    if not len(curves):
        return curves
    gone = [hidden.unit(*curve_key(row["estimand"], row["curve"])) for row in list_rows(curves)]
    first = ~curves.duplicated(["estimand", "curve"])
    kept = curves[first | ~pd.Series(gone, index=curves.index)]
    still = pd.Series(gone, index=curves.index)[kept.index]
    numbers = ("n_at_risk", "events", "censored", "cumulative_incidence", "ci_low", "ci_high")
    return disclose_curves(hide(kept, still, numbers).reset_index(drop=True), hidden.policy)
