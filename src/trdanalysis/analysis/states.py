"""States: each patient's part in every estimand, packed into one whole number.

A patient is, in each estimand, one of five things. Seven estimands make 78,125 possible states, of
which a few hundred occur; counting how many patients are in which state, once per stratum, tells
everything that any rate needs. So rows of patients are read once a stratum, not once a rate.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt

from trdanalysis.analysis.criteria import STRATUM_COLUMNS
from trdanalysis.analysis.estimands import (
    GROUPS,
    PATIENT_ESTIMANDS,
    RECORDED_FACTORS,
    TRIAL_FACTORS,
)
from trdanalysis.analysis.three_valued import all_of

Ints = npt.NDArray[np.int64]

#: What a patient can be in an estimand, from certainly out to a member with the event.
OUT, MAYBE, OUTCOME_UNKNOWN, NO_EVENT, EVENT = range(5)

#: Columns of the states: one row a patient and definition. ``part`` packs the state and the trials,
#: so that both are counted in one pass.
STATE = "state"
COMBINATION = "combination"
TRIAL_COLUMNS = ("trials_known", "trials_events", "trials_unknown")
PART = "part"

#: Bits of a state within a part, and of each number of trials; nobody has 16,383 trials.
_STATE_BITS, _TRIAL_BITS = 17, 14
_MOST_TRIALS = 2**_TRIAL_BITS - 1

#: Young adults, against everybody older: the one planned contrast.
YOUNG_YEARS = (18, 25)
YOUNG, OLDER = "18-25", "26 and over"

#: Level of a patient whose value is not known.
UNKNOWN = "unknown"
LEVELS = ("absent", "present", UNKNOWN)


def derive_states(criteria: ir.Table) -> ir.Table:
    """Pack each patient's part in every estimand.

    Parameters
    ----------
    criteria
        As :func:`trdanalysis.analysis.criteria.derive_criteria` gives it, of any definitions.

    Returns
    -------
    Table
        One row per definition and patient: ``definition``, the strata (``unknown`` where null), the
        factors (nullable booleans), ``combination`` (the levels of the four factor groups, see
        :func:`unpack_level`), ``age_group`` (:data:`YOUNG`, :data:`OLDER`, else ``unknown``),
        and ``part`` (see :func:`unpack`).
    """
    strata = {name: criteria[name].fill_null(UNKNOWN) for name in STRATUM_COLUMNS}
    packed = pack(criteria)
    part = packed[STATE].cast("int64")
    for place, name in enumerate(TRIAL_COLUMNS):
        number = ibis.least(packed[name], _MOST_TRIALS).cast("int64")
        part = part + number * 2 ** (_STATE_BITS + place * _TRIAL_BITS)
    return criteria.select(
        "definition", *RECORDED_FACTORS, *TRIAL_FACTORS, **strata,
        **{COMBINATION: packed[COMBINATION], PART: part},
        age_group=_age_group(criteria.age_years),
    )  # fmt: skip


def pack(criteria: ir.Table) -> dict[str, ir.IntegerValue]:
    """Pack the state, the levels of factor groups and the counts of adequate first-line trials.

    Returns
    -------
    dict
        Expressions by name: ``state`` (see :func:`unpack_part`), ``combination`` (see
        :func:`unpack_level`), ``trials_known`` (certainly counted), ``trials_events`` (of these,
        with the event) and ``trials_unknown``.
    """
    state: ir.IntegerValue = ibis.literal(0, type="int32")
    for place, estimand in enumerate(PATIENT_ESTIMANDS):
        state = state + _part(criteria, estimand.criteria, estimand.event) * 5**place
    combination: ir.IntegerValue = ibis.literal(0, type="int32")
    for place, group in enumerate(GROUPS):
        combination = combination + _level(criteria[group]) * 3**place
    known = criteria.adequate_trials_known
    packed = {
        STATE: state,
        COMBINATION: combination,
        "trials_known": known,
        "trials_events": criteria.adequate_trials_events,
        "trials_unknown": criteria.adequate_trials_not_out - known,
    }
    return {name: value.cast("int32") for name, value in packed.items()}


def _age_group(age_years: ir.IntegerValue) -> ir.StringValue:
    """Give young adults and those older, whatever the age bands are."""
    low, high = YOUNG_YEARS
    return ibis.cases(
        (age_years.between(low, high), YOUNG), (age_years > high, OLDER), else_=UNKNOWN
    )


def _part(criteria: ir.Table, names: tuple[str, ...], event: str) -> ir.IntegerValue:
    member, has_event = all_of(criteria, names), criteria[event]
    of_member = ibis.cases((has_event, EVENT), (~has_event, NO_EVENT), else_=OUTCOME_UNKNOWN)
    return ibis.cases((member, of_member), (~member, OUT), else_=MAYBE).cast("int32")


def _level(value: ir.BooleanValue) -> ir.IntegerValue:
    return ibis.cases((value, 1), (~value, 0), else_=2).cast("int32")


def unpack(part: Ints) -> dict[str, Ints]:
    """Give the state and the numbers of trials that a part packs, by the names of their columns."""
    unpacked = {STATE: part & 2**_STATE_BITS - 1}
    for place, name in enumerate(TRIAL_COLUMNS):
        unpacked[name] = part >> (_STATE_BITS + place * _TRIAL_BITS) & _MOST_TRIALS
    return unpacked


def unpack_part(state: Ints, place: int) -> Ints:
    """Give the part (:data:`OUT` to :data:`EVENT`) in the estimand at ``place``."""
    return state // 5**place % 5


def unpack_level(combination: Ints, place: int) -> Ints:
    """Give the place in :data:`LEVELS` of the factor group at ``place``."""
    return combination // 3**place % 3


def name_combinations(groups: Sequence[str] = GROUPS) -> list[str]:
    """Name every value of ``combination``: groups present joined by ``+``, ``none``, ``unknown``.

    A combination of which any of ``groups`` is unknown is ``unknown``; others are not looked at.
    """
    names = []
    for value in range(3 ** len(GROUPS)):
        levels = {group: value // 3**place % 3 for place, group in enumerate(GROUPS)}
        present = [group for group in groups if levels[group] == 1]
        is_known = all(levels[group] != 2 for group in groups)
        names.append(("+".join(present) or "none") if is_known else UNKNOWN)
    return names
