"""Kill a process at every moment at which it touches a file, one after the other.

The moments are those that Python tells an audit hook of: opening, renaming, linking, making and
removing. A copy of the process (a fork) ends itself there as `kill -9` would.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

TOUCHES = {
    "open", "os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate",
    "shutil.rmtree", "shutil.copyfile", "os.symlink",
}  # fmt: skip


def die_at(touch: int, work: Callable[[], object]) -> bool:
    """Do work in a process that is killed at its so-manyth touch; say whether it came to that."""
    child = os.fork()
    if child == 0:
        _do(touch, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work itself failed"
    return False


def _do(touch: int, work: Callable[[], object]) -> None:
    left = touch

    def count(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in TOUCHES:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(count)
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 -- the copy must never go on as a second test run
        os._exit(1)
