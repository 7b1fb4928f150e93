"""The engine that runs row-level expressions: DuckDB in the process.

Expressions are written with Ibis and name no engine. What is particular to one is here: how to
connect, to keep an intermediate table, and to write a sorted file.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.errors import TOLD_OF_FILES, UserError, explain_system
from trdanalysis.files import is_alive, write_aside

# Each step of a derivation stays a query of its own. Fused, an expression that is used several
# times is written out as often, and the engine computes it as often.
ibis.options.sql.fuse_selects = False

#: Objects made before Python looks for rings of them that nobody holds (its own number is 700).
#: Ibis and sqlglot make millions of small objects that go away by themselves; looking through them
#: took a quarter of the time of a small drop. They are few beside what tables take.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000

#: Rows of one row group in a Parquet file; fixed, so that the bytes do not depend on the machine.
ROW_GROUP_ROWS = 122_880

_SPILL = "trdanalysis-spill-"


def _clear_spills() -> None:
    """Remove what engines of this user that were killed had spilled: it holds rows of patients."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SPILL}*-*"):
        owner = left.name.removeprefix(_SPILL).partition("-")[0]
        try:
            is_own = left.is_dir() and not left.is_symlink() and left.stat().st_uid == os.getuid()
        except OSError:
            continue
        if is_own and owner.isdecimal() and not is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


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
    """

    def __init__(self, memory_limit_mb: int = 2000, threads: int = 2) -> None:
        self._memory_limit_mb = memory_limit_mb
        _clear_spills()
        self._spill = tempfile.TemporaryDirectory(prefix=f"{_SPILL}{os.getpid()}-")
        self.connection = ibis.duckdb.connect(
            memory_limit=f"{memory_limit_mb}MiB",
            threads=threads,
            temp_directory=self._spill.name,
        )
        # Ibis 12 writes lambdas with an arrow, which DuckDB 2.0 still reads if told to.
        self.connection.raw_sql("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
        self._kept = 0
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
        self._spill.cleanup()
        refused = _refused(error) if isinstance(error, duckdb.IOException) else None
        if refused is not None:
            raise refused from None
        if isinstance(error, duckdb.OutOfMemoryException):
            # What the engine says may name what it worked on; that it ran out is enough.
            raise UserError(
                f"the engine ran out of its {self._memory_limit_mb} MiB of memory, or of disk",
                where=f"temporary files under {tempfile.gettempdir()}",
                try_this="give it more: `memory_limit_mb` in config/config.yaml,"
                " or `--memory-limit-mb`; and see that the disk has room",
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

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute a table once and keep it for the session, for use by several expressions."""
        self._kept += 1
        return self.connection.create_table(f"kept_{self._kept}", table, temp=True)

    def drop_kept(self, *tables: ir.Table) -> None:
        """Give back the memory of tables that :meth:`keep` made."""
        for table in tables:
            self.connection.drop_table(table.op().name)

    def from_memory(self, table: Any) -> ir.Table:
        """Bring a small in-memory table (Arrow or pandas) into the session."""
        if isinstance(table, pd.DataFrame):
            # Ibis asks pandas for an option that pandas 3 deprecates.
            table = pa.Table.from_pandas(table, preserve_index=False)
        return self.keep(ibis.memtable(table))

    def write_parquet(self, table: ir.Table, path: Path, order_by: list[str]) -> None:
        """Write a table sorted by ``order_by``: the same rows give the same bytes."""
        with write_aside(path) as aside:
            self.connection.to_parquet(
                _with_nulls_possible(table).order_by(order_by),
                str(aside),
                compression="zstd",
                row_group_size=ROW_GROUP_ROWS,
            )


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
