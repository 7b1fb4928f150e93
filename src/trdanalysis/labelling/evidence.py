"""Evidence: what every label rests on, positive and negative, criterion by criterion."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.definition import Definition, TrialRule
from trdanalysis.labelling.labels import NOT_TRD, TRD
from trdanalysis.labelling.rules import NonResponse

#: Columns of ``evidence.parquet``, in order.
EVIDENCE_COLUMNS = (
    "patient_id", "definition", "part", "item", "trial_id", "value", "observed", "needed", "unit",
    "decides", "to_label", "option", "changes",
)  # fmt: skip
#: The parts of the evidence: of the patient, of a trial, and what would change the label.
CRITERION, TRIAL, CHANGE = "criterion", "trial", "change"

_UNKNOWN_NUMBER = ibis.null("float64")


def derive_evidence(
    labels: ir.Table, trials: ir.Table, patients: ir.Table, definition: Definition
) -> ir.Table:
    """List the criteria that a definition asks for, of each patient and of each of his trials.

    Parameters
    ----------
    labels
        Labels by the definition, with the contract's columns.
    trials
        Trials judged by it: the contract's columns, with ``min_mg_per_day``.
    patients
        Accepted patients.
    definition
        The definition.

    Returns
    -------
    Table
        One row a patient and criterion (``part`` is ``criterion``), and one a trial and criterion
        (``trial``), with :data:`EVIDENCE_COLUMNS`. ``value`` is what was judged (null: unknown);
        ``observed`` the number it was judged by and ``needed`` the threshold, in ``unit`` (null:
        unknown, or there is no number). ``decides`` tells that the label would not be what it is
        were this criterion otherwise: of a resistant patient all of them, of one who is not
        those that are not met, of an indeterminate one those that are unknown. Of a trial: every
        criterion of a failure; of no failure those not met; of a possible one the unknown ones.
        ``to_label``, ``option`` and ``changes`` are null; see
        :mod:`trdanalysis.labelling.changes`.
    """
    of_patients = _list_criteria(labels, patients, definition)
    of_trials = _list_trial_criteria(trials, definition)
    return ibis.union(*(part.select(*EVIDENCE_COLUMNS) for part in (*of_patients, *of_trials)))


def list_patient_criteria(definition: Definition) -> tuple[str, ...]:
    """Name the patient's criteria that a definition asks for, in the order of its reasons."""
    rule = definition.patient
    names = ["mdd"] if rule.requires_mdd else []
    names += ["of_age"] if rule.asks_age else []
    names += [f"no_{name}" for name in rule.exclusions]
    names += ["resistance"]
    return (*names, "impaired") if rule.requires_impairment else tuple(names)


def derive_patient_values(labels: ir.Table, patients: ir.Table, definition: Definition) -> ir.Table:
    """Give the criteria of :func:`list_patient_criteria` as columns beside the labels."""
    rule = definition.patient
    shown = patients.select("patient_id", "age_years", *rule.exclusions)
    table = labels.join(shown, "patient_id")
    of_age: ir.BooleanValue = ibis.literal(True)
    if rule.min_age_years is not None:
        of_age = of_age & (table.age_years >= rule.min_age_years)
    if rule.max_age_years is not None:
        of_age = of_age & (table.age_years <= rule.max_age_years)
    exclusions = {f"no_{name}": ~table[name] for name in rule.exclusions}
    return table.mutate(of_age=of_age, resistance=table.enough_failures, **exclusions)


def _list_criteria(labels: ir.Table, patients: ir.Table, definition: Definition) -> list[ir.Table]:
    table = derive_patient_values(labels, patients, definition)
    first = next(definition.resistance[0].leaves)
    asked = first.failures or first.treatments or first.score
    assert asked is not None
    count = table.score_low if first.score else table.failures_definite
    numbers = {
        "resistance": (count, ibis.literal(float(asked.at_least)), definition.kind),
        "of_age": (table.age_years, _UNKNOWN_NUMBER, "years"),
    }
    parts = []
    for item in list_patient_criteria(definition):
        observed, needed, unit = numbers.get(item, (_UNKNOWN_NUMBER, _UNKNOWN_NUMBER, None))
        value = table[item]
        wanted = ibis.cases((table.label == TRD, value), (table.label == NOT_TRD, ~value))
        decides = wanted.fill_null(False) | (
            (table.label != TRD) & (table.label != NOT_TRD) & value.isnull()
        )
        parts.append(
            _row(
                table, CRITERION, item, ibis.null("string"), value, observed, needed, unit, decides
            )
        )
    return parts


def asked_of_trials(rule: TrialRule) -> tuple[str, ...]:
    """Name the criteria of a failure that a definition asks for."""
    names = ["antidepressant", "first_line"]
    names += ["dose_adequate"] if rule.asks_dose else []
    names += ["duration_adequate"] if rule.required_days else []
    names += ["adherence_adequate"] if rule.required_adherence is not None else []
    return (*names, "nonresponse")


def _list_trial_criteria(trials: ir.Table, definition: Definition) -> list[ir.Table]:
    rule = definition.trial
    percent, needed_percent = _response(trials, rule.nonresponse)
    days = trials.duration_days
    if rule.asks_dose:
        days = trials.adequate_days
    numbers: dict[str, tuple[ir.Value, ir.Value, str]] = {
        "dose_adequate": (trials.dose_mg_per_day, trials.min_mg_per_day, "mg_per_day"),
        "duration_adequate": (days, ibis.literal(float(rule.required_days)), "days"),
        "adherence_adequate": (
            trials.adherence, ibis.literal(rule.required_adherence, "float64"), "of_days_covered"),
        "nonresponse": (percent, needed_percent, "percent_lost"),
    }  # fmt: skip
    parts = []
    for item in asked_of_trials(rule):
        observed, needed, unit = numbers.get(item, (_UNKNOWN_NUMBER, _UNKNOWN_NUMBER, None))
        value = trials[item]
        decides = ibis.cases(
            (trials.failed, True), (~trials.failed, ~value), else_=value.isnull()
        ).fill_null(False)
        parts.append(
            _row(trials, TRIAL, item, trials.trial_id, value, observed, needed, unit, decides)
        )
    return parts


def _response(trials: ir.Table, nonresponse: NonResponse) -> tuple[ir.Value, ir.Value]:
    """Give the percent of the baseline score lost, and below which it is non-response."""
    percent = (trials.reduction * 100).round(1)
    threshold = nonresponse.reduction_below_percent or nonresponse.reduction_at_most_percent
    return percent, _UNKNOWN_NUMBER if threshold is None else ibis.literal(float(threshold))


def _row(
    table: ir.Table,
    part: str,
    item: str,
    trial_id: ir.Value,
    value: ir.Value,
    observed: ir.Value,
    needed: ir.Value,
    unit: str | None,
    decides: ir.Value,
) -> ir.Table:
    return table.select(
        "patient_id", "definition", part=ibis.literal(part), item=ibis.literal(item),
        trial_id=trial_id, value=value, observed=observed.cast("float64"),
        needed=needed.cast("float64"), unit=ibis.literal(unit, "string"), decides=decides,
        to_label=ibis.null("string"), option=ibis.null("int64"), changes=ibis.null("int64"),
    )  # fmt: skip


#: What evidence is sorted by: it tells every row apart.
EVIDENCE_ORDER = (
    "patient_id", "definition", "part", "to_label", "option", "trial_id", "item",
)  # fmt: skip
