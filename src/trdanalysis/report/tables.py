"""Tables as the page shows them: a caption, headings and rows of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from trdanalysis.report import words


@dataclass(frozen=True)
class Table:
    """A table to be shown.

    Attributes
    ----------
    caption
        What it shows.
    heads
        Column headings; the first column names the row.
    rows
        Text, one cell a heading.
    text_columns
        Places of columns that hold words, and so stand to the left.
    empty
        What is said where there are no rows.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: frozenset[int] = field(default_factory=lambda: frozenset({0}))
    empty: str = "Nobody."


def is_hidden(row: Mapping[str, Any]) -> bool:
    """Say whether disclosure control took the row's numbers away."""
    return row["status"] == "suppressed"


def counts(row: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Write counts, or that they are hidden; marked where they are of an earlier release."""
    again = f" {words.AGAIN}" if row["status"] == "reprinted" else ""
    return [
        words.HIDDEN
        if is_hidden(row) or (row["status"] == "partly_suppressed" and pd.isna(row[name]))
        else words.count(row[name]) + again
        for name in names
    ]


def with_interval(row: Mapping[str, Any], measure: str) -> str:
    """Write a value with its interval: a difference in points, a ratio with two decimals."""
    if is_hidden(row):
        return words.HIDDEN
    if pd.isna(row["value"]) and pd.isna(row["ci_low"]):
        return words.NOTHING
    if measure == "rd":
        interval = words.points_range(row["ci_low"], row["ci_high"])
        value = words.points(row["value"])
        return interval if pd.isna(row["value"]) else f"{value} ({interval})"
    return with_limits(row["value"], row["ci_low"], row["ci_high"])


def with_limits(value: Any, low: Any, high: Any) -> str:
    """Write a number with its limits, where it has any."""
    if pd.isna(value) or pd.isna(low):
        return words.decimal(value)
    return f"{words.decimal(value)} ({words.decimal_range(low, high)})"
