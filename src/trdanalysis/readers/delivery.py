"""Whether a drop has been delivered whole: what a copy that still goes on looks like.

Three signs, none of which needs the tables to be understood: a file with the name of an unfinished
copy; a list of check sums that the files do not fit; a file that changes while it is read. What is
cut off inside a table (a Parquet file without its end, a row with too few fields) its reader tells.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from trdanalysis.errors import UserError
from trdanalysis.readers.drop_info import drop_files

#: Names that copying programs and browsers give to a file until it is whole.
UNFINISHED = re.compile(
    r"\.(part|partial|filepart|crdownload|download|tmp|temp|inprogress|incomplete|uploading|swp)$"
    r"|^~|~$",
    re.IGNORECASE,
)

#: A list of check sums, as `sha256sum * > SHA256SUMS` writes it.
CHECK_SUMS = "SHA256SUMS"

_BLOCK = 1 << 20
_LINE = re.compile(r"^\\?([0-9a-fA-F]{64}) [ *](?:\./)?(.+)$")


def check_delivery(folder: Path) -> None:
    """Refuse a drop of which a file is still being copied.

    Parameters
    ----------
    folder
        The drop's folder.

    Raises
    ------
    UserError
        Where a file's name is that of an unfinished copy, or :data:`CHECK_SUMS` stands in the
        folder and names a file that is missing or otherwise, or leaves a file out.
    """
    unfinished = sorted(
        path.name for path in folder.iterdir()
        if path.is_file() and (UNFINISHED.search(path.name) or _is_hidden_copy(path.name))
    )  # fmt: skip
    if unfinished:
        raise UserError(
            f"{len(unfinished)} file(s) are still being copied, by their name",
            where=f"{folder.name}: {', '.join(unfinished[:5])}",
            expected="whole files only",
            try_this="run again when the copy has ended, or remove what an interrupted one left",
        )
    declared = read_check_sums(folder)
    if declared is None:
        return
    found = {name: digest for name, (_, digest) in digest_files(folder).items()}
    found.pop(CHECK_SUMS, None)
    wrong = sorted(name for name in declared if found.get(name) != declared[name])
    unlisted = sorted(set(found) - set(declared))
    if wrong or unlisted:
        parts = [f"not there: {name}" for name in wrong if name not in found]
        parts += [f"otherwise than declared: {name}" for name in wrong if name in found]
        parts += [f"not in the list: {name}" for name in unlisted]
        raise UserError(
            f"{len(parts)} file(s) do not fit the list of check sums: the delivery is not whole,"
            " or is not the one that was declared",
            where=f"{folder.name}/{CHECK_SUMS}; " + "; ".join(parts[:5]),
            expected="every file of the drop, with the SHA-256 that the list gives",
            try_this=f"copy the drop again, or write the list anew: sha256sum * > {CHECK_SUMS}",
        )


def _is_hidden_copy(name: str) -> bool:
    """Tell the name that rsync gives a table until it is whole: `.patients.csv.Xa3dQ1`."""
    return re.match(r"^\..+\.(csv|parquet|yaml)\.[A-Za-z0-9]{6}$", name) is not None


def read_check_sums(folder: Path) -> dict[str, str] | None:
    """Read the declared SHA-256 of each file; None where the drop declares none.

    Raises
    ------
    UserError
        Where a line is no check sum and name, or no line stands there.
    """
    path = folder / CHECK_SUMS
    if not path.is_file():
        return None
    declared: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = _LINE.match(line)
        if match is None:
            raise UserError(
                "a line is no check sum with a file's name",
                where=f"{folder.name}/{CHECK_SUMS}, line {number}",
                expected="64 hexadecimal digits, two spaces and the name of a file",
                try_this=f"write it with: sha256sum * > {CHECK_SUMS}",
            )
        if match[2] != CHECK_SUMS:
            declared[match[2]] = match[1].lower()
    if not declared:
        raise UserError(
            "the list of check sums is empty",
            where=f"{folder.name}/{CHECK_SUMS}",
            try_this="wait for the copy to end, or remove the list",
        )
    return declared


def digest_files(
    folder: Path, known: Mapping[str, tuple[str, str]] | None = None
) -> dict[str, tuple[str, str]]:
    """Give stamp and SHA-256 of every file that a drop's tables may depend on, by name.

    Parameters
    ----------
    folder
        The drop's folder.
    known
        What this gave in earlier times, by path. A file whose stamp is the same is not read again.

    Returns
    -------
    dict
        The stamp that stood when reading began (see :func:`stamp_of`) and the digest, which is
        ``missing`` or ``unreadable`` where there is none.
    """
    earlier = known or {}
    digests = {}
    for path in drop_files(folder):
        stamp = stamp_of(path)
        kept = earlier.get(str(path))
        if stamp is None:
            digests[path.name] = ("", "missing")
        elif kept is not None and kept[0] == stamp:
            digests[path.name] = (stamp, kept[1])
        else:
            digests[path.name] = (stamp, _digest(path))
    return digests


def stamp_of(path: Path) -> str | None:
    """Give what changes whenever a file's content does: size, time of change, place on the disk.

    The time of the last change of the entry is among them, which a program that copies cannot set
    back as it can the time of the content.
    """
    try:
        state = path.stat()
    except OSError:
        return None
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ctime_ns}-{state.st_ino}"


def _digest(path: Path) -> str:
    made = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                made.update(block)
    except OSError:
        return "unreadable"
    return made.hexdigest()


def stamps_of(folder: Path) -> dict[str, str | None]:
    """Give the stamp of every file that a drop's tables may depend on."""
    return {path.name: stamp_of(path) for path in drop_files(folder)}


def check_unchanged(folder: Path, before: Mapping[str, str | None]) -> None:
    """Refuse a drop of which a file changed since ``before``: somebody is writing to it.

    Raises
    ------
    UserError
        With the names of the files that changed, came or went.
    """
    now = stamps_of(folder)
    changed = sorted(
        name for name in {*before, *now} if before.get(name) != now.get(name)
    )  # fmt: skip
    if changed:
        raise UserError(
            f"{len(changed)} file(s) changed while they were read: still being copied",
            where=f"{folder.name}: {', '.join(changed[:5])}",
            expected="files that stay as they are until the run has ended",
            try_this="run again when the copy has ended; deliver under a hidden name"
            f" (`.{folder.name}`) and rename the folder when all is there",
        )
