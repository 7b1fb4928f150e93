"""Totals of items, asked one by one: reversed items, several of which the highest counts, gaps."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from trdanalysis.readers.frames import as_frame, cells_of
from trdanalysis.readers.raw_drop import UNREADABLE
from trdanalysis.readers.studies.mapping import ANSWERED, SCORE, Score
from trdanalysis.readers.text_tables import LINE

_NUMBER = re.compile(r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)$")
_DECIMALS = 2

Asked = dict[str, str | None]


def derive_scores(source: pd.DataFrame, score: Score) -> pd.DataFrame:
    """Add items up.

    Parameters
    ----------
    source
        A frame of text and lines, codes for "empty" made None.
    score
        How.

    Returns
    -------
    DataFrame
        One row per combination of ``per`` at which any of the items was asked, in order of lines:
        these columns, ``score`` (a word that is no number where the total is unknown, so that
        intake counts it), ``answered`` (how many items were there) and ``line``, that of the first
        row behind it.
    """
    asked, lines = _collect(source, score)
    columns: dict[str, list[str | None]] = {name: [] for name in (*score.per, SCORE, ANSWERED)}
    for key, answers in asked.items():
        values = {name: _value(answers.get(name), name in score.reversed, score)
                  for name in score.item_names}  # fmt: skip
        for name, cell in zip(score.per, key, strict=True):
            columns[name].append(cell)
        columns[SCORE].append(_total(values, score))
        columns[ANSWERED].append(str(sum(value is not None for value in values.values())))
    return as_frame(columns, [lines[key] for key in asked])


def scored_lines(source: pd.DataFrame, score: Score) -> set[int]:
    """Give the lines of the rows that a total looks at."""
    if score.item is None:
        return {int(line) for line in source[LINE]}
    wanted = set(score.item_names)
    return {
        int(line)
        for line, item in zip(source[LINE], cells_of(source, score.item), strict=True)
        if item in wanted
    }


def _collect(
    source: pd.DataFrame, score: Score
) -> tuple[dict[tuple[str | None, ...], Asked], dict[tuple[str | None, ...], int]]:
    """Gather the answers of each time of asking; an item that was answered twice is as none."""
    cells = {name: cells_of(source, name) for name in dict.fromkeys(score.source_columns())}
    asked: dict[tuple[str | None, ...], Asked] = {}
    lines: dict[tuple[str | None, ...], int] = {}
    wanted = set(score.item_names)
    for row, line in enumerate(int(one) for one in source[LINE]):
        key = tuple(cells[name][row] for name in score.per)
        if score.item is not None and score.value is not None:
            name = cells[score.item][row]
            if name not in wanted or name is None:
                continue
            told = {name: cells[score.value][row]}
        else:
            told = {name: cells[name][row] for name in score.item_names}
        before = asked.setdefault(key, {})
        for name, value in told.items():
            agrees = name not in before or before[name] is None or before[name] == value
            kept = value if value is not None else before.get(name)
            before[name] = kept if agrees or value is None else UNREADABLE
        lines[key] = min(line, lines.get(key, line))
    return asked, lines


def _value(cell: str | None, is_reversed: bool, score: Score) -> Decimal | None:
    if cell is None or not _NUMBER.match(cell):
        return None
    value = Decimal(cell)
    return Decimal(str(score.reversed_from)) - value if is_reversed else value


def _total(values: Mapping[str, Decimal | None], score: Score) -> str:
    """Add up, or say that the total cannot be known."""
    parts = []
    for names in score.items:
        of = [values[name] for name in names]
        known = [value for value in of if value is not None]
        # The highest of several is only known when all are.
        parts.append(max(known) if known and len(known) == len(of) else None)
    known = [part for part in parts if part is not None]
    gaps = len(parts) - len(known)
    if not known or gaps > score.at_most:
        return UNREADABLE
    total = sum(known, Decimal(0)) * len(parts) / len(known)
    if total == total.to_integral_value():
        return str(int(total))
    digits = 10**_DECIMALS
    # Halves go up, as everywhere.
    return str(math.floor(total * digits + Decimal("0.5")) / digits)
