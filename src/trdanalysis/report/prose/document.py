"""Texts, checklists and references as one Word document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trdanalysis.report.prose.bibliography import Entry, cite_long
from trdanalysis.report.prose.checklists import Item
from trdanalysis.report.prose.formats import write_inline
from trdanalysis.report.prose.text import Prose, cited_in
from trdanalysis.report.word import add_table, new_document, save_document

_HEADS = ("Item", "Recommended", "Status", "This run", "Where")
_WIDTHS_CM = (1.4, 5.2, 1.9, 10.7, 5.3)


def render_document(
    texts: Sequence[Prose],
    items: Sequence[Item],
    entries: Mapping[str, Entry],
    summary: str,
) -> bytes:
    """Render the manuscript's parts: texts with headings, references, the two checklists.

    Parameters
    ----------
    texts
        Methods and results.
    items, summary
        Of the checklists, and how many of them are filled.
    entries
        The bibliography.

    Returns
    -------
    bytes
        A ``.docx`` file; equal texts give equal bytes.
    """
    document = new_document("Methods and results")
    document.add_heading("Methods and results", level=0)
    for text in texts[0].made_of:
        document.add_paragraph(write_inline(text, entries).replace("`", ""), style="Quote")
    cited = [key for prose in texts for key in prose.cited()] + cited_in([summary])
    for prose in texts:
        document.add_heading(prose.title, level=1)
        for section in prose.sections:
            document.add_heading(section.heading, level=2)
            for paragraph in section.paragraphs:
                _add_paragraph(document, write_inline(paragraph, entries))
    document.add_heading("References", level=1)
    for line in sorted(cite_long(entries[key]) for key in dict.fromkeys(cited) if key in entries):
        document.add_paragraph(line)
    _add_checklists(document, items, write_inline(summary, entries))
    return save_document(document)


def _add_paragraph(document: Any, text: str) -> None:
    parts = text.split("`")
    paragraph = document.add_paragraph()
    for place, part in enumerate(parts):
        run = paragraph.add_run(part)
        if place % 2:
            run.font.name = "Courier New"


def _add_checklists(document: Any, items: Sequence[Item], summary: str) -> None:
    from docx.enum.section import WD_ORIENT, WD_SECTION

    page = document.add_section(WD_SECTION.NEW_PAGE)
    page.orientation = WD_ORIENT.LANDSCAPE
    page.page_width, page.page_height = page.page_height, page.page_width
    document.add_heading("Reporting checklists", level=1)
    document.add_paragraph(summary)
    for statement in dict.fromkeys(item.statement for item in items):
        document.add_heading(statement, level=2)
        rows = [
            (item.item, f"{item.topic}: {item.recommended}", item.status,
             item.this_run.replace("`", ""), item.where)
            for item in items
            if item.statement == statement
        ]  # fmt: skip
        add_table(document, _HEADS, rows, _WIDTHS_CM)
