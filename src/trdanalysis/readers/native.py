"""The native reader: files that already have the contract's tables and columns."""

from __future__ import annotations

from pathlib import Path

import ibis.expr.types as ir

from trdanalysis.contract import TABLES, TableSpec
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.parquet_tables import read_text_parquet
from trdanalysis.readers.text_tables import read_text_csv

#: The gate looks at every column, at some 30 ms each.
MOST_COLUMNS = 1_000


def read_native(engine: Engine, folder: Path) -> dict[str, ir.Table]:
    """Read every table of the contract that the folder holds as CSV or Parquet.

    Returns
    -------
    dict
        Raw tables by the contract's name (see :mod:`trdanalysis.readers.text_tables`), extra
        columns included. An optional table without a file is absent.

    Raises
    ------
    UserError
        Where a required table is missing, stands twice, or cannot be read.
    """
    tables = {}
    for spec in TABLES.values():
        path = find_table_file(folder, spec)
        if path is None:
            continue
        if path.suffix == ".csv":
            tables[spec.name] = read_text_csv(engine, path)
        else:
            tables[spec.name] = read_text_parquet(engine, path, three_valued_columns(spec))
        check_extra_columns(len(tables[spec.name].columns) - 1, spec, path.name)
    return tables


def check_extra_columns(columns: int, spec: TableSpec, where: str) -> None:
    """Refuse a table of more columns than the gate can judge in time."""
    if columns > MOST_COLUMNS:
        raise UserError(
            f"{columns} columns, of which the contract has {len(spec.names)}",
            where=where,
            expected=f"at most {MOST_COLUMNS}: the gate judges each extra column too",
            try_this="export the columns of the contract, or use `source: flat` and a mapping",
        )


def find_table_file(folder: Path, spec: TableSpec) -> Path | None:
    """Find the one file of a table; None where an optional table has none."""
    found = [
        path
        for path in (folder / f"{spec.name}.csv", folder / f"{spec.name}.parquet")
        if path.is_file()
    ]
    if len(found) > 1:
        raise UserError(
            f"table `{spec.name}` stands twice",
            where=" and ".join(path.name for path in found),
            expected="one file a table",
            try_this="remove the one that is out of date",
        )
    if not found and spec.required:
        raise UserError(
            f"required table `{spec.name}` is missing",
            where=folder.name,
            expected=f"{spec.name}.csv or {spec.name}.parquet",
        )
    return found[0] if found else None


def three_valued_columns(spec: TableSpec) -> frozenset[str]:
    """Names of a table's three-valued columns."""
    return frozenset(column.name for column in spec.columns if column.kind == "three_valued")
