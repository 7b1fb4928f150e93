"""In words, how files differ from their manifest, and how one manifest differs from another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trdanalysis.prespecification import list_changes
from trdanalysis.report.manifest import DropFacts, FileFacts, Manifest


def tell_file(then: FileFacts, now: FileFacts) -> str:
    """Tell how a file differs; empty: not at all."""
    if then.sha256 == now.sha256:
        return ""
    parts = [f"sha256 {then.sha256[:12]}... is now {now.sha256[:12]}..."]
    if then.size != now.size:
        parts.append(f"{then.size} bytes, now {now.size}")
    if then.rows != now.rows:
        parts.append(f"{_or_none(then.rows)} rows, now {_or_none(now.rows)}")
    if then.columns != now.columns:
        before, after = then.columns or (), now.columns or ()
        gone = [name for name in before if name not in after]
        new = [name for name in after if name not in before]
        parts += [f"columns gone: {', '.join(gone)}"] if gone else []
        parts += [f"columns new: {', '.join(new)}"] if new else []
        parts += ["columns in another order"] if not gone and not new else []
    return "; ".join(parts)


def compare_manifests(then: Manifest, now: Manifest) -> dict[str, list[str]]:
    """Tell how one manifest differs from an earlier one.

    Returns
    -------
    dict
        Sentences by what they are of: ``kind``, ``code``, ``environment``, ``drops``,
        ``definitions, settings and reference tables``, ``other configuration``, ``policy``,
        ``files``; only where there is one.
    """
    found = {
        "kind": _compare({"draft": then.is_draft}, {"draft": now.is_draft}),
        "code": _compare(then.tool.model_dump(), now.tool.model_dump()),
        "environment": _compare(
            {"python": then.environment.python, "as_locked": then.environment.as_locked}
            | then.environment.packages,
            {"python": now.environment.python, "as_locked": now.environment.as_locked}
            | now.environment.packages,
        ),
        "drops": _compare_drops(then.drops, now.drops),
        "definitions, settings and reference tables": _compare_analysis(then, now),
        "other configuration": _compare_hashes(then.config, now.config),
        "policy": _compare_policy(then, now),
        "files": _compare_files(then.files, now.files),
    }
    return {what: changes for what, changes in found.items() if changes}


def _compare(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}: {_or_none(then.get(key))} is now {_or_none(now.get(key))}"
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key)
    ]


def _or_none(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _compare_hashes(then: Mapping[str, str | None], now: Mapping[str, str | None]) -> list[str]:
    changes = []
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if before != after:
            how = "added" if before is None else "removed" if after is None else "changed"
            changes.append(f"{name}: {how}")
    return changes


def _compare_drops(then: tuple[DropFacts, ...], now: tuple[DropFacts, ...]) -> list[str]:
    before = {drop.drop_id: drop for drop in then}
    after = {drop.drop_id: drop for drop in now}
    changes = []
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            changes.append(f"{name}: {'removed' if name in before else 'added'}")
            continue
        changes += [
            f"{name}: {text}"
            for text in _compare(
                before[name].model_dump(exclude={"sha256"}),
                after[name].model_dump(exclude={"sha256"}),
            )
        ]
        if before[name].sha256 != after[name].sha256:
            changes.append(f"{name}: its files changed")
    if not changes and [*before] != [*after]:
        changes.append("in another order")
    return changes


def _compare_analysis(then: Manifest, now: Manifest) -> list[str]:
    parts = [
        {
            "settings": one.settings,
            "definitions": {name: facts.keys for name, facts in one.definitions.items()},
            "reference": one.reference,
        }
        for one in (then, now)
    ]
    changes = list_changes(*parts)
    for name in sorted({*then.definitions} & {*now.definitions}):
        before, after = then.definitions[name], now.definitions[name]
        if before.sha256 != after.sha256 and before.keys == after.keys:
            changes.append(f"definition {name}: its file, but nothing that it says")
    return changes


def _compare_policy(then: Manifest, now: Manifest) -> list[str]:
    changes = _compare(then.policy.content, now.policy.content)
    if not changes and then.policy.sha256 != now.policy.sha256:
        changes.append(f"{now.policy.id}: its file, but nothing that it says")
    return changes


def _compare_files(then: Mapping[str, FileFacts], now: Mapping[str, FileFacts]) -> list[str]:
    changes = []
    for name in sorted({*then, *now}):
        if name not in then or name not in now:
            changes.append(f"{name}: {'removed' if name in then else 'added'}")
        elif text := tell_file(then[name], now[name]):
            changes.append(f"{name}: {text}")
    return changes
