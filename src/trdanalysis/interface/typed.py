"""Frames with nullable columns: unknown stays unknown, whatever it was read from.

A column of yes, no or unknown is ``boolean``, a count or a day ``Int64``, another number
``Float64``, a text ``string``. What is missing is ``pd.NA`` in all of them, and a comparison with
it is ``pd.NA`` too, never False. What a column holds is stated in :mod:`trdanalysis.outputs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionDtype

from trdanalysis.files import read_csv
from trdanalysis.outputs import Kind, OutputTable
from trdanalysis.spreadsheet import unguard_cell

#: The type of a column by what it holds; a list is an object.
TYPES: Mapping[Kind, ExtensionDtype] = {
    "text": pd.StringDtype(),
    "whole number": pd.Int64Dtype(),
    "day": pd.Int64Dtype(),
    "number": pd.Float64Dtype(),
    "share": pd.Float64Dtype(),
    "yes or no": pd.BooleanDtype(),
    "three-valued": pd.BooleanDtype(),
}


def read_published(path: Path, described: OutputTable) -> pd.DataFrame:
    """Read a published CSV table with nullable columns; an empty cell is missing, never no.

    Parameters
    ----------
    path
        The file.
    described
        Its columns; one that is not described is text.
    """
    text = read_csv(path)
    kinds = {column.name: column.kind for column in described.columns}
    columns: dict[str, pd.Series] = {}
    for name in text.columns:
        kind = TYPES[kinds.get(name, "text")]
        cells = text[name].mask(text[name] == "")
        if isinstance(kind, pd.BooleanDtype):
            columns[name] = cells.map({"true": True, "false": False}).astype(kind)
        elif isinstance(kind, pd.StringDtype):
            columns[name] = cells.map(unguard_cell, na_action="ignore").astype(kind)
        else:
            columns[name] = pd.to_numeric(cells).astype(kind)
    return pd.DataFrame(columns, index=text.index)


def as_nullable(frame: pd.DataFrame, described: OutputTable | None = None) -> pd.DataFrame:
    """Give a frame the column types of this module; see :func:`from_arrow`."""
    return from_arrow(pa.Table.from_pandas(frame, preserve_index=False), described)


def from_arrow(table: pa.Table, described: OutputTable | None = None) -> pd.DataFrame:
    """Make a frame of an Arrow table; a column of lists holds tuples.

    Parameters
    ----------
    table
        The table.
    described
        Its columns, where its maker may not have known a type, as of a text that nobody has.
    """
    frame: pd.DataFrame = table.to_pandas(types_mapper=_type_of)
    for name in table.column_names:
        if pa.types.is_list(table.schema.field(name).type):
            frame[name] = frame[name].map(tuple, na_action="ignore")
    for column in described.columns if described is not None else ():
        if column.name in frame and column.kind in TYPES and frame[column.name].isna().all():
            frame[column.name] = frame[column.name].astype(TYPES[column.kind])
    return frame


def _type_of(kind: pa.DataType) -> ExtensionDtype | None:
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    if pa.types.is_integer(kind):
        return pd.Int64Dtype()
    if pa.types.is_floating(kind):
        return pd.Float64Dtype()
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    return pd.StringDtype() if is_text else None
