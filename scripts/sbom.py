"""Write what the software consists of as CycloneDX 1.6: scripts/sbom.py LOCK PYPROJECT OUT

Made of the lock alone, so that the same lock gives the same bytes: no time, no serial number, no
host. Each component has the hashes of the files that set-up accepts. Its scope is `required` where
the package needs it to run, and `excluded` where only development does.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ENTRY = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)\s*(?:;\s*([^\\]*?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    #\s+(?:via\s+)?([A-Za-z0-9][\w.-]*)(?:\s+\(pyproject\.toml\))?$")


@dataclass
class Entry:
    """One package of a lock."""

    name: str
    version: str
    marker: str | None
    hashes: list[str] = field(default_factory=list)
    #: Packages that need this one.
    via: set[str] = field(default_factory=set)

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def canonical(name: str) -> str:
    """Write a package's name as the index does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> list[Entry]:
    """Read the entries of a lock, in its order."""
    entries: list[Entry] = []
    for line in text.splitlines():
        begins = _ENTRY.match(line)
        if begins is not None:
            entries.append(Entry(canonical(begins[1]), begins[2], begins[3] or None))
        elif entries:
            entries[-1].hashes += _HASH.findall(line)
            needed_by = _VIA.match(line)
            if needed_by is not None and needed_by[1] != "via":
                entries[-1].via.add(canonical(needed_by[1]))
    return entries


def find_required(entries: Iterable[Entry], direct: Iterable[str]) -> set[str]:
    """Give the names of what is needed to run: direct dependencies and what they need."""
    needs: dict[str, set[str]] = {}
    for entry in entries:
        for other in entry.via:
            needs.setdefault(other, set()).add(entry.name)
    found: set[str] = set()
    waiting = [canonical(name) for name in direct]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, set())
    return found


def make_sbom(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """Make the bill of materials.

    Parameters
    ----------
    lock
        Text of the lock.
    project
        The table `project` of pyproject.toml.
    """
    entries = sorted(read_lock(lock), key=lambda entry: (entry.name, entry.version))
    direct = {canonical(re.split(r"[\s\[<>=!~;]", line)[0]) for line in project["dependencies"]}
    required = find_required(entries, direct)
    purls: dict[str, list[str]] = {}
    for entry in entries:
        purls.setdefault(entry.name, []).append(entry.purl)
    own = f"pkg:pypi/{project['name']}@{project['version']}"
    needs: dict[str, set[str]] = {own: {one for name in direct for one in purls.get(name, [])}}
    for entry in entries:
        needs.setdefault(entry.purl, set())
        for other in entry.via & purls.keys():
            for purl in purls[other]:
                needs.setdefault(purl, set()).add(entry.purl)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": own,
            }
        },
        "components": [_component(entry, entry.name in required) for entry in entries],
        "dependencies": [
            {"ref": purl, "dependsOn": sorted(others)} if others else {"ref": purl}
            for purl, others in sorted(needs.items())
        ],
    }


def _component(entry: Entry, is_required: bool) -> dict[str, Any]:
    properties = [{"name": "python:marker", "value": entry.marker}] if entry.marker else []
    return {
        "type": "library",
        "bom-ref": entry.purl,
        "name": entry.name,
        "version": entry.version,
        "scope": "required" if is_required else "excluded",
        "purl": entry.purl,
        "externalReferences": [
            {
                "type": "distribution",
                "url": entry.purl,
                "comment": "the files of this version that set-up accepts",
                "hashes": [{"alg": "SHA-256", "content": one} for one in sorted(entry.hashes)],
            }
        ],
        **({"properties": properties} if properties else {}),
    }


def main(lock: str, pyproject: str, out: str) -> None:
    """Write the bill of materials of a lock."""
    project = tomllib.loads(Path(pyproject).read_text(encoding="utf-8"))["project"]
    made = make_sbom(Path(lock).read_text(encoding="utf-8"), project)
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(f"{path}: {len(made['components'])} components")


if __name__ == "__main__":
    main(*sys.argv[1:])
