"""Around a run: one at a time, nothing left of drops that were withdrawn, digests of deliveries.

Snakemake's own lock is a file, which a run that was killed leaves behind; this one the system
takes away with the process that held it, however that ended.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from trdanalysis.errors import UserError
from trdanalysis.files import write_text_if_changed
from trdanalysis.readers.delivery import digest_files

#: The list, under ``settings``, of withdrawn drops of which something is left.
WITHDRAWN = "withdrawn.json"

#: Held open as long as this process lives.
_held: list[IO[str]] = []


def begin_run(restricted: Path, drops: Iterable[str]) -> None:
    """Begin a run that will write results.

    Parameters
    ----------
    restricted
        The folder ``restricted`` of the results.
    drops
        The ids of all drops there are.

    Raises
    ------
    UserError
        Where another run is writing to the same results.
    """
    _lock(restricted)
    remove_withdrawn(restricted, drops)


def _lock(restricted: Path) -> None:
    restricted.mkdir(parents=True, exist_ok=True)
    path = restricted / ".lock"
    file = path.open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise UserError(
            "another run is writing to these results",
            where=str(restricted.parent),
            expected="one run at a time for a folder of results",
            try_this="wait for it to end, or give this one `--config results=OTHER_FOLDER`",
            kind="output",
        ) from None
    except OSError:
        # A file system without locks: two runs at a time are then the user's to avoid.
        pass
    _held.append(file)


def write_withdrawn(restricted: Path, drops: Iterable[str]) -> None:
    """Write which drops are gone of which something is left; a job that depends on it is planned.

    Without one, nothing would begin where nothing else is to be done, and they would stay.
    """
    text = json.dumps(find_withdrawn(restricted, drops)) + "\n"
    write_text_if_changed(restricted / "settings" / WITHDRAWN, text)


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
    write_withdrawn(restricted, drops)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_deliveries(restricted: Path, drops_folder: Path, drops: Iterable[str]) -> None:
    """Write ``settings/drops/<id>.json`` for every drop: the digest of each of its files.

    Snakemake compares large files by their times, and a copy can carry an old time. These small
    files change when, and only when, the content of a drop does. What was read before is not read
    again: its stamp and digest are kept with the logs.
    """
    kept_in = restricted / "logs" / "deliveries.json"
    known = _read_kept(kept_in)
    now: dict[str, tuple[str, str]] = {}
    for name in drops:
        found = digest_files(drops_folder / name, known)
        now |= {str(drops_folder / name / file): both for file, both in found.items()}
        digests = {file: found[file][1] for file in sorted(found)}
        write_text_if_changed(
            restricted / "settings" / "drops" / f"{name}.json", json.dumps(digests, indent=1) + "\n"
        )
    write_text_if_changed(kept_in, json.dumps(now, indent=1) + "\n")


def _read_kept(path: Path) -> dict[str, tuple[str, str]]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {name: (stamp, digest) for name, (stamp, digest) in read.items()}
    except (OSError, ValueError, AttributeError):
        return {}
