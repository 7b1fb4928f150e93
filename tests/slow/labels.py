"""One patient at a time: four criteria, the label and its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.slow.intake import Accepted, Row
from tests.slow.logic import Known, all_of, any_of, negated
from tests.slow.names import FUNCTION_SCALES, Drugs
from tests.slow.trials import Context, Thresholds, judge_trial, used

Judged = dict[str, Any]


def judge(
    accepted: Accepted, drugs_csv: Path, thresholds: Thresholds | None = None
) -> tuple[list[Judged], list[Judged]]:
    """Judge every accepted trial and label every accepted patient."""
    rules = thresholds or Thresholds()
    drugs = Drugs(drugs_csv, rules.dose_column, rules.first_line_column)
    trials, labels = [], []
    for patient in accepted.tables["patients"]:
        with_defaults, bare = (
            _judge_trials(patient, accepted, drugs, rules, defaults=defaults)
            for defaults in (True, False)
        )
        lost = len(accepted.lost.get(patient["patient_id"], ()))
        label = _label(patient, with_defaults, lost, rules)
        other = _label(patient, bare, lost, rules)
        trials += with_defaults
        labels.append(label | {"on_defaults": label["label"] != other["label"]})
    return trials, labels


def _judge_trials(
    patient: Row, accepted: Accepted, drugs: Drugs, rules: Thresholds, *, defaults: bool
) -> list[Judged]:
    own = {
        name: [row for row in rows if row["patient_id"] == patient["patient_id"]]
        for name, rows in accepted.tables.items()
    }
    about = Context(
        rules,
        drugs,
        used(patient["last_observed_day"]),
        own["trials"],
        own["doses"],
        own["assessments"],
        defaults,
    )
    return [judge_trial(trial, about) for trial in own["trials"]]


def count(trials: Iterable[Judged], apart_days: int) -> int:
    """Count failures: the smaller of different treatments and separate starts."""
    trials = list(trials)
    separate, last = 0, None
    for day in sorted(trial["start_day"] for trial in trials):
        if last is None or day - last > apart_days:
            separate, last = separate + 1, day
    return min(separate, len({trial["treatment"] for trial in trials}))


def _bounds(
    trials: list[Judged], belongs: Callable[[Judged], Known], lost: int, rules: Thresholds
) -> tuple[int, int, Known]:
    definite = count((t for t in trials if belongs(t) is True), rules.apart_days)
    possible = count((t for t in trials if belongs(t) is not False), rules.apart_days) + lost
    enough: Known = None
    if definite >= rules.failures_min:
        enough = True
    elif possible < rules.failures_min:
        enough = False
    return definite, possible, enough


def _impaired(patient: Row) -> Known:
    told = used(patient["functional_impairment"])
    if told is not None:
        return bool(told)
    scale, score = used(patient["function_scale"]), used(patient["function_score"])
    if scale is None or score is None:
        return None
    _, _, cut_off, higher_is_worse = FUNCTION_SCALES[scale]
    return bool(score >= cut_off if higher_is_worse else score <= cut_off)


def _label(patient: Row, trials: list[Judged], lost: int, rules: Thresholds) -> Judged:
    definite, possible, enough = _bounds(trials, lambda t: t["failed"], lost, rules)
    mdd = used(patient["mdd_diagnosis"])
    if used(patient["bipolar_disorder"]) is True:
        mdd = False
    impaired = _impaired(patient)
    exclusions = {name: used(patient[name]) for name in rules.exclusions}
    not_excluded = negated(any_of(exclusions.values()))
    is_trd = all_of([mdd, enough, impaired, not_excluded])
    apparent = _bounds(
        trials,
        lambda t: all_of([t["antidepressant"], t["first_line"], t["nonresponse"]]),
        lost,
        rules,
    )[2]
    failed = [t for t in trials if t["failed"] is True]
    none_taken = all(t["antidepressant"] is False for t in trials) and not lost
    label = {True: "trd", False: "not_trd", None: "indeterminate"}[is_trd]
    return {
        "patient_id": patient["patient_id"],
        "label": label,
        "reason": _reason(label, none_taken, mdd, exclusions, enough, impaired),
        "failures_definite": definite,
        "failures_possible": possible,
        "mdd": mdd,
        "enough_failures": enough,
        "impaired": impaired,
        "not_excluded": not_excluded,
        "apparent_resistance": apparent,
        "pseudo_resistance": all_of(
            [mdd, impaired, apparent, negated(all_of([enough, not_excluded]))]
        ),
        "onset_day": _onset(failed, rules) if label == "trd" else None,
        "qualifying_trials": [
            t["trial_id"] for t in sorted(failed, key=lambda t: (t["start_day"], t["trial_id"]))
        ],
    }


def _reason(
    label: str,
    none_taken: bool,
    mdd: Known,
    exclusions: dict[str, Known],
    enough: Known,
    impaired: Known,
) -> str:
    if label == "trd":
        return "meets_all_criteria"
    if label == "not_trd":
        reasons = [("no_antidepressant_trial", none_taken), ("no_mdd_diagnosis", mdd is False)]
        reasons += [(name, value is True) for name, value in exclusions.items()]
        reasons += [("too_few_failures", enough is False), ("not_impaired", impaired is False)]
    else:
        names = {"medical_cause": "medical_cause", "current_substance_use": "substance_use"}
        reasons = [("mdd_unknown", mdd is None)]
        reasons += [(f"{names[name]}_unknown", value is None) for name, value in exclusions.items()]
        reasons += [("failures_unknown", enough is None), ("impairment_unknown", impaired is None)]
    return next(reason for reason, applies in reasons if applies)


def _onset(failed: list[Judged], rules: Thresholds) -> int | None:
    """Give the first day on which enough failures are established, if nothing could move it."""
    # A failure of unknown day cannot have been established before its trial was long enough.
    earliest = {
        t["trial_id"]: t["established_day"]
        if t["established_day"] is not None
        else t["start_day"] + rules.days
        for t in failed
    }

    def first_day(day_of: dict[str, int]) -> int | None:
        for day in sorted(set(day_of.values())):
            there = [t for t in failed if t["trial_id"] in day_of and day_of[t["trial_id"]] <= day]
            if count(there, rules.apart_days) >= rules.failures_min:
                return day
        return None

    known = {
        t["trial_id"]: t["established_day"] for t in failed if t["established_day"] is not None
    }
    surely = first_day(known)
    return surely if surely == first_day(earliest) else None
