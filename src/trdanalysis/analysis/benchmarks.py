"""Benchmarks: each overall rate beside the published rates for what it measures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trdanalysis.analysis.intervals import (
    Floats,
    estimate_newcombe_difference,
    estimate_wilson,
)

#: Columns of benchmarks.csv, in order.
BENCHMARK_COLUMNS = (
    "estimand",
    "definition",
    "reference_id",
    "published_n",
    "published_rate",
    "published_low",
    "published_high",
    "rate",
    "difference",
    "ci_low",
    "ci_high",
    "same_quantity",
)


def estimate_benchmarks(rates: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Estimate the difference of each overall rate from the published rates mapped to it.

    Parameters
    ----------
    rates
        As :func:`trdanalysis.analysis.rates.estimate_rates` gives them; rows of the stratum
        ``overall`` are used.
    published
        One row per published rate: ``reference_id``, ``estimand`` (empty: context only),
        ``same_quantity`` (``yes``, ``no`` or empty), ``published_n``, ``published_rate``,
        ``published_low``, ``published_high`` (fractions; empty: not published or not a sample) and
        ``interval_method`` (``wilson``, ``cluster`` or empty).

    Returns
    -------
    DataFrame
        One row per estimand, definition and published rate, in the order of ``rates`` and of
        ``published``, with :data:`BENCHMARK_COLUMNS`. ``difference`` is the rate here minus the
        published one, empty where nobody could be counted here; its 95% interval is also empty
        where the published rate has no n. ``same_quantity`` is a nullable boolean. The rate of a
        ``proven`` estimand is a lower bound, and so is its difference.

    Notes
    -----
    Newcombe's interval of two samples. Where the published interval is no simple binomial one
    (``cluster``: pooled arms of many trials), its own limits take the place of the Wilson limits in
    the same square-and-add rule, so that the clustering is not thrown away.
    """
    overall = rates.loc[
        rates["stratum"] == "overall", ["estimand", "definition", "n", "events", "rate"]
    ]
    rows = overall.merge(_derive_types(published), on="estimand", how="inner")
    n = rows["n"].to_numpy(dtype=float, na_value=0)
    events = rows["events"].to_numpy(dtype=float, na_value=0)
    low, high = estimate_wilson(events, n)
    published_low, published_high = _derive_published_limits(rows)
    rows["difference"], rows["ci_low"], rows["ci_high"] = estimate_newcombe_difference(
        rows["rate"], low, high, rows["published_rate"], published_low, published_high
    )
    return rows[list(BENCHMARK_COLUMNS)].reset_index(drop=True)


def _derive_types(published: pd.DataFrame) -> pd.DataFrame:
    """Make numbers numbers and words booleans, however the file was read."""
    same = published["same_quantity"].map({"yes": True, "no": False, True: True, False: False})
    numbers = ("published_rate", "published_low", "published_high")
    return published.assign(
        **{name: pd.to_numeric(published[name]).astype("float64") for name in numbers},
        published_n=pd.to_numeric(published["published_n"]).astype("Int64"),
        same_quantity=same.astype("boolean"),
    )


def _derive_published_limits(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Give the limits to add: Wilson's from rate and n, the published ones of clustered data."""
    n = rows["published_n"].to_numpy(dtype=float, na_value=0)
    rate = rows["published_rate"].to_numpy()
    low, high = estimate_wilson(np.nan_to_num(rate) * n, n)
    # A rounded limit would be used where the exact one can be had; so only here.
    clustered = (rows["interval_method"] == "cluster").to_numpy() & (n > 0)
    low[clustered] = rows["published_low"].to_numpy()[clustered]
    high[clustered] = rows["published_high"].to_numpy()[clustered]
    return low, high
