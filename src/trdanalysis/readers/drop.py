"""A drop: what ``drop.yaml`` says of it, and the reader it asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import ibis.expr.types as ir
from pydantic import Field

from trdanalysis.contract import ID_PATTERN, READERS
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.native import read_native
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
    return read_model(DropInfo, read_yaml(path), str(path)) if path.is_file() else DropInfo()


def list_drops(folder: Path) -> list[str]:
    """Give the ids of all drops in byte order; hidden folders are none.

    Raises
    ------
    UserError
        Where a folder's name cannot be a drop's id.
    """
    if not folder.is_dir():
        return []
    found = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    odd = [name for name in found if not _is_id(name)]
    if odd:
        raise UserError(
            f"{len(odd)} folder name(s) cannot be the id of a drop",
            where=str(folder),
            expected="letters, digits and _ . - only, at most 64",
            kind="config",
        )
    return sorted(found, key=lambda name: name.encode())


def _is_id(name: str) -> bool:
    import re

    return re.match(ID_PATTERN, name) is not None


def drop_files(folder: Path) -> list[Path]:
    """Give every file that a drop's tables may depend on, in order."""
    info = read_drop_info(folder)
    files = {path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    if info.mapping is not None:
        files.add(folder / info.mapping)
    return sorted(files)


def read_drop(engine: Engine, folder: Path, info: DropInfo) -> dict[str, ir.Table]:
    """Read a drop's raw tables with the reader its ``drop.yaml`` names.

    Raises
    ------
    UserError
        Where the reader is unknown, its mapping is missing, or a file cannot be read.
    """
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
        return read_flat(engine, folder, folder / info.mapping)
    available = ("native", "flat")
    raise UserError(
        f"there is no reader `{info.source}` in this version"
        if info.source in READERS
        else f"unknown reader `{info.source}`",
        where=str(folder / "drop.yaml"),
        try_this=suggest(info.source, available),
        kind="config",
    )
