"""Read CSV and Parquet files as tables of text, one `line` number a row.

A raw table holds what the file says: every column text, surrounding white space removed, empty
cells null, and `line`, the line of the file on which the row begins (the header is line 1; in
Parquet the first row counts as line 2). Nothing is interpreted yet.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError

#: Name of the line-number column of a raw table.
LINE = "line"


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
        Where the file is not UTF-8, has no or an ambiguous header, or a row has another number of
        fields than the header. Messages give the line, never the text.
    """
    names = _read_header(path, delimiter)
    try:
        kept = engine.keep(_csv_text(engine, path, delimiter, names, quoted=quoted))
    except duckdb.Error as error:
        raise _unreadable(path, names, delimiter, str(error)) from None
    rows = int(kept.count().to_pyarrow().as_py())
    if _count_lines(path) == rows + 1:
        return kept
    return _number_lines(engine, kept, path, delimiter, quoted=quoted)


def scan_text_csv(
    engine: Engine, path: Path, delimiter: str = ",", *, quoted: bool = True
) -> ir.Table:
    """Read a CSV file as :func:`read_text_csv` does, but leave its rows in the file.

    For files of which few rows are wanted: each use of the table goes through the file again, and
    takes memory for what it keeps alone. Only where lines cannot be counted off is the file kept.
    """
    names = _read_header(path, delimiter)
    try:
        text = _csv_text(engine, path, delimiter, names, quoted=quoted)
        rows = int(text.count().to_pyarrow().as_py())
    except duckdb.Error as error:
        raise _unreadable(path, names, delimiter, str(error)) from None
    if _count_lines(path) == rows + 1:
        return text
    return _number_lines(engine, engine.keep(text), path, delimiter, quoted=quoted)


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
        max_line_size=10_000_000,
    )
    trimmed = {name: _trimmed(raw[name]) for name in names}
    # The header is line 1.
    return raw.select(**trimmed, **{LINE: ibis.row_number().cast("int64") + 2})


def read_text_parquet(engine: Engine, path: Path, yes_no_columns: frozenset[str]) -> ir.Table:
    """Read a Parquet file; every column becomes text.

    Booleans of ``yes_no_columns`` become ``yes`` and ``no``; NaN becomes null. Columns of dates and
    times keep their ISO text, so that the de-identification gate sees them.

    Raises
    ------
    UserError
        Where the file cannot be read, or a column holds lists, structures or bytes.
    """
    try:
        text = engine.keep(_parquet_text(engine, path, yes_no_columns))
    except (duckdb.Error, OSError):
        raise _no_parquet(path) from None
    return engine.keep(text.mutate(**{LINE: ibis.row_number().cast("int64") + 2}))


def scan_text_parquet(engine: Engine, path: Path) -> ir.Table:
    """Read a Parquet file as :func:`read_text_parquet` does, but leave its rows in the file."""
    try:
        text = _parquet_text(engine, path, frozenset())
    except (duckdb.Error, OSError):
        raise _no_parquet(path) from None
    return text.mutate(**{LINE: ibis.row_number().cast("int64") + 2})


def _no_parquet(path: Path) -> UserError:
    return UserError(
        "the file cannot be read as Parquet",
        where=path.name,
        expected="a whole Parquet file",
        try_this="check that the copy is complete",
    )


def _parquet_text(engine: Engine, path: Path, yes_no_columns: frozenset[str]) -> ir.Table:
    raw = engine.connection.read_parquet(str(path))
    schema = raw.schema()
    nested = [name for name, kind in schema.items() if kind.is_nested() or kind.is_binary()]
    if nested:
        raise UserError(
            f"{len(nested)} column(s) hold lists, structures or bytes",
            where=f"{path.name}, columns {', '.join(nested)}",
            expected="one number, word or boolean a cell",
        )
    columns = {}
    for name, kind in schema.items():
        column = raw[name]
        if kind.is_boolean():
            words = ("yes", "no") if name in yes_no_columns else ("true", "false")
            text = ibis.cases((column, words[0]), (~column, words[1]))
        elif kind.is_floating():
            text = (
                column.isnan().ifelse(ibis.null("float64"), column.cast("float64")).cast("string")
            )
        else:
            text = column.cast("string")
        columns[name] = _trimmed(text)
    return raw.select(**columns) if columns else raw


def _trimmed(column: ir.StringValue) -> ir.StringValue:
    return column.strip().nullif("")


def _read_header(path: Path, delimiter: str) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = [name.strip() for name in next(csv.reader(file, delimiter=delimiter), [])]
    except UnicodeDecodeError:
        raise UserError(
            "the file is not UTF-8 text",
            where=path.name,
            expected="UTF-8",
            try_this="save it again with the encoding UTF-8",
        ) from None
    except (OSError, csv.Error):
        raise UserError("the file cannot be read", where=path.name) from None
    if not names or names == [""]:
        raise UserError(
            "the file is empty", where=path.name, expected="a header row with the column names"
        )
    repeated = sorted({name for name in names if names.count(name) > 1 or not name})
    if repeated or LINE in names:
        columns = ", ".join(f"`{name}`" for name in repeated or [LINE])
        raise UserError(
            "column names must differ, be filled in, and not be `line`",
            where=f"{path.name}, header: {columns}",
        )
    return names


def _newline(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    return "\\r\\n" if b"\r\n" in head else "\\n"


def _unreadable(path: Path, names: list[str], delimiter: str, message: str) -> UserError:
    """Find the first faulty line without repeating what it holds."""
    if "utf-8" in message.lower() or "unicode" in message.lower():
        return UserError(
            "the file is not UTF-8 text",
            where=path.name,
            expected="UTF-8",
            try_this="save it again with the encoding UTF-8",
        )
    faulty: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            for row in reader:
                if row and len(row) != len(names):
                    faulty.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error):
        pass
    lines = ", ".join(str(line) for line in faulty[:5])
    return UserError(
        f"{len(faulty) or 'some'} row(s) do not have the header's {len(names)} fields"
        " or have an open quote",
        where=f"{path.name}, line {lines}" if lines else path.name,
        expected=f"{len(names)} fields a row, separated by `{delimiter}`",
    )


def _number_lines(
    engine: Engine, kept: ir.Table, path: Path, delimiter: str, *, quoted: bool
) -> ir.Table:
    """Read lines off the file, where blank lines or line breaks within cells shift the count."""
    marks: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    lines: list[int] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quoting=marks)
        next(reader)
        start = reader.line_num + 1
        for row in reader:
            if row:
                lines.append(start)
            start = reader.line_num + 1
    counted = pa.table({LINE: range(2, len(lines) + 2), "line_of_file": lines})
    joined = kept.left_join(engine.from_memory(counted), LINE).drop(f"{LINE}_right")
    renamed = joined.drop(LINE).rename({LINE: "line_of_file"})
    return engine.keep(renamed.order_by(LINE))


def _count_lines(path: Path) -> int:
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")
