"""The door: what a drop's folder may hold, and what is never opened as a table.

Looked at before anything is read: links that lead out of the drop, folders and pipes in the place
of files, files that may not be read, compressed files, Parquet files that would unpack to more than
any drop holds. Messages name files, never what they hold.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.errors import UserError

#: Endings of the files that tables are read from.
TABLE_SUFFIXES = (
    ".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xlsm", ".xpt", ".sas7bdat", ".sav", ".zsav",
    ".por", ".dta",
)  # fmt: skip
_TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_PACKED_SUFFIXES = (".gz", ".zip", ".zst", ".bz2", ".xz", ".7z", ".lz4")
#: First bytes of compressed files, which DuckDB or a person may have named as text.
_PACKED = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"7z\xbc\xaf": "7z",
}
#: Rows have keys, and keys differ: no true table packs more rows than these into a byte. Smaller
#: tables are read as they are.
MOST_ROWS_A_BYTE = 20
ROWS_NOT_JUDGED = 10_000_000
#: One cell of a Parquet file may have this many bytes; a line of a CSV file too.
MOST_BYTES_A_LINE = 10_000_000
#: Settings (drop.yaml and mappings) are written by hand.
MOST_BYTES_OF_SETTINGS = 1_000_000


def check_folder(folder: Path) -> None:
    """Refuse a drop whose folder holds what cannot be a table.

    Hidden files are passed over, as are folders whose names do not end like a table's.

    Raises
    ------
    UserError
        Naming the first such file in order of names, and what to do.
    """
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(
            f"the drop's folder cannot be read: {error.strerror}",
            where=str(folder),
            try_this="check its permissions",
        ) from None
    for path in entries:
        _check_entry(folder, path)


def _check_entry(folder: Path, path: Path) -> None:
    if path.is_symlink() and not is_inside(folder, path):
        raise UserError(
            "a link leads out of the drop, or nowhere",
            where=path.name,
            expected="files of its own in the drop's folder",
            try_this="copy the file itself into the folder",
        )
    if path.is_dir():
        if path.suffix.lower() in TABLE_SUFFIXES:
            raise UserError(
                "a folder stands where a file is expected",
                where=path.name,
                expected="one file a table",
                try_this="put the parts of a table together in one file",
            )
        return
    if not path.is_file():
        raise UserError(
            "neither a file nor a folder (a pipe, socket or device)",
            where=path.name,
            expected="files",
        )
    head = _read_head(path)
    ending = path.suffix.lower()
    named = ending in _PACKED_SUFFIXES and Path(path.stem).suffix.lower() in TABLE_SUFFIXES
    kind = next((kind for start, kind in _PACKED.items() if head.startswith(start)), None)
    if named or (kind is not None and ending in _TEXT_SUFFIXES):
        raise UserError(
            f"the file is compressed ({kind or ending.lstrip('.')})",
            where=path.name,
            expected="tables that are not packed",
            try_this="unpack it outside of the drop, see that it is what you expect, and put that"
            " in its place",
        )
    if ending in (".yaml", ".yml") and path.stat().st_size > MOST_BYTES_OF_SETTINGS:
        raise UserError(
            "settings of over 1 MB",
            where=path.name,
            expected="a few lines written by hand",
            kind="config",
        )


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise UserError(
            f"the file cannot be read: {error.strerror}",
            where=path.name,
            try_this="check its permissions, and that the copy is complete",
        ) from None


def is_inside(folder: Path, path: Path) -> bool:
    """Tell whether a path, followed to where it leads, is there and lies in the drop."""
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError):
        return False


def check_named_file(folder: Path, name: str) -> Path:
    """Give the file that settings name, or refuse one that lies outside of the drop."""
    path = folder / name
    if path.exists() and not is_inside(folder, path):
        raise UserError(
            f"`{name}` lies outside of the drop",
            where=str(folder),
            expected="the name of a file in the drop's own folder",
            kind="config",
        )
    return path


def check_parquet(path: Path) -> list[str]:
    """Refuse a Parquet file that would unpack to more rows than it can hold keys for.

    Returns
    -------
    list
        Names of the columns of which a cell may exceed :data:`MOST_BYTES_A_LINE`, going by what
        the file says of itself.

    Raises
    ------
    pyarrow.ArrowException, OSError
        Where it is no Parquet file.
    """
    about = pq.read_metadata(path)
    size = path.stat().st_size
    if about.num_rows > max(ROWS_NOT_JUDGED, MOST_ROWS_A_BYTE * size):
        raise UserError(
            f"{about.num_rows} rows in {size} bytes: no table whose rows have keys is as small",
            where=path.name,
            expected=f"at most {MOST_ROWS_A_BYTE} rows a byte",
            try_this="make the export again; the file may be made to fill the disk",
        )
    large = set()
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            if column.total_uncompressed_size > MOST_BYTES_A_LINE:
                large.add(column.path_in_schema)
    strings = {
        field.name
        for field in pq.read_schema(path)
        if pa.types.is_string(field.type)
        or pa.types.is_large_string(field.type)
        or pa.types.is_dictionary(field.type)
    }
    return sorted(large & strings)
