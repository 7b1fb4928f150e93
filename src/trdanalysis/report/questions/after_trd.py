"""What was tried after treatment resistance, in words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from trdanalysis.analysis.questions.pathways import THEN
from trdanalysis.report.contents import Drawing
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.questions.strategies import KINDS, STRATEGIES, tell_pathway
from trdanalysis.report.questions.told import Told


def _write(name: str) -> str | None:
    """Write a pathway; None where it is none."""
    kinds = name.split(THEN)
    return tell_pathway(name) if all(kind in KINDS for kind in kinds) else None


def _draw(disclosed: Disclosed) -> Sequence[Drawing]:
    """Draw the pathways, where any is shown."""
    # Words alone, as tables of a paper want them, do without a drawing library.
    from trdanalysis.report.drawing.pathways import render_pathways
    from trdanalysis.report.figures.pathways import TITLE, pathways_of

    drawn = pathways_of(disclosed.tables["questions"], disclosed.primary)
    svg = render_pathways(drawn, title=TITLE, name="pathways")
    return [Drawing(TITLE, Markup(svg), drawn.note)] if svg else []


AFTER_TRD = Told(
    question="after_trd",
    title="What was tried after resistance",
    lead=(
        "What was tried next once a patient was treatment-resistant, in what order, what came of"
        " it, and how long it took. A step is a day, at onset or later, on which something was"
        " begun against depression. Onset is the day on which enough failures were established."
        " What was begun before and went on is no step: it is what a switch is from, or what"
        " something is added to.",
        "A new antidepressant is a combination where another one went on for 28 days beside it, and"
        " else a switch, within the class of one that it follows or across classes. What is"
        " recorded in the role of augmentation, or only augments, is augmentation. Where strategies"
        " differ on one day, they are several at once. The strategy is unknown where a drug, role"
        " or indication is, and every step of a patient with a quarantined trial.",
    ),
    caveats=(
        "This is a description. Who got which treatment was chosen by people who knew more than the"
        " records hold, and the more severe are given other treatments than the less severe"
        " (confounding by indication). Adjustment for the baseline score and the number of failures"
        " does not undo it. Nothing here says which treatment works better.",
        "The label asks for impairment at the last observation. Who recovered after onset is no"
        " longer labelled, so that response and remission after it come out too low.",
        "Onset is the day on which enough failures were proven. Where an earlier failure lacks its"
        " dose, adherence or outcome, onset lies too late, and what is counted as the next step is"
        " a later one. The bounds do not allow for that.",
        "No next step recorded means that the patient was seen after onset, perhaps for a short"
        " time: the curve takes that into account. Treatment elsewhere, and a change of dose, are"
        " not seen as steps.",
        "Outcomes are of the first step known to be of a strategy, which need not be the next step"
        " after onset. In a comparison a patient who had both counts with the one that came first.",
    ),
    captions={
        "next_step": "The next step after onset",
        "pathway": "Kinds of steps, in their order",
        "left_on_failed": "Left on a failed treatment: no next step, and still taking it when last"
        " seen",
        "outcome_of_step": "Response and remission by strategy, first step of each",
        "response": "Response",
        "remission": "Remission",
    },
    names={
        **STRATEGIES,
        "left_on_failed": "left on a failed treatment",
        "definite": "what certainly is a step",
        "possible": "also what may be one",
        "strategy": "strategy",
    },
    write=_write,
    curves={"time_to_next_step": "Time from onset to the next step"},
    draw=_draw,
)
