"""`text`: one text of the last run, on standard output; it writes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trdanalysis.commands.kept import load_disclosed
from trdanalysis.layout import DISCLOSED, RESTRICTED
from trdanalysis.report.prose.making import render_one


def run_text(name: str, results: Path, reference: Path, *, is_draft: bool = False) -> str:
    """Give one text of a run.

    Parameters
    ----------
    name
        One of :data:`trdanalysis.report.prose.making.TEXTS`.
    results
        The results folder of a run.
    reference
        Folder of reference tables.
    is_draft
        Whether the configuration asks for a draft. A text is one, and says so, also where the
        policy is for synthetic records and a drop is not synthetic.

    Raises
    ------
    UserError
        Kind ``not_found``: there are no results yet.
    """
    kept = load_disclosed(results / RESTRICTED / DISCLOSED, reference, is_draft=is_draft)
    stays = is_draft or (kept.settings["policy"]["only_synthetic"] and not kept.run["synthetic"])
    return render_one(replace(kept, run={**kept.run, "draft": stays}), name)
