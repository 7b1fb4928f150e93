"""`trd.plot`: the report's figures, of a run or of frames that were labelled in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trdanalysis.analysis.estimands import ESTIMANDS
from trdanalysis.errors import UserError, suggest
from trdanalysis.files import write_bytes
from trdanalysis.interface.labelled import Labelled
from trdanalysis.interface.marked import UNDISCLOSED, PatientTable, show_marked
from trdanalysis.interface.rating import rates
from trdanalysis.interface.run import Run
from trdanalysis.report import words
from trdanalysis.report.figures import FORMATS, ForestRow, save_forest
from trdanalysis.report.sections import as_counted, forest_rows

__all__ = ["Figure", "forest"]


@dataclass(frozen=True, repr=False)
class Figure:
    """A figure of the report: shown in Jupyter, saved as SVG, PDF or PNG.

    Attributes
    ----------
    title
        What it shows, also for those who do not see it.
    mark
        Why it must not leave the site; None: it is of published numbers.
    """

    title: str
    mark: str | None
    _rows: tuple[ForestRow, ...]
    _reference: float
    _margin: float

    def save(self, path: str | Path) -> Path:
        """Save it as the suffix says, ``.svg``, ``.pdf`` or ``.png``: same figure, same bytes.

        Raises
        ------
        UserError
            Kind ``output``: another suffix, or the file cannot be written.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in FORMATS:
            raise UserError(
                f"a figure cannot be saved as `{path.suffix}`",
                where=str(path),
                expected=", ".join(f".{one}" for one in FORMATS),
                kind="output",
            )
        write_bytes(path, self._draw(kind))
        return path

    def _draw(self, kind: str) -> bytes:
        return save_forest(
            self._rows, reference=self._reference, margin=self._margin, title=self.title, kind=kind
        )

    def _repr_html_(self) -> str | None:
        if self.mark is None:
            return None
        svg = self._draw("svg").decode()
        return show_marked(svg[svg.index("<svg") :], self.mark)

    def _repr_svg_(self) -> str | None:
        # Shown without the mark, it would not be told to be marked.
        return self._draw("svg").decode() if self.mark is None else None

    def __repr__(self) -> str:
        return f"Figure: {self.title}" + (f" ({self.mark})" if self.mark else "")


def forest(
    source: Run | Labelled | pd.DataFrame,
    *,
    estimand: str = "initial_adequate_trial",
    definition: str | None = None,
) -> Figure:
    """Draw the rates of one estimand by age band and factor group beside the reference.

    Parameters
    ----------
    source
        A run, labelled frames, or rows that :func:`trdanalysis.rates` gave.
    estimand
        Which rate; see docs/statistics.md.
    definition
        Id of a definition; None: the primary one.

    Raises
    ------
    UserError
        Kind ``config``: there are no such rows.
    """
    table = source if isinstance(source, pd.DataFrame) else rates(source)
    names = [one.name for one in ESTIMANDS]
    if estimand not in names:
        raise UserError(
            f"there is no estimand `{estimand}`", try_this=suggest(estimand, names), kind="config"
        )
    by = definition or _primary(source, table)
    counted = as_counted(pd.DataFrame(table))
    rows = counted[(counted["estimand"] == estimand) & (counted["definition"] == by)]
    drawn = forest_rows(rows)
    if not drawn:
        known = list(dict.fromkeys(table["definition"].dropna()))
        raise UserError(
            f"there are no rates of `{estimand}` by the definition `{by}` to draw",
            expected="strata `overall`, `age_band` or `factor_group`",
            try_this=suggest(str(by), known) if by not in known else None,
            kind="config",
        )
    is_marked = isinstance(table, PatientTable) and table.mark is not None
    return Figure(
        title=f"{words.ESTIMANDS[estimand]['title']}, by definition `{by}`",
        mark=UNDISCLOSED if is_marked else None,
        _rows=tuple(drawn),
        _reference=float(rows["reference"].iloc[0]),
        _margin=float(rows["margin"].iloc[0]),
    )


def _primary(source: Run | Labelled | pd.DataFrame, table: pd.DataFrame) -> str | None:
    """Give the primary definition: it stands first in rows of rates."""
    if isinstance(source, Run):
        return source.primary_definition
    return str(table["definition"].iloc[0]) if len(table) else None
