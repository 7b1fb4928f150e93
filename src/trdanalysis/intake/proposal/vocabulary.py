"""The words by which columns, scales, codes and drugs are recognised.

They stand in tables that a site can read and add to: ``config/mappings/column_names.csv``,
``scale_names.csv`` and ``code_words.csv``; names of drugs are those of the reference folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from trdanalysis.contract import TABLES
from trdanalysis.errors import UserError, suggest
from trdanalysis.intake.names import DrugNames, normalise
from trdanalysis.intake.scales import Scale
from trdanalysis.intake.spelling import plain_key

#: Columns of the three tables of words.
NAME_COLUMNS = ("table", "column", "names")
SCALE_COLUMNS = ("scale", "is_exact", "names")
WORD_COLUMNS = ("kind", "becomes", "words")

_ATC = re.compile(r"^[a-z][0-9]{2}[a-z]{2}[0-9]{2}$")


def word_key(text: str) -> str:
    """Write a name or code without case, spaces and punctuation; signs alone stay as they are."""
    low = text.strip().lower()
    return re.sub(r"[\W_]+", "", low) or low


@dataclass(frozen=True)
class Vocabulary:
    """Words and what they stand for, by their :func:`word_key`.

    Attributes
    ----------
    columns
        Name of a column: table and column of the contract.
    scales
        Name of a scale: its name in the reference table, and whether the name tells its version.
    words
        Kind (``three_valued``, a column of words, ``missing``): code, and what it becomes.
    drugs
        Every key of a known drug.
    ranges
        Lowest and highest score of a scale, by its name.
    domains
        ``symptom`` or ``function``, by the scale's name.
    """

    columns: dict[str, tuple[str, str]]
    scales: dict[str, tuple[str, bool]]
    words: dict[str, dict[str, str]]
    drugs: frozenset[str]
    ranges: dict[str, tuple[float, float]]
    domains: dict[str, str]

    def is_drug(self, text: str) -> bool:
        """Tell whether a text is the name of a known drug, or an ATC code."""
        key = normalise(text, drug=True)
        return key in self.drugs or plain_key(text) in self.drugs or _ATC.match(key) is not None

    def is_missing(self, text: str) -> bool:
        """Tell whether a text is a word for "not recorded"."""
        return word_key(text) in self.words.get("missing", {})

    def scale_of(self, text: str) -> tuple[str, bool] | None:
        """Give the scale that a whole text names, or None."""
        return self.scales.get(word_key(text))


def build_vocabulary(
    names: pd.DataFrame,
    scale_names: pd.DataFrame,
    code_words: pd.DataFrame,
    drugs: DrugNames,
    scales: Iterable[Scale],
) -> Vocabulary:
    """Put the tables of words together.

    Parameters
    ----------
    names, scale_names, code_words
        The three tables as text: :data:`NAME_COLUMNS`, :data:`SCALE_COLUMNS` and
        :data:`WORD_COLUMNS`; words of one cell are separated by semicolons.
    drugs
        Names of drugs.
    scales
        The table of scales.

    Returns
    -------
    Vocabulary
        The contract's own names are among the names of columns. Of a name that stands twice, the
        first meaning stays.

    Raises
    ------
    UserError
        Kind ``config``: a table lacks a column, or names what the contract or the scales lack.
    """
    _check_header(names, NAME_COLUMNS, "column_names.csv")
    _check_header(scale_names, SCALE_COLUMNS, "scale_names.csv")
    _check_header(code_words, WORD_COLUMNS, "code_words.csv")
    columns = {
        word_key(column): (table, column)
        for table in ("patients", "trials", "assessments")
        for column in TABLES[table].names
        if column != "patient_id" or table == "patients"
    }
    for table, column, words in names[list(NAME_COLUMNS)].itertuples(index=False):
        if table not in TABLES or column not in TABLES[table].names:
            known = TABLES[table].names if table in TABLES else tuple(TABLES)
            raise UserError(
                "a name stands for a column that the contract lacks",
                where=f"column_names.csv, `{table}.{column}`",
                try_this=suggest(column if table in TABLES else table, known),
                kind="config",
            )
        for word in _split(words):
            columns.setdefault(word_key(word), (table, column))
    by_name = {scale.name: scale for scale in scales}
    found: dict[str, tuple[str, bool]] = {}
    for scale, is_exact, words in scale_names[list(SCALE_COLUMNS)].itertuples(index=False):
        if scale not in by_name:
            raise UserError(
                f"there is no scale `{scale}`",
                where="scale_names.csv",
                try_this=suggest(scale, by_name),
                kind="config",
            )
        for word in (scale, *_split(words)) if is_exact == "yes" else _split(words):
            found.setdefault(word_key(word), (scale, is_exact == "yes"))
    codes: dict[str, dict[str, str]] = {}
    for kind, becomes, words in code_words[list(WORD_COLUMNS)].itertuples(index=False):
        for word in (becomes, *_split(words)):
            codes.setdefault(kind, {}).setdefault(word_key(word), becomes)
    return Vocabulary(
        columns,
        found,
        codes,
        frozenset(drugs.rows["drug_key"]),
        {name: (scale.minimum, scale.maximum) for name, scale in by_name.items()},
        {name: scale.domain for name, scale in by_name.items()},
    )


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split(";") if word.strip()]


def _check_header(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> None:
    absent = [column for column in columns if column not in table.columns]
    if absent:
        raise UserError(
            f"a table of words lacks {len(absent)} column(s): {', '.join(absent)}",
            where=name,
            expected=",".join(columns),
            kind="config",
        )
