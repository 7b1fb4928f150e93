"""The sections of the report page: what they are called, and in which order they stand.

A section with a template of its own is one line of :data:`SECTIONS`. One made of paragraphs, tables
and figures needs no template: it is given to the page as a :class:`Section` with ``blocks``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from trdanalysis.report.tables import Table

RESULTS, QUESTIONS, SENSITIVITY, DEFINITIONS, PAPER, RECORDS = PARTS = (
    "Results", "Beside the label", "How sure", "Definitions", "For a paper", "Records and run",
)  # fmt: skip


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    title: str


@dataclass(frozen=True)
class Drawing:
    """A figure inside a section.

    Attributes
    ----------
    label
        What it shows, in a few words.
    svg
        An ``<svg>`` element with a text for those who do not see it; every text in it is escaped.
    caption
        What stands below it.
    """

    label: str
    svg: Markup
    caption: str


#: A text is a paragraph.
Block = str | Heading | Table | Drawing


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes
    ----------
    name
        Its identifier on the page: links lead to it, and files of its tables are called after it.
    title
        Its heading.
    part
        Of :data:`PARTS`: what it stands under in the table of contents.
    blocks
        What it is made of, from top to bottom. Empty: it has a template of its own, of its name.
    """

    name: str
    title: str
    part: str
    blocks: Sequence[Block] = ()

    @property
    def template(self) -> str:
        """Name of the template that writes it."""
        return f"sections/{'blocks' if self.blocks else self.name}.html.j2"

    def told(self) -> Iterator[tuple[str, Block]]:
        """Give the blocks, each with its kind."""
        kinds = {Heading: "heading", Table: "table", Drawing: "figure"}
        for block in self.blocks:
            yield kinds.get(type(block), "paragraph"), block


SECTIONS = (
    Section("glance", "At a glance", RESULTS),
    Section("headline", "Headline rates", RESULTS),
    Section("groups", "By age band and factor group", RESULTS),
    Section("comparisons", "Comparisons", RESULTS),
    Section("age", "Age", RESULTS),
    Section("time", "Time to the second failure", RESULTS),
    Section("unknown", "What is unknown, and what it costs", SENSITIVITY),
    Section("missing", "Missing outcomes", SENSITIVITY),
    Section("resistance", "Apparent and proven resistance", SENSITIVITY),
    Section("multiverse", "Every other way to set the thresholds", SENSITIVITY),
    Section("labels", "Labels and their reasons", DEFINITIONS),
    Section("side-by-side", "Definitions side by side", DEFINITIONS),
    Section("definition", "The definition in words", DEFINITIONS),
    Section("changes", "What changed", RECORDS),
    Section("attrition", "From records to labelled patients", RECORDS),
    Section("balance", "Balance of rows", RECORDS),
    Section("run", "What was run", RECORDS),
    Section("limits", "Limits", RECORDS),
    Section("words", "Words", RECORDS),
)


def arrange(added: Iterable[Section] = ()) -> list[tuple[str, list[Section]]]:
    """Put the sections in order, those that were added at the end of their part.

    Returns
    -------
    list
        Part and its sections; a part without any is left out.

    Raises
    ------
    ValueError
        Where two sections have one name, or one names a part that does not exist.
    """
    sections = [*SECTIONS, *added]
    names = [each.name for each in sections]
    if len(set(names)) < len(names) or not {each.part for each in sections} <= set(PARTS):
        raise ValueError(f"sections repeat a name, or name no part: {names}")
    by_part = {part: [each for each in sections if each.part == part] for part in PARTS}
    return [(part, found) for part, found in by_part.items() if found]
