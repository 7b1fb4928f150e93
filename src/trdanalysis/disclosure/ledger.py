"""The ledger of a release: every count that is published or follows, and how counts add up.

A count stands here once, wherever the release prints it. What is printed together is hidden
together: such counts share a unit.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

#: The unit of counts that no table prints.
NOWHERE = -1

Key = tuple[Hashable, ...]


@dataclass
class Ledger:
    """Counts, their units, and sums that hold whatever is hidden.

    Attributes
    ----------
    index
        Place of each count by its key.
    values
        The true counts.
    unit_of
        Unit of each count; :data:`NOWHERE` where no table prints it.
    bases
        What a printed count is rounded to; 0: printed as it is.
    guarded
        Whether the count, if small, must not be learnt.
    sums
        Pairs of a whole and its parts, each a place.
    units
        Place of each unit by its name.
    parts
        Of each unit the part of the release it stands in, as policies order them.
    costs
        Of each unit how much a reader loses with it.
    follows
        Pairs of units: where the first is hidden, so is the second.
    known
        By place, the least and the most that a count can be by what has left already; nothing that
        is hidden now takes it back.
    """

    index: dict[Key, int] = field(default_factory=dict)
    values: list[int] = field(default_factory=list)
    unit_of: list[int] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    guarded: list[bool] = field(default_factory=list)
    sums: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    units: dict[Key, int] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    follows: list[tuple[int, int]] = field(default_factory=list)
    known: dict[int, tuple[int, int]] = field(default_factory=dict)

    def unit(self, name: Key, part: str, cost: float) -> int:
        """Give the unit of this name; the first to ask says where it stands and what it costs."""
        if name not in self.units:
            self.units[name] = len(self.parts)
            self.parts.append(part)
            self.costs.append(cost)
        return self.units[name]

    def count(
        self,
        key: Key,
        value: int,
        unit: int = NOWHERE,
        *,
        base: int = 0,
        guarded: bool = True,
    ) -> int:
        """Enter a count, or find it again.

        Raises
        ------
        ValueError
            Where the same count has had another value: two tables do not agree.
        """
        if key in self.index:
            place = self.index[key]
            if self.values[place] != value:
                raise ValueError(f"two values of one count: {key}")
            if self.unit_of[place] == NOWHERE and unit != NOWHERE:
                self.unit_of[place], self.bases[place] = unit, base
            self.guarded[place] |= guarded
            return place
        self.index[key] = len(self.values)
        self.values.append(int(value))
        self.unit_of.append(unit)
        self.bases.append(base)
        self.guarded.append(guarded)
        return self.index[key]

    def rest(self, whole: int, parts: Iterable[int], *, guarded: bool = False) -> int:
        """Enter what the parts leave of the whole: a count that no table prints."""
        known = tuple(parts)
        key = ("rest", whole, *known)
        place = self.count(
            key, self.values[whole] - sum(self.values[part] for part in known), guarded=guarded
        )
        self.add_up(whole, (*known, place))
        return place

    def rest_if_any(self, whole: int, parts: Iterable[int]) -> int | None:
        """Enter what parts leave of a whole, if these counts can be parts of it at all.

        Whether they are depends on the configuration; where the counts allow it, the attacker is
        taken to know it.
        """
        of = tuple(parts)
        left = self.values[whole] - sum(self.values[part] for part in of)
        return self.rest(whole, of) if left >= 0 else None

    def add_up(self, whole: int, parts: Iterable[int]) -> None:
        """Enter that parts add up to a whole.

        Raises
        ------
        ValueError
            Where they do not, or a count is below zero: the ledger is wrong.
        """
        of = tuple(parts)
        if self.values[whole] != sum(self.values[part] for part in of):
            raise ValueError(f"parts that do not add up to {self.name(whole)}")
        for part in of:
            if self.values[part] < 0:
                raise ValueError(f"a count below zero: {self.name(part)}")
        self.sums.append((whole, of))

    def hide_with(self, unit: int, other: int) -> None:
        """Enter that with one unit another is hidden."""
        self.follows.append((unit, other))

    def know(self, place: int, low: int, high: int) -> None:
        """Enter that a count is known to lie between two numbers, whatever is hidden."""
        least, most = self.known.get(place, (low, high))
        self.known[place] = (max(low, least), min(high, most))

    def name(self, place: int) -> Key:
        """Give the key of a count."""
        return next(key for key, at in self.index.items() if at == place)
