"""The grid of the multiverse as data: the strict model of ``config/multiverse.yaml``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from trdanalysis.labelling.definition import Definition
from trdanalysis.settings import StrictModel, read_model, read_yaml

#: More cells than this are a mistyped grid, and would be no figure.
MOST_CELLS = 200_000

#: Not asked for.
NONE = "none"

#: Non-response that is anything short of remission.
REMISSION = "remission"

#: What becomes of unknowns: they stay unknown, or are read against or for resistance.
KLEENE, ASSUME_OK, ASSUME_BAD = "kleene", "assume_ok", "assume_bad"

#: The axes in the order of the columns; the last moves fastest from row to row.
AXES = (
    "min_weeks", "min_failures", "nonresponse", "dose_table", "min_adherence", "distinct_by",
    "same_episode", "first_line", "unknown",
)  # fmt: skip

Level = int | float | str | bool


class Grid(StrictModel):
    """Every value of every threshold; each combination is a cell.

    Attributes
    ----------
    min_weeks, min_failures, dose_table, min_adherence, distinct_by, first_line
        As in a definition; ``none`` is not asked for.
    nonresponse
        A reduction by less than so many percent, or ``remission``: anything short of it.
    same_episode
        Whether the failures that are counted must lie in one episode.
    unknown
        ``kleene``: unknowns stay unknown. ``assume_ok`` and ``assume_bad``: every unknown of a
        trial or patient is read against resistance, or for it; these cells are bounds.
    """

    min_weeks: tuple[int, ...]
    min_failures: tuple[int, ...]
    nonresponse: tuple[Literal[25, 50, "remission"], ...]
    dose_table: tuple[Literal["default", "strict", "lenient", "none"], ...]
    min_adherence: tuple[float | Literal["none"], ...]
    distinct_by: tuple[Literal["ingredient", "moiety", "class"], ...]
    same_episode: tuple[bool, ...]
    first_line: tuple[Literal["core", "broad", "any"], ...]
    unknown: tuple[Literal["kleene", "assume_ok", "assume_bad"], ...] = Field(min_length=1)

    @field_validator(*AXES)
    @classmethod
    def _each_value_once(cls, value: tuple[Level, ...]) -> tuple[Level, ...]:
        if not value:
            raise ValueError("there must be one value or more")
        if len(set(value)) != len(value):
            raise ValueError("a value stands there twice")
        return value

    @field_validator("min_weeks", "min_failures")
    @classmethod
    def _in_range(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= number <= 52 for number in value):
            raise ValueError("every value must lie between 1 and 52")
        return value

    @field_validator("min_adherence")
    @classmethod
    def _proportions(cls, value: tuple[float | str, ...]) -> tuple[float | str, ...]:
        if not all(0 <= share <= 1 for share in value if isinstance(share, float)):
            raise ValueError("every value is a proportion between 0 and 1, or `none`")
        return value

    @model_validator(mode="after")
    def _is_sensible(self) -> Grid:
        if KLEENE not in self.unknown:
            raise ValueError("`unknown` must name `kleene`: the other cells are its bounds")
        if self.n_cells > MOST_CELLS:
            raise ValueError(f"the lists multiply to {self.n_cells:,} cells; {MOST_CELLS:,} are"
                             " the most")  # fmt: skip
        return self

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return math.prod(len(self.levels(axis)) for axis in AXES)

    def levels(self, axis: str) -> tuple[Level, ...]:
        """Give the values of one axis."""
        levels: tuple[Level, ...] = getattr(self, axis)
        return levels


@dataclass(frozen=True)
class PrimaryCell:
    """Where the primary definition stands in the grid.

    Attributes
    ----------
    levels
        Its value on every axis; None where it stands nowhere.
    why_not
        Why it stands nowhere; empty where it does.
    """

    levels: Mapping[str, Level] | None
    why_not: str = ""


def read_grid(path: Path) -> Grid:
    """Read the grid; see :func:`trdanalysis.settings.read_model` for errors."""
    return read_model(Grid, read_yaml(path), str(path), path)


def find_primary_cell(grid: Grid, definition: Definition) -> PrimaryCell:
    """Find the cell whose thresholds are those of the definition."""
    levels = thresholds_of(definition)
    if levels is None:
        return PrimaryCell(None, f"`{definition.id}` asks for more, or for something else, than the"
                                 " thresholds of a grid")  # fmt: skip
    for axis, level in levels.items():
        if level not in grid.levels(axis):
            return PrimaryCell(None, f"`{axis}` of `{definition.id}` is {level}, which the grid"
                                     " does not have")  # fmt: skip
    return PrimaryCell(levels)


def thresholds_of(definition: Definition) -> dict[str, Level] | None:
    """Give a definition's value on every axis of a grid; None where it has rules beside these.

    A grid can say: so many failures, of any class and at any time, with non-response by percent or
    short of remission, for so many weeks.
    """
    trial = definition.trial
    rule = definition.resistance[0].failures
    if rule is None or len(definition.resistance) > 1 or rule.of_classes or rule.within_days:
        return None
    by = trial.nonresponse
    is_plain = by.short_of_remission or (by.reduction_below_percent and not by.or_score_at_least)
    if not is_plain or not isinstance(trial.min_weeks, int):
        return None
    levels: dict[str, Any] = {
        "min_weeks": trial.min_weeks,
        "min_failures": rule.at_least,
        "nonresponse": by.reduction_below_percent or REMISSION,
        "dose_table": trial.dose_table,
        "min_adherence": trial.min_adherence,
        "distinct_by": rule.distinct_by,
        "same_episode": rule.same_episode,
        "first_line": trial.first_line,
        "unknown": KLEENE,
    }
    return levels
