"""Definitions as data: the strict model of ``config/definitions/<id>.yaml``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from trdanalysis.errors import UserError
from trdanalysis.labelling.rules import (
    NOT_ASKED,
    FailureCount,
    Grade,
    NonResponse,
    Rule,
    ScoreItem,
    TreatmentCount,
)
from trdanalysis.settings import StrictModel, read_model, read_yaml, resolve

DAYS_PER_WEEK = 7
#: Length of a fingerprint: enough to tell any two definitions apart.
_FINGERPRINT_DIGITS = 16
#: What a definition does; the rest says where it comes from.
_RULES = ("trial", "patient", "resistance", "score", "grades")


class Reading(StrictModel):
    """What the source says loosely, and how the definition reads it."""

    source_says: str
    read_as: str


class Unconfirmed(StrictModel):
    """A threshold that was not confirmed in its source: which, and what is known of it."""

    setting: str
    note: str


class TrialRule(StrictModel):
    """Which treatment trials count, and when one failed.

    Attributes
    ----------
    first_line
        ``broad`` or ``core`` list of the drug table, or ``any`` antidepressant.
    also_counted
        Treatments that count beside antidepressants, in any role: ingredients or moieties of the
        drug table, or words for what is no drug.
    not_counted
        Antidepressants that do not count.
    dose_table
        Column ``min_mg_<dose_table>`` of the drug table; ``none``: doses are not asked for.
    min_weeks, min_days
        Shortest adequate duration, in weeks or in days: one of the two. ``none``: not asked for.
    min_adherence
        Smallest adequate proportion of days covered; ``none``: not asked for.
    nonresponse
        What non-response is.
    """

    first_line: Literal["broad", "core", "any"]
    also_counted: tuple[str, ...] = ()
    not_counted: tuple[str, ...] = ()
    dose_table: Literal["default", "strict", "lenient", "canmat2023", "atrq", "none"]
    min_weeks: Annotated[int, Field(ge=1, le=52)] | Literal["none"] | None = None
    min_days: int | None = Field(default=None, ge=1, le=366)
    min_adherence: Annotated[float, Field(ge=0, le=1)] | Literal["none"]
    nonresponse: NonResponse

    @model_validator(mode="after")
    def _fits_together(self) -> TrialRule:
        if (self.min_weeks is None) == (self.min_days is None):
            raise ValueError("exactly one of `min_weeks` and `min_days` must stand there")
        both = set(self.also_counted) & set(self.not_counted)
        if both:
            raise ValueError(f"`{min(both)}` stands in `also_counted` and in `not_counted`")
        return self

    @property
    def required_days(self) -> int:
        """Shortest adequate duration, in days; 0 where none is asked for."""
        if self.min_days is not None:
            return self.min_days
        return self.min_weeks * DAYS_PER_WEEK if isinstance(self.min_weeks, int) else 0

    @property
    def required_adherence(self) -> float | None:
        """Smallest adequate proportion of days covered; None where none is asked for."""
        return None if isinstance(self.min_adherence, str) else self.min_adherence

    @property
    def asks_dose(self) -> bool:
        """Whether a trial must have reached a minimum dose."""
        return self.dose_table != NOT_ASKED


#: Columns of the patients table that a definition may exclude by.
Exclusion = Literal[
    "medical_cause", "current_substance_use", "psychotic_features", "chronic_illness",
    "substance_use",
]  # fmt: skip


class PatientRule(StrictModel):
    """What else a patient must be.

    Attributes
    ----------
    requires_mdd, requires_impairment
        Whether the diagnosis and impaired functioning are criteria.
    exclusions
        Columns of the patients table of which none may be yes.
    min_age_years, max_age_years
        Ages at the first recorded trial, both included; absent: any.
    """

    requires_mdd: bool
    requires_impairment: bool
    exclusions: tuple[Exclusion, ...]
    min_age_years: int | None = Field(default=None, ge=0, le=90)
    max_age_years: int | None = Field(default=None, ge=0, le=90)

    @model_validator(mode="after")
    def _fits_together(self) -> PatientRule:
        if len(set(self.exclusions)) != len(self.exclusions):
            raise ValueError("an exclusion stands there twice")
        low, high = self.min_age_years, self.max_age_years
        if low is not None and high is not None and low > high:
            raise ValueError("`min_age_years` is above `max_age_years`: nobody could be resistant")
        return self

    @property
    def asks_age(self) -> bool:
        """Whether age decides."""
        return self.min_age_years is not None or self.max_age_years is not None


class Definition(StrictModel):
    """One operational definition of treatment-resistant depression.

    Attributes
    ----------
    status
        ``published``: it may be cited, so its rules are fixed by ``fingerprint``; ``draft``: it may
        change.
    unconfirmed
        Thresholds that were not confirmed in the source.
    resistance
        Rules of which any one suffices.
    score
        Items of the definition's score; empty: it has none.
    grades
        Classes of patients, the highest first; empty: it has none.
    """

    id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    title: str = Field(min_length=1)
    citation: str = Field(min_length=1)
    status: Literal["published", "draft"]
    fingerprint: str | None = None
    unconfirmed: tuple[Unconfirmed, ...]
    readings: tuple[Reading, ...]
    trial: TrialRule
    patient: PatientRule
    resistance: tuple[Rule, ...] = Field(min_length=1)
    score: tuple[ScoreItem, ...] = ()
    grades: tuple[Grade, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Definition:
        leaves = [leaf for rule in self._all_rules() for leaf in rule.leaves]
        scored = any(leaf.score is not None for leaf in leaves)
        if scored and not self.score:
            raise ValueError("a rule asks for a `score`, which the definition does not have")
        if self.score and not scored:
            raise ValueError("there is a `score` that no rule asks for")
        for what, names in (("item", [one.item for one in self.score]),
                            ("grade", [one.grade for one in self.grades])):  # fmt: skip
            if len(set(names)) != len(names):
                raise ValueError(f"the same {what} stands there twice")
        counts: list[FailureCount | None] = [
            leaf.failures for rule in self.resistance for leaf in rule.leaves
        ]
        counts += [one.failures for one in self.score]
        if any(one is not None and one.nonresponse is not None for one in counts):
            raise ValueError("`failures.nonresponse` may stand in grades only")
        for each in self.unconfirmed:
            if resolve(self, each.setting) is None:
                raise ValueError(f"`{each.setting}` is named in `unconfirmed` and is not set")
        return self

    @property
    def kind(self) -> str:
        """What the definition asks for first: ``failures``, ``treatments`` or ``score``."""
        return self.resistance[0].kind

    @property
    def main_failures(self) -> FailureCount:
        """The count of failures of the first rule or item that has one, else of different drugs."""
        for leaf in self._leaves():
            if leaf.failures is not None:
                return leaf.failures.count
        for item in self.score:
            if item.failures is not None:
                return item.failures
        return FailureCount(distinct_by="ingredient", min_days_between_starts=0, same_episode=False)

    @property
    def min_failures(self) -> int | None:
        """How many failures the first rule of failures asks for; None where none does."""
        for leaf in self._leaves():
            if leaf.failures is not None:
                return leaf.failures.at_least
        return None

    @property
    def is_plain_count(self) -> bool:
        """Whether resistance is so many failures in a lifetime, and nothing else."""
        only = self.resistance[0].failures
        return len(self.resistance) == 1 and only is not None and not (
            only.same_episode or only.of_classes or only.within_days
        )  # fmt: skip

    @property
    def treatments(self) -> tuple[TreatmentCount, ...]:
        """Every count of treatments, in its order."""
        rules = [leaf.treatments for rule in self._all_rules() for leaf in rule.leaves]
        items = [one.treatments for one in self.score]
        return tuple(one for one in (*rules, *items) if one is not None)

    def _leaves(self) -> Iterator[Rule]:
        for rule in self.resistance:
            yield from rule.leaves

    def _all_rules(self) -> list[Rule]:
        return [*self.resistance, *(rule for grade in self.grades for rule in grade.all_of)]

    @property
    def named_treatments(self) -> tuple[str, ...]:
        """Every treatment that the definition names, once, in byte order."""
        named = {*self.trial.also_counted, *self.trial.not_counted}
        for one in self.treatments:
            named |= {*one.of, *one.after} - {"counted", "augmentation"}
        return tuple(sorted(named))

    @property
    def named_classes(self) -> tuple[str, ...]:
        """Every class of drugs that the definition names."""
        counts = [leaf.failures for rule in self._all_rules() for leaf in rule.leaves]
        found = {name for one in (*counts, *(item.failures for item in self.score))
                 if one is not None for name in one.of_classes}  # fmt: skip
        return tuple(sorted(found))

    @property
    def named_scales(self) -> tuple[str, ...]:
        """Every scale that the definition names."""
        limits = [self.trial.nonresponse.or_score_at_least]
        for rule in self._all_rules():
            for leaf in rule.leaves:
                if leaf.failures is not None and leaf.failures.nonresponse is not None:
                    limits.append(leaf.failures.nonresponse.or_score_at_least)
        return tuple(sorted({limit.scale for limit in limits if limit is not None}))

    @property
    def not_recorded(self) -> tuple[str, ...]:
        """What the definition needs and no record can hold."""
        return tuple(one.not_recorded for one in self.score if one.not_recorded is not None)

    @property
    def needed_columns(self) -> tuple[tuple[str, ...], ...]:
        """What a label needs: of each group of columns one must have values, or labels stay
        unknown.
        """
        needed: list[tuple[str, ...]] = []
        rule = self.trial
        if self.kind == "failures" or any(one.failures for one in self.score):
            if rule.asks_dose:
                needed.append(("dose_mg_per_day",))
            if rule.required_adherence is not None:
                needed.append(("adherence",))
            if not rule.nonresponse.is_switch:
                needed.append(("outcome",))
            if self.main_failures.same_episode:
                needed.append(("episode",))
        if self.patient.requires_mdd:
            needed.append(("mdd_diagnosis",))
        if self.patient.requires_impairment:
            needed.append(("functional_impairment", "function_score"))
        if self.patient.asks_age:
            needed.append(("age_years",))
        return (*needed, *((name,) for name in self.patient.exclusions))

    def make_fingerprint(self) -> str:
        """Give the hash of what the definition does, whatever it is called."""
        rules = self.model_dump(mode="json", include=set(_RULES), exclude_defaults=True)
        text = json.dumps(rules, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:_FINGERPRINT_DIGITS]


def read_definition(path: Path) -> Definition:
    """Read one definition file.

    Raises
    ------
    UserError
        Kind ``config``, with the line: the file is missing, has an unknown key, a value out of
        range or a contradiction; its ``id`` is not the file's name; or it is published and its
        rules are not those of its fingerprint.
    """
    if not path.is_file():
        known = sorted(other.stem for other in path.parent.glob("*.yaml"))
        raise UserError(
            f"there is no definition `{path.stem}`",
            where=str(path),
            try_this="known are: " + ", ".join(known) if known else None,
            kind="config",
        )
    definition = read_model(Definition, read_yaml(path), str(path), path)
    if definition.id != path.stem:
        raise UserError(
            f"`id` is `{definition.id}`",
            where=str(path),
            expected=f"the file's name, `{path.stem}`",
            kind="config",
        )
    _check_fingerprint(definition, path)
    return definition


def _check_fingerprint(definition: Definition, path: Path) -> None:
    made = definition.make_fingerprint()
    if definition.status == "published" and definition.fingerprint != made:
        given = definition.fingerprint
        raise UserError(
            "the definition is published, and its rules are not those of its `fingerprint`"
            if given
            else "a published definition needs its `fingerprint`",
            where=str(path),
            expected=f"`fingerprint: {made}` for the rules as they stand",
            try_this="a definition that was cited does not change: give the changed one an id of"
            " its own, with `status: draft` while it may change again",
            kind="config",
        )
