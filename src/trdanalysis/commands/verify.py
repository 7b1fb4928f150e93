"""`verify`: whether published files are as their manifest says, and how two releases differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trdanalysis.commands.describe import describe_file, list_extra
from trdanalysis.errors import UserError
from trdanalysis.files import hash_file
from trdanalysis.layout import CRATE, MANIFEST, PROVENANCE_FILES
from trdanalysis.report.manifest import Manifest, hash_settings, parse_manifest
from trdanalysis.report.manifest_changes import compare_manifests, tell_file


def run_verify(folder: Path, against: Path | None = None) -> tuple[str, int]:
    """Verify a folder of published files.

    Parameters
    ----------
    folder
        The folder, with its manifest.
    against
        Another folder with a manifest, or a manifest; only its manifest is read.

    Returns
    -------
    tuple of str and int
        What is as it should be and what is not, for the terminal; number of faults.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no folder or manifest; ``manifest``: a manifest cannot be read.
    """
    manifest = read_manifest(folder)
    earlier = read_manifest(against) if against is not None else None
    faults = _check_files(folder, manifest) + _check_crate(folder, manifest)
    if hash_settings(manifest.settings) != manifest.settings_sha256:
        faults.append(f"changed: {MANIFEST}: its settings are not those that it gives the hash of")
    lines = [f"{folder}: {_tell_what(manifest)}"]
    if faults:
        lines += [f"  {fault}" for fault in faults]
    else:
        lines.append(f"  {len(manifest.files)} files, the manifest and the crate are as written")
    lines.append(f"  sha256 of {MANIFEST}: {hash_file(_manifest_of(folder))}")
    if earlier is not None:
        lines += _tell_differences(against or folder, earlier, manifest)
    return "\n".join(lines) + "\n", len(faults)


def read_manifest(place: Path) -> Manifest:
    """Read the manifest of a folder, or one that is named itself; see :func:`run_verify`."""
    path = _manifest_of(place)
    if not path.is_file():
        raise UserError(
            "there is no manifest",
            where=str(path),
            expected="a folder that `snakemake --cores 2` published",
            try_this="name the folder that holds report.html, or run the workflow again",
            kind="not_found",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return parse_manifest(text, str(path))


def _manifest_of(place: Path) -> Path:
    return place if place.suffix == ".json" else place / MANIFEST


def _tell_what(manifest: Manifest) -> str:
    tool = manifest.tool
    if tool.commit is None:
        code = "commit not known"
    else:
        state = "clean" if tool.clean else "with changes that were not committed"
        code = f"commit {tool.commit[:12]}, {state}"
    kind = "a draft" if manifest.is_draft else "a release"
    drops = ", ".join(drop.drop_id for drop in manifest.drops) or "none"
    return (
        f"{kind} by {tool.name} {tool.version} ({code}); drops: {drops}; definitions:"
        f" {', '.join(manifest.definitions)}; policy: {manifest.policy.id}"
    )


def _check_files(folder: Path, manifest: Manifest) -> list[str]:
    faults = []
    for name, facts in manifest.files.items():
        path = folder / name
        if path.is_symlink():
            faults.append(f"changed: {name}: a link to another file stands in its place")
        elif not path.is_file():
            faults.append(f"missing: {name}")
        elif text := _tell_change(path, facts):
            faults.append(f"changed: {name}: {text}")
    known = {*manifest.files, *PROVENANCE_FILES}
    return faults + [f"extra: {name}" for name in list_extra(folder, known)]


def _tell_change(path: Path, facts: Any) -> str:
    try:
        if hash_file(path) == facts.sha256:
            return ""
        return tell_file(facts, describe_file(path))
    except OSError as error:
        return f"it cannot be read: {error.strerror}"


def _check_crate(folder: Path, manifest: Manifest) -> list[str]:
    """Compare what the crate says of each file with the manifest; another library may write it."""
    path = folder / CRATE
    if not path.is_file():
        return [f"missing: {CRATE}"]
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        said = {entity["@id"]: entity for entity in graph if entity["@type"] == "File"}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return [f"changed: {CRATE}: it is damaged"]
    expected = {name: facts.sha256 for name, facts in manifest.files.items()}
    expected[MANIFEST] = hash_file(folder / MANIFEST)
    wrong = [
        name
        for name in sorted({*expected, *said})
        if said.get(name, {}).get("sha256") != expected.get(name) or name not in said
    ]
    return [f"changed: {CRATE} or {MANIFEST}: they say different things of {name}"
            for name in wrong]  # fmt: skip


def _tell_differences(other: Path, then: Manifest, now: Manifest) -> list[str]:
    changes = compare_manifests(then, now)
    if not changes:
        return [f"against {other}: the same"]
    lines = [f"against {other}:"]
    for what, sentences in changes.items():
        lines += [f"  {what}:", *(f"    {sentence}" for sentence in sentences)]
    return lines
