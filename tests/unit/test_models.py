"""Models: what no model can be fitted to is said, never guessed, and grouping changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from trdanalysis.analysis.age_models import _predict
from trdanalysis.analysis.models import (
    NotEstimableError,
    fit_gee,
    fit_logistic,
    fit_modified_poisson,
)

FITS = (fit_modified_poisson, fit_logistic)


def with_intercept(*columns: object) -> np.ndarray:
    """Put an intercept before columns."""
    arrays = [np.asarray(column, dtype=float) for column in columns]
    return np.column_stack([np.ones(len(arrays[0])), *arrays])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("design", "events", "n", "reason"),
    [
        ([[1.0, 0.0]], [0], [0], "nobody"),
        (with_intercept([0, 1]), [0, 0], [9, 9], "no_event"),
        (with_intercept([0, 1]), [9, 9], [9, 9], "only_events"),
        (with_intercept([0, 1]), [1, 0], [1, 1], "too_few_patients"),
        (with_intercept([0, 0]), [3, 4], [9, 9], "one_level"),
        (with_intercept([0, 1], [0, 1]), [3, 4], [9, 9], "collinear"),
        (with_intercept([0, 1], [1, 0]), [3, 4], [9, 9], "collinear"),
    ],
)
def test_what_cannot_be_fitted_is_refused(fit, design, events, n, reason) -> None:
    with pytest.raises(NotEstimableError, match=f"^{reason}$"):
        fit(design, events, n)


@pytest.mark.parametrize(
    ("fit", "events", "n"),
    [
        (fit_logistic, [0, 9], [9, 9]),
        (fit_logistic, [0, 4], [9, 9]),
        (fit_logistic, [3, 9], [9, 9]),
        (fit_modified_poisson, [0, 9], [9, 9]),
        (fit_modified_poisson, [0, 4], [9, 9]),
        (fit_logistic, [0, 10**6], [10**7, 10**7]),
        (fit_modified_poisson, [0, 10**6], [10**7, 10**7]),
    ],
)
def test_separation_is_said(fit, events, n) -> None:
    with pytest.raises(NotEstimableError, match="^separation$"):
        fit(with_intercept([0, 1]), events, n)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("seed", range(60))
def test_small_random_models_are_fitted_or_refused(fit, seed) -> None:
    """Whatever a few patients look like: numbers that can be, or a reason; never a warning."""
    random = np.random.default_rng(seed)
    size = int(random.integers(3, 30))
    terms = [
        random.random(size) < random.choice([0.05, 0.3, 0.5]) for _ in range(random.integers(1, 4))
    ]
    design = with_intercept(*terms, random.integers(18, 90, size) / 10)
    try:
        found = fit(design, random.random(size) < random.choice([0.05, 0.3, 0.9]))
    except NotEstimableError as refusal:
        assert str(refusal) in {
            "no_event", "only_events", "too_few_patients", "one_level", "collinear", "separation",
            "no_convergence",
        }  # fmt: skip
        return
    assert np.isfinite(found.coefficients).all()
    assert (np.diag(found.covariance) > 0).all()


@pytest.mark.parametrize("link", ["log", "logit"])
def test_trials_that_undo_each_other_have_no_equations(link: str) -> None:
    """One failure and one response in each patient: a correlation of -1 leaves no variance."""
    design = with_intercept([0, 1])
    with pytest.raises(NotEstimableError, match="^no_convergence$"):
        fit_gee(design, [1, 1], [2, 2], [40, 40], link=link)


@pytest.mark.parametrize("link", ["log", "logit"])
@pytest.mark.parametrize("largest", [3, 10**4, 10**7])
def test_random_equations_are_solved_or_refused(link: str, largest: int) -> None:
    for seed in range(25):
        random = np.random.default_rng(seed)
        size = int(random.integers(3, 40))
        design = with_intercept(random.integers(0, 2, size), random.integers(18, 90, size) / 10)
        trials = random.integers(0, 5, size)
        events = random.binomial(trials, random.choice([0.1, 0.4, 0.9]))
        try:
            found = fit_gee(design, events, trials, random.integers(1, largest, size), link=link)
        except NotEstimableError:
            continue
        assert np.isfinite(found.coefficients).all()
        assert (np.diag(found.covariance) > 0).all()


def expand(design: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Give a row as often as it counts."""
    return np.repeat(design, counts, axis=0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fit", FITS)
def test_grouped_rows_give_what_single_patients_give(fit, seed: int) -> None:
    random = np.random.default_rng(seed)
    size = 40
    design = with_intercept(random.integers(0, 2, size), random.integers(18, 90, size) / 10)
    n = random.integers(1, 12, size)
    events = random.binomial(n, 0.4)
    grouped = fit(design, events, n)
    single = np.concatenate(
        [np.r_[np.ones(e), np.zeros(m - e)] for e, m in zip(events, n, strict=True)]
    )
    for other in (
        fit(expand(design, n), single),
        # Rows in another order, and a row in two.
        fit(design[::-1], events[::-1], n[::-1]),
        fit(np.vstack([design, design]), np.r_[events // 2, events - events // 2],
            np.r_[events // 2, n - events // 2]),
    ):  # fmt: skip
        assert other.coefficients == pytest.approx(grouped.coefficients, rel=1e-8, abs=1e-10)
        assert other.covariance.ravel() == pytest.approx(
            grouped.covariance.ravel(), rel=1e-7, abs=1e-12
        )
        assert other.log_likelihood == pytest.approx(grouped.log_likelihood, rel=1e-9)
        assert other.dispersion == pytest.approx(grouped.dispersion, rel=1e-9)
        assert (other.n, other.events) == (grouped.n, grouped.events)


@pytest.mark.parametrize("link", ["log", "logit"])
@pytest.mark.parametrize("seed", range(3))
def test_grouped_equations_are_those_of_statsmodels(link: str, seed: int) -> None:
    """Grouped GEE against statsmodels' on one row a trial."""
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial, Poisson
    from statsmodels.genmod.generalized_estimating_equations import GEE

    random = np.random.default_rng(seed)
    size = 60
    design = with_intercept(random.integers(0, 2, size), random.integers(18, 90, size) / 10)
    trials = random.integers(1, 5, size)
    patients = random.integers(1, 4, size)
    events = random.binomial(trials, random.beta(1.5, 2.5, size))
    found = fit_gee(design, events, trials, patients, link=link)
    rows, outcome, who, next_one = [], [], [], 0
    for x, e, k, w in zip(design, events, trials, patients, strict=True):
        for _ in range(w):
            rows += [x] * k
            outcome += [1] * e + [0] * (k - e)
            who += [next_one] * k
            next_one += 1
    family = Poisson() if link == "log" else Binomial()
    model = GEE(
        np.array(outcome), np.array(rows), groups=np.array(who), family=family,
        cov_struct=Exchangeable(),
    )  # fmt: skip
    expected = model.fit(maxiter=500, ctol=1e-12)
    assert found.coefficients == pytest.approx(np.asarray(expected.params), rel=1e-6, abs=1e-8)
    assert found.covariance.ravel() == pytest.approx(
        np.asarray(expected.cov_params()).ravel(), rel=1e-5, abs=1e-9
    )
    parted = np.r_[patients, np.ones(size)] - np.r_[np.ones(size), np.zeros(size)]
    split = fit_gee(
        np.vstack([design, design]), np.r_[events, events], np.r_[trials, trials], parted, link=link
    )
    assert split.coefficients == pytest.approx(found.coefficients, rel=1e-9)
    assert split.covariance.ravel() == pytest.approx(found.covariance.ravel(), rel=1e-8)


def test_limits_far_out_are_shares() -> None:
    """A predictor beyond what exp() can hold has a limit of 0 or 1, without a warning."""
    fit = fit_logistic(with_intercept(range(6)), [1, 0, 1, 0, 1, 1], [9] * 6)
    wide = dataclasses.replace(fit, covariance=np.diag([0.0, 49.0**2]))
    shown = _predict(wide, with_intercept([9.0, 0.0]))
    assert shown["ci_low"].tolist()[0] == pytest.approx(0)
    assert shown["ci_high"].tolist()[0] == pytest.approx(1)


def test_rounding_does_not_reach_the_iterations() -> None:
    """Rows in another order round otherwise, as another processor does."""
    random = np.random.default_rng(1)
    design = np.column_stack([np.ones(5000), random.normal(size=(5000, 4))])
    risks = 1 / (1 + np.exp(-design @ np.array([-1.0, 0.5, 0.3, 0.0, 0.2])))
    events = (random.random(5000) < risks).astype(float)
    orders = [random.permutation(5000) for _ in range(12)]
    assert len({fit_logistic(design[order], events[order]).iterations for order in orders}) == 1
