"""Exposures become treatment trials: joined over short gaps, with dose steps and days covered."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.engine import Engine
from trdanalysis.readers.omop.mapping import OmopMapping
from trdanalysis.readers.omop.values import write_number
from trdanalysis.readers.raw_drop import NOT_RECODED, UNREADABLE

_TRIAL = ["person", "drug", "run"]


def derive_trials(
    engine: Engine, rows: ir.Table, people: ir.Table, mapping: OmopMapping, *, covered: bool
) -> tuple[ir.Table, ir.Table]:
    """Make trials and dose steps.

    Exposures of one ingredient whose gap is at most ``gap_days`` are one trial. On a day with
    several products their doses add up; exposures to one product that overlap do not. A trial that
    reaches the end of observation goes on. A trial whose last exposure has no known length ended on
    an unknown day. Whether a drug that only adds to others was for depression is unknown where it
    was not taken together with an antidepressant. An exposure that cannot be used is a row of its
    own, for the quarantine.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    rows
        Exposures, see :class:`trdanalysis.readers.omop.exposures.Exposures`.
    people
        ``person``, ``patient_id``, ``origin``, ``last_observed`` (days from 1970).
    mapping
        Says the gap, and what becomes of stop reasons.
    covered
        Whether days covered can be counted.

    Returns
    -------
    tuple
        Raw tables ``trials`` and ``doses``: text and ``line``.
    """
    good = engine.keep(_numbered_runs(rows.filter(rows.fault.isnull()), mapping.gap_days))
    segments = engine.keep(_segments(good))
    steps = engine.keep(_steps(segments))
    trials = engine.keep(_trials(good, steps, people, mapping, covered=covered))
    trials = engine.keep(_with_company(trials))
    broken = _broken(rows.filter(rows.fault.notnull()), people)
    text = _trial_text(trials, mapping)
    return ibis.union(text, broken.select(*text.columns)), _dose_text(steps, trials)


def _numbered_runs(good: ir.Table, gap_days: int) -> ir.Table:
    """Number the trials of each person and drug; ``to`` is the stop, or the day after the start."""
    rows = good.mutate(to=good.stop.coalesce(good.start + 1))
    before = ibis.window(
        group_by=["person", "drug"], order_by=["start", "to", "line"], preceding=(None, 1)
    )
    rows = rows.mutate(reached=rows.to.max().over(before))
    upto = ibis.window(
        group_by=["person", "drug"], order_by=["start", "to", "line"], preceding=(None, 0)
    )
    begins = (rows.start - rows.reached > gap_days).fill_null(False).cast("int64")
    rows = rows.mutate(begins=begins)
    return rows.mutate(run=rows.begins.sum().over(upto).cast("int64")).drop("reached", "begins")


def _segments(good: ir.Table) -> ir.Table:
    """Cut each trial where any exposure begins or ends; one row a covered piece."""
    edges = ibis.union(
        good.select(*_TRIAL, day="start"), good.select(*_TRIAL, day="to"), distinct=True
    )
    order = ibis.window(group_by=_TRIAL, order_by="day")
    pieces = edges.mutate(until=edges.day.lead().over(order))
    pieces = pieces.filter(pieces.until.notnull())
    exposures = good.select(*_TRIAL, "product", "start", "to", "dose", is_open=good.stop.isnull())
    joined = pieces.join(
        exposures, [*_TRIAL, exposures.start <= pieces.day, exposures.to >= pieces.until]
    )
    by_product = joined.group_by([*_TRIAL, "day", "until", "product"]).agg(
        dose=joined.dose.max(), unknown=joined.dose.isnull().max(), is_open=joined.is_open.max()
    )
    whole = by_product.group_by([*_TRIAL, "day", "until"]).agg(
        dose=by_product.dose.sum(),
        unknown=by_product.unknown.max(),
        is_open=by_product.is_open.max(),
    )
    return whole.mutate(
        dose=whole.unknown.ifelse(ibis.null("float64"), whole.dose.round(6)),
    ).drop("unknown")


def _steps(segments: ir.Table) -> ir.Table:
    """Put adjacent pieces of one dose together."""
    order = ibis.window(group_by=_TRIAL, order_by="day")
    table = segments.mutate(
        last_until=segments.until.lag().over(order),
        last_dose=segments.dose.lag().over(order),
        last_open=segments.is_open.lag().over(order),
    )
    same = (
        (table.day == table.last_until)
        & (table.dose.fill_null(-1.0) == table.last_dose.fill_null(-1.0))
        & (table.is_open == table.last_open)
    )
    upto = ibis.window(group_by=_TRIAL, order_by="day", preceding=(None, 0))
    table = table.mutate(changes=(~same).fill_null(True).cast("int64"))
    table = table.mutate(step=table.changes.sum().over(upto))
    return table.group_by([*_TRIAL, "step"]).agg(
        step_start=table.day.min(),
        step_stop=table.until.max(),
        dose=table.dose.max(),
        is_open=table.is_open.max(),
    )


def _trials(
    good: ir.Table, steps: ir.Table, people: ir.Table, mapping: OmopMapping, *, covered: bool
) -> ir.Table:
    """One row a trial, its days still counted from 1970."""
    is_open = good.stop.isnull()
    first = good.group_by(_TRIAL).agg(
        name=good.name.min(),
        role=good.role.max(),
        start=good.start.min(),
        stop=good.to.max(),
        line=good.line.min(),
        any_open=is_open.max(),
        open_from=good.start.max(where=is_open),
        closed_from=good.start.max(where=~is_open),
        # An aggregate passes over nulls; the last exposure may well have no reason.
        last_reason=good.stop_reason.fill_null("").argmax(good.start * 1_000_000_000 + good.line),
    )
    joined = first.left_join(people, "person").drop("person_right")
    joined = joined.mutate(
        end_unknown=(joined.open_from >= joined.closed_from).fill_null(joined.any_open),
        seen_to=joined.last_observed + 1,
    )
    joined = joined.mutate(
        ongoing=(
            ~joined.end_unknown & (joined.start < joined.seen_to) & (joined.stop >= joined.seen_to)
        ).fill_null(False)
    )
    limits = joined.select(*_TRIAL, bound=joined.ongoing.ifelse(joined.seen_to, joined.stop))
    clipped = steps.join(limits, _TRIAL)
    upto = ibis.least(clipped.step_stop, clipped.bound)
    days = ibis.greatest(upto - clipped.step_start, 0)
    sums = clipped.group_by(_TRIAL).agg(
        covered_days=days.sum(),
        steps=clipped.count(),
        dose=clipped.dose.max(),
        length=(clipped.bound - clipped.step_start).max(),
    )
    joined = joined.join(sums, _TRIAL)
    share = joined.covered_days / joined.length
    countable = ~joined.any_open & (joined.length > 0)
    wanted = covered and mapping.adherence == "days_covered"
    return joined.mutate(
        adherence=countable.ifelse(share, ibis.null("float64")) if wanted else ibis.null("float64"),
        trial_id=_trial_name(joined.name)
        + "-d"
        + (joined.start - joined.origin).cast("string").fill_null(""),
    )


def _with_company(trials: ir.Table) -> ir.Table:
    """Add ``alone``: whether an augmentation at no time met an antidepressant."""
    mains = trials.filter(trials.role == "primary").select("person", begins="start", ends="stop")
    added = trials.filter(trials.role == "augmentation")
    met = added.semi_join(
        mains,
        [added.person == mains.person, added.start < mains.ends, mains.begins < added.stop],
    )
    met = met.select(*_TRIAL, met=ibis.literal(True))
    joined = trials.left_join(met, _TRIAL)
    return joined.select(
        *(joined[name] for name in trials.columns),
        alone=(joined.role == "augmentation") & joined.met.isnull(),
    )


def _trial_name(name: ir.StringValue) -> ir.StringValue:
    return name.re_replace(r"[^a-z0-9]+", "_")


def _trial_text(trials: ir.Table, mapping: OmopMapping) -> ir.Table:
    nothing = ibis.null("string")
    reason: ir.StringValue = nothing
    if mapping.stop_reasons:
        given = trials.last_reason.nullif("")
        reason = ibis.cases(
            (given.isnull(), nothing),
            *((given == text, ibis.literal(word)) for text, word in mapping.stop_reasons.items()),
            else_=ibis.literal(NOT_RECODED),
        )
    stop = (trials.stop - trials.origin).cast("string")
    return trials.select(
        "patient_id",
        "trial_id",
        "drug",
        "role",
        # Empty would be read as yes.
        for_depression=trials.alone.ifelse(ibis.literal(NOT_RECODED), nothing),
        dose_mg_per_day=write_number(trials.dose),
        start_day=(trials.start - trials.origin).cast("string"),
        stop_day=(trials.ongoing | trials.end_unknown).ifelse(nothing, stop),
        adherence=write_number(trials.adherence),
        # A reason that cannot be read says that the trial ended, on a day that is not known.
        stop_reason=ibis.cases(
            (trials.ongoing, nothing),
            (trials.end_unknown, reason.coalesce(ibis.literal(UNREADABLE))),
            else_=reason,
        ),
        line=trials.line,
    )


def _dose_text(steps: ir.Table, trials: ir.Table) -> ir.Table:
    """Give the steps of trials whose dose changed or was interrupted, and is known somewhere."""
    several = trials.filter((trials.steps > 1) & trials.dose.notnull()).select(
        *_TRIAL, "patient_id", "trial_id", "origin", "ongoing", "seen_to", "line"
    )
    joined = steps.join(several, _TRIAL)
    joined = joined.filter(~(joined.ongoing & (joined.step_start >= joined.seen_to)))
    goes_on = joined.is_open | (joined.ongoing & (joined.step_stop >= joined.seen_to))
    return joined.select(
        "patient_id",
        "trial_id",
        start_day=(joined.step_start - joined.origin).cast("string"),
        stop_day=goes_on.ifelse(
            ibis.null("string"), (joined.step_stop - joined.origin).cast("string")
        ),
        dose_mg_per_day=write_number(joined.dose),
        line=joined.line,
    )


def _broken(rows: ir.Table, people: ir.Table) -> ir.Table:
    """Give exposures that cannot be used: the quarantine takes them, with their reason."""
    joined = rows.left_join(people, "person").drop("person_right")
    nothing = ibis.null("string")
    start = (joined.start - joined.origin).cast("string")
    return joined.select(
        "patient_id",
        "drug",
        "role",
        "line",
        trial_id=_trial_name(joined.name) + "-line" + joined.line.cast("string"),
        for_depression=nothing,
        dose_mg_per_day=nothing,
        start_day=start.coalesce(joined.start_given.ifelse(ibis.literal(UNREADABLE), nothing)),
        stop_day=ibis.cases(
            (joined.fault == "end_unreadable", ibis.literal(UNREADABLE)),
            (joined.fault == "end_before_start", start),
            else_=nothing,
        ),
        adherence=nothing,
        stop_reason=nothing,
    )
