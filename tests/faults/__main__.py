"""Kill runs at random moments, and look at what the next run makes.

    python -m tests.faults [--kills 50] [--in-a-row 5] [--seed 1] [--patients 60]

Runs are killed with everything they started; after `--in-a-row` kills one is let end, and every
file must be as after an undisturbed run. A chain that fails is printed with its seed, and
`--kills 5 --seed N` runs it again: the moments are the same, what the run had reached by then
depends on the machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.kills import digests, draw_moments, kill_often
from tests.workflow.conftest import copy_project


def main() -> int:
    """Run everything; the exit code is 1 where something was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--in-a-row", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=60)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="trdanalysis-faults-"))
    whole = copy_project(folder / "undisturbed")
    whole.add_drop("drop1", options.patients)
    began = time.monotonic()
    done = whole.snakemake()
    assert done.returncode == 0, done.stderr
    took = time.monotonic() - began
    undisturbed = digests(whole.results)
    print(f"undisturbed: {took:.0f} s, {len(undisturbed)} files", flush=True)
    failed = 0
    chains = -(-options.kills // options.in_a_row)
    for seed in range(options.seed, options.seed + chains):
        # One in a row falls anywhere in a run; of several, each goes on where the last was killed.
        longest = took if options.in_a_row == 1 else took / 2
        moments = draw_moments(seed, options.in_a_row, longest)
        project = copy_project(folder / f"chain-{seed}")
        project.add_drop("drop1", options.patients)
        wrong = kill_often(project, moments, undisturbed)
        told = ", ".join(f"{moment:.1f}" for moment in moments)
        print(f"seed {seed}: killed after {told} s: {'FAILED' if wrong else 'as undisturbed'}")
        for line in wrong:
            print(f"  {line}")
        sys.stdout.flush()
        failed += bool(wrong)
        if not wrong:
            shutil.rmtree(project.folder)
    print(f"{chains * options.in_a_row} kills, {failed} of {chains} chains failed")
    if not failed:
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
