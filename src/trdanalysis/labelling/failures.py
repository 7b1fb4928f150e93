"""The count of failures: different treatments, begun apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.definition import PatientRule


class Keeper(Protocol):
    """What computes a table once and keeps it; see :class:`trdanalysis.engine.Engine`."""

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute and keep a table."""


def distinct_key(table: ir.Table, rule: PatientRule) -> ir.StringValue:
    """Give what makes two treatments different; an unrecognised drug is a treatment of its own."""
    if rule.distinct_by == "ingredient":
        return table.treatment_key
    column = {"moiety": table.moiety, "class": table.drug_class}[rule.distinct_by]
    return column.coalesce(table.treatment_key)


def count_failures(
    engine: Keeper,
    rows: ir.Table,
    by: Sequence[str],
    sets: Mapping[str, ir.BooleanValue],
    rule: PatientRule,
) -> ir.Table:
    """Count, in each group and set, the smaller of two numbers.

    The number of different treatments, and the largest number of start days of which every two lie
    more than ``rule.min_days_between_starts`` apart.

    Parameters
    ----------
    engine
        Keeps the small table of groups that need the long way.
    rows
        Trials: the columns of ``by``, ``treatment`` (never null) and ``start_day``.
    by
        Columns of a group.
    sets
        Name of a count and the rows it is over; null is outside.
    rule
        Days between starts.

    Returns
    -------
    Table
        One row a group that ``rows`` has: ``by``, and an ``int64`` column per set.
    """
    measures: dict[str, ir.Value] = {}
    for name, inside in sets.items():
        measures |= {
            f"{name}_rows": inside.sum(),
            f"{name}_first_treatment": rows.treatment.min(where=inside),
            f"{name}_last_treatment": rows.treatment.max(where=inside),
            f"{name}_first_day": rows.start_day.min(where=inside),
            f"{name}_last_day": rows.start_day.max(where=inside),
        }
    groups = rows.group_by(list(by)).agg(**measures)
    short = {name: _count_if_plain(groups, name, rule) for name in sets}
    counted = engine.keep(groups.select(*by, **short))
    unsure: ir.BooleanValue = ibis.literal(False)
    for name in sets:
        unsure = unsure | counted[name].isnull()
    left = counted.filter(unsure).select(*by)
    for name, inside in sets.items():
        members = rows.filter(inside.fill_null(False)).semi_join(left, list(by))
        members = engine.keep(members.select(*by, "treatment", "start_day").distinct())
        exact = _count_exactly(engine, members, by, rule).rename({f"{name}_exact": "failures"})
        counted = counted.left_join(exact, list(by)).drop(*(f"{column}_right" for column in by))
        counted = counted.mutate(
            **{name: counted[name].coalesce(counted[f"{name}_exact"], 0)}
        ).drop(f"{name}_exact")
    return counted


def _count_if_plain(groups: ir.Table, name: str, rule: PatientRule) -> ir.IntegerValue:
    """Count where minima and maxima decide; null where they do not."""
    rows = groups[f"{name}_rows"].fill_null(0)
    one_treatment = groups[f"{name}_first_treatment"] == groups[f"{name}_last_treatment"]
    days = groups[f"{name}_last_day"] - groups[f"{name}_first_day"]
    return ibis.cases(
        (rows == 0, 0),
        (one_treatment | (days <= rule.min_days_between_starts), 1),
        (rows == 2, 2),
        else_=ibis.null("int64"),
    ).cast("int64")


def _count_exactly(
    engine: Keeper, members: ir.Table, by: Sequence[str], rule: PatientRule
) -> ir.Table:
    """Count treatments and separate starts; starts are chosen greedily from the earliest."""
    keys = list(by)
    different = members.group_by(keys).agg(treatments=members.treatment.nunique())
    starts = engine.keep(members.select(*keys, "start_day").distinct())
    chosen = engine.keep(starts.group_by(keys).agg(picked_day=starts.start_day.min()))
    picks = [chosen]
    while int(chosen.count().execute()):
        later = starts.join(
            chosen, [*keys, starts.start_day > chosen.picked_day + rule.min_days_between_starts]
        )
        chosen = engine.keep(later.group_by(keys).agg(picked_day=later.start_day.min()))
        picks.append(chosen)
    all_picks = ibis.union(*picks)
    apart = all_picks.group_by(keys).agg(starts=all_picks.count())
    both = different.join(apart, keys)
    smaller = (both.treatments < both.starts).ifelse(both.treatments, both.starts)
    return both.select(*keys, failures=smaller.cast("int64"))
