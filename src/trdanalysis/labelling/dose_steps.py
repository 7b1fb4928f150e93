"""Dose steps: what dose was reached, and for how many days without a long break."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.exposure import end_day, is_ongoing
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.windows import RUN_BREAK_DAYS

_TRIAL = ["patient_id", "trial_id"]


@dataclass(frozen=True)
class JudgedSteps:
    """The dose steps of trials, judged; see :func:`derive_dose_steps`.

    Attributes
    ----------
    usual
        With the defaults: a trial without a stop goes on, a step without one runs to the next.
    bare
        Without them. Trials that have a stop, and so have all their steps, are the same.
    """

    usual: ir.Table
    bare: ir.Table


def judge_dose_steps(
    engine: Keeper, trials: ir.Table, doses: ir.Table, dose_table: str, min_days: int
) -> JudgedSteps:
    """Judge dose steps with and without the stated defaults.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    trials
        Trials with exposure, see :func:`trdanalysis.labelling.exposure.derive_exposure`.
    doses
        Accepted dose steps.
    dose_table
        The drug table's column of minima, without ``min_mg_``.
    min_days
        Days of an adequate run.
    """
    usual, bare = (
        trials.select(
            *_TRIAL,
            "start_day",
            end_day=end_day(trials, defaults=defaults),
            min_dose=trials[f"min_mg_{dose_table}"],
        )
        for defaults in (True, False)
    )
    judged = engine.keep(derive_dose_steps(usual, doses, min_days, defaults=True))
    ongoing = trials.filter(is_ongoing(trials, defaults=True)).select(*_TRIAL)
    open_steps = doses.filter(doses.stop_day.isnull()).select(*_TRIAL)
    otherwise = engine.keep(ibis.union(ongoing, open_steps, distinct=True))
    again = engine.keep(
        derive_dose_steps(bare, doses.semi_join(otherwise, _TRIAL), min_days, defaults=False)
    )
    return JudgedSteps(judged, ibis.union(judged.anti_join(otherwise, _TRIAL), again))


def derive_dose_steps(
    table: ir.Table, doses: ir.Table, min_days: int, *, defaults: bool
) -> ir.Table:
    """Judge the dose steps of each trial that has any.

    Parameters
    ----------
    table
        Trials: ``patient_id``, ``trial_id``, ``start_day``, ``end_day`` (null: unknown),
        ``min_dose`` (mg per day; null: the drug has none or is unknown).
    doses
        Accepted dose steps.
    min_days
        Days of an adequate run.
    defaults
        Whether a step without a stop runs to the next step, else to the trial's end.

    Returns
    -------
    Table
        One row a trial with dose steps: ``step_dose_adequate``; ``run_days_low``, ``run_days_high``
        (days of the longest run at or above the minimum, unknown doses read as below and as above;
        null where the trial's end or the minimum is unknown, or no step lies in the trial);
        ``run_reached_low``, ``run_reached_high`` (first day on which a run had ``min_days`` days;
        null: never); ``step_dose_max`` (highest known dose, mg per day).
    """
    steps = _clip(table, doses, defaults=defaults)
    summary = steps.group_by(_TRIAL).agg(
        reached=(steps.adequate & steps.inside).fill_null(False).max(),
        unsure=(steps.adequate.isnull() & steps.inside).max(),
        any_inside=steps.inside.max(),
        end_known=steps.trial_end.notnull().max(),
        min_known=steps.min_dose.notnull().max(),
        step_dose_max=steps.dose.max(where=steps.inside),
        has_unsure_step=(steps.inside & (steps.adequate.isnull() | steps.open_stop)).max(),
    )
    summary = summary.mutate(
        step_dose_adequate=ibis.cases(
            (summary.reached & summary.min_known, True),
            (summary.unsure | ~summary.any_inside | ~summary.min_known, ibis.null("boolean")),
            else_=False,
        ),
        countable=summary.end_known & summary.any_inside & summary.min_known,
    )
    covering = steps.filter(steps.inside & steps.trial_end.notnull())
    low = derive_longest_run(covering.filter(covering.adequate & ~covering.open_stop), min_days)
    # Where every step is known, both readings are one.
    doubtful = covering.semi_join(summary.filter(summary.has_unsure_step), _TRIAL)
    high = derive_longest_run(doubtful.filter(doubtful.adequate.fill_null(True)), min_days)
    joined = summary.left_join(low, _TRIAL).drop("patient_id_right", "trial_id_right")
    joined = joined.left_join(high, _TRIAL, rname="{name}_of_high").drop(
        "patient_id_of_high", "trial_id_of_high"
    )
    days_low = joined.run_days.fill_null(0)
    days_high = joined.has_unsure_step.ifelse(joined.run_days_of_high.fill_null(0), days_low)
    reached_high = joined.has_unsure_step.ifelse(joined.run_reached_of_high, joined.run_reached)
    unknown = ibis.null("int64")
    return joined.select(
        *_TRIAL,
        "step_dose_adequate",
        "step_dose_max",
        run_days_low=joined.countable.ifelse(days_low, unknown),
        run_days_high=joined.countable.ifelse(days_high, unknown),
        run_reached_low=joined.run_reached,
        run_reached_high=reached_high,
    )


def _clip(table: ir.Table, doses: ir.Table, *, defaults: bool) -> ir.Table:
    """Give steps clipped to their trial; ``inside`` tells which lie in it at all.

    Without defaults a step that has no stop is ``open_stop``: it may have ended at once or gone on.
    """
    order = ibis.window(group_by=_TRIAL, order_by="start_day")
    steps = doses.select(*_TRIAL, "start_day", "stop_day", dose="dose_mg_per_day")
    steps = steps.mutate(next_step_day=steps.start_day.lead().over(order))
    trials = table.select(
        *_TRIAL, trial_start="start_day", trial_end="end_day", min_dose="min_dose"
    )
    joined = steps.inner_join(trials, _TRIAL)
    if defaults:
        joined = joined.mutate(
            open_stop=ibis.literal(False),
            until=joined.stop_day.coalesce(joined.next_step_day, joined.trial_end),
        )
    else:
        joined = joined.mutate(
            open_stop=joined.stop_day.isnull(), until=joined.stop_day.coalesce(joined.trial_end)
        )
    joined = joined.mutate(
        from_day=(joined.start_day < joined.trial_start).ifelse(
            joined.trial_start, joined.start_day
        ),
        to_day=(joined.until > joined.trial_end)
        .fill_null(False)
        .ifelse(joined.trial_end, joined.until),
        adequate=joined.dose >= joined.min_dose,
    )
    begins_before_end = (joined.from_day < joined.trial_end).fill_null(True)
    ends_after_start = (joined.to_day > joined.from_day).fill_null(True)
    return joined.mutate(inside=begins_before_end & ends_after_start)


def derive_longest_run(covering: ir.Table, min_days: int) -> ir.Table:
    """Find the longest run of covered days.

    Intervals may overlap; a run goes on over breaks of up to ``RUN_BREAK_DAYS``, which do not
    count.

    Parameters
    ----------
    covering
        One row an interval: ``patient_id``, ``trial_id``, ``from_day``, ``to_day`` (first day
        after).
    min_days
        Days to reach.

    Returns
    -------
    Table
        One row a trial: ``run_days``, ``run_reached`` (first day on which a run had ``min_days``
        covered days; null: never).
    """
    before = ibis.window(group_by=_TRIAL, order_by=["from_day", "to_day"], preceding=(None, 1))
    upto = ibis.window(group_by=_TRIAL, order_by=["from_day", "to_day"], preceding=(None, 0))
    table = covering.select(*_TRIAL, "from_day", "to_day")
    table = table.mutate(covered_to=table.to_day.max().over(before))
    overlap = (table.covered_to > table.from_day).fill_null(False)
    table = table.mutate(
        new_from=overlap.ifelse(table.covered_to, table.from_day),
        new_run=(table.from_day - table.covered_to > RUN_BREAK_DAYS).fill_null(False).cast("int64"),
    )
    added = table.to_day - table.new_from
    table = table.mutate(added=(added > 0).ifelse(added, 0), run=table.new_run.sum().over(upto))
    within = ibis.window(
        group_by=[*_TRIAL, "run"], order_by=["from_day", "to_day"], preceding=(None, 0)
    )
    table = table.mutate(total=table.added.sum().over(within))
    crosses = (table.total >= min_days) & (table.total - table.added < min_days)
    reached = table.new_from + (min_days - (table.total - table.added))
    table = table.mutate(reached=crosses.ifelse(reached.cast("int64"), ibis.null("int64")))
    return table.group_by(_TRIAL).agg(
        run_days=table.total.max().cast("int64"), run_reached=table.reached.min()
    )
