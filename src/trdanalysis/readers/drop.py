"""Read a drop with the reader that its ``drop.yaml`` names."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.contract import READERS
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.door import check_folder, check_named_file
from trdanalysis.readers.drop_info import DropInfo
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.mapping import read_assumptions
from trdanalysis.readers.native import read_native
from trdanalysis.readers.omop.read import read_omop_drop
from trdanalysis.readers.raw_drop import RawDrop
from trdanalysis.readers.redcap.read import read_redcap_drop
from trdanalysis.readers.studies.mapping import Kind
from trdanalysis.readers.studies.read import read_study_drop


def read_drop(engine: Engine, folder: Path, info: DropInfo) -> RawDrop:
    """Read a drop's raw tables with the reader its ``drop.yaml`` names.

    Raises
    ------
    UserError
        Where the folder holds what cannot be a table, the reader is unknown, its mapping is
        missing, or a file cannot be read.
    """
    check_folder(folder)
    if info.source == "native":
        return RawDrop(read_native(engine, folder))
    if info.source == "flat":
        path = _mapping_path(folder, info)
        return RawDrop(read_flat(engine, folder, path), read_assumptions(path))
    if info.source == "omop":
        return read_omop_drop(engine, folder, _mapping_path(folder, info), mode=info.mode)
    if info.source == "redcap":
        return read_redcap_drop(engine, folder, _mapping_path(folder, info))
    if info.source in ("sdtm", "nda"):
        kind: Kind = "sdtm" if info.source == "sdtm" else "nda"
        return read_study_drop(engine, folder, _mapping_path(folder, info), kind)
    raise UserError(
        f"unknown reader `{info.source}`",
        where=str(folder / "drop.yaml"),
        try_this=suggest(info.source, READERS),
        kind="config",
    )


def _mapping_path(folder: Path, info: DropInfo) -> Path:
    if info.mapping is None:
        raise UserError(
            f"the reader `{info.source}` needs a mapping",
            where=str(folder / "drop.yaml"),
            try_this="add `mapping: mapping.yaml` and write that file into the drop's folder",
            kind="config",
        )
    return check_named_file(folder, info.mapping)
