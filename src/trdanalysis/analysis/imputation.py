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
        Takes completed rows, each distinct one once: the variables without missing values, the
        fixed columns, ``patients``.
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
    chain = _Chain.of(rows, variables, fixed)
    return [estimate(chain.frame(chain.complete(generator))) for _ in range(imputations)]


@dataclass(frozen=True)
class _Cells:
    """Patients of one data set: the row they came from, their values as bits, how many."""

    row: Ints
    bits: Ints
    count: Ints


@dataclass(frozen=True)
class _Chain:
    """What does not change from one data set to the next.

    Values of a row are the bits of one whole number, so that patients who share everything are
    found by adding up over it.
    """

    names: tuple[str, ...]
    fixed_names: tuple[str, ...]
    #: Known values, and which are missing, of each row; a missing one's bit of ``bits`` is 0.
    bits: Ints
    missing: Ints
    patients: Ints
    #: Which combination of fixed terms each row has, and the terms of each combination.
    combination: Ints
    terms: Floats
    #: Places of variables of which both values are known of somebody.
    varying: tuple[int, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame, variables: Sequence[str], fixed: Sequence[str]) -> _Chain:
        values = rows[list(variables)].to_numpy(dtype=float)
        unknown = np.isnan(values)
        powers = 2 ** np.arange(len(variables), dtype=np.int64)
        terms, combination = np.unique(
            rows[list(fixed)].to_numpy(dtype=float).reshape(len(rows), len(fixed)),
            axis=0, return_inverse=True,
        )  # fmt: skip
        varying = [
            at for at in range(len(variables)) if len(np.unique(values[~unknown[:, at], at])) == 2
        ]
        return cls(
            tuple(variables), tuple(fixed),
            np.where(unknown, 0, values).astype(np.int64) @ powers, unknown @ powers,
            rows["patients"].to_numpy(dtype=np.int64), combination.reshape(-1), terms,
            tuple(varying),
        )  # fmt: skip

    def complete(self, generator: np.random.Generator) -> _Cells:
        """Draw one completed data set."""
        cells = _Cells(np.arange(len(self.bits)), self.bits, self.patients)
        gaps = [at for at in range(len(self.names)) if (self.missing >> at & 1).any()]
        for at in gaps:
            told = (self.missing >> at & 1) == 0
            total = self.patients[told].sum()
            if total:
                # To begin with, missing values are drawn from what is known of their variable.
                share = (self.patients * (self.bits >> at & 1))[told].sum() / total
                cells = self._redraw(cells, at, None, float(share), generator)
        order = [at for at in gaps if at in self.varying]
        best: dict[int, Floats] = {}
        for _ in range(CYCLES if len(order) > 1 else 1):
            for at in order:
                beta, root = self._fit(cells, at, best.get(at))
                best[at] = beta
                drawn = beta + root @ generator.standard_normal(len(beta))
                cells = self._redraw(cells, at, drawn, 0.0, generator)
        return cells

    def frame(self, cells: _Cells) -> pd.DataFrame:
        """Give a completed data set, each distinct row once."""
        key, count = self._add_up(cells, np.ones(len(cells.row), dtype=bool))
        combination, bits = key >> len(self.names), key & (1 << len(self.names)) - 1
        table = pd.DataFrame(self.terms[combination], columns=list(self.fixed_names))
        values = {name: bits >> at & 1 for at, name in enumerate(self.names)}
        return table.assign(patients=count, **values)

    def _add_up(self, cells: _Cells, chosen: np.ndarray) -> tuple[Ints, Ints]:
        """Count patients by combination of fixed terms and values."""
        key = (self.combination[cells.row[chosen]] << len(self.names)) | cells.bits[chosen]
        size = len(self.terms) << len(self.names)
        added = np.bincount(key, weights=cells.count[chosen], minlength=size).astype(np.int64)
        found = np.flatnonzero(added)
        return found, added[found]

    def _design(self, key: Ints, at: int) -> Floats:
        """Give the terms of the model of one variable: all the others, and the fixed ones."""
        others = [other for other in self.varying if other != at]
        values = np.column_stack([np.ones(len(key)), *(key >> other & 1 for other in others)])
        return np.hstack([values, self.terms[key >> len(self.names)]])

    def _fit(self, cells: _Cells, at: int, start: Floats | None) -> tuple[Floats, Floats]:
        """Fit one variable's model to those of whom it is known."""
        key, count = self._add_up(cells, (self.missing[cells.row] >> at & 1) == 0)
        without = key & ~(1 << at)
        rows, place = np.unique(without, return_inverse=True)
        events = np.bincount(place, weights=count * (key >> at & 1)).astype(float)
        n = np.bincount(place, weights=count).astype(float)
        return _fit_logistic(self._design(rows, at), events, n, start)

    def _redraw(
        self, cells: _Cells, at: int, beta: Floats | None, share: float,
        generator: np.random.Generator,
    ) -> _Cells:  # fmt: skip
        """Put together cells that differ in one missing variable only, and split them anew."""
        is_open = (self.missing[cells.row] >> at & 1) == 1
        blank = cells.bits[is_open] & ~(1 << at)
        width = len(self.names)
        key, place = np.unique((cells.row[is_open] << width) | blank, return_inverse=True)
        sizes = np.bincount(place, weights=cells.count[is_open], minlength=len(key))
        sizes = sizes.astype(np.int64)
        own, bits = key >> width, key & (1 << width) - 1
        chance: Floats | float = share
        if beta is not None:
            pattern, at_pattern = np.unique(
                (self.combination[own] << width) | bits, return_inverse=True
            )
            linear = self._design(pattern, at) @ beta
            chance = (1 / (1 + np.exp(-np.clip(linear, -30, 30))))[at_pattern]
        yes = generator.binomial(sizes, chance)
        counts = np.concatenate([cells.count[~is_open], yes, sizes - yes])
        some = counts > 0
        return _Cells(
            np.concatenate([cells.row[~is_open], own, own])[some],
            np.concatenate([cells.bits[~is_open], bits | (1 << at), bits])[some],
            counts[some],
        )


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
