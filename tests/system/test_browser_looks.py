"""The report in Chromium: it is accessible, fits, prints, and is whole without scripts."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report_pages import published, report_tables
from trdanalysis.report.page import render_report

Open = Callable[..., Any]

#: Width of what stands between the margins of A4, in CSS pixels.
PAPER_WIDTH = 703
OPEN_FOLDS = "document.querySelectorAll('main details').forEach(fold => { fold.open = true; })"


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_fault(opened: Open, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(width)
    page.evaluate(OPEN_FOLDS)
    # Further rows of a table are as the first ones, and each takes its time.
    page.evaluate("document.querySelectorAll('tr:nth-child(n+6)').forEach(row => row.remove())")
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme)
        done = axe.Axe().run(page, options={"resultTypes": ["violations"], **rules}).response
        told = [
            (one["impact"], one["id"], [node["target"] for node in one["nodes"][:3]])
            for one in done["violations"]
        ]
        assert told == [], scheme
        assert done["passes"]


@pytest.mark.parametrize("width", [320, 390, 800, 1100, 1280, 1600])
def test_it_fits_the_screen(opened: Open, width: int) -> None:
    page = opened(width)
    page.evaluate(OPEN_FOLDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    out = page.evaluate(
        """[...document.querySelectorAll("p, li, dd, h1, h2, h3, summary, figcaption, caption,"
        + " .scroll, .tools > *:not([hidden])")]
        .filter(one => one.getBoundingClientRect().right > innerWidth + 1
          || one.getBoundingClientRect().left < 0).map(one => one.outerHTML.slice(0, 100))"""
    )
    assert [one for one in out if "skip" not in one] == []
    blank = "[...document.querySelectorAll('svg')].filter(one => !one.getBBox().width).length"
    assert page.evaluate(blank) == 0
    # What is wider than its region says so, and can be scrolled by keyboard.
    wrong = page.evaluate(
        """[...document.querySelectorAll(".scroll")].filter(one => {
          const hint = one.previousElementSibling.querySelector(".hint");
          const isWide = one.scrollWidth > one.clientWidth + 1;
          return isWide === hint.hidden || isWide !== (one.tabIndex === 0);
        }).length"""
    )
    assert wrong == 0


def test_on_a_phone_the_first_column_stays_and_the_contents_fold(opened: Open) -> None:
    page = opened(390)
    contents = page.locator("nav.contents details")
    assert contents.get_attribute("open") is None
    contents.locator("summary").click()
    contents.get_by_role("link", name="By age band").click()
    assert contents.get_attribute("open") is None
    # The bar at the top hides no heading.
    bar = page.locator("nav.contents").bounding_box()
    assert page.locator("#groups").bounding_box()["y"] >= bar["y"] + bar["height"] - 1
    region = page.get_by_role("region", name="Table: headline rates", exact=True)
    region.scroll_into_view_if_needed()
    head = region.locator("tbody th[scope=row]").first
    before = head.bounding_box()["x"]
    region.evaluate("one => { one.scrollLeft = 250; }")
    assert region.evaluate("one => one.scrollLeft") == 250
    assert head.bounding_box()["x"] == before
    # As much again as the column takes is left for what it names.
    assert head.bounding_box()["width"] < 195


def words_of(text: str) -> Counter[str]:
    # Lines are broken at hyphens and slashes too.
    return Counter(
        one for one in re.split(r"[\s/\N{HYPHEN-MINUS}\N{EN DASH}]+", text) if re.search(r"\w", one)
    )


@pytest.mark.parametrize("scripts", [True, False])
def test_it_prints_whole(browser: Any, tmp_path: Path, scripts: bool) -> None:
    """All rows of all tables are in the PDF, also of those in closed folds."""
    file = tmp_path / "report.html"
    file.write_text(render_report(report_tables(published())), encoding="utf-8")
    page = browser.new_page(java_script_enabled=scripts)
    page.goto(file.as_uri())
    pdf = tmp_path / "report.pdf"
    page.pdf(path=pdf, prefer_css_page_size=True)
    told = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    cells = page.locator("main th, main td").all_text_contents()
    assert len(cells) > 4000
    missing = words_of(" ".join(cells)) - words_of(told)
    assert not missing
    pages = told.split("\f")[:-1]
    assert re.search(rf"1 / {len(pages)}\s*$", pages[0])
    # Heads are repeated where a table goes on.
    shown = page.locator("table.rates").count()
    assert len(re.findall(r"unknown +events +rate", told)) > shown
    # Folds are as they were.
    assert page.locator("main details[open]").count() == 0
    page.close()


def test_no_column_is_cut_on_paper(opened: Open) -> None:
    page = opened(PAPER_WIDTH)
    page.emulate_media(media="print")
    page.evaluate(OPEN_FOLDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_WIDTH
    cut = page.evaluate(
        """width => [...document.querySelectorAll("th, td, caption, figure svg")].filter(one => {
          const range = document.createRange();
          range.selectNodeContents(one);
          return one.getBoundingClientRect().right > width + 1
            || range.getBoundingClientRect().right > width + 1;
        }).map(one => one.outerHTML.slice(0, 120))""",
        PAPER_WIDTH,
    )
    assert cut == []
    assert (
        page.locator(".contents, .tools button, .tools input, .hint")
        .locator("visible=true")
        .count()
        == 0
    )


def test_without_scripts_all_of_it_is_there(opened: Open) -> None:
    whole, plain = opened(), opened(scripts=False)
    for selector in ("table", "tbody tr", "th, td", "svg", "h2", "nav a", "details"):
        assert plain.locator(selector).count() == whole.locator(selector).count() > 0
    assert plain.locator("main button, main input").count() == 0
    fold = plain.locator("main details").first
    fold.locator("summary").click()
    assert fold.locator("td").first.is_visible()
    assert opened(390, scripts=False).locator("nav.contents details a").first.is_visible()
