"""Lines of a proposed mapping: what each says, why, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trdanalysis.intake.proposal.headings import Sureness

#: Stands where a required column was not found. It is no identifier, day or drug, so intake puts
#: its rows into the quarantine with their count, or refuses the drop, until a person has written
#: what is meant.
PLACEHOLDER = "TODO: not found"


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes
    ----------
    key, value
        What YAML says.
    sure, why
        The comment beside it.
    is_active
        Whether it takes part; else it is written as a comment for a person to complete.
    uses
        Source columns that it carries over.
    """

    key: str
    value: Any
    sure: Sureness
    why: str
    is_active: bool = True
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowSet:
    """One set of rows: a table of the contract, which source rows it takes, and its columns."""

    table: str
    about: str
    columns: list[Line]
    head: list[Line] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        """Whether it takes part: keys are there and something stands beside them."""
        return any(line.is_active for line in self.columns)


@dataclass(frozen=True)
class Proposal:
    """A whole mapping: lines at the top, sets of rows, and columns that are not carried over."""

    about: list[str]
    head: list[Line]
    rows: list[RowSet]
    left_over: list[tuple[str, str]]
