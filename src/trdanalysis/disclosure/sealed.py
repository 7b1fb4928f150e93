"""Sealed releases: what has left already, and what it makes of the next release.

Who has an earlier release knows its counts. Where a count has changed by few since then, printing
it would tell how many came or went: such a change is a small count like any other, and is guarded
so. What was printed before is known for good, and hiding it now protects nobody; its row is printed
again as it was, and marked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from trdanalysis.disclosure.attack import plan_attack
from trdanalysis.disclosure.hiding import PARTLY_SUPPRESSED, SUPPRESSED
from trdanalysis.disclosure.ledger import NOWHERE, Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.protect import Protection
from trdanalysis.layout import PRINTED_AGAIN
from trdanalysis.rows import list_rows

REPRINTED = "reprinted"

#: Columns of the counts that are kept of a sealed release.
COUNT_COLUMNS = ["count", "value", "printed", "low", "high", "hidden"]

#: By table whose rows are printed again: what tells its rows apart, and their counts.
_PRINTED_AGAIN_BY: dict[str, tuple[list[str], list[str]]] = {
    "rates": (
        ["estimand", "definition", "analysis", "stratum", "group", "level", "age_band"],
        ["n", "events", "n_unknown", "n_clusters"],
    ),
    "attrition": (
        ["estimand", "definition", "unit", "step"], ["n_in", "n_out", "n_unknown"],
    ),
    "unknowns": (["estimand", "definition", "criterion"], ["n_unknown", "n_only"]),
    "resistance": (["definition", "apparent_resistance", "label"], ["n"]),
    "first_trials": (["definition", "estimand", "episode"], ["n"]),
    "characteristics": (["definition", "characteristic", "kind", "level", "label"], ["n"]),
    "questions": (
        ["question", "definition", "measure", "population", "age_band", "group", "level", "kind"],
        ["n", "n_unknown", "events"],
    ),
}  # fmt: skip

#: Hiding again what the last release hid costs little: the same input then hides the same.
_AGAIN = 0.01

_SEALED, _CHANGE = "sealed", "change"

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Sealed:
    """One sealed release.

    Attributes
    ----------
    name
        Its number.
    counts
        :data:`COUNT_COLUMNS`, one row per count of its ledger: ``count`` (its key as JSON),
        ``value`` (the truth), ``printed`` (null: it was not), ``low`` and ``high`` (what who has
        the release knows of it), ``hidden`` (whether its unit was).
    tables
        Those of its tables whose rows can be printed again, by name.
    policy
        Content of the policy that it left by.
    dropped, small
        See :class:`trdanalysis.disclosure.protect.Protection`.
    """

    name: str
    counts: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    policy: Mapping[str, object]
    dropped: tuple[str, ...]
    small: int


def find_same(ledger: Ledger, releases: Sequence[Sealed], policy: Policy) -> Protection | None:
    """Give what the last sealed release hid, if it was of the very same counts and policy.

    Another choice may be as good, but two of them together would tell more than one.
    """
    if not releases or releases[-1].policy != policy.model_dump(mode="json"):
        return None
    last = releases[-1]
    rows = list_rows(last.counts)
    now = dict(zip(stable_names(ledger), ledger.values, strict=True))
    if now != {row["count"]: row["value"] for row in rows}:
        return None
    kept = {row["count"] for row in rows if row["hidden"]}
    units = [
        unit for unit, name in zip(ledger.unit_of, now, strict=True)
        if name in kept and unit != NOWHERE
    ]  # fmt: skip
    return Protection(frozenset(units), last.dropped, last.small)


def describe_counts(ledger: Ledger, hidden: frozenset[int], policy: Policy) -> pd.DataFrame:
    """Give what is known of every count to who has a release: :data:`COUNT_COLUMNS`."""
    attack = plan_attack(ledger, policy, set(hidden))
    shown = [
        None if unit == NOWHERE or unit in hidden else print_count(value, base)
        for value, unit, base in zip(ledger.values, ledger.unit_of, ledger.bases, strict=True)
    ]
    table = pd.DataFrame(
        {
            "count": stable_names(ledger),
            "value": ledger.values,
            "printed": pd.array(shown, dtype="Int64"),
            "low": attack.low.astype("int64"),
            "high": attack.high.astype("int64"),
            "hidden": [unit in hidden for unit in ledger.unit_of],
        }
    ).astype({"count": "str"})
    own = [key[0] not in (_SEALED, _CHANGE) for key in ledger.index]
    table = table[own]
    return table.sort_values("count", ignore_index=True)


def print_count(value: int, base: int) -> int:
    """Give a count as it is printed."""
    return (value + base // 2) // base * base if base else value


def stable_names(ledger: Ledger) -> list[str]:
    """Name each count so that another run names it the same, whatever place it has there."""
    keys: list[Key] = [()] * len(ledger.values)
    for key, place in ledger.index.items():
        keys[place] = key

    def name(key: Key) -> list[object]:
        if key[0] == "rest":
            return ["rest", *(name(keys[int(str(place))]) for place in key[1:])]
        return [str(part) for part in key]

    return [json.dumps(name(key), ensure_ascii=False) for key in keys]


def link_sealed(ledger: Ledger, releases: Sequence[Sealed], policy: Policy) -> None:
    """Enter what earlier releases tell of the counts of this one.

    Parameters
    ----------
    ledger
        Is added to: what is known of counts, and how much those have changed that were known.
    releases
        Sealed releases, the earliest first.
    policy
        The site's policy.

    Notes
    -----
    A count that has not changed is taken to be known to be the same: who knows that nothing new
    was delivered knows that. Of one that changed, the direction is taken to be known.
    """
    names = stable_names(ledger)
    for release in releases:
        kept = {row["count"]: row for row in list_rows(release.counts)}
        for place, name in enumerate(names):
            if name in kept:
                _link(ledger, place, release.name, kept[name], policy)
    if releases:
        _hide_again(ledger, releases[-1], names)


def _link(
    ledger: Ledger, place: int, release: str, then: Mapping[str, object], policy: Policy
) -> None:
    value, before = ledger.values[place], int(str(then["value"]))
    low, high = int(str(then["low"])), int(str(then["high"]))
    if value == before:
        ledger.know(place, low, high)
        return
    limit = policy.hide_counts_up_to
    printed = then["printed"]
    if pd.isna(printed) and low < high:  # type: ignore[call-overload]
        return
    was = before if pd.isna(printed) else int(str(printed))  # type: ignore[call-overload]
    apart = abs(print_count(value, ledger.bases[place]) - was)
    if apart > limit:
        return
    # Whether it is printed anew or again, it is told that no more than this came or went.
    ledger.know(place, max(low - limit, 0), high + limit)
    if not apart or not ledger.guarded[place]:
        return
    old = ledger.count((_SEALED, release, place), before, guarded=False)
    ledger.know(old, low, high)
    change = ledger.count((_CHANGE, release, place), abs(value - before))
    whole, part = (place, old) if value > before else (old, place)
    ledger.add_up(whole, (part, change))


def _hide_again(ledger: Ledger, release: Sealed, names: Sequence[str]) -> None:
    hidden = set(release.counts.loc[release.counts["hidden"], "count"])
    units = {
        ledger.unit_of[place] for place, name in enumerate(names)
        if name in hidden and ledger.unit_of[place] != NOWHERE
    }  # fmt: skip
    for unit in units:
        ledger.costs[unit] *= _AGAIN


def reprint(
    released: Tables, whole: Tables, releases: Sequence[Sealed], policy: Policy
) -> dict[str, pd.DataFrame]:
    """Print again the rows of the last sealed release that differ by few from those of now.

    Parameters
    ----------
    released
        Tables as they leave.
    whole
        The same before anything was hidden.
    releases
        Sealed releases, the earliest first.
    policy
        The site's policy.

    Returns
    -------
    dict
        The tables. A row of which a count is hidden now, and none was when last released, is the
        row of then, with ``reprinted`` for its status, if a count of it differs by 1 to the
        minimum from what was printed then, or none by more.
    """
    tables = dict(released)
    for name in PRINTED_AGAIN if releases else ():
        for release in reversed(releases):
            if name in release.tables:
                tables[name] = _reprint_table(
                    tables[name], whole[name], release.tables[name], name, policy
                )
    return tables


def count_reprinted(tables: Tables) -> int:
    """Count the rows that were printed again."""
    return sum(int((tables[name]["status"] == REPRINTED).sum()) for name in PRINTED_AGAIN)


def _reprint_table(
    table: pd.DataFrame, whole: pd.DataFrame, then: pd.DataFrame, name: str, policy: Policy
) -> pd.DataFrame:
    key, counts = _PRINTED_AGAIN_BY[name]
    is_whole = (then["status"] != PARTLY_SUPPRESSED) | then[counts].notna().all(axis=1)
    before = _by_key(then[is_whole & (then["status"] != SUPPRESSED)], key)
    truth = _by_key(whole, key)
    limit, base = policy.hide_counts_up_to, policy.base_of(primary=True)
    rows = list_rows(table)
    chosen: dict[int, int] = {}
    for place, row in enumerate(rows):
        at = _key_of(row, key)
        if row["status"] not in (SUPPRESSED, PARTLY_SUPPRESSED) or at not in before:
            continue
        if at not in truth or not any(pd.isna(row[count]) for count in counts):
            continue
        apart = [_apart(truth[at][1][count], before[at][1][count], base) for count in counts]
        if any(1 <= by <= limit for by in apart) or all(by <= limit for by in apart):
            chosen[place] = before[at][0]
    if not chosen:
        return table
    table = table.copy()
    for column in [one for one in table.columns if one not in (*key, "status")]:
        again = then[column].take(list(chosen.values()))
        values = table[column].astype("object")
        values.iloc[list(chosen)] = again.astype("object").to_numpy()
        table[column] = values.astype(table[column].dtype)
    status = table["status"].astype("object")
    status.iloc[list(chosen)] = REPRINTED
    table["status"] = status.astype(table["status"].dtype)
    return table


def _by_key(
    table: pd.DataFrame, key: Sequence[str]
) -> dict[tuple[str, ...], tuple[int, dict[str, object]]]:
    places = list(table.index)
    return {
        _key_of(row, key): (place, row) for place, row in zip(places, list_rows(table), strict=True)
    }


def _key_of(row: Mapping[str, object], key: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if pd.isna(row[name]) else str(row[name]) for name in key)  # type: ignore[call-overload]


def _apart(value: object, printed: object, base: int) -> float:
    """Give by how much a count as it would be printed now differs from what was printed."""
    if pd.isna(value) or pd.isna(printed):  # type: ignore[call-overload]
        return 0.0 if pd.isna(value) and pd.isna(printed) else math.inf  # type: ignore[call-overload]
    return abs(print_count(int(str(value)), base) - int(str(printed)))
