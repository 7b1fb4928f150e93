"""Which configuration the interface works by: the project's one stands in, else the tool's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.errors import UserError
from trdanalysis.labelling.definition import Definition
from trdanalysis.project import TOOL, find_by_id
from trdanalysis.settings import Settings, read_settings, read_yaml

#: A definition by its id or its file, or several, the primary first.
Wanted = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class Configuration:
    """A folder of configuration: ``config.yaml``, ``definitions/``, ``reference/``."""

    folder: Path

    @property
    def reference(self) -> Path:
        """Folder of reference tables."""
        return self.folder / "reference"

    @cached_property
    def settings(self) -> Settings:
        """What ``config.yaml`` says."""
        file = self.folder / "config.yaml"
        return read_settings(read_yaml(file), str(file))

    def load_definitions(self, wanted: Wanted) -> list[Definition]:
        """Load definitions by id or file.

        Raises
        ------
        UserError
            Kind ``config``: there is no such definition, it stands twice, or it is faulty.
        """
        names = [wanted] if isinstance(wanted, (str, Path)) else list(wanted)
        if not names:
            raise UserError("no definition was given", expected="at least one", kind="config")
        definitions = load_definitions([self._find(name) for name in names], self.reference)
        ids = [definition.id for definition in definitions]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise UserError(
                f"definition `{twice[0]}` was given twice",
                expected="each once, the primary first",
                kind="config",
            )
        return definitions

    def _find(self, name: str | Path) -> Path:
        if isinstance(name, Path) or name.endswith((".yaml", ".yml")):
            return Path(name)
        return find_by_id(self.folder, "definitions", name)


def find_configuration(config: str | Path | None = None) -> Configuration:
    """Find the folder of configuration.

    Parameters
    ----------
    config
        The folder. None: ``config/`` of the working folder or of the nearest one above it that has
        ``config/config.yaml``; else the one that the tool comes with.

    Raises
    ------
    UserError
        Kind ``not_found``.
    """
    if config is not None:
        folders: Iterator[Path] = iter([Path(config)])
    else:
        here = Path.cwd()
        folders = (folder / "config" for folder in (here, *here.parents, TOOL))
    for folder in folders:
        if (folder / "config.yaml").is_file():
            return Configuration(folder)
    raise UserError(
        "there is no configuration",
        where=str(config or Path.cwd()),
        expected="a folder that holds config.yaml, definitions/ and reference/",
        try_this="work in the project's folder, or name it: `config='PROJECT/config'`",
        kind="not_found",
    )
