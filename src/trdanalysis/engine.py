"""The engine that runs row-level expressions: DuckDB in the process.

Expressions are written with Ibis and name no engine. What is particular to one is here: how to
connect, to keep an intermediate table, and to write a sorted file.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.errors import TOLD_OF_FILES, UserError, explain_system
from trdanalysis.files import append_csv, write_aside
from trdanalysis.spill import Spill

# Each step of a derivation stays a query of its own. Fused, an expression that is used several
# times is written out as often, and the engine computes it as often.
ibis.options.sql.fuse_selects = False

#: Objects made before Python looks for rings of them that nobody holds (its own number is 700).
#: Ibis and sqlglot make millions of small objects that go away by themselves; looking through them
#: took a quarter of the time of a small drop. They are few beside what tables take.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000

#: Rows of one row group in a Parquet file; fixed, so that the bytes do not depend on the machine.
ROW_GROUP_ROWS = 122_880

#: What rows are told apart by while they are laid out, and how many of a partition are collected
#: before they go to the disk; every partition collects its own.
_PARTITION, _ROWS_OF_PARTITION = "part__number", 20_480

#: Rows that go to a text file at a time.
_ROWS_OF_TEXT = 100_000


def _refused(error: duckdb.IOException) -> UserError | None:
    """Give what to do where the system refused to read or write, if the engine tells that."""
    told = [one for one in TOLD_OF_FILES if os.strerror(one) in str(error)]
    return explain_system(OSError(told[0], "")) if told else None


class Engine:
    """A DuckDB session with bounded memory that spills to a folder of its own.

    Parameters
    ----------
    memory_limit_mb
        What DuckDB may hold before it spills, in MiB.
    threads
        Worker threads. They change the time, never a result.
    spill_folder
        Where the session makes its folder for what memory does not hold; by default the system's
        folder for temporary files.
    spill_limit_mb
        What may be spilled, in MiB; by default nine tenths of what is free on the disk. It is asked
        of DuckDB for its own files, and before every file that a table is kept in.
    """

    #: Whether a cohort that is larger than memory is to be given in parts.
    works_in_parts = True

    def __init__(
        self,
        memory_limit_mb: int = 2000,
        threads: int = 2,
        spill_folder: Path | None = None,
        spill_limit_mb: int | None = None,
    ) -> None:
        self._memory_limit_mb = memory_limit_mb
        self.spill = Spill(spill_folder, spill_limit_mb)
        self.connection = ibis.duckdb.connect(
            memory_limit=f"{memory_limit_mb}MiB",
            threads=threads,
            temp_directory=str(self.spill.folder),
        )
        if spill_limit_mb is not None:
            self.connection.raw_sql(f"SET max_temp_directory_size = '{spill_limit_mb}MiB'")
        # Ibis 12 writes lambdas with an arrow, which DuckDB 2.0 still reads if told to.
        self.connection.raw_sql("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
        self._kept = 0
        self._names: list[str] = []
        self._files: list[Path] = []
        self._in_files = False
        self.is_spill_encrypted = False
        self._collections = gc.get_threshold()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *self._collections[1:])

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        gc.set_threshold(*self._collections)
        self.connection.disconnect()
        self.spill.remove()
        refused = _refused(error) if isinstance(error, duckdb.IOException) else None
        if refused is not None:
            raise refused from None
        if isinstance(error, duckdb.OutOfMemoryException):
            # What the engine says may name what it worked on; that it ran out is enough.
            raise UserError(
                f"the engine ran out of its {self._memory_limit_mb} MiB of memory, or of disk",
                where=f"temporary files under {self.spill.within}",
                try_this="give it more: `memory_limit_mb` in config/config.yaml,"
                " or `--memory-limit-mb`; and see that the disk has room and `spill_limit_mb`"
                " allows for it",
                kind="resources",
            ) from None

    def count_progress(self) -> None:
        """Let the engine count how far a query is, for :meth:`query_progress`; prints nothing."""
        self.connection.raw_sql("SET enable_progress_bar = true")
        self.connection.raw_sql("SET enable_progress_bar_print = false")

    def query_progress(self) -> float:
        """Give the percentage of the query that runs; below 0 where none does, or nobody knows."""
        return float(self.connection.con.query_progress())

    def read_parquet(self, *paths: Path) -> ir.Table:
        """Read Parquet files of one layout as one table."""
        return self.connection.read_parquet([str(path) for path in paths])

    def encrypt_spill(self) -> None:
        """Write what spills in no readable form from here on; a run that spills takes longer.

        For steps that hold calendar dates. The key lives in this process and dies with it. Its
        random numbers are not those of a certified library, which would be a further dependency:
        this keeps dates from lying on a disk, and is no protection from who can read the memory.
        """
        self.connection.raw_sql("SET force_mbedtls_unsafe = 'true'")
        self.connection.raw_sql("SET temp_file_encryption = true")
        self.is_spill_encrypted = True

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute a table once and keep it for the session, for use by several expressions."""
        if self._in_files:
            return self.keep_in_file(table)
        self._kept += 1
        name = f"kept_{self._kept}"
        kept = self.connection.create_table(name, table, temp=True)
        self._names.append(name)
        return kept

    def keep_in_file(self, table: ir.Table) -> ir.Table:
        """Keep a table as :meth:`keep` does, but compressed and outside of memory from the start.

        For a table of the whole cohort that is read column by column.
        """
        path = self.spill.new_file()
        self._write(table, path)
        self._files.append(path)
        return self.read_parquet(path)

    def write_partitions(self, table: ir.Table, number: ir.IntegerValue) -> dict[int, list[Path]]:
        """Write rows to files by a number that each has; give the files of each number.

        In the session's own folder. The order of rows is lost.
        """
        folder = self.spill.new_file().with_suffix("")
        query = self.connection.compile(table.mutate(**{_PARTITION: number}))
        quoted = str(folder).replace("'", "''")
        self.connection.raw_sql(
            f"COPY ({query}) TO '{quoted}' (FORMAT parquet, PARTITION_BY ({_PARTITION}),"
            f" OVERWRITE_OR_IGNORE, COMPRESSION lz4_raw, ROW_GROUP_SIZE {_ROWS_OF_PARTITION})"
        )
        # A table without rows leaves no folder.
        return {
            int(each.name.partition("=")[2]): sorted(each.glob("*.parquet"))
            for each in folder.glob(f"{_PARTITION}=*")
        }

    def keep_all_in_files(self) -> None:
        """Let :meth:`keep` do as :meth:`keep_in_file` from here on: for a cohort of many rows."""
        self._in_files = True

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Give back, at the end, the memory of tables that were kept within."""
        names, files = self._names, self._files
        self._names, self._files = [], []
        try:
            yield
        finally:
            for name in self._names:
                self.connection.drop_table(name, force=True)
            for file in self._files:
                file.unlink(missing_ok=True)
            self._names, self._files = names, files

    def drop_kept(self, *tables: ir.Table) -> None:
        """Give back the memory of tables that :meth:`keep` made."""
        for table in tables:
            name = table.op().name
            if name in self._names:
                self._names.remove(name)
                self.connection.drop_table(name)

    def from_memory(self, table: Any) -> ir.Table:
        """Bring a small in-memory table (Arrow or pandas) into the session."""
        if isinstance(table, pd.DataFrame):
            # Ibis asks pandas for an option that pandas 3 deprecates.
            table = pa.Table.from_pandas(table, preserve_index=False)
        return self.keep(ibis.memtable(table))

    def write_parquet(self, table: ir.Table, path: Path, order_by: list[str]) -> None:
        """Write a table sorted by ``order_by``: the same rows give the same bytes."""
        with write_aside(path) as aside:
            self._write(_with_nulls_possible(table).order_by(order_by), aside)

    def _write(self, table: ir.Table, path: Path) -> None:
        self.connection.to_parquet(
            table, str(path), compression="zstd", row_group_size=ROW_GROUP_ROWS
        )

    def join_files(self, files: Sequence[Path], path: Path) -> None:
        """Make one Parquet file of several, in their order, and remove them."""
        with write_aside(path) as aside:
            self._write(Engine.read_parquet(self, *files), aside)
        for file in files:
            file.unlink()

    def write_csv(self, table: ir.Table, path: Path, order_by: Sequence[Any]) -> None:
        """Write a sorted table of any length as :func:`trdanalysis.files.write_csv` does a small
        one.
        """
        # Not by Ibis: it asks for batches by a name that DuckDB 2.0 does not have any more.
        found = self.connection.con.sql(self.connection.compile(table.order_by(order_by)))
        batches = found.to_arrow_reader(_ROWS_OF_TEXT)
        frames = (pa.Table.from_batches([batch]).to_pandas() for batch in batches)
        empty = table.schema().to_pyarrow().empty_table().to_pandas()
        append_csv(path, empty, frames)


def _with_nulls_possible(table: ir.Table) -> ir.Table:
    """Give the same rows, of which no column is known to have no nulls.

    DuckDB writes in a Parquet file that a column cannot be null where it happens to know so, which
    depends on the way to the table and not on its rows. It cannot know that no random number is
    below 0, so it must think that a row of nulls may follow.
    """
    kinds = {name: kind.copy(nullable=True) for name, kind in table.schema().items()}
    nothing = pa.table({name: pa.nulls(1, kind.to_pyarrow()) for name, kind in kinds.items()})
    never = ibis.memtable(nothing, schema=ibis.schema(kinds)).filter(ibis.random() < 0)
    return ibis.union(table, never)
