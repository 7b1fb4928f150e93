"""Progress: a bar on a terminal and nowhere else, lines everywhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support import ROOT
from trdanalysis import progress

CODE = """
import logging, sys, time
from trdanalysis.commands.shared import step
from trdanalysis.progress import note, part, shown, start_log
from pathlib import Path
start_log(Path(sys.argv[1]))
shares = iter([-1.0, 40.0, 80.0])
with shown(lambda: next(shares, -1.0)):
    step("first stage", of=2)
    part(1, 4)
    time.sleep(0.6)
    step("  a detail")
    step("second stage")
    note("round 3")
    time.sleep(0.6)
logging.getLogger("trdanalysis").error("Error: something")
print("a result")
"""


def run_on_terminal(log: Path, **environment: str) -> str:
    """Run the code with a terminal as standard error, and give what is drawn there."""
    ours, theirs = pty.openpty()
    drawn: list[bytes] = []

    def read() -> None:
        while True:
            try:
                drawn.append(os.read(ours, 65536))
            except OSError:
                return

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(log)], stdout=subprocess.PIPE, stderr=theirs, cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    )  # fmt: skip
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    assert done.returncode == 0
    assert done.stdout == b"a result\n"
    return b"".join(drawn).decode("utf-8")


def test_a_terminal_shows_a_bar_and_the_log_only_lines(tmp_path: Path) -> None:
    drawn = run_on_terminal(tmp_path / "verb.log")
    for text in ("1 of 2", "2 of 2", "round 3", "\N{BOX DRAWINGS HEAVY HORIZONTAL}", "a detail"):
        assert text in drawn, text
    assert "query 40%" in drawn or "query 80%" in drawn
    assert "\x1b[31mError: something" in drawn
    assert (tmp_path / "verb.log").read_text().splitlines() == [
        "first stage", "  a detail", "second stage", "Error: something",
    ]  # fmt: skip


def test_no_colour_is_drawn_where_none_is_wanted(tmp_path: Path) -> None:
    drawn = run_on_terminal(tmp_path / "verb.log", NO_COLOR="1")
    assert "Error: something" in drawn
    assert "\x1b[31m" not in drawn and "\x1b[3" not in drawn


def test_a_dumb_terminal_has_lines_alone(tmp_path: Path) -> None:
    drawn = run_on_terminal(tmp_path / "verb.log", TERM="dumb")
    assert "first stage" in drawn
    assert "1 of 2" not in drawn and "\x1b" not in drawn


def test_elsewhere_there_are_lines_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "verb.log")], capture_output=True, text=True,
        cwd=ROOT, env={**os.environ, "FORCE_COLOR": "1"},
    )  # fmt: skip
    assert done.stderr == "first stage\n  a detail\nsecond stage\nError: something\n"
    assert done.stdout == "a result\n"


def test_without_a_bar_nothing_happens(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.shown():
        progress.stage("x", 2)
        progress.part(1, 2)
        progress.note("y")
    assert capsys.readouterr() == ("", "")


def test_an_error_below_a_bar_stays_what_it_was() -> None:
    with pytest.raises(FileNotFoundError, match="gone"), progress.shown():
        raise FileNotFoundError("gone")
