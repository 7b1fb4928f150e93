"""Where the engine puts what memory does not hold: a folder of its own, removed with the session.

What lies there are rows of patients. A session that was killed leaves its folder; the next session
or run removes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from trdanalysis.errors import UserError
from trdanalysis.files import is_alive

_PREFIX = "trdanalysis-spill-"


def clear_spills(folder: Path) -> None:
    """Remove what sessions of this user that were killed had put into a folder."""
    for left in folder.glob(f"{_PREFIX}*-*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            is_own = left.is_dir() and not left.is_symlink() and left.stat().st_uid == os.getuid()
        except OSError:
            continue
        if is_own and owner.isdecimal() and not is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


class Spill:
    """The folder of one session, which nobody else may read.

    Parameters
    ----------
    folder
        In which it is made; by default the system's for temporary files.
    limit_mb
        What may lie in it, in MiB, before another file is begun. The engine's own files of what it
        could not hold are not begun here: it is told of the limit itself.

    Raises
    ------
    UserError
        Kind ``output``, where it cannot be made.
    """

    def __init__(self, folder: Path | None = None, limit_mb: int | None = None) -> None:
        self._limit_mb = limit_mb
        self.within = folder or Path(tempfile.gettempdir())
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            clear_spills(self.within)
            made = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=self.within)
        except OSError as error:
            raise UserError(
                f"the folder for temporary files cannot be used: {error.strerror}",
                where=str(self.within),
                try_this="name another as `spill_folder` in config/config.yaml,"
                " or with `--spill-folder`",
                kind="output",
            ) from None
        self.folder = Path(made)
        self._files = 0

    def new_file(self) -> Path:
        """Give the path of a Parquet file that is not there yet.

        Raises
        ------
        UserError
            Kind ``resources``, where as much lies there as may.
        """
        if self._limit_mb is not None and self._measure_mb() > self._limit_mb:
            raise UserError(
                f"more than {self._limit_mb} MiB of rows were spilled",
                where=str(self.within),
                try_this="allow for more: `spill_limit_mb` in config/config.yaml,"
                " or `--spill-limit-mb`",
                kind="resources",
            )
        self._files += 1
        return self.new_folder("kept") / f"{self._files:06}.parquet"

    def new_folder(self, name: str) -> Path:
        """Give a folder within, made where it is not there."""
        made = self.folder / name
        made.mkdir(exist_ok=True)
        return made

    def _measure_mb(self) -> float:
        total = 0
        for path in self.folder.rglob("*"):
            try:
                total += path.stat().st_size
            except OSError:  # the engine removed it meanwhile
                continue
        return total / 2**20

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
