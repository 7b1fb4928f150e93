"""Every table of a paper: its id, its other name, and what describes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trdanalysis.errors import UserError, nearest
from trdanalysis.layout import PAPER_TABLES
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper import definitions, models, questions, rate_tables, supplement
from trdanalysis.report.paper.characteristics import characteristics_table
from trdanalysis.report.paper.table import PaperTable
from trdanalysis.report.statistics import PRIMARY

Builder = Callable[[Disclosed], PaperTable]


@dataclass(frozen=True)
class Entry:
    """A table: its id, a name that people remember, and what describes it."""

    id: str
    alias: str
    build: Builder


def _rates(
    table_id: str, title: str, estimands: tuple[str, ...], strata: tuple[str, ...]
) -> Builder:
    return lambda disclosed: rate_tables.rates_table(disclosed, table_id, title, estimands, strata)


def _question(table_id: str, question: str) -> Entry:
    return Entry(
        table_id,
        question.replace("_", "-"),
        lambda disclosed: questions.question_table(disclosed, table_id, question),
    )


_TRD = ("trd", "trd_eligible")
_ENTRIES = (
    Entry("1", "characteristics", characteristics_table),
    Entry("2", "rates", rate_tables.non_response_table),
    Entry("3", "models", models.adjusted_table),
    Entry("4", "definitions", definitions.definitions_table),
    Entry("5", "attrition", supplement.attrition_table),
    Entry("s1", "sensitivity", supplement.sensitivity_table),
    Entry("s2", "tipping", supplement.tipping_table),
    Entry("s3", "multiverse", supplement.multiverse_table),
    Entry("s4", "benchmarks", supplement.benchmark_table),
    Entry("s5", "unknowns", supplement.unknown_table),
    Entry("s6", "labels", supplement.label_table),
    Entry("s7", "remission",
          _rates("s7", "Non-remission of the first antidepressant trial, by age band and factor"
                 " group", ("initial_adequate_remission", "initial_remission"),
                 ("overall", "age_band", "factor_group"))),
    Entry("s8", "resistance",
          _rates("s8", "Treatment resistance among treated patients, by age band and factor group",
                 _TRD, ("overall", "age_band", "factor_group"))),
    Entry("s9", "factors",
          _rates("s9", "Non-response to the first antidepressant trial by single factor", PRIMARY,
                 ("overall", "factor"))),
    Entry("s10", "contrasts", models.factor_contrast_table),
    Entry("s11", "factors-by-age",
          _rates("s11", "Non-response to the first antidepressant trial by factor group and age"
                 " band", PRIMARY, ("factor_group_by_age_band",))),
    Entry("s12", "combinations",
          _rates("s12", "Non-response to the first antidepressant trial by exclusive combination of"
                 " factor groups", PRIMARY, ("factor_combination",))),
    Entry("s13", "places",
          _rates("s13", "Non-response to the first antidepressant trial by sex, site and drop",
                 PRIMARY, ("overall", "sex", "site", "drop"))),
    Entry("s14", "age", models.age_table),
    Entry("s15", "fits", models.fitted_table),
    Entry("s16", "apparent", supplement.resistance_table),
    Entry("s17", "episodes", supplement.episode_table),
    Entry("s18", "clusters", supplement.cluster_table),
    Entry("s19", "incidence", supplement.incidence_table),
    Entry("s20", "agreement", definitions.pairs_table),
    Entry("s21", "records", supplement.record_table),
    Entry("s22", "estimands", supplement.attribute_table),
    Entry("s23", "grades", supplement.grade_table),
    _question("s24", "symptoms"),
    _question("s25", "checklist"),
    _question("s26", "relapse"),
    _question("s27", "after_trd"),
    _question("s28", "medication_errors"),
    _question("s29", "young_adults"),
    _question("s30", "trial_eligibility"),
    Entry("s31", "question-contrasts",
          lambda disclosed: questions.question_contrasts_table(disclosed, "s31")),
    Entry("s32", "question-curves",
          lambda disclosed: questions.question_curves_table(disclosed, "s32")),
)  # fmt: skip

#: By id, in the order of a paper.
CATALOGUE = {entry.id: entry for entry in _ENTRIES}
assert tuple(CATALOGUE) == PAPER_TABLES, "the layout names other tables"


def find_table(name: str) -> Entry:
    """Find a table by its id or its other name.

    Raises
    ------
    UserError
        Kind ``not_found``, naming the nearest.
    """
    wanted = name.lower().removeprefix("table").strip(" -_")
    for entry in _ENTRIES:
        if wanted in (entry.id, entry.alias):
            return entry
    names = [name for entry in _ENTRIES for name in (entry.alias, entry.id)]
    near = nearest(wanted, names)
    raise UserError(
        f"there is no table `{name}`",
        expected="a table of `python -m trdanalysis table list`",
        try_this=f"did you mean `{near}`?" if near else "python -m trdanalysis table list",
        kind="not_found",
    )
