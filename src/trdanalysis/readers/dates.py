"""Calendar dates become days relative to a private origin, and go no further.

A day is only known where the date is complete. A year or a month alone is not turned into a day
that nobody recorded: a word stands in its place that no number is, so intake makes the cell
unknown, or puts the row aside, and reports its line. The words hold nothing of the date.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Literal

#: How dates are written: ISO 8601 (`2014-07-02T11:45`), month first, day first, or `02JUL2014`.
DateOrder = Literal["iso", "month_first", "day_first", "day_month_name"]

#: What stands for a day that cannot be known, and why.
PARTIAL_DATE = "partial_date"
UNREADABLE_DATE = "unreadable_date"
NO_ORIGIN = "no_origin"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = r"(?:[T ][0-9:.,+\-Z ]*(?:[ap]m)?)?"
_COMPLETE: dict[str, str] = {
    "iso": rf"^(?P<y>[0-9]{{4}})-(?P<m>[0-9]{{2}})-(?P<d>[0-9]{{2}}){_CLOCK}$",
    "month_first": rf"^(?P<m>[0-9]{{1,2}})[/.-](?P<d>[0-9]{{1,2}})[/.-](?P<y>[0-9]{{4}}){_CLOCK}$",
    "day_first": rf"^(?P<d>[0-9]{{1,2}})[/.-](?P<m>[0-9]{{1,2}})[/.-](?P<y>[0-9]{{4}}){_CLOCK}$",
    "day_month_name": (
        rf"^(?P<d>[0-9]{{1,2}})[ -]?(?P<n>[a-z]{{3}})[a-z]*[ -]?(?P<y>[0-9]{{4}})(?::.*)?{_CLOCK}$"
    ),
}
#: A part that is not known is left out, or written with hyphens, `UN`, `UNK`, `XX` or zeros.
_NO_PART = r"(?:-|--|un|unk|xx|xxx|00|0)"
_PARTIAL: dict[str, str] = {
    "iso": (
        rf"^(?:[0-9]{{4}}|{_NO_PART}|----)"
        rf"(?:-(?:[0-9]{{2}}|{_NO_PART})(?:-(?:[0-9]{{2}}|{_NO_PART}))?)?{_CLOCK}$"
    ),
    "month_first": rf"^(?:(?:[0-9]{{1,2}}|{_NO_PART})[/.-]){{0,2}}[0-9]{{4}}$",
    "day_first": rf"^(?:(?:[0-9]{{1,2}}|{_NO_PART})[/.-]){{0,2}}[0-9]{{4}}$",
    "day_month_name": rf"^(?:[0-9]{{1,2}}|{_NO_PART})?[ -]?(?:[a-z]{{3,9}})?[ -]?[0-9]{{4}}$",
}


def read_date(text: str, order: DateOrder = "iso") -> datetime.date | str:
    """Read a complete date; else say :data:`PARTIAL_DATE` or :data:`UNREADABLE_DATE`.

    A clock time behind it is passed over, and with it the time zone.
    """
    found = re.match(_COMPLETE[order], text.strip(), re.IGNORECASE)
    if found is not None:
        part = found.groupdict()
        if "n" in part:
            name = part["n"].lower()
            month = _MONTHS.index(name) + 1 if name in _MONTHS else 0
        else:
            month = int(part["m"])
        try:
            return datetime.date(int(part["y"]), month, int(part["d"]))
        except ValueError:
            partial = "00" in (part["d"], part.get("m"))
            return PARTIAL_DATE if partial else UNREADABLE_DATE
    if re.match(_PARTIAL[order], text.strip(), re.IGNORECASE):
        return PARTIAL_DATE
    return UNREADABLE_DATE


def derive_day(date: str | None, origin: str | None, order: DateOrder = "iso") -> str | None:
    """Give the day of a date, counted from the origin, which is day 0.

    Returns
    -------
    str or None
        A whole number; None where there is no date; :data:`PARTIAL_DATE`, :data:`UNREADABLE_DATE`,
        or :data:`NO_ORIGIN` where the date is complete and the origin is not.
    """
    if date is None:
        return None
    day = read_date(date, order)
    if isinstance(day, str):
        return day
    start = read_date(origin, order) if origin is not None else NO_ORIGIN
    if isinstance(start, str):
        return NO_ORIGIN
    return str((day - start).days)


def derive_days(
    dates: Sequence[str | None], origins: Sequence[str | None], order: DateOrder = "iso"
) -> list[str | None]:
    """Give :func:`derive_day` of each date and the origin beside it."""
    return [derive_day(date, origin, order) for date, origin in zip(dates, origins, strict=True)]


def derive_day_of_study_day(text: str | None) -> str | None:
    """Give the day of a study day, of which there is no 0: day 1 is the origin, -1 the day before.

    What is no study day stays as it is, for intake to report; a 0 becomes unreadable.
    """
    if text is None or re.match(r"^-?[0-9]+(\.0+)?$", text) is None:
        return text
    number = int(float(text))
    if number == 0:
        return UNREADABLE_DATE
    return str(number - 1 if number > 0 else number)
