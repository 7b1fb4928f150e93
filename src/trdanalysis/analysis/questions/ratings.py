"""Ratings on and after a treatment that brought response: when it did, and whether it was lost."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.three_valued import negate

#: Response is a score of at most half of the baseline's, and is lost where a later one is above it:
#: the article's threshold, both ways.
RESPONSE_SHARE = 0.5

#: Return within so many days of the response is early: before the eight weeks are over that the
#: article calls an appropriate duration.
EARLY_WITHIN_DAYS = 56


def derive_responses(asked: Asked) -> ir.Table:
    """Follow each patient's first antidepressant trial that brought response.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Table
        One row per member with a trial that was certainly an antidepressant's and certainly brought
        response: by its judged outcome, or by a rating on the way. Of these trials it is the one
        that began first (then by ``trial_id``). ``response_day``: the day of the first rating on
        the trial's scale, after its start and within it, of at most half of the baseline score;
        null where no rating shows it (only the outcome does). ``stop_day``: null where the trial
        goes on or its end is not known (``is_stopped`` tells them apart: null is unknown).
        ``last_day_on``, ``lost_day_on``: of later ratings within the trial the last, and the first
        above half; ``last_day_off``, ``lost_day_off``: the same after its end. Null: there is none.

    Notes
    -----
    A trial's own endpoint is one of its ratings. Ratings on other scales are left out, as
    everywhere: a share of another scale's score means nothing.
    """
    given = asked.given.select("patient_id", "trial_id", has_stop_reason=_is_ended(asked.given))
    trials = asked.cohort.trials.filter(asked.cohort.trials.antidepressant)
    trials = trials.inner_join(given, ["patient_id", "trial_id"])
    trials = trials.semi_join(asked.members, "patient_id")
    trials = trials.select(
        "patient_id", "trial_id", "start_day", "stop_day", "scale", "baseline_score",
        "endpoint_day", "endpoint_score", "nonresponse",
        is_stopped=ibis.cases(
            (trials.stop_day.notnull(), True), (trials.has_stop_reason, ibis.null("boolean")),
            else_=False,
        ),
    )  # fmt: skip
    rated = asked.engine.keep(_rate(trials, asked.assessments))
    keys = ["patient_id", "trial_id"]
    responses = rated.filter(rated.is_on & rated.is_half).group_by(keys)
    responses = responses.agg(response_day=rated.day.min())
    own = trials.left_join(responses, keys, rname="{name}_of_response")
    own = own.filter(own.response_day.notnull() | negate(own.nonresponse).fill_null(False))
    order = ibis.window(group_by="patient_id", order_by=["start_day", "trial_id"])
    own = own.mutate(place=ibis.row_number().over(order))
    first = own.filter(own.place == 0).select(
        *keys, "start_day", "stop_day", "is_stopped", "response_day"
    )
    later = rated.inner_join(first.select(*keys, "response_day"), keys)
    later = later.filter(later.day > later.response_day)
    on, off = later.is_on, ~later.is_on
    lost = ~later.is_half
    days = later.group_by(keys).agg(
        last_day_on=later.day.max(where=on),
        lost_day_on=later.day.min(where=on & lost),
        last_day_off=later.day.max(where=off),
        lost_day_off=later.day.min(where=off & lost),
    )
    joined = first.left_join(days, keys, rname="{name}_of_days")
    return joined.drop("patient_id_of_days", "trial_id_of_days")


def _is_ended(given: ir.Table) -> ir.BooleanValue:
    """Tell whether a trial without a stop ended all the same, on an unknown day."""
    return given.stop_reason.notnull() | given.stop_reason_is_bad


def _rate(trials: ir.Table, assessments: ir.Table) -> ir.Table:
    """List the ratings on each trial's scale after its start, the endpoint among them.

    Returns
    -------
    Table
        ``patient_id``, ``trial_id``, ``day``, ``is_half`` (at most half of the baseline score) and
        ``is_on`` (within the trial: until its stop, and that day; always, where it has none). Of
        trials without a baseline score above zero, and of those that ended on an unknown day,
        none: whether a rating is of the treatment is not known.
    """
    usable = trials.filter((trials.baseline_score > 0) & trials.is_stopped.notnull())
    beside = assessments.select("patient_id", "day", "score", rated_on="scale")
    listed = usable.inner_join(beside, "patient_id")
    listed = listed.filter(listed.rated_on == listed.scale)
    columns = ("patient_id", "trial_id", "start_day", "stop_day", "baseline_score")
    ends = usable.select(*columns, day=usable.endpoint_day, score=usable.endpoint_score)
    rows = ibis.union(listed.select(*columns, "day", "score"), ends)
    rows = rows.filter((rows.day > rows.start_day) & rows.score.notnull())
    return rows.select(
        "patient_id", "trial_id", "day",
        is_half=rows.score <= RESPONSE_SHARE * rows.baseline_score,
        is_on=(rows.day <= rows.stop_day).fill_null(True),
    )  # fmt: skip
