"""The report in Chromium, for the tests of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from markupsafe import Markup, escape

from tests.support import article
from tests.unit.report_pages import TIP, published, report_tables, with_hostile_names
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.report.contents import PAPER, Drawing, Section
from trdanalysis.report.page import render_report

Open = Callable[..., Any]


def make_page() -> str:
    """Render a page with several definitions, with hostile names, and with texts on marks."""
    tables = with_hostile_names(published())
    rates = tables["rates"]
    again = rates[rates["stratum"] == "overall"].assign(definition="other")
    tables["rates"] = pd.concat([rates, again], ignore_index=True)
    own = describe_definition(article())
    definitions = [own, {**own, "id": "other"}]
    marks = "".join(
        f'<rect data-tip="{escape(TIP)}" x="{40 * place}" width="30" height="30"/>'
        for place in range(3)
    )
    drawing = Drawing(
        "marks",
        Markup(f'<svg viewBox="0 0 120 30" role="img" aria-label="Three marks">{marks}</svg>'),
        "Three marks.",
    )
    added = Section("marks", "Marks", PAPER, [drawing])
    return render_report(report_tables(tables, definitions=definitions), [added])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(make_page(), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    # Not a part of the environment of the other tests.
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as driver:
        # Whoever runs as root in a container has no sandbox.
        chromium = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Open]:
    """Give a function that opens the page; whatever the page complains of fails the test."""
    faults: list[str] = []
    contexts = []

    def open_page(width: int = 1280, scheme: str = "light", *, scripts: bool = True) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda one: faults.append(f"request {one.url}"))
        page.on("console", lambda one: faults.append(f"console {one.type}: {one.text}"))
        page.on("pageerror", lambda one: faults.append(f"error {one}"))
        page.on("dialog", lambda one: faults.append(f"dialog {one.message}") or one.dismiss())
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    # One request a page, for the page, and what is made on it for a download.
    asked = [one for one in faults if not one.startswith("request blob:")]
    assert asked == [f"request {file.as_uri()}"] * len(contexts)
