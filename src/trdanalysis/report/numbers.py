"""How numbers are written: one place for decimals, marks and ranges, of the page and of papers.

Like the decimal module's context, a style holds for everything that is written inside a ``with``
block; outside of any, the page's style holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pandas as pd

NOTHING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class NumberStyle:
    """A way to write numbers.

    Attributes
    ----------
    percent_decimals, ratio_decimals, p_decimals
        Digits after the mark: of percentages and differences in points; of ratios and other
        numbers; of p-values.
    decimal_mark
        Between whole and fraction.
    thousands
        Between thousands of a count.
    range_joiner
        Between two limits; where one is negative it is always "to".
    p_leading_zero
        Whether p-values begin with 0.
    """

    percent_decimals: int = 1
    ratio_decimals: int = 2
    p_decimals: int = 3
    decimal_mark: str = "."
    thousands: str = "\N{NARROW NO-BREAK SPACE}"
    range_joiner: str = " to "
    p_leading_zero: bool = True

    def fixed(self, value: float, digits: int) -> str:
        """Write a number with a fixed number of decimals; nothing is a negative zero."""
        text = f"{abs(value):.{digits}f}"
        is_negative = value < 0 and any(digit not in "0." for digit in text)
        return (_MINUS if is_negative else "") + text.replace(".", self.decimal_mark)

    def percent(self, value: Any, digits: int | None = None) -> str:
        """Write a fraction as percent."""
        if pd.isna(value):
            return NOTHING
        return f"{self.fixed(100 * float(value), self._percent_digits(digits))}%"

    def percent_range(self, low: Any, high: Any) -> str:
        """Write a range of fractions as percent."""
        if pd.isna(low) or pd.isna(high):
            return NOTHING
        limits = (self.fixed(100 * float(one), self.percent_decimals) for one in (low, high))
        return f"{self.join(*limits)}%"

    def points(self, value: Any) -> str:
        """Write a difference in percentage points, with its sign."""
        if pd.isna(value):
            return NOTHING
        text = self.fixed(100 * float(value), self.percent_decimals)
        is_zero = not any(digit in "123456789" for digit in text)
        return text if is_zero or text.startswith(_MINUS) else f"+{text}"

    def points_range(self, low: Any, high: Any) -> str:
        """Write a range of differences in percentage points."""
        if pd.isna(low) or pd.isna(high):
            return NOTHING
        return self.join(self.points(low), self.points(high))

    def count(self, value: Any) -> str:
        """Write a count, thousands apart."""
        return NOTHING if pd.isna(value) else f"{int(value):,}".replace(",", self.thousands)

    def decimal(self, value: Any, digits: int | None = None) -> str:
        """Write a number with a fixed number of decimals; a large one without."""
        if pd.isna(value):
            return NOTHING
        number = float(value)
        if abs(number) >= 1000:
            return f"{number:.3g}".replace(".", self.decimal_mark)
        return self.fixed(number, self.ratio_decimals if digits is None else digits)

    def decimal_range(self, low: Any, high: Any, digits: int | None = None) -> str:
        """Write a range of numbers."""
        if pd.isna(low) or pd.isna(high):
            return NOTHING
        return self.join(self.decimal(low, digits), self.decimal(high, digits))

    def p_value(self, value: Any) -> str:
        """Write a p-value; a small one as less than the smallest that can be written."""
        if pd.isna(value):
            return NOTHING
        least = 10.0**-self.p_decimals
        is_small = float(value) < least
        text = self.fixed(least if is_small else float(value), self.p_decimals)
        if not self.p_leading_zero and text.startswith("0"):
            text = text[1:]
        return f"<{text}" if is_small else text

    def join(self, low: str, high: str) -> str:
        """Write two limits."""
        is_signed = low.startswith(("+", _MINUS)) or high.startswith(("+", _MINUS))
        return f"{low}{' to ' if is_signed else self.range_joiner}{high}"

    def _percent_digits(self, digits: int | None) -> int:
        return self.percent_decimals if digits is None else digits


#: The page's style.
PAGE = NumberStyle()
_STYLE: ContextVar[NumberStyle] = ContextVar("number_style", default=PAGE)


def current_style() -> NumberStyle:
    """Give the style that holds here."""
    return _STYLE.get()


@contextmanager
def number_style(style: NumberStyle) -> Iterator[None]:
    """Write every number inside the block in a style."""
    token = _STYLE.set(style)
    try:
        yield
    finally:
        _STYLE.reset(token)
