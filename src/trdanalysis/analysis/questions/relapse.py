"""Return of symptoms after response: on the treatment that brought it, early, and after its end."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.questions.asked import Asked, Counting, Found
from trdanalysis.analysis.questions.form import YES_NO
from trdanalysis.analysis.questions.ratings import EARLY_WITHIN_DAYS, derive_responses
from trdanalysis.analysis.second_failures import DEFINITE
from trdanalysis.analysis.survival import estimate_curves
from trdanalysis.analysis.three_valued import is_unknown

QUESTION = "relapse"

#: Populations: who responded; of these, who stopped a treatment on which symptoms had not returned.
RESPONDERS, STOPPED_WELL = "responders", "stopped_well"

#: Events.
ON_TREATMENT, EARLY, OFF_TREATMENT = "relapse_on_treatment", "early_return", "relapse_after_stop"

#: Name of the curve.
TIME_TO_RELAPSE = "time_to_relapse"


def ask_relapse(asked: Asked) -> Found:
    """Ask in how many symptoms return after response.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Found
        Of the members with a response: ``relapse_on_treatment`` and ``early_return``; of those who
        stopped it well, ``relapse_after_stop``. The curve of the time from response to relapse on
        the treatment.
    """
    responses = asked.engine.keep(derive_relapse(derive_responses(asked)))
    counting = Counting(QUESTION)
    for name in (ON_TREATMENT, EARLY):
        counting.add(name, RESPONDERS, name, _count(responses, name), kind=YES_NO)
    stopped = responses.filter(responses.stopped_well)
    counts = _count(stopped, OFF_TREATMENT)
    counting.add(OFF_TREATMENT, STOPPED_WELL, OFF_TREATMENT, counts, kind=YES_NO)
    curve = estimate_curves(count_days_to_relapse(responses), asked.definition.id)
    return Found(counting.answers, curves=curve.assign(estimand=TIME_TO_RELAPSE))


def derive_relapse(responses: ir.Table) -> ir.Table:
    """Tell of each response whether it was lost.

    Parameters
    ----------
    responses
        As :func:`trdanalysis.analysis.questions.ratings.derive_responses` gives it.

    Returns
    -------
    Table
        The same rows with, as nullable booleans: ``relapse_on_treatment`` (a later rating within
        the trial is above half of the baseline; no: there are later ones, and none is; unknown:
        there is none, or no rating shows the response), ``early_return`` (within
        :data:`trdanalysis.analysis.questions.ratings.EARLY_WITHIN_DAYS` of the response; no: lost
        later, or not lost by a rating on or after that day), ``relapse_after_stop`` (a rating after
        the trial's end; unknown: there is none), and ``stopped_well`` (never null: the trial ended,
        and symptoms had not certainly returned).
    """
    last = responses.response_day + EARLY_WITHIN_DAYS
    lost_on, last_on = responses.lost_day_on, responses.last_day_on
    return responses.mutate(
        relapse_on_treatment=ibis.cases((lost_on.notnull(), True), (last_on.notnull(), False)),
        early_return=ibis.cases(
            (lost_on <= last, True), (lost_on > last, False), (last_on >= last, False)
        ),
        relapse_after_stop=ibis.cases(
            (responses.lost_day_off.notnull(), True), (responses.last_day_off.notnull(), False)
        ),
        stopped_well=responses.is_stopped.fill_null(False) & lost_on.isnull(),
    )


def count_days_to_relapse(responses: ir.Table) -> pd.DataFrame:
    """Count patients by the days from response to relapse, or to the last rating on treatment.

    Parameters
    ----------
    responses
        As :func:`derive_relapse` gives it.

    Returns
    -------
    DataFrame
        ``curve``, ``days``, ``has_event``, ``patients``, of those whose response a rating shows; a
        patient without a later rating is followed for 0 days.
    """
    dated = responses.filter(responses.response_day.notnull())
    lost = dated.lost_day_on.notnull()
    end = lost.ifelse(dated.lost_day_on, dated.last_day_on.coalesce(dated.response_day))
    timed = dated.select(days=end - dated.response_day, has_event=lost)
    by = ["days", "has_event"]
    counted: pd.DataFrame = (
        timed.group_by(by).agg(patients=timed.count()).order_by(by).to_pyarrow().to_pandas()
    )
    return counted.assign(curve=DEFINITE)[["curve", "days", "has_event", "patients"]]


def _count(table: ir.Table, name: str) -> tuple[int, int, int]:
    found = table.aggregate(
        total=table.count(),
        unknown=is_unknown(table[name]).sum(),
        events=table[name].fill_null(False).sum(),
    )
    row = found.to_pyarrow().to_pylist()[0]
    return int(row["total"]), int(row["unknown"] or 0), int(row["events"] or 0)
