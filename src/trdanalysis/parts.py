"""Work on a cohort in parts: so many patients at a time that their rows fit into memory.

Everything up to a label hangs on one patient's rows alone. Parts are ranges of ``patient_id`` in
byte order, so that sorted parts, one after the other, are the whole table sorted. Which parts there
are hangs on the rows alone: not on the machine, its memory or its threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir

from trdanalysis.engine import Engine

#: Rows of the largest table that a part has, about. It changes time and memory, no result; it is
#: large enough that what is spent on writing queries is little beside what they take.
ROWS_AT_A_TIME = 1_000_000

#: Ids that the ranges are found from: enough for parts that differ by a few in a hundred.
_SAMPLE = 100_000


@dataclass(frozen=True)
class Part:
    """Patients from one id on (None: from the first, those without an id among them) to before
    another (None: to the last).
    """

    low: str | None = None
    high: str | None = None

    def of(self, table: ir.Table) -> ir.Table:
        """Give the rows of these patients."""
        if self.low is not None:
            table = table.filter(table.patient_id >= self.low)
        if self.high is not None:
            before = table.patient_id < self.high
            table = table.filter(before | table.patient_id.isnull() if self.low is None else before)
        return table


#: Everybody.
WHOLE = (Part(),)


def divide(engine: Engine, tables: Sequence[ir.Table]) -> tuple[Part, ...]:
    """Divide patients into parts of about equally many.

    Parameters
    ----------
    engine
        One that divides rows among machines by itself is given everybody at once.
    tables
        With ``patient_id``. The one with the most rows says how many parts there are; ranges are
        taken from the ids of the first.

    Returns
    -------
    tuple of Part
        In order; one part where that is enough.
    """
    if not engine.works_in_parts:
        return WHOLE
    rows = [int(table.count().to_pyarrow().as_py()) for table in tables]
    n_parts = math.ceil(max(rows, default=0) / ROWS_AT_A_TIME)
    if n_parts <= 1:
        return WHOLE
    ids = tables[0].select("patient_id").filter(tables[0].patient_id.notnull())
    every = max(1, rows[0] // _SAMPLE)
    # By a mixture of the id itself: a sample by place would hang on the order of the rows.
    chosen = ids.filter((ids.patient_id.hash() & 0xFFFFFFFF) % every == 0).distinct()
    sample = sorted(chosen.to_pyarrow()["patient_id"].to_pylist())
    bounds = sorted({sample[len(sample) * place // n_parts] for place in range(1, n_parts)
                     if sample})  # fmt: skip
    edges = [None, *bounds, None]
    return tuple(Part(low, high) for low, high in zip(edges, edges[1:], strict=False))


def lay_out(engine: Engine, table: ir.Table, parts: Sequence[Part]) -> list[ir.Table]:
    """Write the rows of each part to a file of its own, in one pass; for tables in any order.

    A table whose rows must not lie readable on a disk (see
    :meth:`trdanalysis.engine.Engine.encrypt_spill`) is gone through once for each part instead.
    """
    if len(parts) == 1 or engine.is_spill_encrypted:
        return [part.of(table) for part in parts]
    bounds = [part.high for part in parts[:-1]]
    number: ir.IntegerValue = ibis.cases(
        (table.patient_id.isnull(), 0),
        *((table.patient_id < bound, place) for place, bound in enumerate(bounds)),
        else_=len(bounds),
    )
    files = engine.write_partitions(table, number)
    return [
        # The engine tells what it laid out by from the names of folders, as a further column.
        engine.read_parquet(*files[place]).select(*table.columns)
        if place in files
        else engine.keep(table.limit(0))
        for place in range(len(parts))
    ]


class SortedFile:
    """A sorted Parquet file that is written part after part.

    Parameters
    ----------
    engine
        Writes it.
    path
        The file.
    order_by
        What rows are sorted by; the first is what parts are ranges of.
    parts
        How many will be added. One alone is written at once, others when all are there: see
        :meth:`finish`.
    """

    def __init__(self, engine: Engine, path: Path, order_by: list[str], parts: int) -> None:
        self._engine, self._path, self._order_by = engine, path, order_by
        self._parts = parts
        self._files: list[Path] = []

    def add(self, table: ir.Table) -> ir.Table:
        """Write the next part; give it as it was written."""
        if self._parts == 1:
            self._engine.write_parquet(table, self._path, self._order_by)
            return self._engine.read_parquet(self._path)
        file = self._engine.spill.new_file()
        self._engine.write_parquet(table, file, self._order_by)
        self._files.append(file)
        return self._engine.read_parquet(file)

    def finish(self) -> ir.Table:
        """Make one file of the parts; give the whole."""
        if self._files:
            self._engine.join_files(self._files, self._path)
            self._files = []
        return self._engine.read_parquet(self._path)


def stack(tables: Sequence[ir.Table]) -> ir.Table:
    """Put tables of one layout under each other."""
    return ibis.union(*tables) if len(tables) > 1 else tables[0]
