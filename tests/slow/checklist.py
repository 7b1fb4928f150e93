"""Symptoms, the checklist and relapse, patient by patient.

Read where the pages are silent:

- Responding is who is neither resistant nor pseudo-resistant for certain, and had an antidepressant
  trial that certainly brought response.
- A response is followed in the trial that began first of those with one: by its outcome, or by a
  rating after its start and until its stop of at most half of its baseline score. It is lost where
  a later rating is above half.
- Where nothing can have brought response, nothing can come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from tests.slow.characteristics import describe
from tests.slow.intake import SYMPTOMS, Row
from tests.slow.logic import Known, all_of, any_of
from tests.slow.patients import Patient
from tests.slow.resistance import certain_members
from tests.slow.trials import used

#: Counts of each row, by question, measure, population, age band, group and level.
Counts = dict[tuple[str, ...], list[int]]

BANDS = ("18-25", "26-35", "36-49", "50-64", "65 and over")


@dataclass(frozen=True)
class Response:
    """What became of one response; None is unknown."""

    day: int | None
    on_treatment: Known
    early: Known
    after_stop: Known
    stopped_well: bool
    #: Days followed from the response, and whether they ended with its loss.
    followed: tuple[int, bool] | None


def group_of(patient: Patient) -> str | None:
    """Tell which of the three groups a patient is in."""
    label = patient.label
    if label["label"] == "trd":
        return "trd"
    if label["pseudo_resistance"] is True:
        return "pseudo_resistant"
    responded = any(t["antidepressant"] is True and t["nonresponse"] is False
                    for t in patient.trials)  # fmt: skip
    certain = label["label"] == "not_trd" and label["pseudo_resistance"] is False
    return "responding" if certain and responded else None


def follow(patient: Patient, ratings: Sequence[Row]) -> Response | None:
    """Follow the first trial with a response; None where there is none."""
    trials = sorted(patient.trials, key=lambda t: (t["start_day"], t["trial_id"]))
    for trial in trials:
        if trial["antidepressant"] is not True:
            continue
        rated = _rate(trial, ratings)
        days = [day for day, low, on in rated if low and on]
        if days or trial["nonresponse"] is False:
            return _tell(trial, rated, min(days) if days else None)
    return None


def _rate(trial: dict[str, Any], ratings: Sequence[Row]) -> list[tuple[int, bool, bool]]:
    """List the ratings of a trial: the day, at most half of the baseline, within the trial."""
    baseline, stop = trial["baseline_score"], trial["stop_day"]
    if baseline is None or baseline <= 0 or (stop is None and not trial["goes_on"]):
        return []
    listed = [
        (rating["day"], used(rating["score"]))
        for rating in ratings
        if trial["scale"] is not None and used(rating["scale"]) == trial["scale"]
    ]
    listed.append((trial["endpoint_day"], trial["endpoint_score"]))
    return [
        (day, score <= baseline / 2, stop is None or day <= stop)
        for day, score in listed
        if day is not None and score is not None and day > trial["start_day"]
    ]


def _tell(trial: dict[str, Any], rated: list[tuple[int, bool, bool]], day: int | None) -> Response:
    stopped = trial["stop_day"] is not None
    if day is None:
        return Response(None, None, None, None, stopped, None)
    on = [(at, low) for at, low, within in rated if within and at > day]
    off = [(at, low) for at, low, within in rated if not within and at > day]
    lost = min((at for at, low in on if not low), default=None)
    last = max((at for at, _ in on), default=None)
    early: Known = None
    if lost is not None:
        early = lost <= day + 56
    elif last is not None and last >= day + 56:
        early = False
    return Response(
        day,
        True if lost is not None else False if on else None,
        early,
        (any(not low for _, low in off) if off else None),
        stopped and lost is None,
        (lost - day, True) if lost is not None else ((last or day) - day, False),
    )


def answer(patient: Patient, ratings: Sequence[Row], left_out: Sequence[str]) -> dict[str, Known]:
    """Answer the five questions."""
    is_told = describe(patient, left_out)
    word = {"present": True, "absent": False}
    symptoms = {name: used(patient.row[name]) for name in SYMPTOMS}
    response = follow(patient, ratings)
    back: Known
    if response is not None:
        back = response.early
    else:
        may_be = [t for t in patient.trials
                  if t["antidepressant"] is not False and t["nonresponse"] is None]  # fmt: skip
        back = None if may_be or patient.lost else False
    groups = ("biological", "psychological", "environmental", "medication_related")
    return {
        "two_adequate_failures": patient.label["enough_failures"],
        "persisting_or_returning": any_of([symptoms["low_mood"], symptoms["anhedonia"], back]),
        "daily_life_affected": patient.label["impaired"],
        "hopeless_or_numb": any_of([symptoms["hopelessness"], symptoms["anhedonia"]]),
        "other_factors": any_of([word.get(is_told[group] or "") for group in groups]),
    }


def is_positive(answers: Sequence[Known], least: int) -> Known:
    """Tell whether so many are yes."""
    if answers.count(True) >= least:
        return True
    return None if answers.count(True) + answers.count(None) >= least else False


def count_all(
    patients: list[Patient], ratings: dict[str, list[Row]], left_out: Sequence[str]
) -> Counts:
    """Count every row of the three questions that somebody is in."""
    counts: Counts = {}

    def add(*key: str, event: Known) -> None:
        row = counts.setdefault(key, [0, 0, 0])
        row[0] += 1
        row[1] += event is None
        row[2] += event is True

    for patient in certain_members(patients):
        own = ratings.get(patient.row["patient_id"], [])
        _add_symptoms(patient, add, counts)
        answers = answer(patient, own, left_out)
        _add_checklist(patient, answers, add)
        response = follow(patient, own)
        if response is not None:
            for name, event in (("relapse_on_treatment", response.on_treatment),
                                ("early_return", response.early)):  # fmt: skip
                add("relapse", name, "responders", "", "", name, event=event)
            if response.stopped_well:
                name = "relapse_after_stop"
                add("relapse", name, "stopped_well", "", "", name, event=response.after_stop)
    return counts


def _add_symptoms(patient: Patient, add: Any, counts: Counts) -> None:
    group = group_of(patient)
    if group is None:
        return
    told = {name: used(patient.row[name]) for name in SYMPTOMS}
    for name, value in told.items():
        add("symptoms", "symptom", group, "", "", name, event=value)
    for one, other in combinations(SYMPTOMS, 2):
        known = told[one] is not None and told[other] is not None
        both = all_of([told[one], told[other]]) if known else None
        add("symptoms", "symptom_pair", group, "", one, other, event=both)
    known = None not in told.values()
    number = sum(value is True for value in told.values())
    for level in range(9):
        event = number == level if known else None
        add("symptoms", "symptom_count", group, "", "", str(level), event=event)


def _add_checklist(patient: Patient, answers: dict[str, Known], add: Any) -> None:
    label = patient.label["label"]
    if label != "indeterminate":
        for name, value in answers.items():
            add("checklist", "item", label, "", "", name, event=value)
    apart = [answers[name] for name in ("persisting_or_returning", "hopeless_or_numb",
                                        "other_factors")]  # fmt: skip
    tests = [("five", list(answers.values()), least) for least in (2, 3, 4, 5)]
    tests += [("apart", apart, least) for least in (1, 2, 3)]
    for name, values, least in tests:
        positive = is_positive(values, least)
        bands = [""]
        if (name, least) in (("five", 3), ("apart", 2)) and patient.band in BANDS:
            bands.append(patient.band)
        for band in bands:
            place = (band, f"{name}_{least}")
            if label == "trd":
                add("checklist", "sensitivity", "trd", *place, "positive", event=positive)
            if label == "not_trd":
                negative = None if positive is None else not positive
                add("checklist", "specificity", "not_trd", *place, "negative", event=negative)
            is_so = {"trd": True, "not_trd": False, "indeterminate": None}[label]
            if positive is True:
                add("checklist", "ppv", "positive", *place, "trd", event=is_so)
            if positive is False:
                has_not = None if is_so is None else not is_so
                add("checklist", "npv", "negative", *place, "not_trd", event=has_not)


def list_followed(
    patients: list[Patient], ratings: dict[str, list[Row]]
) -> Counter[tuple[int, bool]]:
    """Count who was followed so many days from response, and whether they ended with relapse."""
    found: Counter[tuple[int, bool]] = Counter()
    for patient in certain_members(patients):
        response = follow(patient, ratings.get(patient.row["patient_id"], []))
        if response is not None and response.followed is not None:
            found[response.followed] += 1
    return found
