"""Rates by counting patients one by one."""

from __future__ import annotations

import csv
from math import sqrt
from pathlib import Path
from statistics import NormalDist
from typing import Any

from tests.slow.intake import FACTORS, Row, read_drop
from tests.slow.labels import judge
from tests.slow.logic import Known, all_of, any_of, negated
from tests.slow.trials import used

Rate = dict[str, Any]
Key = tuple[str, str, str, str, str]

REFERENCE, MARGIN = 0.3, 0.05
BANDS = (
    (0, 11, "under 12"), (12, 17, "12-17"), (18, 25, "18-25"), (26, 35, "26-35"),
    (36, 49, "36-49"), (50, 64, "50-64"), (65, 90, "65 and over"),
)  # fmt: skip
MINORS = ("under 12", "12-17")
GROUPS = {
    "biological": FACTORS[0:5],
    "psychological": FACTORS[5:9],
    "environmental": FACTORS[9:13],
}
OF_TRIAL = ("medication_related", "inadequate_dose", "insufficient_duration", "poor_adherence")
PROVEN = ("trd", "trd_eligible", "pseudo_resistance")
LEVEL = {True: "present", False: "absent", None: "unknown"}


def read_raw(folder: Path) -> dict[str, list[dict[str, str | None]]]:
    """Read the CSV tables of a drop."""
    tables: dict[str, list[dict[str, str | None]]] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.stem] = [dict(row) for row in csv.DictReader(file)]
    return tables


def count_rates(folder: Path, drugs_csv: Path) -> dict[Key, Rate]:
    """Count every rate of a drop: by estimand, stratum, group, level and age band."""
    accepted = read_drop(read_raw(folder))
    trials, labels = judge(accepted, drugs_csv)
    by_patient = {label["patient_id"]: label for label in labels}
    left_out = [
        name
        for name in FACTORS
        if all(used(row[name]) is None for row in accepted.tables["patients"])
    ]
    cells: dict[Key, list[tuple[Known, Known]]] = {}
    for patient in accepted.tables["patients"]:
        own = [trial for trial in trials if trial["patient_id"] == patient["patient_id"]]
        lost = len(accepted.lost.get(patient["patient_id"], ()))
        first = _first_trial(own, lost)
        places = _places(patient, first, left_out, folder.name)
        for estimand, member, event in _estimands(
            own, lost, first, by_patient[patient["patient_id"]]
        ):
            for stratum, group, level, band in places:
                if group in OF_TRIAL and estimand != "initial_trial":
                    continue
                cells.setdefault((estimand, stratum, group, level, band), []).append(
                    (member, event)
                )
    return {key: _rate(key[0], members) for key, members in cells.items()}


def _first_trial(trials: list[dict[str, Any]], lost: int) -> dict[str, Any] | None:
    """Give the first antidepressant trial where it is known which that was."""
    certain = [trial for trial in trials if trial["antidepressant"] is True]
    if not certain or lost:
        return None
    first = min(certain, key=lambda t: (t["start_day"], t["ingredient"], t["trial_id"]))
    for trial in trials:
        if trial["antidepressant"] is None and trial["start_day"] <= first["start_day"]:
            return None
    return first


def _estimands(
    trials: list[dict[str, Any]], lost: int, first: dict[str, Any] | None, label: dict[str, Any]
) -> list[tuple[str, Known, Known]]:
    """Give each estimand with membership and event."""
    taken = any_of([*(trial["antidepressant"] for trial in trials), *([None] * lost)])
    first_line = False if taken is False else None
    if first is not None:
        first_line = first["first_line"]
    adequate = [
        first[name] if first is not None else None
        for name in ("dose_adequate", "duration_adequate", "adherence_adequate")
    ]
    nonresponse = first["nonresponse"] if first is not None else None
    is_trd = {"trd": True, "not_trd": False, "indeterminate": None}[label["label"]]
    mdd = label["mdd"]
    return [
        ("initial_trial", all_of([mdd, taken, first_line]), nonresponse),
        ("initial_adequate_trial", all_of([mdd, taken, first_line, *adequate]), nonresponse),
        ("trd", all_of([mdd, taken]), is_trd),
        ("trd_eligible", all_of([mdd, taken, label["not_excluded"]]), is_trd),
        ("pseudo_resistance", all_of([mdd, label["apparent_resistance"]]),
         label["pseudo_resistance"]),
    ]  # fmt: skip


def _places(
    patient: Row, first: dict[str, Any] | None, left_out: list[str], drop: str
) -> list[tuple[str, str, str, str]]:
    """Give every stratum, group, level and age band to which a patient belongs."""
    age = used(patient["age_years"])
    band = "unknown"
    for low, high, name in BANDS:
        if age is not None and low <= age <= high:
            band = name
    places = [("age_band", "age_band", band, band)]
    if band in MINORS:
        return places
    places.append(("overall", "overall", "all", ""))
    for stratum, value in (
        ("sex", used(patient["sex"])),
        ("site", patient["site"]),
        ("drop", drop),
    ):
        places.append((stratum, stratum, value or "unknown", ""))
    levels: dict[str, Known] = {name: used(patient[name]) for name in FACTORS}
    groups: dict[str, Known] = {}
    for group, factors in GROUPS.items():
        told = [levels[name] for name in factors if name not in left_out]
        groups[group] = any_of(told) if told else None
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
    return places


def _rate(estimand: str, members: list[tuple[Known, Known]]) -> Rate:
    """Make a rate of memberships and events."""
    known = [event for member, event in members if member is True and event is not None]
    certain = [event for member, event in members if member is True]
    unknown = sum(
        member is not False and (member is None or event is None) for member, event in members
    )
    events = sum(event is True for event in certain)
    proven = estimand in PROVEN
    n = len(certain) if proven else len(known)
    total = len(known) + unknown
    if n == 0:
        empty = {"n": 0, "n_unknown": unknown, "events": events, "status": "not_estimable"}
        bounds = {"bound_low": 0.0, "bound_high": 1.0} if total else {}
        return empty | bounds
    low, high = wilson(events, n, 0.95)
    low90, high90 = wilson(events, n, 0.9)
    at_low, at_high = conclude(events, total), conclude(events + unknown, total)
    conclusion = conclude(events, n)
    if proven:
        conclusion = at_low if at_low == at_high else "inconclusive"
    z = (events / n - REFERENCE) / sqrt(REFERENCE * (1 - REFERENCE) / n)
    return {
        "n": n,
        "n_unknown": unknown,
        "events": events,
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


def wilson(events: int, n: int, confidence: float) -> tuple[float, float]:
    """Give Wilson's interval."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = events / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def conclude(events: int, n: int) -> str:
    """Hold a rate against the reference."""
    low90, high90 = wilson(events, n, 0.9)
    low, high = wilson(events, n, 0.95)
    if low90 > REFERENCE - MARGIN and high90 < REFERENCE + MARGIN:
        return "equivalent"
    if low > REFERENCE:
        return "above"
    return "below" if high < REFERENCE else "inconclusive"
