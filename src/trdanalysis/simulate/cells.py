"""How simulated values become cells of the contract's tables, and which are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.contract import Column, TableSpec
from trdanalysis.simulate.patients import Array

_NO_TEXT = -1


def make_table(spec: TableSpec, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Put columns into the contract's order and types: text, nullable booleans and numbers."""
    return pd.DataFrame({c.name: _typed(c, columns[c.name]) for c in spec.columns})


def _typed(column: Column, values: Any) -> Any:
    if column.kind == "three_valued":
        return pd.array(values, dtype="boolean")
    if column.kind in ("day", "integer"):
        return pd.array(values, dtype="Int64")
    if column.kind == "number":
        return pd.array(values, dtype="Float64")
    return pd.array(values, dtype="str")


def hide(values: Array, hidden: Array) -> Any:
    """Turn numbers or truth values into nullable ones, null where hidden."""
    if values.dtype == bool:
        return pd.arrays.BooleanArray(values.copy(), hidden.copy())
    if values.dtype.kind == "i":
        return pd.arrays.IntegerArray(values.astype(np.int64), hidden.copy())
    return pd.arrays.FloatingArray(np.nan_to_num(values), hidden | np.isnan(values))


def to_words(codes: Array, words: tuple[str, ...], hidden: Array | None = None) -> Array:
    """Turn codes into words; a negative code, or a hidden one, into nothing."""
    where = codes if hidden is None else np.where(hidden, _NO_TEXT, codes)
    return np.array([*words, None], dtype=object)[where]


class Holes:
    """Decides which values are not recorded; none are where ``missing`` is false."""

    def __init__(self, rng: np.random.Generator, missing: bool) -> None:
        self.rng = rng
        self.missing = missing

    def draw(self, n: int, share: float | Array) -> Array:
        """Draw ``n`` truth values, true for a value that is not recorded."""
        drawn = self.rng.random(n) < share
        return drawn if self.missing else np.zeros(n, dtype=bool)


def write_trial_ids(number: Array) -> Array:
    """Write the ids of trials from their numbers within the patient."""
    return np.array([f"T{i}" for i in range(1 + int(number.max(initial=0)))], dtype=object)[number]
