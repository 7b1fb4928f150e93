"""What a journal asks of tables: how numbers are written, and which rows and columns are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from trdanalysis.layout import PAPER_TABLES
from trdanalysis.report.numbers import NumberStyle
from trdanalysis.settings import StrictModel, read_model, read_yaml

#: Words of a journal's file for what stands between numbers.
DECIMAL_MARKS = {"point": ".", "comma": ",", "middle_dot": "\N{MIDDLE DOT}"}
THOUSANDS = {
    "none": "", "comma": ",", "point": ".", "apostrophe": "\N{RIGHT SINGLE QUOTATION MARK}",
    "thin_space": "\N{NARROW NO-BREAK SPACE}",
}  # fmt: skip
RANGES = {"to": " to ", "en_dash": "\N{EN DASH}", "hyphen": "-", "comma": ", ", "semicolon": "; "}
MARKS = {
    "letters": tuple("abcdefghijklmnopqrstuvwxyz"),
    "numbers": tuple(str(number) for number in range(1, 30)),
    "symbols": ("*", "\N{DAGGER}", "\N{DOUBLE DAGGER}", "\N{SECTION SIGN}", "\N{PILCROW SIGN}"),
}


class Decimals(StrictModel):
    """Digits after the decimal mark."""

    percent: int = Field(ge=0, le=6)
    ratio: int = Field(ge=0, le=6)
    p: int = Field(ge=1, le=6)


class Numbers(StrictModel):
    """How numbers are written."""

    decimals: Decimals
    decimal_mark: Literal["point", "comma", "middle_dot"]
    thousands: Literal["none", "comma", "point", "apostrophe", "thin_space"]
    range: Literal["to", "en_dash", "hyphen", "comma", "semicolon"]
    p_leading_zero: bool


class TableChoice(StrictModel):
    """What is shown of one table; null is what the table has.

    Attributes
    ----------
    title
        In place of its own.
    columns
        Keys, in their order.
    labels
        Headings by key of a column, or label of a row by key of the row.
    groups, rows
        Keys of groups of rows, and of rows, in their order; others are left out.
    leave_out
        Keys of rows that are left out.
    """

    title: str | None = None
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    labels: dict[str, str] = Field(default_factory=dict)
    groups: tuple[str, ...] | None = Field(default=None, min_length=1)
    rows: tuple[str, ...] | None = Field(default=None, min_length=1)
    leave_out: tuple[str, ...] = ()

    @field_validator("columns", "groups", "rows")
    @classmethod
    def _each_once(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = [name for name in value or () if (value or ()).count(name) > 1]
        if twice:
            raise ValueError(f"`{twice[0]}` is named twice")
        return value


class Journal(StrictModel):
    """A journal's file.

    Attributes
    ----------
    id, title
        Its name, and what it is in words.
    numbers
        How numbers are written.
    footnote_marks
        ``letters``, ``numbers`` or ``symbols``.
    page
        Paper of Word tables.
    tables
        Choices by id of a table.
    """

    id: str
    title: str
    numbers: Numbers
    footnote_marks: Literal["letters", "numbers", "symbols"]
    page: Literal["a4", "letter"]
    tables: dict[str, TableChoice]

    @field_validator("tables", mode="before")
    @classmethod
    def _known_tables(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        tables = {str(name).lower(): choice for name, choice in value.items()}
        unknown = [name for name in tables if name not in PAPER_TABLES]
        if unknown:
            raise ValueError(
                f"there is no table `{unknown[0]}`; the tables are {', '.join(PAPER_TABLES)}"
            )
        return {name: {} if choice is None else choice for name, choice in tables.items()}

    @property
    def symbols(self) -> tuple[str, ...]:
        """Marks of footnotes, in their order."""
        return MARKS[self.footnote_marks]

    def number_style(self, decimals: int | None = None) -> NumberStyle:
        """Give the style of its numbers.

        Parameters
        ----------
        decimals
            Digits of percentages and ratios in place of its own.
        """
        own = self.numbers.decimals
        return NumberStyle(
            percent_decimals=own.percent if decimals is None else decimals,
            ratio_decimals=own.ratio if decimals is None else decimals,
            p_decimals=own.p,
            decimal_mark=DECIMAL_MARKS[self.numbers.decimal_mark],
            thousands=THOUSANDS[self.numbers.thousands],
            range_joiner=RANGES[self.numbers.range],
            p_leading_zero=self.numbers.p_leading_zero,
        )


def read_journal(path: Path) -> Journal:
    """Read a journal's file.

    Raises
    ------
    UserError
        Kind ``config``: an unknown key (with the nearest one), a missing one or a value that
        cannot be used, with its line.
    """
    return read_model(Journal, read_yaml(path), str(path), path)
