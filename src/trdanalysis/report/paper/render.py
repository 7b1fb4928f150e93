"""Every table of a paper in every format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trdanalysis.layout import TABLE_FORMATS, TABLE_NOTES, TABLES_FOLDER
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.numbers import number_style
from trdanalysis.report.paper.arrange import arrange
from trdanalysis.report.paper.catalogue import CATALOGUE, Entry
from trdanalysis.report.paper.journal import Journal
from trdanalysis.report.paper.table import PaperTable, find_marks
from trdanalysis.report.paper.text import format_csv, format_notes, format_text


@dataclass(frozen=True)
class Ready:
    """A table as a journal wants it.

    Attributes
    ----------
    table
        With the rows and columns that are shown.
    symbols
        Marks of its notes, by key.
    missing
        Rows that the journal's file names and the table has not.
    """

    table: PaperTable
    symbols: Mapping[str, str]
    missing: list[str]


def prepare(
    disclosed: Disclosed, entry: Entry, journal: Journal, decimals: int | None = None
) -> Ready:
    """Describe a table as a journal wants it.

    Parameters
    ----------
    disclosed
        What it is of.
    entry
        Which table.
    journal
        Whose numbers, rows and columns.
    decimals
        Digits of percentages and ratios in place of the journal's.
    """
    with number_style(journal.number_style(decimals)):
        table, missing = arrange(entry.build(disclosed), journal)
    return Ready(table, find_marks(table, journal.symbols), missing)


def render(ready: Ready, form: str, page: str = "a4") -> bytes:
    """Write a table in a format.

    Parameters
    ----------
    ready
        The table.
    form
        Of :data:`trdanalysis.layout.TABLE_FORMATS`, or ``text``.
    page
        Paper of a Word document.
    """
    # Only what writes the format is imported: a second each.
    table, symbols = ready.table, ready.symbols
    if form == "docx":
        from trdanalysis.report.paper.word import format_docx

        return format_docx(table, symbols, page)
    if form == "html":
        from trdanalysis.report.paper.pages import format_html

        return format_html(table, symbols).encode()
    if form == "latex":
        from trdanalysis.report.paper.latex import format_latex

        return format_latex(table, symbols).encode()
    return (format_csv(table) if form == "csv" else format_text(table, symbols)).encode()


def render_tables(disclosed: Disclosed, journal: Journal) -> tuple[dict[str, bytes], list[str]]:
    """Write every table in every format.

    Parameters
    ----------
    disclosed
        What they are of.
    journal
        Whose numbers, rows and columns.

    Returns
    -------
    tuple
        Content by name of a published file, see :data:`trdanalysis.layout.TABLE_FILES`; and what
        the journal's file asks for and is not there, in words.
    """
    files, told = {}, []
    every = [prepare(disclosed, entry, journal) for entry in CATALOGUE.values()]
    for ready in every:
        told += tell_missing([ready], journal)
        for form, ending in TABLE_FORMATS.items():
            name = f"{TABLES_FOLDER}/table-{ready.table.id}.{ending}"
            files[name] = render(ready, form, journal.page)
    notes = format_notes([(ready.table, ready.symbols) for ready in every])
    files[f"{TABLES_FOLDER}/{TABLE_NOTES}"] = notes.encode()
    return files, told


def tell_missing(every: Iterable[Ready], journal: Journal) -> list[str]:
    """Say what a journal's file names and a table has not."""
    return [
        f"{ready.table.name} has no `{name}`, which config/journals/{journal.id}.yaml names"
        for ready in every
        for name in ready.missing
    ]
