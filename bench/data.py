"""Make what is measured on: simulated drops, and accepted tables made of them.

python -m bench.data drop FOLDER --trials N [--csv] [--detailed]
python -m bench.data spread ACCEPTED FOLDER --copies N
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

from trdanalysis.layout import POOLED
from trdanalysis.simulate import write_large_drop

SEED = 20
#: Courses and what is given beside them, by patient; see `docs/simulation.md`.
TRIALS_PER_PATIENT = 2.6


def make_drop(folder: Path, trials: int, *, csv: bool, detailed: bool) -> None:
    """Write a drop of about so many trials, piece by piece.

    CSV drops are what sites send: all four tables, with faults. Parquet drops are clean, either
    without dose steps and ratings or, ``detailed``, with them for every course.
    """
    share = 0.3 if csv else float(detailed)
    write_large_drop(
        max(1, round(trials / TRIALS_PER_PATIENT)),
        SEED,
        folder,
        file_format="csv" if csv else "parquet",
        dirt=csv,
        processes=2,
        step_share=share,
        rated_share=share,
    )


def spread(accepted: Path, folder: Path, copies: int) -> None:
    """Copy accepted tables with other patient ids, all rows in random order.

    So that 10 million trials need not be simulated and taken in first; what is labelled is accepted
    rows of the very layout that `pool` writes.
    """
    folder.mkdir(parents=True)
    with duckdb.connect(config={"memory_limit": "4GB", "threads": 2}) as connection:
        connection.execute(f"SET temp_directory = '{folder / 'spill'}'")
        for name in POOLED:
            connection.execute(
                f"""
                COPY (
                    SELECT t.* REPLACE (t.patient_id || '.' || copy AS patient_id)
                    FROM read_parquet('{accepted / name}.parquet') t, range({copies}) c (copy)
                    ORDER BY hash(t.patient_id, copy, t.line)
                ) TO '{folder / name}.parquet'
                (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)
                """
            )


def main() -> None:
    """Make one drop, or spread accepted tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.data")
    verbs = parser.add_subparsers(dest="verb", required=True)
    drop = verbs.add_parser("drop")
    drop.add_argument("folder", type=Path)
    drop.add_argument("--trials", type=int, required=True)
    drop.add_argument("--csv", action="store_true")
    drop.add_argument("--detailed", action="store_true")
    spreading = verbs.add_parser("spread")
    spreading.add_argument("accepted", type=Path)
    spreading.add_argument("folder", type=Path)
    spreading.add_argument("--copies", type=int, required=True)
    options = parser.parse_args()
    if options.verb == "drop":
        make_drop(options.folder, options.trials, csv=options.csv, detailed=options.detailed)
    else:
        spread(options.accepted, options.folder, options.copies)


if __name__ == "__main__":
    main()
