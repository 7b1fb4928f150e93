"""Tables as Word documents, by python-docx: real tables with styles, that can be edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Length, Mm, Pt, RGBColor

from trdanalysis.report.paper.table import Cell, PaperTable
from trdanalysis.report.word import save_document, set_properties

_PAPER = {"a4": (Mm(210), Mm(297)), "letter": (Mm(215.9), Mm(279.4))}
_MARGIN = Mm(15)
_FONT = "Arial"
#: Sizes of letters to choose from, the largest that fits; and how wide a letter is of its size.
_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
_LETTER_WIDTH = 0.52
_CELL_MARGIN = Pt(2.5)
_TEXT, _HEAD, _NOTE, _STYLE = "Table Text", "Table Head", "Table Note", "Journal Table"


def format_docx(table: PaperTable, symbols: Mapping[str, str], page: str = "a4") -> bytes:
    """Give a table as a Word document.

    Parameters
    ----------
    table
        As it is shown.
    symbols
        Marks of its notes, by key.
    page
        ``a4`` or ``letter``; a wide table turns it on its side.

    Returns
    -------
    bytes
        The same for the same table.
    """
    document = Document()
    usable = _set_page(document, page, is_wide=table.is_wide)
    widths, size = _fit(table, usable)
    _set_styles(document, size)
    set_properties(document, f"{table.name}. {table.title}")
    caption = document.add_paragraph(style="Caption")
    caption.add_run(f"{table.name}. ").bold = True
    caption.add_run(clean(table.title))
    _add_table(document, table, symbols, widths)
    for key, symbol in symbols.items():
        note = document.add_paragraph(style=_NOTE)
        note.add_run(symbol).font.superscript = True
        note.add_run(f" {clean(table.notes[key])}")
    for text in table.about:
        document.add_paragraph(clean(text), style=_NOTE)
    return save_document(document)


def _set_page(document: Any, page: str, *, is_wide: bool) -> int:
    section = document.sections[0]
    short, long = _PAPER[page]
    width, height = (long, short) if is_wide else (short, long)
    section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = width, height
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, _MARGIN)
    return int(width - 2 * _MARGIN)


def _fit(table: PaperTable, usable: int) -> tuple[list[int], float]:
    """Choose a size of letters and give the columns' widths, which fill the page."""
    letters = table.widths
    for size in _SIZES:
        needed = [int(Pt(size) * _LETTER_WIDTH * one + 2 * _CELL_MARGIN) for one in letters]
        if sum(needed) <= usable:
            break
    # What is left over goes to the names of rows and to words, then to all alike.
    spare = usable - sum(needed)
    wrapping = [0, *(place for place, one in enumerate(table.columns, 1) if one.is_text)]
    if spare > 0:
        for place in wrapping:
            needed[place] += spare // (2 * len(wrapping))
    total = sum(needed)
    return [one * usable // total for one in needed], size


def _set_styles(document: Any, size: float) -> None:
    styles = document.styles
    normal = styles["Normal"]
    _set_font(normal, size)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB")
    normal.element.get_or_add_rPr().append(language)
    for name, points, after in (
        (_TEXT, size, 0.0),
        (_HEAD, size, 0.0),
        (_NOTE, max(size - 0.5, 5), 1.5),
    ):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        _set_font(style, points)
        style.paragraph_format.space_before = Pt(1 if name != _NOTE else 0)
        style.paragraph_format.space_after = Pt(after or 1)
        style.paragraph_format.line_spacing = 1.0
    styles[_HEAD].font.bold = True
    styles[_HEAD].paragraph_format.keep_with_next = True
    caption = styles["Caption"]
    _set_font(caption, max(size, 9))
    caption.font.bold = False
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_after = Pt(4)
    styles.element.append(parse_xml(_TABLE_STYLE))


def _set_font(style: Any, size: float) -> None:
    style.font.name, style.font.size = _FONT, Pt(size)
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), _FONT)


#: Three rules, as journals print tables; the heading's rule belongs to the style's first rows.
_TABLE_STYLE = f"""
<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="JournalTable">
<w:name w:val="{_STYLE}"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="99"/><w:qFormat/>
<w:tblPr><w:tblBorders>
<w:top w:val="single" w:sz="8" w:space="0" w:color="000000"/>
<w:bottom w:val="single" w:sz="8" w:space="0" w:color="000000"/>
</w:tblBorders><w:tblCellMar>
<w:left w:w="{_CELL_MARGIN.twips}" w:type="dxa"/><w:right w:w="{_CELL_MARGIN.twips}" w:type="dxa"/>
</w:tblCellMar></w:tblPr>
</w:style>"""


def _add_table(
    document: Any, table: PaperTable, symbols: Mapping[str, str], widths: Sequence[int]
) -> None:
    """Add the table as XML: python-docx itself takes seconds for a thousand cells."""
    writer = _Writer(widths, symbols)
    rows = writer.heads(table)
    group = ""
    for row in table.rows:
        if row.group and row.group != group:
            rows.append(writer.heading(row.group))
        group = row.group
        cells = [Cell(row.label, row.marks), *row.cells]
        rows.append(writer.row(cells, [True, *(one.is_text for one in table.columns)], row.indent))
    if not table.rows:
        rows.append(writer.heading(table.empty, _TEXT))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in writer.widths)
    element = parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="JournalTable"/>'
        f'<w:tblW w:w="{sum(writer.widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        f'<w:tblLook w:val="0020" w:firstRow="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"{''.join(rows)}</w:tbl>"
    )
    body = document.element.body
    body.insert(len(body) - 1, element)  # before the section's properties


class _Writer:
    """Writes a table's rows as XML."""

    def __init__(self, widths: Sequence[int], symbols: Mapping[str, str]) -> None:
        self.symbols = symbols
        self.widths = [Length(width).twips for width in widths]

    def heads(self, table: PaperTable) -> list[str]:
        """Write the rows of headings, which stand on every page."""
        rows = []
        if any(column.spanner for column in table.columns):
            cells, place = [self._cell(0, 1, "", _HEAD)], 1
            for label, span in table.spanners:
                text = _run(label)
                cells.append(self._cell(place, span, text, _HEAD, "center", ruled=bool(label)))
                place += span
            rows.append(_row(cells, is_head=True))
        cells = [self._cell(0, 1, _run(table.stub), _HEAD, ruled=True)]
        for place, column in enumerate(table.columns, 1):
            text, align = self._marked(Cell(column.label, column.marks)), _align(column.is_text)
            gap = _GAP if column.is_text else 0
            cells.append(self._cell(place, 1, text, _HEAD, align, gap, ruled=True))
        return [*rows, _row(cells, is_head=True)]

    def heading(self, text: str, style: str = _HEAD) -> str:
        """Write a heading over the whole width, which stays with the row below it."""
        return _row([self._cell(0, len(self.widths), _run(text), style)])

    def row(self, cells: Sequence[Cell], is_text: Sequence[bool], indent: int) -> str:
        """Write a row."""
        written = []
        for place, (cell, left) in enumerate(zip(cells, is_text, strict=True)):
            gap = (_GAP if left else 0) if place else _INDENT * indent
            written.append(self._cell(place, 1, self._marked(cell), _TEXT, _align(left), gap))
        return _row(written)

    def _marked(self, cell: Cell) -> str:
        known = [self.symbols[mark] for mark in cell.marks if mark in self.symbols]
        return _run(cell.text) + (_run(",".join(known), is_mark=True) if known else "")

    def _cell(
        self, place: int, span: int, runs: str, style: str, align: str = "left", gap: int = 0,
        *, ruled: bool = False,
    ) -> str:  # fmt: skip
        width = sum(self.widths[place : place + span])
        return (
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>'
            + (f'<w:gridSpan w:val="{span}"/>' if span > 1 else "")
            + (_RULE if ruled else "")
            + f'<w:vAlign w:val="{"bottom" if style == _HEAD else "top"}"/></w:tcPr>'
            + f'<w:p><w:pPr><w:pStyle w:val="{style.replace(" ", "")}"/>'
            + (f'<w:ind w:left="{gap}"/>' if gap else "")
            + (f'<w:jc w:val="{align}"/>' if align != "left" else "")
            + f"</w:pPr>{runs}</w:p></w:tc>"
        )


_RULE = (
    '<w:tcBorders><w:bottom w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tcBorders>'
)
#: Twips: before a column of words, and of a row that stands under another.
_GAP, _INDENT = 100, 160


def _align(is_text: bool) -> str:
    return "left" if is_text else "right"


def _row(cells: Sequence[str], *, is_head: bool = False) -> str:
    head = "<w:tblHeader/>" if is_head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>{''.join(cells)}</w:tr>"


def _run(text: str, *, is_mark: bool = False) -> str:
    about = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>' if is_mark else ""
    lines = [f'<w:t xml:space="preserve">{escape(clean(line))}</w:t>' for line in text.split("\n")]
    return f"<w:r>{about}{'<w:br/>'.join(lines)}</w:r>" if text else ""


def clean(text: str) -> str:
    """Leave out what no XML can hold: signs that steer a terminal and the like."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\t\u202f\u00a0")
