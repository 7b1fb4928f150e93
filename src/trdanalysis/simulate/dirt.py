"""Faults as they occur in real drops, each in a small share of rows, for intake to find.

Only faults that a typed table can hold: the same drop can be written as CSV and as Parquet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

MISSPELLED_DRUGS = ("sertralin", "escitalopran", "fluoxitine", "venlafaxin", "mirtazepine")
#: Fault and share of rows, by table. Faults of one table fall on different rows.
DIRT: dict[str, dict[str, float]] = {
    "patients": {
        "duplicate": 0.003,
        "conflict": 0.001,
        "function_score": 0.002,
        "last_observed_day": 0.002,
    },
    "trials": {
        "duplicate": 0.004,
        "conflict": 0.002,
        "orphan": 0.002,
        "no_start": 0.001,
        "stop_before_start": 0.003,
        "drug": 0.006,
        "scale": 0.003,
        "endpoint_score": 0.004,
        "adherence": 0.003,
        "dose": 0.002,
        "role": 0.001,
        "rating": 0.005,
    },
    "doses": {"duplicate": 0.003, "orphan": 0.002, "stop_before_start": 0.002, "dose": 0.002},
    "assessments": {"duplicate": 0.003, "orphan": 0.002, "score": 0.003},
}

#: What a column is given in a fault that replaces a cell.
_CELLS: dict[str, tuple[str, float | str | None]] = {
    "function_score": ("function_score", 120.0),
    "last_observed_day": ("last_observed_day", -500),
    "scale": ("scale", "HDRS"),
    "endpoint_score": ("endpoint_score", 99.0),
    "adherence": ("adherence", 1.4),
    "dose": ("dose_mg_per_day", 0.0),
    "role": ("role", "adjunct"),
    "score": ("score", -1.0),
    "no_start": ("start_day", None),
}


def add_dirt(rng: np.random.Generator, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Spoil a small share of the rows of every table and shuffle them.

    Parameters
    ----------
    rng
        Source of randomness.
    tables
        Contract tables, keys unique.

    Returns
    -------
    dict
        The same tables with the faults of :data:`DIRT`; duplicates, conflicts and orphans are added
        rows, the others changed cells.
    """
    return {name: _spoil(rng, name, table) for name, table in tables.items()}


def _spoil(rng: np.random.Generator, name: str, table: pd.DataFrame) -> pd.DataFrame:
    n = len(table)
    edges = np.cumsum(list(DIRT[name].values()))
    fault_of_row = np.searchsorted(edges, rng.random(n), side="right")
    spoilt, added = table.copy(), []
    for number, fault in enumerate(DIRT[name]):
        rows = np.flatnonzero(fault_of_row == number)
        if fault in _ADDED_ROWS:
            added.append(_ADDED_ROWS[fault](table.iloc[rows]))
        elif fault in _CELLS:
            column, value = _CELLS[fault]
            spoilt.loc[rows, column] = value
        else:
            _CHANGED_ROWS[fault](rng, spoilt, rows)
    whole = pd.concat([spoilt, *added], ignore_index=True)
    return whole.iloc[rng.permutation(len(whole))].reset_index(drop=True)


def _duplicate(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.copy()


def _conflict(rows: pd.DataFrame) -> pd.DataFrame:
    """Repeat keys with another value: every row of such a key goes to the quarantine."""
    other = rows.copy()
    column = "age_years" if "age_years" in rows else "start_day"
    other[column] = (other[column] + 1) % 90
    return other


def _orphan(rows: pd.DataFrame) -> pd.DataFrame:
    other = rows.copy()
    other["patient_id"] = "unlisted-" + other["patient_id"]
    return other


def _stop_before_start(rng: np.random.Generator, table: pd.DataFrame, rows: np.ndarray) -> None:
    table.loc[rows, "stop_day"] = table.loc[rows, "start_day"] - rng.integers(0, 30, len(rows))


def _misspell(rng: np.random.Generator, table: pd.DataFrame, rows: np.ndarray) -> None:
    table.loc[rows, "drug"] = rng.choice(MISSPELLED_DRUGS, len(rows))


def _contradict_rating(rng: np.random.Generator, table: pd.DataFrame, rows: np.ndarray) -> None:
    """Let the rating say the opposite of the scores, where the row holds two scores."""
    both = table[["scale", "baseline_score", "endpoint_score"]].notna().all(axis=1)
    clear = rows[both.to_numpy()[rows]]
    opposite = {
        "remission": "no_response",
        "response": "no_response",
        "partial_response": "response",
        "no_response": "response",
    }
    rating = table.loc[clear, "rated_outcome"]
    table.loc[clear, "rated_outcome"] = rating.map(opposite).astype(table["rated_outcome"].dtype)


_ADDED_ROWS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "duplicate": _duplicate,
    "conflict": _conflict,
    "orphan": _orphan,
}
_CHANGED_ROWS: dict[str, Callable[[np.random.Generator, pd.DataFrame, np.ndarray], None]] = {
    "stop_before_start": _stop_before_start,
    "drug": _misspell,
    "rating": _contradict_rating,
}
