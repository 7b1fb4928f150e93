"""The vocabulary of definitions: what is counted of a patient, and rules that ask for enough of it.

Three things are measured, each with a lower and an upper bound where something is unknown: the
failures, the treatments begun, and a score of points for these. A rule asks for at least so much of
one measure; rules are joined by *all of* and *any of*. A sequence ("resistant at the third
treatment") is a rule of failures whose non-response is a switch, see :class:`NonResponse`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from trdanalysis.settings import StrictModel

#: What a definition says where it asks for nothing.
NOT_ASKED = "none"
#: Any time later.
EVER = "ever"

DistinctBy = Literal["ingredient", "moiety", "class"]


class ScoreLimit(StrictModel):
    """A score on one scale."""

    scale: str
    score: float


class NonResponse(StrictModel):
    """What counts as non-response to a trial: exactly one of the first four.

    Attributes
    ----------
    reduction_below_percent
        The score fell by less than this many percent of the baseline score.
    reduction_at_most_percent
        The score fell by this many percent or less.
    short_of_remission
        No remission.
    switched_within_weeks
        Another treatment was begun at most this many weeks after the end of this one, or before its
        end; ``ever``: at any time later. Records without scores have nothing else.
    or_score_at_least
        Beside the first: an endpoint score this high on the named scale is non-response too.
    """

    reduction_below_percent: Literal[25, 50] | None = None
    reduction_at_most_percent: Literal[25] | None = None
    short_of_remission: Literal[True] | None = None
    switched_within_weeks: Annotated[int, Field(ge=0, le=520)] | Literal["ever"] | None = None
    or_score_at_least: ScoreLimit | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> NonResponse:
        said = [self.reduction_below_percent, self.reduction_at_most_percent,
                self.short_of_remission, self.switched_within_weeks]  # fmt: skip
        if sum(one is not None for one in said) != 1:
            raise ValueError(
                "it must say exactly one of `reduction_below_percent`,"
                " `reduction_at_most_percent`, `short_of_remission`, `switched_within_weeks`"
            )
        if self.or_score_at_least is not None and self.reduction_below_percent is None:
            raise ValueError("`or_score_at_least` stands beside `reduction_below_percent` only")
        return self

    @property
    def is_switch(self) -> bool:
        """Whether non-response is presumed of those who were given something else."""
        return self.switched_within_weeks is not None


class FailureCount(StrictModel):
    """How many failures: the smaller of different treatments and separate starts.

    Attributes
    ----------
    distinct_by
        What makes two treatments different.
    min_days_between_starts
        Starts count apart only where more than this many days lie between them.
    same_episode
        Whether only failures within one depressive episode add up.
    of_classes
        Only trials of these classes of the drug table; empty: of any.
    within_days
        Only failures that were shown at most this many days after the patient's first treatment
        began; absent: at any time.
    nonresponse
        What non-response is for this count, in place of the trial rule's. In grades only.
    """

    distinct_by: DistinctBy
    min_days_between_starts: int = Field(ge=0, le=365)
    same_episode: bool
    of_classes: tuple[str, ...] = ()
    within_days: int | None = Field(default=None, ge=1, le=36500)
    nonresponse: NonResponse | None = None


class TreatmentCount(StrictModel):
    """How many different treatments were begun.

    Attributes
    ----------
    of
        Which: ``counted`` (those that the trial rule counts), ``augmentation`` (any trial in that
        role, and any drug that only augments), or names of ingredients, moieties and non-drug
        treatments of the drug table.
    distinct_by
        What makes two treatments different.
    within_days
        Only those begun within so many days of each other; absent: ever.
    after
        Only those begun on or after the start of one of these, within ``within_days`` of it.
    without_response
        Only those without response.
    """

    of: tuple[str, ...] = Field(min_length=1)
    distinct_by: DistinctBy
    within_days: int | None = Field(default=None, ge=1, le=36500)
    after: tuple[str, ...] = ()
    without_response: bool = False


class FailureRule(FailureCount):
    """At least so many failures."""

    at_least: int = Field(ge=1, le=20)

    @property
    def count(self) -> FailureCount:
        """What is counted, without how many suffice."""
        return FailureCount.model_validate(self.model_dump(exclude={"at_least"}))


class TreatmentRule(TreatmentCount):
    """At least so many treatments."""

    at_least: int = Field(ge=1, le=20)

    @property
    def count(self) -> TreatmentCount:
        """What is counted, without how many suffice."""
        return TreatmentCount.model_validate(self.model_dump(exclude={"at_least"}))


class ScoreRule(StrictModel):
    """At least so many points of the definition's score."""

    at_least: float = Field(ge=0, le=1000)


class Rule(StrictModel):
    """A condition on one measure, or several that must all hold: exactly one key."""

    failures: FailureRule | None = None
    treatments: TreatmentRule | None = None
    score: ScoreRule | None = None
    all_of: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _says_one_thing(self) -> Rule:
        said = [self.failures, self.treatments, self.score, self.all_of or None]
        if sum(one is not None for one in said) != 1:
            raise ValueError(
                "a rule must have exactly one of `failures`, `treatments`, `score`, `all_of`"
            )
        return self

    @property
    def leaves(self) -> Iterator[Rule]:
        """The rules within, each on one measure, in their order."""
        if not self.all_of:
            yield self
        for rule in self.all_of:
            yield from rule.leaves

    @property
    def kind(self) -> str:
        """What the first rule within is of: ``failures``, ``treatments`` or ``score``."""
        first = next(self.leaves)
        return "failures" if first.failures else "treatments" if first.treatments else "score"


class ScoreItem(StrictModel):
    """Points for one thing.

    Attributes
    ----------
    item
        Its name.
    failures, treatments
        What is counted; neither: the item is one thing, worth its points once.
    points_each
        Points for each one counted.
    points_from
        Points by the number counted: those of the largest number reached, 0 below the smallest.
    not_recorded
        What it is that no record holds. The points then lie anywhere between
        ``points_between``, for each one counted where something is.
    """

    item: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    failures: FailureCount | None = None
    treatments: TreatmentCount | None = None
    points_each: float | None = None
    points_from: dict[int, float] | None = None
    not_recorded: str | None = None
    points_between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> ScoreItem:
        if self.failures is not None and self.treatments is not None:
            raise ValueError("an item counts `failures` or `treatments`, not both")
        said = [self.points_each, self.points_from, self.points_between]
        if sum(one is not None for one in said) != 1:
            raise ValueError(
                "an item has exactly one of `points_each`, `points_from`, `points_between`"
            )
        if (self.not_recorded is None) != (self.points_between is None):
            raise ValueError("`not_recorded` and `points_between` go together")
        if self.points_between is not None and self.points_between[0] > self.points_between[1]:
            raise ValueError("`points_between` must ascend")
        if self.points_between is None and self.failures is None and self.treatments is None:
            raise ValueError("an item that is recorded counts `failures` or `treatments`")
        steps = list((self.points_from or {}).items())
        if any(later <= earlier for earlier, later in zip(steps, steps[1:], strict=False)):
            raise ValueError("`points_from` must ascend, in numbers and in points")
        return self


class Grade(StrictModel):
    """A class of patients: the first grade whose rules all hold is the patient's."""

    grade: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    all_of: tuple[Rule, ...] = Field(min_length=1)
