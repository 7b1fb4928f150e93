"""Dose steps of simulated courses, and what they mean for dose and duration."""

from __future__ import annotations

import numpy as np

from trdanalysis.simulate.assumptions import MIN_MG_PER_DAY
from trdanalysis.simulate.patients import Array, Columns

#: Steps a course can have.
STEPS = 3
#: Breaks below the minimum that a run survives, in days.
SURVIVED_BREAK_DAYS = 14


def draw_doses(rng: np.random.Generator, courses: Columns, step_share: float) -> Columns:
    """Give every course its highest dose, and a share of them their steps.

    Parameters
    ----------
    rng
        Source of randomness.
    courses
        One row a course: ``treatment``, ``multiple``, ``start_day``, ``stop_day``.
    step_share
        Share of courses with a dose that get steps.

    Returns
    -------
    Columns
        ``dose_mg_per_day`` (NaN: such treatment has none), ``steps`` (0: none), and
        of shape (courses, :data:`STEPS`) ``step_start`` (days from the course's start) and
        ``step_dose``; ``adequate_days``, the days at or above the minimum as the definition counts.
    """
    n = len(courses["treatment"])
    minimum = MIN_MG_PER_DAY[courses["treatment"]]
    target = courses["multiple"] * minimum
    days = courses["stop_day"] - courses["start_day"]
    stepped = ~np.isnan(minimum) & (days >= 14) & (rng.random(n) < step_share)
    # Titrated, raised once more, or lowered for a while: 2, 3 and 3 steps.
    shape = np.where(days >= 45, rng.choice(3, n, p=(0.35, 0.4, 0.25)), 0)
    first = np.select(
        [shape == 2, days >= 28], [np.full(n, 20), rng.choice((7, 14), n)], np.full(n, 4)
    )
    second = first + np.where(shape == 2, rng.choice((10, 20), n), 21)
    lengths = np.stack([first, second - first, days - second], axis=1)
    lengths[shape == 0, 1] = (days - first)[shape == 0]
    lengths[shape == 0, 2] = 0
    multiples = np.array([(0.5, 1.0, 0.0), (0.5, 1.0, 1.5), (1.0, 0.5, 1.0)])[shape]
    doses = multiples * target[:, None]
    starts = np.stack([np.zeros(n, dtype=int), first, second], axis=1)
    steps = np.where(stepped, np.where(shape == 0, 2, 3), 0)
    single = np.where(target >= minimum, days, 0)
    return {
        "dose_mg_per_day": np.where(stepped, doses.max(axis=1), target),
        "steps": steps,
        "step_start": starts,
        "step_dose": doses,
        "adequate_days": np.where(
            stepped, _longest_run(doses >= minimum[:, None], lengths), single
        ),
    }


def _longest_run(adequate: Array, lengths: Array) -> Array:
    """Days of the longest run at or above the minimum over three adjoining steps."""
    covered = np.where(adequate, lengths, 0)
    a, b, c = covered.T
    bridged = adequate[:, 1] | (lengths[:, 1] <= SURVIVED_BREAK_DAYS)
    apart = np.maximum(a, c)
    return np.where(bridged, a + b + c, apart)
