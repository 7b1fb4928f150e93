"""Explain one patient's label: every criterion, and the trials and thresholds that decided it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trdanalysis.labelling.changes import rule_of_changes
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.telling import describe_changes
from trdanalysis.labelling.wording import describe_failures, describe_nonresponse, describe_rule

Row = Mapping[str, Any]

NO_CHANGES_TOLD = "What would change the label is not told for a definition of this kind."
TOO_MANY_CHANGES = "No change of one or two trials would change the label."

_VERDICTS = {
    "failed": "failed: adequate in dose, duration and adherence, without response",
    "responded": "no failure: the patient responded",
    "not_switched": "no failure: no other treatment followed in time",
    "not_antidepressant": "no failure: not an antidepressant trial for depression",
    "not_first_line": "no failure: not a first-line antidepressant",
    "dose_inadequate": "no failure: the dose never reached the minimum",
    "duration_insufficient": "no failure: too short",
    "adherence_poor": "no failure: adherence too low",
    "drug_unknown": "possible failure: drug, role or indication unknown",
    "dose_unknown": "possible failure: dose unknown",
    "in_progress": "possible failure: still in progress",
    "duration_unknown": "possible failure: duration unknown",
    "adherence_unknown": "possible failure: adherence unknown",
    "outcome_unknown": "possible failure: outcome unknown",
    "switch_unknown": "possible failure: whether another treatment followed in time is unknown",
}


def word(value: bool | None) -> str:
    """Give a three-valued value as a word."""
    return {True: "yes", False: "no", None: "unknown"}[value]


def _number(value: float | None, unit: str = "") -> str:
    if value is None:
        return "unknown"
    return f"{value:g}{' ' + unit if unit else ''}"


def render_explanation(
    patient: Row,
    label: Row,
    trials: Sequence[Row],
    quarantined: int,
    evidence: Sequence[Row],
    definition: Definition,
) -> str:
    """Render one patient's label as text.

    Parameters
    ----------
    patient
        The row of ``patients.parquet``.
    label
        The row of ``labels.parquet`` for this definition.
    trials
        The patient's trials as this definition judged them, by ``start_day``.
    quarantined
        How many quarantined trials count as possible failures.
    evidence
        The patient's rows of the evidence by the definition.
    definition
        The definition.

    Returns
    -------
    str
        Several lines. They hold a patient's values: for standard output only.
    """
    lines = [
        f"Definition `{definition.id}`: {definition.title}",
        f"Label: {label['label']}   Reason: {label['reason']}",
    ]
    if definition.grades:
        lines.append(f"Grade: {label['grade'] or 'unknown'}")
    if definition.score:
        lines.append(f"Score: {_number(label['score_low'])} to {_number(label['score_high'])}")
    if label["on_defaults"]:
        lines.append(
            "The label rests on defaults: with role, indication, undated scores and missing stops"
            " read as unknown it would be another."
        )
    if label["onset_day"] is not None:
        lines.append(f"Onset: day {label['onset_day']}")
    lines += ["", "Criteria"]
    lines += _criteria(patient, label, quarantined, definition)
    lines += [
        f"  apparent resistance: {word(label['apparent_resistance'])}"
        " (the same count whatever dose, duration and adherence)",
        f"  pseudo-resistance: {word(label['pseudo_resistance'])}",
        "",
        f"Trials ({len(trials)}; a failure needs every criterion to be yes)",
    ]
    for trial in trials:
        lines += _trial(trial, definition)
    if quarantined:
        lines.append(
            f"  and {quarantined} quarantined trial(s), each a possible failure:"
            " see quarantine.csv of the drop"
        )
    qualifying = ", ".join(label["qualifying_trials"]) or "none"
    lines += [
        "",
        f"Failed trials: {qualifying}. Counted are {describe_failures(definition.main_failures)}.",
    ]
    lines += ["", *_changes(evidence, trials, definition)]
    return "\n".join(lines) + "\n"


def _changes(evidence: Sequence[Row], trials: Sequence[Row], definition: Definition) -> list[str]:
    """Say what would change the label, all else being as it was judged."""
    if rule_of_changes(definition) is None:
        return [NO_CHANGES_TOLD]
    lines = []
    for to_label, options in describe_changes(evidence, trials):
        lines.append(f"The smallest changes to `{to_label}` (any one line suffices):")
        lines += [f"  - {option}" for option in options]
    return lines or [TOO_MANY_CHANGES]


def _criteria(patient: Row, label: Row, quarantined: int, definition: Definition) -> list[str]:
    rule = definition.patient
    count = f"{label['failures_definite']} certain, {label['failures_possible']} possible"
    if quarantined:
        count += f" ({quarantined} of them quarantined)"
    needed = " or ".join(describe_rule(each) for each in definition.resistance)
    score = ""
    if patient["functional_impairment"] is None and patient["function_scale"] is not None:
        score = f"; {patient['function_scale']} {_number(patient['function_score'])}"
    exclusions = ", ".join(f"{name} {word(patient[name])}" for name in rule.exclusions)
    needs = (
        ("mdd", "formal diagnosis of MDD", rule.requires_mdd,
         f"mdd_diagnosis {word(patient['mdd_diagnosis'])},"
         f" bipolar_disorder {word(patient['bipolar_disorder'])}"),
        ("enough_failures", "enough failures", True,
         f"{count}; needed: {needed}"),
        ("impaired", "daily functioning impaired", rule.requires_impairment,
         f"functional_impairment {word(patient['functional_impairment'])}{score}"),
        ("not_excluded", "not excluded", bool(rule.exclusions) or rule.asks_age, exclusions),
    )  # fmt: skip
    return [
        f"  {text}: {word(label[name])} ({detail}{'' if needed else '; not required here'})"
        for name, text, needed, detail in needs
    ]


def _trial(trial: Row, definition: Definition) -> list[str]:
    rule = definition.trial
    minimum = "no minimum is asked for"
    if rule.asks_dose:
        least = _number(trial["min_mg_per_day"], "mg per day")
        minimum = f"minimum: table `{rule.dose_table}`, {least}"
    covered = "no adherence is asked for"
    if rule.required_adherence is not None:
        covered = f"needed {rule.required_adherence:g}"
    stop = "no stop recorded" if trial["stop_day"] is None else f"to day {trial['stop_day']}"
    return [
        f"  {trial['trial_id']}: {trial['ingredient'] or 'a drug that was not recognised'},"
        f" from day {trial['start_day']}, {stop}",
        f"    verdict: {trial['verdict']} ({_VERDICTS[trial['verdict']]})",
        f"    antidepressant: {word(trial['antidepressant'])} (role {trial['role'] or 'unknown'})",
        f"    first_line: {word(trial['first_line'])} (list: {rule.first_line})",
        f"    dose_adequate: {word(trial['dose_adequate'])}"
        f" ({_number(trial['dose_mg_per_day'], 'mg per day')} held; {minimum})",
        f"    duration_adequate: {word(trial['duration_adequate'])}"
        f" ({_number(trial['duration_days'], 'days')} on treatment,"
        f" {_number(trial['adequate_days'])} at an adequate dose; needed {rule.required_days})",
        f"    adherence_adequate: {word(trial['adherence_adequate'])}"
        f" ({_number(trial['adherence'])}; {covered})",
        f"    nonresponse: {word(trial['nonresponse'])} ({_outcome(trial)};"
        f" non-response is: {describe_nonresponse(rule.nonresponse)})",
    ]


def _outcome(trial: Row) -> str:
    parts = [f"outcome {trial['outcome'] or 'unknown'}"]
    if trial["outcome_source"]:
        parts.append(f"from {trial['outcome_source']}")
    if trial["scale"] is not None:
        parts.append(
            f"{trial['scale']} {_number(trial['baseline_score'])}"
            f" (day {_number(trial['baseline_day'])})"
            f" to {_number(trial['endpoint_score'])} (day {_number(trial['endpoint_day'])})"
        )
    if trial["reduction"] is not None:
        parts.append(f"reduction {100 * trial['reduction']:.1f}%")
    if trial["rated_outcome"]:
        parts.append(f"rated {trial['rated_outcome']}")
    return ", ".join(parts)
