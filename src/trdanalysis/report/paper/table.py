"""A paper's table, described once for every format: title, columns, rows, footnotes.

Cells are text: numbers are written by :mod:`trdanalysis.report.words`, as those of the page are, in
the number style of the journal.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trdanalysis.report import words
from trdanalysis.report.tables import Table


@dataclass(frozen=True)
class Cell:
    """What one cell says; ``marks`` are keys of the table's notes."""

    text: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes
    ----------
    key
        What a journal's file calls it.
    label, spanner
        Its heading, and the one above it that it shares with its neighbours.
    is_text
        Whether it holds words, and so stands to the left.
    marks
        Keys of notes.
    """

    key: str
    label: str
    spanner: str = ""
    is_text: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row; ``key`` and ``group_key`` are what a journal's file calls it and its group."""

    key: str
    label: str
    cells: tuple[Cell, ...]
    group: str = ""
    group_key: str = ""
    indent: int = 0
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaperTable:
    """A table.

    Attributes
    ----------
    id
        Such as ``2`` or ``s1``.
    title
        What it shows.
    stub
        Heading of the column that names the rows.
    columns, rows
        All that there are; each row has one cell a column.
    shown
        Keys of the columns that are shown where a journal's file says nothing.
    notes
        Footnotes that something is marked with, by key.
    about
        Footnotes of the whole table.
    empty
        What is said where there are no rows.
    """

    id: str
    title: str
    stub: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    shown: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    empty: str = "Nobody."

    @property
    def name(self) -> str:
        """What a text calls it, such as Table S1."""
        return f"Table {self.id.upper()}"

    @property
    def spanners(self) -> list[tuple[str, int]]:
        """Headings above the columns, from left to right, with how many each spans."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if found and column.spanner and found[-1][0] == column.spanner:
                found[-1] = (column.spanner, found[-1][1] + 1)
            else:
                found.append((column.spanner, 1))
        return found

    @property
    def widths(self) -> list[int]:
        """How many characters each column needs, that of the rows' names first.

        Words may wrap, numbers may not: of words the longest one and a part of the whole count.
        """
        return [
            _width([row.label for row in self.rows], self.stub, is_text=True),
            *(
                _width([row.cells[place].text for row in self.rows], column.label, column.is_text)
                for place, column in enumerate(self.columns)
            ),
        ]

    @property
    def is_wide(self) -> bool:
        """Whether it needs a page turned on its side."""
        return sum(self.widths) + 2 * len(self.columns) > _UPRIGHT


#: Characters of an upright page's line at the size that tables are printed in.
_UPRIGHT = 135
#: Words wrap in a column of at most so many characters.
_MOST_OF_WORDS = 30


def _width(texts: Iterable[str], label: str, is_text: bool) -> int:
    filled = [line for text in texts for line in text.split("\n") if line]
    longest = max((len(text) for text in filled), default=1)
    head = max((len(part) + 1 for part in re.split(r"[\s-]", label)), default=1)
    if is_text:
        word = max((len(part) for text in filled for part in text.split()), default=1)
        longest = max(word, min(longest, _MOST_OF_WORDS))
    return max(longest, head)


def find_marks(table: PaperTable, symbols: Sequence[str]) -> dict[str, str]:
    """Give each note that something is marked with its symbol, in the order of reading."""
    found: list[str] = [mark for column in table.columns for mark in column.marks]
    for row in table.rows:
        found += [*row.marks, *(mark for cell in row.cells for mark in cell.marks)]
    used = list(dict.fromkeys(mark for mark in found if mark in table.notes))
    return {key: _symbol(place, symbols) for place, key in enumerate(used)}


def _symbol(place: int, symbols: Sequence[str]) -> str:
    """After the last symbol they come doubled."""
    return symbols[place % len(symbols)] * (1 + place // len(symbols))


def slug(text: str) -> str:
    """Make a key of a heading: small letters and digits, joined by underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "column"


def from_page(
    table_id: str,
    title: str,
    parts: Sequence[tuple[str, Table]],
    *,
    about: Sequence[str],
    marks: Mapping[str, tuple[str, ...]] | None = None,
    notes: Mapping[str, str] | None = None,
    empty: str | None = None,
    grouped: bool = False,
) -> PaperTable:
    """Make a paper's table of tables that the page shows, each under a heading of its own.

    Parameters
    ----------
    table_id, title
        Of the new table.
    parts
        Heading and table; all with the same columns.
    about
        Footnotes of the whole table.
    marks
        Notes of columns, by the column's key.
    notes
        Their texts, by key.
    empty
        What is said where there are no rows; as on the page where None.
    grouped
        Whether rows stand under what their first column says, and are named by the second.
    """
    if grouped:
        parts = [(head, own) for _, part in parts for head, own in _by_first_column(part)]
    first = parts[0][1]
    keys = _unique([_key(head) for head in first.heads[1:]])
    columns = tuple(
        Column(key, _capital(head), is_text=place in first.text_columns,
               marks=(marks or {}).get(key, ()))
        for place, (key, head) in enumerate(zip(keys, first.heads[1:], strict=True), start=1)
    )  # fmt: skip
    rows = tuple(
        Row(slug(cells[0]), cells[0], tuple(Cell(text) for text in cells[1:]), heading,
            slug(heading), int(bool(heading)))
        for heading, part in parts
        for cells in part.rows
    )  # fmt: skip
    return PaperTable(
        table_id, title, _capital(first.heads[0]), columns, rows, tuple(keys), notes or {},
        tuple(about), empty or first.empty,
    )  # fmt: skip


def _by_first_column(part: Table) -> list[tuple[str, Table]]:
    """Give the rows under each word of the first column as a table of their own."""
    found: dict[str, list[Sequence[str]]] = {}
    for cells in part.rows:
        found.setdefault(cells[0], []).append(cells[1:])
    places = frozenset(place - 1 for place in part.text_columns if place)
    own = [
        (head, dataclasses.replace(part, heads=part.heads[1:], rows=rows, text_columns=places))
        for head, rows in found.items()
    ]
    return own or [("", dataclasses.replace(part, heads=part.heads[1:], text_columns=places))]


def _key(head: str) -> str:
    """Make a key of a heading; what names the reference is called alike whatever that is."""
    return "conclusion" if head.startswith("against ") else slug(head)


def _unique(keys: list[str]) -> list[str]:
    """Number those that repeat."""
    return [key if keys.index(key) == place else f"{key}_{place}" for place, key in enumerate(keys)]


def _capital(text: str) -> str:
    """Begin with a capital, but for what is a symbol: n, p, c."""
    return text if len(text.split(" ")[0]) == 1 else text[:1].upper() + text[1:]


def is_empty_text(text: str) -> bool:
    """Say whether a cell tells no number."""
    return text in ("", words.NOTHING)


def write_cells(
    table: PaperTable, marked: Callable[[str, Sequence[str]], str]
) -> dict[str, list[str]]:
    """Give the text of every cell by column: ``group``, ``stub``, and the columns by number.

    Parameters
    ----------
    table
        As it is shown.
    marked
        Writes a text with its marks.
    """
    columns = {
        "group": [row.group for row in table.rows],
        "stub": [marked(row.label, row.marks) for row in table.rows],
    }
    for place in range(len(table.columns)):
        cells = [row.cells[place] for row in table.rows]
        columns[str(place)] = [marked(cell.text, cell.marks) for cell in cells]
    return columns


def list_notes(
    table: PaperTable,
    symbols: Mapping[str, str],
    escape: Callable[[str], str],
    raised: Callable[[Sequence[str], Mapping[str, str]], str],
) -> list[str]:
    """Write the footnotes, the marked ones first.

    Parameters
    ----------
    table
        As it is shown.
    symbols
        Marks by key.
    escape, raised
        Write a text, and a mark above the line.
    """
    marked = [f"{raised([key], symbols)} {escape(table.notes[key])}" for key in symbols]
    return [*marked, *(escape(text) for text in table.about)]
