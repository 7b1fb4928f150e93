"""Spoiled drops and settings in great numbers.

    python -m tests.faults.fuzz [--drops 10000] [--settings 2000] [--seed 0]

A case is made of its seed alone: `--drops 1 --settings 0 --seed N` runs one again, and leaves it
in the folder that is printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.drops import run_drops, write_case
from tests.faults.settings import run_settings


def main() -> int:
    """Run everything; the exit code is 1 where a case showed a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("--drops", type=int, default=10_000)
    parser.add_argument("--settings", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trdanalysis-fuzz-"))
    failed = 0
    for what, number, run in (
        ("settings", options.settings, run_settings), ("drops", options.drops, run_drops),
    ):  # fmt: skip
        began, ends = time.monotonic(), Counter[str]()
        for seed, went, faults in run(range(options.seed, options.seed + number), folder):
            ends[went] += 1
            for fault in faults:
                print(f"--- {what}, seed {seed} ({went}): {fault}", flush=True)
            failed += bool(faults)
        told = ", ".join(f"{count} {went}" for went, count in sorted(ends.items()))
        print(f"{number} {what} in {time.monotonic() - began:.0f} s: {told}", flush=True)
    if options.drops == 1:
        print(f"the drop: {write_case(options.seed, folder / 'kept')}")
    print(f"{failed} case(s) with a fault")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
