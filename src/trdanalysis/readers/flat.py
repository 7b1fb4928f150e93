"""The flat reader: one foreign file, wide or long, becomes the contract's tables by a mapping.

The file is delimited text, Parquet, Excel, SAS, SPSS or Stata. What the mapping does not name never
leaves this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.door import check_named_file
from trdanalysis.readers.foreign import FOREIGN
from trdanalysis.readers.frames import as_table, read_frame
from trdanalysis.readers.keys import read_settings_key
from trdanalysis.readers.mapping import FlatMapping, read_mapping
from trdanalysis.readers.parquet_tables import read_text_parquet
from trdanalysis.readers.recipes import derive_rows, put_together
from trdanalysis.readers.relative import People, derive_relative
from trdanalysis.readers.text_tables import LINE, read_text_csv


def read_flat(engine: Engine, folder: Path, mapping_path: Path) -> dict[str, ir.Table]:
    """Read one flat or long file of a drop as its mapping says.

    Parameters
    ----------
    engine
        Reads the file and keeps the tables.
    folder
        The drop's folder, in which the file lies.
    mapping_path
        The mapping; docs/readers-flat.md describes it.

    Returns
    -------
    dict
        Raw tables by the contract's name. Each has the mapped columns as text (null: the source
        cell is empty or a missing code) and ``line``, the line of the source file on which the
        first source row of the row begins. Source rows of one row that disagree in a column that
        is not summed up give one row for each version, so that intake sees the conflict.

    Raises
    ------
    UserError
        Where the mapping cannot be used (kind ``config``), names a column that the file lacks (with
        the nearest one), or the file cannot be read.
    """
    mapping = read_mapping(mapping_path)
    keyed = mapping.dates is not None and mapping.dates.origin == "keyed"
    key = read_settings_key(mapping.keys, mapping_path, keyed=keyed)
    if mapping.dates is not None or mapping.patient is not None:
        engine.encrypt_spill()
    source = _read_source(engine, folder, mapping)
    known = [name for name in source.columns if name != LINE]
    check_named_columns(known, _named(mapping), mapping.file, mapping_path)
    if mapping.patient is not None:
        people = People(mapping.patient, mapping.keys.hash_identifiers, key)
        source = derive_relative(engine, source, people, mapping.dates, mapping.missing)
    parts: dict[str, list[ir.Table]] = {}
    for recipe in mapping.rows:
        parts.setdefault(recipe.table, []).append(derive_rows(source, recipe, mapping.missing))
    return {name: put_together(engine, parts[name], name) for name in TABLES if name in parts}


def _read_source(engine: Engine, folder: Path, mapping: FlatMapping) -> ir.Table:
    path = check_named_file(folder, mapping.file)
    if not path.is_file():
        others = [file.name for file in folder.iterdir() if file.is_file()]
        raise UserError(
            f"the mapping names the file `{mapping.file}`, which is not there",
            where=str(folder),
            try_this=suggest(mapping.file, others) if others else None,
        )
    plain = mapping.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    if path.suffix.lower() in FOREIGN or (path.suffix != ".parquet" and not plain):
        frame = read_frame(
            engine,
            path,
            delimiter=mapping.delimiter,
            encoding=mapping.encoding,
            sheet=mapping.sheet,
        )
        return as_table(engine, frame, [name for name in frame.columns if name != LINE])
    if path.suffix != ".parquet":
        return read_text_csv(engine, path, mapping.delimiter)
    try:
        names = frozenset(pq.read_schema(path).names)
    except (pa.ArrowException, OSError):
        # read_text_parquet says what is wrong with it.
        names = frozenset()
    return read_text_parquet(engine, path, names)


def _named(mapping: FlatMapping) -> list[str]:
    """Give every source column that a mapping names, once."""
    named = [name for recipe in mapping.rows for name in recipe.source_columns()]
    named += mapping.dates.names if mapping.dates is not None else ()
    named += [mapping.patient] if mapping.patient is not None else []
    return list(dict.fromkeys(named))


def check_named_columns(
    known: Sequence[str], named: Sequence[str], file: str, mapping_path: Path
) -> None:
    """Refuse a mapping that names columns that its file lacks.

    Raises
    ------
    UserError
        Kind ``config``, with the nearest column; where the file has none of them, its own names are
        not shown: without a header, they would be a patient's values.
    """
    absent = [name for name in named if name not in known]
    if absent and len(absent) == len(named):
        raise UserError(
            f"`{file}` has {len(known)} column(s), none of which the mapping names",
            where=f"{file}, line 1",
            expected="a header row with " + ", ".join(f"`{name}`" for name in absent[:5]),
            try_this="check that the header is there and that the mapping is this file's",
            kind="config",
        )
    if absent:
        raise UserError(
            f"the mapping names {len(absent)} column(s) that `{file}` lacks: "
            + ", ".join(f"`{name}`" for name in absent),
            where=str(mapping_path),
            try_this=f"for `{absent[0]}`, {suggest(absent[0], known)}",
            kind="config",
        )
