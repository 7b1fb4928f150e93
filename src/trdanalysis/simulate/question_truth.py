"""The truth behind the questions beside the label, of the complete story of each patient.

A short reading for records without holes or faults, written apart from the analysis, as
:mod:`trdanalysis.simulate.truth` is from the labelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.simulate.assumptions import MIN_MG_PER_DAY, SCALES
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.planted import GROUPS, NOTHING, STEP_WORDS, SYMPTOMS_BY_GROUP
from trdanalysis.simulate.relapse_truth import derive_relapse
from trdanalysis.simulate.trials import NO_STEP, POSITIONS
from trdanalysis.simulate.truth import (
    MIN_DAYS,
    MIN_FAILURES,
    count_failures,
    derive_criteria,
)

#: Medication errors, and the criterion of a course that each fails.
_CRITERIA = {"dose": "dose_adequate", "duration": "long_enough", "adherence": "adherent"}
#: Who can enter a trial: ages, failures in the last episode, and the score at the last rating by
#: scale, in the order of :data:`trdanalysis.simulate.assumptions.SCALES`.
TRIAL_AGES, TRIAL_FAILURES, TRIAL_SCORES = (18, 64), (2, 5), (24, 28, 20, 16)
_BREAK_DAYS = 14


@dataclass(frozen=True)
class Known:
    """What is known beside the courses.

    ``group`` is an index into :data:`trdanalysis.simulate.planted.GROUPS`; ``ratings`` are as
    :func:`trdanalysis.simulate.ratings.draw_ratings` gives them.
    """

    group: Array
    ratings: Columns


def derive_groups(truth: pd.DataFrame, grid: Columns, doses: Columns) -> Array:
    """Say which true group each patient is in: an index into GROUPS."""
    criteria = derive_criteria(grid, doses)
    responded = criteria["antidepressant"] & ~criteria["nonresponse"] & ~criteria["in_progress"]
    trd = (truth["label"] == "trd").to_numpy()
    open_label = (truth["label"] == "indeterminate").to_numpy()
    pseudo = truth["pseudo_resistance"].fillna(False).to_numpy(dtype=bool)
    open_label = open_label | truth["pseudo_resistance"].isna().to_numpy()
    chosen = [trd, pseudo, ~open_label & responded.any(axis=1)]
    return np.select(chosen, [0, 1, 2], len(GROUPS) - 1)


def derive_question_truth(
    patients: Columns, grid: Columns, doses: Columns, truth: pd.DataFrame, known: Known
) -> pd.DataFrame:
    """Say for each patient what complete records would show of each question.

    Parameters
    ----------
    patients
        One row a patient, symptoms included.
    grid, doses
        Courses as grids of shape (patients, positions).
    truth
        As :func:`trdanalysis.simulate.truth.derive_truth` gives it.
    known
        Groups and ratings.

    Returns
    -------
    pandas.DataFrame
        One row a patient: ``patient_group``; every symptom; of the first antidepressant trial
        ``first_severity`` (score before it as a share of the scale's range) and
        ``first_adherent``; ``response_seen`` (an antidepressant trial brought one), ``relapsed``
        and ``early_return`` of the first such trial (null: no rating tells); ``onset_day``,
        ``next_step``, ``days_to_next_step``, ``next_step_response``, ``next_step_remission`` and
        ``left_on_failed`` of who is resistant; ``error``: what keeps apparent resistance from
        being proven; ``in_trial_<criterion>`` and ``trial_eligible``. Null: not asked of this
        patient, or not known even then.
    """
    columns: dict[str, object] = {
        "patient_group": pd.array(
            np.array([*GROUPS[:-1], None], dtype=object)[known.group], dtype="str"
        )
    }
    columns |= {name: patients[name] for name in SYMPTOMS_BY_GROUP}
    criteria = derive_criteria(grid, doses)
    columns |= _tell_first(patients, grid, criteria)
    columns |= derive_relapse(grid, criteria, known.ratings)
    columns |= _tell_next_steps(truth, grid, doses, criteria)
    columns["error"] = _tell_errors(truth, grid, criteria)
    columns |= _tell_eligibility(patients, grid, criteria, known.ratings)
    return pd.DataFrame(columns)


def _tell_first(patients: Columns, grid: Columns, criteria: Columns) -> dict[str, object]:
    there: Array = np.any(criteria["antidepressant"], axis=1)
    at = (np.arange(len(there)), criteria["antidepressant"].argmax(axis=1))
    severity = grid["baseline_score"][at] / np.array([s.maximum for s in SCALES])[patients["scale"]]
    return {
        "first_severity": pd.arrays.FloatingArray(severity, ~there),
        "first_adherent": pd.arrays.BooleanArray(criteria["adherent"][at].copy(), ~there),
    }


def _find_onsets(grid: Columns, doses: Columns, failed: Array) -> Array:
    """Give the first day on which two failures were established; they are there."""
    starts = grid["start_day"]
    days = _days_to_reach(doses, MIN_MG_PER_DAY[grid["treatment"]])
    established = np.maximum(starts + days, grid["endpoint_day"])
    latest = np.iinfo(np.int64).max
    onset = np.full(len(failed), latest)
    for k in range(POSITIONS):
        by_then = failed & (established <= established[:, [k]])
        enough = failed[:, k] & (count_failures(by_then, grid) >= MIN_FAILURES)
        onset = np.where(enough, np.minimum(onset, established[:, k]), onset)
    return onset


def _days_to_reach(doses: Columns, minimum: Array) -> Array:
    """Give the days after which a course that is adequate had been so for long enough."""
    start, adequate = doses["step_start"], doses["step_dose"] >= minimum[..., None]
    lengths = np.diff(start, axis=-1)
    first = np.where(adequate[..., 0], lengths[..., 0], 0)
    second = np.where(adequate[..., 1] & (doses["steps"] > 2), lengths[..., 1], 0)
    # With two steps the second goes on to the end.
    second = np.where(adequate[..., 1] & (doses["steps"] == 2), MIN_DAYS, second)
    bridged = adequate[..., 1] | (lengths[..., 1] <= _BREAK_DAYS)
    in_third = MIN_DAYS - np.where(bridged, first + second, 0)
    reached = np.select(
        [doses["steps"] == 0, first >= MIN_DAYS, first + second >= MIN_DAYS],
        [MIN_DAYS, MIN_DAYS, start[..., 1] + MIN_DAYS - first],
        start[..., 2] + in_third,
    )
    days: Array = reached.astype(np.int64)
    return days


def _tell_next_steps(
    truth: pd.DataFrame, grid: Columns, doses: Columns, criteria: Columns
) -> dict[str, object]:
    n = len(truth)
    trd = (truth["label"] == "trd").to_numpy()
    rows = np.flatnonzero(trd)
    own = {name: values[rows] for name, values in grid.items()}
    onset = _find_onsets(
        own, {name: values[rows] for name, values in doses.items()}, criteria["failed"][rows]
    )
    begun = own["active"] & (own["start_day"] >= onset[:, None])
    stepped, at = begun.any(axis=1), begun.argmax(axis=1)
    here = (np.arange(len(rows)), at)
    words = np.array([*STEP_WORDS, None], dtype=object)
    code = np.where(stepped, own["strategy"][here], STEP_WORDS.index(NOTHING))
    on_failed = own["active"] & own["ongoing"] & criteria["failed"][rows]
    outcome = own["outcome"][here]

    def spread(values: Any, known: Any) -> tuple[Array, Array]:
        whole, hidden = np.zeros(n, dtype=values.dtype), np.ones(n, dtype=bool)
        whole[rows], hidden[rows] = values, ~known
        return whole, hidden

    there = np.ones(len(rows), dtype=bool)
    step = np.full(n, NO_STEP)
    step[rows] = code
    return {
        "onset_day": pd.arrays.IntegerArray(*spread(onset, there)),
        "next_step": pd.array(words[step], dtype="str"),
        "days_to_next_step": pd.arrays.IntegerArray(
            *spread(np.where(stepped, own["start_day"][here] - onset, 0), stepped)
        ),
        "next_step_response": pd.arrays.BooleanArray(*spread(outcome <= 1, stepped)),
        "next_step_remission": pd.arrays.BooleanArray(*spread(outcome == 0, stepped)),
        "left_on_failed": pd.arrays.BooleanArray(*spread(~stepped & on_failed.any(axis=1), there)),
    }


def _tell_errors(truth: pd.DataFrame, grid: Columns, criteria: Columns) -> object:
    """Name the errors without which enough trials would have failed, of apparent resistance."""
    words = np.full(len(truth), None, dtype=object)
    apparent = truth["apparent_resistance"].fillna(False).to_numpy(dtype=bool)
    label = truth["label"].to_numpy(dtype=object)
    words[apparent & (label == "trd")] = "trd"
    # Enough failed, or may have, and something else decides.
    enough = truth["enough_failures"].fillna(True).to_numpy(dtype=bool)
    words[apparent & enough & (label == "not_trd")] = "other_reason"
    too_few = apparent & truth["enough_failures"].eq(False).fillna(False).to_numpy(dtype=bool)
    rows = np.flatnonzero(too_few)
    if len(rows):
        own = {name: grid[name][rows] for name in ("treatment", "start_day")}
        judged = {name: values[rows] for name, values in criteria.items()}
        least, most = (_name_errors(own, judged, as_failed) for as_failed in (False, True))
        # Nobody knows yet what comes of a course in progress.
        words[rows[least == most]] = least[least == most]
    return pd.array(words, dtype="str")


def _name_errors(grid: Columns, criteria: Columns, as_failed: bool) -> Array:
    """Name the errors, as if courses in progress would fail or would not."""
    in_progress = criteria["in_progress"]
    apparent = criteria["counts"] & np.where(in_progress, as_failed, criteria["nonresponse"])

    def is_enough(*left_out: str) -> Array:
        failed = apparent
        for name, criterion in _CRITERIA.items():
            if name not in left_out:
                failed = failed & (criteria[criterion] | (in_progress & (name == "duration")))
        enough: Array = count_failures(failed, grid) >= MIN_FAILURES
        return enough

    single = {name: is_enough(name) for name in _CRITERIA}
    pairs = {"_and_".join(pair): is_enough(*pair) for pair in combinations(_CRITERIA, 2)}
    several = [sum(each.values()) > 1 for each in (single, pairs)]
    return np.select(
        [several[0], *single.values(), several[1], *pairs.values()],
        ["any_one_error", *single, "several_errors", *pairs],
        "several_errors",
    ).astype(object)


def _tell_eligibility(
    patients: Columns, grid: Columns, criteria: Columns, ratings: Columns
) -> dict[str, object]:
    n, age = len(patients["age_years"]), patients["age_years"]
    last = np.maximum(grid["active"].sum(axis=1) - 1, 0)
    here = (np.arange(n), last)
    present = criteria["failed"] & (grid["episode"] == grid["episode"][here][:, None])
    failures = count_failures(present, grid)
    score = _last_scores(grid, ratings)
    least = np.array(TRIAL_SCORES)[patients["scale"]]
    met: dict[str, Array] = {
        "in_trial_age_years": (age >= TRIAL_AGES[0]) & (age <= TRIAL_AGES[1]),
        "in_trial_failures_in_episode": (failures >= TRIAL_FAILURES[0])
        & (failures <= TRIAL_FAILURES[1]),
        "in_trial_severity": grid["active"][here] & (score >= least),
    }
    whole = np.logical_and.reduce(list(met.values()))
    for name in ("bipolar_disorder", "psychotic_features", "current_substance_use"):
        whole = whole & ~patients[name]
    return met | {"trial_eligible": whole & ~patients["medical_cause"]}


def _last_scores(grid: Columns, ratings: Columns) -> Array:
    """Give the score of the last rating of each patient."""
    rated, active = grid["active"] & grid["has_endpoint"], grid["active"]
    day = np.where(rated, grid["endpoint_day"], np.where(active, grid["baseline_day"], -999))
    score = np.where(rated, grid["endpoint_score"], grid["baseline_score"])
    at = (np.arange(len(day)), day.shape[1] - 1 - day[:, ::-1].argmax(axis=1))
    last_day, last_score = day[at], score[at]
    # Ratings stand in order of day: of several later ones the last is kept.
    patient = ratings["patient"]
    later = ratings["day"] > last_day[patient]
    last_score[patient[later]] = ratings["score"][later]
    return last_score
