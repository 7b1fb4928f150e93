"""Ask for known vulnerabilities of what locks name: scripts/audit.py PIP_AUDIT LOCK [LOCK ...]

Exit code 0: every package was looked up and none has a known vulnerability. 1: some have. 2: the
advisory service could not be asked, or not about every package: nothing is known then. `pip-audit`
alone ends with 0 where it could look up nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


def ask(pip_audit: str, lock: Path) -> dict[str, Any] | None:
    """Give what `pip-audit` answers about a lock; None where it gives no answer."""
    command = [pip_audit, "--disable-pip", "--no-deps", "--progress-spinner", "off",
               "--format", "json", "--requirement", str(lock)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "dependencies" in answer else None


def count_entries(lock: Path) -> int:
    """Count the packages that a lock names, those for other platforms included."""
    text = lock.read_text(encoding="utf-8")
    return len(set(re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, flags=re.MULTILINE)))


def judge(lock: Path, answer: dict[str, Any] | None) -> tuple[int, list[str]]:
    """Give the exit code for an answer, and what is to be said of it."""
    entries = count_entries(lock)
    if answer is None:
        return UNKNOWN, [f"{lock.name}: the advisory service gave no answer"]
    asked = answer["dependencies"]
    skipped = [one for one in asked if "skip_reason" in one]
    lines = [
        f"{lock.name}: {one['name']} {one['version']}: {found['id']},"
        f" mended in {', '.join(found.get('fix_versions') or ['no version yet'])}"
        for one in asked
        for found in one.get("vulns", [])
    ]
    if lines:
        return VULNERABLE, lines
    if skipped or not asked:
        told = (
            f"{lock.name}: {len(skipped) or entries} of {entries} packages could not be looked up"
        )
        return UNKNOWN, [told + (f", such as {skipped[0]['skip_reason']}" if skipped else "")]
    # Packages for other platforms are in the lock, and are not asked about from here.
    return CLEAN, [f"{lock.name}: no known vulnerability in {len(asked)} packages"]


def main(pip_audit: str, *locks: str) -> int:
    """Audit every lock, and say what was found."""
    codes = set()
    for lock in map(Path, locks):
        code, lines = judge(lock, ask(pip_audit, lock))
        codes.add(code)
        print("\n".join(lines), flush=True)
    if UNKNOWN in codes:
        print(
            "NOT AUDITED: nothing is known of the packages above. See that this machine reaches the"
            " advisory service (behind a proxy: HTTPS_PROXY), or run it on one that does.",
            file=sys.stderr,
        )
    return VULNERABLE if VULNERABLE in codes else max(codes, default=UNKNOWN)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
