"""Young adults, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

YOUNG_ADULTS = Told(
    question="young_adults",
    title="Young adults",
    lead=(
        "Patients of 18 to 25 years beside older adults: rates, factors, adherence and what"
        " was tried.",
    ),
    caveats=("Age is that of the record, and onset before it may be unknown.",),
)
