"""Young adults and patients with an early onset against others, patient by patient."""

from __future__ import annotations

from collections import defaultdict
from math import exp, floor, log, sqrt
from typing import Any

from tests.slow.after_trd import KIND_OF, read_after
from tests.slow.estimands import units
from tests.slow.formulas import wilson
from tests.slow.logic import Known, any_of, negated
from tests.slow.names import SYMPTOM_SCALES
from tests.slow.patients import Patient
from tests.slow.resistance import certain_members
from tests.slow.trials import used

Counts = tuple[int, int, int]
LEVELS = tuple(f"from_{percent}_percent" for percent in (0, 20, 40, 60, 80))
FACTORS = {
    "biological": ("hormone_imbalance", "hpa_axis_dysregulation", "neurotransmitter_change",
                   "inflammation", "genetic_variant"),
    "psychological": ("early_trauma", "chronic_stress", "comorbid_mental_condition",
                      "negative_thinking"),
    "environmental": ("poor_sleep", "substance_use", "chronic_illness", "social_stress"),
}  # fmt: skip
SPLITS = {"age": ("young_adults", "other_adults"), "onset": ("early_onset", "later_onset")}


def group_of(patient: Patient, split: str) -> str | None:
    """Give the group of a patient."""
    if split == "age":
        age = used(patient.row["age_years"])
        return None if age is None else SPLITS["age"][0 if 18 <= age <= 25 else 1]
    onset = used(patient.row["age_at_onset_years"])
    return None if onset is None else SPLITS["onset"][0 if onset < 18 else 1]


def severity_of(patient: Patient) -> int | None:
    """Give the fifth of the scale's range in which the first trial began."""
    first = patient.first
    if first is None or first["scale"] is None or first["baseline_score"] is None:
        return None
    low, high, _ = SYMPTOM_SCALES[first["scale"]]
    return min(4, floor(5 * (first["baseline_score"] - low) / (high - low)))


def outcomes_of(patient: Patient, left_out: set[str]) -> dict[tuple[str, str], tuple[bool, Known]]:
    """Give each outcome: whether the patient is asked about, and whether he has it."""
    first, initial = patient.first, units(patient)["initial_trial"][0]
    known = initial.member is True
    poor = negated(first["adherence_adequate"]) if first else None
    low = negated(first["dose_adequate"]) if first else None
    days = first["duration_days"] if first else None
    short = None if days is None else days < 42
    is_trd = {"trd": True, "not_trd": False, "indeterminate": None}[patient.label["label"]]
    found: dict[tuple[str, str], tuple[bool, Known]] = {
        ("nonresponse", "nonresponse"): (
            initial.member is not False, initial.event if known else None),
        ("trd", "trd"): (True, is_trd),
        ("poor_adherence", "poor_adherence"): (True, poor),
        ("factor_group", "medication_related"): (True, any_of([low, short, poor])),
    }  # fmt: skip
    for group, names in FACTORS.items():
        asked = [used(patient.row[name]) for name in names if name not in left_out]
        found["factor_group", group] = (True, any_of(asked) if asked else None)
    return found


def count_all(patients: list[Patient]) -> dict[tuple[str, str, str], Counts]:
    """Count by measure, group and level: all, the unknown, and those with the event."""
    members = certain_members(patients)
    # A factor that nobody in a drop has known is left out of its group.
    left_out = {
        name for names in FACTORS.values() for name in names
        if all(used(p.row[name]) is None for p in patients)
    }  # fmt: skip
    counts: dict[tuple[str, str, str], Counts] = {}

    def add(measure: str, group: str, levels: tuple[str, ...], values: list[str | None]) -> None:
        for level in levels:
            counts[measure, group, level] = (len(values), values.count(None), values.count(level))

    for split, groups in SPLITS.items():
        add(split, "", groups, [group_of(p, split) for p in members])
        for group in groups:
            own = [p for p in members if group_of(p, split) == group]
            places = [severity_of(p) for p in own]
            add("baseline_severity", group, LEVELS,
                [None if place is None else LEVELS[place] for place in places])  # fmt: skip
            steps = [read_after(p).next_step for p in own if p.label["label"] == "trd"]
            add("kind_of_first_step", group,
                ("switch", "add", "psychosocial", "procedure", "none_recorded"),
                [step and KIND_OF.get(step, step) for step in steps])  # fmt: skip
            told: dict[tuple[str, str], list[Known]] = defaultdict(list)
            for patient in own:
                for key, (asked, event) in outcomes_of(patient, left_out).items():
                    told[key] += [event] if asked else []
            for (measure, level), events in told.items():
                counts[measure, group, level] = (
                    len(events), events.count(None), events.count(True))  # fmt: skip
    return counts


def compare(patients: list[Patient]) -> dict[tuple[str, str, str, str, str], dict[str, Any]]:
    """Compare groups: by measure, level, group, model and effect, value, limits and numbers."""
    members = certain_members(patients)
    left_out = {
        name for names in FACTORS.values() for name in names
        if all(used(p.row[name]) is None for p in patients)
    }  # fmt: skip
    found = {}
    for split, (one, other) in SPLITS.items():
        rows = [(group_of(p, split), severity_of(p), outcomes_of(p, left_out)) for p in members]
        for measure, level in rows[0][2]:
            events: dict[tuple[str, int | None], list[bool]] = defaultdict(list)
            for group, place, outcomes in rows:
                asked, event = outcomes[measure, level]
                if measure == "trd":
                    event = event is True
                if group is not None and asked and event is not None:
                    events[group, place].append(event)
            for effect, row in _standardised(events, one, other).items():
                key = (measure, level, one, "directly_standardised", effect)
                found[key] = row
    return found


def _standardised(
    events: dict[tuple[str, int | None], list[bool]], one: str, other: str
) -> dict[str, dict[str, Any]]:
    shared = [
        place for place in range(5) if events.get((one, place)) and events.get((other, place))
    ]
    n = {group: sum(len(events[group, place]) for place in shared) for group in (one, other)}
    risks = {}
    for group in (one, other):
        risk = below = above = 0.0
        for place in shared:
            own = events[group, place]
            weight = (len(events[one, place]) + len(events[other, place])) / (n[one] + n[other])
            share, (low, high) = sum(own) / len(own), wilson(sum(own), len(own))
            risk += weight * share
            below += (weight * (share - low)) ** 2
            above += (weight * (high - share)) ** 2
        risks[group] = (risk, risk - sqrt(below), risk + sqrt(above))
    (p, low, u), (q, m, v) = risks[one], risks[other]
    told = {"n": n[one], "n_versus": n[other]}
    rd = {"value": p - q, "ci_low": p - q - sqrt((p - low) ** 2 + (v - q) ** 2),
          "ci_high": p - q + sqrt((u - p) ** 2 + (q - m) ** 2)}  # fmt: skip
    rr: dict[str, Any] = dict.fromkeys(("value", "ci_low", "ci_high"))
    if p and q:
        down = sqrt(log(p / low) ** 2 + log(v / q) ** 2)
        up = sqrt(log(u / p) ** 2 + log(q / m) ** 2)
        rr = {"value": p / q, "ci_low": exp(log(p / q) - down), "ci_high": exp(log(p / q) + up)}
    return {"rd": told | rd, "rr": told | rr}
