"""Compare what a release leaves recoverable with what `acro` leaves, on the same tables.

`python -m tests.peers.acro.compare PYTHON_OF_ACRO` prints a table; docs/compared-with-acro.md says
what it means. The tables are outcomes of first trials by sex, age, factors, groups of factors, drop
and site, of skewed cohorts. One attacker looks at both: he knows what is printed, and that every
stratum parts the same people.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.unit.release_cohorts import policy_of, release_of, tables_of_skewed

COHORTS = ((3, 2500), (7, 900), (11, 300))
STRATA = ("overall", "sex", "age_band", "factor_group", "factor", "drop", "site")
OUTCOMES = ("event", "no_event", "unknown")
#: acro's threshold: fewer than ten are hidden.
THRESHOLD = 10
#: Attacks a cohort and method: they take time, and shares are the same.
SAMPLE = 120

Cell = tuple[str, str, str]


def read_cells(rates: pd.DataFrame) -> dict[Cell, int | None]:
    """Give the cells of rates.csv: people by stratum, level and outcome; None: not printed."""
    own = rates[(rates["estimand"] == "initial_trial") & (rates["definition"] == "article")]
    own = own[(own["analysis"] == "complete_case") & own["stratum"].isin(STRATA)]
    found: dict[Cell, int | None] = {}
    # Rates are of adults; bands of the young stand beside them.
    adults = ~own["level"].isin(["under 12", "12-17"])
    for row in own[adults & (own["status"] != "by_definition")].to_dict("records"):
        name, level = f"{row['stratum']}:{row['group']}", str(row["level"])
        numbers = [None if pd.isna(row[one]) else int(row[one])
                   for one in ("n", "events", "n_unknown")]  # fmt: skip
        n, events, unknown = numbers
        found[name, level, "event"] = events
        found[name, level, "no_event"] = None if n is None or events is None else n - events
        found[name, level, "unknown"] = unknown
    return found


def tabulate_with_acro(python: str, cells: Mapping[Cell, int]) -> dict[Cell, int | None]:
    """Give the cells that acro prints of the same people."""
    people = pd.DataFrame(
        [cell for cell, n in cells.items() for _ in range(n)],
        columns=["stratum", "level", "outcome"],
    )
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "people.csv", Path(folder) / "cells.csv"
        people.to_csv(source, index=False)
        script = Path(__file__).with_name("tables.py")
        subprocess.run(
            [python, str(script), str(source), str(target)], check=True, capture_output=True
        )
        table = pd.read_csv(target, dtype={"level": str, "outcome": str})
    return {
        (row["stratum"], row["level"], row["outcome"]): None if pd.isna(row["n"]) else int(row["n"])
        for row in table.to_dict("records")
    }


def attack(
    truth: Mapping[Cell, int], printed: Mapping[Cell, int | None]
) -> tuple[int, int, int, int]:
    """Count small hidden counts, and of a sample those narrowed down and those known."""
    places = {cell: place for place, cell in enumerate(truth)}
    totals = {outcome: len(places) + place for place, outcome in enumerate(OUTCOMES)}
    size = len(places) + len(OUTCOMES)
    low, high = np.zeros(size), np.full(size, 1e6)
    for cell, place in places.items():
        shown = printed.get(cell)
        if shown is not None:
            low[place] = high[place] = shown
    rows = []
    strata = sorted({stratum for stratum, _, _ in truth})
    for stratum in strata:
        for outcome in OUTCOMES:
            of = [place for (one, _, kind), place in places.items()
                  if one == stratum and kind == outcome]  # fmt: skip
            row = np.zeros(size)
            row[of], row[totals[outcome]] = 1, -1
            rows.append(row)
    sums = LinearConstraint(np.array(rows), 0, 0)
    hidden = [cell for cell, n in truth.items() if 1 <= n < THRESHOLD and printed.get(cell) is None]
    printed_small = sum(1 <= n < THRESHOLD and printed.get(cell) is not None
                        for cell, n in truth.items())  # fmt: skip
    chosen = [hidden[place] for place in np.random.default_rng(1).permutation(len(hidden))[:SAMPLE]]
    narrowed = known = 0
    for cell in chosen:
        ends = []
        for sign in (1, -1):
            cost = np.zeros(size)
            cost[places[cell]] = sign
            solved = milp(
                cost, integrality=np.ones(size), bounds=Bounds(low, high), constraints=sums
            )
            assert solved.x is not None, solved.message
            ends.append(round(solved.x[places[cell]]))
        known += ends[0] == ends[1]
        narrowed += ends[0] > 1 or ends[1] < THRESHOLD - 1
    return printed_small, len(chosen), narrowed, known


def main() -> None:
    python = sys.argv[1]
    print("| people | method | cells printed | small printed | small hidden, tried"
          " | narrowed down | known exactly |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for seed, patients in COHORTS:
        tables = tables_of_skewed(seed, patients)
        truth = {cell: n for cell, n in read_cells(tables["rates"]).items() if n is not None}
        released = read_cells(release_of(tables, policy_of("cms")).tables["rates"])
        methods = {
            "acro": tabulate_with_acro(python, truth),
            "release, `cms`": released,
        }
        for name, printed in methods.items():
            cells = sum(printed.get(cell) is not None for cell in truth)
            numbers = attack(truth, printed)
            print(f"| {patients} | {name} | {cells} of {len(truth)} | "
                  + " | ".join(str(one) for one in numbers) + " |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
