"""Trials: every criterion of a failure, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.names import ANTIDEPRESSANT
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.definition import Definition, TrialRule
from trdanalysis.labelling.dose_steps import judge_dose_steps
from trdanalysis.labelling.exposure import (
    derive_exposure,
    derive_treatment,
    end_day,
    is_in_progress,
)
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.outcome import REMISSION, RESPONSE, derive_outcome, is_nonresponse
from trdanalysis.labelling.scores import (
    CHANGE_SCALE,
    SCORE_COLUMNS,
    Offers,
    derive_filled_scores,
    derive_own_scores,
)
from trdanalysis.labelling.switches import derive_switches

#: The six criteria of a failure, in the order of the contract.
CRITERIA = (
    "antidepressant",
    "first_line",
    "dose_adequate",
    "duration_adequate",
    "adherence_adequate",
    "nonresponse",
)


def is_named(table: ir.Table, names: Sequence[str]) -> ir.BooleanValue:
    """Tell whether the treatment is one of the named ones: by ingredient, moiety or word; null
    where it is unrecognised.
    """
    listed = table.ingredient.isin(list(names)) | table.moiety.isin(list(names))
    return table.drug_role.notnull().ifelse(listed.fill_null(False), ibis.null("boolean"))


def is_counted(table: ir.Table, rule: TrialRule, *, defaults: bool) -> ir.BooleanValue:
    """Tell whether the trial is one of an antidepressant, or of what else the rule counts."""
    counted = is_antidepressant(table, defaults=defaults)
    if rule.not_counted:
        counted = counted & ~is_named(table, rule.not_counted)
    if rule.also_counted:
        also = is_named(table, rule.also_counted) & _is_for_depression(table, defaults=defaults)
        counted = counted | also
    return counted


def _is_for_depression(table: ir.Table, *, defaults: bool) -> ir.BooleanValue:
    if not defaults:
        return table.for_depression
    return table.for_depression.fill_null((~table.for_depression_is_bad).nullif(False))


def is_antidepressant(table: ir.Table, *, defaults: bool) -> ir.BooleanValue:
    """Tell whether the trial is one of an antidepressant, as the main drug, for depression.

    An empty role is primary and an empty indication is depression, by default; bad cells are
    unknown.
    """
    drug = table.drug_role == ANTIDEPRESSANT
    role = table.role == "primary"
    if defaults:
        role = role.fill_null((~table.role_is_bad).nullif(False))
    return drug & role & _is_for_depression(table, defaults=defaults)


def is_first_line(table: ir.Table, rule: TrialRule) -> ir.BooleanValue:
    """Tell whether the drug is first-line by the rule's list; null where it is unrecognised."""
    known = table.drug_role.notnull()
    if rule.first_line == "any":
        listed = table.drug_role == ANTIDEPRESSANT
    else:
        listed = table[f"first_line_{rule.first_line}"].fill_null(False)
    if rule.also_counted:
        listed = listed | is_named(table, rule.also_counted)
    return known.ifelse(listed, ibis.null("boolean"))


def is_dose_adequate(table: ir.Table, rule: TrialRule) -> ir.BooleanValue:
    """Tell whether a dose reached the minimum; dose steps replace the single dose."""
    if not rule.asks_dose:
        return ibis.literal(True)
    single = table.dose_mg_per_day >= table.min_dose
    return table.has_steps.ifelse(table.step_dose_adequate, single)


def is_duration_adequate(table: ir.Table, rule: TrialRule) -> ir.BooleanValue:
    """Tell whether the trial lasted long enough, at an adequate dose where it has dose steps."""
    days = rule.required_days
    if not days:
        return ibis.literal(True)
    judged: ir.BooleanValue = table.duration_days >= days
    if rule.asks_dose:
        by_steps = ibis.cases(
            (table.run_days_low >= days, True),
            (table.run_days_high < days, False),
            else_=ibis.null("boolean"),
        )
        uses_steps = (table.has_steps & table.dose_adequate).fill_null(False)
        judged = uses_steps.ifelse(by_steps, judged)
    return table.in_progress.ifelse(ibis.null("boolean"), judged)


def is_adherence_adequate(table: ir.Table, rule: TrialRule) -> ir.BooleanValue:
    """Tell whether enough of the days were covered."""
    needed = rule.required_adherence
    return ibis.literal(True) if needed is None else table.adherence >= needed


def derive_adequate_days(table: ir.Table, rule: TrialRule) -> ir.IntegerValue:
    """Give the days at or above the minimum dose, any dose where none is asked; null: unknown."""
    unknown = ibis.null("int64")
    if not rule.asks_dose:
        return table.duration_days
    single = ibis.cases(
        (table.dose_adequate, table.duration_days), (~table.dose_adequate, 0), else_=unknown
    )
    low, high = table.run_days_low, table.run_days_high
    stepped = ibis.cases(
        (table.in_progress & table.dose_adequate.fill_null(True), unknown),
        (low == high, low),
        else_=unknown,
    )
    return table.has_steps.ifelse(stepped, single)


def derive_exposed(
    engine: Keeper, trials: ir.Table, patients: ir.Table, drugs: ir.Table, *, can_be_filled: bool
) -> ir.Table:
    """Add to trials all that no definition decides: treatment, own scores, next treatment,
    exposure.

    ``can_be_filled`` tells whether there are ratings to fill scores from.
    """
    # Scores and the next treatment come first: they need less than the joined rows, and cost less.
    scored = derive_own_scores(engine, derive_treatment(trials), can_be_filled=can_be_filled)
    return derive_exposure(scored, patients, drugs)


def derive_trials(
    engine: Keeper,
    exposed: ir.Table,
    doses: ir.Table | None,
    offers: Offers | None,
    scales: tuple[Scale, ...],
    lost: ir.Table,
    definition: Definition,
) -> ir.Table:
    """Judge every trial by one definition.

    Parameters
    ----------
    engine
        Keeps what dose steps give per trial.
    exposed
        Trials with their own scores and exposure, see :func:`derive_exposed`.
    doses
        Accepted dose steps; None where no drop has any.
    offers
        What ratings offer to trials that lack a score; None where no drop has ratings.
    scales
        Symptom scales in their order.
    lost
        Quarantined trials of known patients: ``patient_id``.
    definition
        The definition.

    Returns
    -------
    Table
        The same rows with the score columns as used, ``duration_days``, ``in_progress``,
        ``adequate_days``, ``reduction``, ``outcome``, ``outcome_source``, ``remission``, the six
        criteria, ``failed``, ``verdict``, ``established_day`` (null: unknown or not failed) and
        ``failed_bare``: ``failed`` if every stated default (role, indication, undated score, no
        stop, dose step without a stop) were unknown; ``antidepressant_bare`` likewise.
    """
    table, columns, rule = exposed, exposed.columns, definition.trial
    steps = None
    if doses is not None:
        # Where no dose is asked for, steps still say which dose was held.
        minima = rule.dose_table if rule.asks_dose else "default"
        steps = judge_dose_steps(engine, exposed, doses, minima, rule.required_days)
    # Both readings are derived along the same rows: joining them afterwards would cost more.
    recorded = (*SCORE_COLUMNS, "baseline_day_is_bad", "endpoint_day_is_bad", "dose_mg_per_day")
    table = table.mutate(**{f"recorded_{name}": table[name] for name in recorded})
    bare = _judge(table, steps and steps.bare, offers and offers.bare, scales, rule, defaults=False)
    bare = _conclude(engine, bare, definition, scales, lost, defaults=False)
    restored = {name: bare[f"recorded_{name}"] for name in recorded}
    kept = {f"{name}_bare": bare[name] for name in ("antidepressant", "failed")}
    table = bare.select(**{name: bare[name] for name in columns} | restored | kept)
    table = table.mutate(filled=ibis.literal(False))
    judged = _judge(
        table, steps and steps.usual, offers and offers.usual, scales, rule, defaults=True
    )
    judged = _conclude(engine, judged, definition, scales, lost, defaults=True)
    return judged.mutate(
        verdict=_verdict(judged, rule), established_day=_established_day(judged, rule)
    )


def _judge(
    table: ir.Table,
    steps: ir.Table | None,
    chosen: ir.Table | None,
    scales: tuple[Scale, ...],
    rule: TrialRule,
    *,
    defaults: bool,
) -> ir.Table:
    """Add every criterion but non-response, reading the stated defaults as such or as unknown."""
    if chosen is not None:
        table = derive_filled_scores(table, chosen)
    table = derive_outcome(table, scales, defaults=defaults)
    table = table.mutate(
        end_day=end_day(table, defaults=defaults),
        in_progress=is_in_progress(table, rule.required_days, defaults=defaults),
        min_dose=table[f"min_mg_{rule.dose_table if rule.asks_dose else 'default'}"],
    )
    table = table.mutate(
        duration_days=table.in_progress.ifelse(ibis.null("int64"), table.end_day - table.start_day)
    )
    table = _join_steps(table, steps)
    table = table.mutate(
        antidepressant=is_counted(table, rule, defaults=defaults),
        first_line=is_first_line(table, rule),
        dose_adequate=is_dose_adequate(table, rule),
        adherence_adequate=is_adherence_adequate(table, rule),
        remission=is_remission(table),
        dose_mg_per_day=table.has_steps.ifelse(table.step_dose_max, table.dose_mg_per_day),
    )
    return table.mutate(
        duration_adequate=is_duration_adequate(table, rule),
        adequate_days=derive_adequate_days(table, rule),
    )


def _conclude(
    engine: Keeper,
    table: ir.Table,
    definition: Definition,
    scales: tuple[Scale, ...],
    lost: ir.Table,
    *,
    defaults: bool,
) -> ir.Table:
    """Add ``nonresponse`` and ``failed``."""
    nonresponse = definition.trial.nonresponse
    if nonresponse.is_switch:
        distinct_by = definition.main_failures.distinct_by
        table = derive_switches(engine, table, nonresponse, distinct_by, lost, defaults=defaults)
        table = table.mutate(nonresponse=table.switched)
    else:
        table = table.mutate(nonresponse=is_nonresponse(table, nonresponse, scales))
    failed: ir.BooleanValue = table[CRITERIA[0]]
    for name in CRITERIA[1:]:
        failed = failed & table[name]
    return table.mutate(failed=failed)


def _join_steps(table: ir.Table, steps: ir.Table | None) -> ir.Table:
    if steps is None:
        unknown = ibis.null("int64")
        return table.mutate(
            has_steps=ibis.literal(False), step_dose_adequate=ibis.null("boolean"),
            step_dose_max=ibis.null("float64"), run_days_low=unknown, run_days_high=unknown,
            run_reached_low=unknown, run_reached_high=unknown,
        )  # fmt: skip
    joined = table.left_join(
        steps.mutate(has_steps=ibis.literal(True)), ["patient_id", "trial_id"]
    ).drop("patient_id_right", "trial_id_right")
    return joined.mutate(has_steps=joined.has_steps.fill_null(False))


def is_remission(table: ir.Table) -> ir.BooleanValue:
    """Tell whether the outcome is a remission; a scale of change cannot tell it from a response."""
    cannot_tell = (
        (table.outcome == RESPONSE)
        & (table.scale == CHANGE_SCALE)
        & (table.outcome_source != "rating")
    ).fill_null(False)
    return cannot_tell.ifelse(ibis.null("boolean"), table.outcome == REMISSION)


def _verdict(table: ir.Table, rule: TrialRule) -> ir.StringValue:
    is_switch = rule.nonresponse.is_switch
    return ibis.cases(
        (~table.antidepressant, "not_antidepressant"),
        (~table.first_line, "not_first_line"),
        (~table.nonresponse, "not_switched" if is_switch else "responded"),
        (~table.dose_adequate, "dose_inadequate"),
        (~table.duration_adequate, "duration_insufficient"),
        (~table.adherence_adequate, "adherence_poor"),
        (table.antidepressant.isnull() | table.first_line.isnull(), "drug_unknown"),
        (table.dose_adequate.isnull(), "dose_unknown"),
        (table.in_progress, "in_progress"),
        (table.duration_adequate.isnull(), "duration_unknown"),
        (table.adherence_adequate.isnull(), "adherence_unknown"),
        (table.nonresponse.isnull(), "switch_unknown" if is_switch else "outcome_unknown"),
        else_="failed",
    )


def _established_day(table: ir.Table, rule: TrialRule) -> ir.IntegerValue:
    """Give the day on which a failure is established; null where a needed day is unknown."""
    unknown = ibis.null("int64")
    long_enough: ir.IntegerValue = table.start_day + rule.required_days
    if rule.asks_dose and rule.required_days:
        by_steps = (
            (table.run_reached_low == table.run_reached_high)
            .fill_null(False)
            .ifelse(table.run_reached_low, unknown)
        )
        long_enough = table.has_steps.ifelse(by_steps, long_enough)
    judged = (
        table.switch_day
        if rule.nonresponse.is_switch
        else table.endpoint_day.coalesce(table.stop_day)
    )
    later = (judged > long_enough).ifelse(judged, long_enough)
    known = judged.notnull() & long_enough.notnull() & table.failed.fill_null(False)
    return known.ifelse(later, unknown)
