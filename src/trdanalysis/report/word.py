"""Word documents that are the same, byte for byte, for the same content."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

#: Stands where a document or a file of a zip must have a time: the first that a zip can hold.
_NO_TIME = datetime(1980, 1, 1)


def new_document(title: str) -> Any:
    """Make an empty A4 document without author, host or clock."""
    from docx import Document
    from docx.shared import Cm, Pt

    document = Document()
    set_properties(document, title)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(2.2)
    document.styles["Normal"].font.size = Pt(10.5)
    return document


def set_properties(document: Any, title: str) -> None:
    """Say what a document is, without author, host or clock."""
    about = document.core_properties
    about.title = title[:255]
    about.author = about.last_modified_by = "trdanalysis"
    about.subject = about.keywords = about.comments = about.category = ""
    about.language = "en-GB"
    about.created = about.modified = _NO_TIME
    about.revision = 1


def add_table(
    document: Any, heads: Sequence[str], rows: Sequence[Sequence[str]], widths_cm: Sequence[float]
) -> None:
    """Add a real table: its first row is repeated on every page, and no row is cut by a page."""
    from docx.oxml import OxmlElement
    from docx.shared import Cm, Pt

    table = document.add_table(rows=1, cols=len(heads), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, widths_cm, strict=True):
        column.width = Cm(width)
    for texts in (heads, *rows):
        row = table.rows[0] if texts is heads else table.add_row()
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, text, width in zip(row.cells, texts, widths_cm, strict=True):
            cell.width = Cm(width)
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
            run = cell.paragraphs[0].add_run(text)
            run.font.size = Pt(8.5)
            run.bold = texts is heads
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def save_document(document: Any) -> bytes:
    """Give a document as bytes, its parts in order and without times."""
    made = io.BytesIO()
    document.save(made)
    out = io.BytesIO()
    with (
        zipfile.ZipFile(made) as parts,
        zipfile.ZipFile(out, "w", compression=zipfile.ZIP_DEFLATED) as written,
    ):
        for name in sorted(parts.namelist(), key=lambda one: (one != "[Content_Types].xml", one)):
            info = zipfile.ZipInfo(name, _NO_TIME.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            info.create_system = 3
            written.writestr(info, parts.read(name))
    return out.getvalue()
