"""How many each unknown criterion costs: patients, or trials, one by one.

Read where the pages are silent: of adults and unknown ages, and for every estimand of ``rates``.
The criteria are those of the population, by their names in the attrition, then ``outcome_known``:
whether the event is known; then, of an unknown label, what it is made of. A criterion that costs
nobody anything has a row of zeros.
"""

from __future__ import annotations

from tests.slow.estimands import OF_PATIENTS, OF_TRIALS, Unit, units
from tests.slow.patients import Patient


def count_unknowns(patients: list[Patient]) -> dict[tuple[str, str], dict[str, int]]:
    """Count by estimand and criterion: how many lack it, and how many lack nothing else."""
    of_estimand: dict[str, list[Unit]] = {name: [] for name in (*OF_PATIENTS, *OF_TRIALS)}
    names: dict[str, list[str]] = {}
    for patient in patients:
        if patient.is_minor:
            continue
        for estimand, its_units in units(patient).items():
            of_estimand[estimand] += its_units
            for unit in its_units:
                names[estimand] = [*unit.criteria, "outcome_known", *unit.parts]
    counts = {}
    for estimand, criteria in names.items():
        unsure = [unit for unit in of_estimand[estimand] if unit.is_unknown]
        for criterion in criteria:
            lacking = [unit for unit in unsure if criterion in lacks(unit)]
            counts[estimand, criterion] = {
                "n_unknown": len(lacking),
                "n_only": sum(lacks_only(unit, criterion) for unit in lacking),
            }
    return counts


def lacks(unit: Unit) -> list[str]:
    """Name all that is unknown of a unit."""
    return [*unit.unknown_criteria, *unit.unknown_parts]


def lacks_only(unit: Unit, name: str) -> bool:
    """Tell whether nothing else is unknown; an unknown label is what its parts are."""
    if name in unit.parts:
        others = [other for other in lacks(unit) if other not in (name, "outcome_known")]
        return not others
    return unit.unknown_criteria == [name]
