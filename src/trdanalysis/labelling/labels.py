"""Labels: the four criteria of a patient, the label and its reason."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.definition import Definition, PatientRule
from trdanalysis.labelling.failures import Keeper, count_failures, distinct_key

TRD, NOT_TRD, INDETERMINATE = "trd", "not_trd", "indeterminate"

#: Columns of ``labels.parquet`` after its key, in the contract's order.
LABEL_COLUMNS = (
    "label", "reason", "failures_definite", "failures_possible", "mdd", "enough_failures",
    "impaired", "not_excluded", "apparent_resistance", "pseudo_resistance", "onset_day",
    "qualifying_trials", "on_defaults", "grade", "score_low", "score_high",
)  # fmt: skip


def derive_patient_criteria(
    patients: ir.Table, scales: tuple[Scale, ...], rule: PatientRule
) -> ir.Table:
    """Add ``mdd``, ``impaired`` and ``not_excluded``, three-valued.

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
    return patients.mutate(
        mdd=bipolar.ifelse(False, patients.mdd_diagnosis), impaired=impaired, not_excluded=~excluded
    )


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
        Functional scales.
    definition
        The definition.

    Returns
    -------
    Table
        One row a patient, with the contract's columns of ``labels.parquet``.
    """
    rule = definition.patient
    rows = engine.keep(_rows_that_count(trials, rule))
    counts = engine.keep(
        count_failures(engine, rows, ["patient_id"], _SETS, rule, exact=("definite", "possible"))
    )
    lost = _count_quarantined(quarantined_trials)
    table = derive_patient_criteria(patients, scales, rule)
    table = table.left_join(counts, "patient_id").drop("patient_id_right")
    table = table.left_join(lost, "patient_id").drop("patient_id_right")
    table = table.left_join(treated.mutate(may_have_trial=ibis.literal(True)), "patient_id").drop(
        "patient_id_right"
    )
    quarantined = table.quarantined.fill_null(0)
    table = table.mutate(
        quarantined=quarantined,
        failures_definite=table.definite.fill_null(0),
        failures_possible=table.possible.fill_null(0) + quarantined,
        no_trial=table.may_have_trial.isnull() & (quarantined == 0),
        apparent_resistance=_enough(
            table, "apparent_definite", "apparent_possible", quarantined, rule
        ),
        enough_bare=_enough(table, "bare_definite", "bare_possible", quarantined, rule),
        enough_failures=_enough(table, "definite", "possible", quarantined, rule),
    )
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
    table = table.mutate(reason=_reason(table, rule))
    return _attach_trials(engine, table, rows, counts, definition)


#: The sets of trials that are counted: certainly and possibly failed; the same whatever dose,
#: duration and adherence; and the first two if every default were unknown.
_SETS = (
    "definite", "possible", "apparent_definite", "apparent_possible", "bare_definite",
    "bare_possible",
)  # fmt: skip


def _rows_that_count(trials: ir.Table, rule: PatientRule) -> ir.Table:
    """Keep the few columns of the few trials from which labels are made."""
    apparent = trials.antidepressant & trials.first_line & trials.nonresponse
    rows = trials.select(
        "patient_id", "trial_id", "start_day", "failed", "failed_bare", "established_day",
        treatment=distinct_key(trials, rule), apparent=apparent,
    )  # fmt: skip
    sets: dict[str, ir.Value] = {}
    for name, column in (("", "failed"), ("apparent_", "apparent"), ("bare_", "failed_bare")):
        sets[f"{name}definite"] = rows[column].fill_null(False)
        sets[f"{name}possible"] = rows[column].fill_null(True)
    rows = rows.select(
        "patient_id", "trial_id", "start_day", "established_day", "treatment", **sets
    )
    return rows.filter(rows.possible | rows.apparent_possible | rows.bare_possible)


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


def _enough(
    table: ir.Table,
    definite: str,
    possible: str,
    quarantined: ir.IntegerValue,
    rule: PatientRule,
) -> ir.BooleanValue:
    return ibis.cases(
        (table[definite].fill_null(0) >= rule.min_failures, True),
        (table[possible].fill_null(0) + quarantined < rule.min_failures, False),
        else_=ibis.null("boolean"),
    )


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
_EXCLUSION_WORDS = {"medical_cause": "medical_cause", "current_substance_use": "substance_use"}


def _reason(table: ir.Table, rule: PatientRule) -> ir.StringValue:
    mdd = table.mdd if rule.requires_mdd else ibis.literal(True)
    impaired = table.impaired if rule.requires_impairment else ibis.literal(True)
    refuted = [(table.no_trial, "no_antidepressant_trial"), (~mdd, "no_mdd_diagnosis")]
    refuted += [(table[name], name) for name in rule.exclusions]
    refuted += [(~table.enough_failures, "too_few_failures"), (~impaired, "not_impaired")]
    unknown = [(mdd.isnull(), "mdd_unknown")]
    unknown += [
        (table[name].isnull(), f"{_EXCLUSION_WORDS[name]}_unknown") for name in rule.exclusions
    ]
    unknown += [(table.enough_failures.isnull(), "failures_unknown")]
    return ibis.cases(
        (table.label == TRD, ibis.literal("meets_all_criteria")),
        (table.label == NOT_TRD, ibis.cases(*refuted)),
        else_=ibis.cases(*unknown, else_="impairment_unknown"),
    )


def _attach_trials(
    engine: Keeper, table: ir.Table, rows: ir.Table, counts: ir.Table, definition: Definition
) -> ir.Table:
    """Add the qualifying trials and, for TRD, the onset."""
    failed = rows.filter(rows.definite)
    dated = ibis.struct({"start_day": failed.start_day, "trial_id": failed.trial_id})
    listed = failed.group_by("patient_id").agg(dated=dated.collect())
    # Spark collects in no order that could be asked for; both engines sort pairs by day, then id.
    listed = listed.select(
        "patient_id", qualifying_trials=listed.dated.sort().map(lambda pair: pair.trial_id)
    )
    enough = counts.filter(counts.definite >= definition.patient.min_failures).select("patient_id")
    onset = _derive_onset(engine, failed.semi_join(enough, "patient_id"), definition)
    table = table.left_join(listed, "patient_id").drop("patient_id_right")
    table = table.left_join(onset, "patient_id").drop("patient_id_right")
    nothing = ibis.literal([], type="array<string>")
    return table.mutate(
        definition=ibis.literal(definition.id),
        onset_day=(table.label == TRD).ifelse(table.onset_day, ibis.null("int64")),
        qualifying_trials=table.qualifying_trials.coalesce(nothing),
        grade=ibis.null("string"),
        score_low=ibis.null("float64"),
        score_high=ibis.null("float64"),
    ).select("patient_id", "definition", *LABEL_COLUMNS)


def _derive_onset(engine: Keeper, failed: ir.Table, definition: Definition) -> ir.Table:
    """Give the first day on which the count of established failures suffices.

    Null where a failure whose day is unknown could have brought the count there earlier: it cannot
    have been established before its trial was long enough.
    """
    rule, min_days = definition.patient, definition.trial.min_days
    earliest = failed.mutate(
        by_day=failed.established_day.coalesce(failed.start_day + min_days),
        certain=failed.established_day.notnull(),
    )
    days = earliest.select("patient_id", day="by_day").distinct()
    pairs = earliest.join(days, ["patient_id", earliest.by_day <= days.day])
    pairs = engine.keep(
        pairs.select(
            "patient_id",
            "day",
            "treatment",
            "start_day",
            sure="certain",
            at_best=ibis.literal(True),
        )
    )
    counts = count_failures(engine, pairs, ["patient_id", "day"], ("sure", "at_best"), rule)
    onset = counts.group_by("patient_id").agg(
        sure_day=counts.day.min(where=counts.sure >= rule.min_failures),
        best_day=counts.day.min(where=counts.at_best >= rule.min_failures),
    )
    agrees = (onset.sure_day == onset.best_day).fill_null(False)
    return onset.select("patient_id", onset_day=agrees.ifelse(onset.sure_day, ibis.null("int64")))
