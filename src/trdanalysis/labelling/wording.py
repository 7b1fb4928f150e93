"""A definition in words: what must hold of a patient, and of a trial."""

from __future__ import annotations

from typing import Any

from trdanalysis.labelling.definition import Definition, TrialRule
from trdanalysis.labelling.rules import (
    EVER,
    FailureCount,
    Grade,
    NonResponse,
    Rule,
    ScoreItem,
    TreatmentCount,
)

_KINDS = {"ingredient": "ingredients", "moiety": "moieties", "class": "classes"}
_LISTS = {
    "broad": "first-line in CANMAT 2023",
    "core": "first-line in CANMAT 2023 and APA 2010",
    "any": "any antidepressant, first-line or not",
}


def describe_definition(definition: Definition) -> dict[str, Any]:
    """Give a definition as its file has it, and in words.

    Returns
    -------
    dict
        The file's keys, and ``of_patient``, ``of_trial``, ``of_score``, ``of_grades``: lists of
        sentences; ``of_nonresponse``: one.
    """
    return {
        **definition.model_dump(mode="json"),
        "of_nonresponse": describe_nonresponse(definition.trial.nonresponse),
        "of_patient": describe_patient(definition),
        "of_trial": describe_trial(definition),
        "of_score": describe_score(definition.score),
        "of_grades": describe_grades(definition.grades),
    }


def describe_patient(definition: Definition) -> list[str]:
    """Say what must hold of a resistant patient, a sentence each."""
    rule = definition.patient
    lines = []
    if rule.requires_mdd:
        lines.append("a formal diagnosis of major depressive disorder, and no bipolar disorder")
    lines.append(" or ".join(describe_rule(each) for each in definition.resistance))
    if rule.requires_impairment:
        lines.append("symptoms still affect daily functioning")
    if rule.asks_age:
        low, high = rule.min_age_years, rule.max_age_years
        bounds = [f"{low} or older" if low is not None else "",
                  f"{high} or younger" if high is not None else ""]  # fmt: skip
        lines.append("aged " + " and ".join(bound for bound in bounds if bound))
    if rule.exclusions:
        names = ", ".join(name.replace("_", " ") for name in rule.exclusions)
        lines.append(f"none of these: {names}")
    return lines


def describe_rule(rule: Rule) -> str:
    """Say what a rule asks for."""
    if rule.all_of:
        return " and ".join(describe_rule(each) for each in rule.all_of)
    if rule.score is not None:
        return f"a score of {rule.score.at_least:g} or more"
    if rule.failures is not None:
        return f"at least {rule.failures.at_least} {describe_failures(rule.failures)}"
    assert rule.treatments is not None
    return f"at least {rule.treatments.at_least} {describe_treatments(rule.treatments)}"


def describe_failures(count: FailureCount) -> str:
    """Say which failures are counted."""
    text = f"failed trial(s) of different {_KINDS[count.distinct_by]}"
    if count.of_classes:
        text += f" among {', '.join(count.of_classes)}"
    if count.min_days_between_starts:
        text += f", begun more than {count.min_days_between_starts} days apart"
    if count.same_episode:
        text += ", in one depressive episode"
    if count.within_days is not None:
        text += f", within {count.within_days} days of the first treatment"
    if count.nonresponse is not None:
        text += f" ({describe_nonresponse(count.nonresponse)})"
    return text


def describe_treatments(count: TreatmentCount) -> str:
    """Say which treatments are counted."""
    named = {"counted": "a drug that counts", "augmentation": "an augmentation"}
    text = f"different {_KINDS[count.distinct_by]} begun of "
    text += " or ".join(named.get(word, word) for word in count.of)
    if count.after:
        text += " after " + " or ".join(named.get(word, word) for word in count.after)
    if count.within_days is not None:
        text += f", within {count.within_days} days"
    return text + (", without response" if count.without_response else "")


def describe_nonresponse(nonresponse: NonResponse) -> str:
    """Say what non-response is."""
    weeks = nonresponse.switched_within_weeks
    if weeks == EVER:
        return "another treatment was begun later"
    if weeks is not None:
        return f"another treatment was begun within {weeks} weeks of the end, or before it"
    if nonresponse.short_of_remission:
        return "no remission; or so rated where scores do not tell"
    if nonresponse.reduction_at_most_percent is not None:
        text = f"{nonresponse.reduction_at_most_percent}% of the baseline score lost or less"
    else:
        text = f"less than {nonresponse.reduction_below_percent}% of the baseline score lost"
    text += ", and no remission"
    if nonresponse.or_score_at_least is not None:
        limit = nonresponse.or_score_at_least
        text += f", or {limit.score:g} or more left on {limit.scale}"
    return text + "; or so rated where scores do not tell"


def describe_trial(definition: Definition) -> list[str]:
    """Say what must hold of a failed trial, a sentence each."""
    rule = definition.trial
    counted = "an antidepressant, as the primary treatment, for depression"
    if rule.not_counted:
        counted += f" (but not {', '.join(rule.not_counted)})"
    if rule.also_counted:
        counted += f"; or, in any role, {', '.join(rule.also_counted)}"
    lines = [counted, _LISTS[rule.first_line]]
    if rule.asks_dose:
        lines.append(
            f"the daily dose reached the drug's minimum (column min_mg_{rule.dose_table}"
            " of the drug table)"
        )
    if rule.required_days:
        lines.append(describe_duration(rule))
    if rule.required_adherence is not None:
        lines.append(f"adherence of {100 * rule.required_adherence:g}% or more of days covered")
    lines.append(describe_nonresponse(rule.nonresponse))
    return lines


def describe_duration(rule: TrialRule) -> str:
    """Say how long a trial must have lasted."""
    text = f"{rule.required_days} days or more on treatment"
    if isinstance(rule.min_weeks, int):
        text = f"{rule.min_weeks} weeks ({rule.required_days} days) or more on treatment"
    return text + (", at that dose where dose steps are recorded" if rule.asks_dose else "")


def describe_score(items: tuple[ScoreItem, ...]) -> list[str]:
    """Say what each item of a score is worth."""
    lines = []
    for item in items:
        name = item.item.replace("_", " ")
        of = ""
        if item.failures is not None:
            of = f", by {describe_failures(item.failures)}"
        elif item.treatments is not None:
            of = f", by {describe_treatments(item.treatments)}"
        if item.points_between is not None:
            low, high = item.points_between
            each = " for each" if of else ""
            points = (
                f"{low:g} to {high:g} points{each}, unknown: {item.not_recorded} is not recorded"
            )
        elif item.points_each is not None:
            points = f"{item.points_each:g} point(s) for each"
        else:
            steps = (item.points_from or {}).items()
            points = "; ".join(f"from {number}: {value:g}" for number, value in steps)
        lines.append(f"{name}{of}: {points}")
    return lines


def describe_grades(grades: tuple[Grade, ...]) -> list[str]:
    """Say what each grade asks for, the highest first; the first that holds is the patient's."""
    return [f"{each.grade}: " + " and ".join(describe_rule(rule) for rule in each.all_of)
            for each in grades]  # fmt: skip
