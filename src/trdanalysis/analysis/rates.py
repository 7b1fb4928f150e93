"""Rates: every estimand in every stratum, held against the article's figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.ages import AgeBand, age_bands
from trdanalysis.analysis.clusters import (
    ClusterRate,
    add_up_clusters,
    estimate_cluster_p_value,
    estimate_clusters,
)
from trdanalysis.analysis.counts import (
    CONTRAST_STRATA,
    COUNTS,
    KEYS,
    Counts,
    estimate_counts,
)
from trdanalysis.analysis.intervals import (
    EQUIVALENCE_CONFIDENCE,
    conclude,
    derive_conclusion,
    divide,
    estimate_score_p_value,
    estimate_wilson,
)
from trdanalysis.analysis.states import TRIAL_COLUMNS
from trdanalysis.analysis.strata import derive_rows

#: Columns of rates.csv, in order.
RATE_COLUMNS = (
    "estimand",
    "definition",
    "analysis",
    "stratum",
    "group",
    "level",
    "age_band",
    "unit",
    "n",
    "n_unknown",
    "n_clusters",
    "events",
    "rate",
    "ci_low",
    "ci_high",
    "ci90_low",
    "ci90_high",
    "ci_method",
    "bound_low",
    "bound_high",
    "reference",
    "margin",
    "difference",
    "p_value",
    "conclusion",
    "robust",
    "status",
)


@dataclass(frozen=True)
class RateSettings:
    """What the analysis needs of the configuration.

    Attributes
    ----------
    reference
        The article's rate, a fraction.
    margin
        Half-width of the range around it that counts as the same, a fraction.
    bands
        Age bands in ascending order; patients of unknown age get a row of their own beside them.
    definitions
        Ids in the order of the rows. Each gets all its rows, also where nobody was labelled.
    confidence
        Of ``ci_low`` and ``ci_high``.
    """

    reference: float
    margin: float
    bands: tuple[AgeBand, ...]
    definitions: tuple[str, ...]
    confidence: float = 0.95

    @property
    def under_age_bands(self) -> tuple[str, ...]:
        """Labels of the bands of under-18s."""
        return tuple(band.label for band in self.bands if not band.is_adult)


def make_rate_settings(settings: Mapping[str, Any], definitions: Sequence[str]) -> RateSettings:
    """Take from the configuration what rates need; the primary definition stands first."""
    return RateSettings(
        reference=settings["reference_rate"],
        margin=settings["equivalence_margin"],
        bands=age_bands(settings["age_bands_from_years"]),
        definitions=tuple(definitions),
    )


def estimate_rates(states: ir.Table, settings: RateSettings) -> pd.DataFrame:
    """Estimate the rate of every estimand in every stratum, with intervals, bounds, conclusion.

    Parameters
    ----------
    states
        One row per definition and patient, see :func:`trdanalysis.analysis.states.derive_states`;
        several definitions are stacked.
    settings
        Reference, margin, age bands and the order of definitions.

    Returns
    -------
    DataFrame
        One row per estimand, definition, stratum, group, level and age band, in the order in which
        they are declared, with :data:`RATE_COLUMNS`. Rates are fractions. Every configured age
        band, every sex and every level of a factor has its row, also where nobody is in it
        (``not_estimable``). ``robust`` is a nullable boolean. Empty cells: ``age_band`` where the
        row is of all ages; numbers where ``status`` says why; ``p_value`` of ``proven`` rows.

    Raises
    ------
    ValueError
        Where states carry a definition, age band or sex that has no row.

    Notes
    -----
    ``complete_case``: n are members with a known outcome. ``proven``: n are all certain members,
    and the rate is at least so large. The bounds of both divide by everybody not certainly out.
    The conclusion of a ``proven`` row is what its two bounds agree on, else ``inconclusive``. Where
    the unit is a trial, ``n`` counts trials and ``n_clusters`` patients, and intervals and p-values
    are those of :mod:`trdanalysis.analysis.clusters`; they are empty with fewer than two patients.
    """
    return estimate_rates_of_counts(estimate_counts(states, settings.under_age_bands), settings)


def estimate_rates_of_counts(counts: Counts, settings: RateSettings) -> pd.DataFrame:
    """Estimate the rates from counts; see :func:`estimate_rates`."""
    rows = derive_rows(
        settings.definitions,
        settings.bands,
        sites=counts.patients.loc[counts.patients["stratum"] == "site", "level"],
        drops=counts.patients.loc[counts.patients["stratum"] == "drop", "level"],
    )
    of_patients = rows[rows["unit"] == "patient"]
    of_trials = rows[rows["unit"] == "trial"]
    numbers = pd.concat(
        [
            _derive_patient_numbers(_join(of_patients, counts.patients), settings),
            _derive_trial_numbers(of_trials, counts.trials, settings),
        ]
    ).sort_index()
    return _blank(numbers)


def estimate_numbers(rows: pd.DataFrame, settings: RateSettings) -> pd.DataFrame:
    """Estimate rates of patients from rows that carry their counts; see :func:`estimate_rates`.

    Parameters
    ----------
    rows
        The keys of rates.csv, ``analysis``, ``unit``, whole numbers ``certain``, ``known``,
        ``events``, ``unknown`` (as in :class:`trdanalysis.analysis.counts.Counts`) and the boolean
        ``by_definition``.
    settings
        Reference, margin and confidence.

    Returns
    -------
    DataFrame
        The same rows with :data:`RATE_COLUMNS`.
    """
    return _blank(_derive_patient_numbers(rows, settings))


def _join(rows: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Put counts to the rows; 0 where nobody is."""
    counts = counts[~counts["stratum"].isin(CONTRAST_STRATA)]
    merged = rows.merge(counts, on=KEYS, how="left", validate="one_to_one").set_axis(rows.index)
    if merged["certain"].notna().sum() != len(counts):
        raise ValueError("states hold a definition, age band or sex without a row")
    merged[COUNTS] = merged[COUNTS].fillna(0).astype("int64")
    return merged


def _derive_patient_numbers(rows: pd.DataFrame, settings: RateSettings) -> pd.DataFrame:
    """Put rates, intervals, bounds and conclusions to counts of patients."""
    proven = (rows["analysis"] == "proven").to_numpy()
    events, unknown = rows["events"].to_numpy(), rows["unknown"].to_numpy()
    n = np.where(proven, rows["certain"], rows["known"])
    # Not certainly out. A certain member with an unknown outcome is in `certain` and in `unknown`,
    # and is one patient: hence `known` here, in either analysis.
    total = rows["known"].to_numpy() + unknown
    rate = divide(events, n)
    low, high = estimate_wilson(events, n, settings.confidence)
    low90, high90 = estimate_wilson(events, n, EQUIVALENCE_CONFIDENCE)
    p_value = estimate_score_p_value(events, n, settings.reference)
    p_value[proven] = np.nan
    fixed = (settings.reference, settings.margin, settings.confidence)
    as_counted = derive_conclusion(events, n, *fixed)
    at_low = derive_conclusion(events, total, *fixed)
    at_high = derive_conclusion(events + unknown, total, *fixed)
    agreed = np.where(at_low == at_high, at_low, "inconclusive")
    numbers = rows.assign(
        n=n,
        n_unknown=unknown,
        n_clusters=n,
        rate=rate,
        ci_low=low,
        ci_high=high,
        ci90_low=low90,
        ci90_high=high90,
        ci_method="wilson",
        bound_low=divide(events, total),
        bound_high=divide(events + unknown, total),
        p_value=p_value,
    )
    conclusion = np.where(proven, agreed, as_counted)
    return _derive_common(numbers, conclusion, at_low, at_high, settings)


def _derive_trial_numbers(
    rows: pd.DataFrame, histories: pd.DataFrame, settings: RateSettings
) -> pd.DataFrame:
    """Put rates, intervals, bounds and conclusions to histories of trials."""
    keys = rows[KEYS].assign(at=range(len(rows)))
    told = histories[~histories["stratum"].isin(CONTRAST_STRATA)]
    placed = told.merge(keys, on=KEYS, how="left", validate="many_to_one")
    if placed["at"].isna().any():
        raise ValueError("states hold a definition, age band or sex without a row")
    known, events, unknown, patients, at = (
        placed[name].to_numpy(dtype=np.int64) for name in (*TRIAL_COLUMNS, "patients", "at")
    )

    def estimate(trials: np.ndarray, failures: np.ndarray) -> ClusterRate:
        sums = add_up_clusters(trials, failures, patients, at, len(rows))
        return estimate_clusters(sums, settings.confidence)

    def conclusion_of(rates: ClusterRate) -> np.ndarray:
        limits = (rates.ci_low, rates.ci_high, rates.ci90_low, rates.ci90_high)
        return conclude(*limits, settings.reference, settings.margin)

    def add(values: np.ndarray) -> np.ndarray:
        return np.bincount(at, weights=values * patients, minlength=len(rows)).astype(np.int64)

    as_counted = estimate(known, events)
    total, n_unknown = add(known + unknown), add(unknown)
    numbers = rows.assign(
        events=add(events),
        n=add(known),
        n_unknown=n_unknown,
        n_clusters=as_counted.n_patients.astype(np.int64),
        rate=as_counted.rate,
        ci_low=as_counted.ci_low,
        ci_high=as_counted.ci_high,
        ci90_low=as_counted.ci90_low,
        ci90_high=as_counted.ci90_high,
        ci_method=as_counted.method,
        bound_low=divide(add(events), total),
        bound_high=divide(add(events + unknown), total),
        p_value=estimate_cluster_p_value(as_counted, settings.reference),
    )
    at_low = conclusion_of(estimate(known + unknown, events))
    at_high = conclusion_of(estimate(known + unknown, events + unknown))
    return _derive_common(numbers, conclusion_of(as_counted), at_low, at_high, settings)


def _derive_common(
    numbers: pd.DataFrame,
    conclusion: np.ndarray,
    at_low: np.ndarray,
    at_high: np.ndarray,
    settings: RateSettings,
) -> pd.DataFrame:
    robust = (conclusion == at_low) & (at_low == at_high)
    return numbers.assign(
        reference=settings.reference,
        margin=settings.margin,
        difference=numbers["rate"] - settings.reference,
        conclusion=conclusion.astype(object),
        robust=pd.array(robust, dtype="boolean"),
        status=np.where(numbers["n"] == 0, "not_estimable", "ok"),
    )


def _blank(numbers: pd.DataFrame) -> pd.DataFrame:
    """Empty the cells that have nothing to say, and give the columns their order and types."""
    counted = ["n", "n_unknown", "n_clusters", "events"]
    measured = [
        column
        for column in RATE_COLUMNS[RATE_COLUMNS.index("rate") : RATE_COLUMNS.index("conclusion")]
        if column != "ci_method"
    ]
    nobody = (numbers["n"] == 0).to_numpy()
    circular = numbers.pop("by_definition").to_numpy(dtype=bool)
    numbers[counted] = numbers[counted].astype("Int64")
    numbers.loc[circular, "status"] = "by_definition"
    numbers.loc[circular, [*counted, "robust"]] = pd.NA
    numbers.loc[circular, measured] = np.nan
    numbers.loc[nobody, "robust"] = pd.NA
    for column in ("ci_method", "conclusion"):
        numbers.loc[nobody | circular, column] = ""
    for column in ("age_band", "ci_method", "conclusion"):
        numbers[column] = numbers[column].mask(numbers[column] == "")
    return numbers[list(RATE_COLUMNS)]
