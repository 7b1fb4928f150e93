"""The smallest changes of criteria, found by trying them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from tests.slow.labels import count
from tests.slow.logic import Known, all_of

#: Of a trial: its name (None: the patient's own) and the criterion.
Place = tuple[str | None, str]


@dataclass(frozen=True)
class Trial:
    """What is counted of a trial, and its criteria."""

    name: str
    treatment: str
    start_day: int
    episode: int | None
    criteria: Mapping[str, Known]

    @property
    def failed(self) -> Known:
        """Whether every criterion is met."""
        return all_of(self.criteria.values())


@dataclass(frozen=True)
class Person:
    """A patient's own criteria, trials, and how many more are quarantined."""

    criteria: Mapping[str, Known]
    trials: Sequence[Trial]
    lost: int
    needed: int
    apart_days: int
    same_episode: bool

    def label(self) -> str:
        """Label the person."""
        certain = self._count([trial for trial in self.trials if trial.failed is True], sure=True)
        possible = self._count(
            [trial for trial in self.trials if trial.failed is not False], sure=False
        )
        enough: Known = None
        if certain >= self.needed:
            enough = True
        elif possible + self.lost < self.needed:
            enough = False
        found = all_of([*self.criteria.values(), enough])
        return {True: "trd", False: "not_trd", None: "indeterminate"}[found]

    def _count(self, trials: list[Trial], *, sure: bool) -> int:
        rows = [{"start_day": one.start_day, "treatment": one.treatment, "episode": one.episode}
                for one in trials]  # fmt: skip
        if not self.same_episode:
            return count(rows, self.apart_days)
        episodes = {row["episode"] for row in rows if row["episode"] is not None} or {None}
        counts = [0]
        for episode in episodes:
            wanted = {episode} if sure else {episode, None}
            counts.append(count([r for r in rows if r["episode"] in wanted], self.apart_days))
        # Of failures in unknown episodes only one is sure to lie in some episode.
        return max(min(max(counts), 1) if sure and episodes == {None} else max(counts),
                   1 if sure and rows else 0)  # fmt: skip

    def changed(self, places: Iterable[Place], value: bool) -> Person:
        """Give the person with some criteria changed."""
        wanted = set(places)
        own = {name: value if (None, name) in wanted else old
               for name, old in self.criteria.items()}  # fmt: skip
        trials = [
            replace(trial, criteria={name: value if (trial.name, name) in wanted else old
                                     for name, old in trial.criteria.items()})
            for trial in self.trials
        ]  # fmt: skip
        return replace(self, criteria=own, trials=trials)

    def changeable(self, to_label: str) -> list[Place]:
        """Name what may be changed towards a label.

        Towards TRD whatever is not met, but no drug becomes one that counts. Away from it, of a
        resistant person anything that is met, of an indeterminate one what is unknown.
        """
        places: list[Place] = []
        if to_label == "trd":
            places += [(None, name) for name, value in self.criteria.items() if value is not True]
            for trial in self.trials:
                fixed = (trial.criteria["antidepressant"], trial.criteria["first_line"])
                if fixed == (True, True):
                    places += [(trial.name, name) for name, value in trial.criteria.items()
                               if value is not True]  # fmt: skip
            return places
        wanted = True if self.label() == "trd" else None
        places += [(None, name) for name, value in self.criteria.items() if value is wanted]
        for trial in self.trials:
            of_failure = trial.failed is wanted
            places += [(trial.name, name) for name, value in trial.criteria.items()
                       if of_failure and value is wanted]  # fmt: skip
        return places

    def smaller(self, to_label: str, size: int) -> Iterator[tuple[Place, ...]]:
        """Give every set of fewer than ``size`` changes that gives the label."""
        places = self.changeable(to_label)
        for number in range(1, size):
            for chosen in combinations(places, number):
                if self.changed(chosen, to_label == "trd").label() == to_label:
                    yield chosen
