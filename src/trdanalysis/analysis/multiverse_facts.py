"""What the cells of a multiverse are judged from: every criterion at every level, row by row.

The one pass over the trials. What follows is arithmetic on yes-or-no columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trdanalysis.analysis.grid import NONE, REMISSION, Grid
from trdanalysis.intake.scales import Scale, of_domain
from trdanalysis.labelling.cohort import Cohort
from trdanalysis.labelling.definition import DAYS_PER_WEEK, Definition
from trdanalysis.labelling.dose_steps import derive_dose_steps
from trdanalysis.labelling.exposure import end_day, is_in_progress
from trdanalysis.labelling.failures import Keeper, distinct_key
from trdanalysis.labelling.labels import derive_patient_criteria, list_lost_trials
from trdanalysis.labelling.outcome import derive_outcome, is_nonresponse
from trdanalysis.labelling.rules import NonResponse
from trdanalysis.labelling.scores import choose_offers, derive_filled_scores
from trdanalysis.labelling.trials import (
    derive_exposed,
    is_counted,
    is_first_line,
    is_remission,
)

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_TRIAL = ["patient_id", "trial_id"]
#: The length of a run does not hang on how long it must be; only the day it got there does.
_ANY_DAYS = 1


@dataclass(frozen=True)
class Reading:
    """The criteria of a failure, unknowns read one way: one row a level, one column a trial.

    Attributes
    ----------
    first_line
        By list: an antidepressant's trial, of a drug on the list.
    nonresponse, adherence
        By level.
    exposure
        By dose table, then by weeks: the dose was adequate, for so long.
    """

    first_line: Bools
    nonresponse: Bools
    exposure: Bools
    adherence: Bools


@dataclass(frozen=True)
class Facts:
    """What is known of everybody who may be a member, without names.

    Attributes
    ----------
    n, n_maybe
        Patients certainly in the population of the estimand ``trd``, and those who may be.
    is_certain
        One element a patient in question: nothing but failures is unknown. Patients in question are
        certain members whom nothing but failures keeps from resistance for certain.
    lost
        One element a patient in question: quarantined trials.
    patient
        One element a trial that may be a failure in some cell, by patient and start: the place of
        its patient.
    start_day, episode
        Of these trials; an unknown episode is 0.
    treatments
        Of these trials, by what makes two different: a number for each treatment.
    sure, may
        The criteria: certainly met, and not certainly unmet.
    """

    n: int
    n_maybe: int
    is_certain: Bools
    lost: Ints
    patient: Ints
    start_day: Ints
    episode: Ints
    treatments: Mapping[str, Ints]
    sure: Reading
    may: Reading


def collect_facts(
    engine: Keeper,
    cohort: Cohort,
    drugs: ir.Table,
    scales: tuple[Scale, ...],
    definition: Definition,
    grid: Grid,
    under_age_bands: Collection[str],
) -> Facts:
    """Judge every criterion of every trial at every level, in one pass.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    cohort
        Accepted rows.
    drugs
        What :func:`trdanalysis.labelling.exposure.reference_drugs` gives, as a table.
    scales
        All scales.
    definition
        The primary definition: what the grid does not move is as it says.
    grid
        The levels.
    under_age_bands
        Patients in these age bands are left out.
    """
    judged = engine.keep(
        _judge_trials(engine, cohort, drugs, of_domain(scales, "symptom"), definition, grid)
    )
    members = engine.keep(
        _find_members(cohort, judged, of_domain(scales, "function"), definition, under_age_bands)
    )
    n, n_maybe = (
        int(members.filter(members.member == name).count().to_pyarrow().as_py())
        for name in ("certain", "maybe")
    )
    asked = members.filter((members.member == "certain") & members.others.fill_null(True))
    people = asked.select("patient_id", "others", "lost").order_by("patient_id").to_pyarrow()
    # Exposure is asked of those alone that all the rest makes possible failures: it costs most.
    names = _names(grid)
    few = [names[criterion] for criterion in ("first_line", "nonresponse", "adherence")]
    rows = engine.keep(_possible(judged, few).semi_join(asked, "patient_id"))
    rows = _possible(_judge_exposure(engine, rows, cohort.doses, grid), [names["exposure"]])
    trials = rows.order_by(["patient_id", "start_day", "trial_id"]).to_pyarrow()
    return _as_arrays(n, n_maybe, people, trials, grid)


def _judge_trials(
    engine: Keeper,
    cohort: Cohort,
    drugs: ir.Table,
    scales: tuple[Scale, ...],
    definition: Definition,
    grid: Grid,
) -> ir.Table:
    """Give each trial's key, treatments, start, episode, a column per criterion and level but those
    of exposure, and what exposure is judged from.
    """
    table = derive_exposed(
        engine, cohort.trials, cohort.patients, drugs, can_be_filled=cohort.assessments is not None
    )
    if cohort.assessments is not None:
        offers = choose_offers(engine, table, cohort.assessments, scales)
        table = derive_filled_scores(table, offers.usual)
    table = derive_outcome(table, scales, defaults=True)
    table = table.mutate(
        antidepressant=is_counted(table, definition.trial, defaults=True),
        end_day=end_day(table, defaults=True),
        remission=is_remission(table),
    )
    columns: dict[str, ir.Value] = {}
    for place, first_line in enumerate(grid.first_line):
        rule = definition.trial.model_copy(update={"first_line": first_line})
        columns[f"first_line_{place}"] = table.antidepressant & is_first_line(table, rule)
    for place, short_of in enumerate(grid.nonresponse):
        columns[f"nonresponse_{place}"] = is_nonresponse(table, _nonresponse(short_of), scales)
    for place, least in enumerate(grid.min_adherence):
        columns[f"adherence_{place}"] = (
            ibis.literal(True) if isinstance(least, str) else table.adherence >= least
        )
    keys = {f"treatment_{name}": distinct_key(table, name) for name in grid.distinct_by}
    minima = [f"min_mg_{name}" for name in grid.dose_table if name != NONE]
    return table.select(
        *_TRIAL, "start_day", "episode", "antidepressant", *_OF_EXPOSURE, *minima, **keys, **columns
    )


#: What exposure is judged from, beside the minimum doses.
_OF_EXPOSURE = ("end_day", "stop_day", "ended_unknown", "last_day_seen", "dose_mg_per_day")


def _judge_exposure(
    engine: Keeper, table: ir.Table, doses: ir.Table | None, grid: Grid
) -> ir.Table:
    """Add whether the dose was adequate for long enough, by dose table and weeks."""
    if doses is not None:
        doses = engine.keep(doses.semi_join(table, _TRIAL))
    for name in grid.dose_table:
        table = _join_steps(engine, table, doses, name)
    return table.mutate(
        **{
            f"exposure_{place}_{at}": _is_exposed_enough(table, name, weeks * DAYS_PER_WEEK)
            for place, name in enumerate(grid.dose_table)
            for at, weeks in enumerate(grid.min_weeks)
        }
    )


def _join_steps(
    engine: Keeper, table: ir.Table, doses: ir.Table | None, dose_table: str
) -> ir.Table:
    """Add what dose steps show by one dose table; nothing where doses are not asked for."""
    names = ("has_steps", "step_dose_adequate", "run_days_low", "run_days_high")
    if dose_table == NONE:
        return table
    if doses is None:
        nothing = (ibis.literal(False), ibis.null("boolean"), ibis.null("int64"),
                   ibis.null("int64"))  # fmt: skip
        return table.mutate(
            **{f"{name}_{dose_table}": cell for name, cell in zip(names, nothing, strict=True)}
        )
    minimum = table[f"min_mg_{dose_table}"]
    trials = table.select(*_TRIAL, "start_day", "end_day", min_dose=minimum)
    steps = engine.keep(derive_dose_steps(trials, doses, _ANY_DAYS, defaults=True))
    steps = steps.mutate(has_steps=ibis.literal(True))
    own = steps.select(*_TRIAL, **{f"{name}_{dose_table}": steps[name] for name in names})
    joined = table.left_join(own, _TRIAL).drop("patient_id_right", "trial_id_right")
    has_steps = f"has_steps_{dose_table}"
    return joined.mutate(**{has_steps: joined[has_steps].fill_null(False)})


def _nonresponse(short_of: int | str) -> NonResponse:
    if short_of == REMISSION:
        return NonResponse(short_of_remission=True)
    return NonResponse.model_validate({"reduction_below_percent": short_of})


def _is_exposed_enough(table: ir.Table, dose_table: str, days: int) -> ir.BooleanValue:
    """Tell whether the dose was adequate for so many days; with steps, in one run.

    The rules are those of :func:`trdanalysis.labelling.trials.is_dose_adequate` and
    :func:`trdanalysis.labelling.trials.is_duration_adequate`.
    """
    unknown = ibis.null("boolean")
    in_progress = is_in_progress(table, days, defaults=True)
    lasted = table.end_day - table.start_day >= days
    if dose_table == NONE:
        return in_progress.ifelse(unknown, lasted)
    has_steps = table[f"has_steps_{dose_table}"]
    single = table.dose_mg_per_day >= table[f"min_mg_{dose_table}"]
    dose = has_steps.ifelse(table[f"step_dose_adequate_{dose_table}"], single)
    by_steps = ibis.cases(
        (table[f"run_days_low_{dose_table}"] >= days, True),
        (table[f"run_days_high_{dose_table}"] < days, False),
        else_=unknown,
    )
    judged = (has_steps & dose).fill_null(False).ifelse(by_steps, lasted)
    return dose & in_progress.ifelse(unknown, judged)


def _find_members(
    cohort: Cohort,
    judged: ir.Table,
    scales: tuple[Scale, ...],
    definition: Definition,
    under_age_bands: Collection[str],
) -> ir.Table:
    """Give who is, or may be, a member of the estimand ``trd``, and what but failures decides.

    ``patient_id``, ``member`` (``certain``, ``maybe``), ``others`` (every criterion but failures)
    and ``lost`` (quarantined trials).
    """
    lost = list_lost_trials(cohort.quarantined_trials)
    lost = lost.group_by("patient_id").agg(lost=lost.count().cast("int64"))
    history = judged.group_by("patient_id").agg(
        certain_trial=judged.antidepressant.fill_null(False).any(),
        may_have_trial=judged.antidepressant.fill_null(True).any(),
    )
    table = derive_patient_criteria(cohort.patients, scales, definition.patient)
    table = table.filter(~table.age_band.isin(list(under_age_bands)).fill_null(False))
    for other in (lost, history):
        table = table.left_join(other, "patient_id").drop("patient_id_right")
    others = table.not_excluded
    if definition.patient.requires_impairment:
        others = others & table.impaired
    may_have_trial = table.may_have_trial.fill_null(False) | (table.lost.fill_null(0) > 0)
    treated = table.certain_trial.fill_null(False)
    member = ibis.cases(
        ((table.mdd & treated).fill_null(False), "certain"),
        (table.mdd.fill_null(True) & (treated | may_have_trial), "maybe"),
        else_="out",
    )
    return table.select("patient_id", member=member, others=others, lost=table.lost.fill_null(0))


def _names(grid: Grid) -> dict[str, list[str]]:
    """Name the columns of each criterion, level by level."""
    return {
        "first_line": [f"first_line_{place}" for place in range(len(grid.first_line))],
        "nonresponse": [f"nonresponse_{place}" for place in range(len(grid.nonresponse))],
        "exposure": [
            f"exposure_{place}_{at}"
            for place in range(len(grid.dose_table))
            for at in range(len(grid.min_weeks))
        ],
        "adherence": [f"adherence_{place}" for place in range(len(grid.min_adherence))],
    }


def _possible(judged: ir.Table, criteria: Sequence[Sequence[str]]) -> ir.Table:
    """Keep trials that may meet each of the criteria at some level."""
    possible: ir.BooleanValue = ibis.literal(True)
    for names in criteria:
        some: ir.BooleanValue = ibis.literal(False)
        for name in names:
            some = some | judged[name].fill_null(True)
        possible = possible & some
    return judged.filter(possible)


def _as_arrays(n: int, n_maybe: int, people: pa.Table, trials: pa.Table, grid: Grid) -> Facts:
    """Put numbers in the place of names, and both readings in the place of unknowns."""
    patients = people["patient_id"].combine_chunks()
    place = pa.compute.index_in(trials["patient_id"].combine_chunks(), value_set=patients)
    coded = {
        name: trials[f"treatment_{name}"].combine_chunks().dictionary_encode().indices
        for name in grid.distinct_by
    }
    return Facts(
        n=n,
        n_maybe=n_maybe,
        is_certain=_read(people["others"], False),
        lost=people["lost"].to_numpy().astype(np.int64),
        patient=place.to_numpy(zero_copy_only=False).astype(np.int64),
        start_day=trials["start_day"].to_numpy().astype(np.int64),
        episode=trials["episode"].fill_null(0).to_numpy().astype(np.int64),
        treatments={
            name: codes.to_numpy(zero_copy_only=False).astype(np.int64)
            for name, codes in coded.items()
        },
        sure=_reading(trials, grid, False),
        may=_reading(trials, grid, True),
    )


def _read(column: pa.ChunkedArray, unknown: bool) -> Bools:
    return np.asarray(column.fill_null(unknown).to_numpy(zero_copy_only=False), dtype=bool)


def _reading(trials: pa.Table, grid: Grid, unknown: bool) -> Reading:
    parts = {
        criterion: np.array([_read(trials[name], unknown) for name in names])
        for criterion, names in _names(grid).items()
    }
    exposure = parts["exposure"].reshape(len(grid.dose_table), len(grid.min_weeks), -1)
    return Reading(parts["first_line"], parts["nonresponse"], exposure, parts["adherence"])
