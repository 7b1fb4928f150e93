"""The reader of frames in memory: pandas, Polars, Arrow or Ibis, with the contract's columns.

A frame goes the way of a Parquet file: every column becomes text, and intake then reads it as it
reads a drop. So a frame is judged by the same rules, and gives the same rows.
"""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from trdanalysis.contract import TABLES, TableSpec
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.native import check_extra_columns, three_valued_columns
from trdanalysis.readers.parquet_tables import text_columns
from trdanalysis.readers.text_tables import LINE, check_names

_TAKEN = "a pandas or Polars frame, an Arrow table or an Ibis table"


def read_memory(engine: Engine, frames: Mapping[str, Any]) -> dict[str, ir.Table]:
    """Read frames in memory as the raw tables of a drop.

    Parameters
    ----------
    engine
        Keeps the tables.
    frames
        By the contract's names of tables. pandas, Polars (lazy or not), Arrow, Ibis, or anything
        else that gives Arrow's stream of batches; None: there is no such table.

    Returns
    -------
    dict
        Raw tables (see :mod:`trdanalysis.readers.text_tables`), extra columns included. ``line`` is
        the row of the frame, from 1. Missing values of every kind (None, NaN, NaT, NA, empty text)
        are null. Booleans of three-valued columns become ``yes`` and ``no``; categories their
        words; identifiers that were made numbers with a fraction of 0 whole numbers again.

    Raises
    ------
    UserError
        Where a required table is missing, or a frame cannot be read as one. No value is told.
    """
    tables = {}
    for spec in TABLES.values():
        frame = frames.get(spec.name)
        if frame is None:
            if spec.required:
                raise UserError(f"required table `{spec.name}` is missing", expected=_TAKEN)
            continue
        tables[spec.name] = _read_one(engine, frame, spec)
    return tables


def _read_one(engine: Engine, frame: Any, spec: TableSpec) -> ir.Table:
    where = f"frame `{spec.name}`"
    table = _as_arrow(frame, spec, where)
    check_names(list(table.column_names), Path(where))
    check_extra_columns(table.num_columns, spec, where)
    columns = {
        name: _plain(column, name in _identifiers(spec))
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    odd = [name for name, column in columns.items() if column is None]
    if odd:
        raise UserError(
            f"{len(odd)} column(s) hold lists, structures or bytes",
            where=f"{where}, columns {', '.join(odd)}",
            expected="one number, word or boolean a cell",
        )
    rows = pa.array(np.arange(1, table.num_rows + 1), pa.int64())
    kept = engine.from_memory(pa.table({**columns, LINE: rows}))
    text: dict[str, ir.Value] = {**text_columns(kept, three_valued_columns(spec))}
    read = engine.keep(kept.select(**text | {LINE: kept[LINE]}))
    engine.drop_kept(kept)
    return read


def _identifiers(spec: TableSpec) -> frozenset[str]:
    return frozenset(name for name in spec.key if spec.column(name).kind in ("id", "text"))


def _as_arrow(frame: Any, spec: TableSpec, where: str) -> pa.Table:
    """Give any frame as an Arrow table."""
    if isinstance(frame, pd.DataFrame):
        return _from_pandas(frame, spec, where)
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, ir.Table):
        return frame.to_pyarrow()
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if not hasattr(frame, "__arrow_c_stream__") and hasattr(frame, "collect"):
        frame = frame.collect()
    try:
        return pa.RecordBatchReader.from_stream(frame).read_all()
    except (pa.ArrowException, TypeError, ValueError, AttributeError):
        raise UserError(
            "it cannot be read as a table",
            where=f"{where}, a `{type(frame).__name__}`",
            expected=_TAKEN,
        ) from None


def _from_pandas(frame: pd.DataFrame, spec: TableSpec, where: str) -> pa.Table:
    in_index = [str(name) for name in frame.index.names if name in spec.names]
    if in_index:
        raise UserError(
            f"{', '.join(in_index)} stands in the index, which is not read",
            where=where,
            try_this="give the frame with `.reset_index()`",
        )
    odd = [place for place, name in enumerate(frame.columns, start=1) if not isinstance(name, str)]
    if odd:
        raise UserError(
            f"{len(odd)} column(s) have a name that is no text",
            where=f"{where}, column {', '.join(str(place) for place in odd[:5])}",
            expected="the contract's column names",
        )
    words = three_valued_columns(spec)
    arrays = [
        _pandas_column(frame.iloc[:, place], name in words, f"{where}, column `{name}`")
        for place, name in enumerate(frame.columns)
    ]
    return pa.Table.from_arrays(arrays, names=list(frame.columns))


def _pandas_column(column: pd.Series, is_three_valued: bool, where: str) -> pa.ChunkedArray:
    """Give a column as Arrow has it; one of several kinds of values as text."""
    try:
        array = pa.chunked_array(pa.table({"it": column}).column(0).chunks)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is not None and not isinstance(array.type, pa.BaseExtensionType):
        return array
    words = ("yes", "no") if is_three_valued else ("true", "false")
    return pa.chunked_array([[_as_cell(value, words, where) for value in column]], pa.string())


def _as_cell(value: Any, words: tuple[str, str], where: str) -> str | None:
    if isinstance(value, (list, tuple, dict, set, bytes, np.ndarray)):
        raise UserError(
            "the column holds lists, structures or bytes",
            where=where,
            expected="one number, word or boolean a cell",
        )
    if pd.isna(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return words[0] if value else words[1]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real) and float(value).is_integer():
        return str(int(float(value)))
    return str(value)


def _plain(column: pa.ChunkedArray, is_identifier: bool) -> pa.ChunkedArray | None:
    """Give a column of a type that the engine makes text of; None where there is none."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
        column = column.cast(kind)
    if pa.types.is_dictionary(kind):
        column = _decoded(column)
        kind = column.type
    if pa.types.is_nested(kind) or _holds_bytes(kind):
        return None
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):
        # By way of text, so that 0.8 stays 0.8 and does not become 0.800000011920929.
        known = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
        kind, column = pa.float64(), known.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    if is_identifier and pa.types.is_floating(kind):
        return _whole(column)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if is_number or pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return column
    try:
        return column.cast(pa.int64() if pa.types.is_duration(kind) else kind).cast(pa.string())
    except pa.ArrowException:
        return None


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give categories as their values; Polars keeps words in a layout that cannot be looked up."""
    is_view = pa.types.is_string_view(column.type.value_type)
    kind = pa.string() if is_view else column.type.value_type
    chunks = [chunk.dictionary.cast(kind).take(chunk.indices) for chunk in column.chunks]
    return pa.chunked_array(chunks, kind)


def _holds_bytes(kind: pa.DataType) -> bool:
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Make identifiers whole numbers again: one missing value had made them floating ones."""
    known = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    is_whole = pc.all(pc.equal(known, pc.floor(known))).as_py()
    return known.cast(pa.int64()) if is_whole is not False else known
