"""`trd.plot`: figures of the paper, of a run or of frames that were labelled in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from trdanalysis.analysis.estimands import ESTIMANDS
from trdanalysis.errors import UserError, suggest
from trdanalysis.files import write_bytes
from trdanalysis.interface.framing import frame_page
from trdanalysis.interface.labelled import Labelled
from trdanalysis.interface.marked import DRAFT, PatientTable, show_marked
from trdanalysis.interface.rating import attrition, rates
from trdanalysis.interface.run import Run
from trdanalysis.interface.showing import count_labels
from trdanalysis.layout import FIGURE_FORMATS
from trdanalysis.report import words
from trdanalysis.report.drawing.flow import draw_flow
from trdanalysis.report.drawing.forest import Forest, draw_forest, tell_rows
from trdanalysis.report.drawing.saving import save_file, save_inline
from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.style import (
    DOUBLE_MM,
    SINGLE_MM,
    Look,
    file_look,
    page_look,
)
from trdanalysis.report.figures.flow import participant_flow
from trdanalysis.report.figures.forests import RATE_NOTE
from trdanalysis.report.pages import render_page
from trdanalysis.report.sections import as_counted, forest_rows

__all__ = ["Figure", "flow", "forest"]

_MEMBERS = [one.name for one in ESTIMANDS]


@dataclass(frozen=True, repr=False)
class Figure:
    """A figure: shown in Jupyter, saved as SVG, PDF or PNG. Same figure, same bytes.

    Attributes
    ----------
    name, title
        What it is called.
    told
        What is told to those who do not see it.
    mark
        Why it must not leave the site, where it is not of published numbers; else None.
    marks
        What is written at its top: that it is a draft, or of simulated records.
    width_mm
        The width it is made for.
    stays_in
        The folder that it must be saved in, since it is a draft; else None.
    """

    name: str
    title: str
    told: str
    mark: str | None
    marks: tuple[str, ...]
    width_mm: float
    stays_in: Path | None
    _draw: Callable[[Look], Sheet] = field(repr=False)

    def save(self, path: str | Path, *, width_mm: float | None = None, grey: bool = False) -> Path:
        """Save it as the suffix says: ``.svg``, ``.pdf`` or ``.png``.

        Parameters
        ----------
        path
            The file.
        width_mm
            In millimetres; None: the width that it is made for.
        grey
            Without colours.

        Raises
        ------
        UserError
            Kind ``output``: another suffix, or the file cannot be written. Kind ``policy``: a draft
            would leave the folder that stays at the site.
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
        kept = self.stays_in
        if kept is not None and not path.resolve().is_relative_to(kept.resolve()):
            raise UserError(
                "the figure is of a draft, which stays at the site",
                where=str(path),
                expected=f"a file in {kept}",
                kind="policy",
            )
        look = file_look(self.name, width_mm or self.width_mm, grey=grey, marks=self.marks)
        write_bytes(path, save_file(self._draw(look), kind, title=self.title, alt=self.told))
        return path

    @property
    def page(self) -> str:
        """The figure as a page that needs no network, with texts on marks that are pointed at."""
        # What the drawing library made has every text escaped.
        return render_page(
            "drawn.html.j2", scripted=True, title=self.title, figure=Markup(self._element)
        )

    @cached_property
    def _element(self) -> str:
        look = replace(page_look(self.name), marks=self.marks)
        return save_inline(self._draw(look), f"{self.title}. {self.told}")

    def _repr_html_(self) -> str:
        size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', self._element)
        assert size is not None
        # As high as the figure at this width, and what the page puts around it.
        high = f"max-width:60rem;aspect-ratio:{size[1]}/{float(size[2]) + 12:g}"
        frame = frame_page(self.page, f"Figure: {self.title}", high)
        return frame if self.mark is None else show_marked(frame, self.mark)

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
    by = definition or _primary(source, table)
    rows = _own_rows(as_counted(pd.DataFrame(table)), estimand, by)
    drawn = forest_rows(rows)
    if not drawn:
        raise _nothing_of(
            table, estimand, by, "rates", "strata `overall`, `age_band` or `factor_group`"
        )
    reference = float(rows["reference"].iloc[0])
    content = Forest(
        drawn,
        reference,
        float(rows["margin"].iloc[0]),
        f"reference {words.percent(reference, 0)}",
        note=RATE_NOTE,
    )
    return Figure(
        "forest",
        f"{words.ESTIMANDS[estimand]['title']}, by age and factor group, by {by}",
        tell_rows(drawn),
        *_about(source, table),
        width_mm=DOUBLE_MM,
        stays_in=_stays_in(source),
        _draw=lambda look: draw_forest(content, look),
    )


def flow(
    source: Run | Labelled,
    *,
    estimand: str = "initial_adequate_trial",
    definition: str | None = None,
) -> Figure:
    """Draw the participant flow: from rows received to those who are counted, and the labels.

    Parameters
    ----------
    source
        A run, or labelled frames.
    estimand
        Whose members are followed.
    definition
        Id of a definition; None: the primary one.

    Raises
    ------
    UserError
        Kind ``config``: there is no such estimand, or no flow by the definition.
    """
    steps, table = attrition(source), rates(source)
    by = definition or _primary(source, table)
    _own_rows(steps, estimand, by)
    labels = source.definitions if isinstance(source, Run) else _count_definitions(source)
    content = participant_flow(
        pd.DataFrame(steps), pd.DataFrame(table), labels, definition=by, estimand=estimand
    )
    if not content.steps:
        raise _nothing_of(steps, estimand, by, "steps", "a definition of the run")
    boxes = "; ".join(", ".join((*step.lines, *step.beside)) for step in content.steps)
    ends = "; ".join(", ".join(end) for end in content.ends)
    return Figure(
        "flow",
        f"Participant flow: {words.ESTIMANDS[estimand]['title']}, by {by}",
        f"Flow diagram. {boxes}. {content.ends_label}: {ends}.",
        *_about(source, table),
        width_mm=SINGLE_MM,
        stays_in=_stays_in(source),
        _draw=lambda look: draw_flow(content, look),
    )


def _own_rows(table: pd.DataFrame, estimand: str, definition: str) -> pd.DataFrame:
    if estimand not in _MEMBERS:
        raise UserError(
            f"there is no estimand `{estimand}`",
            try_this=suggest(estimand, _MEMBERS),
            kind="config",
        )
    plain = pd.DataFrame(table)
    own = (plain["estimand"] == estimand) & (plain["definition"] == definition)
    return plain[own.fillna(False)]


def _nothing_of(
    table: pd.DataFrame, estimand: str, definition: str, what: str, expected: str
) -> UserError:
    known = list(dict.fromkeys(table["definition"].dropna()))
    return UserError(
        f"there are no {what} of `{estimand}` by the definition `{definition}` to draw",
        expected=expected,
        try_this=suggest(definition, known) if definition not in known else None,
        kind="config",
    )


def _primary(source: Run | Labelled | pd.DataFrame, table: pd.DataFrame) -> str:
    """Give the primary definition: it stands first in rows of rates."""
    if isinstance(source, Run):
        return source.primary_definition
    if isinstance(source, Labelled):
        return source.definitions[0]
    return str(table["definition"].iloc[0]) if len(table) else ""


def _about(
    source: Run | Labelled | pd.DataFrame, table: pd.DataFrame
) -> tuple[str | None, tuple[str, ...]]:
    """Give a figure's mark, and what is written at its top."""
    mark = table.mark if isinstance(table, PatientTable) else None
    marks = {None: (), DRAFT: ("DRAFT",)}.get(mark, ("not disclosure-controlled",))
    is_synthetic = isinstance(source, Run) and source.is_synthetic
    return mark, (*marks, "simulated records") if is_synthetic else marks


def _stays_in(source: Run | Labelled | pd.DataFrame) -> Path | None:
    return source.restricted_folder if isinstance(source, Run) and source.is_draft else None


def _count_definitions(labelled: Labelled) -> pd.DataFrame:
    counts = count_labels(labelled.labels)
    return counts.assign(n=counts.sum(axis=1)).reset_index()
