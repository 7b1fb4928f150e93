"""Text cells that a spreadsheet would run as formulas, made harmless where CSV is written.

A CSV cell that begins with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet, quoted or
not. Names of sites and drugs come from elsewhere, so that such a cell can be somebody's doing.
"""

from __future__ import annotations

import re

import pandas as pd

#: What makes a cell a formula: the signs, their full-width forms, and blanks before either, which
#: some programs strip. A tab, a line feed or a carriage return is enough by itself.
_FORMULA = r"(?: *[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n\0])"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_BEGINS = re.compile(f"'*{_FORMULA}")
_GUARDED = re.compile(f"''*{_FORMULA}")


def guard_cell(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run; a number stays as it is.

    Text that begins with apostrophes and then as a formula gets one more, so that
    :func:`unguard_cell` always gives back what was there.
    """
    if _BEGINS.match(text) is None or _NUMBER.fullmatch(text) is not None:
        return text
    return "'" + text


def unguard_cell(text: str) -> str:
    """Take away the apostrophe that :func:`guard_cell` put there."""
    return text[1:] if _GUARDED.match(text) is not None else text


def guard_table(table: pd.DataFrame) -> pd.DataFrame:
    """Guard the text cells and the column names of a table; everything else stays as it is."""
    guarded = table.copy()
    for name in guarded.columns:
        column = guarded[name]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            guarded[name] = column.map(lambda cell: guard_cell(cell) if _is_text(cell) else cell)
    guarded.columns = pd.Index([guard_cell(str(name)) for name in guarded.columns])
    return guarded


def _is_text(cell: object) -> bool:
    return isinstance(cell, str)
