"""Labels: the four criteria of a patient, the label and its reason."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale, of_domain
from trdanalysis.labelling.counted import rows_that_count
from trdanalysis.labelling.definition import Definition, PatientRule
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.measures import (
    Measured,
    bounds_of,
    holds,
    measure_patients,
    score_bounds,
)
from trdanalysis.labelling.onset import derive_onset
from trdanalysis.labelling.rules import Grade, Rule
from trdanalysis.labelling.treatments import BARE, USUAL

TRD, NOT_TRD, INDETERMINATE = "trd", "not_trd", "indeterminate"
#: The grade of those who certainly have none of a definition's grades; null: unknown which.
NO_GRADE = "none"

#: Columns of ``labels.parquet`` after its key, in the contract's order.
LABEL_COLUMNS = (
    "label", "reason", "failures_definite", "failures_possible", "mdd", "enough_failures",
    "impaired", "not_excluded", "apparent_resistance", "pseudo_resistance", "onset_day",
    "qualifying_trials", "on_defaults", "grade", "score_low", "score_high",
)  # fmt: skip


def derive_patient_criteria(
    patients: ir.Table, scales: tuple[Scale, ...], rule: PatientRule
) -> ir.Table:
    """Add ``mdd``, ``impaired``, ``of_age`` and ``not_excluded`` (by age included), three-valued.

    Parameters
    ----------
    patients
        Accepted patients.
    scales
        Functional scales.
    rule
        Exclusions, and which criteria the definition has.
    """
    bipolar = patients.bipolar_disorder.fill_null(False)
    impaired = patients.functional_impairment.coalesce(_impaired_by_scale(patients, scales))
    excluded: ir.BooleanValue = ibis.literal(False)
    for name in rule.exclusions:
        excluded = excluded | patients[name]
    of_age = _is_of_age(patients, rule)
    return patients.mutate(
        mdd=bipolar.ifelse(False, patients.mdd_diagnosis),
        impaired=impaired,
        of_age=of_age,
        not_excluded=~excluded & of_age,
    )


def _is_of_age(patients: ir.Table, rule: PatientRule) -> ir.BooleanValue:
    of_age: ir.BooleanValue = ibis.literal(True)
    if rule.min_age_years is not None:
        of_age = of_age & (patients.age_years >= rule.min_age_years)
    if rule.max_age_years is not None:
        of_age = of_age & (patients.age_years <= rule.max_age_years)
    return of_age


def _impaired_by_scale(patients: ir.Table, scales: tuple[Scale, ...]) -> ir.BooleanValue:
    branches = []
    for scale in scales:
        score = patients.function_score
        impaired = (
            score >= scale.impaired_from
            if scale.impaired_side == "high"
            else score <= scale.impaired_from
        )
        branches.append((patients.function_scale == scale.name, impaired))
    return ibis.cases(*branches, else_=ibis.null("boolean"))


def label_patients(
    engine: Keeper,
    patients: ir.Table,
    trials: ir.Table,
    treated: ir.Table,
    quarantined_trials: ir.Table,
    scales: tuple[Scale, ...],
    definition: Definition,
) -> ir.Table:
    """Label every patient by one definition.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    patients
        Accepted patients, one row each.
    trials
        What :func:`trdanalysis.labelling.trials.derive_trials` gives.
    treated
        ``patient_id`` of every patient with a trial that is or may be an antidepressant's.
    quarantined_trials
        Quarantined trials of known patients: ``patient_id``, ``trial_id`` (null: none), ``line``,
        ``drop_id``.
    scales
        All scales.
    definition
        The definition.

    Returns
    -------
    Table
        One row a patient, with the contract's columns of ``labels.parquet``.
    """
    rule = definition.patient
    symptom = of_domain(scales, "symptom")
    rows = engine.keep(rows_that_count(trials, definition.main_failures, symptom, is_main=True))
    measured = measure_patients(engine, trials, rows, symptom, definition)
    counts = engine.keep(measured.table)
    lost = _count_quarantined(quarantined_trials)
    table = derive_patient_criteria(patients, of_domain(scales, "function"), rule)
    for other in (counts, lost, treated.mutate(may_have_trial=ibis.literal(True))):
        table = table.left_join(other, "patient_id").drop("patient_id_right")
    table = table.mutate(quarantined=table.quarantined.fill_null(0))
    table = _derive_enough(table, measured, definition)
    table = table.mutate(
        is_trd=_conjunction(table, table.enough_failures, rule),
        is_trd_bare=_conjunction(table, table.enough_bare, rule),
    )
    table = table.mutate(
        label=_label(table.is_trd),
        on_defaults=_label(table.is_trd) != _label(table.is_trd_bare),
        pseudo_resistance=table.mdd
        & table.impaired
        & table.apparent_resistance
        & ~(table.enough_failures & table.not_excluded),
    )
    table = table.mutate(reason=_reason(table, definition))
    return _attach_trials(engine, table, rows, trials, definition)


def _derive_enough(table: ir.Table, measured: Measured, definition: Definition) -> ir.Table:
    """Add the bounds of the count and the score, whether they suffice, and the grade."""
    names = measured.names
    for reading in (USUAL, BARE) if definition.score else ():
        low, high = score_bounds(table, names, definition.score, reading)
        table = table.mutate(**{f"{reading}score_low": low, f"{reading}score_high": high})
    if not definition.score:
        nothing = ibis.null("float64")
        table = table.mutate(score_low=nothing, score_high=nothing)
    shown = next(definition.resistance[0].leaves)
    asked = shown.failures or shown.treatments
    low, high = bounds_of(table, names, asked.count if asked else definition.main_failures)
    apparent_high = table.apparent_high.fill_null(0) + table.quarantined
    needed = definition.min_failures
    # Resistance may be told by something else than failures: then there is no apparent one.
    apparent: ir.BooleanValue = ibis.null("boolean")
    if needed is not None:
        apparent = ibis.cases(
            (table.apparent_low.fill_null(0) >= needed, True),
            (apparent_high < needed, False),
            else_=ibis.null("boolean"),
        )
    return table.mutate(
        failures_definite=low,
        failures_possible=high,
        no_trial=table.may_have_trial.isnull() & (table.quarantined == 0),
        apparent_resistance=apparent,
        enough_bare=_any_holds(definition.resistance, table, measured, BARE),
        enough_failures=_any_holds(definition.resistance, table, measured, USUAL),
        grade=_grade(table, measured, definition.grades, definition.patient),
    )


def _any_holds(
    rules: Sequence[Rule], table: ir.Table, measured: Measured, reading: str
) -> ir.BooleanValue:
    found: ir.BooleanValue = ibis.literal(False)
    for rule in rules:
        found = found | holds(rule, table, measured.names, reading)
    return found


def _grade(
    table: ir.Table, measured: Measured, grades: Sequence[Grade], rule: PatientRule
) -> ir.StringValue:
    """Give the first grade that holds, if none above it may; ``none`` where certainly none does.

    Only patients who are all else that the definition asks for have a grade.
    """
    if not grades:
        return ibis.null("string")
    unknown = ibis.null("string")
    branches = []
    for grade in grades:
        fits = _conjunction(table, ibis.literal(True), rule)
        for each in grade.all_of:
            fits = fits & holds(each, table, measured.names)
        branches += [(fits.fill_null(False), ibis.literal(grade.grade)),
                     (fits.fill_null(True), unknown)]  # fmt: skip
    return ibis.cases(*branches, else_=NO_GRADE)


def list_lost_trials(quarantined_trials: ir.Table) -> ir.Table:
    """List each quarantined trial of a patient once, and each row that names no trial.

    Returns
    -------
    Table
        ``patient_id``, and ``lost_trial``, which tells a patient's apart.
    """
    table = quarantined_trials
    row = table.drop_id + ibis.literal("/") + table.line.cast("string")
    # No trial's id holds what a row is called by: it is asked which of the two it is.
    return (
        table.select(
            "patient_id", is_named=table.trial_id.notnull(), lost_trial=table.trial_id.coalesce(row)
        )
        .distinct()
        .drop("is_named")
    )


def _count_quarantined(quarantined_trials: ir.Table) -> ir.Table:
    """Count each quarantined trial of a patient once, and each row that names no trial."""
    lost = list_lost_trials(quarantined_trials)
    return lost.group_by("patient_id").agg(quarantined=lost.count().cast("int64"))


def _conjunction(table: ir.Table, enough: ir.BooleanValue, rule: PatientRule) -> ir.BooleanValue:
    together = enough & table.not_excluded
    if rule.requires_mdd:
        together = together & table.mdd
    if rule.requires_impairment:
        together = together & table.impaired
    return together


def _label(is_trd: ir.BooleanValue) -> ir.StringValue:
    return ibis.cases((is_trd, TRD), (~is_trd, NOT_TRD), else_=INDETERMINATE)


#: What an unknown exclusion is called in a reason.
_EXCLUSION_WORDS = {
    "current_substance_use": "substance_use",
    "substance_use": "any_substance_use",
}
#: What is said where too little was counted, and where how much is unknown.
COUNT_REASONS = {
    "failures": ("too_few_failures", "failures_unknown"),
    "treatments": ("too_few_treatments", "treatments_unknown"),
    "score": ("score_too_low", "score_unknown"),
}


def _reason(table: ir.Table, definition: Definition) -> ir.StringValue:
    rule = definition.patient
    too_few, count_unknown = COUNT_REASONS[definition.kind]
    mdd = table.mdd if rule.requires_mdd else ibis.literal(True)
    impaired = table.impaired if rule.requires_impairment else ibis.literal(True)
    refuted = [(table.no_trial, "no_antidepressant_trial"), (~mdd, "no_mdd_diagnosis")]
    refuted += [(~table.of_age, "outside_age")]
    refuted += [(table[name], name) for name in rule.exclusions]
    refuted += [(~table.enough_failures, too_few), (~impaired, "not_impaired")]
    unknown = [(mdd.isnull(), "mdd_unknown"), (table.of_age.isnull(), "age_unknown")]
    unknown += [
        (table[name].isnull(), f"{_EXCLUSION_WORDS.get(name, name)}_unknown")
        for name in rule.exclusions
    ]
    unknown += [(table.enough_failures.isnull(), count_unknown)]
    return ibis.cases(
        (table.label == TRD, ibis.literal("meets_all_criteria")),
        (table.label == NOT_TRD, ibis.cases(*refuted)),
        else_=ibis.cases(*unknown, else_="impairment_unknown"),
    )


def _attach_trials(
    engine: Keeper, table: ir.Table, rows: ir.Table, trials: ir.Table, definition: Definition
) -> ir.Table:
    """Add the qualifying trials and, for TRD, the onset."""
    failed = rows.filter(rows.low)
    dated = ibis.struct({"start_day": failed.start_day, "trial_id": failed.trial_id})
    listed = failed.group_by("patient_id").agg(dated=dated.collect())
    # Spark collects in no order that could be asked for; both engines sort pairs by day, then id.
    listed = listed.select(
        "patient_id", qualifying_trials=listed.dated.sort().map(lambda pair: pair.trial_id)
    )
    table = engine.keep(table)
    enough = table.filter(table.label == TRD).select("patient_id")
    onset = derive_onset(engine, rows, trials, enough, definition)
    table = table.left_join(listed, "patient_id").drop("patient_id_right")
    table = table.left_join(onset, "patient_id").drop("patient_id_right")
    nothing = ibis.literal([], type="array<string>")
    return table.mutate(
        definition=ibis.literal(definition.id),
        qualifying_trials=table.qualifying_trials.coalesce(nothing),
    ).select("patient_id", "definition", *LABEL_COLUMNS)
