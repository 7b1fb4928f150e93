"""Trials: every criterion of a failure, and the verdict."""

from __future__ import annotations

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
from trdanalysis.labelling.outcome import REMISSION, RESPONSE, derive_outcome
from trdanalysis.labelling.scores import (
    CHANGE_SCALE,
    SCORE_COLUMNS,
    Offers,
    derive_filled_scores,
    derive_own_scores,
)

#: The six criteria of a failure, in the order of the contract.
CRITERIA = (
    "antidepressant",
    "first_line",
    "dose_adequate",
    "duration_adequate",
    "adherence_adequate",
    "nonresponse",
)


def is_antidepressant(table: ir.Table, *, defaults: bool) -> ir.BooleanValue:
    """Tell whether the trial is one of an antidepressant, as the main drug, for depression.

    An empty role is primary and an empty indication is depression, by default; bad cells are
    unknown.
    """
    drug = table.drug_role == ANTIDEPRESSANT
    role = table.role == "primary"
    indication = table.for_depression
    if defaults:
        role = role.fill_null((~table.role_is_bad).nullif(False))
        indication = indication.fill_null((~table.for_depression_is_bad).nullif(False))
    return drug & role & indication


def is_first_line(table: ir.Table, rule: TrialRule) -> ir.BooleanValue:
    """Tell whether the drug is first-line by the rule's list; null where it is unrecognised."""
    known = table.drug_role.notnull()
    if rule.first_line == "any":
        listed = table.drug_role == ANTIDEPRESSANT
    else:
        listed = table[f"first_line_{rule.first_line}"].fill_null(False)
    return known.ifelse(listed, ibis.null("boolean"))


def is_dose_adequate(table: ir.Table) -> ir.BooleanValue:
    """Tell whether a dose reached the minimum; dose steps replace the single dose."""
    single = table.dose_mg_per_day >= table.min_dose
    return table.has_steps.ifelse(table.step_dose_adequate, single)


def is_duration_adequate(table: ir.Table, rule: TrialRule) -> ir.BooleanValue:
    """Tell whether the trial lasted long enough, at an adequate dose where it has dose steps."""
    by_steps = ibis.cases(
        (table.run_days_low >= rule.min_days, True),
        (table.run_days_high < rule.min_days, False),
        else_=ibis.null("boolean"),
    )
    uses_steps = (table.has_steps & table.dose_adequate).fill_null(False)
    judged = uses_steps.ifelse(by_steps, table.duration_days >= rule.min_days)
    return table.in_progress.ifelse(ibis.null("boolean"), judged)


def derive_adequate_days(table: ir.Table) -> ir.IntegerValue:
    """Give the days at or above the minimum dose; null where unknown."""
    unknown = ibis.null("int64")
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
    definition
        The definition.

    Returns
    -------
    Table
        The same rows with the score columns as used, ``duration_days``, ``in_progress``,
        ``adequate_days``, ``reduction``, ``outcome``, ``outcome_source``, ``remission``, the six
        criteria, ``failed``, ``verdict``, ``established_day`` (null: unknown or not failed) and
        ``failed_bare``: ``failed`` if every stated default (role, indication, undated score, no
        stop, dose step without a stop) were unknown.
    """
    table, columns, rule = exposed, exposed.columns, definition.trial
    steps = None
    if doses is not None:
        steps = judge_dose_steps(engine, exposed, doses, rule.dose_table, rule.min_days)
    # Both readings are derived along the same rows: joining them afterwards would cost more.
    recorded = (*SCORE_COLUMNS, "baseline_day_is_bad", "endpoint_day_is_bad", "dose_mg_per_day")
    table = table.mutate(**{f"recorded_{name}": table[name] for name in recorded})
    bare = _judge(table, steps and steps.bare, offers and offers.bare, scales, rule, defaults=False)
    restored = {name: bare[f"recorded_{name}"] for name in recorded}
    table = bare.select(**{name: bare[name] for name in columns} | restored, failed_bare="failed")
    table = table.mutate(filled=ibis.literal(False))
    judged = _judge(
        table, steps and steps.usual, offers and offers.usual, scales, rule, defaults=True
    )
    return judged.mutate(verdict=_verdict(judged), established_day=_established_day(judged, rule))


def _judge(
    table: ir.Table,
    steps: ir.Table | None,
    chosen: ir.Table | None,
    scales: tuple[Scale, ...],
    rule: TrialRule,
    *,
    defaults: bool,
) -> ir.Table:
    """Add every criterion, reading the stated defaults as such or as unknown."""
    if chosen is not None:
        table = derive_filled_scores(table, chosen)
    table = derive_outcome(table, scales, defaults=defaults)
    table = table.mutate(
        end_day=end_day(table, defaults=defaults),
        in_progress=is_in_progress(table, rule.min_days, defaults=defaults),
        min_dose=table[f"min_mg_{rule.dose_table}"],
    )
    table = table.mutate(
        duration_days=table.in_progress.ifelse(ibis.null("int64"), table.end_day - table.start_day)
    )
    table = _join_steps(table, steps)
    table = table.mutate(
        antidepressant=is_antidepressant(table, defaults=defaults),
        first_line=is_first_line(table, rule),
        dose_adequate=is_dose_adequate(table),
        adherence_adequate=table.adherence >= rule.min_adherence,
        nonresponse=table.outcome.isin(rule.nonresponse_outcomes),
        remission=is_remission(table),
        dose_mg_per_day=table.has_steps.ifelse(table.step_dose_max, table.dose_mg_per_day),
    )
    table = table.mutate(
        duration_adequate=is_duration_adequate(table, rule),
        adequate_days=derive_adequate_days(table),
    )
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


def _verdict(table: ir.Table) -> ir.StringValue:
    return ibis.cases(
        (~table.antidepressant, "not_antidepressant"),
        (~table.first_line, "not_first_line"),
        (~table.nonresponse, "responded"),
        (~table.dose_adequate, "dose_inadequate"),
        (~table.duration_adequate, "duration_insufficient"),
        (~table.adherence_adequate, "adherence_poor"),
        (table.antidepressant.isnull() | table.first_line.isnull(), "drug_unknown"),
        (table.dose_adequate.isnull(), "dose_unknown"),
        (table.in_progress, "in_progress"),
        (table.duration_adequate.isnull(), "duration_unknown"),
        (table.adherence_adequate.isnull(), "adherence_unknown"),
        (table.nonresponse.isnull(), "outcome_unknown"),
        else_="failed",
    )


def _established_day(table: ir.Table, rule: TrialRule) -> ir.IntegerValue:
    """Give the day on which a failure is established; null where a needed day is unknown."""
    unknown = ibis.null("int64")
    by_steps = (
        (table.run_reached_low == table.run_reached_high)
        .fill_null(False)
        .ifelse(table.run_reached_low, unknown)
    )
    long_enough = table.has_steps.ifelse(by_steps, table.start_day + rule.min_days)
    judged = table.endpoint_day.coalesce(table.stop_day)
    later = (judged > long_enough).ifelse(judged, long_enough)
    known = judged.notnull() & long_enough.notnull() & table.failed.fill_null(False)
    return known.ifelse(later, unknown)
