"""What the simulated patients were given and what came of it, before anything is spoilt.

Courses stand in grids of patients x positions. Position k + 1 follows from position k: a patient
who did not respond goes on to a switch or an augmentation, one who did may relapse later. A score
at the end of one course is the score before the next, so that ratings tell one story whichever
trial reads them.
"""

from __future__ import annotations

import numpy as np

from trdanalysis.simulate.assumptions import (
    AMITRIPTYLINE,
    ARIPIPRAZOLE,
    DOSE_MULTIPLES,
    EACH_EARLIER_FAILURE_LOG_ODDS,
    IS_ANTIDEPRESSANT,
    LOW_ADHERENCE_LOG_ODDS,
    LOW_DOSE_LOG_ODDS,
    SCALES,
    SHORT_TRIAL_LOG_ODDS,
    TREATMENTS,
)
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.planted import MISSED_ADHERENCE, YOUNG_MISSED_DOSES, YOUNG_YEARS

#: Courses a patient can have, treatments given beside them not counted.
POSITIONS = 8
#: How a course begins: on its own, together with the one before, or added to the one before.
ALONE, JOINED, ADDED = 0, 1, 2
OUTCOMES = ("remission", "response", "partial_response", "no_response")

_P_ANY_COURSE = 0.985
_P_JOINED, _P_ADDED, _P_SWITCH, _P_RELAPSE = 0.06, 0.22, 0.71, 0.18
_P_ONGOING = 0.14
_P_FIRST_TREATMENT = np.array([t.first for t in TREATMENTS])
_P_LATER_TREATMENT = np.array([t.later for t in TREATMENTS])
_P_JOINED_TREATMENT = np.array([t.joined for t in TREATMENTS])
_P_ADDED_TREATMENT = np.array([t.added for t in TREATMENTS])

_GRID_TYPES: dict[str, type] = {
    "active": bool,
    "kind": np.int8,
    "treatment": np.int16,
    "multiple": float,
    "start_day": np.int64,
    "stop_day": np.int64,
    "own_stop_day": np.int64,
    "ongoing": bool,
    "for_depression": bool,
    "adherence": float,
    "baseline_score": np.int64,
    "endpoint_score": np.int64,
    "baseline_day": np.int64,
    "endpoint_day": np.int64,
    "has_endpoint": bool,
    "outcome": np.int8,
    "episode": np.int64,
    "strategy": np.int8,
}
#: A course that is no step after a second failure.
NO_STEP = -1


def draw_courses(rng: np.random.Generator, patients: Columns) -> Columns:
    """Draw up to :data:`POSITIONS` courses a patient, in order of their starts.

    Returns
    -------
    Columns
        Grids of shape (patients, :data:`POSITIONS`); where ``active`` is false the rest means
        nothing. Days are the patient's own; ``stop_day`` of an ``ongoing`` course is the last day
        observed; ``own_stop_day`` is that of the course by itself, before an augmentation prolonged
        it. ``outcome`` is an index into :data:`OUTCOMES`; ``strategy`` :data:`NO_STEP` throughout.
    """
    n = len(patients["scale"])
    grid: Columns = {
        name: np.zeros((n, POSITIONS), dtype=kind) for name, kind in _GRID_TYPES.items()
    }
    grid["strategy"][:] = NO_STEP
    grid["active"][:, 0] = rng.random(n) < _P_ANY_COURSE
    grid["start_day"][:, 0] = rng.integers(0, 60, n)
    grid["baseline_day"][:, 0] = grid["start_day"][:, 0] - rng.integers(-2, 8, n)
    grid["baseline_score"][:, 0] = draw_baselines(rng, patients["scale"])
    grid["episode"][:, 0] = 1 + (rng.random(n) < 0.35) * rng.integers(1, 4, n)
    failures = np.zeros(n)
    for k in range(POSITIONS):
        rows = np.flatnonzero(grid["active"][:, k])
        _draw_course(rng, patients, grid, failures, rows, k)
        if k + 1 < POSITIONS:
            _draw_next(rng, patients, grid, rows, k)
    _draw_ends(rng, grid)
    return grid


def _draw_course(
    rng: np.random.Generator, patients: Columns, grid: Columns, failures: Array, rows: Array, k: int
) -> None:
    """Fill position ``k`` of ``rows``: treatment, dose, length, adherence, outcome and score."""
    m = len(rows)
    kind, start = grid["kind"][rows, k], grid["start_day"][rows, k]
    treatment = _draw_treatments(rng, grid, rows, k)
    multiple = rng.choice(list(DOSE_MULTIPLES), m, p=list(DOSE_MULTIPLES.values()))
    for_depression = np.ones(m, dtype=bool)
    aside = (kind == JOINED) & (treatment == AMITRIPTYLINE)
    for_depression[aside] = rng.random(int(aside.sum())) < 0.3
    multiple[aside & ~for_depression] = 1 / 6
    adherence = np.round(rng.beta(9, 1.3, m), 2)
    days = _draw_days(rng, kind)
    log_odds = patients["log_odds"][rows] + EACH_EARLIER_FAILURE_LOG_ODDS * failures[rows]
    log_odds += LOW_DOSE_LOG_ODDS * (multiple < 1) + SHORT_TRIAL_LOG_ODDS * (days < 42)
    log_odds += LOW_ADHERENCE_LOG_ODDS * (adherence < 0.8)
    nonresponse = (rng.random(m) < 1 / (1 + np.exp(-log_odds))) | (days < 14)
    days += np.where(
        ~nonresponse & (days >= 42) & (rng.random(m) < 0.6), rng.exponential(150, m), 0
    ).astype(int)
    before = grid["baseline_score"][rows, k]
    score, outcome = draw_endpoints(rng, patients["scale"][rows], before, nonresponse, days < 14)
    # Late enough to lie in the window also of a course begun a week later.
    near_stop = days - np.where(days >= 17, rng.integers(0, 4, m), 0)
    endpoint_day = start + np.where(days <= 70, near_stop, rng.integers(45, 64, m))
    drawn = {
        "treatment": treatment,
        "multiple": multiple,
        "for_depression": for_depression,
        "adherence": adherence,
        "stop_day": start + days,
        "endpoint_score": score,
        "endpoint_day": endpoint_day,
        "has_endpoint": days >= 14,
        "outcome": outcome,
    }
    joined = kind == JOINED
    for name in ("stop_day", "endpoint_score", "endpoint_day", "has_endpoint", "outcome"):
        if k > 0:  # begun together, they share their end and what came of it
            drawn[name] = np.where(joined, grid[name][rows, k - 1], drawn[name])
    for name, values in drawn.items():
        grid[name][rows, k] = values
    grid["own_stop_day"][rows, k] = grid["stop_day"][rows, k]
    added = rows[kind == ADDED]
    grid["stop_day"][added, k - 1] = grid["stop_day"][added, k]
    failures[rows] += (drawn["outcome"] >= 2) & ~joined


def _draw_treatments(rng: np.random.Generator, grid: Columns, rows: Array, k: int) -> Array:
    """Draw what is given; never what was given just before, but after a relapse."""
    m = len(rows)
    if k == 0:
        return _choose(rng, _P_FIRST_TREATMENT, m)
    kind, last = grid["kind"][rows, k], grid["treatment"][rows, k - 1]
    relapse = grid["episode"][rows, k] > grid["episode"][rows, k - 1]
    treatment = np.select(
        [kind == JOINED, kind == ADDED],
        [_choose(rng, _P_JOINED_TREATMENT, m), _choose(rng, _P_ADDED_TREATMENT, m)],
        _choose(rng, _P_LATER_TREATMENT, m),
    )
    again = relapse & IS_ANTIDEPRESSANT[last] & (rng.random(m) < 0.3)
    treatment = np.where(again, last, treatment)
    # What was given just before may be two positions back, behind an augmentation or a pair.
    earlier = grid["treatment"][rows, k - 2] if k > 1 else np.full(m, -1)
    for substitute in (0, 1, 2):
        repeated = ~again & ((treatment == last) | (treatment == earlier))
        alternative = np.where(kind == ADDED, ARIPIPRAZOLE, substitute)
        treatment = np.where(repeated, alternative, treatment)
    return treatment


def _choose(rng: np.random.Generator, shares: Array, size: int) -> Array:
    return rng.choice(len(shares), size, p=shares / shares.sum())


def _draw_days(rng: np.random.Generator, kind: Array) -> Array:
    """Draw lengths in days: mostly 6 to 10 weeks, some short, some stopped within two weeks."""
    m = len(kind)
    chance = rng.random(m)
    days = np.select(
        [(chance < 0.06) & (kind == ALONE), (chance < 0.18)],
        [rng.integers(3, 14, m), rng.integers(14, 42, m)],
        np.clip(rng.normal(60, 12, m), 42, 120).astype(int),
    )
    return days.astype(np.int64)


def draw_baselines(rng: np.random.Generator, scale: Array) -> Array:
    """Draw scores at the start of an episode, above the remission cut-off of the scale.

    Parameters
    ----------
    rng
        Source of randomness.
    scale
        Index into :data:`trdanalysis.simulate.assumptions.SCALES`.

    Returns
    -------
    Array
        One whole number each.
    """
    mean = np.array([s.baseline_mean for s in SCALES])[scale]
    sd = np.array([s.baseline_sd for s in SCALES])[scale]
    low = np.array([s.baseline_low for s in SCALES])[scale]
    high = np.array([s.maximum for s in SCALES])[scale]
    return np.clip(np.rint(rng.normal(mean, sd)), low, high).astype(np.int64)


def draw_endpoints(
    rng: np.random.Generator, scale: Array, before: Array, nonresponse: Array, early: Array
) -> tuple[Array, Array]:
    """Draw a score and the outcome it means: whole numbers well inside the outcome's bounds.

    Parameters
    ----------
    rng
        Source of randomness.
    scale
        Index into :data:`trdanalysis.simulate.assumptions.SCALES`.
    before
        Score before the course.
    nonresponse, early
        Whether it failed, and whether it ended too soon for a rating: its score is that before it.

    Returns
    -------
    tuple
        Scores, and indices into :data:`OUTCOMES`.
    """
    m = len(before)
    cut = np.array([s.remission_at_most for s in SCALES])[scale]
    high = np.array([s.maximum for s in SCALES])[scale]
    partial = nonresponse & ~early & (rng.random(m) < 0.45)
    partial &= np.maximum(cut, before // 2) < 3 * before // 4
    remission = ~nonresponse & ((rng.random(m) < 0.55) | (cut >= before // 2))
    choices = [remission, ~nonresponse, partial]
    low = np.select(
        choices,
        [np.zeros(m, dtype=int), cut + 1, np.maximum(cut, before // 2) + 1],
        np.maximum(cut, 3 * before // 4) + 1,
    )
    top = np.select(choices, [cut, before // 2, 3 * before // 4], np.minimum(before + 2, high))
    score = low + (rng.random(m) * (top - low + 1)).astype(np.int64)
    return np.where(early, before, score), np.select(choices, [0, 1, 2], 3)


def _draw_next(
    rng: np.random.Generator, patients: Columns, grid: Columns, rows: Array, k: int
) -> None:
    """Decide what follows: a partner, an augmentation, a switch, a relapse, or nothing."""
    m = len(rows)
    now = {name: values[rows, k] for name, values in grid.items()}
    days = now["stop_day"] - now["start_day"]
    failed = now["outcome"] >= 2
    alone = now["kind"] == ALONE
    drug = IS_ANTIDEPRESSANT[now["treatment"]]
    joined = alone & drug & (days >= 30) & (rng.random(m) < _P_JOINED)
    added = ~joined & alone & drug & failed & (days >= 42) & (rng.random(m) < _P_ADDED)
    switch = ~joined & ~added & failed & (rng.random(m) < _P_SWITCH)
    relapse = ~joined & ~failed & (rng.random(m) < _P_RELAPSE)
    gap = rng.integers(0, 4, m)
    stop, seen = now["stop_day"], np.where(now["has_endpoint"], now["endpoint_day"], -1)
    kinds = [joined, added, switch]
    start = np.select(
        kinds,
        [now["start_day"] + rng.integers(1, 8, m), now["endpoint_day"] + gap, stop + gap],
        # So long after, that no rating of the relapse lies in any window of the course before.
        stop + 160 + rng.exponential(120, m).astype(int),
    )
    fresh = draw_baselines(rng, patients["scale"][rows])
    drawn = {
        "active": joined | added | switch | relapse,
        "kind": np.select([joined, added], [JOINED, ADDED], ALONE),
        "start_day": start,
        "baseline_score": np.select(
            [joined, added | switch], [now["baseline_score"], now["endpoint_score"]], fresh
        ),
        "baseline_day": np.select(
            [joined, (added | switch) & (seen >= 0) & (start - seen <= 14)],
            [now["baseline_day"], now["endpoint_day"]],
            start - gap,
        ),
        "episode": now["episode"] + relapse,
    }
    for name, values in drawn.items():
        grid[name][rows, k + 1] = values


def miss_doses(rng: np.random.Generator, patients: Columns, grid: Columns) -> None:
    """Let young adults miss doses in some courses, beside what everybody misses.

    What comes of the course stays as it was drawn: that the young respond less is planted apart.
    """
    missed = is_young(patients)[:, None] & (rng.random(grid["active"].shape) < YOUNG_MISSED_DOSES)
    less = np.round(rng.uniform(*MISSED_ADHERENCE, grid["active"].shape), 2)
    grid["adherence"] = np.where(missed, np.minimum(less, grid["adherence"]), grid["adherence"])


def is_young(patients: Columns) -> Array:
    """Say who is a young adult."""
    age, (youngest, oldest) = patients["age_years"], YOUNG_YEARS
    young: Array = (age >= youngest) & (age <= oldest)
    return young


def _draw_ends(rng: np.random.Generator, grid: Columns) -> None:
    """Make some last courses ongoing, with the course they were added to."""
    count = grid["active"].sum(axis=1)
    rows = np.flatnonzero((count > 0) & (rng.random(len(count)) < _P_ONGOING))
    last = count[rows] - 1
    kind = grid["kind"][rows, last]
    grid["ongoing"][rows, last] = kind != JOINED
    added = kind == ADDED
    grid["ongoing"][rows[added], last[added] - 1] = True
