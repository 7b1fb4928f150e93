"""What was tried after treatment resistance, patient by patient.

Read where the pages are silent:

- A step is a day, at onset or later, on which something was begun against depression: not a
  placebo, nor a drug that is neither an antidepressant nor augments one. ``None`` is an unknown
  strategy, also where it is unknown whether it is a step.
- An antidepressant by itself follows those that ran until it began; where none did, the one begun
  last. It is the same again where it is one of those; else combined where another one begun with it
  or running before goes on for 28 days; else a switch, within the class of one of them or across.
- Strategies that differ on one day are several.
- A quarantined trial may have been any step: everything is unknown then.
- No step is known only of who was seen after onset; no further step of who was seen after the last.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.slow.formulas import Step, kaplan_meier
from tests.slow.logic import Known, all_of, any_of, negated
from tests.slow.names import SYMPTOM_SCALES
from tests.slow.patients import Patient
from tests.slow.resistance import certain_members
from tests.slow.trials import used

Trial = dict[str, Any]

KIND_OF = {
    "switch_within_class": "switch", "switch_across_classes": "switch", "same_again": "switch",
    "combination": "add", "augmentation": "add", "several": "add",
    "psychotherapy": "psychosocial", "lifestyle": "psychosocial",
    "ect": "procedure", "rtms": "procedure", "ketamine": "procedure",
}  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """One step: its day, strategy, whether it certainly is one, and what came of it."""

    day: int
    strategy: str | None
    certain: bool
    responded: Known
    remission: Known
    severity: float | None
    failures: int


@dataclass(frozen=True)
class After:
    """What followed the onset of one patient; None is unknown."""

    onset: int | None
    steps: list[Taken]
    next_step: str | None
    pathway: str | None
    left_on_failed: Known


def resistant(patients: list[Patient]) -> list[Patient]:
    """Give the members whose label is ``trd``."""
    return [p for p in certain_members(patients) if p.label["label"] == "trd"]


def tell_kind(trial: Trial) -> str | None:
    """Tell what a treatment is by itself: ``nothing``, ``antidepressant`` or a strategy."""
    if trial["for_depression"] is False:
        return "nothing"
    kind: str | None
    role = trial["drug_role"]
    if role is None:
        return None
    if role == "non_drug":
        kind = trial["ingredient"]
    elif role == "trd_specific":
        kind = "ketamine"
    elif role == "augmentation" or trial["role"] == "augmentation":
        kind = "augmentation"
    elif trial["role"] is None:
        kind = None
    else:
        kind = "antidepressant" if role == "antidepressant" else "nothing"
    if kind in ("nothing", "placebo"):
        return "nothing"
    return None if trial["for_depression"] is None else kind


def tell_strategy(trial: Trial, patient: Patient) -> str | None:
    """Name the strategy of a trial that is a step or may be one."""
    if tell_kind(trial) != "antidepressant":
        return tell_kind(trial)
    start, last = trial["start_day"], used(patient.row["last_observed_day"])
    others = [t for t in patient.trials if t is not trial and t["antidepressant"] is not False]
    earlier = [t for t in others if t["start_day"] < start]

    def runs(other: Trial) -> Known:
        if other["stop_day"] is not None:
            return bool(other["stop_day"] >= start)
        return True if other["goes_on"] else None

    def goes_on(other: Trial) -> Known:
        if other["stop_day"] is not None:
            return bool(other["stop_day"] >= start + 28)
        return True if other["goes_on"] and last is not None and last >= start + 28 else None

    def was_last(other: Trial) -> Known:
        later = [t["antidepressant"] for t in earlier if t["start_day"] > other["start_day"]]
        return negated(any_of(later))

    any_ran = any_of(all_of([t["antidepressant"], runs(t)]) for t in earlier)
    follows = [
        (t, all_of([t["antidepressant"],
                    any_of([runs(t), all_of([was_last(t), negated(any_ran)])])]))
        for t in earlier
    ]  # fmt: skip
    again = any_of(all_of([is_so, t["treatment"] == trial["treatment"]]) for t, is_so in follows)
    if again is not False:
        return "same_again" if again else None
    beside = any_of(
        all_of([t["antidepressant"], True if t["start_day"] == start else goes_on(t)])
        for t in others
        if t["start_day"] <= start and t["treatment"] != trial["treatment"]
    )
    if beside is not False:
        return "combination" if beside else None
    within = any_of(all_of([is_so, _alike(t, trial)]) for t, is_so in follows)
    if within is None:
        return None
    return "switch_within_class" if within else "switch_across_classes"


def _alike(one: Trial, other: Trial) -> Known:
    if one["drug_class"] is None or other["drug_class"] is None:
        return None
    return bool(one["drug_class"] == other["drug_class"])


def find_steps(patient: Patient) -> list[Taken]:
    """Give the steps of a patient in their order."""
    onset = patient.label["onset_day"]
    if onset is None:
        return []
    begun = [t for t in patient.trials if t["start_day"] >= onset and tell_kind(t) != "nothing"]
    return [
        _gather([t for t in begun if t["start_day"] == day], patient)
        for day in sorted({t["start_day"] for t in begun})
    ]


def _gather(begun: list[Trial], patient: Patient) -> Taken:
    strategies = [tell_strategy(trial, patient) for trial in begun]
    known = {one for one in strategies if one is not None}
    strategy = None if None in strategies else strategies[0]
    day = begun[0]["start_day"]
    outcomes = [trial["outcome"] for trial in begun]
    failed = [t for t in patient.trials if t["failed"] is True and t["start_day"] < day]
    severities = [one for one in map(_severity, begun) if one is not None]
    return Taken(
        day,
        "several" if len(known) > 1 else strategy,
        any(tell_kind(trial) is not None for trial in begun),
        any_of(None if one is None else one in ("response", "remission") for one in outcomes),
        any_of(trial["remission"] for trial in begun),
        max(severities, default=None),
        len({trial["treatment"] for trial in failed}),
    )


def _severity(trial: Trial) -> float | None:
    if trial["scale"] is None or trial["baseline_score"] is None:
        return None
    low, high, _ = SYMPTOM_SCALES[trial["scale"]]
    return float((trial["baseline_score"] - low) / (high - low))


def read_after(patient: Patient) -> After:
    """Tell what followed the onset of a resistant patient."""
    onset, steps = patient.label["onset_day"], find_steps(patient)
    last = used(patient.row["last_observed_day"])
    known = onset is not None and not patient.lost
    since = steps[-1].day if steps else onset
    seen = last is not None and since is not None and last > since

    next_step = pathway = None
    if known and steps:
        next_step = steps[0].strategy
    elif known and seen:
        next_step = pathway = "none_recorded"
    kinds = [None if s.strategy is None else KIND_OF[s.strategy] for s in steps[:3]]
    if known and kinds and None not in kinds and (len(steps) >= 3 or seen):
        if len(kinds) == 3 and not {kinds[0], kinds[1]} <= {"switch", "add"}:
            kinds[2] = "any"
        pathway = " > ".join(str(kind) for kind in kinds)

    stepped: Known = False
    if any(step.certain for step in steps):
        stepped = True
    elif not known or steps or not seen:
        stepped = None
    still_on = any_of(
        all_of([trial["failed"], None if onset is None else trial["start_day"] < onset,
                _stays(trial, last)])
        for trial in patient.trials
    )  # fmt: skip
    return After(onset, steps, next_step, pathway, all_of([negated(stepped), still_on]))


def _stays(trial: Trial, last: int | None) -> Known:
    if trial["goes_on"]:
        return True
    if trial["stop_day"] is None or last is None:
        return None
    return bool(trial["stop_day"] > last)


Counts = tuple[int, int, int]


def count_after(patients: list[Patient]) -> dict[tuple[str, str, str], Counts]:
    """Count by measure, group and level: all, of whom it is unknown, and with the event."""
    after = [read_after(patient) for patient in resistant(patients)]
    found: dict[tuple[str, str, str], Counts] = {}
    for measure in ("next_step", "pathway"):
        values = Counter(getattr(one, measure) for one in after)
        for level, events in values.items():
            if level is not None:
                found[measure, "", level] = (len(after), values[None], events)
    left = Counter(one.left_on_failed for one in after)
    found["left_on_failed", "", "left_on_failed"] = (len(after), left[None], left[True])
    for strategy in KIND_OF:
        firsts = [
            next((step for step in one.steps if step.strategy == strategy), None) for one in after
        ]
        taken = [step for step in firsts if step is not None]
        for level, name in (("response", "responded"), ("remission", "remission")):
            outcomes = [getattr(step, name) for step in taken]
            found["outcome_of_step", strategy, level] = (
                len(taken), outcomes.count(None), outcomes.count(True),
            )  # fmt: skip
    return found


def draw_times(patients: list[Patient], curve: str) -> list[Step]:
    """Draw the curve of the time from onset to the next step, certain ones or possible ones too."""
    people = []
    for patient in resistant(patients):
        one = read_after(patient)
        if one.onset is None or patient.lost:
            continue
        last = used(patient.row["last_observed_day"])
        if last is None or last < one.onset:
            columns = ("start_day", "stop_day", "baseline_day", "endpoint_day")
            days = [trial[name] for trial in patient.trials for name in columns]
            last = max(one.onset, *(day for day in days if day is not None))
        taken = [s.day for s in one.steps if (s.certain or curve == "possible") and s.day <= last]
        end = min(taken, default=last)
        people.append((end - one.onset, bool(taken)))
    return kaplan_meier(people) if people else []


def list_pairs(patients: list[Patient], strategy: str, reference: str) -> list[tuple[Any, ...]]:
    """List who is compared: whether exposed, response, remission, severity, failures."""
    pairs = []
    for patient in resistant(patients):
        steps = [s for s in find_steps(patient) if s.strategy in (strategy, reference)]
        if steps:
            one = steps[0]
            exposed = one.strategy == strategy
            pairs.append((exposed, one.responded, one.remission, one.severity, one.failures))
    return pairs
