"""Second failures: how long each patient was followed, and when failures sufficed."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.estimands import CURVE_CRITERIA
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.three_valued import all_of
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.failures import Keeper, count_failures, distinct_key

#: Curves: what has failed for certain, as late as it may have been established; and what may have
#: failed, as early as it can have been.
DEFINITE, POSSIBLE = "definite", "possible"
CURVES = (DEFINITE, POSSIBLE)
#: What :func:`count_follow_up` gives where nobody is followed.
NOBODY_FOLLOWED = pd.DataFrame(
    {"curve": [], "days": [], "has_event": [], "patients": []}
).astype({"days": "int64", "has_event": "bool", "patients": "int64"})  # fmt: skip


def count_follow_up(
    engine: Keeper,
    criteria: ir.Table,
    patients: ir.Table,
    trials: ir.Table,
    definition: Definition,
    settings: RateSettings,
) -> pd.DataFrame:
    """Count patients by how long they were followed and whether failures sufficed.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    criteria
        As :func:`trdanalysis.analysis.criteria.derive_criteria` gives it.
    patients
        Accepted patients: ``patient_id``, ``last_observed_day``.
    trials
        Judged by ``definition``: ``patient_id``, ``trial_id``, ``ingredient``, ``moiety``,
        ``drug_class``, ``start_day``, ``stop_day``, ``baseline_day``, ``endpoint_day``, ``failed``,
        ``established_day``.
    definition
        How many failures are enough, and which count apart.
    settings
        Age bands.

    Returns
    -------
    DataFrame
        ``curve`` (:data:`CURVES`), ``days`` since the start of the first antidepressant trial,
        ``has_event``, ``patients``. Members are adults and patients of unknown age who meet
        :data:`trdanalysis.analysis.estimands.CURVE_CRITERIA` for certain.

    Notes
    -----
    Follow-up ends on ``last_observed_day``; where it is unknown or lies before the first trial, on
    the last day recorded of any trial. A certain failure whose day is unknown counts in the
    definite curve from the end of its trial, or of follow-up; any that may be one counts in the
    possible curve from the first day on which it was long enough. What comes after the end of
    follow-up does not count.
    """
    under_age = criteria.age_band.isin(list(settings.under_age_bands)).fill_null(False)
    member = all_of(criteria, CURVE_CRITERIA).fill_null(False) & ~under_age
    is_own = criteria.definition == definition.id
    members = criteria.filter(member & is_own).select("patient_id", "first_start_day")
    followed = engine.keep(_derive_end(members, patients, trials))
    rows = engine.keep(_derive_days(trials.semi_join(followed, "patient_id"), followed, definition))
    parts = []
    for curve in CURVES:
        found = _find_sufficient(engine, rows, curve, definition)
        parts.append(_count_days(followed, found).assign(curve=curve))
    return pd.concat(parts, ignore_index=True)[["curve", "days", "has_event", "patients"]]


def add_follow_up(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up what :func:`count_follow_up` gives for parts of the patients."""
    if len(parts) == 1:
        return parts[0]
    by = ["curve", "days", "has_event"]
    added = pd.concat(parts).groupby(by)[["patients"]].sum().reset_index()
    order = {curve: place for place, curve in enumerate(CURVES)}
    place = added["curve"].map(order)
    return added.assign(place=place).sort_values(
        ["place", "days", "has_event"], ignore_index=True
    )[["curve", "days", "has_event", "patients"]]  # fmt: skip


def _derive_end(members: ir.Table, patients: ir.Table, trials: ir.Table) -> ir.Table:
    """Add ``end_day``, the last day of follow-up, to the members."""
    days = ("start_day", "stop_day", "baseline_day", "endpoint_day")
    last = ibis.greatest(*(trials[name].fill_null(trials.start_day) for name in days))
    recorded = trials.group_by("patient_id").agg(last_recorded_day=last.max())
    joined = members.join(recorded, "patient_id")
    joined = joined.join(patients.select("patient_id", "last_observed_day"), "patient_id")
    observed = (joined.last_observed_day >= joined.first_start_day).ifelse(
        joined.last_observed_day, ibis.null("int64")
    )
    return joined.select(
        "patient_id", "first_start_day", end_day=observed.coalesce(joined.last_recorded_day)
    )


def _derive_days(trials: ir.Table, followed: ir.Table, definition: Definition) -> ir.Table:
    """Give the earliest and the latest day of every failure that may be one."""
    keyed = trials.mutate(
        treatment_key=trials.ingredient.coalesce(ibis.literal("?") + trials.trial_id)
    )
    rows = keyed.filter(keyed.failed.fill_null(True)).select(
        "patient_id",
        "start_day",
        "stop_day",
        "endpoint_day",
        "established_day",
        treatment=distinct_key(keyed, definition.main_failures.distinct_by),
        failed=keyed.failed.fill_null(False),
    )
    rows = rows.join(followed, "patient_id")
    return rows.select(
        "patient_id",
        "treatment",
        "start_day",
        "end_day",
        "failed",
        possible_day=rows.established_day.coalesce(rows.start_day + definition.trial.required_days),
        definite_day=rows.established_day.coalesce(
            ibis.greatest(
                rows.stop_day.coalesce(rows.endpoint_day), rows.endpoint_day.coalesce(rows.stop_day)
            ),
            rows.end_day,
        ),
    )


def _find_sufficient(
    engine: Keeper, rows: ir.Table, curve: str, definition: Definition
) -> ir.Table:
    """Give per patient the first day by which enough failures were established."""
    rule, needed = definition.main_failures, definition.min_failures or 0
    chosen = rows.filter(rows.failed) if curve == DEFINITE else rows
    dated = chosen.mutate(day=chosen[f"{curve}_day"])
    dated = dated.filter(dated.day <= dated.end_day)
    several = dated.group_by("patient_id").agg(failures=dated.count())
    several = several.filter(several.failures >= needed)
    dated = engine.keep(
        dated.semi_join(several, "patient_id").select("patient_id", "treatment", "start_day", "day")
    )
    days = dated.select("patient_id", by_day="day").distinct()
    pairs = dated.join(days, ["patient_id", dated.day <= days.by_day])
    pairs = engine.keep(
        pairs.select("patient_id", "by_day", "treatment", "start_day", counts=ibis.literal(True))
    )
    counted = count_failures(
        engine, pairs, ["patient_id", "by_day"], ("counts",), rule, enough=needed
    )
    enough = counted.filter(counted.counts >= needed)
    return enough.group_by("patient_id").agg(event_day=enough.by_day.min())


def _count_days(followed: ir.Table, found: ir.Table) -> pd.DataFrame:
    joined = followed.left_join(found, "patient_id")
    day = joined.event_day.coalesce(joined.end_day)
    timed = joined.select(days=day - joined.first_start_day, has_event=joined.event_day.notnull())
    by: Sequence[str] = ["days", "has_event"]
    counted: pd.DataFrame = (
        timed.group_by(by).agg(patients=timed.count()).order_by(by).to_pyarrow().to_pandas()
    )
    return counted
