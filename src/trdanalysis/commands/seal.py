"""`seal`: keep a release that has left, so that the next ones do not tell more together with it."""

from __future__ import annotations

import shutil
from pathlib import Path

from trdanalysis.commands.shared import step
from trdanalysis.commands.verify import read_manifest, run_verify
from trdanalysis.errors import UserError
from trdanalysis.files import hash_file, read_json, write_aside
from trdanalysis.folders import make_folder
from trdanalysis.layout import (
    ABOUT_PUBLISHED,
    DISCLOSED,
    KNOWN_COUNTS,
    MANIFEST,
    PROVENANCE_FILES,
    PUBLISHED_FILES,
    RELEASE,
    RELEASES,
    RESTRICTED,
    SEALED_FILES,
)
from trdanalysis.places import list_sealed


def run_seal(results: Path) -> Path:
    """Seal the release: a copy of it, and what who has it knows, become an input of later runs.

    Parameters
    ----------
    results
        The folder of results, with the release and what is kept of it.

    Returns
    -------
    Path
        The folder of the sealed release, named by its number.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no release; ``manifest``: its files are not as written, or not
        those of the last run; ``config``: it is a draft, or is sealed already.
    """
    restricted = results / RESTRICTED
    release, releases = results / RELEASE, restricted / RELEASES
    manifest = read_manifest(release)
    if manifest.is_draft:
        raise UserError(
            "a draft stays where the records are, and is not sealed",
            where=str(release),
            try_this="set `draft: false` in config/config.yaml and run `snakemake --cores 2`",
            kind="config",
        )
    text, faults = run_verify(release)
    _check_kept(release, restricted, text, faults)
    sealed = list_sealed(releases)
    same = [folder for folder in sealed if _is_same(folder, release)]
    if same:
        raise UserError(
            f"this release is sealed already, as number {same[-1].name}",
            where=str(same[-1]),
            kind="config",
        )
    target = releases / str(int(sealed[-1].name) + 1 if sealed else 1)
    with write_aside(target) as aside:
        for name in (*PUBLISHED_FILES, *PROVENANCE_FILES):
            make_folder((aside / name).parent)
            shutil.copyfile(release / name, aside / name)
        for name in SEALED_FILES:
            shutil.copyfile(_kept(restricted, name), aside / name)
    step(f"sealed: {target}. The next release takes account of it; so never remove it.")
    return target


def find_sealed(results: Path) -> str | None:
    """Give the number under which the release that lies in the results is sealed; else None."""
    release = results / RELEASE
    same = [
        folder.name
        for folder in list_sealed(results / RESTRICTED / RELEASES)
        if _is_same(folder, release)
    ]
    return same[-1] if same else None


def _is_same(folder: Path, release: Path) -> bool:
    return all(
        hash_file(folder / name) == hash_file(release / name)
        for name in PUBLISHED_FILES
        if (folder / name).is_file()
    )


def _kept(restricted: Path, name: str) -> Path:
    return restricted / name if name == ABOUT_PUBLISHED else restricted / DISCLOSED / name


def _is_of_last_run(release: Path, restricted: Path) -> bool:
    """Say whether the release was made of what is kept, and is as it was made."""
    about = read_json(_kept(restricted, ABOUT_PUBLISHED))
    if about["counts"] != hash_file(_kept(restricted, KNOWN_COUNTS)):
        return False
    hashes = about["files"]
    return all(hashes.get(name) == hash_file(release / name) for name in PUBLISHED_FILES)


def _check_kept(release: Path, restricted: Path, text: str, faults: int) -> None:
    missing = [name for name in SEALED_FILES if not _kept(restricted, name).is_file()]
    other = not faults and not missing and not _is_of_last_run(release, restricted)
    if faults or missing or other:
        what = (
            f"{faults} thing(s) of the release are not as its {MANIFEST} says"
            if faults
            else "the release is not the one that the last run made"
        )
        raise UserError(
            what,
            where=str(release),
            expected="the release as `snakemake` wrote it, before anything else was run",
            try_this=f"see `python -m trdanalysis verify {release}`, or make the release again",
            kind="manifest",
        )
