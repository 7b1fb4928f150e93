"""What each estimand asks of a patient or a trial: criteria of membership, and the event."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.slow.logic import Known, all_of, negated
from tests.slow.patients import Patient

#: Of one row a patient.
OF_PATIENTS = (
    "initial_trial", "initial_adequate_trial", "initial_remission", "initial_adequate_remission",
    "trd", "trd_eligible", "pseudo_resistance",
)  # fmt: skip
#: Of one row a trial.
OF_TRIALS = ("any_adequate_trial",)
ADEQUACY = ("dose_adequate", "duration_adequate", "adherence_adequate")


@dataclass(frozen=True)
class Unit:
    """A patient, or one of his trials, as an estimand sees it."""

    criteria: dict[str, Known]
    event: Known
    #: What the event, a label, is made of beside the criteria.
    parts: dict[str, Known] = field(default_factory=dict)

    @property
    def member(self) -> Known:
        """Tell whether the unit is in the population."""
        return all_of(self.criteria.values())

    @property
    def is_unknown(self) -> bool:
        """Tell whether the unit is not certainly out, but membership or event is unknown."""
        return self.member is not False and (self.member is None or self.event is None)

    @property
    def unknown_criteria(self) -> list[str]:
        """Name the unknown criteria; whether the outcome is known is the last one."""
        names = [name for name, value in self.criteria.items() if value is None]
        return names + ["outcome_known"] * (self.event is None)

    @property
    def unknown_parts(self) -> list[str]:
        """Name the unknown parts of an unknown event."""
        return [name for name, value in self.parts.items() if value is None and self.event is None]


def units(patient: Patient) -> dict[str, list[Unit]]:
    """Give every estimand's units of a patient: himself, or each of his trials."""
    label, first, taken = patient.label, patient.first, patient.took_antidepressant
    mdd = {"mdd": label["mdd"]}
    treated = mdd | {"antidepressant_trial": taken}
    first_line: Known = False if taken is False else None
    if first is not None:
        first_line = first["first_line"]
    initial = treated | {"first_trial_first_line": first_line}
    adequate = initial | {name: first[name] if first is not None else None for name in ADEQUACY}
    nonresponse = first["nonresponse"] if first is not None else None
    nonremission = negated(first["remission"]) if first is not None else None
    is_trd = {"trd": True, "not_trd": False, "indeterminate": None}[label["label"]]
    parts = {name: label[name] for name in ("enough_failures", "impaired", "not_excluded")}
    rest = {name: parts[name] for name in ("enough_failures", "impaired")}
    apparent = mdd | {"apparent_resistance": label["apparent_resistance"]}
    return {
        "initial_trial": [Unit(initial, nonresponse)],
        "initial_adequate_trial": [Unit(adequate, nonresponse)],
        "initial_remission": [Unit(initial, nonremission)],
        "initial_adequate_remission": [Unit(adequate, nonremission)],
        "any_adequate_trial": _trials(patient),
        "trd": [Unit(treated, is_trd, parts)],
        "trd_eligible": [Unit(treated | {"not_excluded": label["not_excluded"]}, is_trd, rest)],
        "pseudo_resistance": [Unit(apparent, label["pseudo_resistance"], parts)],
    }


def _trials(patient: Patient) -> list[Unit]:
    """Give a unit for each trial, and for each quarantined one, of which all is unknown."""
    names = ("antidepressant", "first_line", *ADEQUACY)
    mdd = {"mdd": patient.label["mdd"]}
    known = [
        Unit(mdd | {name: trial[name] for name in names}, trial["nonresponse"])
        for trial in patient.trials
    ]
    return known + [Unit(mdd | dict.fromkeys(names), None) for _ in range(patient.lost)]
