"""The documentation site is built with warnings as errors, and asks nothing of a network."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support import ROOT

#: Attributes by which a page loads something; links that a reader follows are not among them.
LOADING = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src",
    "audio": "src", "embed": "src", "object": "data",
}  # fmt: skip
LINK_RELATIONS = {"stylesheet", "preload", "icon", "preconnect", "dns-prefetch", "prefetch"}


class Loaded(HTMLParser):
    """Collects what a page loads, and the anchors and links of it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag in LOADING and LOADING[tag] in told:
            self.loaded.append(told[LOADING[tag]])
        if tag == "link" and LINK_RELATIONS & set(told.get("rel", "").split()):
            self.loaded.append(told.get("href", ""))
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if "id" in told:
            self.anchors.add(told["id"])


def build(folder: Path, *, docs: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Build the site into a folder, as `make docs` does."""
    command = [sys.executable, "-m", "mkdocs", "build", "--clean", "--site-dir", str(folder)]
    # Anything that wanted to fetch something would fail at once.
    dead = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    environment = {"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1", **dead}
    return subprocess.run(
        command, cwd=docs or ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site once."""
    folder = tmp_path_factory.mktemp("site") / "site"
    done = build(folder)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def read_pages(site: Path) -> dict[Path, Loaded]:
    found = {}
    for path in sorted(site.rglob("*.html")):
        found[path] = Loaded()
        found[path].feed(path.read_text(encoding="utf-8"))
    return found


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    for path, page in read_pages(site).items():
        for address in page.loaded:
            assert not re.match(r"(https?:)?//", address), f"{path.name} loads {address}"
            target = (path.parent / address.split("?")[0]).resolve()
            if path.name != "404.html":
                assert target.is_file(), f"{path.name} loads {address}"
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(['\"]?https?:|@import", style.read_text(encoding="utf-8"))


def test_links_lead_somewhere(site: Path) -> None:
    pages = read_pages(site)
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            address, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = (path.parent / address).resolve() if address else path
            assert target.exists(), f"{path.name} links to {link}"
            if anchor and target in pages:
                assert anchor in pages[target].anchors, f"{path.name} links to {link}"


def test_search_works_from_disk(site: Path) -> None:
    assert (site / "search" / "search_index.js").is_file()
    shims = [
        each for each in read_pages(site)[site / "index.html"].loaded if "iframe-worker" in each
    ]
    assert shims == ["assets/javascripts/iframe-worker.js"]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("forgotten.md", "# A page that no one put into the navigation\n"),
        ("decisions/9999-broken.md", "# 9999 A link to [nothing](nothing.md)\n"),
        ("decisions/9999-anchor.md", "# 9999 A link to [nothing](../limits.md#nothing)\n"),
    ],
)
def test_a_warning_is_an_error(page: str, text: str, tmp_path: Path) -> None:
    for name in ("docs", "scripts", "config"):
        subprocess.run(["cp", "-r", ROOT / name, tmp_path / name], check=True)
    (tmp_path / "mkdocs.yml").write_bytes((ROOT / "mkdocs.yml").read_bytes())
    (tmp_path / "docs" / page).write_text(text, encoding="utf-8")
    done = build(tmp_path / "site", docs=tmp_path)
    assert done.returncode == 1
    assert "strict mode" in done.stdout + done.stderr
