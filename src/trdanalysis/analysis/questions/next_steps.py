"""What followed treatment resistance, patient by patient: the next step, the pathway, and who was
left on a treatment that had failed.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.pathways import (
    ANY_STEP,
    KINDS,
    MEDICINES,
    MOST_STEPS,
    NONE_RECORDED,
    THEN,
)
from trdanalysis.analysis.questions.steps import derive_courses, derive_steps, derive_strategies
from trdanalysis.analysis.questions.strategies import any_of
from trdanalysis.analysis.three_valued import negate


@dataclass(frozen=True)
class AfterResistance:
    """What followed.

    Attributes
    ----------
    patients
        One row per resistant patient: see :func:`derive_next_steps`.
    steps
        As :func:`trdanalysis.analysis.questions.steps.derive_steps` gives it.
    """

    patients: ir.Table
    steps: ir.Table


def derive_after_resistance(asked: Asked, members: ir.Table) -> AfterResistance:
    """Derive what followed treatment resistance.

    Parameters
    ----------
    asked
        The records.
    members
        All or part of ``asked.members``; who is not resistant is passed over.
    """
    resistant = asked.engine.keep(
        members.filter(members.trd).select("patient_id", "onset_day", "last_observed_day")
    )
    courses = derive_courses(asked, resistant)
    begun = asked.engine.keep(derive_strategies(asked.engine, courses))
    steps = derive_steps(asked.engine, courses, begun)
    lost = asked.cohort.quarantined.select("patient_id").distinct()
    patients = derive_next_steps(resistant, courses, steps, lost)
    return AfterResistance(asked.engine.keep(patients), steps)


def derive_next_steps(
    resistant: ir.Table, courses: ir.Table, steps: ir.Table, lost: ir.Table
) -> ir.Table:
    """Tell of each resistant patient what came next.

    Parameters
    ----------
    resistant
        ``patient_id``, ``onset_day``, ``last_observed_day``.
    courses, steps
        As :mod:`trdanalysis.analysis.questions.steps` gives them.
    lost
        ``patient_id`` of those with a quarantined trial: its day is unknown, and it may have been
        any step.

    Returns
    -------
    Table
        The same rows with ``has_lost`` (never null), ``first_certain_day``, ``first_possible_day``
        (null: none), ``last_recorded_day`` (of any trial), ``next_step`` (a strategy,
        ``none_recorded``, null: unknown), ``pathway`` (one of :func:`list_pathways`, null: unknown)
        and ``left_on_failed`` (nullable boolean).
    """
    table = _join(resistant, _gather(steps))
    # Who is resistant has trials: there is a row for everybody.
    table = _join(table, _derive_still_on(courses))
    table = _join(table, lost.mutate(is_lost=ibis.literal(True)))
    table = table.mutate(
        has_lost=table.is_lost.fill_null(False),
        taken=table.taken.fill_null(0),
    )
    unknown = ibis.null("boolean")
    known = table.onset_day.notnull() & negate(table.has_lost)
    seen = (table.last_observed_day > table.last_day.coalesce(table.onset_day)).fill_null(False)
    stepped = ibis.cases(
        (table.first_certain_day.notnull(), True),
        (negate(known & seen) | (table.taken > 0), unknown),
        else_=False,
    )
    table = table.mutate(known=known, seen=seen, stepped=stepped)
    return table.select(
        *resistant.columns, "has_lost", "first_certain_day", "first_possible_day",
        "last_recorded_day",
        next_step=ibis.cases(
            (negate(table.known), ibis.null("string")),
            (table.taken > 0, table.step_1),
            (table.seen, NONE_RECORDED),
        ),
        pathway=_derive_pathway(table),
        left_on_failed=negate(table.stepped) & table.still_on,
    )  # fmt: skip


def _join(left: ir.Table, right: ir.Table) -> ir.Table:
    right = right.rename(right_patient_id="patient_id")
    return left.left_join(right, left.patient_id == right.right_patient_id).drop("right_patient_id")


def _gather(steps: ir.Table) -> ir.Table:
    """Give per patient the strategies of the first steps, and how many they took."""
    numbers = range(1, MOST_STEPS + 1)
    return steps.group_by("patient_id").agg(
        taken=steps.count(),
        last_day=steps.day.max(),
        first_certain_day=steps.day.min(where=steps.certain),
        first_possible_day=steps.day.min(),
        **{f"step_{at}": steps.strategy.max(where=steps.number == at) for at in numbers},
    )


def _derive_still_on(courses: ir.Table) -> ir.Table:
    """Tell whether a treatment that had failed was still taken when the patient was last seen.

    What was begun at onset or later is a step.
    """
    seen = courses.last_observed_day
    rows = courses.mutate(
        still_on=(courses.start_day < courses.onset_day)
        & courses.failed
        & ibis.cases(
            (courses.goes_on, True),
            (courses.stop_day.notnull(), courses.stop_day > seen),
            else_=ibis.null("boolean"),
        )
    )
    return rows.group_by("patient_id").agg(
        still_on=any_of(rows.still_on), last_recorded_day=rows.last_day.max()
    )


def _derive_pathway(table: ir.Table) -> ir.StringValue:
    """Name the kinds of the first three steps, one after the other."""
    one, two, three = (_kind_of(table[f"step_{at}"]) for at in range(1, MOST_STEPS + 1))
    then = ibis.literal(THEN)
    both = one.isin(list(MEDICINES)) & two.isin(list(MEDICINES))
    third = ibis.cases(
        (both, three), (negate(both) & three.notnull(), ANY_STEP), else_=ibis.null("string")
    )
    # Fewer steps than three are all there were only where the patient was seen after the last.
    return ibis.cases(
        (negate(table.known), ibis.null("string")),
        ((table.taken == 0) & table.seen, NONE_RECORDED),
        ((table.taken == 1) & table.seen, one),
        ((table.taken == 2) & table.seen, one + then + two),
        (table.taken >= MOST_STEPS, one + then + two + then + third),
    )


def _kind_of(strategy: ir.StringValue) -> ir.StringValue:
    return ibis.cases(*((strategy.isin(list(own)), kind) for kind, own in KINDS.items()))
