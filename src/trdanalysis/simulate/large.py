"""Simulated drops of any size, written block by block in bounded memory.

A drop consists of blocks of :data:`BLOCK_PATIENTS` patients, each drawn from streams of random
numbers of its own. So what is written depends on the number of patients and the seed alone: not on
how many processes make the blocks, nor on when each is ready.
"""

from __future__ import annotations

import io
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.contract import TABLES
from trdanalysis.files import write_aside
from trdanalysis.simulate.drop import (
    DROP_YAML,
    FileFormat,
    SimulatedDrop,
    check_new_folder,
    simulate_chunk,
    to_arrow,
    truth_file,
    write_rows,
)

#: Patients of one block. A drop of more than one block has other patients with another number.
BLOCK_PATIENTS = 50_000

#: The truth of a block among its tables.
_TRUTH = "truth"


def write_large_drop(
    n_patients: int,
    seed: int,
    folder: Path,
    *,
    file_format: FileFormat = "csv",
    dirt: bool = True,
    processes: int = 1,
    block_patients: int = BLOCK_PATIENTS,
    step_share: float = 0.3,
    rated_share: float = 0.3,
) -> Path:
    """Simulate a drop of any size and write it, and its truth where the pipeline does not read it.

    A drop of one block has the bytes that :func:`trdanalysis.simulate.drop.write_drop` gives.

    Parameters
    ----------
    n_patients, seed, dirt, step_share, rated_share
        See :func:`trdanalysis.simulate.drop.simulate_chunk`.
    folder
        Folder of the drop; new or empty. It is written aside and renamed.
    file_format
        Of the tables: ``csv`` or ``parquet``.
    processes
        How many make blocks at a time, each in some 0.4 GiB of memory. No byte depends on it.
    block_patients
        Patients of a block; smaller ones are for tests.

    Returns
    -------
    pathlib.Path
        Where the truth was written: ``truth/<drop_id>.csv`` beside the folder of drops.

    Raises
    ------
    UserError
        Where a number is negative, the folder holds something already or cannot be written.
    """
    folder = folder.absolute()
    check_new_folder(folder)
    truth_path = truth_file(folder)
    firsts = range(0, max(n_patients, 1), block_patients)
    make = partial(
        _make_block, n_patients, seed, file_format, dirt, block_patients, step_share, rated_share
    )
    with write_aside(folder) as aside, write_aside(truth_path) as truth_aside:
        aside.mkdir()
        places = {name: aside / f"{name}.{file_format}" for name in TABLES}
        with ExitStack() as files:
            tables = {name: _Writer(files, path) for name, path in places.items()}
            truth = files.enter_context(truth_aside.open("wb"))
            for block in _in_order(make, firsts, processes):
                for name, writer in tables.items():
                    writer.write(block[name])
                truth.write(block[_TRUTH])
        (aside / "drop.yaml").write_text(DROP_YAML, encoding="utf-8", newline="\n")
    return truth_path


class _Writer:
    """One file to which blocks are added: text as it is, Arrow's as groups of rows of Parquet."""

    def __init__(self, files: ExitStack, path: Path) -> None:
        self._files, self._path = files, path
        self._text: IO[bytes] | None = None
        self._groups: pq.ParquetWriter | None = None

    def write(self, block: bytes | pa.Table) -> None:
        if isinstance(block, bytes):
            self._text = self._text or self._files.enter_context(self._path.open("wb"))
            self._text.write(block)
            return
        if self._groups is None:
            self._groups = self._files.enter_context(pq.ParquetWriter(self._path, block.schema))
        self._groups.write_table(block)


def _make_block(
    n_patients: int,
    seed: int,
    file_format: FileFormat,
    dirt: bool,
    block_patients: int,
    step_share: float,
    rated_share: float,
    first: int,
) -> dict[str, bytes | pa.Table]:
    """Make one block: every table, and the truth, as they go into the files."""
    block: SimulatedDrop = simulate_chunk(
        first, min(block_patients, n_patients - first), seed, dirt=dirt,
        step_share=step_share, rated_share=rated_share,
    )  # fmt: skip
    made: dict[str, bytes | pa.Table] = {}
    for name, table in {**block.tables, _TRUTH: block.truth}.items():
        if file_format == "parquet" and name != _TRUTH:
            made[name] = to_arrow(table)
            continue
        text = io.StringIO()
        write_rows(table, text, header=first == 0)
        made[name] = text.getvalue().encode()
    return made


def _in_order(
    make: partial[dict[str, bytes | pa.Table]], firsts: range, processes: int
) -> Iterator[dict[str, bytes | pa.Table]]:
    """Give the blocks in order; no more wait to be written than there are processes."""
    if processes == 1 or len(firsts) == 1:
        yield from map(make, firsts)
        return
    # Not by a fork: the threads of Arrow do not survive one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(firsts)), mp_context=context) as pool:
        waiting: deque[Future[dict[str, bytes | pa.Table]]] = deque()
        for first in firsts:
            waiting.append(pool.submit(make, first))
            if len(waiting) > processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
