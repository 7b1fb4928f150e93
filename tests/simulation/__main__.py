"""Run the whole check and write its page.

    python -m tests.simulation [--processes 2] [--out docs/simulation-check.md]

The numbers do not depend on the number of processes: each block of repetitions has its own seed.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

# Before numpy is imported, here and in the processes: small matrices gain nothing from threads.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

from tests.simulation import bounds, drops  # noqa: E402
from tests.simulation.page import write_page  # noqa: E402
from tests.simulation.work import collect_rows, list_designs, list_tasks, run_all  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "simulation-check.md"


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
