"""The report in a browser: it opens offline, fits the screen, and prints."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.report_pages import published, report_tables
from trdanalysis.report.page import render_report

CHROMIUM = (
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    # Nothing outside the page can be reached.
    "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking",
)  # fmt: skip
#: Says in the title how wide the page is, and how often a figure or table lies outside the window.
PROBE = """<script>
const wide = document.documentElement.scrollWidth;
const out = [...document.querySelectorAll("p, li, h1, h2, h3, figcaption, .scroll")]
  .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1).length;
const blank = [...document.querySelectorAll("svg")].filter(one => !one.getBBox().width).length;
document.title = `wide ${wide} of ${window.innerWidth}, out ${out}, blank ${blank}`;
</script>"""


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(report_tables(published()))


def open_page(folder: Path, text: str, *options: str) -> str:
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    command = [*CHROMIUM, f"--user-data-dir={folder / 'profile'}", *options, file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.mark.parametrize("width", [500, 800, 1200])
def test_the_page_fits_the_screen(page: str, tmp_path: Path, width: int) -> None:
    probed = page.replace("</body>", PROBE + "</body>")
    shown = open_page(tmp_path, probed, f"--window-size={width},900", "--dump-dom")
    title = re.search(r"<title>(.*)</title>", shown)
    assert title is not None
    found = re.fullmatch(r"wide (\d+) of (\d+), out (\d+), blank (\d+)", title[1])
    assert found is not None, title[1]
    wide, window, out, blank = map(int, found.groups())
    assert wide <= window
    assert out == 0
    assert blank == 0


def test_the_page_prints(page: str, tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    open_page(tmp_path, page, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert 4 <= data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") <= 40
