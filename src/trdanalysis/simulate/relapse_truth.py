"""The truth of response and its loss, from all ratings of the complete story."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trdanalysis.simulate.patients import Array, Columns

#: A return within so many days of the response is early.
EARLY_WITHIN_DAYS = 56
_NEVER = np.iinfo(np.int64).max
#: More days than any patient's record has, on either side of the origin.
_SPAN = 1_000_000


def derive_relapse(grid: Columns, criteria: Columns, ratings: Columns) -> dict[str, object]:
    """Say whether the first antidepressant trial that brought response lost it while it went on.

    Parameters
    ----------
    grid, criteria
        Courses as grids, and what :func:`trdanalysis.simulate.truth.derive_criteria` says of them.
    ratings
        As :func:`trdanalysis.simulate.ratings.draw_ratings` gives them.

    Returns
    -------
    dict
        One value a patient: ``response_seen``; ``relapsed`` (a later rating was above half of the
        score before the trial) and ``early_return`` (within :data:`EARLY_WITHIN_DAYS` of the first
        rating of at most half), null where no rating tells.
    """
    n = len(grid["active"])
    # Nobody knows yet what comes of a course in progress.
    main = criteria["antidepressant"] & ~criteria["in_progress"]
    responded = main & ~criteria["nonresponse"]
    row, position = np.nonzero(main)
    course, day, half = _pair_ratings(grid, ratings, row, position)
    first_half = np.full(len(row), _NEVER)
    np.minimum.at(first_half, course[half], day[half])
    found = np.full(n, len(row))
    np.minimum.at(
        found,
        row,
        np.where(responded[row, position] | (first_half < _NEVER), np.arange(len(row)), len(row)),
    )
    seen = found < len(row)
    # Of each patient only the trial that was found; the response is followed from its first rating.
    own = np.zeros(len(row), dtype=bool)
    own[found[seen]] = True
    later = own[course] & (day > first_half[course])
    last, lost = np.full(n, -1), np.full(n, _NEVER)
    np.maximum.at(last, row[course[later]], (day - first_half[course])[later])
    back = later & ~half
    np.minimum.at(lost, row[course[back]], (day - first_half[course])[back])
    relapsed, followed = lost < _NEVER, last >= 0
    early = lost <= EARLY_WITHIN_DAYS
    return {
        "response_seen": seen,
        "relapsed": pd.arrays.BooleanArray(relapsed, ~followed),
        "early_return": pd.arrays.BooleanArray(early, ~(relapsed | (last >= EARLY_WITHIN_DAYS))),
    }


def _pair_ratings(
    grid: Columns, ratings: Columns, row: Array, position: Array
) -> tuple[Array, Array, Array]:
    """Pair courses with the ratings within them, their own endpoints among them.

    Returns
    -------
    tuple
        One entry a pair: number of the course, day, and whether the score is at most half of that
        before the course.
    """
    at = (row, position)
    key = ratings["patient"] * _SPAN + ratings["day"]
    start, stop = grid["start_day"][at], grid["stop_day"][at]
    low = np.searchsorted(key, row * _SPAN + start, side="right")
    high = np.searchsorted(key, row * _SPAN + stop, side="right")
    number = np.maximum(high - low, 0)
    course = np.repeat(np.arange(len(row)), number)
    which = np.arange(len(course)) - np.repeat(np.cumsum(number) - number, number)
    rating = np.repeat(low, number) + which
    ends = np.flatnonzero(grid["has_endpoint"][at] & (grid["endpoint_day"][at] > start))
    whole = np.concatenate([course, ends])
    day = np.concatenate([ratings["day"][rating], grid["endpoint_day"][at][ends]])
    score = np.concatenate([ratings["score"][rating], grid["endpoint_score"][at][ends]])
    return whole, day, 2 * score <= grid["baseline_score"][at][whole]
