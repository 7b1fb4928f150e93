"""Compare the package with the slow reading, and make a difference small."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.slow import labels as slow
from tests.slow.histories import TABLES, Cells, History, pool
from tests.slow.intake import COLUMNS, read_drop
from tests.slow.trials import Thresholds
from tests.support import REFERENCE, label_intake, take_in_raw
from trdanalysis.engine import Engine
from trdanalysis.labelling.definition import Definition

TRIAL_COLUMNS = (
    "ingredient", "moiety", "drug_class", "antidepressant", "first_line", "dose_adequate",
    "duration_adequate", "adherence_adequate", "nonresponse", "remission", "failed",
    "adequate_days", "reduction", "outcome", "outcome_source", "verdict", "role", "start_day",
    "stop_day", "duration_days", "dose_mg_per_day", "adherence", "scale", "baseline_score",
    "baseline_day", "endpoint_score", "endpoint_day", "rated_outcome", "stop_reason", "episode",
)  # fmt: skip
LABEL_COLUMNS = (
    "label", "reason", "failures_definite", "failures_possible", "mdd", "enough_failures",
    "impaired", "not_excluded", "apparent_resistance", "pseudo_resistance", "onset_day",
    "qualifying_trials", "on_defaults",
)  # fmt: skip
Difference = tuple[str, str]


def frames(tables: History) -> dict[str, pd.DataFrame]:
    """Make frames of text, every column of the contract there."""
    return {
        name: pd.DataFrame([{c: row.get(c, "") for c in COLUMNS[name]} for row in rows],
                           columns=list(COLUMNS[name]), dtype=object)
        for name, rows in tables.items()
    }  # fmt: skip


def find_differences(
    histories: Sequence[History], definition: Definition, thresholds: Thresholds
) -> dict[str, list[str]]:
    """Name, per patient, what the two read otherwise; lines are those of the pooled tables."""
    tables = pool(histories)
    accepted = read_drop(tables)
    slow_trials, slow_labels = slow.judge(accepted, REFERENCE / "antidepressants.csv", thresholds)
    found: dict[str, list[str]] = {}
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        intake = take_in_raw(engine, frames(tables))
        labelled = label_intake(engine, intake, [definition])
        fast_trials = labelled.trials.to_pyarrow().to_pylist()
        fast_labels = labelled.labels.to_pyarrow().to_pylist()
    _compare_rows(found, accepted, intake, tables)
    _compare(found, "trial", slow_trials, fast_trials, ("patient_id", "trial_id"), TRIAL_COLUMNS)
    _compare(found, "label", slow_labels, fast_labels, ("patient_id",), LABEL_COLUMNS)
    return found


def _compare_rows(found: dict[str, list[str]], accepted: Any, intake: Any, tables: History) -> None:
    for name in TABLES:
        balance = intake.summary[name]
        lost = intake.quarantine[intake.quarantine["table"] == name]
        fast = {
            int(line): reason for line, reason in zip(lost["line"], lost["reason"], strict=True)
        }
        expected = accepted.quarantine[name]
        for line in sorted(fast.keys() | expected.keys()):
            if fast.get(line) != expected.get(line):
                patient = tables[name][line - 2].get("patient_id", "")
                found.setdefault(patient, []).append(
                    f"{name} row: expected {expected.get(line)}, got {fast.get(line)}"
                )
        for what, number in (
            ("accepted", len(accepted.tables[name])),
            ("duplicates", len(accepted.duplicates[name])),
            ("rows_in", len(tables[name])),
        ):
            if balance[what] != number:
                found.setdefault("", []).append(
                    f"{name} {what}: expected {number}, got {balance[what]}"
                )


def _compare(
    found: dict[str, list[str]],
    what: str,
    expected: list[dict[str, Any]],
    got: list[dict[str, Any]],
    key: tuple[str, ...],
    columns: tuple[str, ...],
) -> None:
    slow_rows = {tuple(row[name] for name in key): row for row in expected}
    fast_rows = {tuple(row[name] for name in key): row for row in got}
    for one in sorted(slow_rows.keys() | fast_rows.keys()):
        mine, its = slow_rows.get(one), fast_rows.get(one)
        if mine is None or its is None:
            text = f"{what} {one[1:]}: {'unexpected' if mine is None else 'missing'}"
            found.setdefault(one[0], []).append(text)
            continue
        for name in columns:
            if not same(mine[name], its[name]):
                found.setdefault(one[0], []).append(
                    f"{what} {one[1:]} {name}: expected {mine[name]!r}, got {its[name]!r}"
                )


def same(one: Any, other: Any) -> bool:
    """Compare two values; unknown is only like unknown."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        both_flags = isinstance(one, bool) == isinstance(other, bool)
        return both_flags and math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return bool(one == other)


def smaller(history: History) -> list[History]:
    """Give every history that is one row, or one cell, smaller."""
    out = []
    for name in TABLES:
        for place, row in enumerate(history[name]):
            rows = history[name]
            out.append({**history, name: rows[:place] + rows[place + 1 :]})
            for column, text in row.items():
                if text and column not in ("patient_id", "trial_id"):
                    changed: Cells = {**row, column: ""}
                    out.append({**history, name: [*rows[:place], changed, *rows[place + 1 :]]})
    return out


def renamed(history: History, patient_id: str) -> History:
    """Give the history another patient's id."""
    return {
        name: [{**row, "patient_id": patient_id} if row.get("patient_id") else row for row in rows]
        for name, rows in history.items()
    }


def shrink(
    history: History, definition: Definition, thresholds: Thresholds, rounds: int = 12
) -> tuple[History, list[str]]:
    """Take away what a difference does not need: all smaller histories are tried at once."""
    told: list[str] = []
    for _ in range(rounds):
        tries = [renamed(one, f"s{place}") for place, one in enumerate(smaller(history))]
        differs = find_differences(tries, definition, thresholds)
        left = [
            (one, differs[f"s{place}"]) for place, one in enumerate(tries) if f"s{place}" in differs
        ]
        if not left:
            break
        history, told = min(left, key=lambda pair: sum(map(len, pair[0].values())))
    return history, told
