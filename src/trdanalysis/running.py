"""Around a run: one at a time, nothing left of drops that were withdrawn, digests of deliveries."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from trdanalysis.errors import UserError
from trdanalysis.files import (
    has_text,
    write_text,
    write_text_if_changed,
)
from trdanalysis.folders import close_folders, make_folder
from trdanalysis.layout import DISCLOSED, RESTRICTED
from trdanalysis.readers.delivery import digest_files
from trdanalysis.working import claim_results

#: The list, under ``settings``, of withdrawn drops of which something is left.
WITHDRAWN = "withdrawn.json"

#: Folders of ``restricted`` that Snakemake would make, open to whom the umask lets in.
FOLDERS = (
    "analysis", "benchmarks/intake", "cohort/accepted", DISCLOSED, "drops", "history/pending",
    "logs/intake", "settings/drops",
)  # fmt: skip

#: File systems and machines of a network differ by this much without harm.
_NS_TOLERATED = 2_000_000_000

#: Held open as long as this process lives.
_held: list[IO[str]] = []


def begin_run(
    restricted: Path, drops: Iterable[str], planned: Mapping[Path, str] | None = None
) -> None:
    """Begin a run that will write results.

    Parameters
    ----------
    restricted
        The folder ``restricted`` of the results.
    drops
        The ids of all drops there are.
    planned
        What the run was planned with, see :func:`write_planned`.

    Raises
    ------
    UserError
        Kind ``output``, where another run is writing to the same results, or wrote to them since
        this one was planned.
    """
    _held.append(claim_results(restricted))
    if not all(has_text(path, text) for path, text in (planned or {}).items()):
        raise UserError(
            "another run was planned for these results meanwhile, with other settings or drops",
            where=str(restricted.parent),
            expected="one run at a time for a folder of results",
            try_this="run the same command again",
            kind="output",
        )
    for folder in FOLDERS:
        make_folder(restricted / folder)
    for name in drops:
        make_folder(restricted / "drops" / name)
    close_folders(restricted)
    remove_withdrawn(restricted, drops)


def write_planned(restricted: Path, planned: Mapping[Path, str]) -> None:
    """Write the small files that steps depend on, those whose content changes, and no other.

    A run at work reads them as it goes; while there is one, none is changed.

    Raises
    ------
    UserError
        Kind ``output``, where one would change and another run is writing to the same results.
    """
    changed = {path: text for path, text in planned.items() if not has_text(path, text)}
    if not changed:
        return
    with claim_results(restricted):
        for path, text in changed.items():
            write_text(path, text)


def settle_times(results: Path) -> None:
    """Move the times of all results back where one lies ahead of the clock, which was set back.

    Snakemake takes no output that is older than an input, so that no step could end until the clock
    has caught up. All move by as much, and none passes another: what was to be made anew still is.

    Raises
    ------
    UserError
        Kind ``output``, where there is something to move and a run is at work.
    """
    times = {path: path.stat() for path in results.rglob("*") if path.is_file()}
    ahead = max((one.st_mtime_ns for one in times.values()), default=0) - time.time_ns()
    if ahead <= _NS_TOLERATED:
        return
    with claim_results(results / RESTRICTED):
        for path, one in times.items():
            os.utime(path, ns=(one.st_atime_ns, max(one.st_mtime_ns - ahead, 0)))


def render_withdrawn(restricted: Path, drops: Iterable[str]) -> str:
    """Give which drops are gone of which something is left; a job that depends on it is planned.

    Without one, nothing would begin where nothing else is to be done, and they would stay.
    """
    return json.dumps(find_withdrawn(restricted, drops)) + "\n"


def find_withdrawn(restricted: Path, drops: Iterable[str]) -> list[str]:
    """Give the ids of drops that are there no more and of which something is left."""
    present = set(drops)
    gone = set()
    for folder in (restricted / "drops", restricted / "settings" / "drops"):
        for path in folder.iterdir() if folder.is_dir() else ():
            name = path.name if path.is_dir() else path.name.removesuffix(".json")
            if name not in present and not path.name.startswith("."):
                gone.add(name)
    return sorted(gone)


def remove_withdrawn(restricted: Path, drops: Iterable[str]) -> None:
    """Remove what was made of drops that are there no more.

    The cohort loses their patients by itself, since it is pooled of the drops there are.
    """
    for name in find_withdrawn(restricted, drops):
        _remove(restricted / "drops" / name)
        _remove(restricted / "settings" / "drops" / f"{name}.json")
        _remove(restricted / "logs" / "intake" / f"{name}.log")
        _remove(restricted / "benchmarks" / "intake" / f"{name}.tsv")
    write_text_if_changed(restricted / "settings" / WITHDRAWN, render_withdrawn(restricted, drops))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def render_deliveries(
    restricted: Path, drops_folder: Path, drops: Iterable[str]
) -> dict[Path, str]:
    """Give ``settings/drops/<id>.json`` for every drop: the digest of each of its files.

    Snakemake compares large files by their times, and a copy can carry an old time. These small
    files change when, and only when, the content of a drop does. What was read before is not read
    again: its stamp and digest are kept with the logs.
    """
    kept_in = restricted / "logs" / "deliveries.json"
    known = _read_kept(kept_in)
    now: dict[str, tuple[str, str]] = {}
    rendered = {}
    for name in drops:
        found = digest_files(drops_folder / name, known)
        now |= {str(drops_folder / name / file): both for file, both in found.items()}
        digests = {file: found[file][1] for file in sorted(found)}
        path = restricted / "settings" / "drops" / f"{name}.json"
        rendered[path] = json.dumps(digests, indent=1) + "\n"
    write_text_if_changed(kept_in, json.dumps(now, indent=1) + "\n")
    return rendered


def _read_kept(path: Path) -> dict[str, tuple[str, str]]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {name: (stamp, digest) for name, (stamp, digest) in read.items()}
    except (OSError, ValueError, AttributeError):
        return {}
