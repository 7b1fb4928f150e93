"""The outcome of a trial: from its scores, else from the clinician's rating."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale, derive_of_scale
from trdanalysis.labelling import windows
from trdanalysis.labelling.exposure import is_in_progress
from trdanalysis.labelling.rules import NonResponse
from trdanalysis.labelling.scores import CHANGE_SCALE, endpoint_from_day, endpoint_to_day

REMISSION, RESPONSE = "remission", "response"
PARTIAL_RESPONSE, NO_RESPONSE = "partial_response", "no_response"

#: Scores are compared as whole millionths of a point: exact where binary fractions are not.
_MILLIONTHS = 1_000_000


def _exact(score: ir.NumericValue) -> ir.IntegerValue:
    return (score * _MILLIONTHS).round().cast("int64")


def derive_outcome(table: ir.Table, scales: tuple[Scale, ...], *, defaults: bool) -> ir.Table:
    """Judge the outcome of each trial.

    Parameters
    ----------
    table
        Trials with exposure and scores (``filled`` included).
    scales
        Symptom scales.
    defaults
        Whether an undated score is read as inside its window and a trial without a stop as ongoing.

    Returns
    -------
    Table
        The same rows with ``reduction`` (fraction of the baseline score lost; null: not
        computable), ``outcome`` and ``outcome_source`` (null: unknown), and ``outcomes_disagree``
        (scores and rating both speak and disagree on response; never null).
    """
    from_scores = _outcome_from_scores(table, scales, defaults=defaults)
    table = table.mutate(
        from_scores=from_scores,
        reduction=_reduction(table, scales),
        too_early=is_in_progress(table, windows.FULL_TRIAL_DAYS, defaults=defaults),
    )
    outcome = table.too_early.ifelse(
        ibis.null("string"), table.from_scores.coalesce(table.rated_outcome)
    )
    responded = (RESPONSE, REMISSION)
    # Spark's grammar knows no comparison of two memberships; exclusive or says the same.
    disagree = table.from_scores.isin(responded) ^ table.rated_outcome.isin(responded)
    table = table.mutate(
        outcome=outcome,
        outcomes_disagree=(disagree & ~table.too_early).fill_null(False),
    )
    source = ibis.cases(
        (table.outcome.isnull(), ibis.null("string")),
        (table.from_scores.isnull(), ibis.literal("rating")),
        (table.filled, ibis.literal("assessments")),
        else_=ibis.literal("scores"),
    )
    return table.mutate(outcome_source=source).drop("from_scores", "too_early")


def _outcome_from_scores(
    table: ir.Table, scales: tuple[Scale, ...], *, defaults: bool
) -> ir.StringValue:
    minimum = _exact(derive_of_scale(table.scale, scales, "minimum"))
    remission = _exact(derive_of_scale(table.scale, scales, "remission_at_most"))
    baseline, endpoint = _exact(table.baseline_score), _exact(table.endpoint_score)
    lost = baseline - endpoint
    of_change = table.scale == CHANGE_SCALE
    endpoint_fits = table.endpoint_score.notnull() & _is_endpoint_day_inside(
        table, defaults=defaults
    )
    baseline_fits = (baseline > remission) & _is_baseline_day_inside(table, defaults=defaults)
    in_order = (table.endpoint_day > table.baseline_day).fill_null(True)
    whole = 1 * _MILLIONTHS
    return ibis.cases(
        (table.scale.isnull() | ~endpoint_fits, ibis.null("string")),
        (of_change & (endpoint <= 2 * whole), ibis.literal(RESPONSE)),
        (of_change & (endpoint == 3 * whole), ibis.literal(PARTIAL_RESPONSE)),
        (of_change, ibis.literal(NO_RESPONSE)),
        (~(baseline_fits & in_order).fill_null(False), ibis.null("string")),
        (endpoint <= remission, ibis.literal(REMISSION)),
        (2 * lost >= baseline - minimum, ibis.literal(RESPONSE)),
        (4 * lost >= baseline - minimum, ibis.literal(PARTIAL_RESPONSE)),
        else_=ibis.literal(NO_RESPONSE),
    )


def _is_baseline_day_inside(table: ir.Table, *, defaults: bool) -> ir.BooleanValue:
    day = table.baseline_day - table.start_day
    undated = ~table.baseline_day_is_bad & ibis.literal(defaults)
    return day.between(windows.BASELINE_FROM_DAY, windows.BASELINE_TO_DAY).fill_null(undated)


def _is_endpoint_day_inside(table: ir.Table, *, defaults: bool) -> ir.BooleanValue:
    day = table.endpoint_day - table.start_day
    undated = ~table.endpoint_day_is_bad & ibis.literal(defaults)
    inside = (day >= endpoint_from_day(table, defaults=defaults)) & (day <= endpoint_to_day(table))
    return inside.fill_null(undated)


def _reduction(table: ir.Table, scales: tuple[Scale, ...]) -> ir.FloatingValue:
    minimum = derive_of_scale(table.scale, scales, "minimum")
    above = table.baseline_score - minimum
    computable = (above > 0) & (table.scale != CHANGE_SCALE)
    lost = (table.baseline_score - table.endpoint_score) / above
    return computable.fill_null(False).ifelse(lost, ibis.null("float64"))


def is_nonresponse(
    table: ir.Table, nonresponse: NonResponse, scales: tuple[Scale, ...]
) -> ir.BooleanValue:
    """Tell whether a judged outcome is non-response.

    Parameters
    ----------
    table
        Trials after :func:`derive_outcome`, with ``remission``.
    nonresponse
        What counts; a switch is none of an outcome.
    scales
        Symptom scales.

    Notes
    -----
    A clinician's rating has three grades below remission: a rated partial response is taken to be
    more than 25%, and whether a rated response lies below a score is unknown.
    """
    if nonresponse.short_of_remission:
        return ~table.remission
    below: tuple[str, ...] = (PARTIAL_RESPONSE, NO_RESPONSE)
    if nonresponse.reduction_below_percent != 50:
        below = (NO_RESPONSE,)
    found: ir.BooleanValue = table.outcome.isin(list(below))
    from_scores = (table.outcome_source != "rating").fill_null(False)
    if nonresponse.reduction_at_most_percent is not None:
        minimum = _exact(derive_of_scale(table.scale, scales, "minimum"))
        baseline, endpoint = _exact(table.baseline_score), _exact(table.endpoint_score)
        quarter = 4 * (baseline - endpoint) == baseline - minimum
        is_quarter = from_scores & (table.scale != CHANGE_SCALE) & quarter
        partial = table.outcome == PARTIAL_RESPONSE
        found = found | (partial & is_quarter.fill_null(False))
    limit = nonresponse.or_score_at_least
    if limit is not None:
        high = ibis.cases(
            (table.outcome == REMISSION, False),
            (from_scores & (table.scale == limit.scale), table.endpoint_score >= limit.score),
            else_=ibis.null("boolean"),
        )
        found = found | (table.outcome.notnull().ifelse(high, ibis.null("boolean")))
    return found
