"""Dates of a raw table become days, and identifiers pseudonyms, before anything else is done.

The work is done in the engine, whose spill is encrypted first: no calendar date is written.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from pydantic import Field

from trdanalysis.engine import Engine
from trdanalysis.readers.dates import NO_ORIGIN, DateOrder, read_date
from trdanalysis.readers.keys import derive_keyed_origin, derive_pseudonym
from trdanalysis.settings import StrictModel

_EPOCH = datetime.date(1970, 1, 1)


class OriginColumn(StrictModel):
    """The column whose date is day 0 of a patient; it may be filled in on one of their rows."""

    column: str


class Dates(StrictModel):
    """Key `dates` of a mapping: which columns hold dates, how written, and what day 0 is."""

    columns: tuple[str, ...] = Field(min_length=1)
    written: DateOrder
    origin: OriginColumn | Literal["keyed"]
    missing: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of dates, that of the origin too."""
        own = (self.origin.column,) if isinstance(self.origin, OriginColumn) else ()
        return tuple(dict.fromkeys((*self.columns, *own)))


@dataclass(frozen=True)
class People:
    """Who the rows are of, and what is done to their identifiers.

    Attributes
    ----------
    column
        Source column that tells one patient from another.
    hashed
        Whether it is replaced by pseudonyms.
    key
        The site's key; None where none is needed.
    """

    column: str
    hashed: bool
    key: bytes | None


def derive_relative(
    engine: Engine, source: ir.Table, people: People, dates: Dates | None, missing: tuple[str, ...]
) -> ir.Table:
    """Replace dates by days and, where asked for, identifiers by pseudonyms, under their names.

    Parameters
    ----------
    engine
        Keeps the result.
    source
        A raw table.
    people
        Whose rows these are.
    dates
        Which columns hold dates; None: none does.
    missing
        Texts that mean "empty" in every column.

    Returns
    -------
    Table
        The same rows. A day is a whole number, null where the cell was empty, and one of the words
        of :mod:`trdanalysis.readers.dates` where it cannot be known: the date is partial or no
        date, or the patient has no complete origin, or several that differ.
    """
    person = source[people.column].isin(missing).ifelse(ibis.null("string"), source[people.column])
    staged = source.mutate(**{people.column: person})
    if dates is not None:
        staged = _with_days(engine, staged, people, dates, missing)
    if people.hashed:
        staged = _with_pseudonyms(engine, staged, people)
    return engine.keep(staged.select(*source.columns))


def _distinct(table: ir.Table, column: str) -> list[str]:
    found = table.filter(table[column].notnull()).select(column).distinct().to_pyarrow()
    return [str(text) for text in found.column(column).to_pylist()]


def _with_pseudonyms(engine: Engine, staged: ir.Table, people: People) -> ir.Table:
    assert people.key is not None
    persons = _distinct(staged, people.column)
    names = engine.from_memory(
        pa.table(
            {
                "person_key": pa.array(persons, pa.string()),
                "pseudonym": pa.array(
                    [derive_pseudonym(people.key, person) for person in persons], pa.string()
                ),
            }
        )
    )
    joined = staged.left_join(names, staged[people.column] == names.person_key)
    return joined.mutate(**{people.column: joined.pseudonym}).drop("person_key", "pseudonym")


def _with_days(
    engine: Engine, staged: ir.Table, people: People, dates: Dates, missing: tuple[str, ...]
) -> ir.Table:
    empty = (*missing, *dates.missing)
    for name in dates.names:
        cell = staged[name].isin(empty).ifelse(ibis.null("string"), staged[name])
        staged = _with_epoch(engine, staged.mutate(**{name: cell}), name, dates.written)
    staged = _with_origin(engine, staged, people, dates)
    days = {
        name: ibis.cases(
            (staged[f"word_{name}"].notnull(), staged[f"word_{name}"]),
            (staged[f"epoch_{name}"].isnull(), ibis.null("string")),
            (staged.origin_epoch.isnull(), ibis.literal(NO_ORIGIN)),
            else_=(staged[f"epoch_{name}"] - staged.origin_epoch).cast("string"),
        )
        for name in dates.names
    }
    return engine.keep(staged.mutate(**days))


def _with_epoch(engine: Engine, staged: ir.Table, name: str, written: DateOrder) -> ir.Table:
    """Read each text of a column once: the day counted from 1970, or a word why there is none."""
    texts = _distinct(staged, name)
    read = [read_date(text, written) for text in texts]
    days = [None if isinstance(day, str) else (day - _EPOCH).days for day in read]
    words = [day if isinstance(day, str) else None for day in read]
    table = engine.from_memory(
        pa.table(
            {
                "date_text": pa.array(texts, pa.string()),
                f"epoch_{name}": pa.array(days, pa.int64()),
                f"word_{name}": pa.array(words, pa.string()),
            }
        )
    )
    return engine.keep(staged.left_join(table, staged[name] == table.date_text).drop("date_text"))


def _with_origin(engine: Engine, staged: ir.Table, people: People, dates: Dates) -> ir.Table:
    person = people.column
    if isinstance(dates.origin, OriginColumn):
        epoch = f"epoch_{dates.origin.column}"
        grouped = staged.group_by(person).agg(low=staged[epoch].min(), high=staged[epoch].max())
        origins = grouped.select(
            person_key=grouped[person],
            # Two days that could be day 0 are none.
            origin_epoch=(grouped.low == grouped.high).ifelse(grouped.low, ibis.null("int64")),
        )
    else:
        assert people.key is not None
        persons = _distinct(staged, person)
        origins = engine.from_memory(
            pa.table(
                {
                    "person_key": pa.array(persons, pa.string()),
                    "origin_epoch": pa.array(
                        [derive_keyed_origin(people.key, one) for one in persons], pa.int64()
                    ),
                }
            )
        )
    return staged.left_join(origins, staged[person] == origins.person_key).drop("person_key")
