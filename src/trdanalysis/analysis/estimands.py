"""Estimands: which patients each rate is about, and which of them have the event.

Membership and event are three-valued throughout: what is not recorded leaves them unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from trdanalysis.contract import FACTORS, RECORDED_GROUPS

#: An adequate trial lasts six weeks or more; the factor `insufficient_duration` is one day less.
#: It is the article's figure, in every definition.
ADEQUATE_FROM_DAYS = 42

#: The group of factors that are properties of a trial, not of the patient.
TRIAL_GROUP = "medication_related"

STRATUM_COLUMNS = ("age_band", "sex", "site", "drop_id")
RECORDED_FACTORS = tuple(factor for group in RECORDED_GROUPS for factor in FACTORS[group])
TRIAL_FACTORS = FACTORS[TRIAL_GROUP]
UNIT_COLUMNS = (
    "definition",
    "estimand",
    "patient_id",
    "member",
    "event",
    *STRATUM_COLUMNS,
    *RECORDED_GROUPS,
    *RECORDED_FACTORS,
    TRIAL_GROUP,
    *TRIAL_FACTORS,
)


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
        Columns of :func:`derive_criteria` that must all hold, in the order of the attrition table.
    event
        Column of :func:`derive_criteria`.
    has_trial_factors
        The medication-related factors of its trial can be tabulated. Elsewhere they are part of the
        population or of the event, and their rows hold by definition.
    """

    name: str
    analysis: Literal["complete_case", "proven"]
    criteria: tuple[str, ...]
    event: str
    has_trial_factors: bool = False


_FIRST = ("mdd", "antidepressant_trial", "first_trial_first_line")
_ADEQUATE = ("dose_adequate", "duration_adequate", "adherence_adequate")

ESTIMANDS: tuple[Estimand, ...] = (
    Estimand("initial_trial", "complete_case", _FIRST, "nonresponse", has_trial_factors=True),
    Estimand("initial_adequate_trial", "complete_case", (*_FIRST, *_ADEQUATE), "nonresponse"),
    Estimand("trd", "proven", ("mdd", "antidepressant_trial"), "trd"),
    Estimand("trd_eligible", "proven", ("mdd", "antidepressant_trial", "not_excluded"), "trd"),
    Estimand("pseudo_resistance", "proven", ("mdd", "apparent_resistance"), "pseudo_resistance"),
)


def derive_criteria(
    patients: ir.Table,
    trials: ir.Table,
    labels: ir.Table,
    quarantined: ir.Table,
    definition_id: str,
) -> ir.Table:
    """Derive every membership criterion and event, by one definition.

    Parameters
    ----------
    patients
        One row per accepted patient: ``patient_id``, ``drop_id``, ``age_band``, ``sex``, ``site``,
        the recorded factors and their groups. Null is unknown.
    trials
        One row per accepted trial, judged by this definition: ``patient_id``, ``trial_id``,
        ``ingredient``, ``start_day``, ``duration_days`` and the nullable booleans
        ``antidepressant``, ``first_line``, ``dose_adequate``, ``duration_adequate``,
        ``adherence_adequate``, ``nonresponse``.
    labels
        One row per patient and definition; other definitions' rows are passed over.
    quarantined
        One row per quarantined trial of an accepted patient: ``patient_id``.
    definition_id
        The definition by which trials and labels were judged.

    Returns
    -------
    Table
        One row per labelled patient: ``definition``, ``patient_id``, the strata and factors, the
        criteria and events named in :data:`ESTIMANDS`, and the medication-related factors of the
        first antidepressant trial. All are nullable booleans; null is unknown.

    Notes
    -----
    The first antidepressant trial is the earliest by ``start_day``, then by ingredient and
    ``trial_id``. Where a quarantined trial, or one that may have been an antidepressant, could have
    come before it, everything that hangs on which trial was first is unknown.
    """
    of_patients = patients.select(
        "patient_id", *STRATUM_COLUMNS, *RECORDED_GROUPS, *RECORDED_FACTORS
    )
    of_labels = labels.filter(labels.definition == definition_id).select(
        "definition",
        "patient_id",
        "label",
        "mdd",
        "not_excluded",
        "apparent_resistance",
        "pseudo_resistance",
    )
    joined = of_labels.inner_join(of_patients, "patient_id")
    joined = _join_left(joined, _derive_history(trials))
    joined = _join_left(joined, _derive_first_trial(trials))
    rows_lost = quarantined.group_by("patient_id").agg(quarantined_trials=quarantined.count())
    joined = _join_left(joined, rows_lost)
    return _derive_criteria_columns(joined)


def _join_left(left: ir.Table, right: ir.Table) -> ir.Table:
    right = right.rename(right_patient_id="patient_id")
    return left.left_join(right, left.patient_id == right.right_patient_id).drop("right_patient_id")


def _derive_history(trials: ir.Table) -> ir.Table:
    """Per patient: how many trials are or may be antidepressants, and the first that may be."""
    may_be = trials.antidepressant.isnull()
    return trials.group_by("patient_id").agg(
        certain_trials=trials.count(where=trials.antidepressant),
        possible_trials=trials.count(where=may_be),
        first_possible_day=trials.start_day.min(where=may_be),
    )


def _derive_first_trial(trials: ir.Table) -> ir.Table:
    """Per patient: the first trial that is certainly an antidepressant's."""
    certain = trials.filter(trials.antidepressant)
    order = ibis.window(group_by="patient_id", order_by=["start_day", "ingredient", "trial_id"])
    ranked = certain.mutate(rank_in_patient=ibis.row_number().over(order))
    first = ranked.filter(ranked.rank_in_patient == 0)
    return first.select(
        "patient_id",
        first_start_day=first.start_day,
        first_first_line=first.first_line,
        first_dose_adequate=first.dose_adequate,
        first_duration_adequate=first.duration_adequate,
        first_adherence_adequate=first.adherence_adequate,
        first_duration_days=first.duration_days,
        first_nonresponse=first.nonresponse,
    )


def _derive_criteria_columns(table: ir.Table) -> ir.Table:
    """Put the criteria in the place of what they are derived from."""
    unknown = ibis.null("boolean")
    certain = table.certain_trials.fill_null(0) > 0
    quarantined = table.quarantined_trials.fill_null(0) > 0
    possible = (table.possible_trials.fill_null(0) > 0) | quarantined
    possibly_earlier = (table.first_possible_day <= table.first_start_day).fill_null(False)
    first_is_known = certain & ~quarantined & ~possibly_earlier

    def of_first(column: str) -> ir.Value:
        return ibis.cases((first_is_known, table[column]))  # otherwise null

    dose = of_first("first_dose_adequate")
    adherence = of_first("first_adherence_adequate")
    low, poor = _negate(dose), _negate(adherence)
    short = of_first("first_duration_days") < ADEQUATE_FROM_DAYS
    return table.select(
        "definition",
        "patient_id",
        *STRATUM_COLUMNS,
        *RECORDED_GROUPS,
        *RECORDED_FACTORS,
        "mdd",
        "not_excluded",
        "apparent_resistance",
        "pseudo_resistance",
        antidepressant_trial=ibis.cases((certain, True), (possible, unknown), else_=False),
        first_trial_first_line=ibis.cases(
            (first_is_known, table.first_first_line), (certain | possible, unknown), else_=False
        ),
        dose_adequate=dose,
        duration_adequate=of_first("first_duration_adequate"),
        adherence_adequate=adherence,
        nonresponse=of_first("first_nonresponse"),
        trd=ibis.cases((table.label == "trd", True), (table.label == "not_trd", False)),
        inadequate_dose=low,
        insufficient_duration=short,
        poor_adherence=poor,
        medication_related=low | short | poor,
    )


# Ibis prints `~x` as `NOT(x)` without brackets around it. Where `x.isnull()` is asked of such a
# column, perhaps in another module, that reads `NOT(x) IS NULL`, which SQL takes for
# `NOT (x IS NULL)`. The next two functions are right whatever they are given or go into.


def _negate(value: ir.BooleanValue) -> ir.BooleanValue:
    """Negate, null staying null."""
    return ibis.cases((value, False), (~value, True))


def is_unknown(value: ir.BooleanValue) -> ir.BooleanValue:
    """Say whether a three-valued expression is unknown; never null itself."""
    return value.fill_null(True) & ~value.fill_null(False)


def derive_members(criteria: ir.Table) -> ir.Table:
    """Derive membership and event of every estimand.

    Parameters
    ----------
    criteria
        As :func:`derive_criteria` gives it, of one or more definitions.

    Returns
    -------
    Table
        One row per definition, estimand and patient, with :data:`UNIT_COLUMNS`. ``member`` is yes
        where all criteria hold, no where one certainly does not, else null; ``event`` is null where
        the outcome is unknown. The medication-related columns are null for estimands that do not
        tabulate them.
    """
    return ibis.union(*(_derive_members_of(criteria, one) for one in ESTIMANDS), distinct=False)


def _derive_members_of(criteria: ir.Table, estimand: Estimand) -> ir.Table:
    member = criteria[estimand.criteria[0]]
    for criterion in estimand.criteria[1:]:
        member = member & criteria[criterion]
    columns = criteria.mutate(
        estimand=ibis.literal(estimand.name), member=member, event=criteria[estimand.event]
    )
    if not estimand.has_trial_factors:
        unknown = ibis.null("boolean")
        columns = columns.mutate(**dict.fromkeys((TRIAL_GROUP, *TRIAL_FACTORS), unknown))
    return columns.select(*UNIT_COLUMNS)


def derive_units(
    patients: ir.Table,
    trials: ir.Table,
    labels: ir.Table,
    quarantined: ir.Table,
    definition_id: str,
) -> ir.Table:
    """Derive membership and event of every estimand, from the accepted rows and their labels.

    It is :func:`derive_members` of :func:`derive_criteria`; see there for the columns. The result
    is an expression: keep it in the engine where it is used more than once.
    """
    return derive_members(derive_criteria(patients, trials, labels, quarantined, definition_id))
