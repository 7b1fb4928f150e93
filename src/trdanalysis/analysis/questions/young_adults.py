"""Young adults, and patients whose depression began early, against all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.estimands import GROUPS
from trdanalysis.analysis.frames import share_of_range
from trdanalysis.analysis.questions.asked import Asked, Counting, Found, as_contrasts
from trdanalysis.analysis.questions.form import YES_NO
from trdanalysis.analysis.questions.members import TRD
from trdanalysis.analysis.questions.next_steps import derive_after_resistance
from trdanalysis.analysis.questions.pathways import KINDS, NONE_RECORDED
from trdanalysis.analysis.questions.severity_standardised import STRATUM_EDGES, compare_groups
from trdanalysis.analysis.three_valued import negate

QUESTION = "young_adults"

#: Depression that began before this age, in whole years, began early: before adulthood. A choice of
#: this project's. In STAR*D age at onset was not associated with response to the first treatment
#: (Zisook S and others 2007, 10.1176/appi.ajp.2007.06101757).
EARLY_ONSET_UNDER_YEARS = 18

#: Groups that are set against each other.
YOUNG, OTHERS = "young_adults", "other_adults"
EARLY, LATER = "early_onset", "later_onset"
SPLITS = {"age": (YOUNG, OTHERS), "onset": (EARLY, LATER)}

#: Populations: all members; those whose first trial was, or may have been, first-line.
MEMBERS, FIRST_TRIAL = "members", "first_trial"

#: Measures beside those of :data:`OUTCOMES`; ``age`` and ``onset`` count the groups themselves.
SEVERITY, FIRST_STEP = "baseline_severity", "kind_of_first_step"
SEVERITY_LEVELS = tuple(f"from_{100 * edge:.0f}_percent" for edge in STRATUM_EDGES)
NONRESPONSE, POOR_ADHERENCE, FACTOR_GROUP = "nonresponse", "poor_adherence", "factor_group"


@dataclass(frozen=True)
class Outcome:
    """Something a patient has or not: its measure and level, of whom, and which column tells."""

    measure: str
    level: str
    population: str
    column: str


OUTCOMES = (
    Outcome(NONRESPONSE, NONRESPONSE, FIRST_TRIAL, "first_line_nonresponse"),
    Outcome(TRD, TRD, MEMBERS, "trd"),
    Outcome(POOR_ADHERENCE, POOR_ADHERENCE, MEMBERS, "poor_adherence"),
    *(Outcome(FACTOR_GROUP, name, MEMBERS, name) for name in GROUPS),
)


def ask_young_adults(asked: Asked) -> Found:
    """Ask how young adults, and patients with an early onset, differ from others.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Found
        Counts by group (young adults, other adults; early, later onset): how many there are, the
        severity at the first trial, non-response to it, resistance, poor adherence to the first
        trial, factor groups, and the kind of the first step after resistance. Contrasts of each
        outcome, crude and standardised for severity. Patients of unknown age (or onset) are in
        neither group.

    Notes
    -----
    Contrasts are of patients with a known outcome, but for resistance: an unknown label is no `no`,
    and few labels are certain without everything known, so that the proven shares of all patients
    are compared; they are lower bounds. No test is made: intervals say how much is known.
    """
    told = asked.engine.keep(derive_groups(asked))
    counting = Counting(QUESTION)
    contrasts = []
    for split, groups in SPLITS.items():
        _add_groups(counting, told, split, groups)
        _add_severity(counting, told, split, groups)
        for outcome in OUTCOMES:
            counts = count_outcome(told, split, outcome)
            _add_outcome(counting, counts, outcome, groups)
            known = counts[counts["event"].notna()]
            if outcome.measure == TRD:
                known = counts.assign(event=counts["event"].fillna(False))
            summed = _sum_by_stratum(known)
            contrasts += [
                {"measure": outcome.measure, "level": outcome.level, "group": groups[0],
                 "versus": groups[1], **row}
                for row in compare_groups(summed, groups)
            ]  # fmt: skip
    _add_first_steps(counting, asked, told)
    return Found(counting.answers, _make_contrasts(contrasts, asked.definition.id))


def derive_groups(asked: Asked) -> ir.Table:
    """Derive in which groups members are, how severe they were, and what they had.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Table
        One row per member: ``patient_id``; ``age`` and ``onset`` (a group of :data:`SPLITS`, null:
        unknown); ``stratum`` (place in :data:`SEVERITY_LEVELS` of the first trial's baseline
        score, null: unknown); ``is_first_trial`` (never null); and the columns of
        :data:`OUTCOMES`.
    """
    members = asked.members
    share = share_of_range(members, asked.scales)
    at = {edge: place for place, edge in enumerate(STRATUM_EDGES)}
    early = members.age_at_onset_years < EARLY_ONSET_UNDER_YEARS
    first_line = members.first_trial_first_line
    columns = [one.column for one in OUTCOMES if one.column != "first_line_nonresponse"]
    return members.select(
        "patient_id", *columns,
        age=ibis.cases((members.young_adult, YOUNG), (negate(members.young_adult), OTHERS)),
        onset=ibis.cases((early, EARLY), (negate(early), LATER)),
        stratum=ibis.cases(*((share >= edge, at[edge]) for edge in reversed(STRATUM_EDGES))),
        is_first_trial=first_line.fill_null(True),
        first_line_nonresponse=ibis.cases((first_line, members.nonresponse)),
    )  # fmt: skip


def count_outcome(told: ir.Table, split: str, outcome: Outcome) -> pd.DataFrame:
    """Count patients by group, severity and outcome.

    Returns
    -------
    DataFrame
        ``group``, ``stratum`` (NaN: unknown), ``event`` (nullable boolean) and ``patients``; of
        those in a group.
    """
    members = told.filter(told[split].notnull())
    if outcome.population == FIRST_TRIAL:
        members = members.filter(members.is_first_trial)
    members = members.select(group=split, stratum="stratum", event=outcome.column)
    by = ["group", "stratum", "event"]
    counted: pd.DataFrame = (
        members.group_by(by).agg(patients=members.count()).order_by(by).to_pyarrow().to_pandas()
    )
    return counted.astype({"event": "boolean", "stratum": "float64", "patients": "int64"})


def _add_groups(counting: Counting, told: ir.Table, split: str, groups: tuple[str, str]) -> None:
    found = _count_values(told, [split])
    levels = [(name, found.get((name,), 0)) for name in groups]
    counting.add_levels(split, MEMBERS, levels, found.get((None,), 0))


def _add_severity(counting: Counting, told: ir.Table, split: str, groups: tuple[str, str]) -> None:
    found = _count_values(told, [split, "stratum"])
    for group in groups:
        levels = [(name, found.get((group, at), 0)) for at, name in enumerate(SEVERITY_LEVELS)]
        counting.add_levels(SEVERITY, MEMBERS, levels, found.get((group, None), 0), group=group)


def _add_outcome(
    counting: Counting, counts: pd.DataFrame, outcome: Outcome, groups: tuple[str, str]
) -> None:
    for group in groups:
        own = counts[counts["group"] == group]
        unknown = int(own.loc[own["event"].isna(), "patients"].sum())
        events = int(own.loc[own["event"].fillna(False), "patients"].sum())
        counting.add(
            outcome.measure, outcome.population, outcome.level,
            (int(own["patients"].sum()), unknown, events), kind=YES_NO, group=group,
        )  # fmt: skip


def _add_first_steps(counting: Counting, asked: Asked, told: ir.Table) -> None:
    """Count the kind of the first step after resistance, by group."""
    steps = derive_after_resistance(asked, asked.members).patients
    of = {strategy: kind for kind, strategies in KINDS.items() for strategy in strategies}
    of[NONE_RECORDED] = NONE_RECORDED
    kinds = steps.select(
        "patient_id",
        kind=ibis.cases(*((steps.next_step == step, kind) for step, kind in of.items())),
    )
    joined = told.select("patient_id", *SPLITS).inner_join(kinds, "patient_id")
    for split, groups in SPLITS.items():
        found = _count_values(joined, [split, "kind"])
        for group in groups:
            levels = [(kind, found.get((group, kind), 0)) for kind in (*KINDS, NONE_RECORDED)]
            counting.add_levels(FIRST_STEP, TRD, levels, found.get((group, None), 0), group=group)


def _count_values(table: ir.Table, columns: list[str]) -> Mapping[tuple[object, ...], int]:
    counted = table.group_by(columns).agg(patients=table.count()).to_pyarrow().to_pylist()
    return {tuple(row[name] for name in columns): int(row["patients"]) for row in counted}


def _sum_by_stratum(counts: pd.DataFrame) -> pd.DataFrame:
    """Sum patients and events by group and stratum."""
    events = counts["patients"].where(counts["event"].astype(bool), 0)
    summed = counts.assign(events=events).groupby(["group", "stratum"], dropna=False)
    return summed.agg(n=("patients", "sum"), events=("events", "sum")).reset_index()


def _make_contrasts(rows: list[dict[str, object]], definition: str) -> pd.DataFrame:
    table = pd.DataFrame(rows).assign(question=QUESTION, definition=definition)
    return as_contrasts(table)
