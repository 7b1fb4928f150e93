"""Relapse after response, in words."""

from __future__ import annotations

from trdanalysis.report.questions.told import Told

RELAPSE = Told(
    question="relapse",
    title="Relapse after response",
    lead=("How many patients who responded lost the response again within the same treatment.",),
    caveats=("Only who was rated again after a response can be seen to relapse.",),
)
