"""Locks on a folder of results: one run at a time, and no step left of an earlier one.

The system takes a lock away with the process that held it, however that ended; a file that says
"locked" would stay behind a run that was killed.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from trdanalysis.errors import UserError
from trdanalysis.folders import make_folder
from trdanalysis.layout import RESTRICTED

#: Held by a run, and shared by the steps at work; both in ``restricted/``.
RUN_LOCK, STEP_LOCK = ".lock", ".steps"


def claim_results(restricted: Path) -> IO[str]:
    """Claim a folder of results for one run: until what is given is closed.

    Raises
    ------
    UserError
        Kind ``output``: another run is writing there, or a step of a run that was killed still is.
    """
    held = _lock(restricted / RUN_LOCK, fcntl.LOCK_EX)
    if held is None:
        raise UserError(
            "another run is writing to these results",
            where=str(restricted.parent),
            expected="one run at a time for a folder of results",
            try_this="wait for it to end, or give this one `--config results=OTHER_FOLDER`",
            kind="output",
        )
    steps = _lock(restricted / STEP_LOCK, fcntl.LOCK_EX)
    if steps is None:
        held.close()
        raise UserError(
            "a step of an earlier run is still at work on these results, though its run has ended",
            where=str(restricted.parent),
            expected="no process that writes there",
            try_this="wait for it to end, or look for it with `ps -ef | grep trdanalysis`",
            kind="output",
        )
    steps.close()
    return held


@contextmanager
def at_work(log: Path | None) -> Iterator[None]:
    """Say, while the block runs, that a step is at work on results.

    Whose run was killed alone may go on for a while; should the next run begin before it ends, it
    would put what it made of earlier input in the place of what that run made.

    Parameters
    ----------
    log
        The step's log, by which the results are found; None, or none below ``restricted``: a verb
        that somebody runs by hand, and that is no step.
    """
    parents = [] if log is None else [one for one in log.parents if one.name == RESTRICTED]
    # Locks of steps are shared: they may work side by side.
    held = _lock(parents[0] / STEP_LOCK, fcntl.LOCK_SH) if parents else None
    try:
        yield
    finally:
        if held is not None:
            held.close()


def _lock(path: Path, how: int) -> IO[str] | None:
    """Lock a file; None where another process holds it.

    On a file system without locks the file is given open and unlocked: two runs at a time are then
    the user's to avoid.
    """
    try:
        make_folder(path.parent)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"a result cannot be written: {error.strerror}",
            where=str(path),
            try_this="check that the folder is writable and the disk is not full",
            kind="output",
        ) from None
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    except OSError:
        pass
    return file
