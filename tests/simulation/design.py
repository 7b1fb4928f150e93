"""Designs, what is asked of them, and how an answer is counted."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SEED = 20_240_229

Floats = npt.NDArray[np.float64]
#: Repetitions that said yes, and repetitions that said anything.
Count = tuple[int, int]
Draw = Callable[[np.random.Generator, int], list[Count]]


@dataclass(frozen=True)
class Asked:
    """The range that a share has to be in; ``low`` or ``high`` None: open on that side."""

    low: float | None = None
    high: float | None = None

    def holds(self, got: float) -> bool:
        """Say whether a share is in the range."""
        return (self.low is None or got >= self.low) and (self.high is None or got <= self.high)

    def __str__(self) -> str:
        low, high = (None if end is None else f"{100 * end:g}%" for end in (self.low, self.high))
        if low and high:
            return f"{low} to {high}"
        return f"at least {low}" if low else f"at most {high}" if high else "not asked"


COVERAGE, COVERAGE_FEW_CLUSTERS = Asked(0.93, 0.97), Asked(0.91, 0.98)
#: The same distances on the side of tests.
FALSE_POSITIVES, FALSE_POSITIVES_FEW_CLUSTERS = Asked(0.03, 0.07), Asked(0.02, 0.09)
#: Tests that promise no more than a level and may well stay below it.
AT_MOST_NOMINAL = Asked(None, 0.05)
FEW_CLUSTERS = 50


@dataclass(frozen=True)
class Question:
    """One row of a table: what of a design is counted, what is true, what is asked."""

    table: str
    truth: str
    nominal: float
    asked: Asked


@dataclass(frozen=True)
class Design:
    """A simulated design.

    Attributes
    ----------
    name
        As in the tables; with the first question's table it also fixes the random numbers.
    draw
        Takes a generator and a number of repetitions; counts, one a question.
    questions
        In the order of the counts.
    repetitions, block
        How many, and how many at a time: each block has random numbers of its own.
    """

    name: str
    draw: Draw
    questions: tuple[Question, ...]
    repetitions: int = 4000
    block: int = 500

    def blocks(self) -> int:
        """Give the number of blocks."""
        return -(-self.repetitions // self.block)

    def run(self, block: int) -> list[Count]:
        """Run one block. Its numbers do not depend on what else runs, nor where."""
        key = zlib.crc32(f"{self.questions[0].table}|{self.name}".encode())
        size = min(self.block, self.repetitions - block * self.block)
        return self.draw(np.random.default_rng([SEED, key, block]), size)


@dataclass(frozen=True)
class Row:
    """One row of a table of the page."""

    table: str
    design: str
    truth: str
    nominal: str
    got: str
    error: str
    not_estimable: str
    asked: str
    within: str


def percent(share: float, digits: int = 1) -> str:
    """Write a share as percent."""
    return f"{100 * share:.{digits}f}%"


def make_row(name: str, question: Question, count: Count, repetitions: int) -> Row:
    """Make the row of a simulated question."""
    hits, of = count
    got = hits / of
    return Row(
        question.table, name, question.truth, percent(question.nominal, 0), percent(got, 2),
        percent(np.sqrt(got * (1 - got) / of), 2),
        percent((repetitions - of) / repetitions, 2), str(question.asked),
        verdict(question.asked, got),
    )  # fmt: skip


def make_exact_row(name: str, question: Question, got: float, note: str = "") -> Row:
    """Make the row of a question answered by enumeration: no Monte Carlo error."""
    return Row(
        question.table, name, question.truth, percent(question.nominal, 0),
        percent(got, 3) + note, "exact", "", str(question.asked), verdict(question.asked, got),
    )  # fmt: skip


def verdict(asked: Asked, got: float) -> str:
    """Say whether what was got is within what was asked."""
    if asked.low is None and asked.high is None:
        return "-"
    return "yes" if asked.holds(got) else "no"


def covers(low: npt.ArrayLike, high: npt.ArrayLike, truth: npt.ArrayLike) -> Count:
    """Count limits that hold the truth among those that are there."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    told = ~(np.isnan(low) | np.isnan(high))
    hit = told & (low <= truth) & (np.asarray(truth) <= high)
    return int(hit.sum()), int(told.sum())


def rejects(p_values: npt.ArrayLike, level: float = 0.05) -> Count:
    """Count p-values under the level among those that are there."""
    p = np.asarray(p_values, dtype=float)
    told = ~np.isnan(p)
    return int((p[told] < level).sum()), int(told.sum())


def add_counts(parts: list[list[Count]]) -> list[Count]:
    """Add blocks up."""
    return [
        (sum(hit for hit, _ in counts), sum(of for _, of in counts))
        for counts in zip(*parts, strict=True)
    ]


def describe(values: Mapping[str, float]) -> str:
    """Write named numbers in a row."""
    return ", ".join(f"{name} {value:g}" for name, value in values.items())
