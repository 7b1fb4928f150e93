"""The report in Chromium: it opens offline, and all that it does works by pointer and keyboard."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report_pages import HOSTILE, TIP
from trdanalysis.spreadsheet import guard_cell

Page = Any
Open = Callable[..., Page]

OPEN_FOLDS = "document.querySelectorAll('main details').forEach(fold => { fold.open = true; })"


def table_of(page: Page, label: str) -> Any:
    return page.get_by_role("region", name=f"Table: {label}", exact=True).locator("table")


def cells_of(table: Any) -> list[list[str]]:
    """Give the texts of a table's rows that stand there, without those that head a group."""
    return table.evaluate(
        """table => [...table.querySelectorAll("tbody tr:not(.group)")].filter(row => !row.hidden)
        .map(row => [...row.cells].map(cell => cell.textContent.replace(/[ \\n]+/g, " ").trim()))"""
    )


def column_of(table: Any, place: int) -> list[str]:
    return [cells[place] for cells in cells_of(table)]


def press_until(page: Page, key: str, reached: str) -> None:
    """Press a key until the focus is on an element that a selector names."""
    for _ in range(300):
        page.keyboard.press(key)
        if page.evaluate("wanted => document.activeElement.matches(wanted)", reached):
            return
    raise AssertionError(f"the keyboard does not reach {reached}")


def test_it_opens_offline_and_says_nothing_wrong(opened: Open) -> None:
    page = opened()
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
    assert page.title().startswith("Treatment resistance")


def test_what_does_not_belong_to_it_neither_runs_nor_loads(
    browser: Any, file: Path, tmp_path: Path
) -> None:
    text = file.read_text(encoding="utf-8")
    inserted = (
        "<script>document.title = 'ran'</script><img src='https://example.org/a.png' "
        "onerror=\"document.title = 'ran'\"><style>h1 { color: rgb(1, 2, 3) }</style>"
        "<link rel=stylesheet href='https://example.org/a.css'>"
    )
    changed = tmp_path / "report.html"
    changed.write_text(text.replace("<h1>", inserted + "<h1>"), encoding="utf-8")
    page = browser.new_page()
    asked: list[str] = []
    refused: list[str] = []
    page.on("requestfinished", lambda one: asked.append(one.url))
    page.on("console", lambda one: refused.append(one.text))
    page.goto(changed.as_uri())
    assert page.title().startswith("Treatment resistance")
    assert page.eval_on_selector("h1", "one => getComputedStyle(one).color") != "rgb(1, 2, 3)"
    assert asked == [changed.as_uri()]
    assert sum("Content Security Policy" in one for one in refused) >= 4
    page.close()


def test_hostile_names_stay_text(opened: Open) -> None:
    page = opened()
    page.evaluate(OPEN_FOLDS)
    table = table_of(page, "Non-response to the first trial, by site")
    assert column_of(table, 0)[-len(HOSTILE) :] == list(HOSTILE)
    assert page.locator("img, main script, main style").count() == 0
    # A name that is turned around turns nothing but itself.
    bidi = page.eval_on_selector("td", "one => getComputedStyle(one).unicodeBidi")
    assert bidi == "isolate"
    # Nothing happens where a pointer goes over them either.
    for place in range(len(HOSTILE)):
        table.locator("tbody tr").nth(-1 - place).hover()


def test_the_keyboard_sorts_a_table(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    press_until(page, "Tab", "[aria-label='Table: what each line counts'] thead button")
    table = table_of(page, "what each line counts")
    head = table.locator("thead th").first
    as_it_was = column_of(table, 0)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column_of(table, 0) == sorted(as_it_was, key=str.lower) != as_it_was
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    assert column_of(table, 0) == sorted(as_it_was, key=str.lower, reverse=True)
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert column_of(table, 0) == as_it_was


@pytest.mark.parametrize("name", ["n", "rate", "95% interval", "p"])
def test_numbers_are_sorted_as_numbers_and_what_has_none_stands_last(
    opened: Open, name: str
) -> None:
    page = opened()
    page.evaluate(OPEN_FOLDS)
    label = "TRD among treated, by factor" if name != "p" else (
        "Non-response to the first trial, by factor"
    )  # fmt: skip
    table = table_of(page, label)
    head = table.locator("thead th").filter(has_text=re.compile(rf"^{re.escape(name)}$"))
    place = head.evaluate("one => one.cellIndex")
    before = column_of(table, place)

    def numbers(text: str) -> list[float]:
        plain = text.replace("\N{NARROW NO-BREAK SPACE}", "").replace("<0.001", "0.0009")
        return [float(one) for one in re.findall(r"\d+(?:\.\d+)?", plain)]

    known = [text for text in before if numbers(text)]
    assert len({tuple(numbers(text)) for text in known}) > 3
    for descending in (False, True):
        head.get_by_role("button").click()
        after = column_of(table, place)
        assert Counter(after) == Counter(before)
        assert [numbers(text) for text in after[: len(known)]] == sorted(
            map(numbers, known), reverse=descending
        )
        assert not any(map(numbers, after[len(known) :]))
    head.get_by_role("button").click()
    assert column_of(table, place) == before


def test_a_filter_keeps_the_heads_of_groups_and_tells_how_many_are_left(opened: Open) -> None:
    page = opened()
    table = table_of(page, "headline rates")
    whole = cells_of(table)
    assert len(whole) == 16
    field = page.get_by_role("searchbox", name="Filter rows: headline rates")
    tools = field.locator("xpath=ancestor::div[@class='tools']")
    count = tools.get_by_role("status")
    field.fill("OTHER  remission")
    assert count.text_content() == "2 of 16 rows"
    assert [cells[0] for cells in cells_of(table)] == ["other", "other"]
    heads = [one.text_content() for one in table.locator("tr.group:visible").all()]
    assert heads == ["Non-remission of an adequate first trial", "Non-remission of the first trial"]
    # Rows are sorted inside their groups.
    table.get_by_role("button", name="Definition").click()
    assert table.locator("tbody").first.locator("tr").first.get_attribute("class") == "group"
    field.press("Escape")
    assert count.text_content() == ""
    table.get_by_role("button", name="Definition").click()
    table.get_by_role("button", name="Definition").click()
    assert cells_of(table) == whole
    field.fill("nothing has this")
    assert count.text_content() == "0 of 16 rows"
    assert table.locator("tbody tr:visible").count() == 0


def download(page: Page, label: str) -> tuple[str, list[list[str]]]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"CSV: {label}", exact=True).click()
    path = waiting.value.path()
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return waiting.value.suggested_filename, list(csv.reader(lines))


def test_a_download_holds_what_the_table_shows(opened: Open) -> None:
    page = opened()
    page.evaluate(OPEN_FOLDS)
    label = "Non-response to the first trial, by site"
    table = table_of(page, label)
    name, rows = download(page, label)
    assert name == "groups_non-response-to-the-first-trial-by-site.csv"
    shown = cells_of(table)
    assert rows[0] == [one.text_content() for one in table.locator("thead th").all()]
    assert rows[1:] == [[guard_cell(cell) for cell in cells] for cells in shown]
    assert ["'=HYPERLINK(1)"] in [cells[:1] for cells in rows]
    # Sorted and filtered, the file is too; a group is a column of it.
    label = "headline rates"
    table_of(page, label).get_by_role("button", name="rate", exact=True).click()
    page.get_by_role("searchbox", name=f"Filter rows: {label}").fill("trd among")
    name, rows = download(page, label)
    assert name == "headline_headline-rates.csv"
    assert rows[0][:3] == ["What", "Definition", "n"]
    assert [cells[1:] for cells in rows[1:]] == cells_of(table_of(page, label))
    assert {cells[0] for cells in rows[1:]} == {
        "TRD among treated", "TRD among treated, not excluded",
    }  # fmt: skip


def test_every_table_can_be_downloaded(opened: Open) -> None:
    page = opened()
    page.evaluate(OPEN_FOLDS)
    tables = page.locator(".scroll > table").filter(has=page.locator("tbody tr:not(.none)"))
    assert tables.count() == page.get_by_role("button", name=re.compile("^CSV: ")).count() > 60
    assert page.locator("table").count() == page.locator(".scroll > table").count()


def test_texts_of_marks_show_by_pointer_and_by_keyboard(opened: Open) -> None:
    page = opened()
    tip, marks = page.locator("#tip"), page.locator("[aria-labelledby=marks] [data-tip]")
    assert tip.is_hidden()
    marks.first.hover()
    assert tip.is_visible() and tip.text_content() == TIP
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.mouse.move(0, 0)
    assert tip.is_hidden()
    page.locator("#marks a").focus()
    press_until(page, "Tab", "[data-tip]")
    assert tip.is_visible()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == TIP
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    for key, place in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowRight", 0), ("ArrowLeft", 2)):
        page.keyboard.press(key)
        assert marks.nth(place).evaluate("one => one === document.activeElement")
        assert tip.is_visible()
    # The whole figure is one stop.
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('[data-tip]')")
    assert tip.is_hidden()


def test_the_contents_lead_and_tell_where_one_is(opened: Open) -> None:
    page = opened()
    contents = page.get_by_role("navigation", name="Contents")
    current = contents.locator("[aria-current]")
    assert current.all_text_contents() == ["At a glance"]
    contents.get_by_role("link", name="Missing outcomes").click()
    page.wait_for_function(
        "document.querySelector('nav [aria-current]').textContent === 'Missing outcomes'"
    )
    assert page.locator("#missing").bounding_box()["y"] < 300
    assert page.url.endswith("#missing")
    # They stay in sight.
    assert contents.get_by_role("link", name="At a glance").bounding_box()["y"] >= 0


def test_folds_open_and_close_together(opened: Open) -> None:
    page = opened()
    closed = page.locator("main details:not([open])")
    number = closed.count()
    assert number > 20
    page.get_by_role("button", name="Open all folds").click()
    assert closed.count() == 0
    page.get_by_role("button", name="Close all folds").click()
    assert closed.count() == number
    page.locator("main summary").first.focus()
    page.keyboard.press("Enter")
    assert closed.count() == number - 1


def test_colours_follow_the_system_or_the_reader(opened: Open) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light, dark = opened().evaluate(paper), opened(scheme="dark").evaluate(paper)
    assert light != dark
    page = opened(scheme="dark")
    choice = page.get_by_label("Colours")
    for name, wanted in (("light", light), ("automatic", dark), ("dark", dark)):
        choice.select_option(name)
        assert page.evaluate(paper) == wanted
    # Paper is light, whatever the screen is.
    page.emulate_media(media="print")
    style = "getComputedStyle(document.documentElement)"
    assert page.evaluate(f"{style}.getPropertyValue('--paper')") == "#ffffff"
