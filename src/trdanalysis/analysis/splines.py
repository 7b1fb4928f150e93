"""Restricted cubic splines: smooth curves that are straight beyond the outer knots."""

from __future__ import annotations

from typing import Any

import numpy as np

from trdanalysis.analysis.intervals import Floats

#: Quantiles at which knots are placed, by their number.
KNOT_QUANTILES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
}


def place_knots(values: Any, weights: Any, number: int) -> Floats:
    """Place knots at quantiles of the values.

    Parameters
    ----------
    values, weights
        What is to be smoothed over, and how many patients have each value.
    number
        3 to 5; fewer distinct knots come back where values are few.

    References
    ----------
    Harrell FE (2015) Regression Modeling Strategies, 2nd ed., section 2.4.6.
    """
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    order = np.argsort(x, kind="stable")
    share = np.cumsum(w[order]) / w.sum()
    at = np.searchsorted(share, np.asarray(KNOT_QUANTILES[number]) - 1e-12)
    return np.unique(x[order][np.minimum(at, len(x) - 1)])


def restricted_cubic_basis(values: Any, knots: Any) -> Floats:
    """Give the columns of a restricted cubic spline: the value, then one a knot but two.

    Scaled by the square of the distance of the outer knots, as Harrell does, so that coefficients
    are of one size. With fewer than three knots there is only the value.
    """
    x, t = np.asarray(values, dtype=float), np.asarray(knots, dtype=float)
    columns = [x]
    if len(t) >= 3:
        last, before, scale = t[-1], t[-2], (t[-1] - t[0]) ** 2

        def cube(value: Floats) -> Floats:
            return np.asarray(np.maximum(value, 0) ** 3)

        for knot in t[:-2]:
            columns.append(
                (
                    cube(x - knot)
                    - cube(x - before) * (last - knot) / (last - before)
                    + cube(x - last) * (before - knot) / (last - before)
                )
                / scale
            )
    return np.column_stack(columns)
