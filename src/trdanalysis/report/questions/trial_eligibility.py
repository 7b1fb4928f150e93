"""Eligibility for a clinical trial, in words."""

from __future__ import annotations

from trdanalysis.report import words
from trdanalysis.report.questions.told import Told


def _write(name: str) -> str | None:
    """Write an exclusion."""
    column = name.removeprefix("no_")
    return f"no {words.words(column)}" if column != name else None


TRIAL_ELIGIBILITY = Told(
    question="trial_eligibility",
    title="Eligibility for a trial",
    lead=(
        "Who would qualify for a trial in treatment-resistant depression, and which criterion costs"
        " most, by the file of eligibility that the configuration names. It"
        " gives the source of its criteria and marks thresholds that were not confirmed there."
        " Failures are those of the primary definition in the present episode, which is that of the"
        " trial begun last. Severity is that of the last known rating on one of the file's scales.",
        "The first table is the way in, in the file's order: who meets a criterion and all before"
        " it. The last row is who would qualify. The known without it are out: one failed criterion"
        " settles that, whatever else is unknown. Who fails one criterion and meets all others"
        " would qualify were it dropped: the criterion with most of them costs most.",
    ),
    caveats=(
        "A trial asks for more than records hold: consent, examinations, laboratory values, the"
        " treatment that goes on. Who qualifies here might still be refused.",
        "Age is that at the first recorded trial, and severity may have been rated long before or"
        " after: nobody was rated for entry.",
        "Severity is that of the last rating that was recorded. Where a later one is missing it is"
        " an earlier one, and the bounds do not allow for that.",
        "Costs of single criteria do not add up: who fails two is in no row of those that fail one"
        " alone.",
    ),
    captions={
        "still_in": "Still in after each criterion",
        "meets": "Meets the criterion, whatever the others",
        "fails_alone": "Fails this criterion alone",
    },
    names={
        "age_years": "age",
        "failures_in_episode": "failures in the present episode",
        "severity": "severity at the last rating",
    },
    write=_write,
)
