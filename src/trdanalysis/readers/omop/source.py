"""Where the tables of an OMOP drop are: CSV and Parquet files, or a DuckDB file.

Whatever the form, a table comes out as text with small letters in its column names, so that every
cell is read in one place and in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.omop.values import derive_id
from trdanalysis.readers.parquet_tables import scan_text_parquet
from trdanalysis.readers.text_tables import LINE, scan_text_csv


@dataclass(frozen=True)
class Only:
    """Keep the rows whose column is one of these values; ids are compared as numbers."""

    column: str
    values: tuple[str, ...]
    ids: bool = True


class Source(Protocol):
    """The tables of one drop."""

    def tables(self) -> frozenset[str]:
        """Names of the tables that are there, in small letters."""

    def columns(self, table: str) -> frozenset[str]:
        """Names of a table's columns, in small letters."""

    def read(self, table: str, columns: tuple[str, ...], only: Only | None = None) -> ir.Table:
        """Give columns as text (null throughout where the table lacks one) and ``line``."""

    def count(self, table: str, without_concept: str | None = None) -> int:
        """Count the rows of a table, or those of them that have no concept in a column."""

    def close(self) -> None:
        """Let go of the files or the connection."""


class FileSource:
    """CSV and Parquet files in the drop's folder, named like the tables in any letter case.

    Parameters
    ----------
    engine
        Reads the files.
    folder
        The drop's folder.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._paths: dict[str, Path] = {}
        self._scans: dict[str, ir.Table] = {}
        self._counts: dict[tuple[str, str | None], int] = {}
        for path in sorted(folder.iterdir()):
            name = path.stem.lower()
            if path.suffix.lower() not in (".csv", ".parquet"):
                continue
            if name in self._paths:
                raise UserError(
                    f"table `{name}` stands twice",
                    where=f"{self._paths[name].name} and {path.name}",
                    expected="one file a table",
                    try_this="remove the one that is out of date",
                )
            self._paths[name] = path

    def tables(self) -> frozenset[str]:
        """Names of the files, in small letters."""
        return frozenset(self._paths)

    def columns(self, table: str) -> frozenset[str]:
        """Names of a file's columns."""
        return frozenset(self._scan(table).columns) - {LINE}

    def read(self, table: str, columns: tuple[str, ...], only: Only | None = None) -> ir.Table:
        """Give some of a file's columns and rows; the line is that of the file."""
        check_columns(table, self.columns(table), columns, only)
        return self._engine.keep(_select(self._engine, self._scan(table), columns, only))

    def count(self, table: str, without_concept: str | None = None) -> int:
        """Count rows."""
        wanted = (table, without_concept)
        if wanted not in self._counts:
            self._counts[wanted] = _count(self._scan(table), without_concept)
        return self._counts[wanted]

    def close(self) -> None:
        """Forget the files."""
        self._scans.clear()

    def _scan(self, table: str) -> ir.Table:
        """Open a file once; its rows stay in it, for the vocabularies have far too many of them."""
        if table not in self._scans:
            path = self._paths[table]
            if path.suffix.lower() == ".csv":
                tabs = "\t" in _first_line(path)
                # Files of the vocabularies are separated by tabs, and their quotes are text.
                text = scan_text_csv(self._engine, path, "\t" if tabs else ",", quoted=not tabs)
            else:
                text = scan_text_parquet(self._engine, path)
            small = {name.lower(): text[name] for name in text.columns}
            if len(small) != len(text.columns):
                raise UserError("column names differ in letter case alone", where=path.name)
            self._scans[table] = text.select(**small)
        return self._scans[table]


class DuckdbSource:
    """Tables of a DuckDB file, opened for reading only.

    The line of a row is its place in the order of the table's id, counted as in a file: 2 first.

    Parameters
    ----------
    engine
        Opens the file.
    path
        The file.
    schema
        Schema of the tables.
    """

    _ALIAS = "omop_source"

    def __init__(self, engine: Engine, path: Path, schema: str) -> None:
        self._engine = engine
        self._at = (self._ALIAS, schema)
        if not path.is_file():
            raise UserError(
                f"the mapping names the file `{path.name}`, which is not there",
                where=str(path.parent),
            )
        try:
            engine.connection.attach(str(path), name=self._ALIAS, read_only=True)
            found = engine.connection.con.execute(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_catalog = ? AND table_schema = ?",
                list(self._at),
            )
            names = [row[0] for row in found.fetchall()]
        except (duckdb.Error, OSError):
            raise UserError(
                "the file cannot be read as DuckDB",
                where=path.name,
                expected="a whole DuckDB file, not open for writing elsewhere",
            ) from None
        self._names = {name.lower(): name for name in names}

    def tables(self) -> frozenset[str]:
        """Names of the tables and views of the schema."""
        return frozenset(self._names)

    def columns(self, table: str) -> frozenset[str]:
        """Names of a table's columns."""
        return frozenset(name.lower() for name in self._raw(table).columns)

    def read(self, table: str, columns: tuple[str, ...], only: Only | None = None) -> ir.Table:
        """Give some of a table's columns and rows."""
        check_columns(table, self.columns(table), columns, only)
        return self._engine.keep(_select(self._engine, self._text(table), columns, only))

    def count(self, table: str, without_concept: str | None = None) -> int:
        """Count rows."""
        return _count(self._text(table), without_concept)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.connection.detach(self._ALIAS)

    def _raw(self, table: str) -> ir.Table:
        return self._engine.connection.table(self._names[table], database=self._at)

    def _text(self, table: str) -> ir.Table:
        raw = self._raw(table)
        text = {name.lower(): raw[name].cast("string").strip().nullif("") for name in raw.columns}
        id_name = f"{table}_id" if f"{table}_id" in text else next(iter(text))
        cast = raw.select(**text)
        order = [derive_id(cast[id_name]).try_cast("int64"), cast[id_name]]
        return cast.mutate(**{LINE: ibis.row_number().over(order_by=order).cast("int64") + 2})


def check_columns(
    table: str, there: frozenset[str], columns: tuple[str, ...], only: Only | None
) -> None:
    """Refuse a table without the person, or without the column that rows are chosen by."""
    needed = [name for name in columns if name == "person_id"]
    needed += [only.column] if only is not None else []
    missing = [name for name in needed if name not in there]
    if missing:
        raise UserError(
            f"{len(missing)} required column(s) missing: {', '.join(missing)}",
            where=f"table {table}, which has {len(there)} column(s)",
            try_this=suggest(missing[0], there) if there else None,
        )


def _select(
    engine: Engine, table: ir.Table, columns: tuple[str, ...], only: Only | None
) -> ir.Table:
    if only is not None:
        keyed = table.mutate(
            only_this=derive_id(table[only.column]) if only.ids else table[only.column]
        )
        wanted = engine.from_memory(pa.table({"only_this": pa.array(only.values, pa.string())}))
        table = keyed.semi_join(wanted, "only_this")
    chosen = {
        name: (table[name] if name in table.columns else ibis.null("string")) for name in columns
    }
    return table.select(**chosen, **{LINE: table[LINE]})


def _count(table: ir.Table, without_concept: str | None) -> int:
    if without_concept is not None:
        id_text = derive_id(table[without_concept])
        table = table.filter(((id_text == "0") | id_text.isnull()).fill_null(True))
    return int(table.count().to_pyarrow().as_py())


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(1 << 16).decode("utf-8", errors="replace")
