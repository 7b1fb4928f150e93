"""Days from the first antidepressant trial to the second failure, patient by patient.

Read where the pages are silent:

- The clock starts with the first antidepressant trial; who may have had an earlier one, quarantined
  trials among them, is left out.
- The second failure falls on the first day by which enough failures that count apart have come
  about, counted as the definition counts them.
- Definite failures have come about on the day they are established. Where it is unknown, they have
  by the later of the trial's stop and its endpoint, else by the end of observation.
- Possible failures (failed, or it is unknown whether) have come about on the day they are
  established, else as soon as the trial could have been long enough.
- Observation ends on ``last_observed_day``; where that is unknown or before the first trial, on the
  last day that the patient's accepted trials name as used: start, stop, baseline, endpoint. What
  comes after it is no event.
- A time before the start is day 0.
"""

from __future__ import annotations

from typing import Any

from tests.slow.formulas import Step, kaplan_meier
from tests.slow.labels import count
from tests.slow.patients import Patient
from tests.slow.resistance import certain_members
from tests.slow.trials import Thresholds, used

CURVES = ("definite", "possible")


def draw_curves(patients: list[Patient]) -> dict[str, list[Step]]:
    """Give the curve of definite and that of possible second failures."""
    members = followed(patients)
    return {curve: kaplan_meier([follow(p, curve) for p in members]) for curve in CURVES}


def followed(patients: list[Patient]) -> list[Patient]:
    """Give the certain members whose first antidepressant trial is known."""
    return [patient for patient in certain_members(patients) if patient.first is not None]


def follow(patient: Patient, curve: str) -> tuple[int, bool]:
    """Give the days under observation, and whether they end with the second failure."""
    first = min(t["start_day"] for t in patient.trials if t["antidepressant"] is True)
    last = last_day(patient)
    second = second_failure_day(patient, curve, last)
    has_event = second is not None and second <= last
    end = second if second is not None and has_event else last
    return max(end - first, 0), has_event


def last_day(patient: Patient) -> int:
    """Give the day on which observation ends."""
    seen = used(patient.row["last_observed_day"])
    first = patient.first
    if seen is not None and first is not None and seen >= first["start_day"]:
        return int(seen)
    columns = ("start_day", "stop_day", "baseline_day", "endpoint_day")
    days = [trial[name] for trial in patient.trials for name in columns]
    return max(day for day in days if day is not None)


def second_failure_day(patient: Patient, curve: str, last: int) -> int | None:
    """Give the first day by which enough failures have come about."""
    rules = Thresholds()
    failures: list[tuple[int, dict[str, Any]]] = []
    for trial in patient.trials:
        day = trial["established_day"]
        if curve == "definite" and trial["failed"] is True:
            if day is None:
                ends = [trial[name] for name in ("stop_day", "endpoint_day")]
                day = max((end for end in ends if end is not None), default=last)
            failures.append((day, trial))
        if curve == "possible" and trial["failed"] is not False:
            failures.append((day if day is not None else trial["start_day"] + rules.days, trial))
    for day in sorted({day for day, _ in failures}):
        so_far = [trial for its_day, trial in failures if its_day <= day]
        if count(so_far, rules.apart_days) >= rules.failures_min:
            return day
    return None
