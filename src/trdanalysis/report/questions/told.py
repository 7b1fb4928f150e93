"""How a question is told to people: its words, and what it draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.contents import Drawing
from trdanalysis.report.disclosed import Disclosed

#: Words that mean the same in every question: populations, groups of patients, levels.
COMMON = {
    "members": "members of the population",
    "trd": words.LABELS["trd"],
    "not_trd": words.LABELS["not_trd"],
    "indeterminate": words.LABELS["indeterminate"],
    "pseudo_resistant": "Pseudo-resistant",
    "responding": "Responding",
    "young_adults": "18 to 25 years",
    "other_adults": "26 years and over",
}


@dataclass(frozen=True)
class Told:
    """One question, as people read it.

    Attributes
    ----------
    question
        Its identifier in questions.csv.
    title
        Heading of its section, and title of its table of a paper.
    lead
        What is asked, of whom; the first paragraphs.
    caveats
        What the answers cannot say; the last paragraphs, and footnotes of the table.
    captions
        What each measure shows, by measure; else its identifier is written as words.
    names
        Words of populations, groups, levels, effects and curves, by identifier; those that are not
        here are taken from :data:`COMMON`, or written as words.
    write
        Writes a name that is made of others, such as a pathway; None where it is no such name.
    curves
        Captions of curves that belong to it, by ``estimand`` of question_curves.csv.
    draw
        Gives its figures.
    """

    question: str
    title: str
    lead: Sequence[str]
    caveats: Sequence[str] = ()
    captions: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[str], str | None] = lambda name: None
    curves: Mapping[str, str] = field(default_factory=dict)
    draw: Callable[[Disclosed], Sequence[Drawing]] = lambda disclosed: ()

    def name(self, identifier: Any) -> str:
        """Write a population, group, level, effect or curve for people."""
        if pd.isna(identifier) or identifier == "":
            return ""
        text = str(identifier)
        own = self.names.get(text) or self.write(text)
        return own or COMMON.get(text) or words.words(text)

    def caption(self, measure: str) -> str:
        """Say what a measure shows."""
        return self.captions.get(measure) or words.words(measure).capitalize()
