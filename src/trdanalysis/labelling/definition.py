"""Definitions as data: the strict model of ``config/definitions/<id>.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from trdanalysis.errors import UserError
from trdanalysis.settings import StrictModel, read_model, read_yaml

DAYS_PER_WEEK = 7


class Reading(StrictModel):
    """What the source says loosely, and how the definition reads it."""

    source_says: str
    read_as: str


class TrialRule(StrictModel):
    """When a treatment trial failed.

    Attributes
    ----------
    first_line
        ``broad`` or ``core`` list of the drug table, or ``any`` antidepressant.
    dose_table
        Column ``min_mg_<dose_table>`` of the drug table.
    min_weeks
        Shortest adequate duration, in weeks.
    min_adherence
        Smallest adequate proportion of days covered.
    nonresponse_below_percent
        A reduction of the score by less than this many percent is non-response.
    """

    first_line: Literal["broad", "core", "any"]
    dose_table: Literal["default", "strict", "lenient"]
    min_weeks: int = Field(ge=1, le=52)
    min_adherence: float = Field(ge=0, le=1)
    nonresponse_below_percent: Literal[25, 50]

    @property
    def min_days(self) -> int:
        """Shortest adequate duration, in days."""
        return self.min_weeks * DAYS_PER_WEEK

    @property
    def nonresponse_outcomes(self) -> tuple[str, ...]:
        """Outcomes that count as non-response."""
        if self.nonresponse_below_percent == 25:
            return ("no_response",)
        return ("partial_response", "no_response")


class PatientRule(StrictModel):
    """When a patient's depression is treatment-resistant.

    Attributes
    ----------
    min_failures
        Smallest number of failures.
    distinct_by
        What makes two treatments different.
    min_days_between_starts
        Starts count apart only where more than this many days lie between them.
    exclusions
        Columns of the patients table of which none may be yes.
    requires_mdd, requires_impairment
        Whether the diagnosis and impaired functioning are criteria.
    """

    min_failures: int = Field(ge=1, le=20)
    distinct_by: Literal["ingredient", "moiety", "class"]
    min_days_between_starts: int = Field(ge=0, le=365)
    exclusions: tuple[Literal["medical_cause", "current_substance_use"], ...]
    requires_mdd: bool
    requires_impairment: bool


class Definition(StrictModel):
    """One operational definition of treatment-resistant depression."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    title: str
    citation: str
    status: Literal["published", "draft"]
    unconfirmed: tuple[str, ...]
    readings: tuple[Reading, ...]
    trial: TrialRule
    patient: PatientRule

    @property
    def needed_columns(self) -> tuple[tuple[str, ...], ...]:
        """What a label needs: of each group of columns one must have values, or labels stay
        unknown.
        """
        needed: list[tuple[str, ...]] = [("dose_mg_per_day",), ("adherence",), ("outcome",)]
        if self.patient.requires_mdd:
            needed.append(("mdd_diagnosis",))
        if self.patient.requires_impairment:
            needed.append(("functional_impairment", "function_score"))
        return (*needed, *((name,) for name in self.patient.exclusions))


def read_definition(path: Path) -> Definition:
    """Read one definition file.

    Raises
    ------
    UserError
        Kind ``config``: the file is missing, has an unknown key or a value out of range, or its
        ``id`` is not the file's name.
    """
    if not path.is_file():
        known = sorted(other.stem for other in path.parent.glob("*.yaml"))
        raise UserError(
            f"there is no definition `{path.stem}`",
            where=str(path),
            try_this="known are: " + ", ".join(known) if known else None,
            kind="config",
        )
    definition = read_model(Definition, read_yaml(path), str(path))
    if definition.id != path.stem:
        raise UserError(
            f"`id` is `{definition.id}`",
            where=str(path),
            expected=f"the file's name, `{path.stem}`",
            kind="config",
        )
    return definition
