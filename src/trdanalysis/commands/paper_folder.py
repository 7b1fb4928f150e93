"""Where a paper's tables and figures go: beside the release, or where a draft stays."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from trdanalysis.commands.kept import load_disclosed
from trdanalysis.errors import UserError
from trdanalysis.layout import DISCLOSED, RESTRICTED
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.settings import Settings

PAPER = "paper"


def load_for_paper(settings: Settings, reference: Path) -> Disclosed:
    """Load the results of the last run, and whether they are a draft.

    Parameters
    ----------
    settings
        Of the configuration: where results are, and whether a draft is asked for.
    reference
        Folder of reference tables.

    Raises
    ------
    UserError
        Kind ``not_found``, where there are no results yet.
    """
    folder = Path(settings.results) / RESTRICTED / DISCLOSED
    results = load_disclosed(folder, reference, is_draft=settings.draft)
    if not results.is_allowed and not settings.draft:
        return dataclasses.replace(results, run={**results.run, "draft": True})
    return results


def find_paper_file(results: Path, name: str, out: Path | None, *, is_draft: bool) -> Path:
    """Say which file to write.

    Parameters
    ----------
    results
        Folder of results.
    name
        Of the file, where no other was asked for.
    out
        The file that was asked for.
    is_draft
        Whether it must stay in ``restricted/``.

    Returns
    -------
    Path
        ``out``, or ``results/paper/<name>``, or of a draft ``results/restricted/paper/<name>``.

    Raises
    ------
    UserError
        Kind ``policy``: a draft would leave ``restricted/``.
    """
    stays = results / RESTRICTED
    if out is None:
        return (stays if is_draft else results) / PAPER / name
    if is_draft and not out.resolve().is_relative_to(stays.resolve()):
        raise UserError(
            "this is a draft, and a draft stays where the records are",
            where=str(out),
            expected=f"a file in {stays}",
            try_this=f"leave `--out` away: it then goes to {stays / PAPER}",
            kind="policy",
        )
    return out
