"""The smallest changes of criteria that would change a label.

A change is of one criterion: that it were met, or were not. What it takes to meet one (five days
more, a record of adherence) stands beside it; that a longer trial might also move the windows of
its scores is not foreseen.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.counted import count_within
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.evidence import (
    CHANGE,
    CRITERION,
    EVIDENCE_COLUMNS,
    TRIAL,
    asked_of_trials,
    list_patient_criteria,
)
from trdanalysis.labelling.failures import Keeper, distinct_key
from trdanalysis.labelling.labels import INDETERMINATE, NOT_TRD, TRD
from trdanalysis.labelling.rules import FailureRule

_SETS = ("low", "high")
_OPTION = ("patient_id", "first_id", "second_id")


def rule_of_changes(definition: Definition) -> FailureRule | None:
    """Give the rule whose changes can be told: resistance is so many failures, and nothing else.

    Of definitions by treatments, scores or several rules, and of those that count certain classes
    or times only, no changes are told.
    """
    rule = definition.resistance[0].failures
    if len(definition.resistance) > 1 or rule is None or rule.of_classes or rule.within_days:
        return None
    return rule


def derive_changes(
    engine: Keeper,
    labels: ir.Table,
    trials: ir.Table,
    evidence: ir.Table,
    definition: Definition,
) -> ir.Table | None:
    """List the smallest sets of criteria that would change each label.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    labels
        Labels by the definition.
    trials
        Trials judged by it, with ``treatment_key``.
    evidence
        What :func:`trdanalysis.labelling.evidence.derive_evidence` gives of them.
    definition
        The definition.

    Returns
    -------
    Table or None
        Rows of the evidence of part ``change``. The rows of a patient with one ``to_label`` and
        one ``option`` are changes that together give that label; ``changes`` is how many they
        are, the same for every option, and no fewer would do. ``value`` is what the criterion is
        now. To ``trd`` no more than two further trials are taken into account, and to ``not_trd``
        no more than two are taken away: where these do not suffice there is no row. None: changes
        of this definition are not told, see :func:`rule_of_changes`.
    """
    rule = rule_of_changes(definition)
    if rule is None:
        return None
    rows = engine.keep(_reduce_trials(trials, definition, rule))
    to_trd = _list_towards(engine, labels, rows, evidence, definition, rule)
    away = _list_away(engine, labels, rows, evidence, rule)
    return ibis.union(to_trd.select(*EVIDENCE_COLUMNS), away.select(*EVIDENCE_COLUMNS))


def _reduce_trials(trials: ir.Table, definition: Definition, rule: FailureRule) -> ir.Table:
    """Give each trial what is counted, and ``cost``: how many criteria keep it from a failure.

    A drug that does not count, or may not, cannot be changed into one: its cost is null.
    """
    unmet: ir.IntegerValue = ibis.literal(0, "int64")
    for name in asked_of_trials(definition.trial):
        unmet = unmet + (~trials[name]).fill_null(True).cast("int64")
    counts = (trials.antidepressant & trials.first_line).fill_null(False)
    return trials.select(
        "patient_id", "trial_id", "start_day", "episode", "failed",
        treatment=distinct_key(trials, rule.distinct_by),
        cost=counts.ifelse(unmet, ibis.null("int64")),
    )  # fmt: skip


def _pairs(trials: ir.Table) -> ir.Table:
    """Give every trial alone, and every two of a patient, once."""
    first = trials.select("patient_id", first_id="trial_id", cost="cost")
    second = trials.select("patient_id", second_id="trial_id", other="cost")
    alone = first.select("patient_id", "first_id", "cost", second_id=ibis.null("string"))
    both = first.join(second, ["patient_id", first.first_id < second.second_id])
    both = both.select("patient_id", "first_id", "second_id", cost=both.cost + both.other)
    return ibis.union(alone.select(*_OPTION, "cost"), both.select(*_OPTION, "cost"))


def _with_key(options: ir.Table) -> ir.Table:
    # Engines group nulls as one, but join on none: a single trial's second name is written out.
    return options.mutate(second_key=options.second_id.coalesce(ibis.literal("")))


def _list_towards(
    engine: Keeper,
    labels: ir.Table,
    rows: ir.Table,
    evidence: ir.Table,
    definition: Definition,
    rule: FailureRule,
) -> ir.Table:
    """List what would make a patient resistant."""
    others = [name for name in list_patient_criteria(definition) if name != "resistance"]
    unmet = evidence.filter(
        (evidence.part == CRITERION)
        & evidence.item.isin(others)
        & (~evidence.value).fill_null(True)
    )
    open_labels = labels.filter(labels.label != TRD)
    have = open_labels.filter(open_labels.enough_failures.fill_null(False)).select(
        "patient_id", first_id=ibis.null("string"), second_id=ibis.null("string"),
        cost=ibis.literal(0, "int64"),
    )  # fmt: skip
    lack = open_labels.filter(
        ~open_labels.enough_failures.fill_null(False)
        & (open_labels.failures_definite >= rule.at_least - 2)
    ).select("patient_id")
    candidates = rows.filter(rows.cost > 0).semi_join(lack, "patient_id")
    found = _find_sufficient(engine, candidates, rows.filter(rows.cost == 0), rule)
    options = engine.keep(ibis.union(have.select(*_OPTION, "cost"), found))
    numbered = _number(options, ["first_id", "second_id"])
    of_trials = _join_trials(numbered, evidence, lambda row: (~row.value).fill_null(True))
    of_patients = numbered.join(
        unmet.select("patient_id", "definition", "item", "trial_id", "value", "observed",
                     "needed", "unit"),
        "patient_id",
    )  # fmt: skip
    columns = ("patient_id", "definition", "item", "trial_id", "value", "observed", "needed",
               "unit", "option")  # fmt: skip
    changes = engine.keep(ibis.union(of_trials.select(*columns), of_patients.select(*columns)))
    counted = changes.group_by(["patient_id", "option"]).agg(changes=changes.count().cast("int64"))
    return _finish(changes.join(counted, ["patient_id", "option"]), TRD)


def _find_sufficient(
    engine: Keeper, candidates: ir.Table, failed: ir.Table, rule: FailureRule
) -> ir.Table:
    """Find the cheapest one or two trials that, had they failed too, would have been enough."""
    options = engine.keep(_with_key(_pairs(candidates)))
    members = candidates.select("patient_id", "trial_id", "start_day", "treatment", "episode")
    added = options.join(
        members,
        [
            "patient_id",
            (members.trial_id == options.first_id) | (members.trial_id == options.second_key),
        ],
    )
    kept = options.join(
        failed.select("patient_id", "start_day", "treatment", "episode"), "patient_id"
    )
    columns = ("patient_id", "first_id", "second_key", "start_day", "treatment", "episode")
    together = ibis.union(added.select(*columns), kept.select(*columns))
    counts = count_within(
        engine, engine.keep(together.mutate(low=True, high=True)), rule.count, _SETS,
        enough=rule.at_least, by=columns[:3],
    )  # fmt: skip
    enough = counts.filter(counts.low >= rule.at_least).select(*columns[:3])
    fitting = options.semi_join(enough, columns[:3])
    cheapest = fitting.group_by("patient_id").agg(least=fitting.cost.min())
    return (
        fitting.join(cheapest, "patient_id")
        .filter(lambda row: row.cost == row.least)
        .select(*_OPTION, "cost")
    )


def _list_away(
    engine: Keeper, labels: ir.Table, rows: ir.Table, evidence: ir.Table, rule: FailureRule
) -> ir.Table:
    """List what would settle that a patient is not resistant: one criterion, or unknown trials."""
    concerned = labels.filter(labels.label.isin([TRD, INDETERMINATE]))
    is_trd = labels.label == TRD
    asked = evidence.filter((evidence.part == CRITERION) & (evidence.item != "resistance"))
    asked = asked.join(
        labels.filter(labels.label.isin([TRD, INDETERMINATE])).select("patient_id", is_trd=is_trd),
        "patient_id",
    )
    # Of an indeterminate label nothing that is met need change: what is unknown decides.
    alone = asked.filter(asked.is_trd | asked.value.isnull())
    may = concerned.filter(
        concerned.enough_failures.fill_null(True)
        & (concerned.failures_possible <= rule.at_least + 1)
    )
    may = may.select("patient_id", "failures_definite", "failures_possible", "label")
    found = _find_necessary(engine, rows, may, rule)
    one_trial = _join_trials(found.filter(found.second_id.isnull()), evidence, _may_fall)
    single = engine.keep(
        ibis.union(
            alone.select(*_AWAY, first_id=ibis.null("string")),
            one_trial.select(*_AWAY, "first_id"),
        )
    )
    numbered = single.mutate(
        option=ibis.row_number().over(
            ibis.window(group_by="patient_id", order_by=["trial_id", "item"])
        )
        + 1,
        changes=ibis.literal(1, "int64"),
    )
    # Two trials only where nothing alone would do.
    two = found.filter(found.second_id.notnull()).anti_join(single, "patient_id")
    both = _join_trials(_number(two, ["first_id", "second_id"]), evidence, _may_fall)
    first = both.group_by(["patient_id", "option", "trial_id"]).agg(
        item=both.item.max(where=both.item == "nonresponse").coalesce(both.item.min())
    )
    both = both.semi_join(first, ["patient_id", "option", "trial_id", "item"])
    both = both.mutate(changes=ibis.literal(2, "int64"))
    columns = (*_AWAY, "option", "changes")
    return _finish(ibis.union(numbered.select(*columns), both.select(*columns)), NOT_TRD)


_AWAY = ("patient_id", "definition", "item", "trial_id", "value", "observed", "needed", "unit")


def _may_fall(row: ir.Table) -> ir.BooleanValue:
    """Tell which criterion of a trial would be changed: of a failure the response alone."""
    of_failure = row.is_failed & (row.item == "nonresponse")
    return of_failure | (~row.is_failed & row.value.isnull())


def _find_necessary(engine: Keeper, rows: ir.Table, may: ir.Table, rule: FailureRule) -> ir.Table:
    """Find the one or two possible failures without which there would be too few.

    A certain failure is taken away of a resistant patient only; of an indeterminate one, what is
    unknown.
    """
    possible = rows.filter(rows.failed.fill_null(True))
    possible = possible.join(may.select("patient_id", "label"), "patient_id")
    is_failed = possible.failed.fill_null(False)
    removable = possible.filter((possible.label == TRD) | ~is_failed).mutate(
        cost=ibis.literal(1, "int64")
    )
    options = engine.keep(_with_key(_pairs(removable)))
    left = options.join(
        possible.select("patient_id", "trial_id", "start_day", "treatment", "episode", "failed"),
        "patient_id",
    )
    left = left.filter((left.trial_id != left.first_id) & (left.trial_id != left.second_key))
    columns = ["patient_id", "first_id", "second_key"]
    kept = left.select(
        *columns, "start_day", "treatment", "episode",
        low=left.failed.fill_null(False), high=ibis.literal(True),
    )  # fmt: skip
    counts = count_within(
        engine, engine.keep(kept), rule.count, _SETS, enough=rule.at_least, by=columns
    )
    all_rows = possible.select("patient_id", "trial_id", "start_day", "treatment", "episode",
                               low=is_failed, high=ibis.literal(True))  # fmt: skip
    whole = count_within(
        engine, engine.keep(all_rows), rule.count, _SETS, enough=rule.at_least
    ).select("patient_id", whole="high")
    table = options.left_join(counts, columns).drop(*(f"{name}_right" for name in columns))
    table = table.join(whole, "patient_id").join(
        may.select("patient_id", "failures_possible"), "patient_id"
    )
    # What was possible beyond the rows is of quarantined trials: nothing here takes it away.
    lost = table.failures_possible - table.whole
    enough = table.filter(table.high.fill_null(0) + lost < rule.at_least)
    failed = possible.filter(is_failed).select("patient_id", first_id="trial_id")
    flagged = enough.left_join(failed.mutate(is_failed=ibis.literal(True)),
                               ["patient_id", "first_id"])  # fmt: skip
    return engine.keep(flagged.select(*_OPTION, is_failed=flagged.is_failed.fill_null(False)))


def _join_trials(options: ir.Table, evidence: ir.Table, which: object) -> ir.Table:
    """Give the criteria of each option's trials that ``which`` picks."""
    own = evidence.filter(evidence.part == TRIAL)
    keyed = options.mutate(second_key=options.second_id.coalesce(ibis.literal("")))
    joined = keyed.join(
        own.select(*_AWAY),
        [
            "patient_id",
            (own.trial_id == keyed.first_id) | (own.trial_id == keyed.second_key),
        ],
    )
    assert callable(which)
    return joined.filter(which(joined))


def _number(options: ir.Table, order: Sequence[str]) -> ir.Table:
    window = ibis.window(group_by="patient_id", order_by=list(order))
    return options.mutate(option=ibis.row_number().over(window) + 1)


def _finish(changes: ir.Table, to_label: str) -> ir.Table:
    return changes.mutate(
        part=ibis.literal(CHANGE),
        decides=ibis.literal(True),
        to_label=ibis.literal(to_label),
        option=changes.option.cast("int64"),
    )
