"""Interaction of two yes-or-no exposures: on the additive and on the multiplicative scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Interaction:
    """How the risk with both exposures differs from what each alone would lead to expect.

    Attributes
    ----------
    reri, reri_low, reri_high
        Relative excess risk due to interaction, RR11 - RR10 - RR01 + 1; 0 is none.
    rd_difference, rd_low, rd_high
        Difference of the risk differences of one exposure with and without the other; 0 is none.
    rr_ratio, rr_low, rr_high
        Ratio of the risk ratios; 1 is none.
    """

    reri: float
    reri_low: float
    reri_high: float
    rd_difference: float
    rd_low: float
    rd_high: float
    rr_ratio: float
    rr_low: float
    rr_high: float


def estimate_interaction(events: Any, n: Any, confidence: float = 0.95) -> Interaction | None:
    """Estimate interaction from four independent proportions.

    Parameters
    ----------
    events, n
        Two by two: first index the first exposure (0 without, 1 with), second the second.

    Returns
    -------
    Interaction or None
        None where one of the four has nobody in it or no event: a ratio would not be defined.

    References
    ----------
    Hosmer DW, Lemeshow S (1992) Epidemiology 3:452-456 (delta method). Rothman KJ (1986) Modern
    Epidemiology (relative excess risk).
    """
    from scipy.stats import norm

    e, m = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    if (m <= 0).any() or (e <= 0).any():
        return None
    risk = e / m
    z = float(norm.ppf((1 + confidence) / 2))
    of_log = (1 - risk) / e
    ratio = risk / risk[0, 0]
    reri = ratio[1, 1] - ratio[1, 0] - ratio[0, 1] + 1
    # All three ratios share the risk without either exposure.
    shared = (ratio[1, 1] - ratio[1, 0] - ratio[0, 1]) ** 2 * of_log[0, 0]
    own = (ratio**2 * of_log)[[1, 1, 0], [1, 0, 1]].sum()
    half = z * np.sqrt(shared + own)
    difference = risk[1, 1] - risk[0, 1] - risk[1, 0] + risk[0, 0]
    spread = z * np.sqrt((risk * (1 - risk) / m).sum())
    log_ratio = np.log(risk[1, 1] * risk[0, 0] / (risk[1, 0] * risk[0, 1]))
    factor = z * np.sqrt(of_log.sum())
    return Interaction(
        *(float(value) for value in (reri, reri - half, reri + half)),
        *(float(value) for value in (difference, difference - spread, difference + spread)),
        *(float(np.exp(value)) for value in (log_ratio, log_ratio - factor, log_ratio + factor)),
    )
