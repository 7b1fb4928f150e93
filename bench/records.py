"""Records of runs, one a file, and what is comparable between them.

A record names the commit that was measured and the machine; its numbers are ratios to plain work
of the same run, with the seconds and the memory behind them. Records that are committed make
docs/performance-trend.md, see :mod:`bench.trend`.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORDS = Path(__file__).parent / "records"

#: Raised when a part begins to measure something else: older records are then not compared.
FORMAT = 1

#: What is of one line; beside it a line may say of what a process failed.
MEASURED = ("part", "rows", "side", "ratio", "seconds", "cpu_seconds", "peak_mib")

#: Libraries that the time is spent in.
LIBRARIES = ("duckdb", "ibis-framework", "pandas", "pyarrow", "snakemake", "matplotlib")


def describe_code() -> dict[str, Any]:
    """Say which commit is measured, when it was made, and whether the checkout differs from it."""
    commit, day = _git("log", "-1", "--format=%H %cs").split()
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/records")
    return {"commit": commit, "committed": day, "changed": bool(changed)}


def describe_machine() -> dict[str, Any]:
    """Say on what was measured; nothing of it names the host."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "load_before": round(os.getloadavg()[0], 1),
    }


def write_record(
    lines: Sequence[Mapping[str, Any]],
    code: Mapping[str, Any],
    machine: Mapping[str, Any],
    folder: Path = RECORDS,
) -> Path:
    """Keep a run as JSON.

    Parameters
    ----------
    lines
        What was measured, with :data:`MEASURED`; and what failed.
    code, machine
        See :func:`describe_code` and :func:`describe_machine`, as they were before the run.
    folder
        Where records lie.

    Returns
    -------
    Path
        ``<place in history>-<commit>-<number>.json``; a further run of a commit has the
        next number.
    """
    place = int(_git("rev-list", "--count", code["commit"]))
    folder.mkdir(parents=True, exist_ok=True)
    number = 1
    while (path := folder / f"{place:05}-{code['commit'][:9]}-{number}.json").exists():
        number += 1
    record = {
        "format": FORMAT,
        **code,
        "place": place,
        "measured": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": machine,
        "lines": list(lines),
    }
    text = json.dumps(record, indent=1, allow_nan=False)
    part = path.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.rename(path)
    return path


def read_records(folder: Path = RECORDS) -> list[dict[str, Any]]:
    """Read all records of this format, in the order of the commits, then of the runs."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [record for record in read if record["format"] == FORMAT]


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
