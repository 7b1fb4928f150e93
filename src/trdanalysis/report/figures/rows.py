"""Rows of figures that the page does not have: ratios, agreement, and bars of parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.analysis.label_changes import ABSENT
from trdanalysis.report import words
from trdanalysis.report.agreement import kappa_text
from trdanalysis.report.comparisons import contrast_words, remark_words, size_words
from trdanalysis.report.drawing.curves import Curve
from trdanalysis.report.drawing.forest import ForestRow
from trdanalysis.report.drawing.stacks import Part, Stack
from trdanalysis.report.making import time_rows
from trdanalysis.report.statistics import PRIMARY
from trdanalysis.report.tables import counts, is_hidden, with_interval
from trdanalysis.rows import list_rows

#: The model of patients whose ratios are drawn.
DRAWN_MODEL = "modified_poisson"

#: Numbers still followed are written below a curve at so many places.
_PLACES_BELOW = 6


def ratio_rows(comparisons: pd.DataFrame, definition: str) -> list[ForestRow]:
    """Give the adjusted risk ratios of the two primary estimands, of ``comparisons.csv``."""
    own = comparisons[
        (comparisons["definition"] == definition)
        & (comparisons["model"] == DRAWN_MODEL)
        & comparisons["contrast"].isin(["factor_group", "young_adults"])
        & (comparisons["measure"].isna() | (comparisons["measure"] == "rr"))
    ]
    rows = []
    for name in PRIMARY:
        found = list_rows(own[own["estimand"] == name])
        if found:
            rows.append(ForestRow(words.ESTIMANDS[name]["title"]))
            rows += [_ratio_row(row) for row in found]
    return rows


def _ratio_row(row: dict[str, Any]) -> ForestRow:
    keys = (row[key] for key in ("contrast", "group", "level", "versus"))
    label = contrast_words(*map(str, keys))
    if row["contrast"] == "factor_group":
        label += " factors"
    if is_hidden(row):
        return ForestRow(label, words.HIDDEN)
    if pd.isna(row["value"]):
        return ForestRow(label, remark_words(row) or words.NOTHING)
    return ForestRow(
        label, with_interval(row, "rr"), size_words(row),
        _number(row["value"]), _number(row["ci_low"]), _number(row["ci_high"]),
    )  # fmt: skip


def kappa_rows(agreement: pd.DataFrame, definition: str) -> list[ForestRow]:
    """Give kappa of every other definition with one, of ``agreement.csv``."""
    rows = []
    for row in list_rows(agreement):
        pair = (row["definition"], row["versus"])
        if definition not in pair:
            continue
        label = str(pair[0] if pair[1] == definition else pair[1])
        text = kappa_text(row)
        if is_hidden(row) or pd.isna(row["kappa"]):
            rows.append(ForestRow(label, text))
            continue
        value, low, high = (_number(row[name]) for name in ("kappa", "ci_low", "ci_high"))
        rows.append(ForestRow(label, text, counts(row, ["n_labelled"])[0], value, low, high))
    return rows


def resistance_stacks(resistance: pd.DataFrame, definition: str) -> list[Stack]:
    """Give labels by apparent resistance, of ``resistance.csv``."""
    own = resistance[resistance["definition"] == definition]
    return [
        Stack(_with_total(f"Apparent resistance: {words.APPARENT[str(apparent)]}", part),
              _parts(part, "label", words.LABELS))
        for apparent, part in own.groupby("apparent_resistance", sort=False)
    ]  # fmt: skip


def flow_stacks(flows: pd.DataFrame, definition: str) -> list[Stack]:
    """Give labels now by the label of the last run, of ``label_flows.csv``."""
    own = flows[flows["definition"] == definition]
    return [
        Stack(_with_total(f"In the last run: {words.FLOW_LABELS[before].lower()}", part),
              _parts(part, "label_now", words.FLOW_LABELS))
        for before in words.FLOW_LABELS
        if len(part := own[own["label_before"] == before])
    ]  # fmt: skip


def _with_total(text: str, part: pd.DataFrame) -> str:
    """Add how many there are, which nobody can say where a part is hidden."""
    total = _total(part)
    return text if total is None else f"{text} ({words.count(total)} patients)"


def _total(part: pd.DataFrame) -> int | None:
    """Give the whole of parts; None where one is hidden, or told as in an earlier release."""
    return int(part["n"].sum()) if (part["status"] == "ok").all() else None


def _parts(rows: pd.DataFrame, column: str, names: Mapping[str, str]) -> list[Part]:
    order = [*words.LABELS, ABSENT]
    found = {row[column]: row for row in list_rows(rows)}
    total = _total(rows)
    return [
        Part(
            names[name], _with_share(row, total),
            None if is_hidden(row) or pd.isna(row["n"]) else int(row["n"]), order.index(name),
        )
        for name in order
        if (row := found.get(name)) is not None
    ]  # fmt: skip


def _with_share(row: Mapping[str, Any], total: int | None) -> str:
    text = counts(row, ["n"])[0]
    return f"{text} ({words.percent(row['n'] / total)})" if total else text


def followed_below(
    curves: pd.DataFrame, definition: str, lines: list[Curve]
) -> list[tuple[str, list[tuple[float, str]]]]:
    """Give how many are still followed at some of the days that a curve has a row of."""
    below = []
    for part, line in zip(time_rows(curves, definition).values(), lines, strict=True):
        days = part["day"].astype(float)
        last = days.iloc[-1]
        wanted = [last * place / (_PLACES_BELOW - 1) for place in range(_PLACES_BELOW)]
        places = sorted({int((days <= day).sum()) - 1 for day in wanted})
        numbers = [
            (float(days.iloc[place]), words.count(part["n_at_risk"].iloc[place]))
            for place in places
        ]
        below.append((f"still followed, {line.label}", numbers))
    return below


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
