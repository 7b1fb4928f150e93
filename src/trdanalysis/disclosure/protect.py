"""Which units of a release are hidden: as few as protect every small count.

Small counts go first. The further ones are chosen all at once, the cheapest that leave no sum with
a single unknown and every small count enough company; the attacker then tries the choice, and what
he can still narrow down asks for more. Where that does not end, parts of the release are dropped in
the policy's order.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from trdanalysis.disclosure.attack import find_unsafe
from trdanalysis.disclosure.ledger import NOWHERE, Ledger
from trdanalysis.disclosure.policy import Policy

#: How often more single cells are asked for before a part is dropped.
ROUNDS = 25

#: In how many of these rounds finer cells some sums away may stand in for nearer ones.
_FINE_ROUNDS = 6
_NEAR = 2

#: The part on which all others hang: near everything, and asked for where nothing else is near.
HEADLINE = "overall"

#: How many rounds follow a dropped part before the next is.
_MORE_ROUNDS = 3

_GAP = 0.005


@dataclass(frozen=True)
class Protection:
    """What is hidden.

    Attributes
    ----------
    hidden
        Units.
    dropped
        Parts of the release that were given up as a whole, in that order.
    small
        How many units hold a small count themselves; the others protect them.
    """

    hidden: frozenset[int]
    dropped: tuple[str, ...]
    small: int


Row = dict[int, float]


def protect(
    ledger: Ledger, policy: Policy, tell: Callable[[str], None] = lambda text: None
) -> Protection:
    """Choose what to hide.

    Parameters
    ----------
    ledger
        Every count of the release, and all sums.
    policy
        The site's policy.
    tell
        Is told which round it is.

    Returns
    -------
    Protection
        No small count can be learnt from what it leaves. Where nothing else helps, everything is
        hidden.
    """
    if not policy.hides:
        return Protection(frozenset(), (), 0)
    small = {
        unit
        for unit, value in zip(ledger.unit_of, ledger.values, strict=True)
        if unit != NOWHERE and policy.is_small(value)
    }
    rules = _rules(ledger, policy)
    hidden = _choose(ledger, rules, small)
    neighbours = _neighbours(ledger)
    dropped: list[str] = []
    rounds = 0
    printed = {unit for unit in ledger.unit_of if unit != NOWHERE}
    # With everything hidden there is nothing to attack: what could be known, no table tells.
    # Ever more is hidden: what was possible stays so.
    possible: dict[int, set[int]] = {}
    while printed - hidden and (unsafe := find_unsafe(ledger, policy, hidden, possible)):
        rounds += 1
        tell(f"round {rounds} against the attacker")
        # Fine cells may do; what they have not settled after some rounds asks for the nearest.
        order = policy.drop_first if rounds <= _FINE_ROUNDS else None
        wanted = [
            found for at in unsafe if (found := _around(ledger, neighbours, at, hidden, order))
        ]
        if rounds <= ROUNDS and len(wanted) == len(unsafe):
            rules += [(dict.fromkeys(units, 1.0), 1.0) for units in wanted]
            hidden = _choose(ledger, rules, hidden)
            continue
        part = _next_part(ledger, policy, hidden, dropped)
        dropped.append(part)
        hidden = hidden | {at for at, name in enumerate(ledger.parts) if name == part}
        hidden = _choose(ledger, rules, hidden)
        rounds = ROUNDS - _MORE_ROUNDS
    return Protection(frozenset(hidden), tuple(dropped), len(small))


def _next_part(ledger: Ledger, policy: Policy, hidden: set[int], dropped: list[str]) -> str:
    """Give the finest part that still shows something."""
    left = {name for at, name in enumerate(ledger.parts) if at not in hidden}
    return next(part for part in policy.drop_first if part in left and part not in dropped)


def _rules(ledger: Ledger, policy: Policy) -> list[tuple[Row, float]]:
    """Say of every sum what must be hidden with what: weights of units, and their least sum."""
    limit = policy.hide_counts_up_to
    found: dict[tuple[tuple[tuple[int, float], ...], float], None] = {}
    for unit, other in ledger.follows:
        found[((unit, -1.0), (other, 1.0)), 0.0] = None
    for whole, parts in ledger.sums:
        members = (whole, *parts)
        for at in members:
            others = [other for other in members if other != at]
            own = ledger.unit_of[at]
            value = ledger.values[at]
            small = ledger.guarded[at] and 1 <= value <= limit
            if own == NOWHERE and not small:
                continue
            weights: Row = {}
            always = 0.0
            company: Row = {}
            crowd = 0.0
            for other in others:
                unit = ledger.unit_of[other]
                room = float(limit if other == whole else ledger.values[other])
                if other in ledger.known:
                    low, high = ledger.known[other]
                    if low == high:
                        # It has left before: hiding it now is of no use.
                        continue
                    room = min(room, float(high - low))
                if unit == NOWHERE or ledger.bases[other]:
                    always += 1
                    crowd += room if unit == NOWHERE else float(ledger.bases[other])
                if unit != NOWHERE:
                    weights[unit] = weights.get(unit, 0.0) + 1
                    company[unit] = company.get(unit, 0.0) + min(room, limit)
            if not always:
                _add(found, weights, own, 1.0)
            if small and at != whole and crowd < limit - value:
                _add(found, company, own, limit - value - crowd)
    return [(dict(weights), least) for weights, least in found]


def _add(
    found: dict[tuple[tuple[tuple[int, float], ...], float], None],
    weights: Row,
    own: int,
    least: float,
) -> None:
    """Enter that hiding `own` (or a count that nothing prints) asks for others."""
    row = dict(weights)
    if own == NOWHERE:
        found[tuple(sorted(row.items())), least] = None
        return
    if row.get(own, 0.0) >= least:
        return
    row[own] = row.get(own, 0.0) - least
    found[tuple(sorted(row.items())), 0.0] = None


def _choose(ledger: Ledger, rules: list[tuple[Row, float]], at_least: Iterable[int]) -> set[int]:
    """Give the cheapest units that obey the rules; where none do, those that break them least."""
    count = len(ledger.parts)
    forced = np.zeros(count)
    forced[list(at_least)] = 1
    rows, columns, weights, least = [], [], [], []
    for number, (row, low) in enumerate(rules):
        reachable = sum(weight for weight in row.values() if weight > 0) + sum(
            weight * forced[unit] for unit, weight in row.items() if weight < 0
        )
        rows += [number] * len(row)
        columns += list(row)
        weights += list(row.values())
        # What cannot be had even with everything hidden is for the attacker to judge.
        least.append(min(low, reachable) if low > 0 else low)
    slack = len(rules)
    matrix = csr_array(
        (
            [*weights, *[1.0] * slack],
            ([*rows, *range(slack)], [*columns, *range(count, count + slack)]),
        ),
        shape=(slack, count + slack),
    )
    costs = np.concatenate([np.array(ledger.costs), np.full(slack, 10 * max(ledger.costs))])
    solved = milp(
        costs,
        integrality=np.concatenate([np.ones(count), np.zeros(slack)]),
        bounds=Bounds(
            np.concatenate([forced, np.zeros(slack)]),
            np.concatenate([np.ones(count), np.full(slack, np.inf)]),
        ),
        constraints=LinearConstraint(matrix, np.array(least), np.inf),
        options={"mip_rel_gap": _GAP, "node_limit": 2000},
    )
    if solved.x is None:
        return set(range(count))
    return {unit for unit in range(count) if solved.x[unit] > 0.5}


def _neighbours(ledger: Ledger) -> dict[int, set[int]]:
    """Give of each count those that it shares a sum with."""
    found: dict[int, set[int]] = defaultdict(set)
    for whole, parts in ledger.sums:
        members = {whole, *parts}
        for at in members:
            found[at] |= members
    return found


def _is_unknown(ledger: Ledger, at: int, hidden: set[int]) -> bool:
    unit = ledger.unit_of[at]
    return unit == NOWHERE or unit in hidden or ledger.bases[at] > 0


def _around(
    ledger: Ledger,
    neighbours: dict[int, set[int]],
    target: int,
    hidden: set[int],
    order: Sequence[str] | None,
) -> set[int]:
    """Give units near a count, by sums that they share, on this side of printed counts.

    With an order of parts: from two sums around those of the finest part. Without: the nearest.
    Where only the headline is so near, from as many sums around as others are.
    """
    seen, edge = {target}, {target}
    units: set[int] = set()
    for reach in itertools.count(1):
        # Through a count that is printed nothing is learnt from beyond it.
        unknown = {at for at in edge if reach == 1 or _is_unknown(ledger, at, hidden)}
        edge = set().union(*(neighbours[at] for at in unknown)) - seen
        if not edge:
            break
        seen |= edge
        units |= {ledger.unit_of[at] for at in edge} - hidden - {NOWHERE}
        is_found = any(ledger.parts[unit] != HEADLINE for unit in units)
        if is_found and (order is None or reach >= _NEAR):
            break
    if order is None:
        return units
    finest = min((order.index(ledger.parts[unit]) for unit in units), default=None)
    return {unit for unit in units if order.index(ledger.parts[unit]) == finest}
