"""What was done after treatment resistance, in words."""

from __future__ import annotations

from trdanalysis.analysis.questions.pathways import ANY_STEP, MOST_STEPS, NONE_RECORDED, THEN

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


#: The same in a sequence, where they stand beside each other.
_IN_SEQUENCE = KINDS | {"switch": "switch", ANY_STEP: "a third step"}


def tell_pathway(level: str) -> str:
    """Write a pathway for people."""
    if level == NONE_RECORDED:
        return STRATEGIES[level]
    kinds = level.split(THEN)
    told = [_IN_SEQUENCE[kind] for kind in kinds]
    return ", then ".join(told if len(kinds) == MOST_STEPS else [*told, "no more"])
