"""Read CSV files as tables of text, one `line` number a row; `parquet_tables` does so for Parquet.

A raw table holds what the file says: every column text, surrounding white space removed, empty
cells null, and `line`, the line of the file on which the row begins (the header is line 1). Nothing
is interpreted yet.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from pathlib import Path
from typing import Literal

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.door import MOST_BYTES_A_LINE

#: Name of the line-number column of a raw table.
LINE = "line"
#: Planning queries takes longer than in proportion to columns: 4,000 take 20 s, 10,000 minutes.
MOST_COLUMNS = 4_000
#: Tables of more rows are left in their file, or kept in one: not in memory.
MOST_ROWS_IN_MEMORY = 1_000_000
#: The header must end within this many characters.
_MOST_OF_HEADER = 2_000_000
#: Separators that exports use.
_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "an upright stroke"}
#: Bytes of control characters but tab and line ends.
_CONTROLS = bytes(one for one in (*range(32), 127) if one not in b"\t\n\r")

# A cell may be as long as a line; the module's own limit is lower.
csv.field_size_limit(MOST_BYTES_A_LINE)


def read_text_csv(
    engine: Engine, path: Path, delimiter: str = ",", *, quoted: bool = True
) -> ir.Table:
    """Read a UTF-8 CSV file with a header row; every column is text.

    Parameters
    ----------
    engine
        Reads the file.
    path
        The file.
    delimiter
        One character.
    quoted
        Whether quotation marks enclose fields; if not, they are text like any other.

    Returns
    -------
    Table
        One row a record: the file's columns, and ``line``. Empty cells are null.

    Raises
    ------
    UserError
        Where the file is not UTF-8, holds control characters, has no or an ambiguous header,
        another separator or a line of over 10 MB, or a row has another number of fields than the
        header. Messages give the line, never the text.
    """
    names = _read_header(path, delimiter)
    line_count = _scan(path)
    try:
        text = _csv_text(engine, path, delimiter, names, quoted=quoted)
        is_large = line_count is not None and line_count > MOST_ROWS_IN_MEMORY
        kept = engine.keep_in_file(text) if is_large else engine.keep(text)
    except duckdb.Error as error:
        raise _unreadable(path, names, delimiter, str(error)) from None
    rows = int(kept.count().to_pyarrow().as_py())
    if line_count == rows + 1:
        return kept
    return _number_lines(engine, kept, rows, path, delimiter, quoted=quoted)


def scan_text_csv(
    engine: Engine, path: Path, delimiter: str = ",", *, quoted: bool = True
) -> ir.Table:
    """Read a CSV file as :func:`read_text_csv` does, but leave its rows in the file.

    For files of which few rows are wanted: each use of the table goes through the file again, and
    takes memory for what it keeps alone. Only where lines cannot be counted off is the file kept.
    """
    names = _read_header(path, delimiter)
    line_count = _scan(path)
    try:
        text = _csv_text(engine, path, delimiter, names, quoted=quoted)
        rows = int(text.count().to_pyarrow().as_py())
    except duckdb.Error as error:
        raise _unreadable(path, names, delimiter, str(error)) from None
    if line_count == rows + 1:
        return text
    return _number_lines(engine, engine.keep(text), rows, path, delimiter, quoted=quoted)


def _csv_text(
    engine: Engine, path: Path, delimiter: str, names: list[str], *, quoted: bool
) -> ir.Table:
    raw = engine.connection.read_csv(
        str(path),
        columns=dict.fromkeys(names, "VARCHAR"),
        auto_detect=False,
        header=False,
        skip=1,
        delim=delimiter,
        quote='"' if quoted else "",
        escape='"' if quoted else "",
        new_line=_newline(path),
        max_line_size=MOST_BYTES_A_LINE,
    )
    trimmed = {name: trim(raw[name]) for name in names}
    # The header is line 1.
    return raw.select(**trimmed, **{LINE: ibis.row_number().cast("int64") + 2})


def trim(column: ir.StringValue) -> ir.StringValue:
    """Remove white space around a text; nothing is left of it: null."""
    return column.strip().nullif("")


def _read_header(path: Path, delimiter: str) -> list[str]:
    try:
        with path.open("rb") as raw:
            start = raw.read(4096)
        if 5 * start.count(0) > len(start) or start.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _not_utf8(path, "the file is UTF-16 text")
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(_MOST_OF_HEADER)
        names = [name.strip() for name in next(csv.reader(io.StringIO(text, newline=""),
                                                          delimiter=delimiter), [])]  # fmt: skip
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except (OSError, csv.Error):
        raise UserError("the file cannot be read", where=path.name) from None
    if len(text) == _MOST_OF_HEADER and not {"\n", "\r"} & set(text):
        raise UserError(
            f"the first line has over {_MOST_OF_HEADER} characters",
            where=f"{path.name}, line 1",
            expected="a header row with the column names",
        )
    if not names or names == [""]:
        raise UserError(
            "the file is empty", where=path.name, expected="a header row with the column names"
        )
    _check_delimiter(names, path, delimiter)
    check_names(names, path)
    return names


def _not_utf8(path: Path, what: str = "the file is not UTF-8 text") -> UserError:
    return UserError(
        what,
        where=path.name,
        expected="UTF-8",
        try_this="save it again with the encoding UTF-8",
    )


def _check_delimiter(names: list[str], path: Path, delimiter: str) -> None:
    """Refuse a header of one column that another separator would part."""
    others = [one for one in _DELIMITERS if one != delimiter and one in names[0]]
    if len(names) == 1 and others:
        other = max(others, key=names[0].count)
        raise UserError(
            f"the header is one column, with {names[0].count(other)} times {_DELIMITERS[other]}",
            where=f"{path.name}, line 1",
            expected=f"columns separated by {_DELIMITERS.get(delimiter, f'`{delimiter}`')}",
            try_this="export it with that separator; a mapping of `source: flat` may name another",
        )


def check_column_count(columns: int, path: Path) -> None:
    """Refuse more columns than can be read in time."""
    if columns > MOST_COLUMNS:
        raise UserError(
            f"{columns} columns",
            where=path.name,
            expected=f"at most {MOST_COLUMNS}",
            try_this="export the columns that are needed",
        )


def check_names(names: list[str], path: Path) -> None:
    """Refuse column names that are too many, repeated, empty or unprintable.

    They are shown only where the line is a header for certain: without one, it is a patient's row.
    """
    check_column_count(len(names), path)
    counts = Counter(names)
    wrong = [
        place
        for place, name in enumerate(names, start=1)
        if counts[name] > 1 or not name or name == LINE or not name.isprintable()
    ]
    if wrong:
        known = {column for spec in TABLES.values() for column in spec.names}
        told = [f"`{one}`" for one in dict.fromkeys(names[place - 1] for place in wrong)]
        is_header = bool(known & set(names)) and all(name.isprintable() for name in names)
        places = ", ".join(str(place) for place in wrong[:5])
        raise UserError(
            "column names must differ, be filled in and printable, and not be `line`",
            where=f"{path.name}, header: column {places}"
            + (f" ({', '.join(told[:5])})" if is_header else ""),
        )


def _newline(path: Path) -> str:
    """Give the line end of the header. Told another, the engine reads no row and says nothing."""
    with path.open("rb") as file:
        header = file.readline(_MOST_OF_HEADER * 4)
    return "\\r\\n" if header.endswith(b"\r\n") else "\\n"


def _unreadable(path: Path, names: list[str], delimiter: str, message: str) -> UserError:
    """Find the first faulty line without repeating what it holds."""
    if "utf-8" in message.lower() or "unicode" in message.lower():
        return _not_utf8(path)
    long = _find_long_line(path)
    if long is not None:
        return UserError(
            f"a line has over {MOST_BYTES_A_LINE} bytes",
            where=f"{path.name}, line {long}",
            expected="one number, word or yes/no a cell",
            try_this="look for a quote that is never closed, or a document in a cell",
        )
    count, first = 0, []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            for row in reader:
                if row and len(row) != len(names):
                    count += 1
                    first += [str(reader.line_num)] if count <= 5 else []
    except (UnicodeDecodeError, csv.Error):
        pass
    lines = ", ".join(first)
    return UserError(
        f"{count or 'some'} row(s) do not have the header's {len(names)} fields"
        " or have an open quote" + ("" if count else ", or its line ends are not of one kind"),
        where=f"{path.name}, line {lines}" if lines else path.name,
        expected=f"{len(names)} fields a row, separated by `{delimiter}`, and one kind of line end",
    )


def _number_lines(
    engine: Engine, kept: ir.Table, rows: int, path: Path, delimiter: str, *, quoted: bool
) -> ir.Table:
    """Read lines off the file, where blank lines or line breaks within cells shift the count.

    The rows are counted another way than the engine does: it passes over rows in silence where
    line ends are of several kinds.
    """
    marks: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    # Eight bytes a row: a list of numbers would take five times as much.
    lines = array("q")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quoting=marks)
        # Of a single column a blank line is a row: one with an empty cell.
        is_single = len(next(reader)) == 1
        start = reader.line_num + 1
        for row in reader:
            if row or is_single:
                lines.append(start)
            start = reader.line_num + 1
    if len(lines) != rows:
        raise UserError(
            f"{rows} row(s) can be read of {len(lines)}: its line ends are not of one kind",
            where=path.name,
            expected="the same line end (LF or CR LF) after the header and after every row",
            try_this="make the export again, or save it once with one kind of line ends",
        )
    counted = pa.table({LINE: np.arange(2, len(lines) + 2), "line_of_file": np.asarray(lines)})
    joined = kept.left_join(engine.from_memory(counted), LINE).drop(f"{LINE}_right")
    renamed = joined.drop(LINE).rename({LINE: "line_of_file"})
    keep = engine.keep_in_file if len(lines) > MOST_ROWS_IN_MEMORY else engine.keep
    return keep(renamed.order_by(LINE))


def _scan(path: Path) -> int | None:
    """Count a file's lines in bounded memory, and refuse control characters.

    None where a carriage return stands alone: what is a line is then not certain.
    """
    count, alone, last, odd, first = 0, 0, b"\n", 0, None
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found = len(block) - len(block.translate(None, _CONTROLS))
            if found and first is None:
                place = next(place for place, byte in enumerate(block) if byte in _CONTROLS)
                first = count + block.count(b"\n", 0, place) + 1
            odd += found
            count += block.count(b"\n")
            alone += block.count(b"\r") - block.count(b"\r\n")
            alone -= last == b"\r" and block[:1] == b"\n"
            last = block[-1:]
    if odd:
        raise UserError(
            f"{odd} control character(s) that no text has",
            where=f"{path.name}, first on line {first}",
            expected="text with tabs and line ends only",
            try_this="make the export again as plain text in UTF-8",
        )
    return None if alone else count + (last != b"\n")


def _find_long_line(path: Path) -> int | None:
    """Give the first line of more than the allowed bytes, in bounded memory."""
    line, length = 1, 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            parts = block.split(b"\n")
            for part in parts[:-1]:
                if length + len(part) > MOST_BYTES_A_LINE:
                    return line
                line, length = line + 1, 0
            length += len(parts[-1])
            if length > MOST_BYTES_A_LINE:
                return line
    return None
