"""The truth behind a simulated drop: what the ``article`` definition says of the complete records.

A short reading of the definition for records without holes or faults, written apart from the
labelling code so that one can be held against the other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from trdanalysis.contract import FACTORS, RECORDED_GROUPS
from trdanalysis.simulate.assumptions import IS_ANTIDEPRESSANT, IS_FIRST_LINE, MIN_MG_PER_DAY, NAMES
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.trials import ADDED

MIN_DAYS = 42
MIN_ADHERENCE = 0.80
MIN_FAILURES = 2
SEPARATE_DAYS = 14


def derive_truth(
    patient_ids: Array, patients: Columns, grid: Columns, doses: Columns
) -> pd.DataFrame:
    """Say for each patient what complete records would show.

    Parameters
    ----------
    patient_ids, patients
        One row a patient, functioning included.
    grid, doses
        Courses as grids of shape (patients, positions); what is given beside them never counts.

    Returns
    -------
    pandas.DataFrame
        One row a patient: ``patient_id``; the criteria ``mdd``, ``impaired``, ``medical_cause``,
        ``current_substance_use``, ``enough_failures``; ``failures_definite`` and
        ``failures_possible``, which differ only by courses in progress; ``apparent_resistance``,
        ``pseudo_resistance``; ``label``; of the first antidepressant trial ``first_ingredient``,
        ``first_is_first_line``, ``first_is_adequate``, ``first_nonresponse``; every factor. Null:
        not known even then (a course in progress), or there is no such trial.
    """
    criteria = derive_criteria(grid, doses)
    in_progress = criteria["in_progress"]
    definite = count_failures(criteria["failed"], grid)
    possible = count_failures(
        criteria["failed"] | (criteria["failed_but_for_time"] & in_progress), grid
    )
    apparent_low = count_failures(criteria["counts"] & criteria["nonresponse"] & ~in_progress, grid)
    apparent_high = count_failures(
        criteria["counts"] & (criteria["nonresponse"] | in_progress), grid
    )
    mdd = patients["mdd_diagnosis"] & ~patients["bipolar_disorder"]
    impaired = patients["functional_impairment"]
    not_excluded = ~patients["medical_cause"] & ~patients["current_substance_use"]
    enough = _three(definite >= MIN_FAILURES, possible < MIN_FAILURES)
    apparent = _three(apparent_low >= MIN_FAILURES, apparent_high < MIN_FAILURES)
    trd = enough & pd.array(mdd & impaired & not_excluded, dtype="boolean")
    pseudo = apparent & pd.array(mdd & impaired, dtype="boolean")
    pseudo &= ~(enough & pd.array(not_excluded, dtype="boolean"))
    label = np.where(trd.fillna(False), "trd", np.where(trd.isna(), "indeterminate", "not_trd"))
    columns = {
        "patient_id": pd.array(patient_ids, dtype="str"),
        "mdd": mdd,
        "impaired": impaired,
        "medical_cause": patients["medical_cause"],
        "current_substance_use": patients["current_substance_use"],
        "failures_definite": definite,
        "failures_possible": possible,
        "enough_failures": enough,
        "apparent_resistance": apparent,
        "pseudo_resistance": pseudo,
        "label": pd.array(label, dtype="str"),
        **_describe_first(criteria, grid),
    }
    factors = {name: patients[name] for group in RECORDED_GROUPS for name in FACTORS[group]}
    return pd.DataFrame(columns | factors)


def derive_criteria(grid: Columns, doses: Columns) -> Columns:
    """Judge every course; nobody can know yet how those ``in_progress`` end.

    Parameters
    ----------
    grid, doses
        Courses as grids of shape (patients, positions).

    Returns
    -------
    Columns
        Truth values of that shape.
    """
    treatment = grid["treatment"]
    days = grid["stop_day"] - grid["start_day"]
    in_progress = grid["active"] & grid["ongoing"] & (days < MIN_DAYS)
    antidepressant = IS_ANTIDEPRESSANT[treatment] & (grid["kind"] != ADDED)
    antidepressant &= grid["active"] & grid["for_depression"]
    counts = antidepressant & IS_FIRST_LINE[treatment]
    nonresponse = grid["outcome"] >= 2
    dose_adequate = doses["dose_mg_per_day"] >= MIN_MG_PER_DAY[treatment]
    adherent = grid["adherence"] >= MIN_ADHERENCE
    taken = dose_adequate & adherent
    long_enough = _duration_counted(days, dose_adequate, doses) >= MIN_DAYS
    adequate = taken & ~in_progress & long_enough
    return {
        "in_progress": in_progress,
        "antidepressant": antidepressant,
        "counts": counts,
        "nonresponse": nonresponse,
        "dose_adequate": dose_adequate,
        "long_enough": long_enough,
        "adherent": adherent,
        "taken": taken,
        "adequate": adequate,
        "failed": counts & adequate & nonresponse,
        "failed_but_for_time": counts & taken,
    }


def _duration_counted(days: Array, dose_adequate: Array, doses: Columns) -> Array:
    """With dose steps and an adequate dose, the days at that dose; else the duration."""
    return np.where((doses["steps"] > 0) & dose_adequate, doses["adequate_days"], days)


def count_failures(chosen: Array, grid: Columns) -> Array:
    """Count chosen courses: different ingredients, but no more than separate starts.

    Parameters
    ----------
    chosen
        Truth values of shape (patients, positions).
    grid
        ``treatment`` and ``start_day`` of the same shape.

    Returns
    -------
    Array
        One count a patient.
    """
    n, positions = chosen.shape
    ingredients = np.zeros(n, dtype=np.int64)
    starts = np.zeros(n, dtype=np.int64)
    last_start = np.full(n, -(10**9))
    for k in range(positions):
        repeated = np.zeros(n, dtype=bool)
        for j in range(k):
            repeated |= chosen[:, j] & (grid["treatment"][:, j] == grid["treatment"][:, k])
        ingredients += chosen[:, k] & ~repeated
        separate = chosen[:, k] & (grid["start_day"][:, k] - last_start > SEPARATE_DAYS)
        starts += separate
        last_start = np.where(separate, grid["start_day"][:, k], last_start)
    return np.minimum(ingredients, starts)


def _describe_first(criteria: Columns, grid: Columns) -> dict[str, object]:
    """Describe the first antidepressant trial; positions stand in order of their starts."""
    there: Array = np.any(criteria["antidepressant"], axis=1)
    at = (np.arange(len(there)), criteria["antidepressant"].argmax(axis=1))
    open_ended = criteria["in_progress"][at]
    # In progress, a trial is inadequate for certain only by dose or adherence.
    adequate_unknown = open_ended & criteria["taken"][at]
    words: Array = np.array(NAMES, dtype=object)[grid["treatment"][at]]
    words[~there] = None
    return {
        "first_ingredient": pd.array(words, dtype="str"),
        "first_is_first_line": _masked(criteria["counts"][at], ~there),
        "first_is_adequate": _masked(criteria["adequate"][at], ~there | adequate_unknown),
        "first_nonresponse": _masked(criteria["nonresponse"][at], ~there | open_ended),
    }


def _masked(values: Array, unknown: Array) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(values.astype(bool), unknown.copy())


def _three(yes: Array, no: Array) -> pd.arrays.BooleanArray:
    return pd.arrays.BooleanArray(yes.copy(), ~(yes | no))
