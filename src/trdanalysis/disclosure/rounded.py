"""Rates and comparisons of rounded counts: made anew, of nothing but what is printed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trdanalysis.analysis.comparisons import estimate_comparisons
from trdanalysis.analysis.counts import (
    AGE_GROUP,
    COUNTS,
    GROUP_BY_AGE_GROUP,
    KEYS,
    Counts,
)
from trdanalysis.analysis.intervals import divide
from trdanalysis.analysis.rates import RATE_COLUMNS, RateSettings, estimate_numbers
from trdanalysis.analysis.sensitivity import IMPUTED, NONRESPONDER
from trdanalysis.analysis.states import OLDER, TRIAL_COLUMNS, YOUNG
from trdanalysis.disclosure.hiding import round_counts
from trdanalysis.disclosure.strata import COUNTED_ANALYSES, total_of
from trdanalysis.rows import list_rows

_PRINTED = ("n", "n_unknown", "n_clusters", "events")

#: What clusters of trials give, which no printed count does.
_OF_CLUSTERS = (
    "ci_low", "ci_high", "ci90_low", "ci90_high", "p_value", "ci_method", "conclusion", "robust",
)  # fmt: skip

#: Of comparisons: those that are functions of the counts of patients.
COUNTED_MODELS = ("unadjusted", "bounds", "cochran_armitage", "interaction")


def estimate_rounded_rates(
    rates: pd.DataFrame, base: int, settings: RateSettings, decimals: int
) -> pd.DataFrame:
    """Make every number of the rows anew from counts rounded to the base.

    Parameters
    ----------
    rates
        Rows of rates.csv, not yet hidden; overall rows with those that they were imputed from.
    base
        Counts are rounded to its nearest multiple.
    settings
        Reference, margin and confidence.
    decimals
        Of rates that are multiply imputed.

    Returns
    -------
    DataFrame
        The same rows. Rates of trials are quotients of rounded counts, without intervals, tests and
        conclusions: these would take the histories of patients.
    """
    of_trials = rates["unit"] == "trial"
    counted = rates["analysis"].isin([*COUNTED_ANALYSES, NONRESPONDER])
    parts = [
        _of_patients(rates[counted & ~of_trials], base, settings),
        _of_trials(rates[counted & of_trials], base),
    ]
    imputed = rates[rates["analysis"] == IMPUTED]
    estimates = list(RATE_COLUMNS[RATE_COLUMNS.index("rate") : RATE_COLUMNS.index("reference")])
    imputed = round_counts(imputed, _PRINTED, base)
    for name in [*estimates, "difference", "p_value"]:
        if name != "ci_method":
            imputed[name] = imputed[name].round(decimals)
    joined = pd.concat([*parts, imputed]).reindex(rates.index)
    return _with_bounds_of_counted(joined)


def _of_patients(rows: pd.DataFrame, base: int, settings: RateSettings) -> pd.DataFrame:
    rows = rows.copy()
    absent = rows["n"].isna().to_numpy()
    whole = rows.assign(**{name: rows[name].fillna(0) for name in _PRINTED})
    known = [total_of(row) - int(row["n_unknown"]) for row in list_rows(whole)]
    of_counts = round_counts(
        whole.assign(
            certain=whole["n"].astype("Int64"),
            known=pd.array(known, dtype="Int64"),
            unknown=whole["n_unknown"].astype("Int64"),
        ),
        [*COUNTS],
        base,
    )
    proven = of_counts["analysis"] == "proven"
    of_counts["known"] = of_counts["known"].where(proven, of_counts["certain"])
    for name in COUNTS:
        of_counts[name] = of_counts[name].astype("int64")
    of_counts["by_definition"] = absent & (rows["status"] == "by_definition").to_numpy()
    of_counts["age_band"] = of_counts["age_band"].fillna("")
    analysis = of_counts["analysis"].copy()
    estimated = estimate_numbers(
        of_counts.assign(analysis=analysis.where(analysis == "proven", "complete_case")), settings
    )
    return estimated.assign(analysis=analysis)


def _of_trials(rows: pd.DataFrame, base: int) -> pd.DataFrame:
    rows = round_counts(rows, _PRINTED, base)
    events, n, unknown = (
        rows[name].astype("Float64").to_numpy(float, na_value=np.nan)
        for name in ("events", "n", "n_unknown")
    )
    rows["rate"] = divide(events, n)
    rows["difference"] = rows["rate"] - rows["reference"]
    rows["bound_low"] = divide(events, n + unknown)
    rows["bound_high"] = divide(events + unknown, n + unknown)
    for name in _OF_CLUSTERS:
        rows[name] = rows[name].mask(pd.Series(True, index=rows.index))
    return rows


def _with_bounds_of_counted(rates: pd.DataFrame) -> pd.DataFrame:
    """Give imputed overall rows the bounds of the counted one."""
    key = ["estimand", "definition"]
    overall = rates[(rates["stratum"] == "overall") & rates["analysis"].isin(COUNTED_ANALYSES)]
    bounds = overall.set_index(key)[["bound_low", "bound_high"]]
    other = ~rates["analysis"].isin(COUNTED_ANALYSES)
    own = pd.MultiIndex.from_frame(rates.loc[other, key])
    for name in bounds.columns:
        rates.loc[other, name] = bounds[name].reindex(own).to_numpy()
    return rates


def estimate_rounded_comparisons(rates: pd.DataFrame, settings: RateSettings) -> pd.DataFrame:
    """Make the comparisons of patients anew from the rounded counts of printed rates.

    Parameters
    ----------
    rates
        As they leave, hidden rows among them.
    settings
        Age bands and definitions.

    Returns
    -------
    DataFrame
        With :data:`trdanalysis.analysis.comparisons.COMPARISON_COLUMNS`. Groups of a hidden rate
        count nobody: the caller hides what is made of them.
    """
    rows = rates[(rates["unit"] == "patient") & rates["analysis"].isin(COUNTED_ANALYSES)]
    rows = rows[rows["n"].notna()]
    unknown = rows["n_unknown"].fillna(0).astype("int64")
    total = [
        total_of({**row, "n_unknown": 0 if pd.isna(row["n_unknown"]) else row["n_unknown"]})
        if not pd.isna(row["bound_high"]) else int(row["n"])
        for row in list_rows(rows)
    ]  # fmt: skip
    counts = rows.assign(
        certain=rows["n"].astype("int64"),
        known=np.maximum(np.array(total) - unknown.to_numpy(), rows["events"].astype("int64")),
        events=rows["events"].astype("int64"),
        unknown=unknown,
        age_band=rows["age_band"].fillna(""),
    )
    bands = [band.label for band in settings.bands if band.is_adult]
    adults = counts[counts["age_band"].isin(bands)]
    ages = adults["age_band"].map(lambda band: YOUNG if band == YOUNG else OLDER)
    by_age = adults[adults["stratum"] == "age_band"].assign(
        stratum=AGE_GROUP, group="age", level=ages, age_band=""
    )
    crossed = adults[adults["stratum"] == "factor_group_by_age_band"].assign(
        stratum=GROUP_BY_AGE_GROUP, age_band=ages
    )
    every = pd.concat([counts, by_age, crossed])
    added = every.groupby(KEYS, as_index=False, sort=False)[COUNTS].sum()
    nobody = pd.DataFrame(
        {name: pd.Series(dtype="int64") for name in (*TRIAL_COLUMNS, "patients")}
    ).assign(**{name: pd.Series(dtype="str") for name in KEYS})
    found = estimate_comparisons(Counts(added, nobody), settings)
    return found[found["estimand"].isin(counts["estimand"].unique())]
