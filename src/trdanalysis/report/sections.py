"""Rows of the report's tables and figures, ready to read, from the result tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.tables import counts
from trdanalysis.rows import list_rows

if TYPE_CHECKING:
    from trdanalysis.report.drawing.forest import ForestRow

#: Status words of ``rates.csv`` by which nothing of a row can be read.
NOT_SHOWN = ("suppressed", "by_definition", "not_estimable")


def overall_rates(rates: pd.DataFrame, definition: str) -> dict[str, dict[str, Any]]:
    """Give the overall row of each estimand as it was counted, by its name."""
    rows = as_counted(rates)
    rows = rows[(rows["stratum"] == "overall") & (rows["definition"] == definition)]
    return {row["estimand"]: row for row in list_rows(rows)}


def as_counted(rates: pd.DataFrame) -> pd.DataFrame:
    """Leave out what was imputed: it has a table of its own."""
    return rates[rates["analysis"].isin(["complete_case", "proven"])]


def rate_rows(rates: pd.DataFrame, reference: float, margin: float) -> list[dict[str, Any]]:
    """Write rows of ``rates.csv`` for a table: every cell is text."""
    return [_rate_row(row, reference, margin) for row in list_rows(rates)]


def headline_rows(rates: pd.DataFrame, reference: float, margin: float) -> list[dict[str, Any]]:
    """Write the overall rows of every definition, the estimands in the order of the report."""
    counted = as_counted(rates)
    rows = list_rows(counted[counted["stratum"] == "overall"])
    order = list(words.ESTIMANDS)
    return [
        {**_rate_row(row, reference, margin), **words.ESTIMANDS[row["estimand"]],
         "definition": row["definition"]}
        for row in sorted(rows, key=lambda row: order.index(row["estimand"]))
    ]  # fmt: skip


def _rate_row(row: Mapping[str, Any], reference: float, margin: float) -> dict[str, Any]:
    status = row["status"]
    label = words.level_words(row["stratum"], row["group"], row["level"])
    if row["group"] in words.PARTLY_CIRCULAR:
        label += " (partly circular)"
    band = row["age_band"] if row["stratum"] == "factor_group_by_age_band" else None
    if band is not None:
        label += f", age {words.UNKNOWN if pd.isna(band) else band}"
    if status == "reprinted":
        label += f" {words.AGAIN}"
    at_least = "at least " if row["analysis"] == "proven" else ""
    shown = {
        "n": words.count(row["n"]),
        "unknown": words.count(row["n_unknown"]),
        "events": words.count(row["events"]),
        "rate": at_least + words.percent(row["rate"]),
        "interval": words.percent_range(row["ci_low"], row["ci_high"]),
        "bounds": words.percent_range(row["bound_low"], row["bound_high"]),
        "p": words.p_value(row["p_value"]),
        "conclusion": words.conclusion(row["conclusion"], reference, margin),
        "stands": words.stands(row["robust"]),
    }
    if status == "suppressed":
        shown = dict.fromkeys(shown, words.HIDDEN)
    elif status == "by_definition":
        shown = {**dict.fromkeys(shown, words.NOTHING), "conclusion": "by definition"}
    elif status == "partly_suppressed":
        shown |= dict.fromkeys(("unknown", "bounds", "stands"), words.HIDDEN)
    elif status == "not_estimable":
        nobody = not pd.isna(row["n"]) and not row["n"]
        shown |= {"rate": words.NOTHING, "conclusion": "nobody" if nobody else words.NOTHING}
    return {"label": label, "status": status, **shown}


def forest_rows(rates: pd.DataFrame) -> list[ForestRow]:
    """Give a forest plot's rows: everybody, then age bands, then factor groups with headings."""
    # What draws takes a second to import: who only writes tables does without.
    from trdanalysis.report.drawing.forest import ForestRow

    rows = []
    for stratum, part in rates.groupby("stratum", sort=False):
        if stratum not in ("overall", "age_band", "factor_group"):
            continue
        if stratum == "age_band":
            rows.append(ForestRow("Age, years"))
        for group, levels in part.groupby("group", sort=False):
            if stratum == "factor_group":
                rows.append(ForestRow(f"{words.GROUPS[str(group)]} factors"))
            rows += [_forest_row(row) for row in list_rows(levels)]
    return rows


def _forest_row(row: Mapping[str, Any]) -> ForestRow:
    from trdanalysis.report.drawing.forest import ForestRow

    label = "This cohort" if row["stratum"] == "overall" else str(row["level"])
    if row["status"] == "reprinted":
        label += f" {words.AGAIN}"
    if row["status"] == "suppressed":
        return ForestRow(label, words.HIDDEN)
    if row["status"] == "by_definition":
        return ForestRow(label, "by definition")
    if pd.isna(row["rate"]):
        return ForestRow(label, "nobody")
    at_least = "\N{GREATER-THAN OR EQUAL TO} " if row["analysis"] == "proven" else ""
    # Trials of a single patient have a rate, but no limits.
    interval = words.percent_range(row["ci_low"], row["ci_high"])
    return ForestRow(
        label,
        f"{at_least}{words.percent(row['rate'])}"
        + ("" if interval == words.NOTHING else f" ({interval})"),
        counts=f"{words.count(row['events'])} of {words.count(row['n'])}",
        value=_number(row["rate"]),
        low=_number(row["ci_low"]),
        high=_number(row["ci_high"]),
        bound_low=_number(row["bound_low"]),
        bound_high=_number(row["bound_high"]),
    )


def headline_forest(
    overall: Mapping[str, Mapping[str, Any]], published: list[dict[str, Any]]
) -> list[ForestRow]:
    """Give a forest plot's rows: each overall rate with the published rates beside it."""
    from trdanalysis.report.drawing.forest import ForestRow

    rows = []
    for name, about in words.ESTIMANDS.items():
        if name not in overall:
            continue
        rows.append(ForestRow(about["title"]))
        rows += forest_rows(pd.DataFrame([overall[name]]))
        rows += [
            ForestRow(
                row["short"],
                row["published"],
                counts=f"of {row['published_n']}" if row["published_n"] != words.NOTHING else "",
                value=row["published_rate"],
                low=row["published_low"],
                high=row["published_high"],
                published=True,
            )
            for row in published
            if row["estimand"] == name
        ]
    return rows


def benchmark_rows(
    benchmarks: pd.DataFrame, published: pd.DataFrame, definition: str
) -> list[dict[str, Any]]:
    """Write the comparisons with published rates, by the order of the estimands."""
    studies = {row["reference_id"]: row for row in list_rows(published)}
    order = list(words.ESTIMANDS)
    rows = list_rows(benchmarks[benchmarks["definition"] == definition])
    written = []
    for row in sorted(rows, key=lambda row: (order.index(row["estimand"]), row["reference_id"])):
        study = studies[row["reference_id"]]
        interval = words.percent_range(row["published_low"], row["published_high"])
        rate = words.percent(row["published_rate"])
        is_hidden = pd.isna(row["rate"]) and not pd.isna(row["published_rate"])
        written.append(
            {
                "estimand": row["estimand"],
                "title": words.ESTIMANDS[row["estimand"]]["title"],
                "reference_id": row["reference_id"],
                "study": f"{study['study']} ({study['year']})",
                "short": f"{row['reference_id']}: {study['study'].split(',')[0]} {study['year']}",
                "source": study["source"],
                "population": study["population"],
                "metric": study["metric"],
                "confidence": study["confidence"],
                "published_n": words.count(row["published_n"]),
                "published": rate if interval == words.NOTHING else f"{rate} ({interval})",
                "published_rate": _number(row["published_rate"]),
                "published_low": _number(row["published_low"]),
                "published_high": _number(row["published_high"]),
                "difference": words.NOTHING if is_hidden else words.points(row["difference"]),
                "interval": words.points_range(row["ci_low"], row["ci_high"]),
                "same": "yes" if row["same_quantity"] else "no",
            }
        )
    return written


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def attrition_flow(attrition: pd.DataFrame, definition: str, estimand: str) -> list[dict[str, Any]]:
    """Write the way from all patients to those counted, step by step.

    ``share`` is the share of the first step's patients who are left, for a bar; None where a number
    is hidden.
    """
    rows = attrition[
        (attrition["definition"] == definition) & (attrition["estimand"] == estimand)
    ].sort_values("step_order")
    flow: list[dict[str, Any]] = []
    start = None if rows.empty else rows.iloc[0]["n_in"]
    for row in list_rows(rows):
        n_in, out, unknown = counts(row, ("n_in", "n_out", "n_unknown"))
        is_known = words.HIDDEN not in (n_in, out) and not pd.isna(start)
        left = row["n_in"] - row["n_out"] if is_known else None
        flow.append(
            {
                "step": words.STEPS[row["step"]],
                "n_in": n_in,
                "out": out,
                "unknown": unknown,
                "left": words.HIDDEN if left is None else words.count(left),
                "share": 100 * left / start if left is not None and start else None,
            }
        )
    return flow


def label_rows(label_reasons: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Write the labels with their reasons, by definition."""
    written: dict[str, list[dict[str, Any]]] = {}
    for row in list_rows(label_reasons):
        is_hidden = pd.isna(row["patients"])
        written.setdefault(row["definition"], []).append(
            {
                "label": words.LABELS[row["label"]],
                "word": row["label"],
                "reason": words.REASONS[row["reason"]],
                "reason_word": row["reason"],
                "patients": words.HIDDEN if is_hidden else words.count(row["patients"]),
                "on_defaults": words.HIDDEN
                if pd.isna(row["on_defaults"])
                else words.count(row["on_defaults"]),
            }
        )
    return written
