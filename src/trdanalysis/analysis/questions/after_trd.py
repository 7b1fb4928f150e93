"""What was tried after treatment resistance, what came of it, and how long it took.

A description: who got which treatment was for others to choose, and those who chose knew more than
the records hold (confounding by indication). Nothing here says which treatment works better.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.questions.asked import Asked, Counting, Found
from trdanalysis.analysis.questions.form import ALL_AGES, YES_NO
from trdanalysis.analysis.questions.members import TRD
from trdanalysis.analysis.questions.next_steps import AfterResistance, derive_after_resistance
from trdanalysis.analysis.questions.pathways import NONE_RECORDED, STRATEGIES, list_pathways
from trdanalysis.analysis.questions.strategy_contrasts import compare_strategies
from trdanalysis.analysis.second_failures import DEFINITE, POSSIBLE
from trdanalysis.analysis.survival import estimate_curves
from trdanalysis.analysis.three_valued import is_unknown, negate

QUESTION = "after_trd"

#: Measures, and levels that are not strategies or pathways.
NEXT_STEP, PATHWAY, LEFT_ON_FAILED = "next_step", "pathway", "left_on_failed"
OUTCOME_OF_STEP, RESPONSE, REMISSION = "outcome_of_step", "response", "remission"

#: Name of the curve.
TIME_TO_NEXT_STEP = "time_to_next_step"


def ask_after_trd(asked: Asked) -> Found:
    """Ask what was tried after treatment resistance.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Found
        Counts, of resistant members: ``next_step`` (a strategy or ``none_recorded``), ``pathway``
        (kinds of up to three steps), ``left_on_failed``, and by strategy ``outcome_of_step`` of the
        first step known to be of it. Contrasts of strategies, and the curve of the time from onset
        to the next step.
    """
    after = derive_after_resistance(asked, asked.members)
    counting = Counting(QUESTION)
    add_next_steps(counting, after, TRD)
    add_pathways(counting, after, TRD)
    add_left_on_failed(counting, after, TRD)
    first = asked.engine.keep(find_first_of_each(after.steps))
    add_outcomes(counting, first, TRD)
    curves = estimate_curves(count_days_to_next_step(after.patients), asked.definition.id)
    return Found(
        counting.answers,
        compare_strategies(first, QUESTION, asked.definition.id),
        curves.assign(estimand=TIME_TO_NEXT_STEP),
    )


def add_next_steps(
    counting: Counting, after: AfterResistance, population: str, *, age_band: str = ALL_AGES
) -> None:
    """Count the first next steps of a population."""
    found = _count_values(after.patients, "next_step")
    levels = (*STRATEGIES, NONE_RECORDED)
    counting.add_levels(
        NEXT_STEP, population, [(level, found.get(level, 0)) for level in levels],
        found.get(None, 0), age_band=age_band,
    )  # fmt: skip


def add_pathways(
    counting: Counting, after: AfterResistance, population: str, *, age_band: str = ALL_AGES
) -> None:
    """Count the sequences of kinds of steps of a population."""
    found = _count_values(after.patients, "pathway")
    counting.add_levels(
        PATHWAY, population, [(level, found.get(level, 0)) for level in list_pathways()],
        found.get(None, 0), age_band=age_band,
    )  # fmt: skip


def add_left_on_failed(
    counting: Counting, after: AfterResistance, population: str, *, age_band: str = ALL_AGES
) -> None:
    """Count who had no next step while a treatment that had failed went on."""
    found = _count_values(after.patients, "left_on_failed")
    counts = (sum(found.values()), found.get(None, 0), found.get(True, 0))
    counting.add(LEFT_ON_FAILED, population, LEFT_ON_FAILED, counts, kind=YES_NO, age_band=age_band)


def add_outcomes(
    counting: Counting, first: ir.Table, population: str, *, age_band: str = ALL_AGES
) -> None:
    """Count response and remission by strategy.

    Parameters
    ----------
    counting
        Takes the rows; their group is the strategy.
    first
        As :func:`find_first_of_each` gives it.
    population, age_band
        Whose steps they are.
    """
    counted = first.group_by("strategy").agg(
        total=first.count(),
        **{
            f"{name}_{what}": value.fill_null(False).sum()
            for name, column in ((RESPONSE, first.responded), (REMISSION, first.remission))
            for what, value in (("unknown", is_unknown(column)), ("events", column))
        },
    )
    rows = counted.to_pyarrow().to_pandas().set_index("strategy")
    rows = rows.reindex(list(STRATEGIES), fill_value=0).astype("int64")
    for level in (RESPONSE, REMISSION):
        for strategy, row in rows.iterrows():
            counts = (int(row["total"]), int(row[f"{level}_unknown"]), int(row[f"{level}_events"]))
            counting.add(
                OUTCOME_OF_STEP, population, level, counts,
                kind=YES_NO, age_band=age_band, group=str(strategy),
            )  # fmt: skip


def find_first_of_each(steps: ir.Table) -> ir.Table:
    """Find each patient's first step of each strategy.

    Parameters
    ----------
    steps
        As :func:`trdanalysis.analysis.questions.steps.derive_steps` gives it.

    Returns
    -------
    Table
        Rows of ``steps``, one per patient and strategy; steps of which the strategy is unknown are
        left out.
    """
    known = steps.filter(steps.strategy.notnull())
    order = ibis.window(group_by=["patient_id", "strategy"], order_by="day")
    ranked = known.mutate(place=ibis.row_number().over(order))
    return ranked.filter(ranked.place == 0).drop("place")


def count_days_to_next_step(patients: ir.Table) -> pd.DataFrame:
    """Count patients by the days from onset to the next step or the end of follow-up.

    Parameters
    ----------
    patients
        As :func:`trdanalysis.analysis.questions.next_steps.derive_next_steps` gives it.

    Returns
    -------
    DataFrame
        ``curve`` (``definite``: what certainly is a step; ``possible``: also what may be one),
        ``days``, ``has_event``, ``patients``. Of patients whose onset is known and who have no
        quarantined trial, which has no day. Follow-up ends on ``last_observed_day``; where that is
        unknown or lies before onset, on the last day recorded of any trial. What comes later does
        not count.
    """
    known = patients.filter(patients.onset_day.notnull() & negate(patients.has_lost))
    observed = (known.last_observed_day >= known.onset_day).ifelse(
        known.last_observed_day, ibis.null("int64")
    )
    end = ibis.greatest(observed.coalesce(known.last_recorded_day), known.onset_day)
    known = known.mutate(end_day=end)
    parts = []
    for curve, name in ((DEFINITE, "first_certain_day"), (POSSIBLE, "first_possible_day")):
        is_event = (known[name] <= known.end_day).fill_null(False)
        timed = known.select(
            days=is_event.ifelse(known[name], known.end_day) - known.onset_day, has_event=is_event
        )
        by = ["days", "has_event"]
        counted = timed.group_by(by).agg(patients=timed.count()).order_by(by)
        parts.append(counted.to_pyarrow().to_pandas().assign(curve=curve))
    return pd.concat(parts, ignore_index=True)[["curve", "days", "has_event", "patients"]]


def _count_values(table: ir.Table, column: str) -> dict[str | bool | None, int]:
    counted = table.group_by(column).agg(patients=table.count()).to_pyarrow().to_pylist()
    return {row[column]: int(row["patients"]) for row in counted}
