"""Comparisons that leave: those of which both groups, and every age they speak of, are printed."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from trdanalysis.analysis.comparisons import OTHERS
from trdanalysis.analysis.states import UNKNOWN, YOUNG
from trdanalysis.disclosure.hiding import PARTLY_SUPPRESSED, SUPPRESSED, hide

#: The method names the test, and Fisher's is taken where few are expected.
NUMBERS = (
    "n", "n_versus", "value", "ci_low", "ci_high", "ci_method", "p_value", "p_adjusted",
)  # fmt: skip

#: Exposures of models that have another name among comparisons.
_GROUP_OF = {"young_adult": "age"}

#: Contrasts that are made of age bands.
_OF_AGES = ("young_adults", "age_trend", "age_interaction")


def disclose_comparisons(
    comparisons: pd.DataFrame,
    rates: pd.DataFrame,
    models: pd.DataFrame,
    adult_bands: Collection[str],
    limit: int,
) -> pd.DataFrame:
    """Hide every comparison that is made of a hidden rate or comes from a hidden model.

    Parameters
    ----------
    comparisons
        With :data:`trdanalysis.analysis.comparisons.COMPARISON_COLUMNS`.
    rates, models
        As they leave.
    adult_bands
        The age bands that contrasts of ages are made of.
    limit
        Counts from 1 to this number are hidden.
    """
    rows = _is_small(comparisons["n"], limit) | _is_small(comparisons["n_versus"], limit)
    bounds = comparisons["model"] == "bounds"
    rows |= _has_group_in(comparisons, rates[rates["status"] == SUPPRESSED])
    rows |= bounds & _has_group_in(comparisons, rates[rates["status"] == PARTLY_SUPPRESSED])
    ages = comparisons["contrast"].isin(_OF_AGES)
    rows |= ages & is_of(comparisons, hidden_ages(rates, adult_bands))
    rows |= ages & bounds & is_of(comparisons, hidden_ages(rates, adult_bands, PARTLY_SUPPRESSED))
    interactions = comparisons["contrast"] == "age_interaction"
    rows |= interactions & _is_of_hidden_factor(comparisons, rates, adult_bands)
    if YOUNG not in adult_bands:
        # No rate is of young adults alone: nothing says whether their events are few.
        rows |= comparisons["contrast"].isin(["young_adults", "age_interaction"])
    # Firth's method is there because a cell of the model is all but empty.
    rows |= (comparisons["model"] == "firth") & (comparisons["status"] == "ok")
    rows |= _is_of_hidden_model(comparisons, models)
    return hide(comparisons, rows, NUMBERS)


def is_of(table: pd.DataFrame, keys: Collection[tuple[str, str]]) -> pd.Series:
    """Say which rows are of one of these estimands and definitions."""
    pairs = zip(table["estimand"], table["definition"], strict=True)
    return pd.Series([pair in keys for pair in pairs], index=table.index, dtype=bool)


def hidden_ages(
    rates: pd.DataFrame, bands: Collection[str], status: str = SUPPRESSED
) -> set[tuple[str, str]]:
    """Give the estimands and definitions of which one of the age bands is hidden."""
    rows = rates[(rates["stratum"] == "age_band") & (rates["status"] == status)]
    rows = rows[rows["level"].isin(list(bands))]
    return set(zip(rows["estimand"], rows["definition"], strict=True))


def _is_small(counts: pd.Series, limit: int) -> pd.Series:
    return counts.between(1, limit).fillna(False).astype(bool)


def _has_group_in(comparisons: pd.DataFrame, rates: pd.DataFrame) -> pd.Series:
    """Say which comparisons have one of these rates on either side."""
    key = ["estimand", "definition", "stratum", "group", "level"]
    cells = set(rates[key].itertuples(index=False, name=None))
    whole = {cell[:-1] for cell in cells if cell[-1] != UNKNOWN}
    names = ["estimand", "definition", "contrast", "group", "level", "versus"]
    found = []
    for *head, level, versus in comparisons[names].itertuples(index=False, name=None):
        among = tuple(head) in whole if versus == OTHERS else (*head, versus) in cells
        found.append(among or (*head, level) in cells)
    return pd.Series(found, index=comparisons.index, dtype=bool)


def _is_of_hidden_factor(
    comparisons: pd.DataFrame, rates: pd.DataFrame, bands: Collection[str]
) -> pd.Series:
    """Say which are of a factor group that is hidden, at all ages or at one."""
    own = rates["stratum"] == "factor_group"
    own |= (rates["stratum"] == "factor_group_by_age_band") & rates["age_band"].isin(list(bands))
    key = ["estimand", "definition", "group"]
    own &= (rates["status"] == SUPPRESSED) & (rates["level"] != UNKNOWN)
    cells = set(rates.loc[own, key].itertuples(index=False, name=None))
    found = [cell in cells for cell in comparisons[key].itertuples(index=False, name=None)]
    return pd.Series(found, index=comparisons.index, dtype=bool)


def _is_of_hidden_model(comparisons: pd.DataFrame, models: pd.DataFrame) -> pd.Series:
    """Say which are of a model that is hidden."""
    names = ["estimand", "definition", "model"]
    gone = models[models["status"] == SUPPRESSED]
    fits = {
        (*head, _GROUP_OF.get(exposure, exposure))
        for *head, exposures in gone[[*names, "exposures"]].itertuples(index=False, name=None)
        for exposure in str(exposures).split("; ")
    }
    own = comparisons[[*names, "group"]].itertuples(index=False, name=None)
    return pd.Series([fit in fits for fit in own], index=comparisons.index, dtype=bool)
