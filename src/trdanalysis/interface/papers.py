"""`trd.table`: a table of a paper, shown in Jupyter as the verb `table` writes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from trdanalysis.commands.kept import load_disclosed
from trdanalysis.errors import UserError
from trdanalysis.interface.framing import frame_page
from trdanalysis.interface.marked import DRAFT as DRAFT_MARK
from trdanalysis.interface.marked import show_marked
from trdanalysis.interface.run import Run
from trdanalysis.layout import DISCLOSED, JOURNALS
from trdanalysis.project import find_by_id
from trdanalysis.report.paper.catalogue import find_table
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.render import Ready, prepare, render

#: Heights in pixels: a row, what stands around the rows, and the highest frame.
_ROW, _AROUND, _HIGHEST = 23, 260, 700


@dataclass(frozen=True, repr=False)
class PaperTable:
    """A table of a paper: a page in Jupyter, text in a terminal.

    Attributes
    ----------
    title
        Its number and title.
    mark
        Why it must not leave the site, where it is of a draft; else None.
    """

    title: str
    mark: str | None
    _ready: Ready

    @cached_property
    def page(self) -> str:
        """The table as a page that needs no network."""
        return render(self._ready, "html").decode()

    def __repr__(self) -> str:
        return render(self._ready, "text").decode()

    def _repr_html_(self) -> str:
        height = min(_AROUND + _ROW * len(self._ready.table.rows), _HIGHEST)
        frame = frame_page(self.page, self.title, f"height:{height}px", scripted=False)
        return frame if self.mark is None else show_marked(frame, self.mark)


def table(
    run: Run, name: str, *, journal: str | None = None, decimals: int | None = None
) -> PaperTable:
    """Make a table of a paper from what passed disclosure control, as the verb `table` does.

    To write it as a file for a manuscript: ``python -m trdanalysis table NAME --format docx``.

    Parameters
    ----------
    run
        With ``restricted/``, where what passed disclosure control is kept.
    name
        Its number or name, such as ``2``, ``rates`` or ``s1``; see docs/paper-tables.md.
    journal
        Id of a journal's file; None: that of the configuration.
    decimals
        Digits of percentages and ratios; None: the journal's.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no such table, or the run has not ended. Kind ``config``: there
        is no such journal, or its file is faulty.
    """
    entry = find_table(name)
    if run.restricted_folder is None:
        raise UserError(
            "a release holds its tables as files, and not what others are made from",
            where=str(run.folder),
            try_this="open its `tables/`, or the folder of results at the site that made it",
            kind="not_found",
        )
    configuration = run.configuration
    disclosed = load_disclosed(
        run.restricted_folder / DISCLOSED, configuration.reference, is_draft=run.is_draft
    )
    file = find_by_id(configuration.folder, JOURNALS, journal or configuration.settings.journal)
    ready = prepare(disclosed, entry, read_journal(file), decimals)
    title = f"{ready.table.name}. {ready.table.title}"
    return PaperTable(title, DRAFT_MARK if run.is_draft else None, ready)
