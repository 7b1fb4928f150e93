"""The mapping of a study: files as sources, scores made of items, and the flat reader's recipes.

docs/readers-sdtm.md and docs/readers-nda.md describe it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from trdanalysis.errors import UserError
from trdanalysis.readers.dates import DateOrder
from trdanalysis.readers.keys import KeySettings
from trdanalysis.readers.mapping import (
    RowRecipe,
    SourceText,
    as_list,
    check_known_source,
    read_row_recipes,
)
from trdanalysis.settings import StrictModel, read_model, read_yaml

Kind = Literal["sdtm", "nda"]
Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]

#: Source columns that a score has beside those of `per`: the total, and how many items were there.
SCORE, ANSWERED = "score", "answered"


class Join(StrictModel):
    """Columns of another source, brought to the rows that agree with one of its rows.

    Attributes
    ----------
    source
        The other source.
    by
        Columns of both by which rows belong together.
    columns
        What is brought; a value only where all rows that belong have the same.
    """

    source: str
    by: Annotated[Names, Field(min_length=1)]
    columns: Annotated[Names, Field(min_length=1)]


class Source(StrictModel):
    """One file.

    Attributes
    ----------
    file
        Its name in the drop's folder.
    delimiter, encoding, sheet
        As of the flat reader; null: what is usual of the kind of study.
    missing
        By column, texts that mean "empty" there, beside those of the mapping.
    dates
        Columns of calendar dates; under their names stand days from here on.
    study_days
        Columns of study days, which have no day 0: day 1 becomes 0.
    supplement
        Of SDTM: the file of supplemental qualifiers of the domain.
    join
        What is brought from other sources.
    """

    file: str
    delimiter: str | None = None
    encoding: str = "utf-8"
    sheet: str | None = None
    missing: dict[str, Annotated[tuple[SourceText, ...], BeforeValidator(as_list)]] = {}
    dates: Names = ()
    study_days: Names = ()
    supplement: str | None = None
    join: tuple[Join, ...] = ()

    @field_validator("file", "supplement")
    @classmethod
    def _lies_in_the_folder(cls, value: str | None) -> str | None:
        if value is not None and Path(value).name != value:
            raise ValueError("give the name of a file in the drop's folder, without a path")
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str | None) -> str | None:
        value = "\t" if value == "tab" else value
        if value is not None and (len(value) != 1 or value in '"\r\n'):
            raise ValueError("the delimiter is one character, or the word tab")
        return value


class Score(StrictModel):
    """A total of items.

    Attributes
    ----------
    source
        Where the items stand: in rows of their own (with `item` and `value`), or in columns.
    per
        Columns of which each combination is one time of asking.
    item, value
        Columns with the item's code and its value; null: each item is a column.
    items
        What is added up; of several in brackets the highest counts.
    reversed
        Items that count the other way round.
    reversed_from
        What a reversed item is taken from: the sum of its lowest and highest value.
    missing_items
        `unknown`: a total with an item missing is unknown. `prorate`: it is the mean of the others
        times the number of items, if no more than `at_most` are missing.
    """

    source: str
    per: Annotated[Names, Field(min_length=1)]
    item: str | None = None
    value: str | None = None
    items: Annotated[tuple[Names, ...], Field(min_length=1)]
    reversed: Names = ()
    reversed_from: float | None = None
    missing_items: Literal["unknown", "prorate"] = "unknown"
    at_most: int = Field(default=0, ge=0)
    assumption: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Score:
        if (self.item is None) != (self.value is None):
            raise ValueError("`item` and `value` go together")
        named = self.item_names
        if len(set(named)) != len(named):
            raise ValueError("an item stands twice under `items`")
        if not set(self.reversed) <= set(named):
            raise ValueError("`reversed` names an item that is not among `items`")
        if bool(self.reversed) != (self.reversed_from is not None):
            raise ValueError("`reversed` and `reversed_from` go together")
        if (self.missing_items == "prorate") != (self.at_most > 0):
            raise ValueError("`at_most` says how many items `missing_items: prorate` may make up")
        return self

    @property
    def item_names(self) -> list[str]:
        """Every item, also of those in brackets."""
        return [name for names in self.items for name in names]

    def source_columns(self) -> Iterator[str]:
        """Give every column of the source that is named."""
        yield from self.per
        yield from (name for name in (self.item, self.value) if name is not None)
        if self.item is None:
            yield from self.item_names


class Origin(StrictModel):
    """The source and column with the date that is day 0 of a patient."""

    source: str
    column: str


class _File(KeySettings):
    patient: str
    origin: Origin | Literal["keyed"] | None = None
    written: DateOrder | None = None
    missing: tuple[SourceText, ...] = ()
    assumptions: tuple[str, ...] = ()
    sources: Annotated[dict[str, Source], Field(min_length=1)]
    scores: dict[str, Score] = {}
    tables: dict[str, Any]

    @model_validator(mode="after")
    def _days_have_an_origin(self) -> _File:
        if self.origin is None and any(source.dates for source in self.sources.values()):
            raise ValueError("`dates` need an `origin`: a source and column, or `keyed`")
        both = sorted({*self.sources} & {*self.scores})
        if both:
            raise ValueError(f"a source and a score have one name: {', '.join(both)}")
        return self


@dataclass(frozen=True)
class StudyMapping:
    """A whole mapping; ``rows`` name a source or a score each."""

    kind: Kind
    patient: str
    origin: Origin | Literal["keyed"] | None
    written: DateOrder
    missing: tuple[str, ...]
    sources: dict[str, Source]
    scores: dict[str, Score]
    rows: tuple[RowRecipe, ...]
    assumptions: tuple[str, ...]
    keys: KeySettings

    def columns_of(self, name: str) -> list[str]:
        """Give every column of a source that is named anywhere, those brought to it too."""
        source = self.sources[name]
        named = [*source.missing, *source.dates, *source.study_days]
        named += [one for join in source.join for one in (*join.by, *join.columns)]
        for other in self.sources.values():
            for join in other.join:
                named += [*join.by, *join.columns] if join.source == name else []
        for score in self.scores.values():
            named += score.source_columns() if score.source == name else []
        for recipe in self.rows:
            named += recipe.source_columns() if recipe.source == name else []
        if isinstance(self.origin, Origin) and self.origin.source == name:
            named.append(self.origin.column)
        return list(dict.fromkeys([self.patient, *named]))


def read_study_mapping(path: Path, kind: Kind) -> StudyMapping:
    """Read and check a mapping of the readers ``sdtm`` and ``nda``.

    Raises
    ------
    UserError
        Kind ``config``: as :func:`trdanalysis.readers.mapping.read_mapping`; a join, a score, the
        origin or a set of rows names a source that there is not.
    """
    where = str(path)
    file = read_model(_File, read_yaml(path), where)
    known = tuple(file.sources)
    named = [join.source for source in file.sources.values() for join in source.join]
    named += [score.source for score in file.scores.values()]
    named += [file.origin.source] if isinstance(file.origin, Origin) else []
    for name in named:
        check_known_source(name, known, where)
    if kind != "sdtm" and any(source.supplement for source in file.sources.values()):
        raise UserError(
            "`supplement` is for SDTM: other studies have no supplemental qualifiers",
            where=where,
            kind="config",
        )
    rows, assumed = read_row_recipes(file.tables, where, (*known, *file.scores))
    told = [f"{name}: {score.assumption}" for name, score in file.scores.items()
            if score.assumption is not None]  # fmt: skip
    return StudyMapping(
        kind=kind,
        patient=file.patient,
        origin=file.origin,
        written=file.written or ("iso" if kind == "sdtm" else "month_first"),
        missing=file.missing,
        sources=file.sources,
        scores=file.scores,
        rows=rows,
        assumptions=(*file.assumptions, *told, *assumed),
        keys=file,
    )
