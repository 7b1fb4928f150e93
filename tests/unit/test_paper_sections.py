"""What the page shows for a paper: texts, checklists, who is counted."""

from __future__ import annotations

import re

import pandas as pd

from tests.unit.report_pages import HOSTILE, published, report_tables, with_hostile_names
from tests.unit.test_report import Reader
from trdanalysis.report.page import render_report
from trdanalysis.report.paper_sections import make_paper_sections
from trdanalysis.report.prose.checklists import fill_checklists


def test_the_page_holds_texts_checklists_and_the_flow() -> None:
    results = report_tables(published())
    sections = {each.name: each for each in make_paper_sections(results)}
    assert {"methods-text", "results-text", "checklists", "cited", "flow"} == set(sections)
    page = render_report(results, list(sections.values()))
    text = Reader(page).text
    for name in sections:
        assert f'id="{name}"' in page and f'href="#{name}"' in page
    items = fill_checklists(results)
    table = page[page.index('id="checklists"') : page.index('id="cited"')]
    assert table.count('<th scope="row">') == len(items) > 30
    attrition = results.tables["attrition"]
    own = attrition[
        (attrition["estimand"] == "initial_adequate_trial") & (attrition["step"] == "mdd")
    ].iloc[0]
    assert f"or bipolar disorder: {int(own['n_out'])}" in re.sub(r"\s+", " ", text)


def test_names_from_outside_stay_text() -> None:
    results = report_tables(with_hostile_names(published()))
    page = render_report(results, make_paper_sections(results))
    assert not [name for name in HOSTILE if "<" in name and name in page]


def test_without_anybody_there_is_no_flow() -> None:
    tables = published()
    tables["attrition"] = tables["attrition"].iloc[:0]
    names = [each.name for each in make_paper_sections(report_tables(tables))]
    assert "flow" not in names and "methods-text" in names
    assert isinstance(tables["attrition"], pd.DataFrame)
