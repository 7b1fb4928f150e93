"""What changed: labels and rows of two runs side by side, drift between drops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kruskal

from tests.support import take_in_raw
from trdanalysis.analysis.drift import count_measures, estimate_drift, rank_test
from trdanalysis.analysis.label_changes import (
    compare_labels,
    compare_rates,
    compare_rows,
    estimate_label_flows,
    explain_changes,
)
from trdanalysis.engine import Engine

LABELS = ["patient_id", "definition", "label", "reason"]
ROWS = ["table", "patient_id", "row_key", "drop_id", "content"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=2) as engine:
        yield engine


BEFORE = [
    ("stays", "a", "trd", "meets_all_criteria"),
    ("turns", "a", "not_trd", "too_few_failures"),
    ("other", "a", "indeterminate", "mdd_unknown"),
    ("gone", "a", "trd", "meets_all_criteria"),
    ("stays", "dropped", "trd", "meets_all_criteria"),
]
NOW = [
    ("stays", "a", "trd", "meets_all_criteria"),
    ("turns", "a", "trd", "meets_all_criteria"),
    ("other", "a", "indeterminate", "failures_unknown"),
    ("new", "a", "not_trd", "no_mdd_diagnosis"),
    ("stays", "added", "trd", "meets_all_criteria"),
]
ROWS_BEFORE = [
    ("patients", "turns", "", "d1", "x"),
    ("trials", "turns", "trial_id=t1", "d1", "x"),
    ("trials", "turns", "trial_id=t2", "d1", "x"),
    ("patients", "gone", "", "d1", "x"),
    ("patients", "stays", "", "d1", "x"),
]
ROWS_NOW = [
    ("patients", "turns", "", "d2", "x"),
    ("trials", "turns", "trial_id=t1", "d2", "y"),
    ("trials", "turns", "trial_id=t3", "d2", "x"),
    ("patients", "new", "", "d2", "x"),
    ("patients", "stays", "", "d1", "y"),
]


def test_a_changed_label_stands_beside_the_rows_that_did_it(engine: Engine) -> None:
    before, now = (engine.from_memory(pd.DataFrame(rows, columns=LABELS)) for rows in (BEFORE, NOW))
    old, new = (
        engine.from_memory(pd.DataFrame(rows, columns=ROWS)) for rows in (ROWS_BEFORE, ROWS_NOW)
    )
    changes = engine.keep(compare_labels(before, now))
    told = explain_changes(engine, changes, compare_rows(old, new)).to_pyarrow().to_pylist()
    found = {
        (row["patient_id"], row["definition"], row["change"], row["label_before"],
         row["label_now"], row["row_change"], row["drop_before"], row["drop_now"], row["row_key"])
        for row in told
    }  # fmt: skip
    # Definitions of one run only say nothing of a change, and neither does a row that only moved.
    assert found == {
        ("turns", "a", "relabelled", "not_trd", "trd", "altered", "d1", "d2", "trial_id=t1"),
        ("turns", "a", "relabelled", "not_trd", "trd", "removed", "d1", None, "trial_id=t2"),
        ("turns", "a", "relabelled", "not_trd", "trd", "added", None, "d2", "trial_id=t3"),
        ("other", "a", "other_reason", "indeterminate", "indeterminate", "none", None, None, None),
        ("gone", "a", "gone", "trd", None, "removed", "d1", None, ""),
        ("new", "a", "new", None, "not_trd", "added", None, "d2", ""),
    }
    flows = estimate_label_flows(before, changes, now, ["a", "added"])
    assert len(flows) == 15
    counts = flows.set_index(["label_before", "label_now"])["n"]
    assert counts[("trd", "trd")] == 1
    assert counts[("not_trd", "trd")] == 1
    assert counts[("trd", "absent")] == 1
    assert counts[("absent", "not_trd")] == 1
    assert counts[("indeterminate", "indeterminate")] == 1
    assert counts.sum() == 5


def test_nothing_before_is_nothing_to_compare_with(engine: Engine) -> None:
    now = engine.from_memory(pd.DataFrame(NOW, columns=LABELS))
    changes = engine.keep(compare_labels(now.limit(0), now))
    assert changes.count().to_pyarrow().as_py() == 0
    assert len(estimate_label_flows(now.limit(0), changes, now, ["a"])) == 0


def test_rates_move_by_the_difference() -> None:
    names = ["estimand", "definition", "analysis", "n", "events", "rate"]
    before = pd.DataFrame([("trd", "a", "proven", 20, 5, 0.25)], columns=names)
    now = pd.DataFrame(
        [("trd", "a", "proven", 40, 16, 0.4), ("trd", "b", "proven", 40, 16, 0.4)], columns=names
    )
    moved = compare_rates(before, now)
    assert moved[["n_before", "n", "events"]].values.tolist() == [[20, 40, 16]]
    assert moved["difference"].tolist() == pytest.approx([0.15])


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_test_is_that_of_scipy(seed: int) -> None:
    chance = np.random.default_rng(seed)
    groups = [chance.integers(0, 6, size) + place for place, size in enumerate((30, 17, 44))]
    values = np.unique(np.concatenate(groups))
    counts = np.array([[(group == value).sum() for value in values] for group in groups], float)
    assert rank_test(counts) == pytest.approx(kruskal(*groups).pvalue, rel=1e-9)


def made(shares: dict[tuple[str, str], float], n: int, seed: int, columns: int) -> pd.DataFrame:
    """Draw measures of two drops: all have a share of 0.3 but for those named."""
    chance = np.random.default_rng(seed)
    rows = []
    for place in range(columns):
        for drop in ("d1", "d2"):
            name = f"c{place:03d}"
            yes = int(chance.binomial(n, shares.get((name, drop), 0.3)))
            rows += [("patients", name, "present", drop, 1.0, yes),
                     ("patients", name, "present", drop, 0.0, n - yes)]  # fmt: skip
    columns_of = ["table", "column", "measure", "drop_id", "value", "patients"]
    return pd.DataFrame(rows, columns=columns_of)


def accepted(engine: Engine, patients: list[dict[str, str]], trials: list[dict[str, str]]) -> Any:
    raw = {"patients": pd.DataFrame(patients), "trials": pd.DataFrame(trials)}
    return take_in_raw(engine, raw).accepted


def test_each_patient_counts_once_in_every_measure(engine: Engine) -> None:
    def trial(patient: str, name: str, dose: str, drug: str = "sertraline") -> dict[str, str]:
        return {"patient_id": patient, "trial_id": name, "drug": drug, "start_day": "0",
                "dose_mg_per_day": dose}  # fmt: skip

    one = accepted(
        engine,
        [{"patient_id": "a", "sex": "female", "poor_sleep": "yes"},
         {"patient_id": "b", "sex": "", "poor_sleep": "no"},
         {"patient_id": "c", "sex": "male", "poor_sleep": ""}],
        [trial("a", "1", "50"), trial("a", "2", ""), trial("b", "1", "50")],
    )  # fmt: skip
    two = accepted(
        engine,
        [{"patient_id": "a", "sex": "female", "poor_sleep": "yes"}],
        [trial("a", "1", "100"), trial("a", "2", "20", "citalopram")],
    )
    counted = count_measures(engine, {"one": one, "two": two})
    found = {
        (column, measure, drop): dict(zip(part["value"], part["patients"], strict=True))
        for (column, measure, drop), part in counted.groupby(["column", "measure", "drop_id"])
    }
    assert found["sex", "missing", "one"] == {0.0: 2, 1.0: 1}
    assert found["poor_sleep", "present", "one"] == {1.0: 1, 0.0: 1}
    assert found["poor_sleep", "missing", "two"] == {0.0: 1}
    # Half of a's trials lack the dose; b's none.
    assert found["dose_mg_per_day", "missing", "one"] == {0.5: 1, 0.0: 1}
    # 50, 50 and 100 of sertraline lie at 1/3, 1/3 and 5/6; 20 of citalopram alone at 1/2.
    assert found["dose_mg_per_day", "dose_rank", "one"] == {0.3333: 2}
    assert found["dose_mg_per_day", "dose_rank", "two"] == {0.6667: 1}


def test_drift_does_not_cry_wolf_over_many_columns() -> None:
    raw = alarms = 0
    for seed in range(40):
        drift = estimate_drift(made({}, 300, seed, 60), ["d1", "d2"])
        raw += int((drift["p_value"] < 0.05).any())
        alarms += int(drift["drifted"].any())
    # Unadjusted, nearly every comparison of 60 columns finds one; adjusted, about one in twenty.
    assert raw > 30
    assert alarms <= 6


def test_drift_is_found_where_it_is_and_matters() -> None:
    drift = estimate_drift(made({("c007", "d2"): 0.6}, 300, 1, 60), ["d1", "d2"])
    assert set(drift.loc[drift["drifted"], "column"]) == {"c007"}
    assert drift["n_tests"].unique().tolist() == [60]
    # With very many patients any difference is significant; a small one is no drift.
    small = estimate_drift(made({("c007", "d2"): 0.32}, 100_000, 1, 60), ["d1", "d2"])
    assert small.loc[small["column"] == "c007", "p_adjusted"].max() < 0.001
    assert not small["drifted"].any()


def test_one_drop_has_nothing_to_drift_from() -> None:
    assert len(estimate_drift(made({}, 30, 1, 3), ["d1"])) == 0
    few = estimate_drift(made({}, 4, 1, 3), ["d1", "d2"])
    assert set(few["status"]) == {"not_estimable"}
    assert few["drifted"].isna().all()
