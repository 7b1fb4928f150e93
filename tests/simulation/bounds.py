"""Bounds: random three-valued cohorts, whole, and again with records made unknown."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tests.simulation.design import SEED
from tests.unit.analysis_cohorts import (
    BANDS,
    LABEL_FLAGS,
    PATIENT_FLAGS,
    SETTINGS,
    TRIAL_FLAGS,
    Cohort,
    Row,
    and3,
    not3,
)
from trdanalysis.analysis.counts import COMBINED, KEYS, is_of_trial
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.rates import estimate_rates
from trdanalysis.analysis.states import derive_states

COHORTS, PATIENTS = 60, 50
_PARTS = tuple(name for name in LABEL_FLAGS if name != "pseudo_resistance")

#: Chance that a value is made unknown, by the value.
MECHANISMS: dict[str, Callable[[Any], float]] = {
    "at random": lambda value: 0.08,
    "more often where the value is yes": lambda value: 0.20 if value else 0.01,
    "more often where the value is no": lambda value: 0.01 if value else 0.20,
    "nearly everything, at random": lambda value: 0.9,
}


@dataclass(frozen=True)
class BoundCount:
    """How many rates there are of one mechanism, and how many are within their bounds."""

    mechanism: str
    cohorts: int
    rates: int
    within: int
    mean_width: float


def check_bounds(mechanism: str, cohorts: int = COHORTS, patients: int = PATIENTS) -> BoundCount:
    """Count the rates of whole cohorts that lie within the bounds of the same cohorts with gaps."""
    chance = random.Random(f"{SEED} {mechanism}")
    whole, gaps = Cohort(), Cohort()
    for number in range(cohorts):
        for place in range(patients):
            patient, label, trials = _draw(chance)
            who = f"c{number}-p{place}"
            whole.add(who, patient=patient, label=_with_label(label), trials=tuple(trials))
            hidden = MECHANISMS[mechanism]
            label = _hide(chance, hidden, label)
            lost = int(bool(trials) and chance.random() < 0.05)
            if lost:
                trials.pop(chance.randrange(len(trials)))
            shown = tuple(_hide(chance, hidden, trial) for trial in trials)
            gaps.add(who, patient=patient, label=_with_label(label), trials=shown, quarantined=lost)
    names = tuple(f"c{number}" for number in range(cohorts))
    return _compare(mechanism, _rates(whole, names), _rates(gaps, names), cohorts)


def _draw(chance: random.Random) -> tuple[Row, Row, list[Row]]:
    def flags(names: tuple[str, ...], yes: float) -> Row:
        return {name: chance.random() < yes for name in names}

    patient = flags(PATIENT_FLAGS, 0.4) | {
        "age_band": chance.choice([band.label for band in BANDS]),
        "sex": chance.choice(("female", "male")),
        "site": chance.choice(("north", "south")),
    }
    label = flags(_PARTS, 0.7)
    label["apparent_resistance"] |= label["enough_failures"]
    trials = [
        flags(TRIAL_FLAGS, 0.75)
        | {
            "trial_id": f"t{number}",
            "start_day": chance.choice((0, 0, 20, 40)),
            "ingredient": chance.choice(("citalopram", "sertraline")),
            "duration_days": chance.choice((41, 42, 90)),
        }
        for number in range(chance.choice((0, 1, 1, 2, 3)))
    ]
    return patient, label, trials


def _hide(chance: random.Random, share: Callable[[Any], float], row: Row) -> Row:
    kept = ("trial_id", "start_day", "ingredient")
    return {
        name: value if name in kept or chance.random() >= share(value) else None
        for name, value in row.items()
    }


def _with_label(parts: Row) -> Row:
    """Add what follows from the parts of a label, in three-valued logic."""
    enough, free = parts["enough_failures"], parts["not_excluded"]
    trd = and3(parts["mdd"], enough, parts["impaired"], free)
    pseudo = and3(
        parts["mdd"], parts["apparent_resistance"], parts["impaired"], not3(and3(enough, free))
    )
    words = {True: "trd", False: "not_trd", None: "indeterminate"}
    return parts | {"pseudo_resistance": pseudo, "label": words[trd]}


def _rates(cohort: Cohort, names: tuple[str, ...]) -> pd.DataFrame:
    """Estimate all cohorts in one go: each takes a definition's place."""
    criteria = derive_criteria(*cohort.tables(), "article")
    own = criteria.mutate(definition=criteria.patient_id.split("-")[0])
    states = derive_states(own)
    kept = states.get_backend().create_table("states", states)
    rates = estimate_rates(kept, replace(SETTINGS, definitions=names))
    # Levels of what is judged of a trial are unknown themselves; those are rates of other people.
    return rates[~is_of_trial(rates) & (rates["group"] != COMBINED)]


def _compare(mechanism: str, whole: pd.DataFrame, gaps: pd.DataFrame, cohorts: int) -> BoundCount:
    whole = whole[whole["status"] == "ok"]
    by = [name for name in KEYS if name != "unit"]
    both = whole.merge(gaps, on=by, suffixes=("", "_gaps"), validate="one_to_one")
    assert len(both) == len(whole), "a rate of the whole cohort has no row with gaps"
    low, high = both["bound_low_gaps"].to_numpy(), both["bound_high_gaps"].to_numpy()
    rate = both["rate"].to_numpy()
    within = (low <= rate + 1e-12) & (rate <= high + 1e-12)
    return BoundCount(mechanism, cohorts, len(both), int(within.sum()), float(np.mean(high - low)))
