"""The words of strategies and of pathways after treatment resistance; nothing is computed."""

from __future__ import annotations

#: What was done: a word for each strategy, in the order of tables.
SWITCH_WITHIN, SWITCH_ACROSS = "switch_within_class", "switch_across_classes"
SAME_AGAIN, COMBINATION, AUGMENTATION = "same_again", "combination", "augmentation"
PSYCHOTHERAPY, ECT, RTMS, KETAMINE = "psychotherapy", "ect", "rtms", "ketamine"
LIFESTYLE, SEVERAL = "lifestyle", "several"
STRATEGIES = (
    SWITCH_WITHIN, SWITCH_ACROSS, SAME_AGAIN, COMBINATION, AUGMENTATION, PSYCHOTHERAPY, ECT, RTMS,
    KETAMINE, LIFESTYLE, SEVERAL,
)  # fmt: skip

#: No step was recorded though the patient was observed.
NONE_RECORDED = "none_recorded"

#: Kinds of steps, of which pathways are made, and the strategies of each.
SWITCHING, ADDING, PSYCHOSOCIAL, PROCEDURE = "switch", "add", "psychosocial", "procedure"
KINDS = {
    SWITCHING: (SWITCH_WITHIN, SWITCH_ACROSS, SAME_AGAIN),
    ADDING: (COMBINATION, AUGMENTATION, SEVERAL),
    PSYCHOSOCIAL: (PSYCHOTHERAPY, LIFESTYLE),
    PROCEDURE: (ECT, RTMS, KETAMINE),
}

#: How many steps a pathway has at most, and what stands between them.
MOST_STEPS, THEN = 3, " > "
#: Third steps that are not told apart.
ANY_STEP = "any"

#: Kinds that are medicines.
MEDICINES = (SWITCHING, ADDING)


def list_pathways() -> tuple[str, ...]:
    """List the pathways that are told apart, in the order of tables.

    None recorded; all of one and of two kinds of steps; then those with a third step or more. The
    kind of the third is told where the first two are of medicines, since the article's order leads
    through medicines to what is beyond them; after others it is :data:`ANY_STEP`. The list is the
    same whatever the records hold, so that being on it tells nothing of anybody.
    """
    kinds = list(KINDS)
    two = [(one, other) for one in kinds for other in kinds]
    three = [(*pair, last) for pair in two for last in (kinds if _is_told(pair) else (ANY_STEP,))]
    told = [*((one,) for one in kinds), *two, *three]
    return (NONE_RECORDED, *(THEN.join(each) for each in told))


def _is_told(pair: tuple[str, str]) -> bool:
    return set(pair) <= set(MEDICINES)
