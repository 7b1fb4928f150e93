"""Disturb runs, and look at what the next run makes.

    python -m tests.faults [--kills 50] [--in-a-row 5] [--seed 1] [--patients 60] [--only NAME]

Runs are killed with everything they started; after `--in-a-row` kills one is let end, and every
file must be as after an undisturbed run. A chain that fails is printed with its seed, and
`--kills 5 --seed N` runs it again: the moments are the same, what the run had reached by then
depends on the machine. Before that, each of :data:`tests.faults.scenarios.SCENARIOS`; one that this
machine cannot do is printed as not done.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.faults.kills import digests, draw_moments, kill_often
from tests.faults.scenarios import SCENARIOS, NotPossibleError
from tests.workflow.conftest import Project, copy_project


def main() -> int:
    """Run everything; the exit code is 1 where something was not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--in-a-row", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--only", choices=list(SCENARIOS))
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
    for name, scenario in SCENARIOS.items():
        if options.only in (None, name):
            project = make_project(folder, name.replace(" ", "-"), options.patients)
            failed += tell(name, project, partial(scenario, project, undisturbed))
    chains = 0 if options.only else -(-options.kills // options.in_a_row)
    for seed in range(options.seed, options.seed + chains):
        # One in a row falls anywhere in a run; of several, each goes on where the last was killed.
        longest = took if options.in_a_row == 1 else took / 2
        moments = draw_moments(seed, options.in_a_row, longest)
        project = make_project(folder, f"chain-{seed}", options.patients)
        told = ", ".join(f"{moment:.1f}" for moment in moments)
        failed += tell(
            f"seed {seed}: killed after {told} s", project,
            partial(kill_often, project, moments, undisturbed),
        )  # fmt: skip
    print(f"{chains * options.in_a_row} kills; {failed} failed")
    if not failed:
        shutil.rmtree(folder)
    return 1 if failed else 0


def make_project(folder: Path, name: str, patients: int) -> Project:
    """Make a project with a drop, in which nothing ran yet."""
    project = copy_project(folder / name)
    project.add_drop("drop1", patients)
    return project


def tell(name: str, project: Project, disturb: Callable[[], list[str]]) -> bool:
    """Disturb a project and print what came of it; what went wrong is left to be looked at."""
    try:
        wrong = disturb()
    except NotPossibleError as reason:
        print(f"{name}: not done: {reason}", flush=True)
        return False
    print(f"{name}: {'FAILED' if wrong else 'as undisturbed'}")
    for line in wrong:
        print(f"  {line}")
    sys.stdout.flush()
    if not wrong:
        shutil.rmtree(project.folder)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
