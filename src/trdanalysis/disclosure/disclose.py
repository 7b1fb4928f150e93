"""The one door: result tables go through here before anything is shown.

This hides small counts and everything computed from them, row by row. It does not yet look at what
follows from several rows or tables together; therefore only synthetic runs may use ``release/``.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from trdanalysis.disclosure.policy import Policy

SUPPRESSED, PARTLY_SUPPRESSED = "suppressed", "partly_suppressed"

#: Columns of rates.csv that tell how many events or patients there are.
_RATE_NUMBERS = [
    "n", "n_unknown", "n_clusters", "events", "rate", "ci_low", "ci_high", "ci90_low", "ci90_high",
    "bound_low", "bound_high", "difference", "p_value", "conclusion", "robust",
]  # fmt: skip
_UNKNOWN_NUMBERS = ["n_unknown", "bound_low", "bound_high", "robust"]
_BENCHMARK_NUMBERS = ["rate", "difference", "ci_low", "ci_high"]


def disclose_tables(tables: Mapping[str, pd.DataFrame], policy: Policy) -> dict[str, pd.DataFrame]:
    """Hide what the policy does not allow to be shown.

    Parameters
    ----------
    tables
        ``rates``, ``benchmarks``, ``attrition``, ``definitions``, ``label_reasons``.
    policy
        The site's policy.

    Returns
    -------
    dict
        The same tables. Hidden numbers are null; ``status`` says so where a table has it.
    """
    limit = policy.hide_counts_up_to
    rates = _disclose_rates(tables["rates"], limit)
    hidden = rates[(rates["stratum"] == "overall") & (rates["status"] == SUPPRESSED)]
    return {
        "rates": rates,
        "benchmarks": _disclose_benchmarks(tables["benchmarks"], hidden),
        "attrition": _disclose_counts(tables["attrition"], ["n_in", "n_out", "n_unknown"], limit),
        "definitions": _disclose_counts(
            tables["definitions"], ["n", "trd", "not_trd", "indeterminate"], limit
        ),
        "label_reasons": _disclose_counts(tables["label_reasons"], ["patients"], limit),
    }


def _is_small(counts: pd.Series, limit: int) -> pd.Series:
    return counts.between(1, limit).fillna(False).astype(bool)


def _disclose_rates(rates: pd.DataFrame, limit: int) -> pd.DataFrame:
    table = rates.copy()
    hidden = (
        _is_small(table["n"], limit)
        | _is_small(table["events"], limit)
        | _is_small(table["n"] - table["events"], limit)
    )
    partly = ~hidden & _is_small(table["n_unknown"], limit)
    for name in _RATE_NUMBERS:
        table[name] = table[name].mask(hidden)
    for name in _UNKNOWN_NUMBERS:
        table[name] = table[name].mask(partly)
    table["status"] = table["status"].mask(hidden, SUPPRESSED).mask(partly, PARTLY_SUPPRESSED)
    return table


def _disclose_benchmarks(benchmarks: pd.DataFrame, hidden: pd.DataFrame) -> pd.DataFrame:
    table = benchmarks.copy()
    keys = set(zip(hidden["estimand"], hidden["definition"], strict=True))
    rows = pd.Series(
        [key in keys for key in zip(table["estimand"], table["definition"], strict=True)],
        index=table.index,
        dtype=bool,
    )
    for name in _BENCHMARK_NUMBERS:
        table[name] = table[name].mask(rows)
    return table


def _disclose_counts(counts: pd.DataFrame, columns: list[str], limit: int) -> pd.DataFrame:
    table = counts.copy()
    small = pd.Series(False, index=table.index)
    for name in columns:
        small |= _is_small(table[name], limit)
    for name in columns:
        table[name] = table[name].mask(small)
    if "status" in table.columns and "n_in" in table.columns:
        table["status"] = table["status"].mask(small, SUPPRESSED)
    return table
