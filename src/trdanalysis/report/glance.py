"""The head of the report: each headline rate with all that is needed to read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.report import words

#: What stands first and large: the two readings of the sentence, and where its figure comes from.
LEADS = ("initial_adequate_trial", "initial_trial", "trd")


def make_glance(
    overall: Mapping[str, Mapping[str, Any]], reference: float, margin: float
) -> list[dict[str, Any]]:
    """Make one card an estimand.

    Parameters
    ----------
    overall
        Overall rows of rates.csv by estimand.
    reference, margin
        Fractions.

    Returns
    -------
    list of dict
        ``title``; ``leads``; ``number``; ``interval``, None where there is none; ``told``, pairs of
        a name and a text; ``strip``, what is drawn: ``rate`` and, with ``start`` and ``width``,
        ``interval`` and ``bounds``, all in percent; None where there is no rate.
    """
    return [
        _card(name, about, overall[name], reference, margin)
        for name, about in words.ESTIMANDS.items()
        if name in overall
    ]


def _card(
    name: str, about: Mapping[str, str], row: Mapping[str, Any], reference: float, margin: float
) -> dict[str, Any]:
    card = {"title": about["title"], "leads": name in LEADS, "interval": None, "strip": None}
    among = ("Among", about["population"])
    if row["status"] == "suppressed":
        told = [("Hidden", "a count here is too small to be shown"), among]
        return {**card, "number": words.HIDDEN, "told": told}
    if pd.isna(row["rate"]):
        told = [("Counted", "nobody belongs for certain"), among]
        return {**card, "number": words.NOTHING, "told": told}
    is_proven = row["analysis"] == "proven"
    interval = words.percent_range(row["ci_low"], row["ci_high"])
    return {
        **card,
        "number": ("at least " if is_proven else "") + words.percent(row["rate"]),
        "interval": None if interval == words.NOTHING else interval,
        "strip": _strip(row),
        "told": [
            (f"Against {words.percent(reference, 0)}", _conclusion(row, reference, margin)),
            ("Counted", _counted(row, is_proven)),
            ("Unknown", _unknown(row)),
            among,
        ],
    }


def _conclusion(row: Mapping[str, Any], reference: float, margin: float) -> str:
    said = words.conclusion(row["conclusion"], reference, margin)
    if row["status"] == "partly_suppressed" or not _has_unknown(row):
        return said
    holds = {"yes": "holds", "no": "does not hold"}.get(words.stands(row["robust"]))
    return said if holds is None else f"{said}; {holds} whatever the unknown are"


def _counted(row: Mapping[str, Any], is_proven: bool) -> str:
    units = "patients" if row["unit"] == "patient" else "trials"
    text = f"{words.count(row['events'])} of {words.count(row['n'])} {units}"
    if is_proven:
        text += ", proven"
    if row["status"] == "reprinted":
        text += f" ({words.STATUS['reprinted']} {words.AGAIN})"
    return text


def _unknown(row: Mapping[str, Any]) -> str:
    if row["status"] == "partly_suppressed":
        return words.HIDDEN
    if not _has_unknown(row):
        return "nobody" if row["unit"] == "patient" else "none"
    bounds = words.percent_range(row["bound_low"], row["bound_high"])
    return f"{words.count(row['n_unknown'])}, so that {bounds} is possible"


def _has_unknown(row: Mapping[str, Any]) -> bool:
    return not pd.isna(row["n_unknown"]) and bool(row["n_unknown"])


def _strip(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rate": round(100 * float(row["rate"]), 1),
        "interval": _span(row["ci_low"], row["ci_high"]),
        "bounds": _span(row["bound_low"], row["bound_high"]),
    }


def _span(low: Any, high: Any) -> dict[str, float] | None:
    if pd.isna(low) or pd.isna(high):
        return None
    start, end = round(100 * float(low), 1), round(100 * float(high), 1)
    return {"start": start, "width": round(end - start, 1)}
