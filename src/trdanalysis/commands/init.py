"""`init`: a study folder outside of the tool's, which upgrades of the tool leave alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from trdanalysis import __version__
from trdanalysis.commands.shared import step
from trdanalysis.errors import UserError
from trdanalysis.files import write_aside, write_json
from trdanalysis.layout import SITE_NAMES
from trdanalysis.project import CONFIG, CONFIG_FILE, TOOL

#: Says by which version a study folder was made.
STUDY_FILE = "study.json"

#: What a study begins with a copy of, and owns from then on. Folders are copied whole.
COPIED = (
    CONFIG_FILE,
    CONFIG / "multiverse.yaml",
    CONFIG / "reference" / SITE_NAMES,
    CONFIG / "concepts",
    Path("profiles"),
    Path("results", "README.md"),
)

#: What is left behind when folders are copied.
_LEFT = shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__")


def run_init(folder: Path) -> Path:
    """Make a study folder: configuration, a place for drops, notebooks, the workflow.

    Parameters
    ----------
    folder
        Where; it must not be there, or be empty.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UserError
        Kind ``output``: something is there, or the folder lies in the tool's own.
    """
    target = folder.resolve()
    _check_is_free(folder, target)
    with write_aside(target) as aside:
        shutil.copytree(TOOL / "templates" / "study", aside)
        # Under its own name it would apply to the form itself.
        (aside / "gitignore").rename(aside / ".gitignore")
        for name in COPIED:
            _copy(TOOL / name, aside / name)
        for name in sorted((TOOL / CONFIG / "mappings").glob("*.yaml")):
            _copy(name, aside / CONFIG / "mappings" / name.name)
        for name in sorted((TOOL / "notebooks").glob("*.ipynb")):
            _copy(name, aside / "notebooks" / name.name)
        write_json(aside / STUDY_FILE, {"made_by": "trdanalysis", "version": __version__})
    step(f"study folder: {folder}")
    step(f"  1. read {folder / CONFIG_FILE}")
    step(f"  2. put deliveries into {folder / 'data' / 'drops'}, one folder each")
    step(f"  3. cd {folder}, then: snakemake --cores 2")
    return folder


def _check_is_free(folder: Path, target: Path) -> None:
    if target.is_relative_to(TOOL):
        raise UserError(
            "a study folder does not belong into the tool's own folder",
            where=str(folder),
            expected="a folder outside of it, so that an upgrade does not touch the study",
            try_this=f"python -m trdanalysis init {TOOL.parent / 'study'}",
            kind="output",
        )
    if target == Path.cwd():
        raise UserError(
            "the folder one is in cannot be made a study folder",
            where=str(folder),
            expected="a name that is free",
            try_this="go one folder up and name it from there",
            kind="output",
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError(
            "there is something already, and it is left as it is",
            where=str(folder),
            expected="a name that is free, or an empty folder",
            try_this="give another name; a study folder needs no second `init` after an upgrade",
            kind="output",
        )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=_LEFT)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
