"""Folders of results, and who may enter them. Nothing heavy is loaded: every start asks this."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from trdanalysis.layout import RESTRICTED

#: Folders below `restricted`, that one included: for who runs the tool alone, whatever the umask.
CLOSED = 0o700


def make_folder(path: Path) -> None:
    """Make a folder with those above it; from ``restricted`` on nobody else may enter them.

    What is there already stays as it is, see :func:`close_folders`. Files get what the site's umask
    says.
    """
    for folder in reversed((path, *path.parents)):
        if not folder.is_dir():
            # Steps run side by side: another one may be first.
            folder.mkdir(CLOSED if RESTRICTED in folder.parts else 0o777, exist_ok=True)


def close_folders(restricted: Path) -> None:
    """Close a folder and those below it to everybody else, where they are not.

    Somebody else's, and those of a file system without modes, stay as they are.
    """
    for folder, _, _ in os.walk(restricted):
        path = Path(folder)
        if path.stat().st_mode & 0o777 != CLOSED:
            with suppress(OSError):
                path.chmod(CLOSED)
