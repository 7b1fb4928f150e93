"""The count of failures: different treatments, begun apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.rules import DistinctBy, FailureCount


class Keeper(Protocol):
    """What computes a table once and keeps it; see :class:`trdanalysis.engine.Engine`."""

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute and keep a table."""


def distinct_key(table: ir.Table, distinct_by: DistinctBy) -> ir.StringValue:
    """Give what makes two treatments different; an unrecognised drug is a treatment of its own."""
    if distinct_by == "ingredient":
        return table.treatment_key
    column = {"moiety": table.moiety, "class": table.drug_class}[distinct_by]
    return column.coalesce(table.treatment_key)


def count_failures(
    engine: Keeper,
    rows: ir.Table,
    by: Sequence[str],
    sets: Sequence[str],
    rule: FailureCount,
    *,
    exact: Sequence[str] = (),
    enough: int = 2,
) -> ir.Table:
    """Count, in each group and set, the smaller of two numbers.

    The number of different treatments, and the largest number of start days of which every two lie
    more than ``rule.min_days_between_starts`` apart.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    rows
        Trials: the columns of ``by``, ``treatment`` (never null), ``start_day``, and a boolean
        column (never null) per set.
    by
        Columns of a group.
    sets
        Names of the boolean columns; each is a set of rows to count over.
    rule
        Days between starts.
    exact
        The sets of which the number itself is wanted. Of the others it is only asked whether it is
        enough; where two are, more than two may be counted as two.
    enough
        The largest number that is asked for.

    Returns
    -------
    Table
        One row a group that has a row in any set: ``by``, and an ``int64`` column per set.
    """
    keys = list(by)
    in_any: ir.BooleanValue = ibis.literal(False)
    for name in sets:
        in_any = in_any | rows[name]
    members = rows.filter(in_any).select(*keys, "treatment", "start_day", *sets)
    groups = engine.keep(_summarise_groups(members, keys, sets))
    one_attempt = (groups.first_treatment == groups.last_treatment) | (
        groups.last_day - groups.first_day <= rule.min_days_between_starts
    )
    # With two trials, or with more of which no two are close or alike, every trial counts.
    several = groups.filter((groups.members > 2) & ~one_attempt).select(*keys)
    crowded = engine.keep(_find_crowded(members.semi_join(several, keys), keys, rule))
    wanted = sets if enough > 2 else exact
    chosen = engine.keep(
        _count_sets(engine, members.semi_join(crowded, keys), keys, sets, wanted, rule)
    )
    counted = groups.left_join(chosen, keys, rname="exact_{name}")
    is_exact = counted[f"exact_{keys[0]}"].notnull()
    counts = {}
    for name in sets:
        at_most_one = (counted[name] > 1).ifelse(1, counted[name])
        attempts = (
            (counted.first_treatment == counted.last_treatment)
            | (counted.last_day - counted.first_day <= rule.min_days_between_starts)
        ).ifelse(at_most_one, counted[name])
        counts[name] = is_exact.ifelse(counted[f"exact_{name}"], attempts).cast("int64")
    return counted.select(*keys, **counts)


def _summarise_groups(members: ir.Table, keys: list[str], sets: Sequence[str]) -> ir.Table:
    """Give per group its members, the extremes of treatment and start, and the rows of each set."""
    return members.group_by(keys).agg(
        members=members.count(),
        first_treatment=members.treatment.min(),
        last_treatment=members.treatment.max(),
        first_day=members.start_day.min(),
        last_day=members.start_day.max(),
        **{name: members[name].sum() for name in sets},
    )


def _find_crowded(members: ir.Table, keys: list[str], rule: FailureCount) -> ir.Table:
    """Find groups in which two trials begin close to each other or are of one treatment."""
    order = ibis.window(group_by=keys, order_by="start_day")
    spaced = members.mutate(gap_days=members.start_day - members.start_day.lag().over(order))
    found = spaced.group_by(keys).agg(
        members=spaced.count(),
        treatments=spaced.treatment.nunique(),
        least_gap_days=spaced.gap_days.min(),
    )
    close = found.least_gap_days <= rule.min_days_between_starts
    return found.filter(close | (found.treatments < found.members)).select(*keys)


def _count_sets(
    engine: Keeper,
    members: ir.Table,
    keys: list[str],
    sets: Sequence[str],
    exact: Sequence[str],
    rule: FailureCount,
) -> ir.Table:
    """Count every set of the given groups the long way; a set without a row counts 0."""
    kept = engine.keep(members)
    parts = [
        kept.filter(kept[name]).select(*keys, "treatment", "start_day", set=ibis.literal(name))
        for name in sets
    ]
    by = [*keys, "set"]
    rows = ibis.union(*parts)
    about = engine.keep(
        rows.group_by(by).agg(
            members=rows.count(),
            is_one_treatment=rows.treatment.min() == rows.treatment.max(),
            span_days=rows.start_day.max() - rows.start_day.min(),
        )
    )
    apart_days = rule.min_days_between_starts + 1
    # Two trials, or a time too short for three starts, make two at most: no need to choose.
    many = about.filter(
        about["set"].isin(list(exact))
        & (about.members > 2)
        & ~about.is_one_treatment
        & (about.span_days >= 2 * apart_days)
    )
    long_way = _count_exactly(engine, rows.semi_join(many, by), by, rule)
    joined = about.left_join(long_way, by).drop(*(f"{name}_right" for name in by))
    counted = joined.mutate(
        failures=ibis.cases(
            (joined.is_one_treatment | (joined.span_days < apart_days), 1),
            else_=joined.failures.fill_null(2),
        ).cast("int64")
    )
    counts = counted.group_by(keys).agg(
        **{name: counted.failures.max(where=counted["set"] == name) for name in sets}
    )
    return counts.mutate(**{name: counts[name].fill_null(0) for name in sets})


def _count_exactly(
    engine: Keeper, members: ir.Table, by: Sequence[str], rule: FailureCount
) -> ir.Table:
    """Count treatments and separate starts; starts are chosen greedily from the earliest."""
    keys = list(by)
    members = engine.keep(members)
    different = members.group_by(keys).agg(treatments=members.treatment.nunique())
    days = engine.keep(members.select(*keys, "start_day").distinct())
    chosen = engine.keep(days.group_by(keys).agg(picked_day=days.start_day.min()))
    picks = [chosen]
    while int(chosen.count().to_pyarrow().as_py()):
        later = days.join(
            chosen, [*keys, days.start_day > chosen.picked_day + rule.min_days_between_starts]
        )
        chosen = engine.keep(later.group_by(keys).agg(picked_day=later.start_day.min()))
        picks.append(chosen)
    all_picks = ibis.union(*picks)
    apart = all_picks.group_by(keys).agg(starts=all_picks.count())
    both = different.join(apart, keys)
    smaller = (both.treatments < both.starts).ifelse(both.treatments, both.starts)
    return both.select(*keys, failures=smaller.cast("int64"))
