"""Files: written aside, then renamed, so that nothing half-written is ever seen."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pandas as pd

from trdanalysis.errors import UserError
from trdanalysis.folders import make_folder
from trdanalysis.spreadsheet import guard_table


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """Give a path to write to; on success it takes the place of ``path``, else it is removed.

    Raises
    ------
    UserError
        Kind ``output``, where the folder cannot be written or the disk is full.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.aside")
    try:
        make_folder(path.parent)
        _clear_asides(path)
        yield aside
        aside.replace(path)
    except OSError as error:
        raise UserError(
            f"a result cannot be written: {error.strerror}",
            where=str(path),
            try_this="check that the folder is writable and the disk is not full",
            kind="output",
        ) from None
    finally:
        _remove_aside(aside)


def _remove_aside(path: Path) -> None:
    """Remove what was written aside; where that cannot be, there is a reason that is told."""
    # On a file system that cannot be written, removing what is not there is an error too.
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _clear_asides(path: Path) -> None:
    """Remove what processes that were killed while they wrote ``path`` left beside it."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.aside"):
        owner = left.name.removesuffix(".aside").rpartition(".")[2]
        if owner.isdecimal() and not is_alive(int(owner)):
            _remove_aside(left)


def is_alive(process: int) -> bool:
    """Say whether a process of this machine lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file."""
    with write_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file of any kind."""
    with write_aside(path) as aside:
        aside.write_bytes(content)


def write_text_if_changed(path: Path, text: str) -> None:
    """Write a text file only where its content would change: its time stamp tells the truth."""
    if not has_text(path, text):
        write_text(path, text)


def write_texts_if_changed(texts: Mapping[Path, str]) -> None:
    """Write text files, each only where its content would change."""
    for path, text in texts.items():
        write_text_if_changed(path, text)


def has_text(path: Path, text: str) -> bool:
    """Say whether a file is there, can be read and holds a text."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def format_json(data: Any) -> str:
    """Give JSON with a fixed layout."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def write_json(path: Path, data: Any) -> None:
    """Write JSON with a fixed layout."""
    write_text(path, format_json(data))


def read_json(path: Path) -> Any:
    """Read JSON that :func:`write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a small table as CSV: empty for null, true and false, 10 significant digits.

    Text that a spreadsheet would run as a formula gets an apostrophe before it, see
    :mod:`trdanalysis.spreadsheet`.
    """
    append_csv(path, table, ())


def append_csv(path: Path, table: pd.DataFrame, more: Iterable[pd.DataFrame]) -> None:
    """Write a table and further rows of it as :func:`write_csv` does, a frame at a time."""
    with write_aside(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        _write_rows(file, table, header=True)
        for frame in more:
            _write_rows(file, frame, header=False)


def _write_rows(file: IO[str], table: pd.DataFrame, *, header: bool) -> None:
    text = guard_table(table)
    for name in text.columns:
        if pd.api.types.is_bool_dtype(text[name].dtype):
            text[name] = text[name].map({True: "true", False: "false"})
    text.to_csv(file, index=False, header=header, float_format="%.10g", lineterminator="\n")


def read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV file of the project as text; empty cells are empty strings.

    Raises
    ------
    UserError
        Kind ``config``: it is no CSV, or not UTF-8. Steps write whole files; somebody edited it.
    """
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise UserError(
            "the table cannot be read",
            where=str(path),
            expected="CSV in UTF-8, each row with the fields of its header",
            kind="config",
        ) from None


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a small table as Parquet, with its column types."""
    with write_aside(path) as aside:
        table.to_parquet(aside, index=False, compression="zstd")
