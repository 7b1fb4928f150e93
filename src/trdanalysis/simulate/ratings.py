"""From the complete story to the ``doses`` and ``assessments`` tables, several rows a trial."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trdanalysis.contract import ASSESSMENTS, DOSES
from trdanalysis.simulate.assumptions import SCALES, UNRECORDED
from trdanalysis.simulate.cells import Holes, hide, make_table, to_words, write_trial_ids
from trdanalysis.simulate.doses import STEPS
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.trials import JOINED


def record_doses(holes: Holes, patient_ids: Array, courses: Columns) -> pd.DataFrame:
    """Write the ``doses`` table, one row a step; an empty stop runs to the next step."""
    row, step = np.nonzero(np.arange(STEPS)[None, :] < courses["steps"][:, None])
    start = courses["start_day"][row] + courses["step_start"][row, step]
    last = step + 1 == courses["steps"][row]
    following = courses["step_start"][row, np.minimum(step + 1, STEPS - 1)]
    stop = np.where(last, courses["stop_day"][row], courses["start_day"][row] + following)
    columns = {
        "patient_id": patient_ids[courses["patient"][row]],
        "trial_id": write_trial_ids(courses["number"][row]),
        "start_day": start,
        "stop_day": hide(
            stop,
            holes.draw(len(row), UNRECORDED["step_stop"]) | (last & courses["ongoing"][row]),
        ),
        "dose_mg_per_day": hide(
            courses["step_dose"][row, step], holes.draw(len(row), UNRECORDED["step_dose"])
        ),
    }
    return make_table(DOSES, columns)


def draw_ratings(
    rng: np.random.Generator, courses: Columns, rated: Array, visits: Columns
) -> Columns:
    """Draw the ratings of ``assessments``: baseline, endpoint, up to two between them, visits.

    A visit that ends one course and opens the next is one rating.

    Parameters
    ----------
    rng
        Source of randomness.
    courses
        One row a course.
    rated
        The courses whose scores stand in ``assessments``.
    visits
        As :func:`trdanalysis.simulate.visits.draw_visits` gives them.

    Returns
    -------
    Columns
        One row a rating, in order of patient and day: ``patient`` (row number), ``day``, ``score``.
    """
    own = np.flatnonzero(rated & (courses["kind"] != JOINED))
    start, end = courses["start_day"][own], courses["endpoint_day"][own]
    before, after = courses["baseline_score"][own], courses["endpoint_score"][own]
    there = courses["has_endpoint"][own]
    pieces = [(own, courses["baseline_day"][own], before), (own[there], end[there], after[there])]
    for first_day, last_day, share in ((8, 14, 0.6), (14, 28, 1.0)):
        day = start + rng.integers(first_day, last_day, len(own))
        score = np.rint(before + rng.random(len(own)) * (after - before)).astype(np.int64)
        seen = there & (day < end - 2) & (rng.random(len(own)) < share)
        pieces.append((own[seen], day[seen], score[seen]))
    pieces.append((visits["course"], visits["day"], visits["score"]))
    row, day, score = (np.concatenate([piece[i] for piece in pieces]) for i in range(3))
    patient = courses["patient"][row]
    _, first = np.unique(np.stack([patient, day], axis=1), axis=0, return_index=True)
    return {"patient": patient[first], "day": day[first], "score": score[first]}


def record_assessments(patient_ids: Array, patients: Columns, ratings: Columns) -> pd.DataFrame:
    """Write the ``assessments`` table, one row a rating of :func:`draw_ratings`."""
    patient = ratings["patient"]
    words = tuple(word for scale in SCALES for word in scale.words)
    columns = {
        "patient_id": patient_ids[patient],
        "day": ratings["day"],
        "scale": to_words((3 * patients["scale"] + patients["scale_word"])[patient], words),
        "score": ratings["score"],
    }
    return make_table(ASSESSMENTS, columns)
