"""`table`: a paper's table from what `disclose` kept, without running the analysis again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trdanalysis import __version__
from trdanalysis.commands.paper_folder import find_paper_file, load_for_paper
from trdanalysis.errors import UserError
from trdanalysis.files import write_bytes
from trdanalysis.layout import DISCLOSED, JOURNALS, RESTRICTED, TABLE_FORMATS
from trdanalysis.project import find_by_id
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.catalogue import CATALOGUE, find_table
from trdanalysis.report.paper.contents import CONTENTS
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.render import Ready, prepare, render, tell_missing
from trdanalysis.settings import Settings

LIST = "list"

log = logging.getLogger("trdanalysis")


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Attributes
    ----------
    table
        Id or name of a table, or ``list``.
    formats
        Of :data:`trdanalysis.layout.TABLE_FORMATS`, or ``text``.
    decimals
        Digits of percentages and ratios; None: the journal's.
    journal
        Id; None: that of the configuration.
    out
        File; None: one by the table's name in the folder for papers.
    """

    table: str
    formats: Sequence[str] = ("text",)
    decimals: int | None = None
    journal: str | None = None
    out: Path | None = None


def run_table(asked: Asked, settings: Settings, config: Path, reference: Path) -> str:
    """Write a table in the formats asked for, and give what is printed.

    Parameters
    ----------
    asked
        Which table, and how.
    settings
        Of the configuration: where results are, whether they are a draft, which journal.
    config
        The folder of configuration, with the files of journals.
    reference
        Folder of reference tables.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no such table, or there are no results. Kind ``policy``: a
        draft would be written outside of the restricted results. Kind ``config``: the journal's
        file or the configuration is faulty, or one file is to hold several formats.
    """
    results = Path(settings.results)
    if asked.table.lower() == LIST:
        return _list(settings, results, reference)
    entry = find_table(asked.table)
    name = asked.journal or settings.journal
    journal = read_journal(find_by_id(config, JOURNALS, name))
    disclosed = _load(settings, reference)
    ready = prepare(disclosed, entry, journal, asked.decimals)
    for text in tell_missing([ready], journal):
        log.info(text)
    forms = list(dict.fromkeys(form for form in asked.formats if form != "text"))
    is_draft = bool(disclosed.run["draft"])
    for form, path in _files(asked, forms, results, ready, is_draft=is_draft).items():
        write_bytes(path, render(ready, form, journal.page))
        log.info(f"{ready.table.name}: {path}")
    return render(ready, "text").decode() if "text" in asked.formats else ""


def _load(settings: Settings, reference: Path) -> Disclosed:
    """Load the results of the last run; say so where another version made them."""
    disclosed = load_for_paper(settings, reference)
    made_by = disclosed.run["version"]
    if made_by != __version__:
        log.info(
            f"These results are of version {made_by}, this is {__version__}: run"
            f" `{disclosed.run['command']}` to make them anew."
        )
    return disclosed


def _files(
    asked: Asked, forms: Sequence[str], results: Path, ready: Ready, *, is_draft: bool
) -> dict[str, Path]:
    if asked.out is not None and len(forms) != 1:
        raise UserError(
            f"`--out` names one file, and {len(forms)} formats are asked for",
            where=str(asked.out),
            expected="one of the formats " + ", ".join(TABLE_FORMATS),
            try_this="leave `--out` away: each format then gets a file of its own",
            kind="config",
        )
    names = {form: f"table-{ready.table.id}.{TABLE_FORMATS[form]}" for form in forms}
    return {
        form: find_paper_file(results, name, asked.out, is_draft=is_draft)
        for form, name in names.items()
    }


def _list(settings: Settings, results: Path, reference: Path) -> str:
    """List the tables; their titles are of the results, where there are any."""
    lines = [f"{'id':<5} {'name':<16} title"]
    disclosed = None
    if (results / RESTRICTED / DISCLOSED).is_dir():
        disclosed = _load(settings, reference)
    for entry in CATALOGUE.values():
        title = entry.build(disclosed).title if disclosed else CONTENTS[entry.id]
        lines.append(f"{entry.id:<5} {entry.alias:<16} {title}".rstrip())
    return "\n".join(lines) + "\n"
