"""What the cells of a source column look like. A profile is worked with and never written: only the
codes that a recoding needs go into a mapping.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

import pandas as pd

from trdanalysis.contract import ID_PATTERN
from trdanalysis.intake.proposal.vocabulary import Vocabulary
from trdanalysis.readers.dates import PARTIAL_DATE, DateOrder, read_date

#: A column of more distinct values holds no codes.
MOST_CODES = 12
#: Codes have no more characters than these.
LONGEST_CODE = 30
#: This share of a column's cells decides what it holds.
MOST = 0.9
_NUMBER = re.compile(r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)$")
_COMPACT_DATE = re.compile(r"^(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$")
#: Numbers that often stand for "not recorded"; below zero in columns of which all else is above.
NEGATIVE_CODES = ("-1", "-7", "-8", "-9", "-77", "-88", "-99", "-777", "-888", "-999", "-9999")
HIGH_CODES = ("99", "999", "9999", "99999")


def plain_code(text: str) -> str:
    """Write a number without the `.0` that some programs add; another text as it is."""
    return re.sub(r"^([+-]?[0-9]+)[.]0+$", r"\1", text)


@dataclass(frozen=True)
class Profile:
    """One source column.

    Attributes
    ----------
    name
        As in the file.
    cells
        One a row; None where empty or a word for "not recorded" in :attr:`missing`.
    counts
        Distinct filled cells and how many rows have each.
    missing
        Words for "not recorded" that occur, as the file writes them.
    labels
        Of codes, where the file has them (SPSS, Stata).
    orders
        Ways of writing dates that fit the filled cells; empty: these are no dates.
    drug_share
        Share of the distinct filled cells that are known drugs; 0 without any.
    """

    name: str
    cells: tuple[str | None, ...]
    counts: Counter[str]
    missing: tuple[str, ...]
    labels: dict[str, str] = field(default_factory=dict)
    orders: tuple[DateOrder, ...] = ()
    drug_share: float = 0.0

    @property
    def filled(self) -> int:
        """How many rows have a value."""
        return sum(self.counts.values())

    @property
    def numbers(self) -> list[float]:
        """The distinct values that are plain numbers."""
        return [float(text) for text in self.counts if _NUMBER.match(text)]

    @property
    def is_numeric(self) -> bool:
        """Whether nearly all filled cells are plain numbers."""
        number = sum(count for text, count in self.counts.items() if _NUMBER.match(text))
        return self.filled > 0 and number >= MOST * self.filled

    @property
    def is_compact_date(self) -> bool:
        """Whether nearly all filled cells are dates without separators, such as YYYYMMDD."""
        number = sum(count for text, count in self.counts.items() if _COMPACT_DATE.match(text))
        return self.filled > 0 and number >= MOST * self.filled

    @property
    def is_code(self) -> bool:
        """Whether the column has few distinct values that are short and are no dates."""
        short = all(
            len(text) <= LONGEST_CODE and len(text.split()) <= 4 and "@" not in text
            for text in self.counts
        )
        return 0 < len(self.counts) <= MOST_CODES and short and not self.orders

    @property
    def is_free_text(self) -> bool:
        """Whether some cell is a sentence."""
        return any(len(text.split()) >= 6 or len(text) > 60 for text in self.counts)

    @property
    def is_identifier(self) -> bool:
        """Whether every value can be a pseudonym as it is."""
        return all(re.match(ID_PATTERN, text) and "@" not in text for text in self.counts)


def profile_columns(
    frame: pd.DataFrame, names: list[str], vocabulary: Vocabulary, labels: dict[str, dict[str, str]]
) -> dict[str, Profile]:
    """Look at every column of a frame of text.

    Parameters
    ----------
    frame
        One row a source row; text, null where empty.
    names
        The columns to look at.
    vocabulary
        Words for "not recorded" and names of drugs.
    labels
        For each column what its codes mean, where the file says so.

    Returns
    -------
    dict
        Profiles by the column's name, in the file's order.
    """
    return {
        name: _profile(name, list(frame[name]), vocabulary, labels.get(name, {})) for name in names
    }


def _profile(name: str, raw: list[object], words: Vocabulary, labels: dict[str, str]) -> Profile:
    texts = [None if pd.isna(cell) else str(cell) for cell in raw]  # type: ignore[call-overload]
    found = Counter(text for text in texts if text is not None)
    # A single letter or sign can be a code of its own: it is missing where a code table says so.
    missing = tuple(text for text in found if words.is_missing(text))
    gone = set(missing)
    cells = tuple(None if text in gone else text for text in texts)
    counts = Counter(text for text in cells if text is not None)
    orders = tuple(order for order in get_args(DateOrder) if _fits(counts, order))
    drugs = sum(words.is_drug(text) for text in counts if not _NUMBER.match(text))
    share = drugs / len(counts) if counts else 0.0
    return Profile(name, cells, counts, missing, labels, orders, share)


def _fits(counts: Counter[str], order: DateOrder) -> bool:
    """Tell whether nearly all cells are dates in one way of writing, most of them complete."""
    complete = partial = 0
    for text, count in counts.items():
        if not re.search(r"[0-9]{4}", text):
            continue
        day = read_date(text, order)
        if not isinstance(day, str):
            complete += count
        elif day == PARTIAL_DATE and len(text) > 4:
            partial += count
    total = sum(counts.values())
    return complete > 0 and complete + partial >= MOST * total


def varies_within(profile: Profile, people: tuple[str | None, ...]) -> bool:
    """Tell whether some patient's rows have different filled cells in a column."""
    first: dict[str, str] = {}
    for person, cell in zip(people, profile.cells, strict=True):
        if person is not None and cell is not None and first.setdefault(person, cell) != cell:
            return True
    return False


def is_constant_within(profile: Profile, keys: list[tuple[str | None, ...]]) -> bool:
    """Tell whether all rows of every group have the same filled cell."""
    first: dict[tuple[str | None, ...], str] = {}
    return all(
        cell is None or first.setdefault(key, cell) == cell
        for key, cell in zip(keys, profile.cells, strict=True)
    )
