"""`trd.show`: a frame as the report's own table, which can be sorted, filtered and downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd

from trdanalysis.errors import UserError, suggest
from trdanalysis.interface.columns import described_tables, plain_text
from trdanalysis.interface.framing import frame_page
from trdanalysis.interface.marked import KEY, PATIENT_LEVEL, PatientTable, show_marked
from trdanalysis.outputs import Kind, Output
from trdanalysis.report import words
from trdanalysis.report.pages import render_page

#: Rows beyond this many are not shown: a page of them would be slow, and nobody reads it.
MOST_ROWS = 1000

#: Status words of rows in which an empty number was hidden, not missing.
_HIDING = ("suppressed", "partly_suppressed")

#: Heights in pixels: a row, what stands around the rows, and the highest frame.
_ROW, _AROUND, _HIGHEST = 29, 150, 520


@dataclass(frozen=True, repr=False)
class Shown:
    """A table to be looked at in Jupyter; text in a terminal.

    Attributes
    ----------
    title
        What it shows.
    frame
        The columns that are shown.
    mark
        Why it must not leave the site; None: it may.
    """

    title: str
    frame: pd.DataFrame
    mark: str | None
    _cells: Sequence[Sequence[str]]
    _held: Sequence[Output]

    @property
    def page(self) -> str:
        """The table as a page that needs no network."""
        return render_page(
            "shown.html.j2",
            scripted=True,
            title=self.title,
            heads=[
                {"text": words.words(one.name), "meaning": one.meaning, "is_text": _is_text(one)}
                for one in self._held
            ],
            rows=self._cells,
            left_out=len(self.frame) - len(self._cells),
        )

    def __repr__(self) -> str:
        return f"{self.title}\n{self.frame.to_string(index=False, max_rows=60)}"

    def _repr_html_(self) -> str:
        height = min(_AROUND + _ROW * len(self._cells), _HIGHEST)
        frame = frame_page(self.page, f"Table: {self.title}", f"height:{height}px")
        return frame if self.mark is None else show_marked(frame, self.mark)


def show(
    frame: pd.DataFrame, title: str = "Table", columns: str | Sequence[str] | None = None
) -> Shown:
    """Show a frame as a table of the report: sorted by its headings, with a field to filter rows.

    Numbers are written as in the report: shares as percent, thousands apart. An empty cell says
    ``hidden`` where the row's ``status`` says that something was hidden, else it is a dash. A word
    of ``label``, ``reason``, ``step`` and the like is written in words. Headings tell what a column
    holds when they are pointed at.

    Parameters
    ----------
    frame
        Of the interface, such as ``run.rates``, or any other; at most 1,000 rows are shown. An
        index with names becomes columns.
    title
        What it shows.
    columns
        Which columns, in order; None: all. Choosing them here and not before lets the table know
        what was hidden.

    Returns
    -------
    Shown
        Of a frame that is marked, such as a patient-level one, with its banner and warning.

    Raises
    ------
    UserError
        Kind ``config``: there is no such column.
    """
    mark = frame.mark if isinstance(frame, PatientTable) else None
    plain = pd.DataFrame(frame, copy=False)
    if any(name is not None for name in plain.index.names):
        plain = plain.reset_index()
    if mark is None and KEY in plain.columns:
        # What was marked lost it somewhere: rows of patients are marked in any case.
        mark = PATIENT_LEVEL
    wanted = [columns] if isinstance(columns, str) else columns
    chosen = [str(name) for name in plain.columns] if wanted is None else list(wanted)
    plain.columns = plain.columns.map(str)
    for name in chosen:
        if name not in plain.columns:
            raise UserError(
                f"the frame has no column `{name}`",
                try_this=suggest(name, plain.columns),
                kind="config",
            )
    columns_held = describe_held(plain)
    held = [columns_held[name] for name in chosen]
    cells = _write(plain.head(MOST_ROWS), held)
    return Shown(title, plain[chosen], mark, cells, held)


def describe_held(frame: pd.DataFrame) -> dict[str, Output]:
    """Say what the columns of a frame hold: as described, else by their types.

    A name means different things in different tables. The frame is taken for one of those that
    have all its columns; where these do not agree, its types decide.
    """
    names = set(frame.columns)
    tables = list(described_tables().values())
    likely = [table for table in tables if names <= set(table.names)] or tables
    found: dict[str, Output] = {}
    for name in frame.columns:
        known = {one for table in likely for one in table.columns if one.name == name}
        plain = _by_type(frame[name])
        meanings = {plain_text(one.meaning).replace("`", "") for one in known}
        kinds = {(one.kind, one.unit) for one in known}
        if len(kinds) == 1 and _fits(next(iter(kinds))[0], plain):
            kind, unit = kinds.pop()
            plain = replace(plain, kind=kind, unit=unit)
        found[name] = replace(plain, meaning=meanings.pop() if len(meanings) == 1 else "")
    return found


def _by_type(column: pd.Series) -> Output:
    kind: Kind = "text"
    if pd.api.types.is_bool_dtype(column.dtype):
        kind = "three-valued"
    elif pd.api.types.is_integer_dtype(column.dtype):
        kind = "whole number"
    elif pd.api.types.is_float_dtype(column.dtype):
        kind = "number"
    return Output(str(column.name), kind, "")


def _fits(described: Kind, plain: Output) -> bool:
    """Say whether a described kind can be that of a column of this type."""
    return described in {
        "three-valued": ("three-valued", "yes or no"),
        "whole number": ("whole number", "day"),
        "number": ("number", "share"),
        "text": ("text", "list of texts"),
    }.get(plain.kind, ())


def _write(frame: pd.DataFrame, held: Sequence[Output]) -> list[list[str]]:
    hides = frame["status"].isin(_HIDING) if "status" in frame else [False] * len(frame)
    written = [
        [
            _cell(value, one, is_hiding)
            for value, is_hiding in zip(frame[one.name], hides, strict=True)
        ]
        for one in held
    ]
    return [list(row) for row in zip(*written, strict=True)]


def _cell(value: Any, held: Output, is_hiding: bool) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or words.NOTHING
    if pd.isna(value):
        return words.HIDDEN if is_hiding and not _is_text(held) else words.NOTHING
    if _is_text(held):
        if held.kind != "text":
            return "yes" if value else "no"
        return _words_of(held.name).get(str(value)) or str(value)
    if held.kind == "share":
        is_p = held.name.startswith("p_")
        return words.p_value(value) if is_p else words.percent(value)
    if held.kind == "number":
        return words.points(value) if held.unit == "share" else words.decimal(value)
    return str(int(value)) if held.kind == "day" else words.count(value)


@cache
def _words_of(column: str) -> Mapping[str, str]:
    """Give the words of a column that are written as the report writes them."""
    return {
        "label": words.LABELS,
        "label_before": words.FLOW_LABELS,
        "label_now": words.FLOW_LABELS,
        "reason": {**words.REASONS, **words.MODEL_REASONS, **words.AGREEMENT_REASONS},
        "estimand": {name: about["title"] for name, about in words.ESTIMANDS.items()},
        "step": words.STEPS,
        "analysis": {name: f"unknown: {text}" for name, text in words.ANALYSES.items()},
        "status": {**words.STATUS, "ok": "shown"},
        "criterion": words.CRITERIA,
    }.get(column, {})


def _is_text(held: Output) -> bool:
    return held.kind in ("text", "list of texts", "yes or no", "three-valued")
