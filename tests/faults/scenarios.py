"""Runs that something disturbs: a full or read-only disk, no memory, a wrong clock, another run.

Each ends with what is wrong, in words; empty: the disturbed run said plainly what to do, and the
next one made what an undisturbed run makes. The disk that is filled is a real one of some hundred
kilobytes, and is there in a namespace of its own, which takes root.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.kills import compare_with_undisturbed
from tests.workflow.conftest import Project

Undisturbed = dict[str, str]


#: A run that completes is what the next is compared with, which the release tells.
_INCOMPLETE = "--until disclose"


class NotPossibleError(Exception):
    """This machine does not have what a scenario takes."""


def _run(project: Project, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script of Bash in the project; `$run` begins a run."""
    environment = dict(os.environ) | {
        "PYTHONPATH": str(project.tool / "src"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "run": f"{shlex.quote(sys.executable)} -m snakemake --cores 2",
    }
    return subprocess.run(
        ["bash", "-uc", script], cwd=project.folder, env=environment, capture_output=True,
        text=True, timeout=1800,
    )  # fmt: skip


def _judge_first(project: Project, *words: str) -> list[str]:
    """Look at what the disturbed run said, in the file `first`, and how it ended, in `code`."""
    said = (project.folder / "first").read_text(encoding="utf-8")
    wrong = (
        ["the disturbed run ended well"] if (project.folder / "code").read_text() == "0\n" else []
    )
    wrong += [f"no word of `{word}`" for word in words if word not in said]
    if "Traceback" in said or "OSError in file" in said:
        wrong.append("the disturbed run shows a traceback")
    return [f"{one}: {said[-2500:]}" for one in wrong]


def _need_root() -> None:
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"]).returncode != 0:
        raise NotPossibleError("it takes root, to mount a disk in a namespace of its own")


def fill_the_disk(project: Project, undisturbed: Undisturbed) -> list[str]:
    """Run on a disk with room for some steps; then with room for all."""
    _need_root()
    wrong = []
    # What stands in the folder of results before any run, and so not on the small disk.
    read_me = (project.results / "README.md").read_bytes()
    for size in ("150k", "700k", "4m"):
        shutil.rmtree(project.results, ignore_errors=True)
        inner = (
            f"mkdir results; mount -t tmpfs -o size={size} tmpfs results;"
            "$run >first 2>&1; echo $? >code;"
            "mount -o remount,size=500m results; $run >second 2>&1 || exit 7;"
            "cp -a results whole"
        )
        done = _run(project, f"unshare -m bash -uc {shlex.quote(inner)}")
        wrong += [f"{size}: {one}" for one in _judge_first(project, "No space left on device")]
        if done.returncode != 0:
            told = (project.folder / "second").read_text()
            return [*wrong, f"{size}: the next run fails: {told[-2500:]}"]
        project.results.rmdir()
        (project.folder / "whole").rename(project.results)
        (project.results / "README.md").write_bytes(read_me)
        wrong += [f"{size}: {one}" for one in compare_with_undisturbed(project, undisturbed)]
    return wrong


def forbid_writing(project: Project, undisturbed: Undisturbed) -> list[str]:
    """Run with results that are mounted for reading, some of them there; then for writing."""
    _need_root()
    inner = (
        "$run --until intake >before 2>&1; mount --bind results results;"
        "mount -o remount,ro,bind results; $run --config reference_rate=0.31 >first 2>&1;"
        "echo $? >code"
    )
    _run(project, f"unshare -m bash -uc {shlex.quote(inner)}")
    return _judge_first(project, "Read-only file system") + _end_well(project, undisturbed)


def take_memory(project: Project, undisturbed: Undisturbed) -> list[str]:
    """Run with less memory than the engine asks for; then with all."""
    _run(project, "ulimit -v 900000; $run >first 2>&1; echo $? >code")
    return _judge_first(project, "no more memory") + _end_well(project, undisturbed)


def run_twice_at_once(project: Project, undisturbed: Undisturbed) -> list[str]:
    """Begin two runs of other settings at once; at most one may write, and says so to the other."""
    _run(
        project,
        f"$run {_INCOMPLETE} >one 2>&1 & first=$!;"
        f"$run {_INCOMPLETE} --config reference_rate=0.31 >two 2>&1; echo $? >code2;"
        "wait $first; echo $? >code1",
    )
    wrong = []
    for said, code in (("one", "code1"), ("two", "code2")):
        text = (project.folder / said).read_text()
        refused = "one run at a time" in text
        if (project.folder / code).read_text() != "0\n" and not refused:
            wrong.append(f"a run fails for another reason: {text[-2500:]}")
        if "Traceback" in text:
            wrong.append(f"a run shows a traceback: {text[-2500:]}")
    return wrong + _end_well(project, undisturbed)


def set_back_the_clock(project: Project, undisturbed: Undisturbed) -> list[str]:
    """Run with other settings the day after tomorrow; then, with these, today."""
    if shutil.which("faketime") is None:
        raise NotPossibleError("it takes the Debian package faketime")
    # Waits go by the clock that counts on from the start; a false one makes them last for ever.
    script = "export FAKETIME_DONT_FAKE_MONOTONIC=1; faketime -f +2d $run"
    done = _run(project, f"{script} {_INCOMPLETE} --config reference_rate=0.31 >first 2>&1")
    if done.returncode != 0:
        told = (project.folder / "first").read_text()
        return [f"the run before the clock was set back fails: {told[-2500:]}"]
    return _end_well(project, undisturbed)


def _end_well(project: Project, undisturbed: Undisturbed) -> list[str]:
    done = project.snakemake()
    if done.returncode != 0:
        return [f"the next run fails: {(done.stdout + done.stderr)[-2500:]}"]
    return compare_with_undisturbed(project, undisturbed)


SCENARIOS: dict[str, Callable[[Project, Undisturbed], list[str]]] = {
    "a full disk": fill_the_disk,
    "read-only results": forbid_writing,
    "no memory": take_memory,
    "two runs at once": run_twice_at_once,
    "a clock set back": set_back_the_clock,
}
