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
_COMPARISON_NUMBERS = [
    "n", "n_versus", "value", "ci_low", "ci_high", "p_value", "p_adjusted",
]  # fmt: skip

#: By table: the counts that must not be small, and the further columns that are hidden with them.
_COUNTED = {
    "attrition": (["n_in", "n_out", "n_unknown"], []),
    "definitions": (["n", "trd", "not_trd", "indeterminate"], []),
    "label_reasons": (["patients", "on_defaults"], []),
    "unknowns": (["n_unknown", "n_only"], []),
    "resistance": (["n"], []),
    "first_trials": (["n"], ["share"]),
    "clusters": (
        ["n_trials", "n_patients"],
        ["rate", "patient_weighted_rate", "icc", "design_effect"],
    ),
    "curves": (
        ["n_at_risk", "events", "censored"], ["cumulative_incidence", "ci_low", "ci_high"],
    ),
    "models": (
        ["n", "n_left_out", "n_clusters", "events"],
        ["events_per_parameter", "condition", "dispersion", "c_statistic"],
    ),
    "tipping": (["unknown_with_event", "n", "events"], ["share", "rate", "ci_low", "ci_high"]),
}  # fmt: skip


def disclose_tables(tables: Mapping[str, pd.DataFrame], policy: Policy) -> dict[str, pd.DataFrame]:
    """Hide what the policy does not allow to be shown.

    Parameters
    ----------
    tables
        Those of :data:`trdanalysis.layout.ANALYSIS_TABLES`.
    policy
        The site's policy.

    Returns
    -------
    dict
        The same tables. Hidden numbers are null; ``status`` says so where a table has it. A
        comparison is hidden with either of its groups; what is of age (curves, trends, contrasts)
        with any adult age band; what would be if unknowns were known, with its rate.
    """
    limit = policy.hide_counts_up_to
    rates = _disclose_rates(tables["rates"], limit)
    disclosed = {
        "rates": rates,
        "benchmarks": _disclose_benchmarks(tables["benchmarks"], rates),
        "comparisons": _disclose_comparisons(tables["comparisons"], rates, limit),
        "age_curves": _hide(
            tables["age_curves"], _is_of(tables["age_curves"], _hidden_ages(rates)),
            ["rate", "ci_low", "ci_high", "age_years", "knots_years"],
        ),
    }  # fmt: skip
    for name, (counts, others) in _COUNTED.items():
        disclosed[name] = _disclose_counts(tables[name], counts, others, limit)
    tipping = disclosed["tipping"]
    unsure = rates[rates["status"].isin([SUPPRESSED, PARTLY_SUPPRESSED])]
    numbers = [*_COUNTED["tipping"][0], *_COUNTED["tipping"][1], "conclusion", "as_primary"]
    disclosed["tipping"] = _hide(tipping, _is_of(tipping, _overall(unsure)), numbers)
    return disclosed


def _is_small(counts: pd.Series, limit: int) -> pd.Series:
    return counts.between(1, limit).fillna(False).astype(bool)


def _hide(table: pd.DataFrame, rows: pd.Series, columns: list[str]) -> pd.DataFrame:
    """Empty the columns of the rows, and say so where the table has a status."""
    if not rows.any():
        return table
    table = table.copy()
    for name in columns:
        table[name] = table[name].mask(rows)
    if "status" in table.columns:
        table["status"] = table["status"].mask(rows, SUPPRESSED)
    return table


def _overall(rates: pd.DataFrame) -> set[tuple[str, str]]:
    rows = rates[rates["stratum"] == "overall"]
    return set(zip(rows["estimand"], rows["definition"], strict=True))


def _is_of(table: pd.DataFrame, keys: set[tuple[str, str]]) -> pd.Series:
    """Say which rows are of one of these estimands and definitions."""
    pairs = zip(table["estimand"], table["definition"], strict=True)
    return pd.Series([pair in keys for pair in pairs], index=table.index, dtype=bool)


def _disclose_rates(rates: pd.DataFrame, limit: int) -> pd.DataFrame:
    table = rates.copy()
    hidden = (
        _is_small(table["n"], limit)
        | _is_small(table["events"], limit)
        | _is_small(table["n"] - table["events"], limit)
    )
    # What was imputed is as telling as the rate beside it.
    told = table[hidden & (table["stratum"] == "overall")]
    imputed = ~table["analysis"].isin(["complete_case", "proven"])
    hidden |= imputed & _is_of(table, _overall(told))
    partly = ~hidden & _is_small(table["n_unknown"], limit)
    for name in _RATE_NUMBERS:
        table[name] = table[name].mask(hidden)
    for name in _UNKNOWN_NUMBERS:
        table[name] = table[name].mask(partly)
    table["status"] = table["status"].mask(hidden, SUPPRESSED).mask(partly, PARTLY_SUPPRESSED)
    return table


def _disclose_benchmarks(benchmarks: pd.DataFrame, rates: pd.DataFrame) -> pd.DataFrame:
    keys = _overall(rates[rates["status"] == SUPPRESSED])
    return _hide(benchmarks, _is_of(benchmarks, keys), _BENCHMARK_NUMBERS)


def _hidden_ages(rates: pd.DataFrame) -> set[tuple[str, str]]:
    """Give the estimands and definitions of which an age band is hidden."""
    rows = rates[(rates["stratum"] == "age_band") & (rates["status"] == SUPPRESSED)]
    return set(zip(rows["estimand"], rows["definition"], strict=True))


def _disclose_comparisons(
    comparisons: pd.DataFrame, rates: pd.DataFrame, limit: int
) -> pd.DataFrame:
    key = ["estimand", "definition", "stratum", "group", "level"]
    hidden = rates[rates["status"] == SUPPRESSED]
    cells = set(hidden[key].itertuples(index=False, name=None))
    rows = _is_small(comparisons["n"], limit) | _is_small(comparisons["n_versus"], limit)
    if limit:
        ages = comparisons["contrast"].isin(["young_adults", "age_trend", "age_interaction"])
        rows |= ages & _is_of(comparisons, _hidden_ages(rates))
    names = ["estimand", "definition", "contrast", "group", "level", "versus"]
    found = []
    for *head, level, versus in comparisons[names].itertuples(index=False, name=None):
        found.append((*head, level) in cells or (*head, versus) in cells)
    rows |= pd.Series(found, index=comparisons.index, dtype=bool)
    return _hide(comparisons, rows, _COMPARISON_NUMBERS)


def _disclose_counts(
    table: pd.DataFrame, counts: list[str], others: list[str], limit: int
) -> pd.DataFrame:
    small = pd.Series(False, index=table.index)
    for name in counts:
        small |= _is_small(table[name], limit)
    return _hide(table, small, [*counts, *others])
