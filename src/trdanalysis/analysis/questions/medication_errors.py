"""How much apparent resistance is too low a dose, too short a trial, or poor adherence.

Each error is taken away in turn: the criterion counts as met in every trial, whatever was recorded
of it, and failures are counted again by the code that labels. A trial that was stopped early had no
chance to fail, nor to help: what comes out is the most that labels could be, no prediction.
"""

from __future__ import annotations

from itertools import combinations

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.questions.asked import Asked, Counting, Found
from trdanalysis.analysis.questions.form import YES_NO
from trdanalysis.analysis.three_valued import is_unknown, negate
from trdanalysis.labelling.counted import count_within, rows_of_readings
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.labels import list_lost_trials
from trdanalysis.labelling.trials import CRITERIA

QUESTION = "medication_errors"

#: The article's medication errors, by the criterion of a failed trial that each takes away.
ERRORS = {
    "dose": "dose_adequate",
    "duration": "duration_adequate",
    "adherence": "adherence_adequate",
}

#: Measures and populations.
WHY_NO_FAILURE, TRD_IF_ADEQUATE = "why_apparent", "trd_if_adequate"
APPARENT, MEMBERS = "apparent_resistance", "members"

#: Which criteria are taken as met: errors joined by ``_and_``.
AS_RECORDED = "as_recorded"
TWO_ERRORS = tuple("_and_".join(pair) for pair in combinations(ERRORS, 2))
ALL_ERRORS = "all_errors"
SCENARIOS = (*ERRORS, *TWO_ERRORS, ALL_ERRORS)

#: Levels of :data:`WHY_NO_FAILURE` beside single errors and pairs.
RESISTANT, OTHER_REASON = "trd", "other_reason"
ANY_ERROR, SEVERAL_ERRORS, NOT_TOLD = "any_one_error", "several_errors", "errors_unclear"
LEVELS = (
    RESISTANT, *ERRORS, ANY_ERROR, *TWO_ERRORS, SEVERAL_ERRORS, NOT_TOLD, OTHER_REASON,
)  # fmt: skip


def ask_medication_errors(asked: Asked) -> Found:
    """Ask how much apparent resistance is a medication error.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Found
        Counts. ``why_apparent``, of members with apparent resistance, what they are (``one_of``):

        - ``trd``: resistant by adequate trials. The patients without a label are the unknown.
          The other levels are of those who are not resistant, all of whom are in one.
        - ``dose``, ``duration``, ``adherence``: too few trials failed, and would have been enough
          were this one criterion met, and neither of the others by itself;
        - ``any_one_error``: more than one of the three would have done, each by itself;
        - ``dose_and_duration`` and so on: none by itself would have, only these two together;
        - ``several_errors``: none by itself, and more than one pair, or only all three;
        - ``errors_unclear``: too few failed, and it is unknown which criterion makes it so;
        - ``other_reason``: enough failed or may have, and an exclusion or functioning decides.

        ``trd_if_adequate``, of all members: how many are resistant as recorded (group), and would
        be with a criterion taken as met. Nothing where resistance is more than a count of failures.

    Notes
    -----
    ``why_apparent`` adds up to resistance.csv: the level ``trd`` and the unknown are its rows
    `trd` and `indeterminate` of apparent resistance `yes`, the rest its `not_trd`.
    """
    if not is_count_of_failures(asked.definition):
        return Found()
    counting = Counting(QUESTION)
    judged = asked.engine.keep(derive_if_adequate(asked))
    _add_reasons(counting, judged)
    _add_if_adequate(counting, judged)
    return Found(counting.answers)


def is_count_of_failures(definition: Definition) -> bool:
    """Say whether resistance is so many failures, and nothing beside or instead."""
    only = definition.resistance[0]
    return len(definition.resistance) == 1 and only.failures is not None


def derive_if_adequate(asked: Asked) -> ir.Table:
    """Derive whether enough trials would have failed, with criteria taken as met.

    Parameters
    ----------
    asked
        The members and their records; the definition is a count of failures.

    Returns
    -------
    Table
        One row per member: ``patient_id``, ``trd``, ``apparent_resistance``, ``enough_failures``,
        ``others_met`` (all that a label asks for beside failures), and ``enough_<scenario>`` for
        each of :data:`SCENARIOS`; nullable booleans.
    """
    members, definition = asked.members, asked.definition
    # Who is certainly without apparent resistance has too few failures whatever is taken as met.
    may_be = members.filter(members.apparent_resistance.fill_null(True))
    trials = asked.cohort.trials.semi_join(may_be, "patient_id")
    # What is asked of a drug's role is whether the drug was recognised.
    trials = trials.mutate(drug_role=trials.ingredient)
    measure = definition.main_failures
    needed = definition.min_failures
    assert needed is not None
    readings = {f"{name}_": _failed_without(trials, name) for name in SCENARIOS}
    sets = [f"{name}_{side}" for name in SCENARIOS for side in ("low", "high")]
    rows = asked.engine.keep(rows_of_readings(trials, measure, readings))
    counted = count_within(asked.engine, rows, measure, sets, enough=needed)
    lost = list_lost_trials(asked.cohort.quarantined)
    lost = lost.group_by("patient_id").agg(quarantined=lost.count())
    table = members.left_join(counted, "patient_id", rname="{name}_of_count")
    table = table.left_join(lost, "patient_id", rname="{name}_of_lost")
    quarantined = table.quarantined.fill_null(0)
    enough = {}
    for name in SCENARIOS:
        low, high = table[f"{name}_low"].fill_null(0), table[f"{name}_high"].fill_null(0)
        enough[f"enough_{name}"] = ibis.cases(
            (low >= needed, True), (high + quarantined < needed, False), else_=ibis.null("boolean")
        )
    others = table.not_excluded
    if definition.patient.requires_impairment:
        others = others & table.impaired
    return table.select(
        "patient_id", "trd", "apparent_resistance", "enough_failures", others_met=others, **enough
    )


def _failed_without(trials: ir.Table, scenario: str) -> ir.BooleanValue:
    """Tell whether a trial failed if the scenario's criteria are taken as met."""
    met = ERRORS if scenario == ALL_ERRORS else scenario.split("_and_")
    left = [name for name in CRITERIA if name not in {ERRORS[one] for one in met}]
    failed: ir.BooleanValue = trials[left[0]]
    for name in left[1:]:
        failed = failed & trials[name]
    return failed


def name_reason(table: ir.Table) -> ir.StringValue:
    """Name what the apparent resistance of a patient is; null where there is no label.

    Parameters
    ----------
    table
        As :func:`derive_if_adequate` gives it, of patients with apparent resistance.
    """
    too_few = negate(table.enough_failures).fill_null(False)
    return ibis.cases(
        (table.trd, RESISTANT),
        (is_unknown(table.trd), ibis.null("string")),
        (too_few, name_errors(table)),
        else_=OTHER_REASON,
    )


def name_errors(table: ir.Table) -> ir.StringValue:
    """Name what keeps failures below enough, of a patient with too few for certain.

    Parameters
    ----------
    table
        ``enough_<scenario>`` for each of :data:`SCENARIOS`, three-valued.
    """
    unclear = ibis.literal(NOT_TOLD)
    single, pairs = (
        {name: table[f"enough_{name}"] for name in names} for names in (ERRORS, TWO_ERRORS)
    )
    return ibis.cases(
        (_count(single, yes=True) > 1, ANY_ERROR),
        (_count(single, yes=None) > 0, unclear),
        *((enough, name) for name, enough in single.items()),
        (_count(pairs, yes=True) > 1, SEVERAL_ERRORS),
        (_count(pairs, yes=None) > 0, unclear),
        *((enough, name) for name, enough in pairs.items()),
        (table[f"enough_{ALL_ERRORS}"], SEVERAL_ERRORS),
        else_=unclear,
    )


def _count(values: dict[str, ir.BooleanValue], *, yes: bool | None) -> ir.IntegerValue:
    """Count which are yes, or (None) unknown."""
    number: ir.IntegerValue = ibis.literal(0)
    for value in values.values():
        number = number + (is_unknown(value) if yes is None else value.fill_null(False)).cast("int")
    return number


def _add_reasons(counting: Counting, judged: ir.Table) -> None:
    apparent = judged.filter(judged.apparent_resistance)
    leveled = apparent.mutate(level=name_reason(apparent))
    rows = leveled.group_by("level").agg(n=leveled.count()).to_pyarrow().to_pylist()
    found = {row["level"]: int(row["n"]) for row in rows}
    counting.add_levels(
        WHY_NO_FAILURE, APPARENT, [(name, found.get(name, 0)) for name in LEVELS],
        found.get(None, 0),
    )  # fmt: skip


def _add_if_adequate(counting: Counting, judged: ir.Table) -> None:
    trd = {AS_RECORDED: judged.trd}
    trd |= {name: judged[f"enough_{name}"] & judged.others_met for name in SCENARIOS}
    aggregates = {"total": judged.count()}
    for name, value in trd.items():
        aggregates[f"{name}_events"] = judged.count(where=value)
        aggregates[f"{name}_unknown"] = judged.count(where=is_unknown(value))
    row = judged.aggregate(**aggregates).to_pyarrow().to_pylist()[0]
    for name in trd:
        counts = (int(row["total"]), int(row[f"{name}_unknown"]), int(row[f"{name}_events"]))
        counting.add(TRD_IF_ADEQUATE, MEMBERS, RESISTANT, counts, kind=YES_NO, group=name)
