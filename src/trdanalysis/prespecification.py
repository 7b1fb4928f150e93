"""Pre-specification: what an analysis was fixed by, and whether that has changed since.

What is kept holds no clock and no host: the same configuration gives the same file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trdanalysis import __version__
from trdanalysis.errors import UserError
from trdanalysis.layout import FROZEN, NAME_TABLES, SITE_NAMES
from trdanalysis.project import find_by_id, find_table
from trdanalysis.settings import USED_BY, read_yaml

#: Settings that change no number: disclosure decides what is shown of them, not what they are.
_SETTINGS_OF_RELEASES = {"disclosure_policy", "journal", "release_date", "release_licence"}

#: Settings that change numbers.
FROZEN_SETTINGS = tuple(
    sorted({key for keys in USED_BY.values() for key in keys} - _SETTINGS_OF_RELEASES)
)

#: Reference tables that change numbers.
FROZEN_TABLES = (*NAME_TABLES, "scales.csv", "published_rates.csv")

_PARTS = ("settings", "definitions", "reference")


@dataclass(frozen=True)
class FreezeStatus:
    """Whether what decides the numbers is as it was frozen.

    Attributes
    ----------
    state
        ``never``, ``frozen`` (and unchanged), or ``changed``.
    before_labels
        Whether no labels existed when it was frozen; None where it never was.
    changes
        What has changed since, in words.
    reasons
        Why it was frozen again, for each time that it was.
    """

    state: Literal["never", "frozen", "changed"]
    before_labels: bool | None = None
    changes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def describe_analysis(
    settings: Mapping[str, Any], definition_files: Sequence[Path], reference: Path
) -> dict[str, Any]:
    """Describe what decides the numbers of an analysis.

    Parameters
    ----------
    settings
        Of the configuration; :data:`FROZEN_SETTINGS` are taken.
    definition_files
        Those in use.
    reference
        Folder of reference tables.

    Returns
    -------
    dict
        ``settings`` by name; ``definitions``: by id the hash of each top-level key's content;
        ``reference``: hashes by file name, the file of eligibility among them.
    """
    definitions = {}
    for path in sorted(definition_files):
        content = read_yaml(path)
        definitions[path.stem] = {key: _hash_of(content[key]) for key in sorted(content)}
    tables = {}
    for name in FROZEN_TABLES:
        path = find_table(reference, name)
        if name == SITE_NAMES and not path.is_file():
            continue
        tables[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    trial = find_by_id(reference.parent, "eligibility", settings["trial_eligibility"])
    tables[f"eligibility/{trial.name}"] = hashlib.sha256(trial.read_bytes()).hexdigest()
    return {
        "settings": {name: json.loads(json.dumps(settings[name])) for name in FROZEN_SETTINGS},
        "definitions": definitions,
        "reference": tables,
    }


def _hash_of(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def freeze_analysis(
    now: Mapping[str, Any],
    earlier: Mapping[str, Any] | None,
    *,
    labels_exist: bool,
    reason: str | None,
) -> dict[str, Any]:
    """Give what is to be kept.

    Parameters
    ----------
    now
        What :func:`describe_analysis` gives.
    earlier
        What was kept before; None: nothing.
    labels_exist
        Whether labels have been made already.
    reason
        Why it is frozen again; needed where something has changed since ``earlier``.

    Raises
    ------
    UserError
        Kind ``config``: it was frozen before, has changed since, and no reason is given.
    """
    history: list[dict[str, Any]] = []
    if earlier is not None:
        changes = list_changes(earlier, now)
        if not changes:
            return dict(earlier)
        if reason is None:
            raise UserError(
                f"the analysis was frozen before and has changed since: {'; '.join(changes)}",
                where=FROZEN,
                expected="the configuration and definitions as they were frozen",
                try_this="change them back, or freeze them again and say why:"
                ' freeze --again "the reason, in ten characters or more"',
                kind="config",
            )
        before = {key: earlier[key] for key in (*_PARTS, "version", "labels_existed")}
        history = [*earlier["earlier"], {**before, "frozen_again_because": reason}]
    return {
        **{part: now[part] for part in _PARTS},
        "version": __version__,
        "labels_existed": labels_exist,
        "earlier": history,
    }


def compare_frozen(frozen: Mapping[str, Any] | None, now: Mapping[str, Any]) -> FreezeStatus:
    """Tell whether an analysis is as it was frozen.

    Parameters
    ----------
    frozen
        What :func:`freeze_analysis` gave; None: it never was.
    now
        What :func:`describe_analysis` gives.
    """
    if frozen is None:
        return FreezeStatus("never")
    changes = list_changes(frozen, now)
    return FreezeStatus(
        state="changed" if changes else "frozen",
        before_labels=not frozen["labels_existed"],
        changes=tuple(changes),
        reasons=tuple(one["frozen_again_because"] for one in frozen["earlier"]),
    )


def list_changes(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Tell in words how two analyses differ, each as :func:`describe_analysis` gives it."""
    changes = []
    for name in sorted({*frozen["settings"], *now["settings"]}):
        before, after = frozen["settings"].get(name), now["settings"].get(name)
        if before != after:
            changes.append(f"{name}: {_show(before)} is now {_show(after)}")
    for name in sorted({*frozen["definitions"], *now["definitions"]}):
        before, after = frozen["definitions"].get(name), now["definitions"].get(name)
        if before is None or after is None:
            changes.append(f"definition {name}: {'added' if before is None else 'removed'}")
        elif before != after:
            keys = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
            changes.append(f"definition {name}: {', '.join(keys)}")
    for name in sorted({*frozen["reference"], *now["reference"]}):
        if frozen["reference"].get(name) != now["reference"].get(name):
            changes.append(f"file {name}" if "/" in name else f"reference table {name}")
    return changes


def _show(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def read_frozen(path: Path) -> dict[str, Any] | None:
    """Read what was kept; None where nothing was.

    Raises
    ------
    UserError
        Kind ``config``: the file is damaged.
    """
    if not path.is_file():
        return None
    needed = {*_PARTS, "version", "labels_existed", "earlier"}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        whole = isinstance(data, dict) and set(data) == needed
    except (ValueError, UnicodeDecodeError):
        whole = False
    if not whole:
        raise UserError(
            "the file of what was frozen is damaged",
            where=str(path),
            expected="the file as `python -m trdanalysis freeze` wrote it",
            try_this="take it back from version control",
            kind="config",
        )
    kept: dict[str, Any] = data
    return kept
