"""What simulated patients were given after their second failure, and what came of it.

Their histories up to the second failure are left as they were drawn; what followed is replaced. So
the strategy of each step is known, and the chance of response is what was planted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trdanalysis.simulate.assumptions import (
    IS_ANTIDEPRESSANT,
    IS_FIRST_LINE,
    NAMES,
    SCALES,
    TREATMENTS,
)
from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.planted import (
    ACROSS,
    AUGMENTATION,
    CLASS_OF_TREATMENT,
    COMBINATION,
    EACH_FURTHER_FAILURE_LOG_RATIO,
    MEAN_DAYS_TO_STEP,
    NOTHING,
    RESPONSE_AFTER_TWO,
    SEVERE_FROM,
    SEVERITY_LOG_RATIO,
    STAYS_ON_FAILED,
    STEP_WORDS,
    STEPS_AFTER,
    WITHIN,
    WORSE_BEFORE_STEP,
)
from trdanalysis.simulate.trials import (
    ADDED,
    ALONE,
    JOINED,
    POSITIONS,
    draw_baselines,
    draw_endpoints,
)
from trdanalysis.simulate.truth import MIN_ADHERENCE, MIN_FAILURES, count_failures

#: Drugs go on long enough to be adequate with any dose steps; other treatments are shorter.
_DRUG_DAYS, _OTHER_DAYS = (84, 113), (42, 70)
#: Highest dose as a multiple of the minimum, and how often: later doses are higher.
_MULTIPLES = {0.5: 0.10, 1.0: 0.50, 1.5: 0.25, 2.0: 0.15}
#: Days from a start up to which the endpoint is looked for first, and a week for a course begun
#: together with another.
_RATED_UNTIL_DAYS = 70

_CODE = {word: at for at, word in enumerate(STEP_WORDS)}
_TREATMENT_OF_STEP = {
    _CODE["psychotherapy"]: NAMES.index("psychotherapy"),
    _CODE["ect"]: NAMES.index("ect"),
    _CODE["rtms"]: NAMES.index("rtms"),
    _CODE["ketamine"]: NAMES.index("esketamine"),
    _CODE["lifestyle"]: NAMES.index("lifestyle"),
}
#: However rare, each antidepressant is there for who had all the others.
_LEAST_SHARE = 0.01
_LATER = (np.array([t.later for t in TREATMENTS]) + _LEAST_SHARE) * IS_ANTIDEPRESSANT
_COMBINED = (np.array([t.joined for t in TREATMENTS]) + _LEAST_SHARE) * IS_ANTIDEPRESSANT
_ADDED_SHARES = np.array([t.added for t in TREATMENTS])


@dataclass
class _Path:
    """Who goes on, one entry a patient: row in the grid, last position, and what is true there."""

    row: Array
    last: Array
    used: Array
    last_class: Array
    running: Array
    failures: Array

    def keep(self, chosen: Array) -> _Path:
        return _Path(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def find_second_failure(failed: Array, grid: Columns) -> Array:
    """Find the position of the course with which there are two failures; -1: there is none.

    Two count where ingredients differ and the starts are separate, as in
    :func:`trdanalysis.simulate.truth.count_failures`.
    """
    n = len(failed)
    found = np.full(n, -1)
    rows = np.flatnonzero(failed.sum(axis=1) >= MIN_FAILURES)
    own = {name: grid[name][rows] for name in ("treatment", "start_day")}
    for k in range(POSITIONS - 1, -1, -1):
        counted = count_failures(failed[rows] & (np.arange(POSITIONS) <= k), own)
        found[rows[counted >= MIN_FAILURES]] = k
    return found


def draw_next_steps(
    rng: np.random.Generator, patients: Columns, grid: Columns, failed: Array
) -> Array:
    """Replace what followed the second failure, for everybody who has one.

    Parameters
    ----------
    rng
        Source of randomness.
    patients
        ``scale``, one a patient.
    grid
        As :func:`trdanalysis.simulate.trials.draw_courses` gives it; changed in place. ``strategy``
        of a step is
        an index into :data:`trdanalysis.simulate.planted.STEP_WORDS`.
    failed
        Truth values in the shape of the grid: which courses are failures by the definition.

    Returns
    -------
    Array
        Position of the second failure, one a patient; -1: there is none.
    """
    second = find_second_failure(failed, grid)
    rows = np.flatnonzero(second >= 0)
    if len(rows) == 0:
        return second
    path = _start(grid, failed, rows, second[rows])
    # What was begun together with the second failure belongs to it; anything later goes.
    later = np.arange(POSITIONS) > path.last[:, None]
    grid["active"][rows] &= ~later
    grid["ongoing"][rows] = False
    _end_with_own_stop(grid, path)
    while len(path.row):
        path = _draw_step(rng, patients, grid, path)
    return second


def _start(grid: Columns, failed: Array, rows: Array, second: Array) -> _Path:
    following = np.minimum(second + 1, POSITIONS - 1)
    with_partner = (
        (following > second)
        & grid["active"][rows, following]
        & (grid["kind"][rows, following] == JOINED)
    )
    last = second + with_partner
    treatment, until = grid["treatment"][rows], np.arange(POSITIONS) <= last[:, None]
    given = grid["active"][rows] & until
    main = given & IS_ANTIDEPRESSANT[treatment] & grid["for_depression"][rows]
    main &= grid["kind"][rows] != ADDED
    at = POSITIONS - 1 - main[:, ::-1].argmax(axis=1)
    return _Path(
        row=rows,
        last=last,
        used=_mark(treatment, given),
        last_class=CLASS_OF_TREATMENT[treatment[np.arange(len(rows)), at]],
        running=np.ones(len(rows), dtype=bool),
        failures=_mark(treatment, failed[rows] & until).sum(axis=1),
    )


def _mark(treatment: Array, chosen: Array) -> Array:
    """Mark the treatments of chosen courses, in the shape (patients, treatments)."""
    marked = np.zeros((len(treatment), len(NAMES)), dtype=bool)
    row, position = np.nonzero(chosen)
    marked[row, treatment[row, position]] = True
    return marked


def _end_with_own_stop(grid: Columns, path: _Path) -> None:
    """Give back its own stop to a course that was prolonged by an augmentation that is gone."""
    for at in (path.last, path.last - (grid["kind"][path.row, path.last] == JOINED)):
        grid["stop_day"][path.row, at] = grid["own_stop_day"][path.row, at]


def _draw_step(rng: np.random.Generator, patients: Columns, grid: Columns, path: _Path) -> _Path:
    """Draw one step of everybody who goes on, and say who goes on after it."""
    m, scale = len(path.row), patients["scale"][path.row]
    before = _draw_begin(rng, grid, path, scale)
    severity = before["score"] / np.array([s.maximum for s in SCALES])[scale]
    step = _choose_steps(rng, severity, path)
    stays = (rng.random(m) < STAYS_ON_FAILED) & (step == _CODE[NOTHING]) & path.running
    _leave_on_failed(rng, grid, path.keep(stays))
    goes_on = (path.last + 1 < POSITIONS) & (step != _CODE[NOTHING])
    path, step, severity, scale = (
        path.keep(goes_on),
        step[goes_on],
        severity[goes_on],
        scale[goes_on],
    )
    before = {name: values[goes_on] for name, values in before.items()}
    treatment = _choose_treatments(rng, path, step)
    drawn = _draw_course(rng, step, IS_ANTIDEPRESSANT[treatment], before["start_day"])
    m = len(path.row)
    nonresponse = rng.random(m) >= response_chances(step, severity, path.failures)
    endpoint, outcome = draw_endpoints(
        rng, scale, before["score"], nonresponse, np.zeros(m, dtype=bool)
    )
    drawn |= {
        "treatment": treatment,
        "baseline_score": before["score"],
        "baseline_day": before["day"],
        "endpoint_score": endpoint,
        "outcome": outcome,
        "episode": grid["episode"][path.row, path.last],
        "strategy": step,
    }
    for name, values in drawn.items():
        grid[name][path.row, path.last + 1] = values
    adds = (step == _CODE[AUGMENTATION]) | (step == _CODE[COMBINATION])
    _prolong(grid, path.keep(adds), drawn["stop_day"][adds])
    return _go_on(grid, path, step)


def response_chances(step: Array, severity: Array, failures: Array) -> Array:
    """Give the planted chance of response to a step.

    Parameters
    ----------
    step
        Index into :data:`trdanalysis.simulate.planted.STEP_WORDS`.
    severity
        Score before it as a share of the scale's range.
    failures
        Different treatments that had failed before it.

    Returns
    -------
    Array
        One chance a step: products of ratios, so that a ratio of two strategies holds whatever the
        severity and the failures.
    """
    ratio = np.array([s.ratio for s in STEPS_AFTER.values()])[step]
    rest = SEVERITY_LOG_RATIO * (severity - SEVERE_FROM)
    rest = rest + EACH_FURTHER_FAILURE_LOG_RATIO * (failures - MIN_FAILURES)
    chances: Array = RESPONSE_AFTER_TWO * ratio * np.exp(rest)
    return chances


def _draw_begin(rng: np.random.Generator, grid: Columns, path: _Path, scale: Array) -> Columns:
    """Draw when the step begins, and the score before it: that of the last rating or a worse one.

    A new rating is worse only where it lies in no window of a course before.
    """
    m, at = len(path.row), (path.row, path.last)
    stop, seen, score = grid["stop_day"][at], grid["endpoint_day"][at], grid["endpoint_score"][at]
    start = stop + 1 + rng.exponential(MEAN_DAYS_TO_STEP, m).astype(int)
    day = np.where(start - seen <= 14, seen, np.maximum(start - rng.integers(0, 4, m), seen))
    apart = (day > stop + 7) & (day > grid["start_day"][at] + _RATED_UNTIL_DAYS)
    worse = apart & (rng.random(m) < WORSE_BEFORE_STEP)
    fresh = np.maximum(draw_baselines(rng, scale), score)
    return {"start_day": start, "day": day, "score": np.where(worse, fresh, score)}


def _draw_course(
    rng: np.random.Generator, step: Array, is_antidepressant: Array, start: Array
) -> Columns:
    """Draw dose, length and adherence of a step."""
    m = len(step)
    is_drug = is_antidepressant | (step == _CODE[AUGMENTATION])
    days = np.where(is_drug, rng.integers(*_DRUG_DAYS, m), rng.integers(*_OTHER_DAYS, m))
    rated = np.where(is_drug, rng.integers(45, 64, m), days - rng.integers(0, 4, m))
    return {
        "active": np.ones(m, dtype=bool),
        "kind": np.where(step == _CODE[AUGMENTATION], ADDED, ALONE),
        "multiple": rng.choice(list(_MULTIPLES), m, p=list(_MULTIPLES.values())),
        "start_day": start,
        "stop_day": start + days,
        "own_stop_day": start + days,
        "ongoing": np.zeros(m, dtype=bool),
        "for_depression": np.ones(m, dtype=bool),
        "adherence": np.round(rng.beta(9, 1.3, m), 2),
        "endpoint_day": start + rated,
        "has_endpoint": np.ones(m, dtype=bool),
    }


def _choose_steps(rng: np.random.Generator, severity: Array, path: _Path) -> Array:
    shares = np.array([(s.mild, s.severe) for s in STEPS_AFTER.values()]).cumsum(axis=0)
    own = shares[:, (severity >= SEVERE_FROM).astype(int)]
    chance = rng.random(len(severity))
    step = np.minimum((chance >= own).sum(axis=0), len(shares) - 1)
    # Where nothing goes on there is nothing to add to.
    adds = (step == _CODE[AUGMENTATION]) | (step == _CODE[COMBINATION])
    step = np.where(adds & ~path.running, _CODE[ACROSS], step)
    within = (path.last_class[:, None] == CLASS_OF_TREATMENT) & ~path.used & IS_ANTIDEPRESSANT
    return np.where((step == _CODE[WITHIN]) & ~within.any(axis=1), _CODE[ACROSS], step)


def _choose_treatments(rng: np.random.Generator, path: _Path, step: Array) -> Array:
    """Choose a drug that was not given before, of the class that the step asks for."""
    same_class = path.last_class[:, None] == CLASS_OF_TREATMENT
    is_within, is_across = (step == _CODE[WITHIN])[:, None], (step == _CODE[ACROSS])[:, None]
    shares = np.where((step == _CODE[COMBINATION])[:, None], _COMBINED, _LATER) * ~path.used
    shares = shares * ((~is_within | same_class) & (~is_across | ~same_class))
    shares = np.where((step == _CODE[AUGMENTATION])[:, None], _ADDED_SHARES, shares)
    edges = shares.cumsum(axis=1)
    chance = rng.random((len(step), 1)) * edges[:, -1:]
    treatment = (chance >= edges).sum(axis=1)
    for code, fixed in _TREATMENT_OF_STEP.items():
        treatment = np.where(step == code, fixed, treatment)
    return treatment


def _leave_on_failed(rng: np.random.Generator, grid: Columns, path: _Path) -> None:
    """Let a treatment that failed go on to the end of the record."""
    at = path.last - (grid["kind"][path.row, path.last] != ALONE)
    grid["ongoing"][path.row, path.last] = grid["kind"][path.row, path.last] != JOINED
    grid["ongoing"][path.row, at] = True
    _prolong(grid, path, grid["stop_day"][path.row, path.last] + rng.integers(30, 240, len(at)))


def _prolong(grid: Columns, path: _Path, stop: Array) -> None:
    """Let antidepressants that ended with the last course go on, and what was added to them."""
    ends = grid["stop_day"][path.row, path.last]
    last = grid["active"][path.row] & (grid["stop_day"][path.row] == ends[:, None])
    last &= np.arange(POSITIONS) <= path.last[:, None]
    row, position = np.nonzero(last)
    grid["stop_day"][path.row[row], position] = stop[row]


def _go_on(grid: Columns, path: _Path, step: Array) -> _Path:
    """Bring everybody to the step just drawn, and leave out who responded to it."""
    here = (path.row, path.last + 1)
    treatment, nonresponse = grid["treatment"][here], grid["outcome"][here] >= 2
    main = IS_ANTIDEPRESSANT[treatment] & (step != _CODE[AUGMENTATION])
    failed = main & IS_FIRST_LINE[treatment] & nonresponse
    failed &= (grid["multiple"][here] >= 1) & (grid["adherence"][here] >= MIN_ADHERENCE)
    used = path.used.copy()
    used[np.arange(len(step)), treatment] = True
    gone_on = _Path(
        row=path.row,
        last=path.last + 1,
        used=used,
        last_class=np.where(main, CLASS_OF_TREATMENT[treatment], path.last_class),
        running=main | (step == _CODE[AUGMENTATION]),
        failures=path.failures + failed,
    )
    return gone_on.keep(nonresponse)
