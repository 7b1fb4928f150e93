"""What was tried after treatment resistance, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

AFTER_TRD = Told(
    question="after_trd",
    title="What was tried after resistance",
    lead=(
        "What was tried next once a patient was treatment-resistant, in what order, and what"
        " came of it.",
    ),
    caveats=(
        "This is description: who got which treatment was chosen by people who knew more than"
        " the records hold (confounding by indication). Nothing here says which treatment works"
        " better.",
    ),
)
