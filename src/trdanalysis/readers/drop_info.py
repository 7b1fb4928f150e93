"""What there is to know about drops before any table is read. Imports no engine: planning is
quick.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field

from trdanalysis.contract import ID_PATTERN
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.mapping import omop_mapping_files
from trdanalysis.settings import StrictModel, read_model, read_yaml


class DropInfo(StrictModel):
    """Contents of ``drop.yaml``; every key has the contract's default."""

    mode: Literal["snapshot", "increment"] = "snapshot"
    source: str = "native"
    mapping: str | None = None
    synthetic: bool = False
    namespace: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,64}$")


def read_drop_info(folder: Path) -> DropInfo:
    """Read ``drop.yaml`` of a drop, or the defaults where there is none."""
    path = folder / "drop.yaml"
    try:
        is_there = path.is_file()
    except OSError as error:
        raise UserError(
            f"the drop's folder cannot be read: {error.strerror}",
            where=str(folder),
            try_this="check its permissions",
        ) from None
    return read_model(DropInfo, read_yaml(path), str(path)) if is_there else DropInfo()


def list_drops(folder: Path) -> list[str]:
    """Give the ids of all drops in byte order; hidden folders are none.

    Raises
    ------
    UserError
        Where a folder's name cannot be a drop's id.
    """
    if not folder.is_dir():
        return []
    found = [
        path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    ]
    odd = [name for name in found if re.match(ID_PATTERN, name) is None]
    if odd:
        raise UserError(
            f"{len(odd)} folder name(s) cannot be the id of a drop",
            where=str(folder),
            expected="letters, digits and _ . - only, at most 64",
            kind="config",
        )
    return sorted(found, key=lambda name: name.encode())


def drop_files(folder: Path) -> list[Path]:
    """Give every file that a drop's tables may depend on, in order."""
    info = read_drop_info(folder)
    files = {path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    if info.mapping is not None:
        files.add(folder / info.mapping)
        if info.source == "omop":
            files.update(omop_mapping_files(folder / info.mapping))
    return sorted(files)
