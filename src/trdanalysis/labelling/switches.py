"""Switches: a treatment after which another one was begun is presumed to have failed."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.definition import DAYS_PER_WEEK
from trdanalysis.labelling.exposure import is_ongoing
from trdanalysis.labelling.failures import Keeper, distinct_key
from trdanalysis.labelling.rules import DistinctBy, NonResponse


def derive_switches(
    engine: Keeper,
    table: ir.Table,
    nonresponse: NonResponse,
    distinct_by: DistinctBy,
    lost: ir.Table,
    *,
    defaults: bool,
) -> ir.Table:
    """Tell of each trial whether another treatment followed it.

    Parameters
    ----------
    engine
        Keeps the few columns that trials are compared by.
    table
        Judged trials: ``antidepressant``, ``first_line``, ``end_day``, ``treatment_key``.
    nonresponse
        Within how many weeks of the end the other treatment must begin.
    distinct_by
        What makes the other treatment another one.
    lost
        ``patient_id`` of those with a quarantined trial: it may have followed any other.
    defaults
        Whether a trial without a stop is read as going on: what begins meanwhile follows it.

    Returns
    -------
    Table
        The same rows with ``switched`` (null: what followed, or when this trial ended, is unknown)
        and ``switch_day``, the day on which the switch was shown first; null where there is none
        for certain, or where one that is uncertain may have been earlier.

    Notes
    -----
    A trial's end is unknown between its start and whenever. What began no later after its *start*
    than the definition allows after its end began in time.
    """
    weeks = nonresponse.switched_within_weeks
    rows = engine.keep(
        table.select(
            "patient_id", "trial_id", "start_day", "end_day",
            counts=table.antidepressant & table.first_line,
            treatment=distinct_key(table, distinct_by),
            goes_on=is_ongoing(table, defaults=defaults),
        )
    )  # fmt: skip
    following = rows.filter(rows.counts.fill_null(True)).select(
        "patient_id", next_day="start_day", next_treatment="treatment", next_counts="counts"
    )
    pairs = rows.join(
        following,
        [
            "patient_id",
            following.next_day > rows.start_day,
            following.next_treatment != rows.treatment,
        ],
    )
    in_time: ir.BooleanValue = ibis.literal(True)
    if isinstance(weeks, int):
        days = weeks * DAYS_PER_WEEK
        by_end = pairs.next_day - pairs.end_day <= days
        at_once = pairs.goes_on | (pairs.next_day - pairs.start_day <= days)
        in_time = at_once.ifelse(True, by_end)
    pairs = pairs.mutate(follows=pairs.next_counts & in_time)
    found = engine.keep(
        pairs.group_by(["patient_id", "trial_id"]).agg(
            certain_day=pairs.next_day.min(where=pairs.follows),
            earliest_day=pairs.next_day.min(where=pairs.follows.fill_null(True)),
        )
    )
    joined = table.left_join(found, ["patient_id", "trial_id"]).drop(
        "patient_id_right", "trial_id_right"
    )
    unsure = lost.select("patient_id").distinct().mutate(has_lost=ibis.literal(True))
    joined = joined.left_join(unsure, "patient_id").drop("patient_id_right")
    has_lost = joined.has_lost.fill_null(False)
    agrees = (joined.certain_day == joined.earliest_day) & ~has_lost
    return joined.mutate(
        switched=ibis.cases(
            (joined.certain_day.notnull(), True),
            (joined.earliest_day.notnull() | has_lost, ibis.null("boolean")),
            else_=False,
        ),
        switch_day=agrees.fill_null(False).ifelse(joined.certain_day, ibis.null("int64")),
    ).drop("certain_day", "earliest_day", "has_lost")
