"""What was done after treatment resistance, in words."""

from __future__ import annotations

from trdanalysis.analysis.questions.next_steps import ANY_STEP, THEN
from trdanalysis.analysis.questions.strategies import NONE_RECORDED

STRATEGIES = {
    "switch_within_class": "switch within a class",
    "switch_across_classes": "switch across classes",
    "same_again": "the same antidepressant again",
    "combination": "combination of antidepressants",
    "augmentation": "augmentation",
    "psychotherapy": "psychotherapy",
    "ect": "ECT",
    "rtms": "rTMS",
    "ketamine": "ketamine or esketamine",
    "lifestyle": "lifestyle intervention",
    "several": "several at once",
    NONE_RECORDED: "no next step recorded",
}

KINDS = {
    "switch": "switch of antidepressant",
    "add": "something added",
    "psychosocial": "psychotherapy or lifestyle",
    "procedure": "ECT, rTMS or ketamine",
    ANY_STEP: "a third step of any kind",
}


def tell_pathway(level: str) -> str:
    """Write a pathway for people."""
    if level == NONE_RECORDED:
        return STRATEGIES[level]
    return ", then ".join(KINDS[kind] for kind in level.split(THEN))
