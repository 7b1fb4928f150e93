"""The manifest of published files: what each is, and everything that it was made from.

It holds no clock, host, user or path of a machine, and nothing of a drop but its id, what its
``drop.yaml`` says and one hash: the same input gives the same bytes, and it may leave with the
rest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError

from trdanalysis.errors import UserError
from trdanalysis.settings import StrictModel

#: Changes when a manifest of one form cannot be read as the other.
FORMAT = "trdanalysis-manifest-1"

_HASH = r"^[0-9a-f]{64}$"
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}"
#: A file, or one in a folder: no path leads out of where the manifest is.
_FILE_NAME = rf"(?:{_NAME}/)?{_NAME}"


class FileFacts(StrictModel):
    """What is said of one published file; no ``rows`` and ``columns`` where it is no table."""

    sha256: str = Field(pattern=_HASH)
    size: int = Field(ge=0)
    rows: int | None
    columns: tuple[str, ...] | None
    made_by: str


class Tool(StrictModel):
    """The program, and the commit it was checked out from; null where that is not known."""

    name: str
    version: str
    commit: str | None
    commit_date: str | None
    clean: bool | None


class Environment(StrictModel):
    """Python and packages; ``as_locked`` is null where there was no lock to compare with."""

    python: str
    packages: dict[str, str]
    as_locked: bool | None


class DropFacts(StrictModel):
    """A drop; ``sha256`` is over the hashes of its files, see :func:`hash_of_drop`."""

    drop_id: str
    mode: str
    source: str
    synthetic: bool
    sha256: str = Field(pattern=_HASH)


class DefinitionFacts(StrictModel):
    """A definition: the hash of its file, and of what stands under each of its keys."""

    title: str
    sha256: str = Field(pattern=_HASH)
    keys: dict[str, str]


class PolicyFacts(StrictModel):
    """The disclosure policy: the hash of its file, and what it says."""

    id: str
    sha256: str = Field(pattern=_HASH)
    content: dict[str, Any]


class Manifest(StrictModel):
    """Everything that is said of a folder of published files.

    Attributes
    ----------
    is_draft
        Whether it is for looking only: a draft stays where the records are.
    commands
        Command by the verb that ``made_by`` names, and ``workflow``, which runs them all. Paths are
        those of a run with the configuration's own folders.
    settings, settings_sha256
        Every setting that decides what is published, from ``--config`` too; the hash of them.
    config
        Hashes of the other files of ``config/`` that decide it, by name; null: there is none.
    reference
        Hashes of reference tables by name.
    """

    format: str
    is_draft: bool
    tool: Tool
    environment: Environment
    commands: dict[str, str]
    drops: tuple[DropFacts, ...]
    definitions: dict[str, DefinitionFacts]
    settings: dict[str, Any]
    settings_sha256: str = Field(pattern=_HASH)
    config: dict[str, str | None]
    reference: dict[str, str]
    policy: PolicyFacts
    files: dict[str, FileFacts]


def hash_of_drop(files: Mapping[str, str]) -> str:
    """Give one hash for a drop.

    Parameters
    ----------
    files
        SHA-256 by file name.

    Returns
    -------
    str
        The SHA-256 of lines ``<hash>  <name>``, in byte order of the names: what
        ``sha256sum * | sha256sum`` prints in the drop's folder with ``LC_ALL=C``.
    """
    names = sorted(files, key=lambda name: name.encode())
    return hash_text("".join(f"{files[name]}  {name}\n" for name in names))


def hash_text(text: str) -> str:
    """Give the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def hash_settings(settings: Mapping[str, Any]) -> str:
    """Give the SHA-256 of settings, whatever order they stand in."""
    return hash_text(json.dumps(settings, sort_keys=True, ensure_ascii=False))


def list_commands(
    drops: Sequence[str],
    definitions: Sequence[str],
    policy: str,
    published: str,
) -> dict[str, str]:
    """Give the commands that make published files, with the folders of the configuration.

    Parameters
    ----------
    drops, definitions
        Their ids, in order.
    policy
        Its id.
    published
        Folder of published files within the results.
    """
    restricted = "results/restricted"
    folders = " ".join(f"{restricted}/drops/{name}" for name in drops)
    shared = (
        f" --drops {folders}".rstrip()
        + " --definitions "
        + " ".join(f"config/definitions/{name}.yaml" for name in definitions)
        + f" --policy config/disclosure/{policy}.yaml --frozen config/frozen.json"
        + " --reference config/reference"
    )
    settings = f"{restricted}/settings"
    return {
        "workflow": "snakemake --cores 2",
        "disclose": f"python -m trdanalysis disclose --settings {settings}/disclose.json"
        f" --analysis {restricted}/analysis --environment {settings}/environment.json{shared}"
        f" --out {restricted}/disclosed",
        "publish": f"python -m trdanalysis publish --disclosed {restricted}/disclosed"
        f" --reference config/reference --out results/{published}",
        "describe": f"python -m trdanalysis describe --settings {settings}/describe.json"
        f" --grid config/multiverse.yaml --checkout {settings}/checkout.json"
        f" --environment {settings}/environment.json{shared} --out results/{published}",
    }


def format_manifest(manifest: Manifest) -> str:
    """Give the text of a manifest, the same for the same content."""
    data = manifest.model_dump(mode="json")
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def parse_manifest(text: str, where: str) -> Manifest:
    """Read the text of a manifest.

    Raises
    ------
    UserError
        Kind ``manifest``: it is of another form, or damaged.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise _damaged(where, "it is no JSON") from None
    if not isinstance(data, dict):
        raise _damaged(where, "it holds no keys")
    form = data.get("format")
    if isinstance(form, str) and form != FORMAT:
        raise UserError(
            "the manifest is of another form than this version reads",
            where=where,
            expected=f"`format` to be `{FORMAT}`",
            try_this="verify it with the version that its key `tool` names",
            kind="manifest",
        )
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(str(part) for part in first["loc"])
        raise _damaged(where, f"`{at}`: {first['msg']}") from None
    except RecursionError:
        raise _damaged(where, "it is nested too deeply") from None
    odd = [name for name in manifest.files if not _is_file_name(name)]
    if odd:
        raise _damaged(where, f"{len(odd)} name(s) under `files` are no names of files in a folder")
    return manifest


def _is_file_name(name: str) -> bool:
    return re.fullmatch(_FILE_NAME, name) is not None


def _damaged(where: str, why: str) -> UserError:
    return UserError(
        f"the manifest is damaged: {why}",
        where=where,
        expected="the file as `python -m trdanalysis describe` wrote it",
        try_this="take the release from where it came from again",
        kind="manifest",
    )
