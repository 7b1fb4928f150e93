"""Who the simulated patients are, before anything is left out or spoilt."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trdanalysis.simulate.assumptions import (
    AGE_18_TO_25_LOG_ODDS,
    AGE_65_AND_OVER_LOG_ODDS,
    BASE_LOG_ODDS,
    FACTOR_ASSUMPTIONS,
    FUNCTION_SCALES,
    PATIENT_SD_LOG_ODDS,
    SCALES,
    SYMPTOM_PREVALENCE,
)
from trdanalysis.simulate.planted import IMPAIRED_AFTER_TWO_FAILURES

Array = npt.NDArray[Any]
#: Columns by name, all of one length (patients) or one shape (patients x courses).
Columns = dict[str, Array]

SITES = ("north", "south", "east", "west")
SEXES = ("female", "male", "other")
_SITE_SHARES = (0.4, 0.3, 0.2, 0.1)
_SEX_SHARES = (0.64, 0.35, 0.01)


def draw_patients(rng: np.random.Generator, n: int) -> Columns:
    """Draw ``n`` patients with every value known.

    Returns
    -------
    Columns
        Codes (``sex``, ``site``, ``scale``, ``scale_word``), whole numbers (``age_years``,
        ``age_at_onset_years``), truth values (diagnoses, exclusions, factors, symptoms) and
        ``log_odds``, the patient's own part of the log odds of non-response.
    """
    columns: Columns = {
        "age_years": _draw_ages(rng, n),
        "sex": rng.choice(len(SEXES), n, p=_SEX_SHARES),
        "site": rng.choice(len(SITES), n, p=_SITE_SHARES),
        "bipolar_disorder": rng.random(n) < 0.03,
        "psychotic_features": rng.random(n) < 0.05,
        "medical_cause": rng.random(n) < 0.04,
        "scale": rng.choice(len(SCALES), n, p=[scale.share for scale in SCALES]),
        "scale_word": rng.choice(3, n, p=(0.8, 0.12, 0.08)),
    }
    # A few bipolar patients carry a unipolar diagnosis as well; the definition does not count it.
    diagnosed = np.where(columns["bipolar_disorder"], 0.3, 0.92)
    columns["mdd_diagnosis"] = rng.random(n) < diagnosed
    youth = rng.beta(2, 3, n)
    columns["age_at_onset_years"] = np.minimum(
        columns["age_years"], (8 + youth * columns["age_years"]).astype(int)
    )
    log_odds = BASE_LOG_ODDS + PATIENT_SD_LOG_ODDS * rng.standard_normal(n)
    for name, factor in FACTOR_ASSUMPTIONS.items():
        columns[name] = rng.random(n) < factor.prevalence
        log_odds += factor.log_odds_ratio * (columns[name] - factor.prevalence)
    columns["current_substance_use"] = columns["substance_use"] & (rng.random(n) < 0.3)
    for name, prevalence in SYMPTOM_PREVALENCE.items():
        columns[name] = rng.random(n) < prevalence
    age = columns["age_years"]
    log_odds += AGE_18_TO_25_LOG_ODDS * ((age >= 18) & (age <= 25))
    log_odds += AGE_65_AND_OVER_LOG_ODDS * (age >= 65)
    columns["log_odds"] = log_odds
    return columns


def impairment_chances(nonresponse: Array, failed_twice: Array | None = None) -> Array:
    """Give the chance of impairment at last observation.

    Parameters
    ----------
    nonresponse
        Whether the last course failed, one a patient.
    failed_twice
        Of whom it does not hang on the last course.

    Returns
    -------
    Array
        One chance a patient.
    """
    chances: Array = np.where(nonresponse, 0.88, 0.30)
    if failed_twice is not None:
        chances = np.where(failed_twice, IMPAIRED_AFTER_TWO_FAILURES, chances)
    return chances


def draw_functioning(rng: np.random.Generator, chances: Array) -> Columns:
    """Draw impairment at last observation with the given chances, one a patient.

    Returns
    -------
    Columns
        ``functional_impairment``, and ``function_scale`` (a code) with a ``function_score`` that
        says the same.
    """
    n = len(chances)
    impaired = rng.random(n) < chances
    code = rng.choice(len(FUNCTION_SCALES), n, p=[scale[-1] for scale in FUNCTION_SCALES])
    low, high, cut = (np.array([scale[i] for scale in FUNCTION_SCALES])[code] for i in (1, 2, 3))
    high_is_impaired = np.array([scale[4] for scale in FUNCTION_SCALES])[code]
    above = impaired == high_is_impaired
    # Where high is impaired the cut-off itself is; where low is, it is too: the upper part of those
    # scales starts one point above it.
    first_above = np.where(high_is_impaired, cut, cut + 1)
    start = np.where(above, first_above, low)
    width = np.where(above, high - first_above, first_above - 1 - low) + 1
    score = start + (rng.random(n) * width).astype(int)
    return {"functional_impairment": impaired, "function_scale": code, "function_score": score}


def _draw_ages(rng: np.random.Generator, n: int) -> Array:
    """Ages 12 to 90, every band in number, top-coded at 90 as the contract asks."""
    kind = rng.choice(3, n, p=(0.07, 0.53, 0.40))
    ages = np.select(
        [kind == 0, kind == 1],
        [rng.integers(12, 18, n), 18 + 34 * rng.beta(1.2, 1.5, n)],
        40 + 52 * rng.beta(1.3, 2.0, n),
    )
    return np.minimum(ages.astype(int), 90)
