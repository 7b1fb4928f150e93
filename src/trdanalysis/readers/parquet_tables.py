"""Read Parquet files as tables of text, one `line` number a row; see :mod:`text_tables`.

The first row counts as line 2, as if a header stood above it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.door import MOST_BYTES_A_LINE, check_parquet
from trdanalysis.readers.text_tables import (
    LINE,
    MOST_ROWS_IN_MEMORY,
    check_names,
    trim,
)


def read_text_parquet(engine: Engine, path: Path, yes_no_columns: frozenset[str]) -> ir.Table:
    """Read a Parquet file; every column becomes text.

    Booleans of ``yes_no_columns`` become ``yes`` and ``no``; NaN becomes null. Columns of dates and
    times keep their ISO text, so that the de-identification gate sees them.

    Raises
    ------
    UserError
        Where the file cannot be read, or a column holds lists, structures or bytes.
    """
    try:
        if pq.read_metadata(path).num_rows > MOST_ROWS_IN_MEMORY:
            return scan_text_parquet(engine, path, yes_no_columns)
        text = engine.keep(_parquet_text(engine, path, yes_no_columns))
    except (duckdb.Error, pa.ArrowException, OSError):
        raise _no_parquet(path) from None
    return engine.keep(text.mutate(**{LINE: ibis.row_number().cast("int64") + 2}))


def scan_text_parquet(
    engine: Engine, path: Path, yes_no_columns: frozenset[str] = frozenset()
) -> ir.Table:
    """Read a Parquet file as :func:`read_text_parquet` does, but leave its rows in the file."""
    try:
        text = _parquet_text(engine, path, yes_no_columns)
    except (duckdb.Error, pa.ArrowException, OSError):
        raise _no_parquet(path) from None
    return text.mutate(**{LINE: ibis.row_number().cast("int64") + 2})


def _no_parquet(path: Path) -> UserError:
    return UserError(
        "the file cannot be read as Parquet",
        where=path.name,
        expected="a whole Parquet file",
        try_this="check that the copy is complete",
    )


def _parquet_text(engine: Engine, path: Path, yes_no_columns: frozenset[str]) -> ir.Table:
    large = check_parquet(path)
    raw = engine.connection.read_parquet(str(path))
    schema = raw.schema()
    check_names(list(schema), path)
    nested = [name for name, kind in schema.items() if kind.is_nested() or kind.is_binary()]
    if nested:
        raise UserError(
            f"{len(nested)} column(s) hold lists, structures or bytes",
            where=f"{path.name}, columns {', '.join(nested)}",
            expected="one number, word or boolean a cell",
        )
    _check_cell_lengths(raw, large, path)
    return raw.select(**text_columns(raw, yes_no_columns)) if len(schema) else raw


def text_columns(raw: ir.Table, yes_no_columns: frozenset[str]) -> dict[str, ir.StringValue]:
    """Give every column of a table as text, as a file of text would have it.

    Booleans of ``yes_no_columns`` become ``yes`` and ``no``, others ``true`` and ``false``; NaN and
    empty text become null.
    """
    columns = {}
    for name, kind in raw.schema().items():
        column = raw[name]
        if kind.is_boolean():
            words = ("yes", "no") if name in yes_no_columns else ("true", "false")
            text = ibis.cases((column, words[0]), (~column, words[1]))
        elif kind.is_floating():
            text = (
                column.isnan().ifelse(ibis.null("float64"), column.cast("float64")).cast("string")
            )
        else:
            text = column.cast("string")
        # Numbers, booleans and days have no white space around them.
        is_plain = kind.is_numeric() or kind.is_boolean() or kind.is_temporal()
        columns[name] = text if is_plain else trim(text)
    return columns


def _check_cell_lengths(raw: ir.Table, columns: list[str], path: Path) -> None:
    """Refuse Parquet cells longer than a line of CSV may be, before any is kept."""
    if not columns:
        return
    limit = MOST_BYTES_A_LINE // 4
    counts = raw.aggregate(**{name: (raw[name].length() > limit).sum() for name in columns})
    long = {name: count for name, count in counts.to_pyarrow().to_pylist()[0].items() if count}
    if long:
        raise UserError(
            f"{sum(long.values())} cell(s) of over {limit} characters",
            where=f"{path.name}, {len(long)} column(s)",
            expected="one number, word or boolean a cell",
        )
