"""What questions are asked of, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.ages import AgeBand
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.questions.eligibility import Eligibility
from trdanalysis.analysis.questions.form import ONE_OF, Answer
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.failures import Keeper

#: Columns of question_contrasts.csv, in order: what is compared or fitted, and so no count.
CONTRAST_COLUMNS = (
    "question", "definition", "measure", "group", "level", "versus", "model", "covariates", "n",
    "n_versus", "effect", "value", "ci_low", "ci_high", "ci_method", "p_value", "p_adjusted",
    "adjustment", "n_tests", "status", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What every question is asked of.

    Attributes
    ----------
    engine
        Keeps intermediate tables.
    members
        As :func:`trdanalysis.analysis.questions.members.derive_question_members` gives it, kept.
    cohort
        The labelled cohort.
    assessments
        Accepted ratings: ``patient_id``, ``day``, ``scale``, ``score``.
    given
        Accepted trials as they were given: role, indication and kind of drug, which the judged
        trials of the cohort no longer tell apart.
    definition
        By which patients are labelled.
    bands
        Age bands, ascending.
    scales
        All scales.
    eligibility
        Who may enter the trial that is asked about.
    """

    engine: Keeper
    members: ir.Table
    cohort: LabelledCohort
    assessments: ir.Table
    given: ir.Table
    definition: Definition
    bands: Sequence[AgeBand]
    scales: Sequence[Scale]
    eligibility: Eligibility


@dataclass(frozen=True)
class Found:
    """What comes of a question.

    Attributes
    ----------
    answers
        Rows as counted, in the order of the table.
    contrasts
        Rows with :data:`CONTRAST_COLUMNS`; None: there are none.
    curves
        Rows with the columns of curves.csv and a curve's own name as ``estimand``; None: none.
    """

    answers: Sequence[Answer] = ()
    contrasts: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None


@dataclass
class Counting:
    """Collects the answers of one question."""

    question: str
    answers: list[Answer] = field(default_factory=list)

    def add(
        self,
        measure: str,
        population: str,
        level: str,
        counts: tuple[int, int, int],
        *,
        kind: str,
        age_band: str = "",
        group: str = "",
    ) -> None:
        """Add one row; counts are of the population, of the unknown and of the event."""
        total, unknown, events = counts
        self.answers.append(
            Answer(
                self.question, measure, population, age_band, group, level, kind, total, unknown,
                events,
            )
        )  # fmt: skip

    def add_levels(
        self,
        measure: str,
        population: str,
        levels: Iterable[tuple[str, int]],
        unknown: int,
        *,
        age_band: str = "",
        group: str = "",
    ) -> None:
        """Add levels that exclude each other, in their order; with the unknown they are all."""
        counted = list(levels)
        total = sum(events for _, events in counted) + unknown
        for level, events in counted:
            self.add(
                measure, population, level, (total, unknown, events),
                kind=ONE_OF, age_band=age_band, group=group,
            )  # fmt: skip


def as_contrasts(table: pd.DataFrame) -> pd.DataFrame:
    """Give rows of question_contrasts.csv their columns and types; what is not given is null."""
    counts = ("n", "n_versus", "n_tests")
    numbers = ("value", "ci_low", "ci_high", "p_value", "p_adjusted")
    words = set(CONTRAST_COLUMNS) - {*counts, *numbers}
    return table.reindex(columns=list(CONTRAST_COLUMNS)).astype(
        dict.fromkeys(counts, "Int64")
        | dict.fromkeys(numbers, "float64")
        | dict.fromkeys(words, "str")
    )
