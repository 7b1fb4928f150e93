"""Rates by counting patients, or their trials, one by one.

Read where the pages are silent: in a combination of factor groups the medication-related group is
that of the first trial. Where medication-related factors are by definition, so is a combination
that names them, and the others are of the three recorded groups alone.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

from tests.slow.clusters import rate_of_trials
from tests.slow.estimands import OF_TRIALS, Unit, units
from tests.slow.formulas import wilson
from tests.slow.intake import FACTORS
from tests.slow.logic import Known, any_of, negated
from tests.slow.patients import Patient, read_patients
from tests.slow.reference import REFERENCE, conclude_from
from tests.slow.trials import used

Rate = dict[str, Any]
Key = tuple[str, str, str, str, str]

GROUPS = {
    "biological": FACTORS[0:5],
    "psychological": FACTORS[5:9],
    "environmental": FACTORS[9:13],
}
#: The order in which a combination names its groups.
COMBINED = ("biological", "psychological", "medication_related", "environmental")
OF_TRIAL = ("medication_related", "inadequate_dose", "insufficient_duration", "poor_adherence")
#: Where medication-related factors do not define the event.
WITH_MEDICATION = ("initial_trial", "initial_remission")
PROVEN = ("trd", "trd_eligible", "pseudo_resistance")
LEVEL = {True: "present", False: "absent", None: "unknown"}


def count_rates(folder: Path, drugs_csv: Path) -> dict[Key, Rate]:
    """Count every rate of a drop: by estimand, stratum, group, level and age band."""
    patients = read_patients(folder, drugs_csv)
    left_out = [name for name in FACTORS if all(used(p.row[name]) is None for p in patients)]
    cells: dict[Key, list[list[Unit]]] = {}
    for patient in patients:
        places = _places(patient, left_out, folder.name)
        for estimand, its_units in units(patient).items():
            for stratum, group, level, band in places:
                if group == "recorded_combination" and estimand in WITH_MEDICATION:
                    continue
                if group == "factor_combination" and estimand not in WITH_MEDICATION:
                    continue
                group = "factor_combination" if group == "recorded_combination" else group
                key = (estimand, stratum, group, level, band)
                if not is_by_definition(key):
                    cells.setdefault(key, []).append(its_units)
    return {
        key: rate_of_trials(its_units)
        if key[0] in OF_TRIALS
        else _rate(key[0], [unit for (unit,) in its_units])
        for key, its_units in cells.items()
        # A patient without trials makes no row of trials.
        if any(its_units)
    }


def is_by_definition(key: Key) -> bool:
    """Tell whether the factor of a row takes part in defining the event."""
    estimand, _, group, level, _ = key
    of_trial = group in OF_TRIAL or "medication_related" in level.split("+")
    return of_trial and estimand not in WITH_MEDICATION


def _places(patient: Patient, left_out: list[str], drop: str) -> list[tuple[str, str, str, str]]:
    """Give every stratum, group, level and age band to which a patient belongs."""
    band = patient.band
    places = [("age_band", "age_band", band, band)]
    if patient.is_minor:
        return places
    places.append(("overall", "overall", "all", ""))
    for stratum, value in (
        ("sex", used(patient.row["sex"])),
        ("site", patient.row["site"]),
        ("drop", drop),
    ):
        places.append((stratum, stratum, value or "unknown", ""))
    levels: dict[str, Known] = {name: used(patient.row[name]) for name in FACTORS}
    groups: dict[str, Known] = {}
    for group, factors in GROUPS.items():
        told = [levels[name] for name in factors if name not in left_out]
        groups[group] = any_of(told) if told else None
    first = patient.first
    days = first["duration_days"] if first is not None else None
    levels["inadequate_dose"] = negated(first["dose_adequate"]) if first is not None else None
    levels["insufficient_duration"] = None if days is None else days < 42
    levels["poor_adherence"] = negated(first["adherence_adequate"]) if first is not None else None
    groups["medication_related"] = any_of(levels[name] for name in OF_TRIAL[1:])
    for name, value in levels.items():
        places.append(("factor", name, LEVEL[value], ""))
    for name, value in groups.items():
        places.append(("factor_group", name, LEVEL[value], ""))
        places.append(("factor_group_by_age_band", name, LEVEL[value], band))
    places.append(("factor_combination", "factor_combination", _combination(groups), ""))
    recorded = {name: groups[name] for name in GROUPS}
    places.append(("factor_combination", "recorded_combination", _combination(recorded), ""))
    return places


def _combination(groups: dict[str, Known]) -> str:
    """Name the groups present where all are known."""
    if None in groups.values():
        return "unknown"
    return "+".join(name for name in COMBINED if groups.get(name)) or "none"


def _rate(estimand: str, patients: list[Unit]) -> Rate:
    """Make a rate of patients."""
    certain = [unit for unit in patients if unit.member is True]
    known = [unit for unit in certain if unit.event is not None]
    unknown = sum(unit.is_unknown for unit in patients)
    events = sum(unit.event is True for unit in certain)
    proven = estimand in PROVEN
    n = len(certain) if proven else len(known)
    total = len(known) + unknown
    counts = {
        "unit": "patient",
        "n": n,
        "n_unknown": unknown,
        "n_clusters": n,
        "events": events,
    }
    if n == 0:
        bounds = {"bound_low": 0.0, "bound_high": 1.0} if total else {}
        return counts | {"status": "not_estimable"} | bounds
    low, high = wilson(events, n, 0.95)
    low90, high90 = wilson(events, n, 0.9)
    at_low, at_high = conclude(events, total), conclude(events + unknown, total)
    conclusion = conclude(events, n)
    if proven:
        conclusion = at_low if at_low == at_high else "inconclusive"
    z = (events / n - REFERENCE) / sqrt(REFERENCE * (1 - REFERENCE) / n)
    return counts | {
        "rate": events / n,
        "ci_low": low,
        "ci_high": high,
        "ci90_low": low90,
        "ci90_high": high90,
        "bound_low": events / total,
        "bound_high": (events + unknown) / total,
        "difference": events / n - REFERENCE,
        "p_value": None if proven else 2 * (1 - NormalDist().cdf(abs(z))),
        "conclusion": conclusion,
        "robust": conclusion == at_low == at_high,
        "status": "ok",
    }


def conclude(events: int, n: int) -> str:
    """Hold a rate of patients against the reference."""
    return conclude_from(wilson(events, n, 0.95), wilson(events, n, 0.9))
