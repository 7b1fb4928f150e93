"""Numbers of the result tables within sentences: hidden ones say so, one patient is singular."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.sections import as_counted
from trdanalysis.rows import list_rows

Row = Mapping[str, Any]

#: What is counted, one and several.
PATIENTS = ("patient", "patients")
TRIALS = ("trial", "trials")
ROWS = ("row", "rows")

#: Status words of rows whose numbers are shown, if not all of them.
_SHOWN = ("ok", "reprinted", "partly_suppressed")


def is_null(value: Any) -> bool:
    """Say whether a cell is empty: hidden, or never there."""
    return bool(pd.isna(value))


def select(table: pd.DataFrame, **where: Any) -> list[dict[str, Any]]:
    """Give the rows of a table with these values, in order."""
    rows = table
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return list_rows(rows)


def overall(rates: pd.DataFrame, definition: str, estimand: str) -> dict[str, Any] | None:
    """Give the overall row of an estimand as counted; None where there is none."""
    found = select(as_counted(rates), definition=definition, estimand=estimand, stratum="overall")
    return found[0] if found else None


def is_shown(row: Row | None) -> bool:
    """Say whether a row's numbers may be told, and there are any."""
    return row is not None and row["status"] in _SHOWN


def number(value: Any, noun: tuple[str, str]) -> str:
    """Write a count with its noun; that it is hidden, where it is."""
    if is_null(value):
        return f"a hidden number of {noun[1]}"
    return f"{words.count(value)} {noun[int(value) != 1]}"


def units(row: Row) -> tuple[str, str]:
    """Give the noun of what a row counts."""
    return PATIENTS if row["unit"] == "patient" else TRIALS


def verb(value: Any, one: str = "was", several: str = "were") -> str:
    """Give the verb that goes with a count."""
    return one if not is_null(value) and int(value) == 1 else several


def rate(row: Row) -> str:
    """Write a shown rate: percent, counts and interval."""
    at_least = "at least " if row["analysis"] == "proven" else ""
    text = f"{at_least}{words.percent(row['rate'])} ("
    if not is_null(row["events"]):
        text += f"{words.count(row['events'])} of {words.count(row['n'])}"
    else:
        text += f"n = {words.count(row['n'])}"
    if not is_null(row["ci_low"]):
        text += f"; 95% interval {words.percent_range(row['ci_low'], row['ci_high'])}"
    return text + ")" + (f" {words.AGAIN}" if row["status"] == "reprinted" else "")


def rate_or_why(row: Row | None) -> str:
    """Write a rate, or why there is none."""
    if row is None:
        return "not estimated"
    if row["status"] == "suppressed":
        return "hidden"
    if row["status"] == "by_definition":
        return "none, by definition"
    if is_null(row["rate"]):
        return "too few for a rate" if _some(row) else "not estimable (nobody belongs for certain)"
    return rate(row)


def _some(row: Row) -> bool:
    return not is_null(row["n"]) and int(row["n"]) > 0


def against(row: Row, reference: float, margin: float) -> str:
    """Say in a clause what a rate is against the reference; empty where nothing was concluded."""
    if is_null(row["conclusion"]):
        return ""
    subject = "as a proven share " if row["analysis"] == "proven" else ""
    figure = words.percent(reference, 0 if round(100 * reference, 6).is_integer() else 1)
    points = f"{100 * margin:g}"
    return (
        subject
        + {
            "above": f"above the reference of {figure}",
            "below": f"below the reference of {figure}",
            "equivalent": f"equivalent to the reference of {figure} within {points} points",
            "inconclusive": f"inconclusive against the reference of {figure}: neither apart from it"
            f" nor shown to be within {points} points of it",
        }[str(row["conclusion"])]
    )


def bounds(row: Row, noun: tuple[str, str]) -> str:
    """Say what is unknown and between which bounds the rate lies; that it is hidden where it is."""
    if is_null(row["n_unknown"]):
        return f"How many {noun[1]} are unknown, and the bounds, are hidden."
    if not int(row["n_unknown"]):
        return "Nothing was unknown."
    many = number(row["n_unknown"], noun)
    are = verb(row["n_unknown"], "is", "are")
    text = f"{many} {are} unknown"
    if is_null(row["bound_low"]) or is_null(row["bound_high"]):
        return f"{text}; the bounds are hidden."
    text += (
        ": read as without and as with the event, the bounds are"
        f" {words.percent_range(row['bound_low'], row['bound_high'])}"
    )
    if is_null(row["conclusion"]) or is_null(row["robust"]):
        return f"{text}."
    holds = "holds" if row["robust"] else "does not hold"
    return f"{text}, and the conclusion {holds} at both."


def p_phrase(value: Any, *, adjusted: bool = False) -> str:
    """Write a p-value in a clause."""
    name = "adjusted p" if adjusted else "p"
    text = words.p_value(value)
    return f"{name} < {text[1:]}" if text.startswith("<") else f"{name} = {text}"
