"""Who is resistant in each cell of a grid, counted for all cells at once.

Patients stand side by side in the bits of whole numbers, 64 in each. One operation on an array says
what it says of 64 patients in hundreds of cells at once: whether each failed in a trial, whether a
treatment is a new one, whether enough failures have been counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trdanalysis.analysis.grid import Grid
from trdanalysis.analysis.multiverse_facts import Facts, Reading

Bits = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

#: Patients whose bits are worked on together: their arrays stay in the processor's cache.
_BLOCK_PATIENTS = 64 * 64
_WORD_BYTES = 8


@dataclass(frozen=True)
class Tally:
    """How many patients in question are resistant in each cell.

    Attributes
    ----------
    proven
        For certain; an array with an axis for each of :data:`TALLY_AXES`.
    possible
        For certain or perhaps.
    """

    proven: Ints
    possible: Ints


#: The axes of a tally, in order: first those of trials, then those of patients.
TALLY_AXES = (
    "first_line", "nonresponse", "dose_table", "min_weeks", "min_adherence", "distinct_by",
    "same_episode", "min_failures",
)  # fmt: skip


def count_resistant(
    facts: Facts,
    grid: Grid,
    min_days_between_starts: int,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Tally:
    """Count who is resistant for certain, and who may be, in each cell.

    Parameters
    ----------
    facts, grid, min_days_between_starts
        As in :func:`estimate_multiverse`.
    watch
        Is told of how many patients, of all, the cells are counted.

    Notes
    -----
    Patients are worked on in blocks of those with as many trials. Memory grows with the block and
    the cells, not with the patients.
    """
    shape = tuple(len(grid.levels(axis)) for axis in TALLY_AXES)
    cells = int(np.prod(shape[:5]))
    proven = np.zeros((cells, *shape[5:]), dtype=np.int64)
    possible = np.zeros_like(proven)
    most = max(grid.min_failures)
    done = 0
    for block in _blocks(facts, min_days_between_starts, most):
        for way, counted in ((block.sure, proven), (block.may, possible)):
            failed = [block.failed(way, slot) for slot in range(len(block.rows))]
            is_sure = way is block.sure
            for at, name in enumerate(grid.distinct_by):
                for in_one, same in enumerate(grid.same_episode):
                    count = _count_in_episodes if same else _count_in_life
                    reached = count(block, failed, block.alike[name], most, is_sure)
                    if not is_sure:
                        reached = block.add_lost(reached)
                    for k, enough in enumerate(grid.min_failures):
                        who = reached[enough - 1]
                        if who is not None:
                            of_whom = block.certain if is_sure else block.everybody
                            told = np.bitwise_count(who & of_whom).sum(axis=-1, dtype=np.int64)
                            counted[:, at, in_one, k] += told
        done += int(np.bitwise_count(block.everybody).sum())
        watch(done, len(facts.lost))
    return Tally(proven.reshape(shape), possible.reshape(shape))


#: By the number of failures, less one: who has so many; None where nobody has.
Reached = list[Bits | None]
#: By a trial, then by those before it: in whom the two stand in a relation; None where in nobody.
Relation = list[list[Bits | None]]


@dataclass(frozen=True)
class _Block:
    """Patients with as many trials each, side by side in bits.

    Attributes
    ----------
    rows
        For each place in a patient's order of trials, the rows of those trials.
    certain, everybody
        In whom nothing but failures is unknown, and everybody of the block.
    lost
        For one quarantined trial, two, and so on: who has so many or more.
    close
        Trials that began too close to each other.
    alike
        By what makes treatments different, trials of the same one.
    together
        Trials known to be of one episode.
    unplaced
        Trials whose episode is unknown.
    first
        Trials that are the first of a known episode.
    """

    rows: list[Ints]
    sure: Reading
    may: Reading
    certain: Bits
    everybody: Bits
    lost: list[Bits | None]
    close: Relation
    alike: Mapping[str, Relation]
    together: Relation
    unplaced: list[Bits | None]
    first: list[Bits | None]

    def failed(self, way: Reading, slot: int) -> Bits:
        """Give in which cells of trials, and in whom, the trial in a place failed."""
        at = self.rows[slot]
        first_line, nonresponse, exposure, adherence = (
            _pack(part[..., at])
            for part in (way.first_line, way.nonresponse, way.exposure, way.adherence)
        )
        who = first_line[:, None] & nonresponse[None]
        done = exposure[:, :, None] & adherence[None, None]
        cells = who[:, :, None, None, None] & done[None, None]
        return cells.reshape(-1, cells.shape[-1])

    def add_lost(self, reached: Reached) -> Reached:
        """Add quarantined trials, each of which may be a failure."""
        added: Reached = []
        for enough in range(1, len(reached) + 1):
            who = _either(reached[enough - 1], self.lost[enough - 1])
            for counted in range(1, enough):
                who = _either(who, _both(reached[counted - 1], self.lost[enough - counted - 1]))
            added.append(who)
        return added


def _blocks(facts: Facts, apart_days: int, most: int) -> Iterator[_Block]:
    """Cut the patients in question into blocks."""
    people = len(facts.lost)
    trials = np.bincount(facts.patient, minlength=people).astype(np.int64)
    first_row = np.concatenate([[0], np.cumsum(trials)[:-1]]).astype(np.int64)
    # Who has neither trials nor lost ones is not resistant in any cell.
    asked = (trials > 0) | (facts.lost > 0)
    for several in np.unique(trials[asked]):
        group = np.flatnonzero(asked & (trials == several))
        for start in range(0, len(group), _BLOCK_PATIENTS):
            who = group[start : start + _BLOCK_PATIENTS]
            rows = [first_row[who] + slot for slot in range(several)]
            yield _make_block(facts, who, rows, apart_days, most)


def _make_block(facts: Facts, group: Ints, rows: list[Ints], apart_days: int, most: int) -> _Block:
    def related(same: Any) -> Relation:
        return [
            [_some(same(row, earlier)) for earlier in rows[:place]]
            for place, row in enumerate(rows)
        ]

    day, episode = facts.start_day, facts.episode
    together = [
        [_some((episode[one] == episode[other]) & (episode[one] > 0)) for other in rows]
        for one in rows
    ]
    seen_before = [
        np.any([episode[one] == episode[other] for other in rows[:place]], axis=0)
        for place, one in enumerate(rows)
    ]
    return _Block(
        rows=rows,
        sure=facts.sure,
        may=facts.may,
        certain=_pack(facts.is_certain[group]),
        everybody=_pack(np.ones(len(group), dtype=bool)),
        lost=[_some(facts.lost[group] >= number) for number in range(1, most + 1)],
        close=related(lambda one, other: day[one] - day[other] <= apart_days),
        alike={
            name: related(lambda one, other, codes=codes: codes[one] == codes[other])
            for name, codes in facts.treatments.items()
        },
        together=together,
        unplaced=[_some(episode[one] == 0) for one in rows],
        first=[
            _some((episode[one] > 0) & ~seen) for one, seen in zip(rows, seen_before, strict=True)
        ],
    )


def _count_in_life(
    block: _Block, failed: Sequence[Bits], alike: Relation, most: int, is_sure: bool
) -> Reached:
    """Count failures wherever they lie."""
    return _count(block, dict(enumerate(failed)), alike, most)


def _count_in_episodes(
    block: _Block, failed: Sequence[Bits], alike: Relation, most: int, is_sure: bool
) -> Reached:
    """Count failures within one episode, the one that has most.

    A trial of an unknown episode may belong to any: among certain failures it counts alone, among
    possible ones with those of every episode.
    """
    reached: Reached = [None] * most
    for place, begins in enumerate(block.first):
        if begins is None:
            continue
        within = {}
        for slot, bits in enumerate(failed):
            belongs = _both(block.together[place][slot], begins)
            if not is_sure:
                belongs = _either(belongs, _both(block.unplaced[slot], begins))
            if belongs is not None:
                within[slot] = bits & belongs
        found = _count(block, within, alike, most)
        reached = [_either(one, other) for one, other in zip(reached, found, strict=True)]
    unplaced = {
        slot: bits & who
        for slot, (bits, who) in enumerate(zip(failed, block.unplaced, strict=True))
        if who is not None
    }
    if unplaced:
        found = _count(block, unplaced, alike, 1 if is_sure else most)
        found += [None] * (most - len(found))
        reached = [_either(one, other) for one, other in zip(reached, found, strict=True)]
    return reached


def _count(block: _Block, failed: Mapping[int, Bits], alike: Relation, most: int) -> Reached:
    """Count different treatments and separate starts; the smaller number counts."""
    different = _choose(failed, alike, most)
    separate = _choose(failed, block.close, most)
    return [_both(one, other) for one, other in zip(different, separate, strict=True)]


def _choose(failed: Mapping[int, Bits], related: Relation, most: int) -> Reached:
    """Count the failures that are taken one by one, in order, unless related to one taken.

    Of treatments this counts the different ones; of starts, the most that lie apart.
    """
    reached: Reached = [None] * most
    taken: dict[int, Bits] = {}
    for place, bits in failed.items():
        held = None
        for earlier, chosen in taken.items():
            held = _either(held, _both(related[place][earlier], chosen))
        chosen_now = bits if held is None else bits & ~held
        for number in range(most - 1, 0, -1):
            reached[number] = _either(reached[number], _both(reached[number - 1], chosen_now))
        reached[0] = _either(reached[0], chosen_now)
        taken[place] = chosen_now
    return reached


def _both(one: Bits | None, other: Bits | None) -> Bits | None:
    return None if one is None or other is None else one & other


def _either(one: Bits | None, other: Bits | None) -> Bits | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other


def _pack(flags: npt.NDArray[np.bool_]) -> Bits:
    """Put yes and no of patients, along the last axis, side by side into whole numbers."""
    octets = np.packbits(flags, axis=-1)
    short = -octets.shape[-1] % _WORD_BYTES
    filled = np.pad(octets, [(0, 0)] * (octets.ndim - 1) + [(0, short)])
    return np.ascontiguousarray(filled).view(np.uint64)


def _some(flags: npt.NDArray[np.bool_]) -> Bits | None:
    """Pack, but give None where nobody is there."""
    return _pack(flags) if flags.any() else None
