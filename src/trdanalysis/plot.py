"""`trd.plot`: the report's figures, of a run or of frames that were labelled in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trdanalysis.analysis.estimands import ESTIMANDS
from trdanalysis.errors import UserError, suggest
from trdanalysis.files import write_bytes
from trdanalysis.interface.labelled import Labelled
from trdanalysis.interface.marked import UNDISCLOSED, PatientTable, show_marked
from trdanalysis.interface.rating import attrition, rates
from trdanalysis.interface.run import Run
from trdanalysis.layout import FIGURE_FORMATS
from trdanalysis.report import words
from trdanalysis.report.drawing.flow import draw_flow
from trdanalysis.report.drawing.forest import Forest, draw_forest, tell_rows
from trdanalysis.report.drawing.saving import save_file
from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.style import DOUBLE_MM, Look, file_look
from trdanalysis.report.figures.flow import participant_flow
from trdanalysis.report.sections import as_counted, forest_rows

__all__ = ["Figure", "flow", "forest"]


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
    _name: str
    _alt: str
    _sheet: Callable[[Look], Sheet]

    def save(self, path: str | Path) -> Path:
        """Save it as the suffix says, ``.svg``, ``.pdf`` or ``.png``: same figure, same bytes.

        Raises
        ------
        UserError
            Kind ``output``: another suffix, or the file cannot be written.
        """
        path = Path(path)
        kind = path.suffix.lower().removeprefix(".")
        if kind not in FIGURE_FORMATS:
            raise UserError(
                f"a figure cannot be saved as `{path.suffix}`",
                where=str(path),
                expected=", ".join(f".{one}" for one in FIGURE_FORMATS),
                kind="output",
            )
        write_bytes(path, self._draw(kind))
        return path

    def _draw(self, kind: str) -> bytes:
        marks = () if self.mark is None else ("not disclosure-controlled: stays at the site",)
        sheet = self._sheet(file_look(self._name, DOUBLE_MM, marks=marks))
        return save_file(sheet, kind, title=self.title, alt=self._alt)

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
    reference, margin = (float(rows[name].iloc[0]) for name in ("reference", "margin"))
    what = Forest(drawn, reference, margin, f"reference {words.percent(reference, 0)}")
    return Figure(
        title=f"{words.ESTIMANDS[estimand]['title']}, by definition `{by}`",
        mark=UNDISCLOSED if _is_marked(table) else None,
        _name="forest",
        _alt=tell_rows(drawn),
        _sheet=lambda look: draw_forest(what, look),
    )


def flow(
    source: Run | Labelled,
    *,
    estimand: str = "initial_adequate_trial",
    definition: str | None = None,
) -> Figure:
    """Draw who is left after each step, from the records to those who are counted (STROBE).

    Parameters
    ----------
    source
        A run, or labelled frames.
    estimand
        Whose population; see docs/statistics.md.
    definition
        Id of a definition; None: the primary one.

    Raises
    ------
    UserError
        Kind ``config``: there are no such steps.
    """
    steps = attrition(source)
    by = definition or _primary(source, rates(source, by="overall"))
    what = participant_flow(
        pd.DataFrame(steps), pd.DataFrame(rates(source)), _label_counts(source),
        definition=str(by), estimand=estimand,
    )  # fmt: skip
    if not what.steps:
        known = [one.name for one in ESTIMANDS]
        raise UserError(
            f"there are no steps to `{estimand}` by the definition `{by}` to draw",
            try_this=suggest(estimand, known) if estimand not in known else None,
            kind="config",
        )
    return Figure(
        title=f"{words.ESTIMANDS[estimand]['title']}: participant flow, by definition `{by}`",
        mark=UNDISCLOSED if _is_marked(steps) else None,
        _name="flow",
        _alt=" ".join(f"{'; '.join([*step.lines, *step.beside])}." for step in what.steps),
        _sheet=lambda look: draw_flow(what, look),
    )


def _label_counts(source: Run | Labelled) -> pd.DataFrame:
    """Give patients by label: of a run as published, of labelled frames as counted."""
    if isinstance(source, Run):
        return pd.DataFrame(source.definitions)
    labels = pd.DataFrame(source.labels)
    counted = pd.crosstab(labels["definition"], labels["label"])
    counted = counted.reindex(columns=list(words.LABELS), fill_value=0)
    return counted.assign(n=counted.sum(axis="columns")).reset_index()


def _is_marked(table: pd.DataFrame) -> bool:
    return isinstance(table, PatientTable) and table.mark is not None


def _primary(source: Run | Labelled | pd.DataFrame, table: pd.DataFrame) -> str | None:
    """Give the primary definition: it stands first in rows of rates."""
    if isinstance(source, Run):
        return source.primary_definition
    return str(table["definition"].iloc[0]) if len(table) else None
