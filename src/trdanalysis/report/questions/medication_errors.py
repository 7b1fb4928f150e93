"""Medication errors behind apparent resistance, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

MEDICATION_ERRORS = Told(
    question="medication_errors",
    title="Medication errors",
    lead=(
        "How much apparent resistance is too low a dose, too short a trial or poor adherence,"
        " and what labels would be had each been adequate.",
    ),
    caveats=("That a trial would have failed had it been adequate is a bound, and no prediction.",),
)
