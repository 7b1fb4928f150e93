"""A CSV larger than the engine's memory: what intake takes, in peak resident memory and time.

``make huge`` writes a drop of some 500 MB to a temporary folder, takes it in within the memory
limit, and prints the figures. ``ARGS="--megabytes 5000"`` asks for another size, ``--dirty`` for a
bad cell on every row, so that every row is also a finding.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DRUGS = ("sertraline", "Zoloft 50 mg", "venlafaxine", "diazepam", "N06AB04")
HEADER = "patient_id,trial_id,drug,start_day,stop_day,dose_mg_per_day,adherence\n"


def write_drop(folder: Path, megabytes: int, *, dirty: bool) -> int:
    """Write a drop of two trials a patient; give its rows."""
    patients = max(1, megabytes * 1_000_000 // 98)
    adherence = "1.4" if dirty else "0.9"
    folder.mkdir(parents=True)
    with (folder / "patients.csv").open("w") as people, (folder / "trials.csv").open("w") as rows:
        people.write("patient_id,age_years\n")
        rows.write(HEADER)
        for one in range(patients):
            people.write(f"p{one},{18 + one % 60}\n")
            for trial, day in ((1, 0), (2, 90)):
                drug = DRUGS[(one + trial) % len(DRUGS)]
                rows.write(f"p{one},t{trial},{drug},{day},{day + 60},100,{adherence}\n")
    return 3 * patients


def main() -> None:
    """Write, take in, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--memory-limit-mb", type=int, default=4000)
    parser.add_argument("--dirty", action="store_true", help="a bad cell on every row")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trdanalysis-huge-") as top:
        drop = Path(top) / "huge"
        rows = write_drop(drop, options.megabytes, dirty=options.dirty)
        size = sum(path.stat().st_size for path in drop.iterdir())
        begun = time.monotonic()
        done = subprocess.run(
            [
                sys.executable, "-m", "trdanalysis", "intake", "--drop", str(drop),
                "--out", str(Path(top) / "out"), "--reference", str(ROOT / "config/reference"),
                "--memory-limit-mb", str(options.memory_limit_mb),
            ],
            check=False,
        )  # fmt: skip
        seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(
        f"{size / 1e6:.0f} MB, {rows:,} rows, limit {options.memory_limit_mb} MiB:"
        f" exit code {done.returncode}, peak {peak} MiB, {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
