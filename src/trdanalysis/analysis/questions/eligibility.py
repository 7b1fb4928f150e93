"""Who may enter a trial, as data: the strict model of ``config/eligibility/<id>.yaml``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trdanalysis.errors import UserError, suggest
from trdanalysis.intake.scales import Scale, of_domain
from trdanalysis.labelling.definition import Reading, Unconfirmed
from trdanalysis.labelling.scores import CHANGE_SCALE
from trdanalysis.settings import StrictModel, find_line, read_model, read_yaml, resolve

#: Names of the criteria that are no exclusions.
AGE, FAILURES, SEVERITY = "age_years", "failures_in_episode", "severity"

#: Columns of the patients table of which one may be asked not to be yes.
ExcludedBy = Literal[
    "bipolar_disorder", "psychotic_features", "medical_cause", "current_substance_use",
    "chronic_illness", "substance_use", "comorbid_mental_condition",
]  # fmt: skip


class Range(StrictModel):
    """Whole numbers from ``min`` to ``max``, both included; what is absent is no limit."""

    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits_together(self) -> Range:
        if self.min is None and self.max is None:
            raise ValueError("it must have `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` is above `max`: nobody could enter")
        return self


class Criterion(StrictModel):
    """One step of the way into a trial: exactly one of these.

    Attributes
    ----------
    age_years
        Age at the first recorded trial.
    failures_in_episode
        Failures, by the primary definition, in the depressive episode of the latest trial.
    severity
        Least score by scale, at the last known rating on one of them. Of ratings of one day that on
        the scale named first counts.
    excluded
        A column of the patients table that must not be yes.
    """

    age_years: Range | None = None
    failures_in_episode: Range | None = None
    severity: dict[str, float] | None = Field(default=None, min_length=1)
    excluded: ExcludedBy | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Criterion:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(
                "it must say exactly one of `age_years`, `failures_in_episode`, `severity`,"
                " `excluded`"
            )
        return self

    @property
    def name(self) -> str:
        """What results call it: an exclusion by its column, ``no_`` before it."""
        if self.excluded is not None:
            return f"no_{self.excluded}"
        return next(name for name in (AGE, FAILURES, SEVERITY) if getattr(self, name) is not None)


class Eligibility(StrictModel):
    """Who may enter one trial, or trials of one kind.

    Attributes
    ----------
    status
        ``published``: as the source has it; ``draft``: it may change.
    unconfirmed
        Thresholds that were not confirmed in the source.
    readings
        What the source says loosely, and how it is read.
    criteria
        In the order in which patients are counted out.
    """

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    title: str = Field(min_length=1)
    citation: str = Field(min_length=1)
    status: Literal["published", "draft"]
    unconfirmed: tuple[Unconfirmed, ...]
    readings: tuple[Reading, ...]
    criteria: tuple[Criterion, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Eligibility:
        names = [one.name for one in self.criteria]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"`{twice.removeprefix('no_')}` stands twice in `criteria`")
        for each in self.unconfirmed:
            if resolve(self, each.setting) is None:
                raise ValueError(f"`{each.setting}` is named in `unconfirmed` and is not set")
        return self

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """Columns of which values are needed, beside trials and ratings."""
        return tuple(one.excluded or one.name for one in self.criteria if one.severity is None)


def read_eligibility(path: Path, scales: Sequence[Scale]) -> Eligibility:
    """Read one file of eligibility.

    Parameters
    ----------
    path
        The file.
    scales
        All scales: a severity is asked on symptom scales that measure it, within their range.

    Raises
    ------
    UserError
        Kind ``config``, with the line: the file is missing, has an unknown key, a value out of
        range or a contradiction, names a scale that is none, or is not called as its ``id``.
    """
    eligibility = read_model(Eligibility, read_yaml(path), str(path), path)
    if eligibility.id != path.stem:
        raise UserError(
            f"`id` is `{eligibility.id}`", where=str(path),
            expected=f"the file's name, `{path.stem}`", kind="config",
        )  # fmt: skip
    known = {one.name: one for one in of_domain(tuple(scales), "symptom")}
    known.pop(CHANGE_SCALE, None)
    for name, score in ((at, of) for one in eligibility.criteria for at, of in _asked(one)):
        where = f"{path}, line {find_line(path, name)}"
        if name not in known:
            raise UserError(
                f"there is no scale of severity `{name}`", where=where,
                expected="a symptom scale of config/reference/scales.csv other than one of change",
                try_this=suggest(name, sorted(known)), kind="config",
            )  # fmt: skip
        low, high = known[name].minimum, known[name].maximum
        if not low <= score <= high:
            raise UserError(
                f"{score:g} is no score of `{name}`", where=where,
                expected=f"a score from {low:g} to {high:g}", kind="config",
            )  # fmt: skip
    return eligibility


def _asked(criterion: Criterion) -> list[tuple[str, float]]:
    return list((criterion.severity or {}).items())
