"""What a verb says while it works: lines, and on a terminal a bar below them.

Nothing of the bar reaches a file: it is drawn on standard error alone, and only where that is a
terminal. Colours are drawn only there, and not where ``NO_COLOR`` is set.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trdanalysis.folders import make_folder

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

#: How often the engine is asked how far its query is, in seconds.
_SECONDS_BETWEEN = 0.4
_BAR_COLUMNS = 16
#: Below this share a query has hardly begun, or nobody knows.
_LEAST_SHARE = 0.01


def make_console(*, stderr: bool = True) -> Console:
    """Make a console of rich: colours only on a terminal and without ``NO_COLOR``."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


class Bar:
    """A bar of stages, of which the current one may know how far it is.

    Parameters
    ----------
    console
        Of a terminal.
    ask
        Gives the percentage of the engine's query; below 0 where there is none. It is asked from
        another thread.
    """

    def __init__(self, console: Console, ask: Callable[[], float] | None) -> None:
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        # What is done gives way where a terminal is narrow; how far it is does not.
        rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        self.console = console
        self._ask = ask
        self._stage, self._stages, self._note = 0, 0, ""
        self._ended = threading.Event()
        self._progress: Progress = Progress(
            SpinnerColumn(), BarColumn(_BAR_COLUMNS), TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(), TextColumn("{task.description}", markup=False, table_column=rest),
            console=console, transient=True, expand=True, refresh_per_second=4,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._task: TaskID = self._progress.add_task("starting", total=None, told="")
        self._asking = threading.Thread(target=self._keep_asking, daemon=True)

    def start(self) -> None:
        """Draw it."""
        self._progress.start()
        self._asking.start()

    def stop(self) -> None:
        """Take it away."""
        self._ended.set()
        self._asking.join()
        self._progress.stop()

    def stage(self, text: str, of: int | None = None) -> None:
        """Begin a stage; ``of`` says, once, how many there will be."""
        self._stage, self._note = self._stage + 1, ""
        self._stages = of or self._stages
        self._progress.update(
            self._task, description=text, told=self._told(), completed=self._stage - 1,
            total=self._stages if self._stages >= self._stage else None,
        )  # fmt: skip

    def part(self, share: float) -> None:
        """Say how much of the current stage is done, as a fraction."""
        if self._stages >= self._stage > 0:
            self._progress.update(self._task, completed=self._stage - 1 + share)

    def note(self, text: str) -> None:
        """Say something of the current stage, in a few words."""
        self._note = text
        self._progress.update(self._task, told=self._told())

    def _told(self, query: float = 0) -> str:
        parts = (
            f"{self._stage} of {self._stages}" if self._stages >= self._stage > 0 else "",
            self._note,
            f"query {query:.0%}" if _LEAST_SHARE <= query < 1 else "",
        )
        return ", ".join(text for text in parts if text)

    def _keep_asking(self) -> None:
        while self._ask is not None and not self._ended.wait(_SECONDS_BETWEEN):
            self._progress.update(self._task, told=self._told(self._ask() / 100))


_bar: Bar | None = None


@contextmanager
def shown(ask: Callable[[], float] | None = None) -> Iterator[None]:
    """Show a bar while the block runs, where standard error is a terminal that has none yet.

    Parameters
    ----------
    ask
        See :class:`Bar`.
    """
    global _bar
    terminal = _claim_terminal() if _bar is None else None
    if terminal is None:
        yield
        return
    try:
        console = make_console()
        _bar = None if console.is_dumb_terminal else Bar(console, ask)
        if _bar is not None:
            _bar.start()
        yield
    finally:
        if _bar is not None:
            _bar.stop()
        _bar = None
        os.close(terminal)


def stage(text: str, of: int | None = None) -> None:
    """Move the bar, where there is one, to its next stage; see :meth:`Bar.stage`."""
    if _bar is not None:
        _bar.stage(text, of)


def part(done: int, total: int) -> None:
    """Tell the bar, where there is one, how much of the current stage is done."""
    if _bar is not None and total > 0:
        _bar.part(done / total)


def note(text: str) -> None:
    """Let the bar, where there is one, say something of the current stage, in a few words."""
    if _bar is not None:
        _bar.note(text)


def _claim_terminal() -> int | None:
    """Claim the terminal to draw on, until what is given is closed; None where there is none, or
    where another step, which runs side by side with this one, has it.
    """
    if not sys.stderr.isatty():
        return None
    try:
        terminal = os.open(os.ttyname(sys.stderr.fileno()), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return None
    try:
        fcntl.flock(terminal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(terminal)
        return None
    return terminal


class Lines(logging.Handler):
    """Writes messages to standard error: above the bar where there is one, errors in red."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message."""
        text = self.format(record)
        if _bar is None and not sys.stderr.isatty():
            sys.stderr.write(f"{text}\n")
            return
        console = make_console() if _bar is None else _bar.console
        console.print(text, style="red" if record.levelno >= logging.ERROR else None)


class LogFile(logging.FileHandler):
    """Writes messages to a verb's log; what no longer fits on a full disk is told on the terminal
    only, and does not end a step by itself.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Leave out a line that cannot be written; anything else is told as it always was."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close the file, though its last lines may not fit."""
        try:
            super().close()
        except OSError:
            self.stream = None


def start_log(file: Path | None) -> None:
    """Let what is told go to the terminal, and to a file."""
    log = logging.getLogger("trdanalysis")
    log.setLevel(logging.INFO)
    for old in log.handlers[:]:
        log.removeHandler(old)
        old.close()
    _add_handler(log, Lines())
    if file is not None:
        make_folder(file.parent)
        _add_handler(log, LogFile(file, mode="w", encoding="utf-8"))


def _add_handler(log: logging.Logger, handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
