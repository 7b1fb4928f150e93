"""Firth's method: as the slow formulas have it, and refused where there is nothing to fit."""

from __future__ import annotations

import numpy as np
import pytest

from tests.slow import formulas
from trdanalysis.analysis.firth import fit_firth
from trdanalysis.analysis.models import NotEstimableError


def design_of(*columns: object) -> np.ndarray:
    arrays = [np.asarray(column, dtype=float) for column in columns]
    return np.column_stack([np.ones(len(arrays[0])), *arrays])


@pytest.mark.parametrize("seed", range(12))
def test_random_sparse_tables(seed: int) -> None:
    chance = np.random.default_rng(seed)
    exposed = (np.arange(60) < chance.integers(2, 12)).astype(float)
    design = design_of(exposed, chance.normal(size=60))
    events = (chance.random(60) < 0.15).astype(float)
    events[:2] = chance.integers(0, 2)
    events[59] = 1
    found = fit_firth(design, events, of=["x1"])
    wanted = formulas.firth(design, events)
    assert found.coefficients == pytest.approx(wanted.coefficients, rel=1e-6, abs=1e-7)
    assert found.log_likelihood == pytest.approx(wanted.log_likelihood, rel=1e-9)
    assert found.p_value[1] == pytest.approx(formulas.firth_p_value(design, events, 1), rel=1e-5)
    limits = formulas.firth_limits(design, events, 1)
    assert [found.ci_low[1], found.ci_high[1]] == pytest.approx(limits, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("scale", [1, 10**6])
@pytest.mark.parametrize("events", [[0, 9], [0, 3], [4, 9], [9, 0], [1, 1]])
def test_separated_tables_have_finite_estimates(events: list[int], scale: int) -> None:
    n = np.array([9, 9]) * scale
    found = fit_firth(design_of([0, 1]), np.array(events) * scale, n, of=["x1"])
    low, value, high = found.ci_low[1], found.coefficients[1], found.ci_high[1]
    assert np.isfinite([low, value, high]).all() and low < value < high
    assert 0 <= found.p_value[1] <= 1
    # Of a two-by-two table it is the odds ratio with a half added to each cell.
    e, m = np.array(events) * scale + 0.5, n + 1
    odds = e / (m - e)
    assert value == pytest.approx(np.log(odds[1] / odds[0]), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    ("design", "events", "n", "reason"),
    [
        (design_of([0, 1]), [0, 0], [9, 9], "no_event"),
        (design_of([0, 1]), [9, 9], [9, 9], "only_events"),
        (design_of([0, 1]), [1, 0], [1, 1], "too_few_patients"),
        (design_of([0, 0]), [1, 2], [9, 9], "one_level"),
        (design_of([0, 1], [0, 1]), [1, 2], [9, 9], "collinear"),
        (design_of([0, 1, 0, 1], [0.1, 0.3, 0.1, 0.3]), [1, 2, 3, 4], [9] * 4, "collinear"),
        (design_of([0, 1, 0], [1, 0, 1]), [1, 2, 3], [9] * 3, "collinear"),
    ],
)
def test_what_cannot_be_fitted_is_refused(design, events, n, reason) -> None:
    with pytest.raises(NotEstimableError, match=f"^{reason}$"):
        fit_firth(design, events, n)


@pytest.mark.parametrize("seed", range(80))
def test_small_random_tables_are_fitted_or_refused(seed: int) -> None:
    chance = np.random.default_rng(seed)
    size = int(chance.integers(3, 25))
    columns = [
        chance.random(size) < chance.choice([0.1, 0.4]) for _ in range(chance.integers(1, 4))
    ]
    design = design_of(*columns, chance.integers(18, 90, size) / 10)
    try:
        found = fit_firth(design, chance.random(size) < 0.3, of=["x1"])
    except NotEstimableError:
        return
    assert np.isfinite(found.coefficients).all()
    assert found.ci_low[1] < found.coefficients[1] < found.ci_high[1]


def test_grouping_changes_nothing() -> None:
    chance = np.random.default_rng(1)
    design = design_of(chance.integers(0, 2, 12), chance.normal(size=12))
    n = chance.integers(1, 9, 12)
    events = chance.binomial(n, 0.2)
    single = np.concatenate(
        [np.r_[np.ones(e), np.zeros(m - e)] for e, m in zip(events, n, strict=True)]
    )
    one, other = fit_firth(design, events, n), fit_firth(np.repeat(design, n, axis=0), single)
    for name in ("coefficients", "ci_low", "ci_high", "p_value"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6)
