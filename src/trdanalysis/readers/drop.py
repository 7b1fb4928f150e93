"""Read a drop with the reader that its ``drop.yaml`` names."""

from __future__ import annotations

from pathlib import Path

import ibis.expr.types as ir

from trdanalysis.contract import READERS
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.door import check_folder, check_named_file
from trdanalysis.readers.drop_info import DropInfo
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.native import read_native


def read_drop(engine: Engine, folder: Path, info: DropInfo) -> dict[str, ir.Table]:
    """Read a drop's raw tables with the reader its ``drop.yaml`` names.

    Raises
    ------
    UserError
        Where the folder holds what cannot be a table, the reader is unknown, its mapping is
        missing, or a file cannot be read.
    """
    check_folder(folder)
    if info.source == "native":
        return read_native(engine, folder)
    if info.source == "flat":
        if info.mapping is None:
            raise UserError(
                "the reader `flat` needs a mapping",
                where=str(folder / "drop.yaml"),
                try_this="add `mapping: mapping.yaml` and write that file into the drop's folder",
                kind="config",
            )
        return read_flat(engine, folder, check_named_file(folder, info.mapping))
    available = ("native", "flat")
    raise UserError(
        f"there is no reader `{info.source}` in this version"
        if info.source in READERS
        else f"unknown reader `{info.source}`",
        where=str(folder / "drop.yaml"),
        try_this=suggest(info.source, available),
        kind="config",
    )
