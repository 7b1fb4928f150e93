"""Tables as CSV, and as text for a terminal."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence

from trdanalysis.report.paper.table import PaperTable
from trdanalysis.spreadsheet import guard_cell

#: Width of footnotes on a terminal.
_LINE = 100


def format_csv(table: PaperTable) -> str:
    """Give a table as CSV: what is shown, one line a row, without footnotes.

    The first two columns are the heading that the row stands under and its name; the others are
    headed by what stands above them. A cell that a spreadsheet would run has an apostrophe before
    it, see :mod:`trdanalysis.spreadsheet`.
    """
    heads = [
        f"{column.spanner}: {column.label}" if column.spanner else column.label
        for column in table.columns
    ]
    lines = [["Section", table.stub, *heads]]
    lines += [
        [row.group, row.label, *(_one_line(cell.text) for cell in row.cells)] for row in table.rows
    ]
    return _write(lines)


def format_notes(tables: Sequence[tuple[PaperTable, Mapping[str, str]]]) -> str:
    """Give titles and footnotes of tables as CSV: ``table``, ``mark``, ``text``.

    Parameters
    ----------
    tables
        Each with the symbols of its notes.
    """
    lines = [["table", "mark", "text"]]
    for table, symbols in tables:
        lines.append([table.id, "title", table.title])
        lines += [[table.id, symbol, table.notes[key]] for key, symbol in symbols.items()]
        lines += [[table.id, "", text] for text in table.about]
    return _write(lines)


def _one_line(text: str) -> str:
    return text.replace("\n", "; ")


def _write(lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([guard_cell(cell) for cell in line] for line in lines)
    return out.getvalue()


def format_text(table: PaperTable, symbols: Mapping[str, str]) -> str:
    """Give a table as text with aligned columns."""

    def marked(text: str, marks: Sequence[str]) -> str:
        known = [symbols[mark] for mark in marks if mark in symbols]
        return f"{text} [{','.join(known)}]" if known else text

    heads = [table.stub, *(marked(one.label, one.marks) for one in table.columns)]
    body: list[tuple[str, list[str]]] = [
        (
            row.group,
            [
                "  " * row.indent + marked(row.label, row.marks),
                *(marked(_one_line(cell.text), cell.marks) for cell in row.cells),
            ],
        )
        for row in table.rows
    ]
    widths = [
        max([len(head), *(len(cells[place]) for _, cells in body)])
        for place, head in enumerate(heads)
    ]
    is_text = [True, *(one.is_text for one in table.columns)]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(cells, widths, is_text, strict=True)
        ).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    out = [f"{table.name}. {table.title}", "", rule]
    if any(column.spanner for column in table.columns):
        out.append(_spanner_line(table, widths))
    out += [line(heads), rule]
    group = ""
    for heading, cells in body:
        if heading and heading != group:
            out.append(heading)
        group = heading
        out.append(line(cells))
    out += [] if body else [table.empty]
    out.append(rule)
    told = [f"[{symbol}] {table.notes[key]}" for key, symbol in symbols.items()]
    for text in (*told, *table.about):
        out += textwrap.wrap(text, _LINE)
    return "\n".join(out) + "\n"


def _spanner_line(table: PaperTable, widths: Sequence[int]) -> str:
    place, text = 1, " " * widths[0]
    for label, span in table.spanners:
        width = sum(widths[place : place + span]) + 2 * (span - 1)
        text += "  " + textwrap.shorten(label, max(width, 8), placeholder="...").ljust(width)
        place += span
    return text.rstrip()
