"""What a run is made with: the commit of the code, and the packages of the environment.

Both are found out when a run is planned and kept as small files that change only when they do, so
that Snakemake sees a change and says so. No step asks for itself.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from trdanalysis import __version__

PACKAGE = "trdanalysis"
LOCK = "requirements.lock"

#: What of a checkout decides results. Notes, tests and scratch files beside it make none unclean.
CODE_PATHS = ("Snakefile", "config", "pyproject.toml", LOCK, "src", "workflow")

_SECONDS = 60


def describe_checkout(project: Path) -> dict[str, Any]:
    """Describe the checkout that a project is run from.

    Parameters
    ----------
    project
        Folder of the project.

    Returns
    -------
    dict
        ``commit`` and ``commit_date`` (day, UTC) of its last commit, and ``clean``: whether
        :data:`CODE_PATHS` are as committed. All null where the project is no Git checkout, or Git
        cannot tell. ``as_locked``: whether every package of the environment has a version that the
        lock names; null without a lock.
    """
    return {**_describe_commit(project), "as_locked": _is_locked(project / LOCK)}


def _describe_commit(project: Path) -> dict[str, Any]:
    unknown = {"commit": None, "commit_date": None, "clean": None}
    # A copy that lies in a folder of somebody else's repository is no checkout of ours.
    if _git(project, "ls-files", "--error-unmatch", "Snakefile") is None:
        return unknown
    head = _git(project, "show", "--no-patch", "--format=%H %cd", "--date=format-local:%F", "HEAD")
    changed = _git(project, "status", "--porcelain", "--untracked-files=all", "--", *CODE_PATHS)
    if head is None or changed is None:
        return unknown
    commit, day = head.split()
    return {"commit": commit, "commit_date": day, "clean": changed == ""}


def _git(project: Path, *arguments: str) -> str | None:
    """Ask Git, which writes nothing; None where it cannot tell."""
    # A hook or a shell may point Git at another repository.
    environment = {key: text for key, text in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"TZ": "UTC", "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", *arguments]
    try:
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def describe_environment() -> dict[str, Any]:
    """Describe the environment: its Python, and the packages that the project needs of it.

    Returns
    -------
    dict
        ``python``: its version; ``packages``: version by name, of the project and of everything it
        needs to run, directly or not. What else is installed changes no result and is left out.
    """
    return {"python": platform.python_version(), "packages": _needed_packages()}


@cache
def _needed_packages() -> dict[str, str]:
    found = {PACKAGE: __version__}
    done: set[tuple[str, str]] = set()
    waiting = [(PACKAGE, "")]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in done:
            continue
        done.add((name, extra))
        try:
            installed = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found.setdefault(name, installed.version)
        for line in installed.requires or []:
            wish = Requirement(line)
            if wish.marker is None or wish.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(wish.name), one) for one in ("", *wish.extras)]
    return dict(sorted(found.items()))


def _is_locked(lock: Path) -> bool | None:
    if not lock.is_file():
        return None
    text = lock.read_text(encoding="utf-8")
    # A lock for several platforms may name a package more than once.
    pairs = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", text, flags=re.MULTILINE)
    locked = {(canonicalize_name(name), version) for name, version in pairs}
    return all(pair in locked for pair in _needed_packages().items() if pair[0] != PACKAGE)
