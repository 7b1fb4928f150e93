"""What questions.csv tells of counts, and how they hang together with those of other tables.

Everybody asked about is a member of the population of the rate of `trd`, so every count is a part
of one that stands in the ledger already. Where two rows count the same patients there is one key;
where one counts some of those of another, the difference is a count, too, and is guarded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trdanalysis.analysis.questions.form import ONE_OF
from trdanalysis.analysis.questions.members import PATIENT_GROUPS
from trdanalysis.analysis.states import UNKNOWN
from trdanalysis.contract import SYMPTOMS
from trdanalysis.disclosure.ledger import NOWHERE, Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.strata import LABELLED, overall_key
from trdanalysis.rows import list_rows

PART = "questions"

#: What a reader loses with events, and with the known and the unknown; less with one level of many.
_COST, _OF_UNKNOWN, _OF_MANY, _MANY = 20.0, 0.5, 0.3, 6

#: Everybody asked about; labels among them; and what rates.csv calls the counts of each.
MEMBERS = "members"
KINDS = {
    MEMBERS: "n", "trd": "event", "not_trd": "no_event", "indeterminate": "outcome_unknown",
}  # fmt: skip

#: Populations that mean the same in every question.
_SHARED = (*KINDS, *PATIENT_GROUPS)

#: What a population is a part of, beside all members.
PART_OF = {"stopped_well": "responders"}

Place = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class AnswerKeys:
    """Keys of the counts of one row of questions.csv."""

    total: Key
    known: Key
    unknown: Key
    events: Key
    without: Key


@dataclass(frozen=True)
class Entered:
    """One row as it stands in the ledger: the place of each count."""

    row: Mapping[str, Any]
    total: int
    known: int
    unknown: int
    events: int
    without: int | None

    def of(self, name: str) -> int | None:
        """Give the place of a count by its name."""
        place: int | None = getattr(self, name)
        return place


#: Rows by question, measure, population, age band, group and level.
Rows = dict[tuple[str, str, str, str, str, str], Entered]


def place_of(row: Mapping[str, Any]) -> Place:
    """Give where a row stands: all but its level."""
    band, group = ("" if pd.isna(row[name]) else str(row[name]) for name in ("age_band", "group"))
    return str(row["question"]), str(row["measure"]), str(row["population"]), band, group


def answer_keys(table: pd.DataFrame, primary: str) -> list[AnswerKeys]:
    """Give the keys of every row; a count that another table prints too has its key."""
    return [_keys_of(row, primary) for row in list_rows(table)]


def _keys_of(row: Mapping[str, Any], primary: str) -> AnswerKeys:
    place, level = place_of(row), str(row["level"])
    question, measure, population, band, group = place
    # Rows of one kind `one_of` have their known and unknown in common.
    one = () if row["kind"] == ONE_OF else (level,)
    keys = {
        "total": ("asked", primary, *place, *one),
        "known": ("asked_known", primary, *place, *one),
        "unknown": ("asked_unknown", primary, *place, *one),
        "events": ("asked_events", primary, *place, level),
        "without": ("asked_without", primary, *place, level),
    }
    is_symptom = (question, measure) == ("symptoms", "symptom") and level in SYMPTOMS
    if is_symptom and not group and not band and population in KINDS:
        label = "all" if population == MEMBERS else population
        for name, of in (("events", "present"), ("without", "absent"), ("unknown", UNKNOWN)):
            keys[name] = ("characteristic", primary, level, "categorical", of, label)
    return AnswerKeys(**keys)


def enter_questions(ledger: Ledger, table: pd.DataFrame, primary: str, policy: Policy) -> Rows:
    """Enter every count of questions.csv, and every sum that holds of each.

    Parameters
    ----------
    ledger
        Is added to, after all other tables of patients.
    table
        As ``questions`` makes it.
    primary
        Id of the definition that it is by.
    policy
        The site's policy.

    Returns
    -------
    dict
        Where each row stands, for what only some questions have.
    """
    rows = list_rows(table)
    levels = table.groupby(
        ["question", "measure", "population", "age_band", "group"], dropna=False
    )["level"].transform("size")
    entered: Rows = {}
    of_place: dict[Place, list[Entered]] = defaultdict(list)
    for row, keys, many in zip(rows, answer_keys(table, primary), levels, strict=True):
        cost = _COST * (_OF_MANY if row["kind"] == ONE_OF and many > _MANY else 1.0)
        one = _enter_row(ledger, row, keys, cost, policy)
        place = place_of(row)
        entered[(*place, str(row["level"]))] = one
        of_place[place].append(one)
    for found in of_place.values():
        if found[0].row["kind"] == ONE_OF:
            ledger.add_up(found[0].known, [one.events for one in found])
    _link_populations(ledger, of_place, primary)
    _link_parts(ledger, entered)
    return entered


def _enter_row(
    ledger: Ledger, row: Mapping[str, Any], keys: AnswerKeys, cost: float, policy: Policy
) -> Entered:
    base = policy.base_of(primary=True)
    known, unknown, events = (int(row[name]) for name in ("n", "n_unknown", "events"))
    shown = ledger.unit(("asked", *keys.events), PART, cost)
    apart = ledger.unit(("asked", *keys.known), PART, cost * _OF_UNKNOWN)
    total = ledger.count(keys.total, known + unknown)
    at_known = ledger.count(keys.known, known, apart, base=base)
    at_unknown = ledger.count(keys.unknown, unknown, apart, base=base)
    if ledger.unit_of[at_unknown] not in (NOWHERE, apart):
        # Printed elsewhere, and hidden there: beside the known it would be as good as printed.
        ledger.hide_with(ledger.unit_of[at_unknown], apart)
    at_events = ledger.count(keys.events, events, shown, base=base)
    ledger.add_up(total, (at_known, at_unknown))
    without = None
    if row["kind"] != ONE_OF:
        without = ledger.count(keys.without, known - events)
        ledger.add_up(at_known, (at_events, without))
    return Entered(row, total, at_known, at_unknown, at_events, without)


def same_or_part(ledger: Ledger, whole: int | None, parts: Iterable[int | None]) -> None:
    """Enter that counts are some of another, or all: then they are of the same patients."""
    of = [part for part in parts if part is not None]
    if whole is None or not of:
        return
    left = ledger.values[whole] - sum(ledger.values[part] for part in of)
    if left == 0:
        ledger.add_up(whole, of)
    elif left > 0:
        ledger.rest(whole, of, guarded=True)


def find_population(ledger: Ledger, population: str, band: str, primary: str) -> int | None:
    """Give the count of a population that rates.csv counts, if it is one."""
    kind = KINDS.get(population)
    if kind is None:
        return None
    place = overall_key(primary, LABELLED)
    if band:
        place = (primary, LABELLED, "age_band", "age_band", band, band)
    return ledger.index.get((kind, *place))


def _link_populations(
    ledger: Ledger, of_place: Mapping[Place, list[Entered]], primary: str
) -> None:
    """Enter whom each row is of: populations, parts of them by age band and group, and members."""
    whole: dict[tuple[str, str, str], int] = {}
    for (question, _, population, band, group), found in of_place.items():
        if not group:
            shared = "" if population in _SHARED else question
            whole.setdefault((shared, population, band), found[0].total)
    for (shared, population, band), at in whole.items():
        same = find_population(ledger, population, band, primary)
        if same is None and population == "pseudo_resistant" and not band:
            same = ledger.index.get(("event", *overall_key(primary, "pseudo_resistance")))
        if same is None:
            over = whole.get((shared, PART_OF.get(population, ""), band))
            same = over if over is not None else _members(ledger, band, primary)
        same_or_part(ledger, same, [at])
        if band:
            same_or_part(ledger, whole.get((shared, population, "")), [at])
    for (question, _, population, band, _), found in of_place.items():
        shared = "" if population in _SHARED else question
        over = whole.get((shared, population, band))
        if over is None:
            over = find_population(ledger, population, band, primary)
        if over is None:
            over = _members(ledger, band, primary)
        for at in dict.fromkeys(one.total for one in found):
            if at != over:
                same_or_part(ledger, over, [at])
    groups = [whole.get(("", name, "")) for name in PATIENT_GROUPS]
    if None not in groups:
        same_or_part(ledger, _members(ledger, "", primary), groups)


def _members(ledger: Ledger, band: str, primary: str) -> int | None:
    return find_population(ledger, MEMBERS, band, primary)


_COUNTS = ("events", "unknown", "without")


def _link_parts(ledger: Ledger, entered: Rows) -> None:
    """Enter which rows are of some of the patients of another: ages, labels, patient groups."""
    parts: dict[tuple[str, tuple[str, str, str, str, str, str]], list[Entered]] = defaultdict(list)
    for (question, measure, population, band, group, level), one in entered.items():
        if band:
            parts["ages", (question, measure, population, "", group, level)].append(one)
        over = (question, measure, MEMBERS, band, group, level)
        for name, populations in (("groups", PATIENT_GROUPS), ("labels", tuple(KINDS)[1:])):
            if population in populations:
                parts[name, over].append(one)
    for (_, key), found in parts.items():
        whole = entered.get(key)
        if whole is None:
            continue
        for name in ("events", "unknown", "without"):
            same_or_part(ledger, whole.of(name), [part.of(name) for part in found])
