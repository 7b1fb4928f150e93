"""Who would qualify for a trial, step by step, and which criterion costs most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.questions.asked import Asked, Counting, Found
from trdanalysis.analysis.questions.eligibility import Criterion, Range
from trdanalysis.analysis.questions.form import YES_NO
from trdanalysis.analysis.questions.members import TRD
from trdanalysis.analysis.three_valued import all_of, is_unknown, negate
from trdanalysis.labelling.counted import count_within, rows_of_readings
from trdanalysis.labelling.labels import list_lost_trials

QUESTION = "trial_eligibility"

#: Measures: who is still in after each step; who meets one criterion, whatever the others; who
#: fails one and meets all others.
STILL_IN, MEETS, FAILS_ALONE = "still_in", "meets", "fails_alone"

#: Everybody who is asked about; beside them those labelled resistant.
MEMBERS = "members"
POPULATIONS = (MEMBERS, TRD)


def ask_trial_eligibility(asked: Asked) -> Found:
    """Ask who would qualify for a trial.

    Parameters
    ----------
    asked
        The members, their records, and the criteria of the trial.

    Returns
    -------
    Found
        Counts of all members and of resistant ones, a level for each criterion in the file's order:
        ``still_in`` (who meets it and all before it; the last is who would qualify), ``meets``
        (whatever the others) and ``fails_alone`` (who fails it and meets all others, and would
        qualify were it dropped). All three-valued: what is not recorded leaves a criterion unknown,
        and a failed one settles that the patient is out.
    """
    names = [one.name for one in asked.eligibility.criteria]
    judged = asked.engine.keep(derive_eligibility(asked))
    counting = Counting(QUESTION)
    for population in POPULATIONS:
        own = judged if population == MEMBERS else judged.filter(judged.trd)
        counts = _count(own, _make_events(own, names))
        for (measure, level), of_level in counts.items():
            counting.add(measure, population, level, of_level, kind=YES_NO)
    return Found(counting.answers)


def derive_eligibility(asked: Asked) -> ir.Table:
    """Derive whether each member meets each criterion.

    Parameters
    ----------
    asked
        The members, their records, and the criteria of the trial.

    Returns
    -------
    Table
        One row per member: ``patient_id``, ``trd``, and a nullable boolean called as each
        criterion; null: unknown.
    """
    members = asked.members
    columns = [one.excluded for one in asked.eligibility.criteria if one.excluded is not None]
    recorded = asked.cohort.patients.select(
        "patient_id", **{f"is_{name}": asked.cohort.patients[name] for name in columns}
    )
    table = members.select("patient_id", "trd", "age_years").left_join(recorded, "patient_id")
    table = table.drop("patient_id_right")
    for criterion in asked.eligibility.criteria:
        if criterion.failures_in_episode is not None:
            found = derive_failures_in_episode(asked, criterion.failures_in_episode)
        elif criterion.severity is not None:
            found = derive_last_severity(asked, criterion.severity)
        else:
            continue
        table = table.left_join(found, "patient_id").drop("patient_id_right")
    met = {one.name: _meets(table, one) for one in asked.eligibility.criteria}
    return table.select("patient_id", "trd", **met)


def _meets(table: ir.Table, criterion: Criterion) -> ir.BooleanValue:
    if criterion.excluded is not None:
        return negate(table[f"is_{criterion.excluded}"])
    if criterion.age_years is not None:
        return _is_within(table.age_years, table.age_years, criterion.age_years)
    if criterion.failures_in_episode is not None:
        low, high = table.failures_low.fill_null(0), table.failures_high.fill_null(0)
        return _is_within(low, high, criterion.failures_in_episode)
    return table.is_severe


def _is_within(low: ir.NumericValue, high: ir.NumericValue, limits: Range) -> ir.BooleanValue:
    """Tell whether a number that is known to lie from ``low`` to ``high`` is within limits."""
    within: ir.BooleanValue = ibis.literal(True)
    unknown = ibis.null("boolean")
    if limits.min is not None:
        within = within & ibis.cases((low >= limits.min, True), (high < limits.min, False),
                                     else_=unknown)  # fmt: skip
    if limits.max is not None:
        within = within & ibis.cases((high <= limits.max, True), (low > limits.max, False),
                                     else_=unknown)  # fmt: skip
    return within


def derive_failures_in_episode(asked: Asked, limits: Range) -> ir.Table:
    """Count failures in the present episode: that of the trial begun last.

    Parameters
    ----------
    asked
        The members and their records.
    limits
        What is asked of the count: it need not be exact far beyond.

    Returns
    -------
    Table
        ``patient_id``, ``failures_low`` and ``failures_high``, for patients with a trial that may
        have failed or a quarantined one. A trial of an unknown episode may have been in the present
        one, and so may any where that is unknown; each quarantined trial may be one more failure.
    """
    trials = asked.cohort.trials.semi_join(asked.members, "patient_id")
    # What is asked of a drug's role is whether the drug was recognised.
    trials = trials.mutate(drug_role=trials.ingredient)
    # Of trials begun on one day any may be the last: the episode is known where they agree.
    latest = trials.group_by("patient_id").agg(start_day=trials.start_day.max())
    last = trials.semi_join(latest, ["patient_id", "start_day"])
    episodes = last.group_by("patient_id").agg(
        first_episode=last.episode.min(), last_episode=last.episode.max(),
        without=last.episode.isnull().any(),
    )  # fmt: skip
    agreed = (episodes.first_episode == episodes.last_episode) & ~episodes.without
    episodes = episodes.select(
        of_patient="patient_id", present=agreed.ifelse(episodes.last_episode, ibis.null("int64"))
    )
    placed = trials.join(episodes, trials.patient_id == episodes.of_patient)
    is_present = placed.episode == placed.present
    measure = asked.definition.main_failures.model_copy(update={"same_episode": False})
    rows = rows_of_readings(placed, measure, {"": placed.failed & is_present})
    enough = max(limits.min or 0, (limits.max or 0) + 1)
    rows = asked.engine.keep(rows)
    counted = count_within(asked.engine, rows, measure, ("low", "high"), enough=enough)
    lost = list_lost_trials(asked.cohort.quarantined)
    lost = lost.group_by("patient_id").agg(quarantined=lost.count())
    both = counted.outer_join(lost, "patient_id")
    return both.select(
        patient_id=both.patient_id.coalesce(both.patient_id_right),
        failures_low=both.low.fill_null(0),
        failures_high=both.high.fill_null(0) + both.quarantined.fill_null(0),
    )


def derive_last_severity(asked: Asked, least: Mapping[str, float]) -> ir.Table:
    """Tell whether the last known rating on one of the scales is high enough.

    Parameters
    ----------
    asked
        The members and their records.
    least
        Least score by scale, in the order in which ratings of one day are preferred.

    Returns
    -------
    Table
        ``patient_id`` and ``is_severe``, for patients with a rating on one of them: of assessments,
        or a trial's baseline or endpoint. One without a day counts as of the trial's start or stop;
        of two on one scale and day the higher counts.
    """
    trials, rated = asked.cohort.trials, asked.assessments
    never = ibis.literal(False)
    parts = [
        rated.select("patient_id", "scale", "score", "day", comes_after=never),
        trials.select(
            "patient_id", "scale", score=trials.baseline_score,
            day=trials.baseline_day.coalesce(trials.start_day), comes_after=never,
        ),
        # Where its start is all that is known of an endpoint's day, it came after that day.
        trials.select(
            "patient_id", "scale", score=trials.endpoint_score,
            day=trials.endpoint_day.coalesce(trials.stop_day, trials.start_day),
            comes_after=trials.endpoint_day.isnull() & trials.stop_day.isnull(),
        ),
    ]  # fmt: skip
    columns = ["patient_id", "scale", "score", "day", "comes_after"]
    rows = ibis.union(*(part.select(*columns) for part in parts))
    rows = rows.filter(rows.scale.isin(list(least)) & rows.score.notnull() & rows.day.notnull())
    rows = rows.semi_join(asked.members, "patient_id")
    place = ibis.cases(*((rows.scale == name, at) for at, name in enumerate(least)))
    needed = ibis.cases(*((rows.scale == name, float(score)) for name, score in least.items()))
    rows = rows.mutate(place=place, is_severe=rows.score >= needed)
    order = ibis.window(
        group_by="patient_id",
        order_by=[rows.day.desc(), rows.comes_after.desc(), rows.place, rows.score.desc()],
    )
    rows = rows.mutate(rank=ibis.row_number().over(order))
    return rows.filter(rows["rank"] == 0).select("patient_id", "is_severe")


def _make_events(table: ir.Table, names: Sequence[str]) -> dict[tuple[str, str], ir.BooleanValue]:
    events = {}
    for place, name in enumerate(names):
        events[STILL_IN, name] = all_of(table, names[: place + 1])
    for name in names:
        events[MEETS, name] = table[name]
    for name in names:
        alone = negate(table[name])
        for other in names:
            alone = alone if other == name else alone & table[other]
        events[FAILS_ALONE, name] = alone
    return events


def _count(
    table: ir.Table, events: Mapping[tuple[str, str], ir.BooleanValue]
) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Count all, the unknown and those with each event."""
    aggregates: dict[str, ir.Value] = {"total": table.count()}
    for place, value in enumerate(events.values()):
        aggregates[f"unknown_{place}"] = table.count(where=is_unknown(value))
        aggregates[f"events_{place}"] = table.count(where=value)
    row = table.aggregate(**aggregates).to_pyarrow().to_pylist()[0]
    return {
        key: (int(row["total"]), int(row[f"unknown_{place}"]), int(row[f"events_{place}"]))
        for place, key in enumerate(events)
    }
