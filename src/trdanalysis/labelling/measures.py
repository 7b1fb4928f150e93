"""Measures: bounds of what a definition counts of each patient, and the rules upon them.

Every measure is a pair of numbers, the least and the most it can be given what is unknown; a rule
asks for at least so much of one, and is unknown where only the upper one reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.counted import count_within, rows_that_count
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.rules import FailureCount, Rule, ScoreItem, TreatmentCount
from trdanalysis.labelling.treatments import USUAL, count_treatments

Measure = FailureCount | TreatmentCount


@dataclass(frozen=True)
class Measured:
    """What was measured of the patients.

    Attributes
    ----------
    table
        One row a patient of whom anything counts: ``patient_id`` and, for every measure and
        reading, ``<name>_<reading>low`` and ``<name>_<reading>high``; for the main count of
        failures also ``apparent_low`` and ``apparent_high``, the same whatever dose, duration and
        adherence. Null: nothing counts. Quarantined trials are not in it.
    names
        The name of each measure.
    """

    table: ir.Table
    names: dict[Measure, str]


def list_measures(definition: Definition) -> dict[Measure, str]:
    """Name every measure of a definition, once; the first is its main count of failures."""
    found: list[Measure] = [definition.main_failures]
    rules = [*definition.resistance, *(one for each in definition.grades for one in each.all_of)]
    for leaf in (leaf for rule in rules for leaf in rule.leaves):
        found += _measures_of(leaf)
    for item in definition.score:
        found += [one for one in (item.failures, item.treatments) if one is not None]
    return {one: f"measure_{place}" for place, one in enumerate(dict.fromkeys(found))}


def _measures_of(rule: Rule) -> list[Measure]:
    if rule.failures is not None:
        return [rule.failures.count]
    return [rule.treatments.count] if rule.treatments is not None else []


def measure_patients(
    engine: Keeper,
    trials: ir.Table,
    rows: ir.Table,
    scales: tuple[Scale, ...],
    definition: Definition,
) -> Measured:
    """Measure everything that a definition asks for.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    trials
        What :func:`trdanalysis.labelling.trials.derive_trials` gives.
    rows
        What :func:`trdanalysis.labelling.counted.rows_that_count` gives of them for the main count.
    scales
        Symptom scales.
    definition
        The definition.
    """
    names = list_measures(definition)
    main = next(iter(names))
    tables = []
    for measure, name in names.items():
        if isinstance(measure, TreatmentCount):
            found = count_treatments(engine, trials, measure)
        else:
            of_measure = rows
            if measure != main:
                of_measure = engine.keep(rows_that_count(trials, measure, scales, is_main=False))
            found = count_within(engine, of_measure, measure, _sets(is_main=measure == main),
                                 enough=_largest_asked(definition))  # fmt: skip
        tables.append(
            engine.keep(
                found.rename(
                    {
                        f"{name}_{one}": one
                        for one in found.columns
                        if one not in ("patient_id", *_APPARENT)
                    }
                )
            )  # fmt: skip
        )
    table = tables[0]
    for other in tables[1:]:
        joined = table.outer_join(other, "patient_id")
        table = joined.mutate(patient_id=joined.patient_id.coalesce(joined.patient_id_right)).drop(
            "patient_id_right"
        )
    return Measured(table, names)


_APPARENT = ("apparent_low", "apparent_high")


def _sets(*, is_main: bool) -> tuple[str, ...]:
    sets = ("low", "high", "bare_low", "bare_high")
    return (*sets, *_APPARENT) if is_main else sets


def _largest_asked(definition: Definition) -> int:
    rules = [*definition.resistance, *(one for each in definition.grades for one in each.all_of)]
    asked = [leaf.failures.at_least for rule in rules for leaf in rule.leaves if leaf.failures]
    return max([*asked, 20 if definition.score else 2])


Bounds = tuple[ir.NumericValue, ir.NumericValue]


def bounds_of(
    table: ir.Table, names: Mapping[Measure, str], measure: Measure, reading: str = USUAL
) -> Bounds:
    """Give the least and the most of a measure; each quarantined trial may be one more."""
    name = names[measure]
    low, high = (table[f"{name}_{reading}{side}"].fill_null(0) for side in ("low", "high"))
    return low, high + table.quarantined


def score_bounds(
    table: ir.Table,
    names: Mapping[Measure, str],
    items: Sequence[ScoreItem],
    reading: str = USUAL,
) -> Bounds:
    """Give the least and the most of a score: every item at its least, and at its most."""
    # Engines read 0.5 as a decimal of one digit, whose sums they round: points are made floats.
    low: ir.NumericValue = ibis.literal(0).cast("float64")
    high: ir.NumericValue = ibis.literal(0).cast("float64")
    for item in items:
        measure = item.failures or item.treatments
        units: Bounds = (ibis.literal(1), ibis.literal(1))
        if measure is not None:
            units = bounds_of(table, names, measure, reading)
        least, most = _points(item, (units[0].cast("float64"), units[1].cast("float64")))
        low, high = low + least, high + most
    return low, high


def _points(item: ScoreItem, units: Bounds) -> Bounds:
    if item.points_between is not None:
        return units[0] * item.points_between[0], units[1] * item.points_between[1]
    if item.points_each is not None:
        return units[0] * item.points_each, units[1] * item.points_each
    steps = sorted((item.points_from or {}).items(), reverse=True)
    least, most = (
        ibis.cases(*((unit >= number, points) for number, points in steps), else_=0.0).cast(
            "float64"
        )
        for unit in units
    )
    return least, most


def holds(
    rule: Rule,
    table: ir.Table,
    names: Mapping[Measure, str],
    reading: str = USUAL,
) -> ir.BooleanValue:
    """Tell whether a rule holds; ``table`` has ``<reading>score_low`` and ``_high`` where asked."""
    if rule.all_of:
        together: ir.BooleanValue = ibis.literal(True)
        for each in rule.all_of:
            together = together & holds(each, table, names, reading)
        return together
    if rule.score is not None:
        needed: float = rule.score.at_least
        low, high = table[f"{reading}score_low"], table[f"{reading}score_high"]
    else:
        asked = rule.failures or rule.treatments
        assert asked is not None
        needed = asked.at_least
        low, high = bounds_of(table, names, asked.count, reading)
    return ibis.cases((low >= needed, True), (high < needed, False), else_=ibis.null("boolean"))
