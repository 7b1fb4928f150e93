"""Rates that leave, and what is made of the overall ones."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from trdanalysis.analysis.benchmarks import estimate_benchmarks
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.sensitivity import IMPUTED, NONRESPONDER, estimate_tipping
from trdanalysis.disclosure.comparisons import hidden_ages, is_of
from trdanalysis.disclosure.hiding import (
    PARTLY_SUPPRESSED,
    SUPPRESSED,
    Hidden,
    hide,
    round_estimates,
)
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.rounded import estimate_rounded_rates
from trdanalysis.disclosure.strata import COUNTED_ANALYSES, OTHER_STRATA, key_of, overall_key
from trdanalysis.rows import list_rows

#: Columns of rates.csv that tell how many events or patients there are.
_ESTIMATES = (
    "rate", "ci_low", "ci_high", "ci90_low", "ci90_high", "difference", "p_value", "conclusion",
)  # fmt: skip

_UNKNOWN_NUMBERS = ("n_unknown", "bound_low", "bound_high", "robust")
_NUMBERS = ("n", "n_clusters", "events", *_ESTIMATES, *_UNKNOWN_NUMBERS)

#: Columns of rates of trials that are no function of printed counts.
_OF_CLUSTERS = ("ci_low", "ci_high", "ci90_low", "ci90_high", "p_value")


def disclose_rates(
    rates: pd.DataFrame, primary: str, hidden: Hidden, settings: RateSettings
) -> pd.DataFrame:
    """Hide rows of rates.csv, or what is unknown in them; round where the policy does.

    Parameters
    ----------
    rates
        As estimated, by every definition.
    primary
        Id of the primary definition; of others only :data:`OTHER_STRATA` leave.
    hidden
        What is hidden.
    settings
        Reference, margin and confidence.
    """
    policy = hidden.policy
    is_primary = rates["definition"] == primary
    leaves = is_primary | (
        rates["stratum"].isin(OTHER_STRATA) & rates["analysis"].isin(COUNTED_ANALYSES)
    )
    rates, is_primary = rates[leaves], is_primary[leaves]
    parts = []
    for own, base in (
        (rates[is_primary], policy.base_of(primary=True)),
        (rates[~is_primary], policy.base_of(primary=False)),
    ):
        if base and len(own):
            own = estimate_rounded_rates(own, base, settings, policy.model_decimals)
        parts.append(own)
    table = pd.concat(parts).reindex(rates.index).reset_index(drop=True)
    table = _round_models(table, policy)
    rows = list_rows(table)
    gone, partly = [], []
    for row in rows:
        key = key_of(row)
        row_gone, unknown_gone = hidden.unit("row", *key), hidden.unit("unknown", *key)
        overall = overall_key(row["definition"], row["estimand"])
        if row["analysis"] == NONRESPONDER:
            row_gone = hidden.unit("imputed", *overall)
        elif row["analysis"] == IMPUTED:
            # Its numbers are those of the other imputation, or of a proven share and its bounds.
            row_gone |= hidden.unit("imputed", *overall) | unknown_gone
        gone.append(row_gone)
        partly.append(unknown_gone and not row_gone)
    table = hide(table, partly, _UNKNOWN_NUMBERS, PARTLY_SUPPRESSED)
    few = table["n"].between(1, policy.least_n_for_a_rate - 1).fillna(False)
    table = hide(table, few, [*_ESTIMATES, *_UNKNOWN_NUMBERS[1:]], "not_estimable")
    return hide(table, gone, _NUMBERS)


def _round_models(table: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Round what clusters and imputations give."""
    of_trials, imputed = table["unit"] == "trial", table["analysis"] == IMPUTED
    rounded = round_estimates(table, [*_OF_CLUSTERS, "rate", "difference"], policy.model_decimals)
    table = table.copy()
    for name in _OF_CLUSTERS:
        table[name] = table[name].mask(of_trials | imputed, rounded[name])
    for name in ("rate", "difference"):
        table[name] = table[name].mask(imputed, rounded[name])
    return table


def overall_in(rates: pd.DataFrame, statuses: Sequence[str]) -> set[tuple[str, str]]:
    """Give estimands and definitions whose counted overall row has one of the statuses."""
    rows = rates[(rates["stratum"] == "overall") & rates["analysis"].isin(COUNTED_ANALYSES)]
    rows = rows[rows["status"].isin(list(statuses))]
    return set(zip(rows["estimand"], rows["definition"], strict=True))


def disclose_benchmarks(
    benchmarks: pd.DataFrame,
    rates: pd.DataFrame,
    published: pd.DataFrame,
    primary: str,
    policy: Policy,
) -> pd.DataFrame:
    """Hide differences from published rates with their rate; make those of rounded rates anew."""
    columns = ["rate", "difference", "ci_low", "ci_high"]
    rates = rates[rates["analysis"].isin(COUNTED_ANALYSES)]
    rounded = estimate_benchmarks(rates, published).astype(benchmarks.dtypes)
    whole = benchmarks.drop_duplicates(["estimand", "definition", "reference_id"])
    if policy.base_of(primary=True):
        table = rounded
    else:
        # By the primary they are as exact as the rates beside them.
        table = pd.concat(
            [
                whole[whole["definition"] == primary],
                rounded[rounded["definition"] != primary],
            ],
            ignore_index=True,
        )
    shown = rates[(rates["stratum"] == "overall") & rates["rate"].notna()]
    keys = set(zip(shown["estimand"], shown["definition"], strict=True))
    return hide(table, ~is_of(table, keys), columns)


def disclose_tipping(
    tipping: pd.DataFrame,
    rates: pd.DataFrame,
    primary: str,
    policy: Policy,
    settings: RateSettings,
) -> pd.DataFrame:
    """Hide how far the unknown could move a rate, with the rate or its unknowns."""
    if policy.base_of(primary=True):
        return estimate_tipping(rates[rates["definition"] == primary], settings)
    numbers = [
        "unknown_with_event", "share", "n", "events", "rate", "ci_low", "ci_high", "conclusion",
        "as_primary",
    ]  # fmt: skip
    gone = overall_in(rates, [SUPPRESSED, PARTLY_SUPPRESSED])
    return hide(tipping, is_of(tipping, gone), numbers)


def disclose_age_curves(
    age_curves: pd.DataFrame, rates: pd.DataFrame, adults: Sequence[str], policy: Policy
) -> pd.DataFrame:
    """Hide a curve of age with any adult band of its rate, and round it."""
    columns = ["rate", "ci_low", "ci_high"]
    table = round_estimates(age_curves, columns, policy.model_decimals)
    gone = hidden_ages(rates, adults) | overall_in(rates, [SUPPRESSED])
    return hide(table, is_of(table, gone), [*columns, "age_years", "knots_years"])
