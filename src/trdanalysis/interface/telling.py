"""`trd.tell`, `trd.say`: numbers of results in sentences, worded as in the texts of a run."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from trdanalysis.errors import UserError
from trdanalysis.interface.marked import PatientTable, show_marked
from trdanalysis.report import words
from trdanalysis.report.prose.numbers import against, bounds, rate_or_why, units
from trdanalysis.rows import list_rows

_IMPUTED = {
    "nonresponder_imputed": "counted as the event",
    "multiple_imputation": "multiply imputed",
}


class Told(str):
    """Sentences. In Jupyter they are shown as a list, with the mark of what they are of."""

    mark: str | None = None

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{escape(line)}</li>" for line in self.splitlines())
        html = f"<ul>{items}</ul>"
        return html if self.mark is None else show_marked(html, self.mark)


def tell(rates: pd.DataFrame) -> Told:
    """Write rows of rates as sentences: the rate, against the reference, what is unknown.

    Parameters
    ----------
    rates
        Rows that ``run.rates`` or :func:`trdanalysis.rates` gave, with all their columns.

    Returns
    -------
    Told
        A text, one line a row. Those of frames that are marked show the mark in Jupyter.

    Raises
    ------
    UserError
        Kind ``config``: it lacks columns of rates.
    """
    missing = [name for name in ("estimand", "stratum", "robust", "status") if name not in rates]
    if missing:
        raise UserError(
            f"these are no rows of rates: there is no column `{missing[0]}`",
            expected="rows of `run.rates` or `trd.rates(...)` with all their columns",
            kind="config",
        )
    told = Told("\n".join(_sentence(row) for row in list_rows(pd.DataFrame(rates))))
    told.mark = rates.mark if isinstance(rates, PatientTable) else None
    return told


def _sentence(row: dict[str, Any]) -> str:
    is_overall = row["stratum"] == "overall"
    who = "overall" if is_overall else words.level_words(row["stratum"], row["group"], row["level"])
    text = f"{words.ESTIMANDS[row['estimand']]['title']}, {who}, by {row['definition']}"
    if row["analysis"] not in ("complete_case", "proven"):
        text += f", unknown outcomes {_IMPUTED[row['analysis']]}"
    text += f": {rate_or_why(row)}"
    if row["status"] not in ("ok", "reprinted", "partly_suppressed"):
        return f"{text}."
    found = against(row, row["reference"], row["margin"])
    text += f"; {found}." if found else "."
    told = bounds(row, units(row))
    return f"{text} {told[0].upper()}{told[1:]}"


def say(value: Any, *, percent: bool = False) -> str:
    """Write a published number, or that it is hidden.

    Parameters
    ----------
    value
        A count, or a share; missing: hidden.
    percent
        Whether it is a share, to be written as percent.
    """
    if pd.isna(value):
        return words.HIDDEN
    return words.percent(value) if percent else words.count(value)
