"""Rates: every estimand in every stratum, held against the article's figure."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.ages import AgeBand
from trdanalysis.analysis.counts import COUNTS, KEYS, estimate_counts
from trdanalysis.analysis.intervals import (
    EQUIVALENCE_CONFIDENCE,
    derive_conclusion,
    estimate_score_p_value,
    estimate_wilson,
)
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


def estimate_rates(units: ir.Table, settings: RateSettings) -> pd.DataFrame:
    """Estimate the rate of every estimand in every stratum, with intervals, bounds, conclusion.

    Parameters
    ----------
    units
        One row per definition, estimand and patient, see
        :func:`trdanalysis.analysis.estimands.derive_units`; several definitions are stacked.
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
        Where units carry a definition, estimand, age band or sex that has no row.

    Notes
    -----
    ``complete_case``: n are members with a known outcome. ``proven``: n are all certain members,
    and the rate is at least so large. The bounds of both divide by everybody not certainly out.
    The conclusion of a ``proven`` row is what its two bounds agree on, else ``inconclusive``.
    """
    counts = estimate_counts(units, settings.under_age_bands)
    rows = derive_rows(
        settings.definitions,
        settings.bands,
        sites=counts.loc[counts["stratum"] == "site", "level"],
        drops=counts.loc[counts["stratum"] == "drop", "level"],
    )
    merged = rows.merge(counts, on=KEYS, how="left", validate="one_to_one")
    if merged["certain"].notna().sum() != len(counts):
        raise ValueError("units hold a definition, estimand, age band or sex without a row")
    merged[COUNTS] = merged[COUNTS].fillna(0).astype("int64")
    return _derive_numbers(merged, settings)


def _derive_numbers(rows: pd.DataFrame, settings: RateSettings) -> pd.DataFrame:
    """Put rates, intervals, bounds and conclusions to the counts."""
    proven = (rows["analysis"] == "proven").to_numpy()
    events, unknown = rows["events"].to_numpy(), rows["unknown"].to_numpy()
    n = np.where(proven, rows["certain"], rows["known"])
    # Not certainly out. A certain member with an unknown outcome is in `certain` and in `unknown`,
    # and is one patient: hence `known` here, in either analysis.
    total = rows["known"].to_numpy() + unknown
    rate = _divide(events, n)
    low, high = estimate_wilson(events, n, settings.confidence)
    low90, high90 = estimate_wilson(events, n, EQUIVALENCE_CONFIDENCE)
    p_value = estimate_score_p_value(events, n, settings.reference)
    p_value[proven] = np.nan
    conclusion, robust = _derive_conclusions(events, n, unknown, total, proven, settings)
    numbers = rows.assign(
        unit="patient",
        n=n,
        n_unknown=unknown,
        n_clusters=n,
        rate=rate,
        ci_low=low,
        ci_high=high,
        ci90_low=low90,
        ci90_high=high90,
        ci_method="wilson",
        bound_low=_divide(events, total),
        bound_high=_divide(events + unknown, total),
        reference=settings.reference,
        margin=settings.margin,
        difference=rate - settings.reference,
        p_value=p_value,
        conclusion=conclusion,
        robust=pd.array(robust, dtype="boolean"),
        status=np.where(n == 0, "not_estimable", "ok"),
    )
    return _blank(numbers)


def _derive_conclusions(
    events: np.ndarray,
    n: np.ndarray,
    unknown: np.ndarray,
    total: np.ndarray,
    proven: np.ndarray,
    settings: RateSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Give each row's conclusion and whether it is the same at both bounds."""
    fixed = (settings.reference, settings.margin, settings.confidence)
    as_counted = derive_conclusion(events, n, *fixed)
    at_low = derive_conclusion(events, total, *fixed)
    at_high = derive_conclusion(events + unknown, total, *fixed)
    agreed = np.where(at_low == at_high, at_low, "inconclusive")
    conclusion = np.where(proven, agreed, as_counted)
    return conclusion, (conclusion == at_low) & (at_low == at_high)


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


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide, NaN where there is nobody to divide by."""
    share = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
