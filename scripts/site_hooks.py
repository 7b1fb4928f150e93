"""What MkDocs is told to do beside its configuration.

Pages link to files of the project outside `docs/`, which readers of the repository follow. In the
site such a link leads to a copy of the file; one to a folder is plain text.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")

#: Files that a page links to, by their path within the project.
_linked: dict[str, Path] = {}


def on_config(config: Any) -> Any:
    """Put every decision record into the navigation, by number."""
    section = next(each["Decisions"] for each in config.nav if "Decisions" in each)
    records = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    section += [record.relative_to(DOCS).as_posix() for record in records]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add every file outside `docs/` that a page links to."""
    _linked.clear()
    for file in list(files.documentation_pages()):
        page = DOCS / file.src_uri
        for match in _LINK.finditer(page.read_text(encoding="utf-8")):
            target = _outside(page, match[2])
            if target is not None and target.is_file():
                _linked[target.relative_to(ROOT).as_posix()] = target
    for name, target in sorted(_linked.items()):
        text = target.read_text(encoding="utf-8")
        files.append(File.generated(config, f"files/{name}.txt", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Point links to files outside `docs/` at their copies."""
    here = DOCS / page.file.src_uri
    up = "../" * page.file.src_uri.count("/")

    def lead(match: re.Match[str]) -> str:
        target = _outside(here, match[2])
        if target is None:
            return match[0]
        name = target.relative_to(ROOT).as_posix()
        return f"[{match[1]}]({up}files/{name}.txt)" if name in _linked else match[1]

    return _LINK.sub(lead, markdown)


def _outside(page: Path, link: str) -> Path | None:
    """Give the existing file or folder outside `docs/` that a link leads to, if it does."""
    if "://" in link:
        return None
    target = (page.parent / link).resolve()
    inside = target.is_relative_to(DOCS)
    return target if not inside and target.is_relative_to(ROOT) and target.exists() else None
