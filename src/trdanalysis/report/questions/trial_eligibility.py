"""Eligibility for a clinical trial, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

TRIAL_ELIGIBILITY = Told(
    question="trial_eligibility",
    title="Eligibility for a trial",
    lead=(
        "Who would qualify for a trial in treatment-resistant depression, and which criterion"
        " costs most.",
    ),
    caveats=("A trial asks for more than records hold: consent, examinations, laboratory values.",),
)
