"""Where what a run is told by lies: the study's own files first, then those the tool comes with.

A study folder holds ``config/``, drops and results. What it has not of ``config/`` is taken from
the tool, so that an upgrade of the tool brings new reference tables and definitions, and leaves
what the study wrote itself. In a checkout both are the same folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trdanalysis.errors import UserError, suggest
from trdanalysis.layout import JOURNALS, SITE_NAMES

if TYPE_CHECKING:
    from trdanalysis.settings import Settings

_PACKAGE = Path(__file__).resolve().parent

#: Within an installed package, what a checkout holds beside ``src/``; setup.py copies it there.
HOUSE = "house"

#: The tool's folder, with the Snakefile, ``config/``, ``workflow/`` and notebooks.
TOOL = _PACKAGE / HOUSE if (_PACKAGE / HOUSE).is_dir() else _PACKAGE.parents[1]

#: The workflow, which a study's own Snakefile includes.
SNAKEFILE = TOOL / "Snakefile"

#: The folder of the configuration, and the file of settings in it.
CONFIG = Path("config")
CONFIG_FILE = CONFIG / "config.yaml"

#: Kinds of files that are found by an id, by their folder in ``config/``.
KINDS = {
    "definitions": "definition",
    "disclosure": "disclosure policy",
    "eligibility": "file of eligibility",
    JOURNALS: "journal",
}


def find_table(reference: Path, name: str) -> Path:
    """Find a reference table: the study's own, else the tool's.

    Parameters
    ----------
    reference
        The study's folder of reference tables; it need not exist.
    name
        File name, such as ``scales.csv``.

    Returns
    -------
    Path
        The file; where neither has it, and always of the site's own names of drugs, the study's.
    """
    if name == SITE_NAMES:
        return reference / name
    return _own_or_tool(reference / name, Path("reference", name))


def find_words(reference: Path, name: str) -> list[Path]:
    """Find tables of words: the tool's and, added to them, the study's.

    Parameters
    ----------
    reference
        The study's folder of reference tables; ``mappings`` beside it holds its words.
    name
        File name, such as ``column_names.csv``.
    """
    own, tools = reference.parent / "mappings" / name, tool_config() / "mappings" / name
    if own.is_file() and tools.is_file() and own.samefile(tools):
        return [own]
    return [path for path in (from_here(tools), own) if path.is_file()]


def find_grid(config: Path = CONFIG) -> Path:
    """Find the grid of the multiverse; ``config`` is the study's folder of configuration."""
    return _own_or_tool(config / "multiverse.yaml", Path("multiverse.yaml"))


def find_by_id(config: Path, kind: str, name: str) -> Path:
    """Find a definition, a disclosure policy, a file of eligibility or a journal.

    Parameters
    ----------
    config
        The study's folder of configuration.
    kind
        A key of :data:`KINDS`.
    name
        Its id.

    Raises
    ------
    UserError
        Kind ``config``: neither the study nor the tool has it.
    """
    path = _own_or_tool(config / kind / f"{name}.yaml", Path(kind, f"{name}.yaml"))
    if not path.is_file():
        raise UserError(
            f"there is no {KINDS[kind]} `{name}`",
            where=str(CONFIG_FILE),
            try_this=suggest(name, [known.stem for known in list_by_id(config, kind)]),
            kind="config",
        )
    return path


def find_definition_files(settings: Settings, config: Path) -> list[Path]:
    """Find the definition files that settings name, the primary one first.

    Parameters
    ----------
    settings
        Of a run.
    config
        The study's folder of configuration.

    Raises
    ------
    UserError
        As :func:`find_by_id`.
    """
    first = settings.primary_definition
    names = [first, *(name for name in settings.definitions if name != first)]
    return [find_by_id(config, "definitions", name) for name in names]


def list_by_id(config: Path, kind: str) -> list[Path]:
    """Give every definition, policy or journal, by id in byte order; the study's own first."""
    found = {path.stem: path for path in (tool_config() / kind).glob("*.yaml")}
    found |= {path.stem: path for path in (config / kind).glob("*.yaml")}
    return [from_here(found[name]) for name in sorted(found, key=str.encode)]


def find_given(path: Path) -> Path:
    """Give a path of the command line; one of ``config/`` that the study has not is the tool's."""
    inside = path.parts[:1] == CONFIG.parts
    return _own_or_tool(path, path.relative_to(CONFIG)) if inside else path


def tool_config() -> Path:
    """Give the folder of the configuration that the tool comes with."""
    return TOOL / CONFIG


def from_here(path: Path) -> Path:
    """Name a path from the working folder where it lies below: a moved project reruns nothing."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _own_or_tool(own: Path, inside: Path) -> Path:
    if own.exists():
        return own
    tools = tool_config() / inside
    # Where neither is there, an error should name the place to put it.
    return from_here(tools) if tools.exists() else own
