"""The mapping of a REDCap export: that of the flat reader, with words for events, instruments and
checkboxes.

Those words become source columns of their own before the flat reader's recipes are read: which rows
a set takes, and what a group of boxes says. docs/readers-redcap.md describes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from trdanalysis.contract import TABLES
from trdanalysis.errors import UserError
from trdanalysis.readers.mapping import (
    PLACE,
    FlatFile,
    RowRecipe,
    SourceText,
    as_list,
    read_row_recipes,
)
from trdanalysis.settings import StrictModel, read_model, read_yaml

#: Stands before names of source columns that the reader makes; no file's column begins so.
_MADE = "\x1f"
#: A source column that tells the rows of a record apart: its event, instance, or both.
ROW_NAME = "redcap_row"

Texts = Annotated[tuple[SourceText, ...], BeforeValidator(as_list)]


class RedcapFile(FlatFile):
    """A mapping as it is written: as of the flat reader, and `patient` must be there."""

    patient: str


class Selection(StrictModel):
    """Which rows of the export a set of rows takes.

    Attributes
    ----------
    events
        Unique event names, such as `baseline_arm_1`, labels, or either without its arm; empty: all.
    arms
        Numbers of arms; empty: all.
    instrument
        Repeating instruments, as the export names them; empty: rows of none.
    optional
        Whether a file may lack every one of the events or instruments.
    """

    events: Texts = ()
    arms: Annotated[tuple[int, ...], BeforeValidator(as_list)] = ()
    instrument: Texts = ()
    optional: bool = False


class Boxes(StrictModel):
    """A three-valued column from checkboxes.

    Attributes
    ----------
    checkbox
        Columns of boxes, such as `history___1`; one that is ticked says yes.
    complete
        Column that says whether the form of the boxes is complete; without it, no box says no.
    unknown_if
        Boxes that say that it is not known, such as `history___unk`.
    """

    checkbox: Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]
    complete: str | None = None
    unknown_if: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    assumption: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every source column that is named."""
        form = (self.complete,) if self.complete is not None else ()
        return (*self.checkbox, *form, *self.unknown_if)

    def put(self, item: str) -> Boxes:
        """Write the item of a `for_each` where the names have the place for it."""
        return self.model_copy(
            update={
                "checkbox": tuple(name.replace(PLACE, item) for name in self.checkbox),
                "complete": self.complete and self.complete.replace(PLACE, item),
                "unknown_if": tuple(name.replace(PLACE, item) for name in self.unknown_if),
            }
        )

    @property
    def column(self) -> str:
        """Name of the source column that holds what the boxes say."""
        parts = ("/".join(self.checkbox), self.complete or "", "/".join(self.unknown_if))
        return f"{_MADE}boxes {'|'.join(parts)}"


@dataclass(frozen=True)
class RedcapMapping:
    """A whole mapping.

    Attributes
    ----------
    file
        What stands at its top.
    rows
        The flat reader's recipes; their `where` names the column of their selection.
    selections
        Which rows are taken, by the source column that says so.
    boxes
        Groups of boxes, by the source column that holds what they say.
    taken_with
        For each of these the columns of the selections whose rows it is read on.
    assumptions
        What is assumed, in the file's order.
    """

    file: RedcapFile
    rows: tuple[RowRecipe, ...]
    selections: dict[str, Selection]
    boxes: dict[str, Boxes]
    taken_with: dict[str, list[str]]
    assumptions: tuple[str, ...]

    def source_columns(self) -> list[str]:
        """Give every column of the file that is named, once."""
        named = [self.file.patient, *(self.file.dates.names if self.file.dates is not None else ())]
        named += [name for recipe in self.rows for name in recipe.source_columns()]
        named += [name for boxes in self.boxes.values() for name in boxes.names]
        return [
            name for name in dict.fromkeys(named)
            if not name.startswith(_MADE) and name != ROW_NAME
        ]  # fmt: skip


def read_redcap_mapping(path: Path) -> RedcapMapping:
    """Read and check a mapping of the reader ``redcap``.

    Raises
    ------
    UserError
        Kind ``config``: as :func:`trdanalysis.readers.mapping.read_mapping`; boxes are given for a
        column that is not three-valued.
    """
    where = str(path)
    file = read_model(RedcapFile, read_yaml(path), where)
    found = _Found({}, {}, {})
    tables: dict[str, Any] = {}
    for table, sets in file.tables.items():
        tables[table] = [
            _read_set(str(table), number, one, where, found)
            for number, one in enumerate(as_list(sets), start=1)
        ]
    rows, assumed = read_row_recipes(tables, where)
    return RedcapMapping(
        file, rows, found.selections, found.boxes, found.taken_with, (*file.assumptions, *assumed)
    )


@dataclass(frozen=True)
class _Found:
    """What is collected while sets of rows are read; see :class:`RedcapMapping`."""

    selections: dict[str, Selection]
    boxes: dict[str, Boxes]
    taken_with: dict[str, list[str]]


def _read_set(table: str, number: int, data: Any, where: str, found: _Found) -> Any:
    """Read the words of one set of rows, and give it in those of the flat reader."""
    if not isinstance(data, dict):
        return data  # the flat reader says what is wrong with it
    place = f"{where}, table `{table}`, recipe {number}"
    own = {key: data[key] for key in Selection.model_fields if key in data}
    marker = f"{_MADE}rows {table} {number}"
    found.selections[marker] = read_model(Selection, own, place)
    flat = {key: value for key, value in data.items() if key not in own}
    taken = {"column": marker, "filled": True}
    flat["where"] = [taken, *(as_list(data["where"]) if "where" in data else ())]
    items = [str(item) for item in as_list(data.get("for_each", ())) if item is not None]
    columns = data.get("columns")
    if isinstance(columns, dict):
        flat["columns"] = {
            name: _read_column(table, str(name), recipe, items, place, marker, found)
            for name, recipe in columns.items()
        }
    return flat


def _read_column(
    table: str, name: str, recipe: Any, items: list[str], where: str, marker: str, found: _Found
) -> Any:
    if not isinstance(recipe, Mapping) or not set(recipe) & {"checkbox", "complete", "unknown_if"}:
        return recipe
    place = f"{where}, column `{name}`"
    read = read_model(Boxes, {str(key): value for key, value in recipe.items()}, place)
    spec = TABLES.get(table)
    if spec is not None and name in spec.names and spec.column(name).kind != "three_valued":
        raise UserError(
            f"boxes say yes or no, and `{name}` holds something else",
            where=place,
            expected="a three-valued column",
            try_this="for a column of words, write one set of rows for each box, with `where`",
            kind="config",
        )
    for one in [read.put(item) for item in items] or [read]:
        found.boxes[one.column] = one
        found.taken_with.setdefault(one.column, []).append(marker)
    made: dict[str, Any] = {"column": read.column}
    if read.assumption is not None:
        made["assumption"] = read.assumption
    return made
