"""Cells of an OMOP table: ids that may be floats, dates that may be date-times, numbers.

Dates become whole days since 1970 in memory and, before anything leaves the reader, days since the
patient's origin.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

_PLAIN_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
#: Whole numbers up to here are exact as float64.
_LARGEST_WHOLE = 1e15
#: Decimals that are kept of a dose or a share.
DECIMALS = 6


def derive_number(text: ir.StringValue) -> ir.FloatingValue:
    """Read a plain decimal number; null where there is none."""
    return text.re_search(_PLAIN_NUMBER).ifelse(text, ibis.null("string")).try_cast("float64")


def derive_id(text: ir.StringValue) -> ir.StringValue:
    """Write an id the same way whether it arrived as ``17``, ``17.0`` or ``1.7e1``.

    What is no whole number stays as it is.
    """
    number = derive_number(text)
    exact = (number == number.floor()) & (number.abs() <= _LARGEST_WHOLE)
    as_float = exact.ifelse(number, ibis.null("float64")).cast("int64").cast("string")
    plain = text.re_search(r"^[0-9]+$")
    return plain.ifelse(text, as_float.coalesce(text))


def derive_concept(text: ir.StringValue) -> ir.IntegerValue:
    """Read a concept id; 0 and what is no whole number mean that there is no concept: null."""
    number = derive_id(text).try_cast("int64")
    return (number > 0).ifelse(number, ibis.null("int64"))


def derive_epoch_day(text: ir.StringValue) -> ir.IntegerValue:
    """Read a date, or the date of a date-time as it is written; null where there is none."""
    compact = text.re_search(r"^[0-9]{8}$")
    dashed = text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 2)
    iso = text.re_search(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?$")
    day = ibis.cases((compact, dashed), (iso, text.substr(0, 10)), else_=ibis.null("string"))
    return day.try_cast("date").epoch_days().cast("int64")


def write_number(number: ir.FloatingValue) -> ir.StringValue:
    """Write a number, a whole one without a fraction."""
    rounded = number.round(DECIMALS).cast("float64")
    whole = (rounded == rounded.floor()) & (rounded.abs() <= _LARGEST_WHOLE)
    safe = whole.ifelse(rounded, ibis.null("float64")).cast("int64").cast("string")
    return safe.coalesce(rounded.cast("string"))
