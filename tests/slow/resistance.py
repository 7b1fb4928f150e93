"""Apparent resistance by label: certain members of the population of ``trd``, not known under 18.

Every pair of values has a row, with nobody in it or not.
"""

from __future__ import annotations

from tests.slow.estimands import units
from tests.slow.patients import Patient

WORD = {True: "yes", False: "no", None: "unknown"}
LABELS = ("trd", "not_trd", "indeterminate")


def certain_members(patients: list[Patient]) -> list[Patient]:
    """Give who is certainly in the population of ``trd``, but for who is known to be under 18."""
    return [p for p in patients if not p.is_minor and units(p)["trd"][0].member is True]


def count_resistance(patients: list[Patient]) -> dict[tuple[str, str], int]:
    """Count by apparent resistance and label."""
    counts = {(apparent, label): 0 for apparent in WORD.values() for label in LABELS}
    for patient in certain_members(patients):
        apparent = WORD[patient.label["apparent_resistance"]]
        counts[apparent, patient.label["label"]] += 1
    return counts
