"""The rows that a count of failures is made from, and the count within episodes and times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.failures import Keeper, count_failures, distinct_key
from trdanalysis.labelling.outcome import is_nonresponse
from trdanalysis.labelling.rules import FailureCount

#: A trial whose episode is unknown, in a patient of whom no episode is known.
_NO_EPISODE = -1


def rows_that_count(
    trials: ir.Table, measure: FailureCount, scales: tuple[Scale, ...], *, is_main: bool
) -> ir.Table:
    """Keep the few columns of the few trials that a count of failures is made from.

    Returns
    -------
    Table
        ``patient_id``, ``trial_id``, ``start_day``, ``episode``, ``established_day``,
        ``treatment``, and never-null columns for the sets of trials that are counted: certainly and
        possibly failed (``low``, ``high``), the two if every default were unknown (``bare_``) and,
        for the main count, whatever dose, duration and adherence (``apparent_``).
    """
    failed, bare = trials.failed, trials.failed_bare
    if measure.nonresponse is not None:
        failed = trials.antidepressant & trials.first_line & trials.dose_adequate
        failed = failed & trials.duration_adequate & trials.adherence_adequate
        failed = bare = failed & is_nonresponse(trials, measure.nonresponse, scales)
    readings = {"": failed, "bare_": bare}
    if is_main:
        readings["apparent_"] = trials.antidepressant & trials.first_line & trials.nonresponse
    return rows_of_readings(trials, measure, readings)


def rows_of_readings(
    trials: ir.Table, measure: FailureCount, readings: Mapping[str, ir.BooleanValue]
) -> ir.Table:
    """Keep the trials that a count is made from, by any reading of what a failure is.

    Parameters
    ----------
    trials
        Judged trials, with ``drug_role`` where the count is of some classes.
    measure
        The count.
    readings
        By name: whether the trial failed, three-valued.

    Returns
    -------
    Table
        As :func:`rows_that_count` gives it, with ``<name>low`` (certainly failed) and
        ``<name>high`` (possibly) for each reading.
    """
    columns: dict[str, ir.Value] = {name: trials[name] for name in (
        "patient_id", "trial_id", "start_day", "episode", "established_day")}  # fmt: skip
    columns["treatment"] = distinct_key(trials, measure.distinct_by)
    belongs: ir.BooleanValue = ibis.literal(True)
    if measure.of_classes:
        # The class of a drug that was not recognised is unknown.
        known = trials.drug_role.notnull()
        belongs = known.ifelse(
            trials.drug_class.isin(list(measure.of_classes)).fill_null(False),
            ibis.null("boolean"),
        )
    kept = trials.select(
        **columns, **{f"is_{name}": value & belongs for name, value in readings.items()}
    )
    if measure.within_days is not None:
        kept = _within_time(kept, trials, measure.within_days)
    sets: dict[str, ir.Value] = {}
    for name in readings:
        sets[f"{name}low"] = kept[f"is_{name}"].fill_null(False)
        sets[f"{name}high"] = kept[f"is_{name}"].fill_null(True)
    kept = kept.select(*columns, **sets)
    anything: ir.BooleanValue = ibis.literal(False)
    for name in readings:
        anything = anything | kept[f"{name}high"]
    return kept.filter(anything)


def _within_time(kept: ir.Table, trials: ir.Table, within_days: int) -> ir.Table:
    """Ask that a failure was shown soon after the patient's first treatment began.

    Where an unknown treatment may have come first, it is unknown which was the first.
    """
    counts = trials.antidepressant & trials.first_line
    rows = trials.select("patient_id", "start_day", counts=counts)
    first = rows.group_by("patient_id").agg(
        sure_day=rows.start_day.min(where=rows.counts),
        earliest_day=rows.start_day.min(where=rows.counts.fill_null(True)),
    )
    joined = kept.join(first, "patient_id")
    day = joined.established_day
    soon = ibis.cases(
        (day - joined.earliest_day <= within_days, True),
        (day - joined.sure_day > within_days, False),
        # It was not shown before the trial began.
        (joined.start_day - joined.sure_day > within_days, False),
        else_=ibis.null("boolean"),
    )
    readings = [name for name in kept.columns if name.startswith("is_")]
    return joined.mutate(**{name: joined[name] & soon for name in readings}).select(*kept.columns)


def by_episode(engine: Keeper, rows: ir.Table, sets: Sequence[str]) -> ir.Table:
    """Give each trial to the episodes it may belong to, as ``group``.

    A trial whose episode is unknown may belong to any of the patient's: it is in every one, but
    certainly in none, unless none is known at all; then it stands alone.
    """
    known = rows.filter(rows.episode.notnull())
    unknown = rows.filter(rows.episode.isnull())
    groups = known.select("patient_id", group="episode").distinct()
    spread = unknown.join(groups, "patient_id")
    alone = unknown.anti_join(groups, "patient_id").mutate(
        group=ibis.literal(_NO_EPISODE, type="int64")
    )
    parts = [known.mutate(group=known.episode), spread, alone]
    low = {name: ibis.literal(False) for name in sets if name.endswith("low")}
    parts = [parts[0], *(part.mutate(**low) for part in parts[1:])]
    columns = [*rows.columns, "group"]
    parts = [part.mutate(group=part["group"].cast("int64")).select(*columns) for part in parts]
    return engine.keep(ibis.union(*parts))


def count_within(
    engine: Keeper,
    rows: ir.Table,
    measure: FailureCount,
    sets: Sequence[str],
    *,
    enough: int,
    by: Sequence[str] = ("patient_id",),
) -> ir.Table:
    """Count failures, the most in one episode where only those add up; see :func:`count_failures`.

    Parameters
    ----------
    rows
        What :func:`rows_that_count` gives.
    by
        Columns of a group, the patient among them.
    """
    exact = [name for name in sets if name in ("low", "high")]
    if not measure.same_episode:
        return count_failures(engine, rows, by, sets, measure, exact=exact, enough=enough)
    placed = by_episode(engine, rows, sets)
    counts = count_failures(
        engine, placed, [*by, "group"], sets, measure, exact=exact, enough=enough
    )
    most = counts.group_by(list(by)).agg(**{name: counts[name].max() for name in sets})
    # One failure lies in some episode, known or not.
    any_certain = rows.group_by(list(by)).agg(
        **{f"any_{name}": rows[name].any() for name in sets if name.endswith("low")}
    )
    joined = most.join(any_certain, list(by))
    one = {
        name: ibis.greatest(joined[name], joined[f"any_{name}"].cast("int64"))
        for name in sets
        if name.endswith("low")
    }
    return joined.mutate(**one).select(*by, *sets)
