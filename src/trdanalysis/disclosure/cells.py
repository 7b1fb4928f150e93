"""Cells of the multiverse: they leave as rounded counts, and rates of these.

Neighbouring cells differ by a few patients, so that what one hides another would give away. Counts
are rounded whatever the policy hides; the exact grid stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.grid import ASSUME_BAD, AXES, KLEENE
from trdanalysis.analysis.intervals import divide, estimate_wilson

SUPPRESSED = "suppressed"

#: Counts are rounded to a multiple of at least this.
LEAST_BASE = 5

#: Shares of rounded counts are not more exact than this.
_DECIMALS = 4

_COUNTS = ["n", "n_unknown", "trd", "not_trd", "indeterminate"]
_SHARES = ["rate", "ci_low", "ci_high", "bound_low", "bound_high"]


def disclose_cells(table: pd.DataFrame, limit: int, base: int = LEAST_BASE) -> pd.DataFrame:
    """Round the counts of cells, and make every rate of them anew.

    Parameters
    ----------
    table
        As :func:`trdanalysis.analysis.multiverse.estimate_multiverse` gives it.
    limit
        Counts from 1 to this number are hidden, and with them the cell and its bounds.
    base
        Counts are rounded to the nearest multiple of it.

    Returns
    -------
    DataFrame
        The same rows and columns. A cell is hidden (``suppressed``) where a count of it, or the
        rest of its population, or those who may be members are few; or where nobody is left of its
        population after rounding.
    """
    is_label = (table["unknown"] == KLEENE).to_numpy()
    is_high = (table["unknown"] == ASSUME_BAD).to_numpy()
    n, unknown = (table[name].astype("Float64").to_numpy(float, na_value=np.nan)
                  for name in ("n", "n_unknown"))  # fmt: skip
    trd, not_trd, unsure = (
        table[name].astype("Float64").to_numpy(float, na_value=np.nan) for name in _COUNTS[2:]
    )
    # A bound is a share of everybody: how many of them it counts follows from it.
    share = table["bound_high"].where(is_high, table["bound_low"]).to_numpy(float)
    counted = np.where(is_label, trd, np.round(np.nan_to_num(share) * n))
    everybody = np.where(is_label, n + unknown - unsure, n)
    reach = np.where(is_label, trd + unknown, counted)
    told = (n, unknown, counted, n - counted, everybody - reach)
    of_labels = (not_trd, unsure, everybody - n)
    hidden = np.any([_is_few(numbers, limit, base) for numbers in told], axis=0)
    hidden |= is_label & np.any([_is_few(numbers, limit, base) for numbers in of_labels], axis=0)
    hidden = _hide_alike(table, hidden)
    rounded = table.copy()
    for name in _COUNTS:
        rounded[name] = (((table[name] + base // 2) // base) * base).astype("Int64")
    of, events, whole, most = (_round(part, base) for part in (n, counted, everybody, reach))
    hidden |= (of == 0) & (n > 0)
    low, high = estimate_wilson(np.minimum(events, of), of)
    reference = table["reference"].to_numpy(float)
    shares: dict[str, Any] = {
        "rate": np.where(is_label, divide(np.minimum(events, of), of), np.nan),
        "ci_low": low,
        "ci_high": high,
        "bound_low": np.where(is_high, np.nan, divide(np.minimum(events, whole), whole)),
        "bound_high": np.where(is_label | is_high, divide(np.minimum(most, whole), whole), np.nan),
    }
    for name in _SHARES:
        rounded[name] = np.round(shares[name], _DECIMALS)
    excludes = pd.array((low > reference) | (high < reference), dtype="boolean")
    rounded["excludes_reference"] = excludes
    gone = hidden | (n == 0)
    rounded.loc[gone, "excludes_reference"] = pd.NA
    rounded.loc[hidden, _COUNTS] = pd.NA
    rounded.loc[hidden, _SHARES] = np.nan
    rounded["status"] = rounded["status"].mask(hidden, SUPPRESSED)
    return rounded


def _is_few(numbers: Any, limit: int, base: int) -> Any:
    """Say which counts are small, as they are or as they would be shown."""
    shown = _round(numbers, base)
    return ((numbers >= 1) & (numbers <= limit)) | ((shown >= 1) & (shown <= limit))


def _round(numbers: Any, base: int) -> Any:
    return np.floor_divide(numbers + base // 2, base) * base


def _hide_alike(table: pd.DataFrame, hidden: Any) -> Any:
    """Hide the bounds of hidden labels, and labels of hidden bounds: they are of one grid cell."""
    keys = [axis for axis in AXES if axis != "unknown"]
    together = table[keys].assign(hidden=hidden).groupby(keys, sort=False)["hidden"]
    return np.array(together.transform("max"), dtype=bool)
