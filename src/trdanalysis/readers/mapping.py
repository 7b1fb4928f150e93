"""The mapping of a foreign file: which column of the contract comes from where.

A mapping is data. It is read strictly: an unknown key, table or column is an error that names the
nearest known one. docs/readers-flat.md describes the vocabulary with examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from trdanalysis.contract import NO, TABLES, YES, Column
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.keys import KeySettings
from trdanalysis.readers.relative import Dates
from trdanalysis.settings import StrictModel, read_model, read_yaml

#: Stands in names and constants of a recipe with ``for_each`` for the item of the moment.
PLACE = "{}"


def _as_text(value: Any) -> Any:
    """Give a YAML scalar as the text of a cell; YAML reads a bare `yes` as a boolean."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def _as_source_text(value: Any) -> Any:
    """Give what a source cell is compared with; here a bare `yes` could stand for several texts."""
    if isinstance(value, bool):
        raise ValueError("YAML reads a bare yes, no, true, false, on or off as a boolean: quote it")
    return str(value) if isinstance(value, int | float) else value


def as_list(value: Any) -> Any:
    """Give a value as a list; a list as it is."""
    return value if isinstance(value, list | tuple) else [value]


CellText = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
SourceText = Annotated[str, BeforeValidator(_as_source_text)]


class ColumnRecipe(StrictModel):
    """Where the cells of one column of the contract come from, and what is done to them.

    In this order: ``missing``, ``recode``, the conversion, ``take``.
    """

    column: str | None = None
    constant: CellText | None = None
    missing: tuple[SourceText, ...] = ()
    recode: dict[SourceText, CellText] = {}
    otherwise: Literal["keep", "unknown"] | None = None
    multiply: float | None = None
    divide: float | None = None
    add: float | None = None
    round: Literal["down", "nearest", "up"] | None = None
    take: Literal["first", "last", "min", "max"] | None = None
    by: str | None = None
    empty: Literal["passed_over", "wins"] = "passed_over"
    assumption: str | None = None

    @field_validator("divide")
    @classmethod
    def _not_by_zero(cls, value: float | None) -> float | None:
        if value == 0:
            raise ValueError("nothing can be divided by 0")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> ColumnRecipe:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` or `constant`")
        if self.constant is not None and (self.missing or self.recode or self.take):
            raise ValueError("`missing`, `recode` and `take` go with `column`, not with `constant`")
        if bool(self.recode) != (self.otherwise is not None):
            raise ValueError(
                "`recode` and `otherwise` (keep or unknown, for values that have no recoding)"
                " go together"
            )
        if (self.take in ("first", "last")) != (self.by is not None):
            raise ValueError("`by` names the column that orders `take: first` and `take: last`")
        if self.empty == "wins" and self.take is None:
            raise ValueError("`empty` goes with `take`")
        return self

    @property
    def converts(self) -> bool:
        """Whether the cells are worked on as numbers."""
        return any(step is not None for step in (self.multiply, self.divide, self.add, self.round))


class Condition(StrictModel):
    """One condition on a source row; every condition of a recipe must hold."""

    column: str
    filled: bool | None = None
    among: tuple[SourceText, ...] | None = None
    not_among: tuple[SourceText, ...] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Condition:
        given = [part for part in (self.filled, self.among, self.not_among) if part is not None]
        if len(given) != 1:
            raise ValueError("give one of `filled`, `among`, `not_among`")
        return self


class _Rows(StrictModel):
    columns: dict[str, Any]
    source: str | None = None
    per: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    where: Annotated[tuple[Any, ...], BeforeValidator(as_list)] = ()
    for_each: tuple[SourceText, ...] = ()
    assumption: str | None = None


class FlatFile(KeySettings):
    """A mapping as it is written; `tables` are read by :func:`read_row_recipes`."""

    file: str
    delimiter: str = ","
    encoding: str = "utf-8"
    sheet: str | None = None
    patient: str | None = None
    dates: Dates | None = None
    missing: tuple[SourceText, ...] = ()
    assumptions: tuple[str, ...] = ()
    tables: dict[str, Any]

    @field_validator("file")
    @classmethod
    def _lies_in_the_folder(cls, value: str) -> str:
        if Path(value).name != value:
            raise ValueError("give the name of a file in the drop's folder, without a path")
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        value = "\t" if value == "tab" else value
        if len(value) != 1 or value in '"\r\n':
            raise ValueError("the delimiter is one character, or the word tab")
        return value

    @model_validator(mode="after")
    def _patient_is_named(self) -> FlatFile:
        if self.patient is None and (self.dates is not None or self.hash_identifiers):
            raise ValueError(
                "`dates` and `hash_identifiers: true` need `patient`, the source column that tells"
                " one patient from another"
            )
        return self


@dataclass(frozen=True)
class RowRecipe:
    """How one set of rows of a contract table is made from the source rows.

    Attributes
    ----------
    table
        The contract's table.
    columns
        Recipes by the contract's column.
    per
        Source columns of which each combination gives one row; empty: every source row gives one.
    where
        Conditions on the source rows.
    source
        Name of the source, in mappings that have several.
    """

    table: str
    columns: dict[str, ColumnRecipe]
    per: tuple[str, ...]
    where: tuple[Condition, ...]
    source: str | None = None

    def source_columns(self) -> Iterator[str]:
        """Give every source column that the recipe names."""
        yield from self.per
        for condition in self.where:
            yield condition.column
        for recipe in self.columns.values():
            yield from (name for name in (recipe.column, recipe.by) if name is not None)


@dataclass(frozen=True)
class FlatMapping:
    """A whole mapping: the file, its missing codes, the rows to make, what was assumed.

    ``patient`` and ``dates`` are None where identifiers and days stand in the file as they go on.
    """

    file: str
    delimiter: str
    missing: tuple[str, ...]
    rows: tuple[RowRecipe, ...]
    assumptions: tuple[str, ...]
    encoding: str
    sheet: str | None
    patient: str | None
    dates: Dates | None
    keys: KeySettings


def read_mapping(path: Path) -> FlatMapping:
    """Read and check a mapping file.

    Raises
    ------
    UserError
        Kind ``config``: the file is no YAML; a key, table or column is unknown (with the nearest
        known one); a needed table or column of the contract is not mapped; keys do not fit
        together.
    """
    where = str(path)
    file = read_model(FlatFile, read_yaml(path), where)
    rows, assumptions = read_row_recipes(file.tables, where)
    every = (*file.assumptions, *assumptions)
    return FlatMapping(
        file.file, file.delimiter, file.missing, rows, every, file.encoding, file.sheet,
        file.patient, file.dates, file,
    )  # fmt: skip


def read_row_recipes(
    tables: Mapping[str, Any], where: str, sources: tuple[str, ...] = ()
) -> tuple[tuple[RowRecipe, ...], list[str]]:
    """Read the `tables` of a mapping.

    Parameters
    ----------
    tables
        For each table of the contract a set of rows, or a list of several.
    where
        The mapping's path, for messages.
    sources
        Names that `source` may have; empty: the mapping has one file, and no `source`.

    Returns
    -------
    tuple
        The recipes, one for each item of a `for_each`; and what they assume.

    Raises
    ------
    UserError
        Kind ``config``, as :func:`read_mapping`.
    """
    check_known("table", tables, list(TABLES), where)
    assumptions: list[str] = []
    rows: list[RowRecipe] = []
    for table, recipes in tables.items():
        for number, recipe in enumerate(as_list(recipes), start=1):
            place = f"{where}, table `{table}`, recipe {number}"
            made, assumed = _read_rows(table, recipe, place, sources)
            rows += made
            assumptions += assumed
    absent = [name for name, spec in TABLES.items() if spec.required and name not in tables]
    if absent:
        raise UserError(
            f"required table(s) not mapped: {', '.join(absent)}",
            where=where,
            expected="at least one recipe for each",
            kind="config",
        )
    return tuple(rows), assumptions


def read_assumptions(mapping_path: Path) -> list[str]:
    """Give every assumption that a mapping states, in the file's order.

    Those of a column or of a set of rows begin with its name, such as ``trials.stop_day: ...``.
    """
    return list(read_mapping(mapping_path).assumptions)


def _read_rows(
    table: str, data: Any, where: str, sources: tuple[str, ...]
) -> tuple[list[RowRecipe], list[str]]:
    rows = read_model(_Rows, _as_mapping(data, where), where)
    if (rows.source is not None) != bool(sources):
        told = "`source` says which the rows come from" if sources else "there is one file only"
        raise UserError(f"`source` cannot be used: {told}", where=where, kind="config")
    if rows.source is not None:
        check_known_source(rows.source, sources, where)
    check_known("column", rows.columns, list(TABLES[table].names), where)
    needed = [column.name for column in TABLES[table].columns if column.required]
    absent = [name for name in needed if name not in rows.columns]
    if absent:
        raise UserError(
            f"required column(s) not mapped: {', '.join(absent)}", where=where, kind="config"
        )
    assumptions = [f"{table}: {rows.assumption}"] if rows.assumption else []
    columns = {}
    for name, recipe in rows.columns.items():
        columns[name] = _read_column(TABLES[table].column(name), recipe, where, rows.per)
        if columns[name].assumption:
            assumptions.append(f"{table}.{name}: {columns[name].assumption}")
    conditions = tuple(
        read_model(Condition, _as_mapping(part, where), f"{where}, where") for part in rows.where
    )
    recipe = RowRecipe(table, columns, rows.per, conditions, rows.source)
    if not rows.for_each:
        return [recipe], assumptions
    return [_put_in_place(recipe, item) for item in rows.for_each], assumptions


def _read_column(column: Column, data: Any, where: str, per: tuple[str, ...]) -> ColumnRecipe:
    place = f"{where}, column `{column.name}`"
    short = {"column": data} if isinstance(data, str) else data
    recipe = read_model(ColumnRecipe, _as_mapping(short, place), place)
    if recipe.take and not per:
        raise UserError(
            "`take` sums up several source rows, but every source row gives a row here",
            where=place,
            try_this="add `per: [...]`, the source columns that tell one row from the next",
            kind="config",
        )
    if recipe.otherwise == "unknown" and (column.key or column.kind in ("text", "drug")):
        raise UserError(
            "`otherwise: unknown` would lose values of this column without a count",
            where=place,
            expected="`otherwise: keep`: what is not recognised is listed and counted at intake",
            kind="config",
        )
    return recipe


def _as_mapping(data: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise UserError("`key: value` lines expected here", where=where, kind="config")
    return {str(key): value for key, value in data.items()}


def check_known_source(name: str, sources: Sequence[str], where: str) -> None:
    """Refuse the name of a source that the mapping does not have."""
    if name not in sources:
        raise UserError(
            f"the mapping has no source `{name}`",
            where=where,
            try_this=suggest(name, sources),
            kind="config",
        )


def check_known(what: str, names: Iterable[str], known: list[str], where: str) -> None:
    """Refuse names that the contract does not have; ``what`` is `table` or `column`."""
    for name in names:
        if name not in known:
            raise UserError(
                f"the contract has no {what} `{name}`",
                where=where,
                try_this=suggest(str(name), known),
                kind="config",
            )


def _put_in_place(recipe: RowRecipe, item: str) -> RowRecipe:
    """Write ``item`` where names and constants of a recipe have the place for it."""

    def put(text: str | None) -> str | None:
        return None if text is None else text.replace(PLACE, item)

    return RowRecipe(
        recipe.table,
        {
            name: column.model_copy(
                update={
                    "column": put(column.column),
                    "constant": put(column.constant),
                    "by": put(column.by),
                }
            )
            for name, column in recipe.columns.items()
        },
        tuple(name.replace(PLACE, item) for name in recipe.per),
        tuple(
            condition.model_copy(update={"column": condition.column.replace(PLACE, item)})
            for condition in recipe.where
        ),
        recipe.source,
    )
