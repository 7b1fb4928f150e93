"""Every rate of a run is what counting patients, or their trials, one by one gives."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.golden.run import EXPECTED, HERE, run_verbs
from tests.property.settings import BATCHES
from tests.property.tables import show, tell_differences
from tests.slow.estimands import OF_TRIALS
from tests.slow.rates import count_rates, is_by_definition
from tests.support import REFERENCE
from trdanalysis.simulate.drop import simulate_drop, write_drop

NUMBERS = (
    "rate", "ci_low", "ci_high", "ci90_low", "ci90_high", "bound_low", "bound_high", "difference",
    "p_value",
)  # fmt: skip
COUNTS = ("unit", "n", "n_unknown", "n_clusters", "events", "status")
COUNTED = ("complete_case", "proven")
CONCLUDED = ("conclusion", "robust")
NOBODY = {"n": 0, "n_unknown": 0, "n_clusters": 0, "events": 0, "status": "not_estimable"}


def compare(rates: pd.DataFrame, drop: Path) -> int:
    """Compare a published table with the slow counting; give how many rows had anybody."""
    slow = count_rates(drop, REFERENCE / "antidepressants.csv")
    wrong, seen = [], set()
    # Rates over imputed outcomes are held against other things.
    for row in rates[rates["analysis"].isin(COUNTED)].to_dict("records"):
        band = "" if pd.isna(row["age_band"]) else row["age_band"]
        key = (row["estimand"], row["stratum"], row["group"], row["level"], band)
        seen.add(key)
        if row["status"] == "by_definition" or is_by_definition(key):
            if row["status"] != "by_definition" or not is_by_definition(key):
                wrong.append(f"{key} status: got {row['status']}")
            elif not pd.isna(row["n"]) or not pd.isna(row["rate"]):
                wrong.append(f"{key}: by definition, yet n or rate is given")
            continue
        unit = "trial" if row["estimand"] in OF_TRIALS else "patient"
        expected = slow.get(key, NOBODY | {"unit": unit})
        wrong += tell_differences(key, expected, row, (*COUNTS, *CONCLUDED, *NUMBERS))
    assert not wrong, show(wrong)
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
