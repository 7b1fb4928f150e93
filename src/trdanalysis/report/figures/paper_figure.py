"""What every figure of a paper says of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.forest import (
    ForestRow,
)
from trdanalysis.report.drawing.nothing import draw_nothing
from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.style import DOUBLE_MM, Look
from trdanalysis.report.sections import (
    overall_rates,
)

ADULTS = "adults, and patients of unknown age"


@dataclass(frozen=True)
class PaperFigure:
    """One figure of a paper.

    Attributes
    ----------
    name
        As in :data:`trdanalysis.layout.FIGURES`: of its files.
    title
        What it is called.
    shown
        What is drawn, and how it is read.
    population, n
        Whom it is of, and how many; ``n`` is empty where the figure itself says it.
    alt
        What is told to those who do not see it.
    why_empty
        Why there is nothing to draw; empty where there is.
    width_mm
        The width it is made for.
    draw
        Draws it; see :meth:`sheet`.
    """

    name: str
    title: str
    shown: str
    population: str
    n: str
    alt: str
    why_empty: str
    draw: Callable[[Look], Sheet] = field(repr=False)
    width_mm: float = DOUBLE_MM

    def sheet(self, look: Look) -> Sheet:
        """Draw it, or the sentence that says why there is nothing to draw."""
        if self.why_empty:
            return draw_nothing(self.title, self.why_empty, look)
        return self.draw(look)

    @property
    def told(self) -> str:
        """What is told to those who do not see it."""
        return self.why_empty or self.alt


def n_of(disclosed: Disclosed, estimand: str) -> str:
    """Say of how many an overall rate is."""
    row = overall_rates(disclosed.tables["rates"], disclosed.primary).get(estimand)
    if row is None:
        return words.NOTHING
    if row["status"] == "suppressed":
        return words.HIDDEN
    return words.count(row["n"])


def n_of_everybody(disclosed: Disclosed) -> str:
    """Say how many are labelled."""
    own = disclosed.tables["definitions"].set_index("definition")["n"]
    n = own.get(disclosed.primary)
    return words.HIDDEN if n is None or pd.isna(n) else words.count(n)


def reference_label(disclosed: Disclosed) -> str:
    """Say what the line of a figure is."""
    return f"reference {words.percent(disclosed.reference, 0)}"


def has_marks(drawn: Sequence[ForestRow]) -> bool:
    """Say whether a forest plot shows any number."""
    return any(row.value is not None for row in drawn)
