"""Who would qualify for a trial, patient by patient."""

from __future__ import annotations

from typing import Any

from tests.slow.labels import count
from tests.slow.logic import Known, all_of, negated
from tests.slow.patients import Patient
from tests.slow.trials import used

Rating = tuple[str, float, int]
#: Least scores, the preferred scale first.
LEAST = {"MADRS": 28, "HAM-D17": 24, "QIDS-SR16": 16, "PHQ-9": 20}
EXCLUDED = ("bipolar_disorder", "psychotic_features", "current_substance_use", "medical_cause")


def within(low: int | None, high: int | None, least: int, most: int) -> Known:
    """Tell whether whatever lies between two numbers is between two others."""
    if low is None or high is None:
        return None
    if least <= low and high <= most:
        return True
    return False if high < least or low > most else None


def failures_now(patient: Patient) -> tuple[int, int]:
    """Give the least and the most failures in the episode of the trial begun last."""
    last = max((t["start_day"] for t in patient.trials), default=None)
    episodes = {t["episode"] for t in patient.trials if t["start_day"] == last}
    present = episodes.pop() if len(episodes) == 1 else None
    sure, maybe = [], []
    for trial in patient.trials:
        there: Known = None
        if present is not None and trial["episode"] is not None:
            there = trial["episode"] == present
        failed = all_of([trial["failed"], there])
        sure += [trial] if failed is True else []
        maybe += [trial] if failed is not False else []
    return count(sure, 14), count(maybe, 14) + patient.lost


def last_rating(patient: Patient, assessments: list[dict[str, Any]]) -> tuple[str, float] | None:
    """Give the scale and score of the last rating on one of the scales."""
    found: list[tuple[int, int, int, float]] = []
    places = list(LEAST)

    def offer(scale: str | None, score: float | None, day: int | None, later: int = 0) -> None:
        if scale in places and score is not None and day is not None:
            found.append((day, later, -places.index(scale), score))

    for row in assessments:
        offer(used(row["scale"]), used(row["score"]), used(row["day"]))
    for t in patient.trials:
        start, stop = t["start_day"], t["stop_day"]
        offer(t["scale"], t["baseline_score"],
              start if t["baseline_day"] is None else t["baseline_day"])  # fmt: skip
        if t["endpoint_day"] is not None:
            offer(t["scale"], t["endpoint_score"], t["endpoint_day"])
        elif stop is not None:
            offer(t["scale"], t["endpoint_score"], stop)
        else:
            offer(t["scale"], t["endpoint_score"], start, 1)
    if not found:
        return None
    _, _, place, score = max(found)
    return places[-place], score


def judge(patient: Patient, assessments: list[dict[str, Any]]) -> dict[str, Known]:
    """Judge each criterion of a patient, in the order of the file."""
    own = [row for row in assessments if row["patient_id"] == patient.row["patient_id"]]
    age, rating = used(patient.row["age_years"]), last_rating(patient, own)
    criteria: dict[str, Known] = {
        "age_years": within(age, age, 18, 64),
        "failures_in_episode": within(*failures_now(patient), 2, 5),
        "severity": None if rating is None else rating[1] >= LEAST[rating[0]],
    }
    return criteria | {f"no_{name}": negated(used(patient.row[name])) for name in EXCLUDED}


def count_eligible(told: list[dict[str, Known]]) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Count all, the unknown and those with the event, by measure and criterion."""
    names = ["age_years", "failures_in_episode", "severity", *(f"no_{name}" for name in EXCLUDED)]
    counts = {}
    for place, name in enumerate(names):
        values = {
            "still_in": [all_of(one[other] for other in names[: place + 1]) for one in told],
            "meets": [one[name] for one in told],
            "fails_alone": [
                all_of([negated(one[name]), *(one[other] for other in names if other != name)])
                for one in told
            ],
        }
        for measure, events in values.items():
            counts[measure, name] = (len(told), events.count(None), events.count(True))
    return counts
