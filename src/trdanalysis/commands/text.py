"""`text`: one text of the last run, on standard output; it writes nothing."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.paper_folder import load_for_paper
from trdanalysis.report.prose.making import render_one
from trdanalysis.settings import Settings


def run_text(name: str, settings: Settings, reference: Path) -> str:
    """Give one text of a run. A draft says at its head that it is one.

    Parameters
    ----------
    name
        One of :data:`trdanalysis.report.prose.making.TEXTS`.
    settings
        Of the configuration.
    reference
        Folder of reference tables.

    Raises
    ------
    UserError
        Kind ``not_found``: there are no results yet.
    """
    return render_one(load_for_paper(settings, reference), name)
