"""Kill a run with everything it started, again and again, and see what the next one makes of it."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.workflow.conftest import Project

#: Of the files of a run these alone tell how and how long it ran; all others must be reproduced.
ABOUT_THE_RUN = {"benchmarks", "logs"}
#: What a killed process may leave beside a file; the next writer of that file takes it away.
LEFT = (".aside",)


def digests(folder: Path) -> dict[str, str]:
    """Hash every file of the results that a run must reproduce."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not ABOUT_THE_RUN & set(path.relative_to(folder).parts)
    }


def leftovers(folder: Path) -> list[str]:
    """Give what was written aside and never put in place."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if _is_left(path))


def _is_left(path: Path) -> bool:
    return path.name.endswith(LEFT)


def run_and_kill(project: Project, seconds: float, *arguments: str) -> bool:
    """Start a run and kill its whole process group after a time; say whether it still ran."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = str(project.tool / "src")
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=project.folder, env=environment, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        return True
    finally:
        _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
    # A killed process is gone only when the system has taken it away.
    for _ in range(200):
        try:
            os.killpg(process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.05)


def kill_often(
    project: Project, moments: Sequence[float], undisturbed: dict[str, str], *arguments: str
) -> list[str]:
    """Kill runs of a project at moments, then let one end.

    Returns
    -------
    list
        What is wrong then, in words; empty: the results are those of an undisturbed run.
    """
    for moment in moments:
        run_and_kill(project, moment, *arguments)
    done = project.snakemake(*arguments)
    said = done.stdout + done.stderr
    if done.returncode != 0:
        return [f"the next run ends with {done.returncode}: {said[-3000:]}"]
    wrong = ["the next run shows a traceback"] if "Traceback" in said else []
    return wrong + compare_with_undisturbed(project, undisturbed)


def compare_with_undisturbed(project: Project, undisturbed: dict[str, str]) -> list[str]:
    """Say how the results differ from those of an undisturbed run, in words."""
    wrong = []
    made = digests(project.results)
    for name in sorted(set(made) | set(undisturbed)):
        if made.get(name) != undisturbed.get(name):
            what = "is not there" if name not in made else "is not as in an undisturbed run"
            wrong.append(f"{name} {what}" if name in undisturbed else f"{name} should not be there")
    return wrong + [f"{name} was left" for name in leftovers(project.results)]


def draw_moments(seed: int, number: int, longest: float) -> list[float]:
    """Draw the seconds after which runs are killed."""
    drawn = random.Random(seed)
    return [round(drawn.uniform(0.5, longest), 2) for _ in range(number)]
