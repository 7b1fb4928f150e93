"""Run a command as a process of its own; take its time and its peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """Wall time, processor time and peak resident memory of one process and what it started."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


class FailedError(Exception):
    """A command that failed, and the last of what it said."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(f"failed: {command}\n{said}")


def run_measured(command: Sequence[str]) -> Measure:
    """Run ``command`` and measure it.

    The kernel counts the memory of the process that starts another as the other's until it has
    loaded its program; so whatever calls this must itself stay small: no pandas, no DuckDB.

    Raises
    ------
    FailedError
        Where the command fails, with the last of what it said.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise FailedError(" ".join(command), said.decode(errors="replace")[-2000:])
    return Measure(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_alternating(
    sides: Mapping[str, Sequence[str]], repeats: int
) -> tuple[dict[str, list[Measure]], dict[str, FailedError]]:
    """Run every side ``repeats`` times, in turns, so that a slow spell of the machine hits all.

    A side that fails is run no more; it has its error instead of measures.
    """
    measures: dict[str, list[Measure]] = {name: [] for name in sides}
    failures: dict[str, FailedError] = {}
    for _ in range(repeats):
        for name in [name for name in sides if name not in failures]:
            try:
                measures[name].append(run_measured(sides[name]))
            except FailedError as error:
                failures[name] = error
    return {name: found for name, found in measures.items() if name not in failures}, failures


def median(measures: Sequence[Measure]) -> Measure:
    """Give the medians; of memory the highest, as it is held against a limit."""
    return Measure(
        statistics.median(m.seconds for m in measures),
        statistics.median(m.cpu_seconds for m in measures),
        max(m.peak_mib for m in measures),
    )
