"""The article's figure, and what is concluded from intervals against it."""

from __future__ import annotations

REFERENCE, MARGIN = 0.3, 0.05
Limits = tuple[float, float]


def conclude_from(limits95: Limits | None, limits90: Limits | None) -> str:
    """Hold an interval against the reference; where there is none, nothing is concluded."""
    if limits95 is None or limits90 is None:
        return "inconclusive"
    if limits90[0] > REFERENCE - MARGIN and limits90[1] < REFERENCE + MARGIN:
        return "equivalent"
    if limits95[0] > REFERENCE:
        return "above"
    return "below" if limits95[1] < REFERENCE else "inconclusive"
