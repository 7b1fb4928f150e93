"""Estimands: which patients or trials each rate is about, and which of them have the event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trdanalysis.contract import FACTORS, RECORDED_GROUPS

#: The group of factors that are properties of a trial, not of the patient.
TRIAL_GROUP = "medication_related"

RECORDED_FACTORS = tuple(factor for group in RECORDED_GROUPS for factor in FACTORS[group])
TRIAL_FACTORS = FACTORS[TRIAL_GROUP]
GROUPS = tuple(FACTORS)


@dataclass(frozen=True)
class Estimand:
    """One rate: its population, its event and how unknowns enter.

    Attributes
    ----------
    name
        As in the results.
    analysis
        ``complete_case``: the rate is among members whose outcome is known. ``proven``: among all
        certain members, the share proven to have the event, a lower bound. One known `no` settles a
        resistance label while a `yes` needs everything known, so that complete cases would be
        biased towards zero.
    criteria
        Columns of the criteria that must all hold, in the order of the attrition table.
    event
        Column of the criteria.
    unit
        ``patient``: one row each. ``trial``: a patient may come in with several.
    has_trial_factors
        The medication-related factors of its trial can be tabulated. Elsewhere they are part of the
        population or of the event, and their rows hold by definition.
    """

    name: str
    analysis: Literal["complete_case", "proven"]
    criteria: tuple[str, ...]
    event: str
    unit: Literal["patient", "trial"] = "patient"
    has_trial_factors: bool = False


_FIRST = ("mdd", "antidepressant_trial", "first_trial_first_line")
_ADEQUATE = ("dose_adequate", "duration_adequate", "adherence_adequate")
_TREATED = ("mdd", "antidepressant_trial")

#: The rates, in the order of the tables.
ESTIMANDS: tuple[Estimand, ...] = (
    Estimand("initial_trial", "complete_case", _FIRST, "nonresponse", has_trial_factors=True),
    Estimand("initial_adequate_trial", "complete_case", (*_FIRST, *_ADEQUATE), "nonresponse"),
    Estimand("initial_remission", "complete_case", _FIRST, "nonremission", has_trial_factors=True),
    Estimand("initial_adequate_remission", "complete_case", (*_FIRST, *_ADEQUATE), "nonremission"),
    Estimand(
        "any_adequate_trial",
        "complete_case",
        ("mdd", "antidepressant", "first_line", *_ADEQUATE),
        "nonresponse",
        unit="trial",
    ),
    Estimand("trd", "proven", _TREATED, "trd"),
    Estimand("trd_eligible", "proven", (*_TREATED, "not_excluded"), "trd"),
    Estimand("pseudo_resistance", "proven", ("mdd", "apparent_resistance"), "pseudo_resistance"),
)

#: What a label is made of, beside the diagnosis.
LABEL_PARTS = ("enough_failures", "impaired", "not_excluded")

PATIENT_ESTIMANDS = tuple(one for one in ESTIMANDS if one.unit == "patient")
TRIAL_ESTIMAND = next(one for one in ESTIMANDS if one.unit == "trial")

#: The curve, which is no rate: who is followed, from a first trial that is certain.
CURVE = "time_to_second_failure"
CURVE_CRITERIA = (*_TREATED, "first_trial_known")


def find_estimand(name: str) -> Estimand:
    """Give an estimand by its name."""
    return next(one for one in ESTIMANDS if one.name == name)
