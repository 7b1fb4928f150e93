"""What rates.csv tells of counts: every stratum, and how strata make each other up.

Of each row four kinds of patients are counted: with the event (``event``), without it
(``no_event``), certain members whose outcome is unknown (``outcome_unknown``), and those who may or
may not be members (``member_unknown``). The last two together are ``unknown``, the first two
``known``. A row of complete cases prints ``known`` as its n, one of proven shares the certain
members; its bounds tell how many there are in all (``total``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from trdanalysis.analysis.sensitivity import NONRESPONDER
from trdanalysis.analysis.states import YOUNG
from trdanalysis.contract import FACTORS
from trdanalysis.disclosure.ledger import NOWHERE, Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.rows import list_rows

#: What a reader loses with a row of each stratum, beside the others.
COSTS = {
    "overall": 30000.0, "age_band": 900.0, "factor_group": 900.0, "sex": 500.0, "site": 300.0,
    "drop": 300.0, "factor": 100.0, "factor_group_by_age_band": 30.0, "factor_combination": 10.0,
}  # fmt: skip

#: Estimands whose numbers are looked for first.
_WEIGHTS = {"initial_trial": 3.0, "trd": 3.0, "initial_adequate_trial": 2.0, "trd_eligible": 2.0}

#: Nobody misses the level `unknown` as much as the others; young adults are what is asked for.
_LEVELS = {"unknown": 0.4, YOUNG: 1.5}

#: The numbers of the unknown beside those of the known.
_OF_UNKNOWNS, _OF_ALL_UNKNOWNS = 0.15, 0.6

#: By other definitions only these strata leave: each more would be one more difference.
OTHER_STRATA = ("overall", "age_band", "factor_group", "sex")

COUNTED_ANALYSES = ("complete_case", "proven")

#: In these strata of the rate of this estimand characteristics.csv prints how many have each label.
LABELLED = "trd"
BY_LABEL = ("overall", "age_band", "factor_group", "factor", "sex", "site")

#: Those labels beside the other numbers of the row; of everybody, where everything hangs on them.
_OF_LABELS, _OF_ALL_LABELS = 0.3, 1.0

#: Estimands of which the members of the second are among those of the first, event by event.
_NESTED = (
    ("initial_trial", "initial_adequate_trial", ("event", "no_event")),
    ("initial_remission", "initial_adequate_remission", ("event", "no_event")),
    ("initial_remission", "initial_trial", ("event",)),
    ("trd", "trd_eligible", ("n", "event", "no_event")),
)  # fmt: skip

Row = dict[str, Any]
Place = tuple[str, str, str, str]


def key_of(row: Row) -> Key:
    """Give the key of a row of rates.csv."""
    band = row["age_band"]
    return (
        row["definition"], row["estimand"], row["stratum"], row["group"], row["level"],
        "" if pd.isna(band) else band,
    )  # fmt: skip


def overall_key(definition: str, estimand: str) -> Key:
    """Give the key of the row of everybody."""
    return definition, estimand, "overall", "overall", "all", ""


def enter_rates(ledger: Ledger, rates: pd.DataFrame, primary: str, policy: Policy) -> None:
    """Enter every count of rates.csv and every sum of them.

    Parameters
    ----------
    ledger
        Is added to.
    rates
        As ``summarise`` makes it. Rows of other definitions outside :data:`OTHER_STRATA` are passed
        over: they do not leave.
    primary
        Id of the definition whose counts are printed as the policy says; others more coarsely.
    policy
        The site's policy.
    """
    rows = [
        row for row in list_rows(rates)
        if row["analysis"] in COUNTED_ANALYSES and not pd.isna(row["n"])
        and (row["definition"] == primary or row["stratum"] in OTHER_STRATA)
    ]  # fmt: skip
    for row in rows:
        _enter_row(ledger, row, policy, is_primary=row["definition"] == primary)
    by_table: dict[tuple[str, str], dict[Place, Row]] = defaultdict(dict)
    for row in rows:
        stratum, group, level, band = (str(part) for part in key_of(row)[2:])
        by_table[row["definition"], row["estimand"]][stratum, group, level, band] = row
    for table in by_table.values():
        for whole, parts in _sums(table):
            _add_up(ledger, whole, parts)
        for whole, parts in _wholes(table):
            _add_rest(ledger, whole, parts)
        _enter_combinations(ledger, table)
    _enter_nested(ledger, by_table)
    _enter_imputed(ledger, rates, primary, policy)


def total_of(row: Row) -> int:
    """Give how many are not certainly out: what the bounds of a row divide by."""
    reach = int(row["events"]) + int(row["n_unknown"])
    if row["analysis"] != "proven":
        return int(row["n"]) + int(row["n_unknown"])
    # With nobody who has or may have the event, nobody's membership is unknown either.
    return round(reach / row["bound_high"]) if reach else int(row["n"])


def _enter_row(ledger: Ledger, row: Row, policy: Policy, *, is_primary: bool) -> None:
    key, base = key_of(row), policy.base_of(primary=is_primary)
    stratum = row["stratum"] if is_primary else "other_definitions"
    cost = COSTS[row["stratum"]] * _WEIGHTS.get(row["estimand"], 1.0)
    cost *= _LEVELS.get(row["level"], 1.0)
    cost *= 1.0 if is_primary else 0.1
    shown = ledger.unit(("row", *key), stratum, cost)
    of_unknowns = _OF_ALL_UNKNOWNS if row["stratum"] == "overall" else _OF_UNKNOWNS
    unsure = ledger.unit(("unknown", *key), stratum, cost * of_unknowns)
    ledger.hide_with(shown, unsure)
    # What follows from two rounded counts is not known as exactly as they are.
    follows, follows_unsure = (shown, unsure) if not base else (NOWHERE, NOWHERE)
    labels = follows_unsure
    if is_primary and row["estimand"] == LABELLED and stratum in BY_LABEL:
        labels = ledger.unit(
            ("labels", *key),
            stratum,
            cost * (_OF_ALL_LABELS if stratum == "overall" else _OF_LABELS),
        )
    n, events, unknown = int(row["n"]), int(row["events"]), int(row["n_unknown"])
    total = total_of(row)
    known = total - unknown

    def enter(name: str, value: int, unit: int, *, guarded: bool = True) -> int:
        return ledger.count((name, *key), value, unit, base=base, guarded=guarded)

    at_n, at_event = enter("n", n, shown), enter("event", events, shown)
    at_unknown = enter("unknown", unknown, unsure)
    at_total = enter("total", total, follows_unsure, guarded=False)
    if row["analysis"] == "proven":
        at_known = enter("known", known, unsure, guarded=False)
        no_event = enter("no_event", known - events, labels)
        outcome = enter("outcome_unknown", n - known, labels)
        member = enter("member_unknown", total - n, follows_unsure)
        ledger.add_up(at_n, (at_known, outcome))
        ledger.add_up(at_unknown, (outcome, member))
        ledger.add_up(at_total, (at_n, member))
        rest = enter("not_event", n - events, follows)
        ledger.add_up(at_n, (at_event, rest))
        ledger.add_up(rest, (no_event, outcome))
        # A part that is below a whole is what the others leave of it.
        ledger.add_up(at_known, (at_event, no_event))
    else:
        at_known = at_n
        no_event = enter("no_event", n - events, follows)
        ledger.add_up(at_n, (at_event, no_event))
    ledger.add_up(at_total, (at_known, at_unknown))
    if row["unit"] == "trial":
        patients = enter("patients", int(row["n_clusters"]), shown)
        ledger.rest(at_n, [patients])


def _kinds(ledger: Ledger, whole: Row, parts: Iterable[Row]) -> Iterator[tuple[int, list[int]]]:
    """Give every kind of count that a row and its parts have in common."""
    keys = [key_of(part) for part in parts]
    names = (
        "event", "no_event", "n", "unknown", "outcome_unknown", "member_unknown", "total",
        "patients",
    )  # fmt: skip
    for name in names:
        at = ledger.index.get((name, *key_of(whole)))
        if at is not None:
            yield at, [ledger.index[name, *key] for key in keys]


def _add_up(ledger: Ledger, whole: Row, parts: Iterable[Row]) -> None:
    for at, places in _kinds(ledger, whole, parts):
        ledger.add_up(at, places)


def _add_rest(ledger: Ledger, whole: Row, parts: Iterable[Row]) -> None:
    for at, places in _kinds(ledger, whole, parts):
        ledger.rest_if_any(at, places)


def _sums(table: dict[Place, Row]) -> Iterator[tuple[Row, list[Row]]]:
    """Give every row with the rows that it is made up of."""
    everybody = table.get(("overall", "overall", "all", ""))
    if everybody is None:
        return
    adult = {place[3] for place in table if place[0] == "factor_group_by_age_band"}
    ages = {place: row for place, row in table.items() if place[0] == "age_band"}
    if adult:
        ages = {place: row for place, row in ages.items() if place[3] in adult}
        yield everybody, list(ages.values())
    grouped: dict[tuple[str, str], list[Row]] = defaultdict(list)
    crossed: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for (stratum, group, level, band), row in table.items():
        if stratum == "factor_group_by_age_band":
            crossed["age_band", "age_band", band].append(row)
            crossed["factor_group", group, level].append(row)
        elif stratum not in ("overall", "age_band"):
            grouped[stratum, group].append(row)
    for rows in grouped.values():
        yield everybody, rows
    by_group: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for (stratum, name, level), rows in crossed.items():
        if stratum == "factor_group":
            whole = table.get((stratum, name, level, ""))
            if whole is not None:
                yield whole, rows
            continue
        for row in rows:
            by_group[name, level, row["group"]].append(row)
    for (name, band, _), rows in by_group.items():
        yield table["age_band", name, band, band], rows


def _wholes(table: dict[Place, Row]) -> Iterator[tuple[Row, list[Row]]]:
    """Give rows with one that is a part of them: a factor is present only where its group is."""
    for group, factors in FACTORS.items():
        for factor in factors:
            names = [("factor_group", group), ("factor", factor)]
            present, absent = (
                [table.get((stratum, name, level, "")) for stratum, name in names]
                for level in ("present", "absent")
            )
            if present[0] is not None and present[1] is not None:
                yield present[0], [present[1]]
            if absent[0] is not None and absent[1] is not None:
                yield absent[1], [absent[0]]


def _enter_combinations(ledger: Ledger, table: dict[Place, Row]) -> None:
    """Enter that a group is present in its combinations, and where one is unknown perhaps."""
    found = {place[2]: row for place, row in table.items() if place[0] == "factor_combination"}
    if "unknown" not in found:
        return
    for group in FACTORS:
        levels = [table.get(("factor_group", group, name, "")) for name in ("present", "absent")]
        if levels[0] is None or levels[1] is None:
            continue
        with_it = [row for name, row in found.items() if group in name.split("+")]
        without = [row for name, row in found.items() if name != "unknown" and row not in with_it]
        unknown = found["unknown"]
        for name in ("event", "no_event", "n", "unknown"):

            def at(row: Row, name: str = name) -> int:
                return ledger.index[name, *key_of(row)]

            rests = [
                ledger.rest_if_any(at(level), [at(row) for row in rows])
                for level, rows in zip(levels, (with_it, without), strict=True)
                if level is not None
            ]
            other = table.get(("factor_group", group, "unknown", ""))
            if other is None or None in rests:
                continue
            parts = [*(rest for rest in rests if rest is not None), at(other)]
            if ledger.values[at(unknown)] == sum(ledger.values[part] for part in parts):
                ledger.add_up(at(unknown), parts)


def _enter_nested(ledger: Ledger, by_table: dict[tuple[str, str], dict[Place, Row]]) -> None:
    """Enter which estimands are parts of others, where the counts allow it in every stratum."""
    definitions = {definition for definition, _ in by_table}
    for definition in sorted(definitions):
        for larger, smaller, names in _NESTED:
            whole = by_table.get((definition, larger), {})
            part = by_table.get((definition, smaller), {})
            both = [place for place in whole if place in part]
            for name in names:
                pairs = [
                    tuple(ledger.index[name, *key_of(table[place])] for table in (whole, part))
                    for place in both
                ]
                apart = [ledger.values[one] - ledger.values[other] for one, other in pairs]
                if any(gap < 0 for gap in apart):
                    continue
                for one, other in pairs:
                    if any(apart):
                        ledger.rest(one, [other])
                    else:
                        ledger.add_up(one, [other])


def _enter_imputed(ledger: Ledger, rates: pd.DataFrame, primary: str, policy: Policy) -> None:
    """Enter the overall rows in which the unknown are taken for events."""
    rows = rates[(rates["analysis"] == NONRESPONDER) & (rates["definition"] == primary)]
    base = policy.base_of(primary=True)
    for row in list_rows(rows):
        if pd.isna(row["n"]):
            continue
        key = overall_key(primary, row["estimand"])
        unit = ledger.unit(("imputed", *key), "overall", 300.0)
        n, events, outside = (int(row[name]) for name in ("n", "events", "n_unknown"))
        at = {name: ledger.index[name, *key] for name in ("n", "event", "unknown")}
        all_n = ledger.count(("imputed_n", *key), n, unit, base=base)
        all_events = ledger.count(("imputed_events", *key), events, unit, base=base)
        member = ledger.count(("member_unknown", *key), outside, unit, base=base)
        outcome = ledger.count(
            ("outcome_unknown", *key), n - ledger.values[at["n"]], NOWHERE if base else unit
        )
        ledger.add_up(all_n, (at["n"], outcome))
        ledger.add_up(all_events, (at["event"], outcome))
        ledger.add_up(at["unknown"], (outcome, member))
