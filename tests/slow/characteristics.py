"""Characteristics by label, patient by patient: certain members of the population of ``trd``."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.slow.logic import Known, any_of, negated
from tests.slow.names import SYMPTOM_SCALES
from tests.slow.patients import Patient
from tests.slow.rates import GROUPS, LEVEL
from tests.slow.resistance import LABELS, certain_members
from tests.slow.trials import used

Cell = tuple[str, str, str, str]

SYMPTOMS = (
    "low_mood", "anhedonia", "sleep_disturbance", "appetite_change", "fatigue",
    "poor_concentration", "hopelessness", "physical_symptoms",
)  # fmt: skip
EXCLUSIONS = ("bipolar_disorder", "psychotic_features", "medical_cause", "current_substance_use")


def describe(patient: Patient, left_out: Sequence[str]) -> dict[str, str | None]:
    """Give the level of everything that has levels; None is unknown."""
    row, first = patient.row, patient.first
    flags: dict[str, Known] = {name: used(row[name]) for name in (*SYMPTOMS, *EXCLUSIONS)}
    for group, factors in GROUPS.items():
        flags |= {name: used(row[name]) for name in factors}
        told = [flags[name] for name in factors if name not in left_out]
        flags[group] = any_of(told) if told else None
    days = first["duration_days"] if first else None
    of_trial: dict[str, Known] = {
        "inadequate_dose": negated(first["dose_adequate"]) if first else None,
        "insufficient_duration": None if days is None else days < 42,
        "poor_adherence": negated(first["adherence_adequate"]) if first else None,
    }
    flags |= of_trial | {"medication_related": any_of(of_trial.values())}
    flags["functional_impairment"] = patient.label["impaired"]
    levels = {name: None if flag is None else LEVEL[flag] for name, flag in flags.items()}
    trials = count_trials(patient)
    episode = used(first["episode"]) if first else None
    return levels | {
        "age_band": None if patient.band == "unknown" else patient.band,
        "sex": used(row["sex"]),
        "site": row["site"],
        "antidepressant_trials": None if trials is None else
        "4 and more" if trials > 3 else str(trials),
        "episode": None if episode is None else "later" if episode > 1 else "first",
        "drug_class": first["drug_class"] if first else None,
        "scale": first["scale"] if first else None,
    }  # fmt: skip


def count_trials(patient: Patient) -> int | None:
    """Count the antidepressant trials, if none may be one or may not."""
    taken = [trial["antidepressant"] for trial in patient.trials]
    return None if patient.lost or None in taken else taken.count(True)


def measure(patient: Patient) -> dict[str, float | None]:
    """Give every number of a patient; None is unknown."""
    first = patient.first
    severity = followed = None
    if first is not None:
        scale, score = first["scale"], first["baseline_score"]
        if scale is not None and score is not None:
            low, high, _ = SYMPTOM_SCALES[scale]
            severity = (score - low) / (high - low)
        last = used(patient.row["last_observed_day"])
        if last is not None and last >= first["start_day"]:
            followed = last - first["start_day"]
    return {
        "age_years": used(patient.row["age_years"]),
        "age_at_onset_years": used(patient.row["age_at_onset_years"]),
        "antidepressant_trials": count_trials(patient),
        "baseline_severity": severity,
        "follow_up_days": followed,
    }


def count_characteristics(
    patients: list[Patient], left_out: Sequence[str]
) -> dict[Cell, dict[str, Any]]:
    """Describe everybody: by characteristic, kind, level and label, where somebody is in it."""
    members = certain_members(patients)
    by_label = {label: [p for p in members if p.label["label"] == label] for label in LABELS}
    by_label["all"] = members
    found: dict[Cell, dict[str, Any]] = {}
    levels = {label: [describe(p, left_out) for p in own] for label, own in by_label.items()}
    numbers = {label: [measure(p) for p in own] for label, own in by_label.items()}
    for label, own in by_label.items():
        found["overall", "categorical", "all", label] = {"n": len(own), "share": 1.0,
                                                         "share_of_known": 1.0}  # fmt: skip
        for name in describe(members[0], left_out):
            had = [one[name] for one in levels[label]]
            known = [one for one in had if one is not None]
            for level in {*known, *(one[name] for one in levels["all"])}:
                row: dict[str, Any] = {"n": had.count(level), "share": had.count(level) / len(own)}
                if level is not None:
                    row["share_of_known"] = known.count(level) / len(known) if known else None
                    if label in ("trd", "indeterminate"):
                        others = [one[name] for one in levels["not_trd"] if one[name] is not None]
                        row["smd"] = distance(known, others)
                found[name, "categorical", level or "unknown", label] = row
        for name in measure(members[0]):
            had_numbers = [one[name] for one in numbers[label]]
            told = [one for one in had_numbers if one is not None]
            unknown = len(had_numbers) - len(told)
            found[name, "numeric", "unknown", label] = {"n": unknown, "share": unknown / len(own)}
            row = {"n": len(told), "share": len(told) / len(own)} | summarise(told)
            if label in ("trd", "indeterminate"):
                other = [one[name] for one in numbers["not_trd"] if one[name] is not None]
                row["smd"] = apart(told, other)  # type: ignore[arg-type]
            found[name, "numeric", "known", label] = row
    return found


def summarise(told: Sequence[float]) -> dict[str, float]:
    """Describe numbers one by one."""
    if not told:
        return {}
    if len(told) == 1:
        return dict.fromkeys(("mean", "median", "q1", "q3"), float(told[0]))
    q1, median, q3 = statistics.quantiles(told, n=4, method="inclusive")
    return {
        "mean": statistics.fmean(told), "sd": statistics.stdev(told),
        "median": median, "q1": q1, "q3": q3,
    }  # fmt: skip


def apart(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Give the difference of means in standard deviations."""
    if len(one) < 2 or len(other) < 2:
        return None
    pooled = (statistics.variance(one) + statistics.variance(other)) / 2
    if not pooled:
        return None
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(pooled)


def distance(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Give Mahalanobis' distance of two lists of levels, in fractions, the first level left out."""
    if not one or not other:
        return None
    levels = sorted({*one, *other})[1:]
    p, q = ([Fraction(list(each).count(level), len(each)) for level in levels]
            for each in (one, other))  # fmt: skip
    places = range(len(levels))
    matrix = [
        [((p[i] * (i == j) - p[i] * p[j]) + (q[i] * (i == j) - q[i] * q[j])) / 2 for j in places]
        + [p[i] - q[i]]
        for i in places
    ]
    for i in places:
        pivot = next((row for row in matrix[i:] if row[i]), None)
        if pivot is None:
            return None
        matrix.remove(pivot)
        matrix.insert(i, [value / pivot[i] for value in pivot])
        for j in places:
            if j != i:
                matrix[j] = [
                    a - matrix[j][i] * b for a, b in zip(matrix[j], matrix[i], strict=True)
                ]
    if not levels:
        return None
    return math.sqrt(sum(row[-1] * (p[i] - q[i]) for i, row in enumerate(matrix)))
