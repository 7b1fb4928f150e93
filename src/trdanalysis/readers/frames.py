"""Foreign files as frames of text: delimited text of any encoding, Parquet, and what statistics
packages and spreadsheets write.

A frame has every column as text, white space around it removed and empty cells None, and `line`, as
raw tables have (see :mod:`trdanalysis.readers.text_tables`). Nothing is interpreted yet.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.foreign import FOREIGN, read_foreign
from trdanalysis.readers.parquet_tables import read_text_parquet
from trdanalysis.readers.text_tables import LINE, check_names

#: Longest cell of a delimited file, in characters; Python's own limit is 131,072.
_LONGEST_CELL = 10_000_000

Cells = list[str | None]


def read_frame(
    engine: Engine,
    path: Path,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    descriptions: bool = False,
    sheet: str | None = None,
    repeated: bool = False,
) -> pd.DataFrame:
    """Read one file as a frame of text; its suffix says what it is.

    Parameters
    ----------
    engine
        Reads Parquet.
    path
        ``.parquet``, one of :data:`trdanalysis.readers.foreign.FOREIGN`, or delimited text.
    delimiter
        One character; of delimited text only.
    encoding
        As Python names it; not of Parquet and spreadsheets.
    descriptions
        Whether a second header row, of descriptions, follows the names; it is left out.
    sheet
        Name of a spreadsheet's sheet; the first if none is given.
    repeated
        Whether names may stand several times in the header; the second gets ` (2)` behind it.

    Raises
    ------
    UserError
        Where the file is not there or cannot be read: wrong encoding, ragged rows, ambiguous names.
        Messages give lines, never text.
    """
    if not path.is_file():
        others = [file.name for file in path.parent.iterdir() if file.is_file()]
        raise UserError(
            f"the mapping names the file `{path.name}`, which is not there",
            where=str(path.parent),
            try_this=suggest(path.name, others) if others else None,
        )
    suffix = path.suffix.lower()
    names: list[str]
    rows: Sequence[Sequence[str | None]]
    if suffix == ".parquet":
        return _read_parquet(engine, path)
    if suffix in FOREIGN:
        names, rows, first = read_foreign(path, encoding, sheet)
        lines = [number + first for number in range(len(rows))]
    else:
        names, rows, lines = _read_delimited(path, delimiter, encoding)
    if not names or list(names) == [""]:
        raise UserError(
            "the file is empty", where=path.name, expected="a header row with the column names"
        )
    names = _tell_apart(names) if repeated else names
    check_names(names, path)
    if descriptions:
        rows, lines = rows[1:], lines[1:]
    columns = {name: [tidy(row[place]) for row in rows] for place, name in enumerate(names)}
    return as_frame(columns, lines)


def _tell_apart(names: Sequence[str]) -> list[str]:
    """Number names that stand several times, from the second on."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def as_frame(columns: dict[str, Cells], lines: Sequence[int]) -> pd.DataFrame:
    """Make a frame of text columns and their lines."""
    series = {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    return pd.DataFrame({**series, LINE: pd.Series(list(lines), dtype="int64")})


def cells_of(frame: pd.DataFrame, column: str) -> Cells:
    """Give a column's cells as a list, None where empty."""
    return [None if pd.isna(cell) else str(cell) for cell in frame[column]]


def as_table(engine: Engine, frame: pd.DataFrame, columns: Iterable[str]) -> ir.Table:
    """Bring some columns of a frame, and its lines, into the engine as a raw table."""
    arrays = {name: pa.array(cells_of(frame, name), pa.string()) for name in columns}
    arrays[LINE] = pa.array([int(line) for line in frame[LINE]], pa.int64())
    return engine.from_memory(pa.table(arrays))


def tidy(cell: str | None) -> str | None:
    """Remove white space around a cell; an empty one is None."""
    return (cell.strip() or None) if cell is not None else None


def _read_delimited(
    path: Path, delimiter: str, encoding: str
) -> tuple[list[str], list[list[str]], list[int]]:
    """Give names, rows and the line on which each row begins; blank lines are passed over."""
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[list[str]] = []
    lines: list[int] = []
    names: list[str] = []
    plain = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    try:
        with path.open(encoding="utf-8-sig" if plain else encoding, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            names = [name.strip() for name in next(reader, [])]
            start = reader.line_num + 1
            for row in reader:
                if row:
                    rows.append(row)
                    lines.append(start)
                start = reader.line_num + 1
    except LookupError:
        raise UserError(
            f"unknown encoding `{encoding}`",
            where=path.name,
            expected="such as utf-8 or cp1252",
            kind="config",
        ) from None
    except UnicodeDecodeError:
        raise UserError(
            f"the file is not {encoding} text",
            where=path.name,
            expected=encoding,
            try_this="say in the mapping what it is, such as `encoding: cp1252`",
        ) from None
    except (OSError, csv.Error):
        raise UserError(
            "the file cannot be read",
            where=f"{path.name}, after line {lines[-1] if lines else 1}",
            expected=f"fields separated by `{delimiter}`, with no open quote",
        ) from None
    faulty = [line for row, line in zip(rows, lines, strict=True) if len(row) != len(names)]
    if faulty:
        raise UserError(
            f"{len(faulty)} row(s) do not have the header's {len(names)} fields",
            where=f"{path.name}, line " + ", ".join(str(line) for line in faulty[:5]),
            expected=f"{len(names)} fields a row, separated by `{delimiter}`",
        )
    return names, rows, lines


def _read_parquet(engine: Engine, path: Path) -> pd.DataFrame:
    try:
        names = frozenset(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        # read_text_parquet says what is wrong with it.
        names = frozenset()
    table = read_text_parquet(engine, path, names).to_pyarrow()
    columns = {name: table[name].to_pylist() for name in table.column_names if name != LINE}
    return as_frame(columns, table[LINE].to_pylist())
