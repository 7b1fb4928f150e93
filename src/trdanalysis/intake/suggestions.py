"""Suggestions for names of drugs that nobody knows. They are read by people and decide nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import process
from rapidfuzz.distance import OSA

from trdanalysis.intake.names import DrugNames
from trdanalysis.intake.spelling import plain_key, plain_words

#: Suggestions are looked for, for this many spellings of a drop, the most frequent first.
MOST_LOOKED_FOR = 5_000
#: Shorter names are near too much to be suggested.
SHORTEST = 4
_CODE = re.compile(r"^(?:n06a[a-z][0-9]{2}|rxcui[0-9]+|[0-9]+)$")


@dataclass(frozen=True)
class Suggestion:
    """What a spelling may stand for.

    Attributes
    ----------
    treatment
        The suggestion, or an empty string.
    distance
        Letters to insert, delete, replace or swap with the next; None where the suggestion is not
        made by likeness.
    why
        Why so, or why there is none.
    """

    treatment: str
    distance: int | None
    why: str


class Suggester:
    """Suggests what an unrecognised spelling may stand for.

    Parameters
    ----------
    names
        The names that are known.
    """

    def __init__(self, names: DrugNames) -> None:
        rows = names.rows[names.rows["drug_key"].str.len() >= SHORTEST]
        rows = rows[~rows["drug_key"].str.contains(r"[0-9]", regex=True)]
        keys, treatments = rows["drug_key"], rows["treatment"]
        self._treatment = dict(zip(keys, treatments, strict=True))
        self._spelling = dict(zip(keys, rows["spelling"], strict=True))
        self._keys = list(self._treatment)

    def suggest(self, text: str) -> Suggestion:
        """Suggest a treatment: one that the text names among other words, else the nearest name.

        A spelling as near to two treatments as to one gets both, since many drugs differ by two
        letters; a text that names two drugs gets none.
        """
        key = plain_key(text)
        if not key:
            return Suggestion("", None, "no letters or digits")
        if _CODE.match(key):
            return Suggestion("", None, "a number or code that no table has")
        words = {part for word in plain_words(text) for part in re.split("[^a-z0-9]", word)}
        named = sorted({self._treatment[word] for word in words if word in self._treatment})
        if len(named) == 1:
            return Suggestion(named[0], None, "named among other words")
        if named:
            return Suggestion("", None, f"names {len(named)} treatments")
        near = process.extract(
            key, self._keys, scorer=OSA.distance, score_cutoff=_allowed(key), limit=20
        )
        best = [found for found, distance, _ in near if distance == near[0][1]]
        if not best:
            return Suggestion("", None, "nothing is near")
        treatments = sorted({self._treatment[found] for found in best})
        distance = int(near[0][1])
        letters = "1 letter" if distance == 1 else f"{distance} letters"
        spellings = " and ".join(f"`{self._spelling[found]}`" for found in sorted(best)[:3])
        return Suggestion(" or ".join(treatments), distance, f"{letters} from {spellings}")

    def suggest_all(self, counted: pd.DataFrame) -> pd.DataFrame:
        """Add ``suggestion``, ``distance`` and ``why`` to spellings.

        Parameters
        ----------
        counted
            One row a spelling: ``word`` and ``rows``, how many rows have it.

        Returns
        -------
        DataFrame
            The same rows. Beyond :data:`MOST_LOOKED_FOR` spellings the rarer have no suggestion,
            and ``why`` says so.
        """
        often = counted["rows"].rank(method="first", ascending=False) <= MOST_LOOKED_FOR
        passed = Suggestion("", None, f"not looked for: over {MOST_LOOKED_FOR} spellings")
        found: Sequence[Suggestion] = [
            self.suggest(word) if looked else passed
            for word, looked in zip(counted["word"], often, strict=True)
        ]
        return counted.assign(
            suggestion=[one.treatment for one in found],
            distance=pd.array([one.distance for one in found], dtype="Int64"),
            why=[one.why for one in found],
        )


def _allowed(key: str) -> int:
    """Give the most letters by which a name may differ: 1 of up to 5, 2 of up to 8, else 3."""
    return 1 if len(key) <= 5 else 2 if len(key) <= 8 else 3
