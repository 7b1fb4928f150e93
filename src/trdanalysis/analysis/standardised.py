"""Standardised differences of two groups, and what describes a number that is counted by value.

Austin PC (2009) Balance diagnostics for comparing the distribution of baseline covariates between
treatment groups in propensity-score matched samples. Stat Med 28:3083-3107 (numbers). Yang D,
Dalton JE (2012) A unified approach to measuring the effect size between two groups using SAS. SAS
Global Forum, paper 335 (levels).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Why there is no standardised difference.
NOBODY, TOO_FEW, ONE_LEVEL, SEPARATION = (
    "nobody_in_a_group", "fewer_than_two_patients", "one_level", "separation",
)  # fmt: skip


@dataclass(frozen=True)
class Description:
    """What describes a number in a group; NaN where there is nobody, or no second one for ``sd``.

    Attributes
    ----------
    n
        Of how many it is known.
    mean, sd
        The standard deviation divides by n - 1.
    median, q1, q3
        Interpolated between neighbours (type 7 of Hyndman and Fan 1996, Am Stat 50:361-365).
    """

    n: int
    mean: float
    sd: float
    median: float
    q1: float
    q3: float


def describe_values(values: Sequence[float], counts: Sequence[int]) -> Description:
    """Describe a number of which it is counted how many have each value.

    Parameters
    ----------
    values
        Distinct values.
    counts
        How many have each.
    """
    at = np.argsort(np.asarray(values, dtype=np.float64), kind="stable")
    value, count = (np.asarray(values, dtype=np.float64)[at], np.asarray(counts, np.int64)[at])
    n = int(count.sum())
    if not n:
        return Description(0, *[float("nan")] * 5)
    mean = float((value * count).sum() / n)
    sd = float(np.sqrt((count * (value - mean) ** 2).sum() / (n - 1))) if n > 1 else float("nan")
    median, q1, q3 = (_quantile(value, count.cumsum(), share) for share in (0.5, 0.25, 0.75))
    return Description(n, mean, sd, median, q1, q3)


def _quantile(values: Floats, up_to: Ints, share: float) -> float:
    """Give a quantile of ascending values, of which so many are there up to each."""
    place = share * (int(up_to[-1]) - 1)
    lower = int(np.floor(place))
    below, above = (
        float(values[np.searchsorted(up_to, one, side="right")])
        for one in (lower, min(lower + 1, int(up_to[-1]) - 1))
    )
    return below + (place - lower) * (above - below)


def compare_numbers(one: Description, other: Description) -> tuple[float, str | None]:
    """Give the difference of two means in standard deviations, or why there is none.

    Both variances count alike, however many there are in a group: (m1 - m2) / sqrt((s1^2 +
    s2^2) / 2), Austin 2009.
    """
    if not one.n or not other.n:
        return float("nan"), NOBODY
    if one.n < 2 or other.n < 2:
        return float("nan"), TOO_FEW
    pooled = np.sqrt((one.sd**2 + other.sd**2) / 2)
    if pooled == 0:
        return float("nan"), ONE_LEVEL if one.mean == other.mean else SEPARATION
    return float((one.mean - other.mean) / pooled), None


def compare_levels(one: Sequence[int], other: Sequence[int]) -> tuple[float, str | None]:
    """Give the distance of two distributions over the same levels, or why there is none.

    Mahalanobis' distance of the shares of all levels but one, by the mean of both covariance
    matrices of multinomial shares (Yang and Dalton 2012); which level is left out makes no
    difference. Of two levels it is Austin's |p1 - p2| / sqrt((p1 q1 + p2 q2) / 2). It has no sign.
    Levels that nobody has are left out.

    Parameters
    ----------
    one, other
        Counts by level.
    """
    counts = np.array([one, other], dtype=np.float64)
    if not counts.sum(axis=1).all():
        return float("nan"), NOBODY
    counts = counts[:, counts.sum(axis=0) > 0]
    if counts.shape[1] == 1:
        return float("nan"), ONE_LEVEL
    if not (counts.min(axis=0) > 0).any():
        # With no level in common there is a direction in which neither varies.
        return float("nan"), SEPARATION
    shares = counts / counts.sum(axis=1, keepdims=True)
    # With a level in common left out, the matrix of the others has an inverse.
    left = np.arange(counts.shape[1]) != int(np.argmax(counts.min(axis=0) > 0))
    first, second = shares[:, left]
    covariance = (
        np.diag(first) - np.outer(first, first) + np.diag(second) - np.outer(second, second)
    ) / 2
    apart = first - second
    return float(np.sqrt(apart @ np.linalg.solve(covariance, apart))), None
