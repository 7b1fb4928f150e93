"""The attacker: who sees a release and its policy, and works out what hidden counts can be.

He knows every printed count, what rounding leaves of it, and every sum of the ledger. Rates,
intervals and p-values tell him nothing further: each is a function of counts that are printed
beside it, and is hidden with any of them. Whatever whole numbers fit all he knows may be the truth;
a small count is safe where, for every value from 1 to the policy's minimum, some of them do.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array

from trdanalysis.disclosure.ledger import NOWHERE, Ledger
from trdanalysis.disclosure.policy import Policy

#: How many counts are moved at once in looking for another possible truth: a few nearby first, all
#: that hang together last.
_REACHES = (60, 250, 1_000, 3_000, 1_000_000)

#: No count is larger.
_ANY = 1e9

_SWEEPS = 12

#: The solver's numbers are whole up to this.
_EXACT = 1e-6

#: Up to this minimum every value is tried.
_EVERY = 30

#: How often all targets together are tried for each value, before each is by itself.
_TRIES = 4

#: Fewer targets than this are soon tried one by one.
_MANY = 12

#: Of a search that takes more branches than this nothing is concluded: the count is not safe.
_NODES = 20_000


@dataclass
class Attack:
    """What is known of every count once some units are hidden.

    Attributes
    ----------
    ledger, policy
        The release.
    low, high
        The least and the most a count can be by itself; equal where it is known.
    is_open
        Whether a count is still unknown after sums with one unknown are solved.
    """

    ledger: Ledger
    policy: Policy
    low: np.ndarray
    high: np.ndarray
    is_open: np.ndarray
    _of: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _sums: list[tuple[tuple[int, int], ...]] = field(default_factory=list)

    def possible_values(
        self, targets: Iterable[int], known: Mapping[int, set[int]] | None = None
    ) -> dict[int, set[int]]:
        """Find which values from 1 to the minimum each count may have.

        Each possible truth that is found serves every target in it; so do those between it and the
        truth. ``known`` are values that were found to be possible when less was hidden.
        """
        wanted = values_to_try(self.policy.hide_counts_up_to)
        truth = self.ledger.values
        before = known or {}
        found = {
            target: {truth[target]} & set(wanted) | before.get(target, set()) for target in targets
        }
        ends = {1, wanted[-1]}
        for value in wanted:
            self._try_together(value, found)
        for target, values in found.items():
            for value in sorted(wanted, key=lambda each: (each not in ends, each)):
                if value in values:
                    continue
                move = self._move(target, value - truth[target])
                if move is None:
                    break
                self._note(move, found)
        return found

    def _try_together(self, value: int, found: dict[int, set[int]]) -> None:
        """Look for a possible truth in which as many targets as can be have a value; and again."""
        opened = np.flatnonzero(self.is_open)
        place = {int(at): number for number, at in enumerate(opened)}
        truth = np.array([self.ledger.values[at] for at in opened], dtype=float)
        rows = [row for row, each in enumerate(self._sums) for _ in each]
        columns = [place[at] for each in self._sums for at, _ in each]
        signs = [float(sign) for each in self._sums for _, sign in each]
        count, sums = len(opened), len(self._sums)
        for _ in range(_TRIES):
            missing = [place[at] for at, values in found.items() if value not in values]
            if len(missing) < _MANY:
                return
            # A distance for each missing target: at least its value less the wanted one, and back.
            distance = range(count, count + len(missing))
            below = range(sums, sums + len(missing))
            above = range(sums + len(missing), sums + 2 * len(missing))
            ones = [1.0] * len(missing)
            matrix = csc_array(
                (
                    [*signs, *ones, *ones, *[-1.0] * len(missing), *ones],
                    ([*rows, *below, *below, *above, *above],
                     [*columns, *missing, *distance, *missing, *distance]),
                ),
                shape=(sums + 2 * len(missing), count + len(missing)),
            )  # fmt: skip
            right = matrix[:sums, :count] @ truth
            least = np.concatenate([right, [value] * len(missing), [-value] * len(missing)])
            most = np.concatenate([right, np.full(2 * len(missing), np.inf)])
            solved = milp(
                np.concatenate([np.zeros(count), np.ones(len(missing))]),
                integrality=np.concatenate([np.ones(count), np.zeros(len(missing))]),
                bounds=Bounds(
                    np.concatenate([self.low[opened], np.zeros(len(missing))]),
                    np.concatenate([self.high[opened], np.full(len(missing), np.inf)]),
                ),
                constraints=LinearConstraint(matrix, least, most),
                options={"node_limit": 50, "mip_rel_gap": 0.2},
            )
            if solved.x is None:
                return
            before = sum(value in values for values in found.values())
            for at, values in found.items():
                chosen = round(solved.x[place[at]])
                if 1 <= chosen <= self.policy.hide_counts_up_to:
                    values.add(chosen)
            if sum(value in values for values in found.values()) == before:
                return

    def _note(self, move: dict[int, int], found: dict[int, set[int]]) -> None:
        """Enter the values along a move: the whole steps on the way are possible, too."""
        steps = int(np.gcd.reduce(list(move.values())))
        for at, by in move.items():
            if at in found:
                values = (self.ledger.values[at] + by // steps * i for i in range(1, steps + 1))
                found[at].update(
                    value for value in values if 1 <= value <= self.policy.hide_counts_up_to
                )

    def _move(self, target: int, by: int) -> dict[int, int] | None:
        """Find another possible truth in which a count differs by so much, moving few others."""
        last = 0
        for reach in _REACHES:
            near = self._near(target, reach)
            if len(near) == last:
                break
            last = len(near)
            move = self._solve(near, target, by)
            if move is not None:
                return move
        return None

    def _near(self, target: int, reach: int) -> list[int]:
        """Give the open counts nearest to one, by sums that they share."""
        seen, queue = {target}, deque([target])
        while queue and len(seen) < reach:
            for number in self._of[queue.popleft()]:
                for at, _ in self._sums[number]:
                    if at not in seen:
                        seen.add(at)
                        queue.append(at)
        return sorted(seen)

    def _solve(self, near: Sequence[int], target: int, by: int) -> dict[int, int] | None:
        """Move the given counts only, each up or down, so that every sum still holds."""
        place = {at: number for number, at in enumerate(near)}
        numbers = sorted({number for at in near for number in self._of[at]})
        rows, columns, signs = [], [], []
        for row, number in enumerate(numbers):
            for at, sign in self._sums[number]:
                if at in place:
                    rows += [row, row]
                    columns += [place[at], place[at] + len(near)]
                    signs += [sign, -sign]
        truth = np.array([self.ledger.values[at] for at in near], dtype=float)
        up, down = self.high[list(near)] - truth, truth - self.low[list(near)]
        at = place[target]
        if not -down[at] <= by <= up[at]:
            return None
        least = np.zeros(2 * len(near))
        most = np.concatenate([up, down])
        least[at], most[at] = max(by, 0), max(by, 0)
        least[at + len(near)], most[at + len(near)] = max(-by, 0), max(-by, 0)
        sums = csc_array((signs, (rows, columns)), shape=(len(numbers), 2 * len(near)))
        solved = _solve_whole(
            np.ones(2 * len(near)),
            Bounds(least, most),
            LinearConstraint(sums, 0, 0) if len(numbers) else (),
        )
        if solved is None:
            return None
        moves = (solved[: len(near)] - solved[len(near) :]).astype(int)
        return {at: int(move) for at, move in zip(near, moves, strict=True) if move}


def _solve_whole(
    costs: np.ndarray,
    bounds: Bounds,
    constraints: LinearConstraint | tuple[()],
) -> np.ndarray | None:
    """Solve in whole numbers; sums like these mostly have such a solution without asking for it."""
    loose = milp(costs, bounds=bounds, constraints=constraints)
    if loose.x is None:
        return None
    rounded = np.rint(loose.x)
    if np.abs(loose.x - rounded).max() < _EXACT:
        return rounded
    solved = milp(
        costs,
        integrality=np.ones(len(costs)),
        bounds=bounds,
        constraints=constraints,
        options={"node_limit": _NODES},
    )
    return None if solved.x is None or solved.status != 0 else np.rint(solved.x)


def plan_attack(ledger: Ledger, policy: Policy, hidden: set[int]) -> Attack:
    """Work out what is known of every count where these units are hidden."""
    low = np.zeros(len(ledger.values))
    high = np.full(len(low), _ANY)
    for at, (value, unit, base) in enumerate(
        zip(ledger.values, ledger.unit_of, ledger.bases, strict=True)
    ):
        if unit == NOWHERE or unit in hidden:
            continue
        low[at], high[at] = _printed(value, base, policy)
    for at, (least, most) in ledger.known.items():
        low[at], high[at] = max(low[at], least), min(high[at], most)
    _narrow(ledger, low, high)
    attack = Attack(ledger, policy, low, high, low < high)
    for whole, parts in ledger.sums:
        signed = ((whole, 1), *((part, -1) for part in parts))
        left = tuple(one for one in signed if attack.is_open[one[0]])
        if left:
            for at, _ in left:
                attack._of[at].append(len(attack._sums))
            attack._sums.append(left)
    return attack


def _printed(value: int, base: int, policy: Policy) -> tuple[int, int]:
    """Give what a printed count can have been before it was rounded."""
    if not base:
        return value, value
    shown = (value + base // 2) // base * base
    if shown == 0:
        return 0, 0 if policy.show_zero else policy.hide_counts_up_to
    least = shown - base // 2
    return max(least, policy.hide_counts_up_to + 1), least + base - 1


def _narrow(ledger: Ledger, low: np.ndarray, high: np.ndarray) -> None:
    """Narrow what each count can be by each sum alone, some sweeps long.

    What further sweeps would find, the solver finds: this only spares it the plain cases.
    """
    wholes = np.array([whole for whole, _ in ledger.sums], dtype=int)
    parts = np.array([part for _, parts in ledger.sums for part in parts], dtype=int)
    of = np.repeat(np.arange(len(wholes)), [len(parts) for _, parts in ledger.sums])
    for _ in range(_SWEEPS):
        before = low.copy(), high.copy()
        least, most = (np.bincount(of, side[parts], len(wholes)) for side in (low, high))
        np.maximum.at(low, wholes, least)
        np.minimum.at(high, wholes, most)
        np.maximum.at(low, parts, low[wholes][of] - (most[of] - high[parts]))
        np.minimum.at(high, parts, high[wholes][of] - (least[of] - low[parts]))
        if np.array_equal(before[0], low) and np.array_equal(before[1], high):
            break


def values_to_try(limit: int) -> list[int]:
    """Give the values from 1 to the minimum that must be possible: all, or of very many a choice.

    Beyond :data:`_EVERY` the first ten, the last and twenty between them stand for the rest.
    """
    if limit <= _EVERY:
        return list(range(1, limit + 1))
    spread = np.linspace(10, limit, 22).round().astype(int)
    return sorted({*range(1, 11), *(int(value) for value in spread)})


def list_guarded(ledger: Ledger, policy: Policy) -> list[int]:
    """Give the small counts that must not be learnt, and have not been before."""
    limit = policy.hide_counts_up_to
    lost = {at for at, (low, high) in ledger.known.items() if low > 1 or high < limit}
    return [
        at
        for at, (value, is_guarded) in enumerate(zip(ledger.values, ledger.guarded, strict=True))
        if is_guarded and 1 <= value <= limit and at not in lost
    ]


def find_unsafe(
    ledger: Ledger,
    policy: Policy,
    hidden: set[int],
    possible: dict[int, set[int]] | None = None,
) -> list[int]:
    """Give guarded small counts of which a value from 1 to the minimum can be ruled out.

    Those that single sums give away come alone: the others are looked for once these are safe.

    Parameters
    ----------
    ledger, policy
        The release.
    hidden
        Units.
    possible
        Values that were found when some of these units were hidden, and no others; is added to.
    """
    attack = plan_attack(ledger, policy, hidden)
    limit = policy.hide_counts_up_to
    guarded = list_guarded(ledger, policy)
    plain = [at for at in guarded if attack.low[at] > 1 or attack.high[at] < limit]
    if plain:
        return plain
    found = attack.possible_values(guarded, possible)
    if possible is not None:
        possible.update(found)
    wanted = set(values_to_try(limit))
    return [at for at, values in found.items() if not wanted <= values]
