"""A paper's tables in every format: the same cells, nothing of the data read as a command."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from typing import Any

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from tests.support import CONFIG, ROOT
from tests.unit.report_pages import published, report_tables
from trdanalysis.layout import PAPER_TABLES, TABLE_FILES
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.catalogue import find_table
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.latex import escape_latex
from trdanalysis.report.paper.render import Ready, prepare, render, render_tables

DEFAULT = read_journal(CONFIG / "journals" / "default.yaml")
NASTY = r"<script>alert(1)</script> & A_b 50% $x^2$ \input{x} #1 ~ {{y}} =1+1"


@pytest.fixture(scope="module")
def disclosed() -> Disclosed:
    return report_tables(published())


@pytest.fixture(scope="module")
def nasty(disclosed: Disclosed) -> Ready:
    rates = disclosed.tables["rates"].copy()
    sites = rates["stratum"] == "site"
    assert sites.any()
    rates.loc[sites, "level"] = NASTY + rates.loc[sites, "level"].fillna("unknown")
    tables = {**disclosed.tables, "rates": rates}
    return prepare(dataclasses.replace(disclosed, tables=tables), find_table("s13"), DEFAULT)


class Cells(HTMLParser):
    """Collects the text of a page's cells, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def lines_of_word(content: bytes) -> list[list[str]]:
    table = Document(io.BytesIO(content)).tables[0]
    return [
        ["".join(node.text or "" for node in cell.iter(qn("w:t"))) for cell in row._tr.tc_lst]
        for row in table.rows
    ]


def test_every_file_is_made(disclosed: Disclosed) -> None:
    files, told = render_tables(disclosed, DEFAULT)
    assert tuple(files) == TABLE_FILES
    assert not told
    assert all(files.values())
    notes = list(csv.reader(io.StringIO(files["tables/notes.csv"].decode())))
    assert notes[0] == ["table", "mark", "text"]
    assert {line[0] for line in notes[1:]} == set(PAPER_TABLES)


@pytest.mark.parametrize("name", ["1", "2", "3", "4", "5", "s1", "s15"])
def test_formats_hold_the_same_cells(disclosed: Disclosed, name: str) -> None:
    ready = prepare(disclosed, find_table(name), DEFAULT)
    table = ready.table
    told = [[row.label, *(cell.text.replace("\n", "; ") for cell in row.cells)]
            for row in table.rows]  # fmt: skip
    lines = list(csv.reader(io.StringIO(render(ready, "csv").decode())))
    assert [[cell.removeprefix("'") for cell in line[1:]] for line in lines[1:]] == told
    word = lines_of_word(render(ready, "docx"))
    # Headings of groups span the table; marks stand behind the text.
    body = [line for line in word if len(line) == len(table.columns) + 1][-len(told) :]
    for got, expected in zip(body, told, strict=True):
        for one, other in zip(got, expected, strict=True):
            assert one.startswith(other.replace("; exact", "exact"))
    page = Cells(render(ready, "html").decode())
    for line in told:
        assert any(cell.startswith(line[0]) for cell in page.cells)
    text = render(ready, "text").decode()
    assert table.title in text and all(note in " ".join(text.split()) for note in table.about)


def test_values_of_the_data_stay_text(nasty: Ready) -> None:
    label = next(row.label for row in nasty.table.rows if "script" in row.label)
    assert label.startswith(NASTY)
    page = Cells(render(nasty, "html").decode())
    assert "script" not in page.tags and not page.references
    assert any(cell.startswith(NASTY) for cell in page.cells)
    latex = render(nasty, "latex").decode()
    assert escape_latex(NASTY) in latex and "\\input{" not in latex
    for line in latex.splitlines():
        assert "$x^2$" not in line
    assert any(line[0].startswith(NASTY) for line in lines_of_word(render(nasty, "docx")))
    lines = list(csv.reader(io.StringIO(render(nasty, "csv").decode())))
    assert any(line[1].startswith(NASTY) for line in lines)


def test_text_that_a_spreadsheet_would_run_is_guarded(disclosed: Disclosed) -> None:
    ready = prepare(disclosed, find_table("s13"), DEFAULT)
    first = dataclasses.replace(ready.table.rows[0], label="=1+1")
    table = dataclasses.replace(ready.table, rows=(first,))
    text = render(dataclasses.replace(ready, table=table), "csv").decode()
    assert "'=1+1" in text


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [
        ("a_b & 50%", r"a\_b \& 50\%"), ("\\end{table}", r"\textbackslash{}end\{table\}"),
        ("<0.001", r"\textless{}0.001"), ("\u22121.5", "$-$1.5"), ("--cores", "-{}-cores"),
        ("1\u202f000", r"1\,000"), ("$#~^", r"\$\#\textasciitilde{}\textasciicircum{}"),
    ],
)  # fmt: skip
def test_latex_prints_text_as_it_is(plain: str, escaped: str) -> None:
    assert escape_latex(plain) == escaped


def test_a_row_that_begins_with_a_bracket_is_no_option(nasty: Ready) -> None:
    row = dataclasses.replace(nasty.table.rows[0], label="[2] *", indent=0)
    table = dataclasses.replace(nasty.table, rows=(row,))
    assert "\n{}[2] *" in render(dataclasses.replace(nasty, table=table), "latex").decode()


def test_a_word_table_is_a_real_one(disclosed: Disclosed) -> None:
    ready = prepare(disclosed, find_table("2"), DEFAULT)
    document = Document(io.BytesIO(render(ready, "docx")))
    table = document.tables[0]
    assert table.style is not None and table.style.name == "Journal Table"
    heads = [row for row in table.rows if row._tr.trPr.find(qn("w:tblHeader")) is not None]
    assert len(heads) == 2
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)
    assert document.paragraphs[0].style is not None
    assert document.paragraphs[0].style.name == "Caption"
    assert document.paragraphs[0].text.startswith("Table 2. Non-response")
    notes = [
        one.text for one in document.paragraphs if one.style and one.style.name == "Table Note"
    ]
    assert set(ready.table.about) <= set(notes)
    assert document.sections[0].orientation == WD_ORIENT.LANDSCAPE
    assert abs(sum(column.width for column in table.columns) - 267 * 36000) < 36000
    properties: Any = document.core_properties
    assert properties.created == properties.modified
    assert properties.created.year == 1980 and properties.language == "en-GB"
    narrow = prepare(disclosed, find_table("5"), DEFAULT)
    letter = Document(io.BytesIO(render(narrow, "docx", "letter"))).sections[0]
    assert letter.orientation == WD_ORIENT.PORTRAIT
    assert letter.page_width is not None and abs(letter.page_width.mm - 215.9) < 0.1


def test_a_word_document_holds_no_clock(disclosed: Disclosed) -> None:
    content = render(prepare(disclosed, find_table("2"), DEFAULT), "docx")
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert parts.namelist()[0] == "[Content_Types].xml"
        assert parts.namelist()[1:] == sorted(parts.namelist()[1:])


_RENDER = """
import hashlib
from tests.support import CONFIG
from tests.unit.report_pages import published, report_tables
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.render import render_tables
files, _ = render_tables(report_tables(published()), read_journal(CONFIG / "journals/default.yaml"))
print(hashlib.sha256(b"".join(files.values())).hexdigest())
"""


def test_another_process_writes_the_same_bytes(disclosed: Disclosed) -> None:
    files, _ = render_tables(disclosed, DEFAULT)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    other = subprocess.run(
        [sys.executable, "-c", _RENDER], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert other.stdout.strip() == hashlib.sha256(b"".join(files.values())).hexdigest()
