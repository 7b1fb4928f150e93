"""Visits after a response, while the treatment goes on: does it hold, or do symptoms return?"""

from __future__ import annotations

import numpy as np

from trdanalysis.simulate.assumptions import SCALES
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.planted import RELAPSE_PER_VISIT, VISIT_EVERY_DAYS
from trdanalysis.simulate.trials import JOINED

#: Days by which a visit comes early or late at most: none falls into the time in which the endpoint
#: of a course, or of one begun a week later, is looked for first.
_OFF_DAYS = 2


def draw_visits(
    rng: np.random.Generator, patients: Columns, courses: Columns, rated: Array
) -> Columns:
    """Draw ratings after the response to a course, until it stops.

    Parameters
    ----------
    rng
        Source of randomness.
    patients
        ``scale``, one a patient.
    courses
        One row a course: see :func:`trdanalysis.simulate.records.flatten_courses`.
    rated
        Courses whose scores stand in ``assessments``: only these have visits, so that what a trial
        holds by itself is never filled from one.

    Returns
    -------
    Columns
        One row a visit: ``course`` (row number), ``day``, ``score``, ``relapsed`` (at this visit or
        before). At each visit a patient who is well relapses with the chance
        :data:`~trdanalysis.simulate.planted.RELAPSE_PER_VISIT`. The score is then back near that
        before the course, above the cut-off of remission and not halved; before, it is at most that
        of the response. In order of course and day.
    """
    end, stop = courses["endpoint_day"], courses["stop_day"]
    followed = rated & courses["has_endpoint"] & (courses["outcome"] <= 1)
    followed &= courses["kind"] != JOINED
    own = np.flatnonzero(followed)
    number = np.maximum(stop[own] - end[own] - _OFF_DAYS - 1, 0) // VISIT_EVERY_DAYS
    course = np.repeat(own, number)
    begin = np.repeat(np.cumsum(number) - number, number)
    visit = np.arange(len(course)) - begin + 1
    returns = rng.random(len(course)) < RELAPSE_PER_VISIT
    # Relapses up to each visit of its course.
    so_far = np.concatenate([[0], np.cumsum(returns)])
    relapsed = so_far[np.arange(len(course)) + 1] > so_far[begin]
    before, best = courses["baseline_score"][course], courses["endpoint_score"][course]
    scale = patients["scale"][courses["patient"][course]]
    high, cut = (
        np.array([getattr(s, name) for s in SCALES])[scale]
        for name in ("maximum", "remission_at_most")
    )
    back = np.clip(before + rng.integers(-1, 3, len(course)), np.maximum(cut + 1, 0), high)
    well = np.maximum(best - rng.integers(0, 3, len(course)), 0)
    off = rng.integers(-_OFF_DAYS, _OFF_DAYS + 1, len(course))
    return {
        "course": course,
        "day": end[course] + VISIT_EVERY_DAYS * visit + off,
        "score": np.where(relapsed, back, well),
        "relapsed": relapsed,
    }
