"""`describe`: the manifest of what was published, and the RO-Crate around it.

A step of its own: a commit changes what is said of a release and no number, so it makes this run
again and not the disclosure control and the report.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trdanalysis import __version__
from trdanalysis.checkout import PACKAGE, describe_environment
from trdanalysis.commands.shared import step
from trdanalysis.errors import UserError
from trdanalysis.files import hash_file, read_json, write_text
from trdanalysis.layout import CRATE, MANIFEST, PROVENANCE_FILES, PUBLISHED_FILES
from trdanalysis.places import is_draft
from trdanalysis.prespecification import describe_analysis
from trdanalysis.report.crate import format_crate
from trdanalysis.report.manifest import (
    FORMAT,
    DefinitionFacts,
    DropFacts,
    Environment,
    FileFacts,
    Manifest,
    PolicyFacts,
    Tool,
    format_manifest,
    hash_of_drop,
    hash_settings,
    list_commands,
)
from trdanalysis.settings import read_yaml

_UNKNOWN_CHECKOUT = {"commit": None, "commit_date": None, "clean": None, "as_locked": None}


@dataclass(frozen=True)
class Sources:
    """Files that published files were made from.

    Attributes
    ----------
    drops
        What intake wrote for each drop.
    definitions
        Definition files, the primary first.
    policy, grid
        The site's disclosure policy; the grid of the multiverse.
    frozen
        What the analysis was fixed by; it need not exist.
    reference
        Folder of reference tables.
    checkout, environment
        What :mod:`trdanalysis.checkout` says, as the plan of the run kept it. None: nothing is
        known of the commit, and the environment is this one.
    """

    drops: list[Path]
    definitions: list[Path]
    policy: Path
    grid: Path
    frozen: Path
    reference: Path
    checkout: Path | None = None
    environment: Path | None = None


def run_describe(sources: Sources, settings: dict[str, Any], out: Path) -> None:
    """Write the manifest and the RO-Crate of published files.

    Parameters
    ----------
    sources
        What they were made from.
    settings
        What :data:`trdanalysis.settings.USED_BY` names for this verb.
    out
        Folder that ``publish`` wrote.

    Raises
    ------
    UserError
        Kind ``not_found``: a published file is not there.
    """
    missing = [name for name in PUBLISHED_FILES if not (out / name).is_file()]
    if missing:
        raise UserError(
            f"{len(missing)} published file(s) are not there: {', '.join(missing)}",
            where=str(out),
            try_this="run `snakemake --cores 2`, which publishes them",
            kind="not_found",
        )
    text = format_manifest(_describe(sources, settings, out))
    write_text(out / MANIFEST, text)
    write_text(out / CRATE, format_crate(text))
    step(f"manifest: {out / MANIFEST}, {len(PUBLISHED_FILES)} files")
    for name in list_extra(out, {*PUBLISHED_FILES, *PROVENANCE_FILES}):
        step(f"  not described, because no step made it: {out / name}")


def _describe(sources: Sources, settings: dict[str, Any], out: Path) -> Manifest:
    checkout = read_json(sources.checkout) if sources.checkout else _UNKNOWN_CHECKOUT
    environment = read_json(sources.environment) if sources.environment else describe_environment()
    analysis = describe_analysis(settings, sources.definitions, sources.reference)
    stays = is_draft(out)
    policy = read_yaml(sources.policy)
    drops = [_describe_drop(read_json(folder / "drop.json")) for folder in sources.drops]
    return Manifest(
        format=FORMAT,
        is_draft=stays,
        tool=Tool(
            name=PACKAGE,
            version=__version__,
            commit=checkout["commit"],
            commit_date=checkout["commit_date"],
            clean=checkout["clean"],
        ),
        environment=Environment(**environment, as_locked=checkout["as_locked"]),
        commands=list_commands(
            [drop.drop_id for drop in drops],
            [path.stem for path in sources.definitions],
            sources.policy.stem,
            "restricted/draft" if stays else out.name,
        ),
        drops=tuple(drops),
        definitions={
            path.stem: DefinitionFacts(
                title=read_yaml(path)["title"],
                sha256=hash_file(path),
                keys=analysis["definitions"][path.stem],
            )
            for path in sources.definitions
        },
        settings=settings,
        settings_sha256=hash_settings(settings),
        config={
            sources.grid.name: hash_file(sources.grid),
            sources.frozen.name: hash_file(sources.frozen) if sources.frozen.is_file() else None,
        },
        reference=analysis["reference"],
        policy=PolicyFacts(
            id=sources.policy.stem, sha256=hash_file(sources.policy), content=policy
        ),
        files={name: describe_file(out / name) for name in sorted(PUBLISHED_FILES)},
    )


def _describe_drop(about: dict[str, Any]) -> DropFacts:
    shown = {key: about[key] for key in ("drop_id", "mode", "source", "synthetic")}
    return DropFacts(**shown, sha256=hash_of_drop(about["files"]))


def describe_file(path: Path) -> FileFacts:
    """Describe one published file; a table is what is called `.csv`, its first row the header."""
    rows = columns = None
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            lines = csv.reader(file)
            try:
                columns = tuple(next(lines, ()))
                rows = sum(1 for _ in lines)
            except csv.Error:
                rows = columns = None
    return FileFacts(
        sha256=hash_file(path),
        size=path.stat().st_size,
        rows=rows,
        columns=columns,
        made_by="publish",
    )


def list_extra(folder: Path, known: set[str]) -> list[str]:
    """Give what stands in a folder and is not known, in order; a folder of which nothing is known
    by itself, with a slash.
    """
    extra = []
    for path in folder.iterdir():
        if not path.is_dir():
            extra += [path.name] if path.name not in known else []
            continue
        own = {name.partition("/")[2] for name in known if name.startswith(f"{path.name}/")}
        inside = list_extra(path, own) if own else [""]
        extra += [f"{path.name}/{name}" for name in inside]
    return sorted(extra)
