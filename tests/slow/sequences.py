"""Two rules of prescriptions, read from their texts: a failure is a treatment left for another.

Fabbri 2021: two switches or more from different antidepressants, each taken for six weeks or more,
the next begun within fourteen weeks, and more than two different ones in all; tryptophan is none.
Swedish registers: the start of a third treatment after two that lasted more than 28 days each; some
add-ons and ECT are treatments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.slow.intake import Accepted, Bad, Row
from tests.slow.logic import Known, all_of, any_of, negated
from tests.slow.names import Drug, Drugs
from tests.slow.trials import used


@dataclass(frozen=True)
class Rule:
    """What a rule of prescriptions asks for."""

    days: int
    gap_days: int | None
    not_counted: tuple[str, ...] = ()
    also_counted: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()


FABBRI = Rule(
    days=42, gap_days=98, not_counted=("tryptophan",),
    exclusions=("psychotic_features", "current_substance_use"),
)  # fmt: skip
SWEDEN = Rule(
    days=29, gap_days=None,
    also_counted=("lithium", "risperidone", "olanzapine", "aripiprazole", "quetiapine", "ect"),
)  # fmt: skip


#: What prescriptions are drawn from: few drugs, so that some come back, and odd ones.
_DRUGS = (*("sertraline", "venlafaxine", "mirtazapine", "bupropion", "escitalopram") * 3,
          "tryptophan", "lithium", "quetiapine", "ect", "something new", "")  # fmt: skip


def draw_prescriptions(random: Random, patient_id: str) -> dict[str, list[dict[str, str]]]:
    """Draw a patient with a row of courses, at and around every bound that the rules have."""
    day, trials = random.randrange(60), []
    for number in range(random.choice((1, 2, 3, 3, 4, 5, 6))):
        length = random.choice((20, 28, 29, 41, 42, 43, 60, 120, 300))
        stop, reason = str(day + length), ""
        if random.random() < 0.08:
            stop, reason = "", random.choice(("", "lack_of_efficacy"))
        start = "spring" if random.random() < 0.03 else str(day)
        trials.append(
            {
                "patient_id": patient_id, "trial_id": f"t{number}", "drug": random.choice(_DRUGS),
                "role": random.choice(("", "", "", "primary", "augmentation", "other")),
                "for_depression": random.choice(("", "", "", "yes", "no", "?")),
                "start_day": start, "stop_day": stop, "stop_reason": reason,
            }
        )  # fmt: skip
        day += max(1, length + random.choice((-50, -5, 0, 1, 14, 27, 28, 97, 98, 99, 150)))
    flags = ("psychotic_features", "current_substance_use", "bipolar_disorder")
    patient = {name: random.choice(("no", "no", "no", "no", "yes", "")) for name in flags}
    patient |= {
        "patient_id": patient_id, "mdd_diagnosis": random.choice(("yes", "yes", "yes", "no", "")),
        "last_observed_day": random.choice(("", str(day), str(day + 400))),
    }  # fmt: skip
    return {"patients": [patient], "trials": trials, "doses": [], "assessments": []}


def _default(cell: Any, yes: Any) -> Known:
    """Read an empty cell as the stated default, a bad one as unknown."""
    if isinstance(cell, Bad):
        return None
    return True if cell is None else bool(cell == yes)


def _is_named(drug: Drug, listed: Sequence[str]) -> Known:
    """Tell whether a drug is listed; whatever it is, it is not on a list of none."""
    if not listed:
        return False
    return bool({drug.ingredient, drug.moiety} & set(listed)) if drug.known else None


def _course(row: Row, drugs: Drugs, rule: Rule, seen: int | None) -> dict[str, Any]:
    drug = drugs.find(used(row["drug"]), row["trial_id"])
    for_depression = _default(row["for_depression"], True)
    named = [_is_named(drug, listed) for listed in (rule.not_counted, rule.also_counted)]
    usual = all_of([
        drug.is_antidepressant if drug.known else None,
        _default(row["role"], "primary"), for_depression, negated(named[0]),
    ])  # fmt: skip
    counts = any_of([usual, all_of([named[1], for_depression])])
    start, stop = row["start_day"], row["stop_day"]
    goes_on = stop is None and row["stop_reason"] is None
    last = seen if seen is not None and seen >= start else None
    end = stop if stop is not None else last if goes_on else None
    lasted = None if end is None else end - start
    if goes_on and lasted is not None and lasted < rule.days:
        lasted = None
    return {
        "trial_id": row["trial_id"], "treatment": drug.treatment, "counts": counts, "start": start,
        "end": end, "goes_on": goes_on, "long": None if lasted is None else lasted >= rule.days,
    }  # fmt: skip


def _left_for_another(
    course: dict[str, Any], courses: Sequence[dict[str, Any]], rule: Rule, lost: int
) -> Known:
    answers: list[Known] = [None] if lost else []
    for other in courses:
        if other["start"] <= course["start"] or other["treatment"] == course["treatment"]:
            continue
        in_time: Known = True
        late = rule.gap_days is not None and other["start"] - course["start"] > rule.gap_days
        if late and rule.gap_days is not None and not course["goes_on"]:
            in_time = None
            if course["end"] is not None:
                in_time = other["start"] - course["end"] <= rule.gap_days
        answers.append(all_of([other["counts"], in_time]))
    return any_of(answers)


def _number(courses: list[dict[str, Any]]) -> int:
    """Count courses that differ in treatment and began on different days."""
    return min(len({one["treatment"] for one in courses}), len({one["start"] for one in courses}))


def judge_sequences(accepted: Accepted, drugs_csv: Path, rule: Rule) -> list[dict[str, Any]]:
    """Label every accepted patient."""
    drugs = Drugs(drugs_csv, "min_mg_default", None)
    labels = []
    for patient in accepted.tables["patients"]:
        own = [row for row in accepted.tables["trials"]
               if row["patient_id"] == patient["patient_id"]]  # fmt: skip
        lost = len(accepted.lost.get(patient["patient_id"], ()))
        seen = used(patient["last_observed_day"])
        courses = [_course(row, drugs, rule, seen) for row in own]
        for course in courses:
            switched = _left_for_another(course, courses, rule, lost)
            course["failed"] = all_of([course["counts"], course["long"], switched])
        definite = _number([one for one in courses if one["failed"] is True])
        possible = _number([one for one in courses if one["failed"] is not False]) + lost
        begun = len({one["treatment"] for one in courses if one["counts"] is True})
        may_be_begun = len({one["treatment"] for one in courses if one["counts"] is not False})
        two: Known = True if definite >= 2 else False if possible < 2 else None
        three: Known = True if begun >= 3 else False if may_be_begun + lost < 3 else None
        mdd = used(patient["mdd_diagnosis"])
        if used(patient["bipolar_disorder"]) is True:
            mdd = False
        excluded = any_of(used(patient[name]) for name in rule.exclusions)
        answer = all_of([mdd, two, three, negated(excluded)])
        labels.append({
            "patient_id": patient["patient_id"],
            "label": {True: "trd", False: "not_trd", None: "indeterminate"}[answer],
            "failures_definite": definite,
            "failures_possible": possible,
            "failed": {one["trial_id"]: one["failed"] for one in courses},
        })  # fmt: skip
    return labels
