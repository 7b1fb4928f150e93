"""The quick checklist, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

CHECKLIST = Told(
    question="checklist",
    title="The quick checklist",
    lead=(
        "How well the article's five questions, as far as records answer them, agree with the"
        " label.",
    ),
    caveats=(
        "The label itself rests on some of what the questions ask, so that they agree in part"
        " by construction.",
    ),
)
