"""The tables beside the rates are what reading patient by patient gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.golden.run import HERE, run_verbs
from tests.property.settings import BATCHES
from tests.property.tables import is_same, show, tell_differences
from tests.slow.characteristics import count_characteristics
from tests.slow.intake import FACTORS
from tests.slow.patients import Patient, read_patients
from tests.slow.resistance import count_resistance
from tests.slow.second_failure import draw_curves, follow, followed
from tests.slow.trials import used
from tests.slow.unknowns import count_unknowns
from tests.support import REFERENCE
from trdanalysis.simulate.drop import simulate_drop, write_drop


@dataclass(frozen=True)
class Run:
    """The tables of a run, and the patients behind them."""

    analysis: Path
    patients: list[Patient]

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.analysis / f"{name}.parquet")


@pytest.fixture(scope="module", params=["kept", *range(41, 41 + (BATCHES or 1))])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    drop = HERE / "drop"
    if request.param != "kept":
        drop = folder / "simulated"
        write_drop(simulate_drop(500, request.param), drop)
    run_verbs(drop, folder / "results")
    patients = read_patients(drop, REFERENCE / "antidepressants.csv")
    return Run(folder / "results" / "restricted" / "analysis", patients)


def test_unknowns_are_counted_right(run: Run) -> None:
    expected = count_unknowns(run.patients)
    table, wrong = run.read("unknowns"), []
    for row in table.to_dict("records"):
        key = (row["estimand"], row["criterion"])
        if key not in expected:
            wrong.append(f"{key}: not a criterion")
            continue
        wrong += tell_differences(key, expected.pop(key), row, ("n_unknown", "n_only"))
    wrong += [f"{key}: no row" for key in expected]
    assert not wrong, show(wrong)
    assert (table["n_unknown"] > 0).any()
    for _, rows in table.groupby("estimand"):
        assert "outcome_known" in set(rows["criterion"])


def test_apparent_resistance_by_label_is_counted_right(run: Run) -> None:
    expected = count_resistance(run.patients)
    table, wrong = run.read("resistance"), []
    for row in table.to_dict("records"):
        key = (row["apparent_resistance"], row["label"])
        wrong += tell_differences(key, {"n": expected.pop(key, None)}, row, ("n",))
    wrong += [f"{key}: no row" for key in expected]
    assert not wrong, show(wrong)
    assert table["n"].sum() > 0


def test_characteristics_are_what_patients_have(run: Run) -> None:
    left_out = [name for name in FACTORS if all(used(p.row[name]) is None for p in run.patients)]
    expected = count_characteristics(run.patients, left_out)
    table, wrong = run.read("characteristics"), []
    names = ("n", "share", "share_of_known", "mean", "sd", "median", "q1", "q3", "smd")
    for row in table.to_dict("records"):
        key = (row["characteristic"], row["kind"], row["level"], row["label"])
        own = expected.pop(key, None)
        if own is None:
            # Nobody at all is in it: there is a row all the same.
            wrong += [f"{key}: {row['n']} where nobody is"] * (row["n"] != 0)
            continue
        wrong += tell_differences(key, own, row, names)
        has_reason = row["label"] in ("trd", "indeterminate") and row["level"] != "unknown"
        if has_reason and row["characteristic"] != "overall":
            wrong += [f"{key}: {row['smd_reason']}"] * (
                pd.isna(row["smd"]) == pd.isna(row["smd_reason"])
            )
    wrong += [f"{key}: no row" for key in expected]
    assert not wrong, show(wrong)
    assert table["smd"].notna().sum() > 50


@pytest.mark.parametrize("curve", ["definite", "possible"])
def test_the_second_failure_comes_when_it_comes(run: Run, curve: str) -> None:
    every = draw_curves(run.patients)[curve]
    # The table begins on day 0 with everybody, and has a row for each day with an event.
    steps = [step for step in every if step.events]
    table = run.read("curves")
    table = table[(table["estimand"] == "time_to_second_failure") & (table["curve"] == curve)]
    start, table = table.iloc[0], table.iloc[1:]
    assert (start["day"], start["events"], start["cumulative_incidence"]) == (0, 0, 0)
    assert start["n_at_risk"] == len(followed(run.patients))
    left = sum(step.censored for step in every)
    assert start["censored"] + table["censored"].sum() == left
    wrong = []
    if [step.day for step in steps] != table["day"].tolist():
        days = {step.day for step in steps} ^ set(table["day"])
        wrong.append(f"days that only one has: {sorted(days)}")
    row_of = {row["day"]: row for row in table.to_dict("records")}
    for step in steps:
        row = row_of.get(step.day)
        if row is None:
            continue
        for name, value in (
            ("n_at_risk", step.n_at_risk),
            ("events", step.events),
            ("cumulative_incidence", step.incidence),
            ("ci_low", step.ci_low),
            ("ci_high", step.ci_high),
        ):
            if not is_same(value, row[name]):
                wrong.append(f"{curve} day {step.day} {name}: expected {value}, got {row[name]}")
    assert not wrong, show(wrong)
    assert any(step.events for step in steps)


def test_a_possible_failure_comes_no_later_than_a_definite_one(run: Run) -> None:
    for patient in followed(run.patients):
        definite_day, definite = follow(patient, "definite")
        possible_day, possible = follow(patient, "possible")
        assert possible_day <= definite_day and possible >= definite
