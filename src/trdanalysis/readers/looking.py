"""A first look at a file of which nothing is known: separator, encoding, sheets, labels, and its
rows as a frame of text.
"""

from __future__ import annotations

import csv
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.door import TABLE_SUFFIXES
from trdanalysis.readers.foreign import FOREIGN, text_of
from trdanalysis.readers.frames import read_frame
from trdanalysis.readers.parquet_tables import read_text_parquet
from trdanalysis.readers.text_tables import read_text_csv

#: So many rows are looked at.
MOST_ROWS = 50_000
_SEPARATORS = {",": ",", ";": ";", "\t": "tab", "|": "|"}
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True)
class Look:
    """A file's rows and how they were read.

    Attributes
    ----------
    frame
        Text columns and ``line``; at most :data:`MOST_ROWS` rows.
    delimiter, encoding, sheet
        What a mapping has to say; None where its default will do or it does not apply.
    notes
        Sentences on what was not said by the file itself.
    labels
        Of codes: column, code, label.
    """

    frame: pd.DataFrame
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    notes: tuple[str, ...] = ()
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


def look_at(engine: Engine, path: Path, sheet: str | None = None) -> Look:
    """Read the first rows of a file as text.

    Parameters
    ----------
    engine
        Reads delimited text and Parquet.
    path
        Any file that the flat reader reads.
    sheet
        Of a spreadsheet; the first if None.

    Raises
    ------
    UserError
        Where the file is not there, is packed, or cannot be read.
    """
    if not path.is_file():
        raise UserError(
            "there is no such file",
            where=str(path),
            expected="CSV, Parquet, Excel, SAS, SPSS or Stata",
            kind="not_found",
        )
    suffix = path.suffix.lower()
    if suffix in (".xls", ".ods", ".rds", ".rdata", ".json", ".xml", ".pdf"):
        raise UserError(
            f"files that end in {suffix} cannot be read",
            where=path.name,
            expected=", ".join(TABLE_SUFFIXES),
            try_this="save it as CSV in UTF-8",
        )
    if suffix in FOREIGN:
        return _look_at_package(engine, path, sheet)
    if sheet is not None:
        raise UserError(
            "only spreadsheets have sheets", where=path.name, expected="no --sheet", kind="config"
        )
    if suffix == ".parquet":
        try:
            names = frozenset(pq.read_schema(path).names)
        except Exception:  # read_text_parquet says what is wrong with it
            names = frozenset()
        table = read_text_parquet(engine, path, names)
        return Look(_first(table), notes=_cut(table))
    return _look_at_text(engine, path)


def _first(table: Any) -> pd.DataFrame:
    arrow = table.limit(MOST_ROWS).to_pyarrow()
    return pd.DataFrame(
        {n: pd.Series(arrow[n].to_pylist(), dtype=object) for n in arrow.column_names}
    )


def _cut(table: Any) -> tuple[str, ...]:
    rows = int(table.count().to_pyarrow().as_py())
    return (f"Only the first {MOST_ROWS} of {rows} rows were looked at.",) * (rows > MOST_ROWS)


def _look_at_text(engine: Engine, path: Path) -> Look:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    _refuse_packed(path, head)
    notes: list[str] = []
    encoding = None
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        notes.append("The file is UTF-16 text.")
    elif not _is_utf8(path):
        encoding = "cp1252"
        notes.append("The file is not UTF-8; cp1252 (Windows, Western Europe) is a guess.")
    text = head.decode(encoding or "utf-8-sig", errors="replace")
    delimiter = _delimiter_of(text)
    if encoding is not None:
        frame = read_frame(engine, path, delimiter=delimiter, encoding=encoding)
        if len(frame) > MOST_ROWS:
            notes.append(f"Only the first {MOST_ROWS} of {len(frame)} rows were looked at.")
            frame = frame.head(MOST_ROWS)
    else:
        table = read_text_csv(engine, path, delimiter)
        notes += _cut(table)
        frame = _first(table)
    told = None if delimiter == "," else _SEPARATORS[delimiter]
    return Look(frame, told, encoding, None, tuple(notes))


def _refuse_packed(path: Path, head: bytes) -> None:
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ")):
        raise UserError(
            "the file is compressed",
            where=path.name,
            expected="a table that is not packed",
            try_this="unpack it first",
        )


def _is_utf8(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(_HEAD_BYTES):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(text: str) -> str:
    """Give the separator that parts the header, and parts the next rows into as many fields."""
    best, most = ",", (False, 1)
    for one in _SEPARATORS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=one)
        counts = []
        try:
            for row, _ in zip(reader, range(20), strict=False):
                if row:
                    counts.append(len(row))
        except csv.Error:
            continue
        if not counts:
            continue
        # The last row of the part that was read may be cut off.
        even = len(set(counts[:-1] or counts)) == 1
        found = (even and counts[0] > 1, counts[0])
        if found > most:
            best, most = one, found
    return best


def _look_at_package(engine: Engine, path: Path, sheet: str | None) -> Look:
    frame = read_frame(engine, path, sheet=sheet)
    notes: list[str] = []
    if len(frame) > MOST_ROWS:
        notes.append(f"Only the first {MOST_ROWS} of {len(frame)} rows were looked at.")
        frame = frame.head(MOST_ROWS)
    if FOREIGN[path.suffix.lower()] == "Excel":
        others = [name for name in _sheets(path) if name != (sheet or _sheets(path)[0])]
        if others:
            notes.append(
                f"The file has {len(others) + 1} sheets; this is"
                + (" the first of them." if sheet is None else " one of them.")
                + " Another is looked at with --sheet."
            )
        return Look(frame, sheet=sheet, notes=tuple(notes))
    return Look(frame, notes=tuple(notes), labels=_labels(path))


def _sheets(path: Path) -> list[str]:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path, read_only=True)
    names = list(book.sheetnames)
    book.close()
    return names


def _labels(path: Path) -> dict[str, dict[str, str]]:
    """Give what SPSS and Stata files say of their codes; others say nothing."""
    import pyreadstat

    readers: dict[str, Any] = {
        ".sav": pyreadstat.read_sav,
        ".zsav": pyreadstat.read_sav,
        ".por": pyreadstat.read_por,
        ".dta": pyreadstat.read_dta,
    }
    read = readers.get(path.suffix.lower())
    if read is None:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, about = read(str(path), metadataonly=True)
    return {
        name.strip(): {str(text_of(code)): str(label) for code, label in codes.items()}
        for name, codes in about.variable_value_labels.items()
    }
