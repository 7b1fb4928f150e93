"""The whole workflow, from intake to report, on drops of several sizes.

    python -m bench.scale [--rows 1000000 5000000] [--memory-limit-mb 2500] [--folder FOLDER]

Simulates a drop of about so many treatment trials, runs `snakemake` on it as anybody would, and
prints of every step: seconds, processor seconds, peak memory, the most that was spilled, and the
ratio of its processor seconds to those of reading every cell of the drop, which is measured in the
same run. Then how the time grows: the slope of log time on log rows, 1 where it is linear.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
import shutil
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure import Measure, run_measured
from bench.records import describe_code, describe_machine, write_record

PYTHON = sys.executable
#: Courses and what is given beside them, by patient, of a simulated drop with its faults.
TRIALS_PER_PATIENT = 2.61
#: What everything together may take.
AIM_MIB = 4096
#: Of a slope: how near to linear in rows is hoped for.
AIM_SLOPE = 1.1
_SECONDS_BETWEEN = 0.5
_MIB = 2**20


@dataclasses.dataclass(frozen=True)
class Step:
    """What one step of the workflow took; ``spill_mib`` is the most that lay on the disk."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    spill_mib: float


class SpillWatch:
    """Looks at the folder of spilled rows while a run goes on, and keeps the most by step."""

    def __init__(self, folder: Path) -> None:
        self.most: dict[str, float] = defaultdict(float)
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> SpillWatch:
        self._thread.start()
        return self

    def __exit__(self, *of: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN):
            for session in self._folder.glob("trdanalysis-spill-*"):
                verb = _verb_of(session.name.split("-")[2])
                if verb:
                    self.most[verb] = max(self.most[verb], _size(session))


def _verb_of(process: str) -> str | None:
    try:
        words = Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8").split("\0")
        return words[words.index("trdanalysis") + 1]
    except (OSError, ValueError, IndexError):
        return None


def _size(folder: Path) -> float:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # gone meanwhile
            continue
    return total / _MIB


def read_steps(results: Path, spilled: Mapping[str, float]) -> dict[str, Step]:
    """Read what Snakemake measured of each step."""
    steps = {}
    for path in sorted((results / "restricted" / "benchmarks").rglob("*.tsv")):
        verb = path.stem if path.parent.name == "benchmarks" else path.parent.name
        with path.open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        steps[verb] = Step(
            _number(row["s"]), _number(row["cpu_time"]), _number(row["max_rss"]),
            spilled.get(verb, 0.0),
        )  # fmt: skip
    return steps


def _number(text: str) -> float:
    # Of a job shorter than what lies between two looks Snakemake knows nothing.
    return 0.0 if text in ("NA", "-") else float(text)


def fit_slope(rows: Sequence[int], seconds: Sequence[float]) -> float:
    """Fit a straight line to log time on log rows by least squares; give its slope.

    NaN where there are fewer than two sizes, or a time of 0.
    """
    if len(set(rows)) < 2 or min(seconds) <= 0:
        return math.nan
    x, y = [math.log(one) for one in rows], [math.log(one) for one in seconds]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    across = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return across / sum((a - mean_x) ** 2 for a in x)


class Scale:
    """One run of the benchmark."""

    def __init__(self, folder: Path, memory_limit_mb: int, file_format: str) -> None:
        self.folder, self.memory_limit_mb, self.file_format = folder, memory_limit_mb, file_format
        self.lines: list[dict[str, Any]] = []
        self.taken: dict[int, dict[str, Step]] = {}

    def run(self, rows: int) -> None:
        """Simulate, run the workflow, print."""
        place = self.folder / f"{self.file_format}-{rows}"
        drop, results = place / "drops" / "simulated", place / "results"
        if not drop.exists():
            made = run_measured(
                _module(
                    "trdanalysis", "simulate", "--patients", round(rows / TRIALS_PER_PATIENT),
                    "--seed", 20, "--format", self.file_format, "--out", drop,
                )
            )  # fmt: skip
            print(f"\n{rows:,} trials, simulated in {made.seconds:.0f} s, {made.peak_mib:.0f} MiB")
        size = sum(path.stat().st_size for path in drop.iterdir()) / _MIB
        read = run_measured(_module("bench.sides", "read-drop", drop))
        shutil.rmtree(results, ignore_errors=True)
        with SpillWatch(results / "restricted" / "spill") as watch:
            whole = run_measured(
                _module(
                    "snakemake", "--cores", 2, "--config", f"drops={place / 'drops'}",
                    f"results={results}", f"memory_limit_mb={self.memory_limit_mb}",
                )
            )  # fmt: skip
        steps = read_steps(results, watch.most)
        self.taken[rows] = {**steps, "everything": _as_step(whole, watch.most)}
        print(f"\n{rows:,} trials, {size:.0f} MiB of {self.file_format}; the engine may hold"
              f" {self.memory_limit_mb} MiB")  # fmt: skip
        self.report(rows, "read", _as_step(read, {}), read)
        for name, step in self.taken[rows].items():
            self.report(rows, name, step, read)
        left = [*(results / "restricted" / "spill").glob("*")]
        print(f"  {'nothing' if not left else 'SOMETHING'} is left of what was spilled;"
              f" memory: aim {'met' if whole.peak_mib <= AIM_MIB else 'MISSED'},"
              f" {whole.peak_mib:.0f} MiB of {AIM_MIB}")  # fmt: skip

    def report(self, rows: int, name: str, step: Step, read: Measure) -> None:
        """Print a line of the table, and keep it."""
        ratio = step.cpu_seconds / read.cpu_seconds
        print(f"  {name:<12}{step.seconds:>10.1f} s{step.cpu_seconds:>10.1f} s cpu"
              f"{step.peak_mib:>8.0f} MiB{step.spill_mib:>9.0f} MiB spilled{ratio:>9.1f} x",
              flush=True)  # fmt: skip
        line = {"part": "scale", "rows": rows, "side": name, "ratio": round(ratio, 3)}
        self.lines.append(line | dataclasses.asdict(step))

    def report_slopes(self) -> None:
        """Print how the time of each step grows with rows."""
        sizes = sorted(self.taken)
        if len(sizes) < 2:
            return
        print(f"\nslope of log time on log rows, {sizes[0]:,} to {sizes[-1]:,} trials"
              " (seconds, processor seconds)")  # fmt: skip
        for name in self.taken[sizes[-1]]:
            found = [self.taken[rows].get(name) for rows in sizes]
            steps = [one for one in found if one is not None]
            if len(steps) < len(sizes):
                continue
            wall = fit_slope(sizes, [one.seconds for one in steps])
            cpu = fit_slope(sizes, [one.cpu_seconds for one in steps])
            print(f"  {name:<12}{wall:>8.2f}{cpu:>8.2f}")
            known = {key: one for key, one in (("wall", wall), ("cpu", cpu)) if one == one}
            self.lines.append({"part": "scale", "slope_of": name, **known})
            if name == "everything":
                print(f"  aim {'met' if cpu <= AIM_SLOPE else 'MISSED'}: at most {AIM_SLOPE}")


def _as_step(measure: Measure, spilled: Mapping[str, float]) -> Step:
    return Step(
        measure.seconds, measure.cpu_seconds, measure.peak_mib, max(spilled.values(), default=0.0)
    )


def _module(*words: object) -> list[str]:
    return [PYTHON, "-m", *map(str, words)]


def main() -> None:
    """Parse, run, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--format", choices=("csv", "parquet"), default="parquet")
    parser.add_argument(
        "--memory-limit-mb", type=int, default=2500,
        help="of the engine; the process takes some 0.5 to 1 GiB besides",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, help="make data here and keep them; default: a temporary folder"
    )
    options = parser.parse_args()
    code, machine = describe_code(), describe_machine()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="trdanalysis-scale-"))
    folder.mkdir(parents=True, exist_ok=True)
    scale = Scale(folder, options.memory_limit_mb, options.format)
    try:
        for rows in sorted(options.rows):
            scale.run(rows)
        scale.report_slopes()
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    used = {"engine_mib": options.memory_limit_mb, "format": options.format}
    print(f"\nkept in {write_record(scale.lines, code, {**machine, **used})}")


if __name__ == "__main__":
    main()
