"""Run the whole check and write its page.

    python -m tests.simulation [--processes 2] [--out docs/simulation-check.md]

The numbers do not depend on the number of processes: each block of repetitions has its own seed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

# Before numpy is imported, here and in the processes: small matrices gain nothing from threads.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from tests.simulation import bounds, clustered, counted, drops, exact, missing, regression  # noqa: E402
from tests.simulation.design import Count, Design, Row, add_counts, make_row  # noqa: E402
from tests.simulation.page import write_page  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "simulation-check.md"

#: Kind of work and where in it: small enough to be sent to a process.
Task = tuple[str, int, int]


def list_designs() -> list[Design]:
    """Give every simulated design."""
    return [
        design
        for module in (clustered, counted, regression, missing)
        for design in module.list_designs()
    ]


def run_task(task: Task) -> Any:
    """Run one piece of work."""
    kind, at, block = task
    if kind == "design":
        return list_designs()[at].run(block)
    if kind == "drop":
        return drops.check_drop(at)
    if kind == "bounds":
        return bounds.check_bounds(list(bounds.MECHANISMS)[at])
    return list(exact.list_rows())


def list_tasks(designs: list[Design]) -> Iterator[Task]:
    """Give all work, the longest pieces first."""
    for seed in range(1, drops.DROPS + 1):
        yield "drop", seed, 0
    for at in range(len(bounds.MECHANISMS)):
        yield "bounds", at, 0
    yield "exact", 0, 0
    for at, design in reversed(list(enumerate(designs))):
        for block in range(design.blocks()):
            yield "design", at, block


def run_all(tasks: list[Task], processes: int) -> dict[Task, Any]:
    """Run the work in so many processes, and say how far it is."""
    begun, said, found = time.monotonic(), 0.0, {}
    # Fresh processes: a copy of this one would share what engines hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        waiting: dict[Future[Any], Task] = {pool.submit(run_task, task): task for task in tasks}
        for done in as_completed(waiting):
            found[waiting[done]] = done.result()
            now = time.monotonic() - begun
            if now - said > 10 or len(found) == len(tasks):
                said = now
                print(f"{now:6.0f} s  {len(found)} of {len(tasks)} pieces", flush=True)
    return found


def collect_rows(designs: list[Design], found: dict[Task, Any]) -> list[Row]:
    """Put the blocks of each design together."""
    rows: list[Row] = list(found["exact", 0, 0])
    for at, design in enumerate(designs):
        parts: list[list[Count]] = [found["design", at, block] for block in range(design.blocks())]
        counts = add_counts(parts)
        rows += [
            make_row(design.name, question, count, design.repetitions)
            for question, count in zip(design.questions, counts, strict=True)
        ]
    return rows


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    designs = list_designs()
    found = run_all(list(list_tasks(designs)), options.processes)
    rows = collect_rows(designs, found)
    of_bounds = [found["bounds", at, 0] for at in range(len(bounds.MECHANISMS))]
    of_drops = [one for seed in range(1, drops.DROPS + 1) for one in found["drop", seed, 0]]
    options.out.write_text(write_page(rows, of_bounds, of_drops), encoding="utf-8", newline="\n")
    outside = [row for row in rows if row.within == "no"]
    for row in outside:
        print(f"not within: {row.table}: {row.design}: {row.truth}: {row.got}, asked {row.asked}")
    print(f"{options.out}: {len(rows)} numbers, {len(outside)} not within what was asked")


if __name__ == "__main__":
    main()
