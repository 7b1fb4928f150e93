"""Frames that must not leave the site, marked so that a notebook shows it.

A notebook is saved with what it shows. A marked frame says so above itself, and warns, each time it
is shown in Jupyter. What is cut or derived of it row by row keeps the mark; counts and most other
aggregates of patients lose it. Where pandas does not say what a frame was made from, it is marked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import pandas as pd

#: What is said above a frame in a notebook, by its mark.
PATIENT_LEVEL = "patient-level: clear this output before you save the notebook"
UNDISCLOSED = "not disclosure-controlled: clear this output before the notebook leaves the site"

DRAFT = "a draft: clear this output before the notebook leaves the site"

#: Who has it in a row is one patient.
KEY = "patient_id"


class PatientLevelWarning(UserWarning):
    """Something that must not leave the site was shown in a notebook, which is saved with it."""


def show_marked(html: str, mark: str) -> str:
    """Put the mark above what a notebook shows, and warn."""
    # Told each time, and without a line of this code, which helps nobody who reads it.
    warnings.warn_explicit(mark, PatientLevelWarning, "trdanalysis", 0)
    return (
        '<div role="note" style="border-left:4px solid #a3320b;padding:0.4em 0.8em;'
        f'margin:0.4em 0;font-weight:bold">{escape(mark[0].upper() + mark[1:])}.</div>\n{html}'
    )


class _Marked:
    """What marked frames and columns share."""

    # The default is the stricter: where pandas makes a frame without telling of what, it stays.
    _mark: str | None = PATIENT_LEVEL
    _metadata = ["_mark"]  # noqa: RUF012

    @property
    def mark(self) -> str | None:
        """Why it must not leave the site; None: an aggregate that is no patient's row."""
        return self._mark

    def _inherit(self, other: Any, method: str | None) -> None:
        """Take over the marks of what this was made from: one frame, or those put together."""
        given = getattr(other, "input_objs", None) or getattr(other, "objs", None)
        if given is None:
            given = [getattr(other, "left", None), getattr(other, "right", None), other]
        elif isinstance(given, Mapping):
            given = list(given.values())
        parts = [part for part in given if isinstance(part, (PatientTable, PatientColumn))]
        if not parts:
            return
        marks = {part._mark for part in parts}
        mark = next((one for one in (PATIENT_LEVEL, UNDISCLOSED, DRAFT) if one in marks), None)
        if mark == PATIENT_LEVEL and method == "groupby" and self._is_aggregate(parts):
            mark = None
        object.__setattr__(self, "_mark", mark)

    def _is_aggregate(self, parts: list[PatientTable | PatientColumn]) -> bool:
        assert isinstance(self, (pd.DataFrame, pd.Series))
        names = {*self.index.names, *(self.columns if isinstance(self, pd.DataFrame) else ())}
        return KEY not in names and len(self) < max(len(part) for part in parts)


class PatientColumn(_Marked, pd.Series):
    """One column of a :class:`PatientTable`."""

    # A column's name is kept this way by pandas: without it, what is grouped by it has none.
    _metadata = ["_name", "_mark"]  # noqa: RUF012

    @property
    def _constructor(self) -> Callable[..., PatientColumn]:
        return PatientColumn

    @property
    def _constructor_expanddim(self) -> Callable[..., PatientTable]:
        return PatientTable

    def __finalize__(self, other: Any, method: str | None = None, **given: Any) -> PatientColumn:
        """Keep the mark of what it was made from."""
        super().__finalize__(other, method=method, **given)  # type: ignore[misc]
        self._inherit(other, method)
        return self

    def value_counts(self, *given: Any, **named: Any) -> pd.Series:
        """Count values; counts carry no mark, unless they are by patient."""
        counts = pd.Series(self, copy=False).value_counts(*given, **named)
        return PatientColumn(counts) if self.name == KEY else counts

    def _repr_html_(self) -> str:
        html = f"<pre>{escape(repr(self))}</pre>"
        return html if self._mark is None else show_marked(html, self._mark)


class PatientTable(_Marked, pd.DataFrame):
    """A pandas frame that must not leave the site; see :mod:`trdanalysis.interface.marked`."""

    @property
    def _constructor(self) -> Callable[..., PatientTable]:
        return PatientTable

    @property
    def _constructor_sliced(self) -> Callable[..., PatientColumn]:
        return PatientColumn

    def __finalize__(self, other: Any, method: str | None = None, **given: Any) -> PatientTable:
        """Keep the mark of what it was made from."""
        super().__finalize__(other, method=method, **given)  # type: ignore[misc]
        self._inherit(other, method)
        return self

    def _repr_html_(self) -> str | None:
        html = super()._repr_html_()  # type: ignore[misc]
        return html if html is None or self._mark is None else show_marked(html, self._mark)


def mark_frame(frame: pd.DataFrame, mark: str = PATIENT_LEVEL) -> PatientTable:
    """Mark a frame; the data are not copied."""
    marked = PatientTable(frame, copy=False)
    object.__setattr__(marked, "_mark", mark)
    return marked
