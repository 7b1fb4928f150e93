"""Pooling: later drops replace earlier ones, as snapshots whole and as increments row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import pytest

from tests.support import BANDS, as_raw, load_reference
from trdanalysis.engine import Engine
from trdanalysis.intake.pool import (
    AcceptedDrop,
    derive_patient_groups,
    find_left_out_factors,
    pool_drops,
)
from trdanalysis.intake.take_in import Known, take_in

P = "patient_id"
Rows = Sequence[tuple[str, ...]]
TRIAL = ("patient_id", "trial_id", "drug", "start_day", "stop_day")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=2) as engine:
        yield engine


def drop(
    engine: Engine,
    drop_id: str,
    patients: Rows,
    trials: Rows,
    *,
    mode: str = "snapshot",
    known: Known | None = None,
) -> AcceptedDrop:
    raw = {
        "patients": pd.DataFrame(patients, columns=[P, "site"], dtype=object),
        "trials": pd.DataFrame(trials, columns=TRIAL, dtype=object),
    }
    tables = {name: as_raw(engine, rows) for name, rows in raw.items()}
    taken = take_in(engine, tables, load_reference(), known=known)
    grouped = derive_patient_groups(taken.accepted["patients"], [], BANDS)
    accepted = taken.accepted | {
        "patients": grouped,
        "quarantined_trials": taken.quarantined_trials,
    }
    return AcceptedDrop(drop_id, mode, accepted)


def known_of(engine: Engine, patients: list[str], trials: list[tuple[str, str]]) -> Known:
    return Known(
        patients=engine.from_memory(pd.DataFrame({P: patients})),
        trials=engine.from_memory(pd.DataFrame(trials, columns=[P, "trial_id"])),
    )


def sites(drops: Sequence[AcceptedDrop]) -> dict[str, tuple[str, str]]:
    rows = pool_drops(drops)["patients"].to_pyarrow().to_pylist()
    assert len({row[P] for row in rows}) == len(rows)
    return {row[P]: (row["site"], row["drop_id"]) for row in rows}


def trials(drops: Sequence[AcceptedDrop]) -> dict[tuple[str, str], tuple[int, str]]:
    rows = pool_drops(drops)["trials"].to_pyarrow().to_pylist()
    assert len({(row[P], row["trial_id"]) for row in rows}) == len(rows)
    return {(row[P], row["trial_id"]): (row["stop_day"], row["drop_id"]) for row in rows}


def lost(drops: Sequence[AcceptedDrop]) -> set[tuple[str, str]]:
    rows = pool_drops(drops)["quarantined_trials"].to_pyarrow().to_pylist()
    return {(row[P], row["trial_id"]) for row in rows}


def test_a_later_snapshot_replaces_a_patient_whole(engine: Engine) -> None:
    first = drop(engine, "d1", [("a", "x"), ("b", "x")],
                 [("a", "t1", "sertraline", "0", "60"), ("a", "t2", "ect", "70", "90"),
                  ("b", "t1", "ect", "0", "60")])  # fmt: skip
    second = drop(engine, "d2", [("a", "y")], [("a", "t1", "sertraline", "0", "61")])
    assert sites([first, second]) == {"a": ("y", "d2"), "b": ("x", "d1")}
    assert trials([first, second]) == {("a", "t1"): (61, "d2"), ("b", "t1"): (60, "d1")}


def test_an_increment_replaces_rows_of_the_same_key(engine: Engine) -> None:
    first = drop(
        engine,
        "d1",
        [("a", "x")],
        [("a", "t1", "sertraline", "0", "60"), ("a", "t2", "ect", "70", "90")],
    )
    second = drop(
        engine,
        "d2",
        [("c", "z")],
        [("a", "t1", "sertraline", "0", "61"), ("a", "t3", "ect", "100", "110")],
        mode="increment",
        known=known_of(engine, ["a"], [("a", "t1"), ("a", "t2")]),
    )
    # The patient's drop is that of his latest row of patients.
    assert sites([first, second]) == {"a": ("x", "d1"), "c": ("z", "d2")}
    assert trials([first, second]) == {
        ("a", "t1"): (61, "d2"),
        ("a", "t2"): (90, "d1"),
        ("a", "t3"): (110, "d2"),
    }


def test_a_set_aside_row_counts_until_it_is_mended(engine: Engine) -> None:
    first = drop(engine, "d1", [("a", "x"), ("b", "x")],
                 [("a", "t1", "sertraline", "60", "0"), ("b", "t1", "ect", "60", "0")])  # fmt: skip
    known = known_of(engine, ["a", "b"], [("b", "t0")])
    still = drop(engine, "d2", [], [("a", "t2", "ect", "0", "9")], mode="increment", known=known)
    mended = drop(engine, "d3", [], [("a", "t1", "ect", "0", "60")], mode="increment", known=known)
    again = drop(engine, "d4", [("b", "x")], [])
    assert lost([first]) == {("a", "t1"), ("b", "t1")}
    assert lost([first, still]) == {("a", "t1"), ("b", "t1")}
    assert lost([first, still, mended]) == {("b", "t1")}
    assert lost([first, still, mended, again]) == set()


def test_one_drop_is_its_own_cohort(engine: Engine) -> None:
    only = drop(engine, "d1", [("a", "x")], [("a", "t1", "ect", "0", "60")])
    assert sites([only]) == {"a": ("x", "d1")}
    assert trials([only]) == {("a", "t1"): (60, "d1")}


def test_factor_groups_are_three_valued(engine: Engine) -> None:
    names = ("early_trauma", "chronic_stress", "comorbid_mental_condition", "negative_thinking")
    rows = [
        ("all_no", "no", "no", "no", ""),
        ("one_yes", "yes", "", "no", ""),
        ("one_unknown", "no", "", "no", ""),
        ("nothing", "", "", "", ""),
    ]
    raw = {
        "patients": as_raw(engine, pd.DataFrame(rows, columns=[P, *names], dtype=object)),
        "trials": as_raw(engine, pd.DataFrame(columns=TRIAL, dtype=object)),
    }
    patients = take_in(engine, raw, load_reference()).accepted["patients"]
    left_out = find_left_out_factors(patients)
    # Nobody has a value of it, so the group is judged without it.
    assert "negative_thinking" in left_out
    assert not {"early_trauma", "chronic_stress"} & set(left_out)
    grouped = derive_patient_groups(patients, left_out, BANDS).to_pyarrow().to_pylist()
    assert {row[P]: row["psychological"] for row in grouped} == {
        "all_no": False, "one_yes": True, "one_unknown": None, "nothing": None,
    }  # fmt: skip
    # Of the biological factors nobody has any value: the group is unknown, not absent.
    assert {row["biological"] for row in grouped} == {None}
