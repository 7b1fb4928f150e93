"""The truth behind the questions beside the label, of the complete story of each patient.

A short reading for records without holes or faults, written apart from the analysis, as
:mod:`trdanalysis.simulate.truth` is from the labelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from trdanalysis.simulate.assumptions import MIN_MG_PER_DAY
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.planted import GROUPS, NOTHING, STEP_WORDS, SYMPTOMS_BY_GROUP
from trdanalysis.simulate.trials import NO_STEP, POSITIONS
from trdanalysis.simulate.truth import (
    MIN_DAYS,
    MIN_FAILURES,
    count_failures,
    derive_criteria,
)

ERRORS = ("dose", "duration", "adherence")
#: Who can enter a trial: ages, failures in the last episode, and the score at the last rating by
#: scale, in the order of :data:`trdanalysis.simulate.assumptions.SCALES`.
TRIAL_AGES, TRIAL_FAILURES, TRIAL_SCORES = (18, 64), (2, 5), (24, 28, 20, 16)
_BREAK_DAYS = 14


@dataclass(frozen=True)
class Followed:
    """What is known beside the courses: groups, and visits after a response.

    ``group`` is an index into :data:`trdanalysis.simulate.planted.GROUPS`; ``courses`` and
    ``visits`` are as :func:`trdanalysis.simulate.visits.draw_visits` takes and gives them.
    """

    group: Array
    courses: Columns
    visits: Columns


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
    patients: Columns, grid: Columns, doses: Columns, truth: pd.DataFrame, followed: Followed
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
    followed
        Groups and visits.

    Returns
    -------
    pandas.DataFrame
        One row a patient: ``patient_group``; every symptom; ``followed_after_response`` (there is a
        visit after a response while the treatment went on), ``relapsed`` and
        ``days_to_relapse`` since the rating of the response, both of the first such course;
        ``onset_day``, ``next_step``, ``days_to_next_step``, ``next_step_response``,
        ``next_step_remission`` and ``left_on_failed`` of who is resistant; ``error``: what keeps
        apparent resistance from being proven; ``in_trial_<criterion>`` and ``trial_eligible``.
        Null: not asked of this patient, or not known even then.
    """
    columns: dict[str, object] = {
        "patient_group": pd.array(
            np.array([*GROUPS[:-1], None], dtype=object)[followed.group], dtype="str"
        )
    }
    columns |= {name: patients[name] for name in SYMPTOMS_BY_GROUP}
    columns |= _tell_relapse(len(truth), followed)
    criteria = derive_criteria(grid, doses)
    columns |= _tell_next_steps(truth, grid, doses, criteria)
    columns["error"] = _tell_errors(truth, grid, criteria)
    columns |= _tell_eligibility(patients, grid, criteria, followed)
    return pd.DataFrame(columns)


def _tell_relapse(n: int, followed: Followed) -> dict[str, object]:
    visits, courses = followed.visits, followed.courses
    patient = courses["patient"][visits["course"]]
    # Courses stand in order of patient and start.
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, patient, visits["course"])
    own = visits["course"] == first[patient]
    relapsed, day = np.zeros(n, dtype=bool), np.full(n, np.iinfo(np.int64).max)
    back = own & visits["relapsed"]
    relapsed[patient[back]] = True
    since = visits["day"] - courses["endpoint_day"][visits["course"]]
    np.minimum.at(day, patient[back], since[back])
    seen = first < np.iinfo(np.int64).max
    return {
        "followed_after_response": seen,
        "relapsed": pd.arrays.BooleanArray(relapsed, ~seen),
        "days_to_relapse": pd.arrays.IntegerArray(np.where(relapsed, day, 0), ~relapsed),
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

    def spread(values: Array, known: Array) -> tuple[Array, Array]:
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
    enough = truth["enough_failures"].fillna(False).to_numpy(dtype=bool)
    words[apparent & enough & (label == "not_trd")] = "other_reason"
    too_few = apparent & truth["enough_failures"].eq(False).fillna(False).to_numpy(dtype=bool)
    rows = np.flatnonzero(too_few)
    if len(rows) == 0:
        return pd.array(words, dtype="str")
    own = {name: grid[name][rows] for name in ("treatment", "start_day")}
    judged = {name: values[rows] for name, values in criteria.items()}
    met = {"dose": "dose_adequate", "duration": "long_enough", "adherence": "adherent"}

    def is_enough(*left_out: str) -> Array:
        failed = judged["counts"] & judged["nonresponse"] & ~judged["in_progress"]
        for name, criterion in met.items():
            if name not in left_out:
                failed = failed & judged[criterion]
        return count_failures(failed, own) >= MIN_FAILURES

    single = {name: is_enough(name) for name in ERRORS}
    pairs = {"_and_".join(pair): is_enough(*pair) for pair in combinations(ERRORS, 2)}
    several = [sum(each.values()) > 1 for each in (single, pairs)]
    words[rows] = np.select(
        [several[0], *single.values(), several[1], *pairs.values()],
        ["any_one_error", *single, "several_errors", *pairs],
        "several_errors",
    )
    return pd.array(words, dtype="str")


def _tell_eligibility(
    patients: Columns, grid: Columns, criteria: Columns, followed: Followed
) -> dict[str, object]:
    n, age = len(patients["age_years"]), patients["age_years"]
    last = np.maximum(grid["active"].sum(axis=1) - 1, 0)
    here = (np.arange(n), last)
    present = criteria["failed"] & (grid["episode"] == grid["episode"][here][:, None])
    failures = count_failures(present, grid)
    score = _last_scores(grid, followed)
    least = np.array(TRIAL_SCORES)[patients["scale"]]
    met: dict[str, object] = {
        "in_trial_age_years": (age >= TRIAL_AGES[0]) & (age <= TRIAL_AGES[1]),
        "in_trial_failures_in_episode": (failures >= TRIAL_FAILURES[0])
        & (failures <= TRIAL_FAILURES[1]),
        "in_trial_severity": grid["active"][here] & (score >= least),
    }
    whole = np.logical_and.reduce(list(met.values()))
    for name in ("bipolar_disorder", "psychotic_features", "current_substance_use"):
        whole = whole & ~patients[name]
    return met | {"trial_eligible": whole & ~patients["medical_cause"]}


def _last_scores(grid: Columns, followed: Followed) -> Array:
    """Give the score of the last rating of each patient."""
    rated = grid["active"] & grid["has_endpoint"]
    day = np.where(
        rated, grid["endpoint_day"], np.where(grid["active"], grid["baseline_day"], -999)
    )
    score = np.where(rated, grid["endpoint_score"], grid["baseline_score"])
    at = (np.arange(len(day)), day.shape[1] - 1 - day[:, ::-1].argmax(axis=1))
    last_day, last_score = day[at], score[at]
    # Of several visits the last in order of day.
    visits = followed.visits
    patient = followed.courses["patient"][visits["course"]]
    later = visits["day"] >= last_day[patient]
    last_score[patient[later]] = visits["score"][later]
    return last_score
