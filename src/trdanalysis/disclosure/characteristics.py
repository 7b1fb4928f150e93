"""What characteristics.csv tells of counts, and how they hang together with those of other tables.

The population is that of the estimand `trd`. So its strata are these characteristics already: with
the label `trd` are those with the event, with `not_trd` those without, with `indeterminate` those
whose outcome is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from trdanalysis.analysis.characteristics import (
    ALL,
    CATEGORICAL,
    LABEL_GROUPS,
    LABELS,
    NUMERIC,
    OF_THE_LABEL,
    OVERALL,
)
from trdanalysis.analysis.estimands import RECORDED_FACTORS, TRIAL_FACTORS, TRIAL_GROUP
from trdanalysis.analysis.states import UNKNOWN
from trdanalysis.contract import FACTORS, RECORDED_GROUPS
from trdanalysis.disclosure.ledger import Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.strata import LABELLED
from trdanalysis.rows import list_rows

#: What counts of each label are called in the strata of a rate of proven shares.
_KINDS = {ALL: "n", "trd": "event", "not_trd": "no_event", "indeterminate": "outcome_unknown"}

#: What a reader loses with a count, by label; less with one of the unknown, or of many levels.
_COSTS = {ALL: 60.0, "trd": 60.0, "not_trd": 40.0, "indeterminate": 20.0}
_OF_UNKNOWN, _OF_MANY_LEVELS = 0.4, 0.5
_MANY_LEVELS = ("drug_class", "scale")

#: By definition some labels have none or few of these: that nobody has one is known.
_BY_DEFINITION = (*OF_THE_LABEL, "antidepressant_trials")

#: Cell of the table: characteristic, kind, level, label.
Cell = tuple[str, str, str, str]


def list_cells(table: pd.DataFrame) -> list[Cell]:
    """Give the cell of every row."""
    names = ["characteristic", "kind", "level", "label"]
    return [tuple(str(row[name]) for name in names) for row in list_rows(table)]  # type: ignore[misc]


def cell_keys(table: pd.DataFrame, primary: str) -> dict[Cell, Key]:
    """Give the key of the count of every cell: one that another table prints too has one key."""
    cells = list_cells(table)
    numbers = dict(zip(cells, (int(n) for n in table["n"]), strict=True))
    same = [
        (name, of)
        for name, of in (("age_years", "age_band"), ("antidepressant_trials",) * 2)
        if all(
            numbers.get((name, NUMERIC, UNKNOWN, label))
            == numbers.get((of, CATEGORICAL, UNKNOWN, label))
            for label in LABEL_GROUPS
        )
    ]
    keys: dict[Cell, Key] = {}
    for cell in cells:
        name, kind, level, label = cell
        for number, of in same:
            # Whose age is not known is in no age band.
            if (name, kind, level) == (number, NUMERIC, UNKNOWN):
                name, kind = of, CATEGORICAL
        place = _stratum(name, level) if kind == CATEGORICAL else None
        keys[cell] = (
            (_KINDS[label], primary, LABELLED, *place)
            if place
            else ("characteristic", primary, name, kind, level, label)
        )
    return keys


def _stratum(name: str, level: str) -> tuple[str, str, str, str] | None:
    """Give the place of a level among the strata of rates.csv, if it is one."""
    if name == OVERALL:
        return "overall", "overall", "all", ""
    if name == "age_band":
        return name, name, level, level
    if name in ("sex", "site"):
        return name, name, level, ""
    if name in RECORDED_GROUPS:
        return "factor_group", name, level, ""
    if name in RECORDED_FACTORS:
        return "factor", name, level, ""
    return None


def enter_characteristics(
    ledger: Ledger, table: pd.DataFrame, primary: str, policy: Policy
) -> None:
    """Enter every count of characteristics.csv and every sum of them.

    Parameters
    ----------
    ledger
        Is added to, after the rates, first trials and unknowns.
    table
        As ``summarise`` makes it.
    primary
        Id of the definition that it is by.
    policy
        The site's policy.
    """
    base = policy.base_of(primary=True)
    keys = cell_keys(table, primary)
    at: dict[Cell, int] = {}
    new: set[tuple[str, str]] = set()
    for cell, n in zip(list_cells(table), table["n"], strict=True):
        name, kind, level, label = cell
        key = keys[cell]
        if key in ledger.index:
            # It is printed, and hidden, where the other table is.
            at[cell] = ledger.count(key, int(n))
            continue
        cost = _COSTS[label] * (_OF_UNKNOWN if level == UNKNOWN else 1.0)
        cost *= _OF_MANY_LEVELS if name in _MANY_LEVELS else 1.0
        unit = ledger.unit(("characteristics", *cell), "characteristics", cost)
        at[cell] = ledger.count(key, int(n), unit, base=base)
        new.add((name, kind))
        if name in _BY_DEFINITION and not int(n):
            ledger.know(at[cell], 0, 0)
    for name, kind in sorted(new):
        _add_up(ledger, at, name, kind)
    _enter_parts(ledger, at)
    _link(ledger, at, primary)


def _levels(at: dict[Cell, int], name: str, kind: str) -> list[str]:
    return list(dict.fromkeys(cell[2] for cell in at if cell[:2] == (name, kind)))


def _add_up(ledger: Ledger, at: dict[Cell, int], name: str, kind: str) -> None:
    """Enter that levels add up to a label, and labels to all."""
    levels = _levels(at, name, kind)
    if name != OVERALL:
        for label in LABEL_GROUPS:
            whole = at[OVERALL, CATEGORICAL, ALL, label]
            ledger.add_up(whole, [at[name, kind, level, label] for level in levels])
    for level in levels:
        ledger.add_up(
            at[name, kind, level, ALL], [at[name, kind, level, label] for label in LABELS]
        )


def _enter_parts(ledger: Ledger, at: dict[Cell, int]) -> None:
    """Enter that a medication-related factor is present only where its group is."""
    for factor in TRIAL_FACTORS if (TRIAL_GROUP, CATEGORICAL, UNKNOWN, ALL) in at else ():
        for label in LABEL_GROUPS:
            group, one = (
                {level: at[name, CATEGORICAL, level, label] for level in ("present", "absent")}
                for name in (TRIAL_GROUP, factor)
            )
            ledger.rest_if_any(group["present"], [one["present"]])
            ledger.rest_if_any(one["absent"], [group["absent"]])


def _link(ledger: Ledger, at: dict[Cell, int], primary: str) -> None:
    """Enter which counts of other tables are of some of the same patients."""
    for cell, key in _parts_elsewhere(primary):
        part = ledger.index.get(key)
        if part is not None and cell in at:
            ledger.rest_if_any(at[cell], [part])
    lacks = ledger.index.get(("lacks", primary, LABELLED, "impaired"))
    unsure = at.get(("functional_impairment", CATEGORICAL, UNKNOWN, "indeterminate"))
    if lacks is None or unsure is None:
        return
    # Among the former are those who may be members; it would be as good as printed beside them.
    if ledger.rest_if_any(lacks, [unsure]) is not None:
        ledger.hide_with(ledger.unit_of[unsure], ledger.unit_of[lacks])


def _parts_elsewhere(primary: str) -> Iterator[tuple[Cell, Key]]:
    """Give cells with a count of those of them whose first trial was first-line."""
    for episode in ("first", "later", UNKNOWN):
        yield (
            ("episode", CATEGORICAL, episode, ALL),
            ("episode", primary, "initial_trial", episode),
        )
    for stratum, names in (("factor_group", (TRIAL_GROUP,)), ("factor", FACTORS[TRIAL_GROUP])):
        for name in names:
            for level in ("present", "absent"):
                place = (primary, "initial_trial", stratum, name, level, "")
                yield (name, CATEGORICAL, level, ALL), ("n", *place)
