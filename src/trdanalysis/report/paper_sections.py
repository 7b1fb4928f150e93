"""What the page shows for a paper: who is counted, methods and results in words, the checklists."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from trdanalysis.report import words
from trdanalysis.report.contents import PAPER, RECORDS, Block, Drawing, Heading, Section
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.flow import render_flow
from trdanalysis.report.figures.flow import participant_flow
from trdanalysis.report.prose.checklists import Item
from trdanalysis.report.prose.making import PageText, make_prose
from trdanalysis.report.tables import Table

#: Whose way the figure shows: the article's sentence.
_FLOW_OF = "initial_adequate_trial"

_CHECKLIST_HEADS = ("Item", "of", "topic", "recommended", "this run", "where", "what it says")


def make_paper_sections(disclosed: Disclosed) -> list[Section]:
    """Make the sections of the page that a paper is written from.

    Parameters
    ----------
    disclosed
        What passed disclosure control.
    """
    prose = make_prose(disclosed)
    sections = [
        Section("methods-text", "Methods in words", PAPER, _paragraphs(prose.methods)),
        Section("results-text", "Results in words", PAPER, _paragraphs(prose.results)),
        Section(
            "checklists", "STROBE and RECORD", PAPER, [prose.summary, _checklist(prose.checklist)]
        ),
    ]
    if prose.references:
        sections.append(Section("cited", "References", PAPER, prose.references))
    flow = _flow(disclosed)
    return sections + ([Section("flow", "Participant flow", RECORDS, [flow])] if flow else [])


def _paragraphs(text: PageText) -> list[Block]:
    blocks: list[Block] = []
    for heading, paragraphs in text.sections:
        blocks += [Heading(heading), *paragraphs]
    return blocks


def _checklist(items: Sequence[Item]) -> Table:
    return Table(
        "Items of STROBE (cohort studies) and of RECORD, as this run fills them",
        _CHECKLIST_HEADS,
        [
            [one.item, one.statement, one.topic, one.recommended, one.status,
             one.where or words.NOTHING, one.this_run or words.NOTHING]
            for one in items
        ],
        frozenset(range(len(_CHECKLIST_HEADS))),
    )  # fmt: skip


def _flow(disclosed: Disclosed) -> Drawing | None:
    """Draw who is counted, where there are any steps."""
    tables = disclosed.tables
    flow = participant_flow(
        tables["attrition"], tables["rates"], tables["definitions"], definition=disclosed.primary,
        estimand=_FLOW_OF,
    )  # fmt: skip
    title = "Participant flow; the numbers stand in the tables of attrition"
    svg = render_flow(flow, title=title, name="flow")
    if not svg:
        return None
    about = words.ESTIMANDS[_FLOW_OF]["title"]
    return Drawing(
        f"participant flow of: {about}",
        # The figure comes from a drawing library, which has escaped every text in it.
        Markup(svg),
        f"From the rows received to the patients who are counted: {about.lower()}.",
    )
