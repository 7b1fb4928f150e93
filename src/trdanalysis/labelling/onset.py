"""Onset: the first day on which a definition's rules were met, if nothing could have moved it."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.counted import count_within
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.rules import FailureRule, Rule, TreatmentRule
from trdanalysis.labelling.treatments import USUAL, treatments_by_day


def derive_onset(
    engine: Keeper, rows: ir.Table, trials: ir.Table, resistant: ir.Table, definition: Definition
) -> ir.Table:
    """Give the first day on which enough was established, of patients who are resistant.

    Null where something whose day is unknown could have brought it there earlier, and by every
    definition that asks for a score: points have no day.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    rows
        What :func:`trdanalysis.labelling.counted.rows_that_count` gives for the main count.
    trials
        Judged trials.
    resistant
        ``patient_id`` of those who are.
    definition
        The definition.

    Returns
    -------
    Table
        ``patient_id``, ``onset_day``; no row: unknown.
    """
    if definition.score:
        return resistant.mutate(onset_day=ibis.null("int64"))
    main = definition.main_failures
    found = []
    for rule in definition.resistance:
        parts = []
        for leaf in rule.leaves:
            if leaf.failures is not None and leaf.failures.count == main:
                failed = rows.filter(rows.low).semi_join(resistant, "patient_id")
                parts.append(_days_of_failures(engine, failed, leaf.failures, definition))
            elif leaf.treatments is not None:
                own = trials.semi_join(resistant, "patient_id")
                parts.append(_days_of_treatments(engine, own, leaf.treatments))
            else:
                # Only one count of failures is dated; the day of another is not known.
                parts.append(_no_days(resistant, leaf))
        found.append(_combine(engine, parts, resistant, latest=True))
    days = _combine(engine, found, resistant, latest=False)
    agrees = (days.sure_day == days.best_day).fill_null(False)
    return days.select("patient_id", onset_day=agrees.ifelse(days.sure_day, ibis.null("int64")))


def _no_days(resistant: ir.Table, leaf: Rule) -> ir.Table:
    unknown = ibis.null("int64")
    return resistant.mutate(sure_day=unknown, best_day=unknown)


def _combine(
    engine: Keeper, parts: list[ir.Table], resistant: ir.Table, *, latest: bool
) -> ir.Table:
    """Combine the days of rules: of *all of*, the latest; of *any of*, the earliest."""
    if len(parts) == 1:
        return parts[0]
    stacked = engine.keep(
        ibis.union(*(part.select("patient_id", "sure_day", "best_day") for part in parts))
    )
    grouped = stacked.group_by("patient_id")
    if not latest:
        return engine.keep(
            grouped.agg(sure_day=stacked.sure_day.min(), best_day=stacked.best_day.min())
        )
    both = grouped.agg(
        sure_day=stacked.sure_day.max(),
        best_day=stacked.best_day.max(),
        sure=stacked.sure_day.count() == len(parts),
        best=stacked.best_day.count() == len(parts),
    )
    nothing = ibis.null("int64")
    return engine.keep(
        both.select(
            "patient_id",
            sure_day=both.sure.ifelse(both.sure_day, nothing),
            best_day=both.best.ifelse(both.best_day, nothing),
        )
    )


def _days_of_failures(
    engine: Keeper, failed: ir.Table, rule: FailureRule, definition: Definition
) -> ir.Table:
    """Give the first days on which the established failures sufficed.

    A failure whose day is unknown cannot have been established before its trial was long enough.
    """
    min_days = definition.trial.required_days
    earliest = failed.mutate(
        by_day=failed.established_day.coalesce(failed.start_day + min_days),
        certain=failed.established_day.notnull(),
    )
    days = earliest.select("patient_id", day="by_day").distinct()
    pairs = earliest.join(days, ["patient_id", earliest.by_day <= days.day])
    pairs = engine.keep(
        pairs.select(
            "patient_id", "day", "treatment", "start_day", "episode",
            low="certain", high=ibis.literal(True),
        )
    )  # fmt: skip
    counts = count_within(
        engine, pairs, rule.count, ("low", "high"),
        enough=rule.at_least, by=("patient_id", "day"),
    )  # fmt: skip
    return counts.group_by("patient_id").agg(
        sure_day=counts.day.min(where=counts.low >= rule.at_least),
        best_day=counts.day.min(where=counts.high >= rule.at_least),
    )


def _days_of_treatments(engine: Keeper, trials: ir.Table, rule: TreatmentRule) -> ir.Table:
    """Give the first days by which enough treatments had been begun."""
    counts = treatments_by_day(engine, trials, rule.count, USUAL)
    return counts.group_by("patient_id").agg(
        sure_day=counts.day.min(where=counts.low >= rule.at_least),
        best_day=counts.day.min(where=counts.high >= rule.at_least),
    )
