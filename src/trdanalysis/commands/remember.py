"""`remember`: when a run has completed, keep what the next one is compared with.

The state of a completed run lies in a folder of its own, named by its content, and one small file
points to it. The pointer is put in place last and at once, so that whatever interrupts a run, there
is one whole state: that of the last run which ended.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from trdanalysis.commands.shared import step
from trdanalysis.files import read_json, write_aside, write_json
from trdanalysis.folders import make_folder
from trdanalysis.layout import REMEMBERED

#: The file that points to the state of the last completed run; no step of the workflow makes it,
#: so none takes it away before it has something better.
POINTER = "last.json"

#: What tells the workflow that the pending state was kept.
RECEIPT = "remembered.json"


def run_remember(history: Path) -> None:
    """Keep the pending state as that of the last completed run.

    Parameters
    ----------
    history
        Folder of states; ``changes`` wrote ``pending`` below it.
    """
    pending = history / "pending"
    name = _name_of(pending)
    kept = history / name
    if not kept.is_dir():
        with write_aside(kept) as aside:
            shutil.rmtree(aside, ignore_errors=True)
            make_folder(aside)
            for file in REMEMBERED:
                _link(pending / file, aside / file)
    write_json(history / POINTER, {"state": name})
    for other in history.iterdir():
        if other.is_dir() and other.name not in (name, pending.name):
            shutil.rmtree(other)
    write_json(history / RECEIPT, {"state": name})
    step("this run is what the next one will be compared with")


def find_remembered(history: Path) -> Path | None:
    """Find the state of the last completed run; None where there is none, or not all of it."""
    try:
        folder = history / str(read_json(history / POINTER)["state"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return folder if all((folder / name).is_file() for name in REMEMBERED) else None


def _name_of(folder: Path) -> str:
    made = hashlib.sha256()
    for name in REMEMBERED:
        with (folder / name).open("rb") as file:
            made.update(hashlib.file_digest(file, "sha256").digest())
    return made.hexdigest()[:16]


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; it is replaced as a whole and never written to again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
