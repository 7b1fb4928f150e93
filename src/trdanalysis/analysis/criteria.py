"""Criteria: what decides, for every patient and every trial, who belongs and who has the event.

Membership and event are three-valued throughout: what is not recorded leaves them unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.estimands import RECORDED_FACTORS, TRIAL_ESTIMAND
from trdanalysis.analysis.three_valued import all_of, negate
from trdanalysis.contract import RECORDED_GROUPS
from trdanalysis.labelling.labels import list_lost_trials

#: An adequate trial lasts six weeks or more; the factor `insufficient_duration` is one day less.
#: It is the article's figure, in every definition.
ADEQUATE_FROM_DAYS = 42

STRATUM_COLUMNS = ("age_band", "sex", "site", "drop_id")

#: What models may adjust for, besides strata and factors: of the patient, and of the first trial.
COVARIATE_COLUMNS = ("age_years", "baseline_score", "scale", "episode")

_TRIAL_FLAGS = (
    "antidepressant", "first_line", "dose_adequate", "duration_adequate", "adherence_adequate",
    "nonresponse",
)  # fmt: skip

#: What is taken of the first trial.
_TAKEN = (
    "start_day", "first_line", "dose_adequate", "duration_adequate", "adherence_adequate",
    "duration_days", "nonresponse", "remission", "baseline_score", "scale", "episode",
)  # fmt: skip


def derive_criteria(
    patients: ir.Table,
    trials: ir.Table,
    labels: ir.Table,
    quarantined: ir.Table,
    definition_id: str,
) -> ir.Table:
    """Derive every membership criterion and event of a patient, by one definition.

    Parameters
    ----------
    patients
        One row per accepted patient: ``patient_id``, ``drop_id``, ``age_years``, ``age_band``,
        ``sex``, ``site``, ``last_observed_day``, the recorded factors and their groups.
    trials
        One row per accepted trial, judged by this definition: ``patient_id``, ``trial_id``,
        ``ingredient``, ``start_day``, ``duration_days``, ``baseline_score``, ``scale``, ``episode``
        and the nullable booleans ``antidepressant``, ``first_line``, ``dose_adequate``,
        ``duration_adequate``, ``adherence_adequate``, ``nonresponse``, ``remission``.
    labels
        One row per patient and definition; other definitions' rows are passed over.
    quarantined
        Quarantined rows of accepted patients' trials: ``patient_id``, ``trial_id`` (null: none),
        ``line``, ``drop_id``.
    definition_id
        The definition by which trials and labels were judged.

    Returns
    -------
    Table
        One row per labelled patient: ``definition``, ``patient_id``, strata, factors, covariates,
        the criteria and events named in :data:`trdanalysis.analysis.estimands.ESTIMANDS` (nullable
        booleans; null is unknown), the medication-related factors of the first antidepressant
        trial, and whole numbers, never null: ``adequate_trials_known`` (first-line adequate trials
        with a known outcome), ``adequate_trials_events`` (of these, without response),
        ``adequate_trials_not_out`` (all that are not certainly something else, the quarantined
        among them) and ``antidepressant_trials`` (certain ones).

    Notes
    -----
    The first antidepressant trial is the earliest by ``start_day``, then by ingredient and
    ``trial_id``. Where a quarantined trial, or one that may have been an antidepressant, could have
    come before it, everything that hangs on which trial was first is unknown.
    """
    of_patients = patients.select(
        "patient_id", "age_years", *STRATUM_COLUMNS, *RECORDED_GROUPS, *RECORDED_FACTORS
    )
    of_labels = labels.filter(labels.definition == definition_id).select(
        "definition", "patient_id", "label", "mdd", "enough_failures", "impaired", "not_excluded",
        "apparent_resistance", "pseudo_resistance",
    )  # fmt: skip
    joined = of_labels.inner_join(of_patients, "patient_id")
    joined = _join_left(joined, _derive_history(trials))
    joined = _join_left(joined, derive_first_trial(trials, _TAKEN))
    lost = list_lost_trials(quarantined)
    rows_lost = lost.group_by("patient_id").agg(quarantined_trials=lost.count())
    joined = _join_left(joined, rows_lost)
    return _derive_criteria_columns(joined)


def derive_trial_criteria(
    criteria: ir.Table, trials: ir.Table, quarantined: ir.Table, definition_id: str
) -> ir.Table:
    """Derive the criteria of every trial, by one definition.

    Parameters
    ----------
    criteria
        As :func:`derive_criteria` gives it for this definition.
    trials, quarantined, definition_id
        As there.

    Returns
    -------
    Table
        One row per accepted or quarantined trial of a labelled patient: ``definition``,
        ``age_band``, ``mdd`` and the other criteria and the event of ``any_adequate_trial``. Of a
        quarantined trial everything but the patient's own is unknown.
    """
    unknown = {name: ibis.null("boolean") for name in _TRIAL_FLAGS}
    rows = ibis.union(
        trials.select("patient_id", *_TRIAL_FLAGS),
        list_lost_trials(quarantined).select("patient_id", **unknown),
    )
    own = criteria.filter(criteria.definition == definition_id)
    own = own.select("definition", "patient_id", "age_band", "mdd")
    return rows.inner_join(own, "patient_id").select(
        "definition", "patient_id", "age_band", "mdd", *_TRIAL_FLAGS
    )


def _join_left(left: ir.Table, right: ir.Table) -> ir.Table:
    right = right.rename(right_patient_id="patient_id")
    return left.left_join(right, left.patient_id == right.right_patient_id).drop("right_patient_id")


def _derive_history(trials: ir.Table) -> ir.Table:
    """Per patient: how many trials are or may be antidepressants, and how many were adequate."""
    may_be = trials.antidepressant.isnull()
    of_trial = [name for name in TRIAL_ESTIMAND.criteria if name != "mdd"]
    adequate = all_of(trials, of_trial)
    known = trials.nonresponse.notnull()
    return trials.group_by("patient_id").agg(
        certain_trials=trials.count(where=trials.antidepressant),
        possible_trials=trials.count(where=may_be),
        first_possible_day=trials.start_day.min(where=may_be),
        adequate_known=trials.count(where=adequate & known),
        adequate_events=trials.count(where=adequate & trials.nonresponse),
        adequate_not_out=trials.count(where=adequate.fill_null(True)),
    )


def derive_first_trial(trials: ir.Table, taken: Sequence[str]) -> ir.Table:
    """Give each patient's first trial that is certainly an antidepressant's.

    Parameters
    ----------
    trials
        Judged trials: ``patient_id``, ``trial_id``, ``ingredient``, ``start_day``,
        ``antidepressant`` and the columns that are taken.
    taken
        Columns; they are called ``first_`` and their name.

    Returns
    -------
    Table
        One row per patient who has one. One that may be an antidepressant's can have come before.
    """
    certain = trials.filter(trials.antidepressant)
    order = ibis.window(group_by="patient_id", order_by=["start_day", "ingredient", "trial_id"])
    ranked = certain.mutate(rank_in_patient=ibis.row_number().over(order))
    first = ranked.filter(ranked.rank_in_patient == 0)
    return first.select("patient_id", **{f"first_{name}": first[name] for name in taken})


def _derive_criteria_columns(table: ir.Table) -> ir.Table:
    """Put the criteria in the place of what they are derived from."""
    unknown = ibis.null("boolean")
    certain = table.certain_trials.fill_null(0) > 0
    lost = table.quarantined_trials.fill_null(0)
    possible = (table.possible_trials.fill_null(0) > 0) | (lost > 0)
    possibly_earlier = (table.first_possible_day <= table.first_start_day).fill_null(False)
    first_is_known = certain & (lost == 0) & ~possibly_earlier

    def of_first(column: str) -> ir.Value:
        return ibis.cases((first_is_known, table[f"first_{column}"]))  # otherwise null

    dose, adherence = of_first("dose_adequate"), of_first("adherence_adequate")
    low, poor = negate(dose), negate(adherence)
    short = of_first("duration_days") < ADEQUATE_FROM_DAYS
    # Of a patient certainly without MDD no trial counts; where MDD is unknown none counts surely.
    may_count = table.mdd.fill_null(True)
    counts = table.mdd.fill_null(False)
    not_out = table.adequate_not_out.fill_null(0) + lost
    return table.select(
        "definition",
        "patient_id",
        *STRATUM_COLUMNS,
        *RECORDED_GROUPS,
        *RECORDED_FACTORS,
        "age_years",
        "mdd",
        "enough_failures",
        "impaired",
        "not_excluded",
        "apparent_resistance",
        "pseudo_resistance",
        antidepressant_trial=ibis.cases((certain, True), (possible, unknown), else_=False),
        first_trial_first_line=ibis.cases(
            (first_is_known, table.first_first_line), (certain | possible, unknown), else_=False
        ),
        first_trial_known=ibis.cases((first_is_known, True), (certain | possible, unknown),
                                     else_=False),
        dose_adequate=dose,
        duration_adequate=of_first("duration_adequate"),
        adherence_adequate=adherence,
        nonresponse=of_first("nonresponse"),
        nonremission=negate(of_first("remission")),
        trd=ibis.cases((table.label == "trd", True), (table.label == "not_trd", False)),
        inadequate_dose=low,
        insufficient_duration=short,
        poor_adherence=poor,
        medication_related=low | short | poor,
        first_start_day=of_first("start_day"),
        baseline_score=of_first("baseline_score"),
        scale=of_first("scale"),
        episode=of_first("episode"),
        antidepressant_trials=table.certain_trials.fill_null(0),
        adequate_trials_known=counts.ifelse(table.adequate_known.fill_null(0), 0),
        adequate_trials_events=counts.ifelse(table.adequate_events.fill_null(0), 0),
        adequate_trials_not_out=may_count.ifelse(not_out, 0),
    )  # fmt: skip
