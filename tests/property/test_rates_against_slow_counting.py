"""Every rate of a run is what counting patients, or their trials, one by one gives."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from tests.golden.run import EXPECTED, HERE, run_verbs
from tests.property.settings import BATCHES
from tests.slow.rates import count_rates, is_by_definition
from tests.support import REFERENCE
from trdanalysis.simulate.drop import simulate_drop, write_drop

NUMBERS = (
    "rate", "ci_low", "ci_high", "ci90_low", "ci90_high", "bound_low", "bound_high", "difference",
    "p_value",
)  # fmt: skip
COUNTS = ("unit", "n", "n_unknown", "n_clusters", "events", "status")
NOBODY = {"n": 0, "n_unknown": 0, "n_clusters": 0, "events": 0, "status": "not_estimable"}


def compare(rates: pd.DataFrame, drop: Path) -> int:
    """Compare a published table with the slow counting; give how many rows had anybody."""
    slow = count_rates(drop, REFERENCE / "antidepressants.csv")
    wrong, seen = [], set()
    for row in rates.to_dict("records"):
        band = "" if pd.isna(row["age_band"]) else row["age_band"]
        key = (row["estimand"], row["stratum"], row["group"], row["level"], band)
        seen.add(key)
        if row["status"] == "by_definition" or is_by_definition(key):
            if row["status"] != "by_definition" or not is_by_definition(key):
                wrong.append(f"{key} status: got {row['status']}")
            elif not pd.isna(row["n"]) or not pd.isna(row["rate"]):
                wrong.append(f"{key}: by definition, yet n or rate is given")
            continue
        expected = slow.get(key, NOBODY | {"unit": row["unit"]})
        for name in COUNTS + ("conclusion", "robust", *NUMBERS):
            one, other = expected.get(name), row[name]
            if name in NUMBERS and one is not None and not pd.isna(other):
                same = math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
            elif one is None or pd.isna(other):
                same = one is None and pd.isna(other)
            else:
                same = str(one) == str(other) or float(one) == float(other)
            if not same:
                wrong.append(f"{key} {name}: expected {one}, got {other}")
    assert not wrong, f"{len(wrong)} numbers differ:\n" + "\n".join(wrong[:10])
    assert slow.keys() <= seen, "a stratum with patients has no row"
    return len(slow)


def test_the_kept_tables_are_right() -> None:
    assert compare(pd.read_csv(EXPECTED / "rates.csv"), HERE / "drop") > 300


@pytest.mark.parametrize("seed", range(21, 21 + (BATCHES or 1)))
def test_a_simulated_run_is_right(tmp_path: Path, seed: int) -> None:
    drop = tmp_path / "simulated"
    write_drop(simulate_drop(500, seed), drop)
    release = run_verbs(drop, tmp_path / "results")
    assert compare(pd.read_csv(release / "rates.csv"), drop) > 400
