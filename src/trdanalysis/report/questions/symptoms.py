"""Symptoms, in words."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from trdanalysis.report.contents import Drawing
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.questions.told import Told


def _draw(disclosed: Disclosed) -> Sequence[Drawing]:
    """Draw the shares, where any is shown."""
    # Words alone, as tables of a paper want them, do without a drawing library.
    from trdanalysis.report.drawing.forest import Forest, draw_forest
    from trdanalysis.report.drawing.saving import save_inline
    from trdanalysis.report.drawing.style import page_look
    from trdanalysis.report.figures.paper_figure import has_marks
    from trdanalysis.report.figures.symptoms import NOTE, TITLE, symptom_rows

    rows = symptom_rows(disclosed.tables["questions"], disclosed.primary)
    if not has_marks(rows):
        return []
    forest = Forest(rows, None, heads=("with it of known", "share (95% interval)"))
    svg = save_inline(draw_forest(forest, page_look("symptoms")), TITLE)
    return [Drawing(TITLE, Markup(svg), NOTE)]


SYMPTOMS = Told(
    question="symptoms",
    title="Residual symptoms",
    lead=(
        "Which of the eight symptoms are left at the last observation, among treatment-resistant,"
        " pseudo-resistant and responding patients; which come together; and how many there are."
        " Who is in none of the three groups for certain is left out.",
    ),
    caveats=(
        "Symptoms are of the last observation, for everybody: they may have been others when"
        " resistance began.",
        "A symptom that nobody recorded is unknown, and not absent. Two at once are known where"
        " both are known; how many there are, where all eight are.",
        "How severe a symptom is cannot be told: records come with totals of scales, not items.",
    ),
    captions={
        "symptom": "Each symptom",
        "symptom_pair": "Two symptoms at once",
        "symptom_count": "How many of the eight symptoms",
    },
    draw=_draw,
)
