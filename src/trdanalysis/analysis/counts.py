"""Counts: members, known outcomes and events by stratum, from states to small tables.

This is the last step that sees rows of patients.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.analysis.estimands import (
    GROUPS,
    PATIENT_ESTIMANDS,
    RECORDED_FACTORS,
    TRIAL_ESTIMAND,
    TRIAL_FACTORS,
    TRIAL_GROUP,
    Estimand,
)
from trdanalysis.analysis.states import (
    COMBINATION,
    EVENT,
    LEVELS,
    NO_EVENT,
    OUT,
    OUTCOME_UNKNOWN,
    PART,
    STATE,
    TRIAL_COLUMNS,
    UNKNOWN,
    name_combinations,
    unpack,
    unpack_level,
    unpack_part,
)
from trdanalysis.contract import RECORDED_GROUPS

KEYS = ["definition", "estimand", "stratum", "group", "level", "age_band"]
COUNTS = ["certain", "known", "events", "unknown"]

#: Strata that stand in no rate of their own: they are what contrasts are made of.
AGE_GROUP, GROUP_BY_AGE_GROUP = "age_group", "factor_group_by_age_group"
CONTRAST_STRATA = (AGE_GROUP, GROUP_BY_AGE_GROUP)

#: The exclusive combinations of all four groups, and of those that are recorded.
COMBINED, COMBINED_RECORDED = "factor_combination", "recorded_factor_combination"

_CELL = ["definition", "stratum", "group", "level", "age_band"]


@dataclass(frozen=True)
class Counts:
    """Counts of a cohort.

    Attributes
    ----------
    patients
        One row per definition, estimand of patients and occupied level of each stratum. Key
        :data:`KEYS`; ``age_band`` is empty where the row is of all ages, and is the age group in
        the stratum ``factor_group_by_age_group``. ``certain``: certainly
        members. ``known``: those with a known event. ``events``: those with the event.
        ``unknown``: not certainly out, and membership or event unknown.
    trials
        The same strata for the estimand of trials, one row per distinct history: key :data:`KEYS`,
        ``trials_known``, ``trials_events``, ``trials_unknown``, and ``patients`` with them.
    """

    patients: pd.DataFrame
    trials: pd.DataFrame


def estimate_counts(states: ir.Table, under_age_bands: Collection[str]) -> Counts:
    """Count the patients of every estimand in every stratum.

    Parameters
    ----------
    states
        As :func:`trdanalysis.analysis.states.derive_states` gives them; kept in the engine, since
        they are read once a stratum.
    under_age_bands
        Age bands of under-18s: they are counted in the stratum ``age_band`` only.
    """
    counted = _count_strata(states, under_age_bands)
    unpacked = counted.assign(**unpack(counted[PART].to_numpy(dtype=np.int64)))
    has_trials = (unpacked["trials_known"] + unpacked["trials_unknown"]) > 0
    of_trials = _sum(unpacked[has_trials], [*_CELL, *TRIAL_COLUMNS])
    trials = _choose(of_trials.assign(estimand=TRIAL_ESTIMAND.name), TRIAL_ESTIMAND)
    return Counts(
        patients=_unpack_patients(_sum(unpacked, [*_CELL, STATE])),
        trials=trials.sort_values([*KEYS, *TRIAL_COLUMNS], kind="stable", ignore_index=True),
    )


def _sum(counted: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return counted.groupby(by, sort=True, dropna=False)[["patients"]].sum().reset_index()


def _count_strata(states: ir.Table, under_age_bands: Collection[str]) -> pd.DataFrame:
    """Count patients by part in every level of every stratum: ``_CELL``, ``part``, ``patients``."""
    adults = states.filter(~states.age_band.isin(list(under_age_bands)))
    groups = _collect(states, ["age_band", "age_group", COMBINATION])
    of_adults = groups[~groups["age_band"].isin(list(under_age_bands))]
    parts = [
        _add_up(of_adults.assign(group="overall", level="all"), "overall"),
        _add_up(groups.assign(group="age_band", level=groups["age_band"]), "age_band", True),
        _add_up(of_adults.assign(group="age", level=of_adults["age_group"]), AGE_GROUP),
        *_count_groups(of_adults),
        _count_factors(adults),
    ]
    for name, column in (("sex", "sex"), ("site", "site"), ("drop", "drop_id")):
        counted = _collect(adults, [column]).rename(columns={column: "level"})
        parts.append(_add_up(counted.assign(group=name), name))
    return pd.concat(parts, ignore_index=True)


def _collect(states: ir.Table, by: list[str]) -> pd.DataFrame:
    keys = ["definition", PART, *by]
    counted: pd.DataFrame = (
        states.group_by(keys).agg(patients=states.count()).to_pyarrow().to_pandas()
    )
    return counted


def _count_groups(counted: pd.DataFrame) -> list[pd.DataFrame]:
    """Unpack combinations into the strata of factor groups."""
    values = counted[COMBINATION].to_numpy(dtype=np.int64)
    combined = []
    for group, groups in ((COMBINED, GROUPS), (COMBINED_RECORDED, RECORDED_GROUPS)):
        names = np.array(name_combinations(groups), dtype=object)
        combined.append(counted.assign(group=group, level=names[values]))
    whole = pd.concat(combined, ignore_index=True)
    single = [
        counted.assign(group=group, level=np.array(LEVELS, dtype=object)[unpack_level(values, at)])
        for at, group in enumerate(GROUPS)
    ]
    by_group = pd.concat(single, ignore_index=True)
    return [
        _add_up(by_group, "factor_group"),
        _add_up(by_group, "factor_group_by_age_band", True),
        _add_up(whole, "factor_combination"),
        _add_up(by_group.assign(age_band=by_group["age_group"]), GROUP_BY_AGE_GROUP, True),
    ]


def _count_factors(states: ir.Table) -> pd.DataFrame:
    """Count every factor's levels in one pass; what is neither yes nor no is unknown."""
    factors = [*RECORDED_FACTORS, *TRIAL_FACTORS]
    yes = {f"yes_{name}": states.count(where=states[name]) for name in factors}
    no = {f"no_{name}": states.count(where=~states[name]) for name in factors}
    keys = ["definition", PART]
    counted: pd.DataFrame = (
        states.group_by(keys).agg(patients=states.count(), **yes, **no).to_pyarrow().to_pandas()
    )
    parts = []
    for name in factors:
        present, absent = counted[f"yes_{name}"], counted[f"no_{name}"]
        rest = counted["patients"] - present - absent
        for level, patients in (("present", present), ("absent", absent), (UNKNOWN, rest)):
            part = counted[keys].assign(group=name, level=level, patients=patients)
            parts.append(part[part["patients"] > 0])
    return _add_up(pd.concat(parts, ignore_index=True), "factor")


def _add_up(counted: pd.DataFrame, stratum: str, by_age_band: bool = False) -> pd.DataFrame:
    """Add patients up over everything but the cell and the part."""
    band = counted["age_band"] if by_age_band else ""
    return _sum(counted.assign(stratum=stratum, age_band=band), [*_CELL, PART])


def _unpack_patients(counted: pd.DataFrame) -> pd.DataFrame:
    """Turn patients by state into the four counts of each estimand."""
    states = counted[STATE].to_numpy(dtype=np.int64)
    patients = counted["patients"].to_numpy(dtype=np.int64)
    parts = []
    for place, estimand in enumerate(PATIENT_ESTIMANDS):
        part = unpack_part(states, place)
        one = counted[_CELL].assign(
            certain=patients * (part >= OUTCOME_UNKNOWN),
            known=patients * (part >= NO_EVENT),
            events=patients * (part == EVENT),
            unknown=patients * ((part > OUT) & (part < NO_EVENT)),
        )
        added = one.groupby(_CELL, as_index=False, sort=True)[COUNTS].sum()
        parts.append(_choose(added.assign(estimand=estimand.name), estimand))
    return pd.concat(parts, ignore_index=True)[[*KEYS, *COUNTS]]


def _choose(cells: pd.DataFrame, estimand: Estimand) -> pd.DataFrame:
    """Leave out what the estimand does not tabulate, and name its combinations alike."""
    if estimand.has_trial_factors:
        return cells[cells["group"] != COMBINED_RECORDED]
    kept = cells[~is_of_trial(cells) & (cells["group"] != COMBINED)]
    return kept.assign(group=kept["group"].replace(COMBINED_RECORDED, COMBINED))


def is_of_trial(cells: pd.DataFrame) -> pd.Series:
    """Say which cells are of the medication-related factors of a trial."""
    combined = (cells["group"] == COMBINED) & cells["level"].str.contains(TRIAL_GROUP)
    return cells["group"].isin([TRIAL_GROUP, *TRIAL_FACTORS]) | combined
