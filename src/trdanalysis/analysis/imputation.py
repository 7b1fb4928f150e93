"""Multiple imputation by chained equations, for yes-or-no variables of grouped patients.

Each missing value is drawn from a logistic model of its variable on all others, variable after
variable, several times round; the whole is done several times, and the results pooled. Patients who
share everything known are one row with a count, which a draw splits in two: the same as drawing for
each patient, at the cost of the distinct rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from trdanalysis.analysis.intervals import Floats

#: Rounds through all variables before a data set is taken.
CYCLES = 5

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pooled:
    """Estimates of several completed data sets as one.

    Attributes
    ----------
    estimate, variance
        Mean of the estimates; their total variance, within and between data sets.
    df
        Degrees of freedom of t.
    fraction_missing
        Share of the information about the estimate that is missing.
    """

    estimate: float
    variance: float
    df: float
    fraction_missing: float


def pool_estimates(
    estimates: Sequence[float], variances: Sequence[float], n_complete_df: float = np.inf
) -> Pooled:
    """Pool estimates by Rubin's rules.

    Parameters
    ----------
    estimates, variances
        One of each completed data set; two or more.
    n_complete_df
        Degrees of freedom that complete data would have had.

    References
    ----------
    Rubin DB (1987) Multiple Imputation for Nonresponse in Surveys. Barnard J, Rubin DB (1999)
    Biometrika 86:948-955 (degrees of freedom).
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    m = len(q)
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    large = (m - 1) / share**2 if share > 0 else np.inf
    if np.isinf(n_complete_df):
        df = large
    else:
        observed = (n_complete_df + 1) / (n_complete_df + 3) * n_complete_df * (1 - share)
        df = observed if np.isinf(large) else large * observed / (large + observed)
    if share == 0 or np.isinf(df):
        missing = share
    else:
        increase = share / (1 - share)
        missing = (increase + 2 / (df + 3)) / (1 + increase)
    return Pooled(float(q.mean()), total, float(df), float(missing))


def impute(
    rows: pd.DataFrame,
    variables: Sequence[str],
    fixed: Sequence[str],
    estimate: Callable[[pd.DataFrame], float],
    imputations: int,
    generator: np.random.Generator,
) -> list[float]:
    """Complete the rows several times, and estimate something on each.

    Parameters
    ----------
    rows
        One row per distinct pattern: the ``variables`` (1, 0, NaN where unknown), the ``fixed``
        columns (numbers, never missing) and ``patients``, in an order that does not depend on
        chance.
    variables
        In the order in which they are drawn. One of which nobody or everybody known is yes takes no
        part in the other models; its missing values become that value.
    fixed
        Further terms of every model.
    estimate
        Takes completed rows: the variables without missing values, the fixed columns, ``patients``.
    imputations
        How many data sets.
    generator
        Of random numbers.

    References
    ----------
    van Buuren S (2007) Stat Methods Med Res 16:219-242. Logistic draws: Rubin DB (1987), section
    5.3; pseudo-patients against separation: White IR, Daniel R, Royston P (2010) Comput Stat Data
    Anal 54:2267-2275.
    """
    base = rows.reset_index(drop=True)
    values = base[list(variables)].to_numpy(dtype=float)
    constant = base[list(fixed)].to_numpy(dtype=float)
    patients = base["patients"].to_numpy(dtype=np.int64)
    return [
        estimate(_frame(_complete(values, constant, patients, generator), base, variables, fixed))
        for _ in range(imputations)
    ]


def _frame(
    cells: tuple[Ints, Ints, Ints], base: pd.DataFrame, names: Sequence[str], fixed: Sequence[str]
) -> pd.DataFrame:
    row, completed, count = cells
    table = base.loc[row, list(fixed)].reset_index(drop=True)
    return table.assign(patients=count, **{name: completed[:, at] for at, name in enumerate(names)})


def _complete(
    values: Floats, constant: Floats, patients: Ints, generator: np.random.Generator
) -> tuple[Ints, Ints, Ints]:
    """Draw one completed data set: for each cell its row, its values and its patients."""
    missing = np.isnan(values)
    known = [values[~missing[:, at], at] for at in range(values.shape[1])]
    varies = [len(np.unique(part)) == 2 for part in known]
    # To begin with, every missing value is drawn from what is known of its variable.
    row, count = np.arange(len(values)), patients.copy()
    completed = np.where(missing, 0, values).astype(np.int64)
    for at in range(values.shape[1]):
        told = ~missing[:, at]
        total = patients[told].sum()
        if told.all() or not total:
            continue
        share = (patients[told] * values[told, at]).sum() / total
        row, completed, count = _redraw(
            row, completed, count, missing, at, _constant(share), generator
        )
    order = [at for at in range(values.shape[1]) if missing[:, at].any() and varies[at]]
    best: dict[int, Floats] = {}
    for _ in range(CYCLES if len(order) > 1 else 1):
        for at in order:
            others = [other for other in range(values.shape[1]) if other != at and varies[other]]
            terms = np.column_stack(
                [np.ones(len(row)), completed[:, others], constant[row]]
            ).astype(float)
            told = ~missing[row, at]
            events = (count * completed[:, at])[told].astype(float)
            best[at], root = _fit_logistic(
                terms[told], events, count[told].astype(float), best.get(at)
            )
            beta = best[at] + root @ generator.standard_normal(len(root))

            def chance(
                chosen: tuple[Ints, Ints], beta: Floats = beta, others: list[int] = others
            ) -> Floats:
                own, filled = chosen
                design = np.column_stack([np.ones(len(own)), filled[:, others], constant[own]])
                return 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))

            row, completed, count = _redraw(row, completed, count, missing, at, chance, generator)
    return row, completed, count


def _constant(share: float) -> Callable[[tuple[Ints, Ints]], Floats]:
    return lambda chosen: np.full(len(chosen[0]), share)


def _redraw(
    row: Ints, completed: Ints, count: Ints, missing: np.ndarray, at: int,
    chance: Callable[[tuple[Ints, Ints]], Floats], generator: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:  # fmt: skip
    """Put together cells that differ in one missing variable only, and split them anew."""
    open_cells = missing[row, at]
    blank = completed[open_cells].copy()
    blank[:, at] = 0
    own, filled, sizes = _collapse(row[open_cells], blank, count[open_cells])
    with_event = generator.binomial(sizes, chance((own, filled)))
    yes = filled.copy()
    yes[:, at] = 1
    rows = np.concatenate([row[~open_cells], own, own])
    values = np.vstack([completed[~open_cells], yes, filled])
    counts = np.concatenate([count[~open_cells], with_event, sizes - with_event])
    some = counts > 0
    return rows[some], values[some], counts[some]


def _collapse(row: Ints, values: Ints, count: Ints) -> tuple[Ints, Ints, Ints]:
    """Add up cells with the same row and values."""
    if not len(row):
        return row, values, count
    powers = 2 ** np.arange(values.shape[1], dtype=np.int64)
    key = row * 2 ** values.shape[1] + values @ powers
    _, first, at = np.unique(key, return_index=True, return_inverse=True)
    added = np.bincount(at, weights=count).astype(np.int64)
    return row[first], values[first], added


def _fit_logistic(
    design: Floats, events: Floats, n: Floats, start: Floats | None
) -> tuple[Floats, Floats]:
    """Fit a logistic model; give its coefficients and the root of their covariance."""
    x, e, m = _augment(design, events, n)
    beta = np.zeros(x.shape[1]) if start is None else start
    for _ in range(30):
        risk = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        information = x.T @ (x * (m * risk * (1 - risk))[:, None])
        step = np.linalg.solve(information, x.T @ (e - m * risk))
        largest = np.abs(step).max()
        # From far off a whole step may overshoot to where every risk is 0 or 1.
        beta = beta + step / max(largest, 1.0)
        if largest < 1e-6:
            break
    return beta, np.linalg.cholesky(np.linalg.inv(information))


def _augment(design: Floats, events: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Add pseudo-patients, of small weight, with and without the event on both sides of each term.

    They keep coefficients finite where a term tells the outcome apart wholly, or does not vary.
    """
    terms = design.shape[1]
    total = n.sum() if n.sum() > 0 else 1.0
    centre = (n[:, None] * design).sum(axis=0) / total if len(n) else np.zeros(terms)
    centre[0] = 1.0
    spread = np.sqrt((n[:, None] * (design - centre) ** 2).sum(axis=0) / total)
    spread = np.where(spread > 0, spread, 1.0)
    pseudo = []
    for at in range(1, terms):
        for side in (-1.0, 1.0):
            point = centre.copy()
            point[at] += side * spread[at]
            pseudo.append(point)
    if not pseudo:
        pseudo.append(centre)
    points = np.vstack(pseudo)
    weight = np.full(len(points), terms / len(points))
    return (
        np.vstack([design, points]),
        np.concatenate([events, weight / 2]),
        np.concatenate([n, weight]),
    )
