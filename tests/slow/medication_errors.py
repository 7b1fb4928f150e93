"""What apparent resistance is, patient by patient: proven, or which errors keep it from being so.

Each patient's trials are judged again with some errors forgiven: a forgiven criterion is met.
"""

from __future__ import annotations

from collections import Counter

from tests.slow.labels import count
from tests.slow.logic import Known, all_of
from tests.slow.patients import Patient
from tests.slow.resistance import certain_members

APART_DAYS, FAILURES = 14, 2
SETS = {
    "dose": "d", "duration": "u", "adherence": "a", "dose_and_duration": "du",
    "dose_and_adherence": "da", "duration_and_adherence": "ua", "all_errors": "dua",
}  # fmt: skip
LETTERS = {"dose_adequate": "d", "duration_adequate": "u", "adherence_adequate": "a"}


def enough_if(patient: Patient, forgiven: str) -> Known:
    """Tell whether enough trials would have failed."""
    sure, maybe = [], []
    for trial in patient.trials:
        failed = all_of(
            [trial["antidepressant"], trial["first_line"], trial["nonresponse"],
             *(True if letter in forgiven else trial[name] for name, letter in LETTERS.items())]
        )  # fmt: skip
        sure += [trial] if failed is True else []
        maybe += [trial] if failed is not False else []
    if count(sure, APART_DAYS) >= FAILURES:
        return True
    return False if count(maybe, APART_DAYS) + patient.lost < FAILURES else None


def label_if(patient: Patient, forgiven: str) -> Known:
    """Tell whether the patient would be resistant."""
    label = patient.label
    return all_of([label["impaired"], label["not_excluded"], enough_if(patient, forgiven)])


def tell_reason(patient: Patient) -> str | None:
    """Tell what the apparent resistance of a patient is; None where there is no label."""
    label = patient.label["label"]
    if label != "not_trd":
        return "trd" if label == "trd" else None
    if patient.label["enough_failures"] is not False:
        return "other_reason"
    singles = {name: enough_if(patient, SETS[name]) for name in ("dose", "duration", "adherence")}
    pairs = {name: enough_if(patient, letters) for name, letters in SETS.items()
             if len(letters) == 2}  # fmt: skip
    for told, several in ((singles, "any_one_error"), (pairs, "several_errors")):
        yes = [name for name, value in told.items() if value is True]
        if len(yes) > 1:
            return several
        if None in told.values():
            return "errors_unclear"
        if yes:
            return yes[0]
    return "several_errors"


def count_reasons(patients: list[Patient]) -> Counter[str | None]:
    """Count the reasons of members whose resistance is apparent."""
    members = certain_members(patients)
    return Counter(tell_reason(p) for p in members if p.label["apparent_resistance"] is True)


def count_if(patients: list[Patient]) -> dict[str, tuple[int, int, int]]:
    """Count members, those with an unknown label and resistant ones, by what is forgiven."""
    members, counts = certain_members(patients), {}
    for name, forgiven in ({"as_recorded": ""} | SETS).items():
        told = [label_if(p, forgiven) for p in members]
        counts[name] = (len(told), told.count(None), told.count(True))
    return counts
