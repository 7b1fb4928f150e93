"""The work in pieces, done by several processes: what each piece gives depends on it alone."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import Any

from tests.simulation import (
    bounds,
    clustered,
    counted,
    drops,
    exact,
    missing,
    question_drops,
    regression,
)
from tests.simulation.design import Count, Design, Row, add_counts, make_row

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
    if kind == "questions":
        return question_drops.check_questions(block, list(question_drops.KINDS)[at])
    if kind == "bounds":
        return bounds.check_bounds(list(bounds.MECHANISMS)[at])
    return list(exact.list_rows())


def list_tasks(designs: list[Design]) -> Iterator[Task]:
    """Give all work, the longest pieces first."""
    for seed in range(1, drops.DROPS + 1):
        yield "drop", seed, 0
    for at, number in enumerate(question_drops.KINDS.values()):
        for seed in range(1, number + 1):
            yield "questions", at, seed
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
    rows += question_drops.make_rows(
        [one for task, held in found.items() if task[0] == "questions" for one in held]
    )
    for at, design in enumerate(designs):
        parts: list[list[Count]] = [found["design", at, block] for block in range(design.blocks())]
        counts = add_counts(parts)
        rows += [
            make_row(design.name, question, count, design.repetitions)
            for question, count in zip(design.questions, counts, strict=True)
        ]
    return rows
