"""Symptoms, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

SYMPTOMS = Told(
    question="symptoms",
    title="Symptoms",
    lead=(
        "How common the eight symptoms are among resistant, pseudo-resistant and responding"
        " patients, and which come together.",
    ),
    caveats=("A symptom that nobody recorded is unknown, and not absent.",),
)
