"""The report: it shows the tables it is given, hides what is hidden, and stands alone."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from markupsafe import Markup

from tests.support import CONFIG, article
from tests.unit.release_cohorts import policy_of, release_of
from tests.unit.report_pages import HOSTILE, published, report_tables, with_hostile_names
from trdanalysis.labelling.definition import read_definition
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.report import words
from trdanalysis.report.contents import PAPER, Drawing, Heading, Section, arrange
from trdanalysis.report.drawing.forest import ForestRow, render_forest
from trdanalysis.report.glance import make_glance
from trdanalysis.report.page import render_report
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.report.paper.render import render_tables
from trdanalysis.report.paper_sections import make_paper_sections
from trdanalysis.report.prose.making import render_texts
from trdanalysis.report.sections import attrition_flow, rate_rows
from trdanalysis.report.tables import Table

JOURNAL = read_journal(CONFIG / "journals" / "default.yaml")


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(report_tables(published()))


class Reader(HTMLParser):
    """Collects texts, references and identifiers, and checks that elements are closed in order."""

    empty = frozenset(("meta", "link", "br", "img", "hr", "input"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.sources: dict[str, str] = {}
        self.metas: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "meta":
            about = dict(attrs)
            name = about.get("http-equiv") or about.get("name") or ""
            self.metas[name] = about.get("content") or ""
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href", "action", "data", "srcset", "poster"):
                self.references.append(value or "")
            assert not name.startswith("on"), f"{tag} has the script {name}"
        if tag not in self.empty:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.empty:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.sources[self.open[-1]] = self.sources.get(self.open[-1], "") + data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_the_page_stands_alone(page: str) -> None:
    read = Reader(page)
    assert not read.open
    assert len(read.ids) == len(set(read.ids)), "identifiers repeat"
    assert read.references and all(one.startswith("#") for one in read.references)
    assert {one[1:] for one in read.references} <= set(read.ids), "a link leads nowhere"
    assert not read.tags & {"link", "iframe", "object", "embed", "img", "form"}
    outside = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", page)) - {
        # The names of the SVG language itself; nothing is fetched from them.
        "http://www.w3.org",
    }
    assert not outside
    assert "@import" not in page and not re.search(r"url\((?!#)", page)


def test_a_browser_is_told_to_load_nothing_and_to_run_one_script(page: str) -> None:
    assert page.count("<script") == page.count("<style") == 1
    read = Reader(page)
    policy = read.metas["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule, tag in (("script-src", "script"), ("style-src-elem", "style")):
        digest = hashlib.sha256(read.sources[tag].encode()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"
    # No rule but of the attributes and old browsers lets anything unlisted in, and none a host.
    assert set(rules) - {"default-src", "script-src", "style-src-elem"} == {
        "style-src", "style-src-attr", "base-uri", "form-action",
    }  # fmt: skip
    assert "//" not in policy and ":" not in policy
    script = read.sources["script"]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
    assert not re.search(r"fetch\(|XMLHttpRequest|localStorage|import\(", script)


def test_the_contents_lead_to_every_section(page: str) -> None:
    contents = page[page.index('<nav class="contents"') : page.index("</nav>")]
    linked = re.findall(r'<a href="#([\w-]+)">', contents)
    assert linked == re.findall(r'<h2 id="([\w-]+)">', page)
    assert linked == [each.name for _, sections in arrange() for each in sections]


def test_a_section_of_blocks_is_one_line() -> None:
    table = Table("Cells <b>", ("Item", "page"), [["1a", "<i>"]], frozenset({0}))
    svg = Markup('<svg role="img" aria-label="A line"></svg>')
    blocks = (Heading("First & last"), "A <paragraph>.", table, Drawing("a line", svg, "It's."))
    added = Section("checklist", "A checklist", PAPER, blocks)
    page = render_report(report_tables(published()), [added])
    assert not Reader(page).open
    part = page[page.index('<section aria-labelledby="checklist">') :]
    part = part[: part.index("</section>")]
    for piece in (
        '<h3 id="checklist-1"><a class="self" href="#checklist-1">First &amp; last</a></h3>',
        "<p>A &lt;paragraph&gt;.</p>", "<td>&lt;i&gt;</td>", svg,
        "<figcaption>It&#39;s.</figcaption>",
    ):  # fmt: skip
        assert piece in part
    contents = page[page.index('<nav class="contents"') : page.index("</nav>")]
    assert f"<p>{PAPER}</p>" in contents
    # It stands between the parts before and after its own.
    heads = re.findall(r'<h2 id="([\w-]+)">', page)
    assert heads[heads.index("checklist") - 1 : heads.index("checklist") + 2] == [
        "definition", "checklist", "changes",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "part"), [("glance", PAPER), ("mine", "No part")])
def test_sections_repeat_no_name_and_belong_to_a_part(name: str, part: str) -> None:
    with pytest.raises(ValueError, match="sections repeat a name, or name no part"):
        arrange([Section(name, "Mine", part)])


def test_equal_tables_give_equal_bytes(page: str) -> None:
    assert render_report(report_tables(published())) == page


def test_headline_numbers_stand_on_the_page(page: str) -> None:
    text = Reader(page).text
    rates = published()["rates"]
    counted = rates["analysis"].isin(["complete_case", "proven"])
    overall = rates[(rates["stratum"] == "overall") & counted].set_index("estimand")
    first = overall.loc["initial_trial"]
    assert f"{100 * first['rate']:.1f}%" in text
    assert f"{100 * first['ci_low']:.1f} to {100 * first['ci_high']:.1f}%" in text
    assert f"{first['events']:.0f} of {first['n']:.0f} patients" in text
    assert f"at least {100 * overall.loc['trd', 'rate']:.1f}%" in text
    for each in words.ESTIMANDS.values():
        assert each["title"] in text
    assert "R01: Trivedi et al." in text
    assert "too_few_failures" in text and "107" in text
    assert "1 365" in text, "balance of rows"
    assert "autumn, patients : site" in text
    assert "42 days" in text and "80% or more" in text


def test_texts_from_outside_are_escaped(page: str) -> None:
    assert "Doses were &lt;not&gt; known." in page


def test_names_from_the_records_stay_text() -> None:
    read = Reader(render_report(report_tables(with_hostile_names(published()))))
    assert not read.open
    whole = Reader(render_report(report_tables(published())))
    assert read.tags == whole.tags and read.ids == whole.ids
    assert read.sources == whole.sources
    for name in HOSTILE:
        assert read.texts.count(name) >= 8, "a row in each estimand's table"


def test_rows_are_grouped_where_a_line_is_of_several_definitions() -> None:
    tables = published()
    rates = tables["rates"]
    again = rates[rates["stratum"] == "overall"].assign(definition="other")
    tables["rates"] = pd.concat([rates, again], ignore_index=True)
    own = describe_definition(article())
    page = render_report(report_tables(tables, definitions=[own, {**own, "id": "other"}]))
    start = page.index('<table class="rates" data-group="What">')
    table = page[start : page.index("</table>", start)]
    assert table.count("<tbody>") == len(words.ESTIMANDS)
    heads = re.findall(r'<th scope="rowgroup" colspan="10">(.+?)</th>', table)
    assert heads == [each["title"] for each in words.ESTIMANDS.values()]
    assert re.findall(r'<th scope="row">(.+?)</th>', table) == ["article", "other"] * len(heads)


@pytest.mark.parametrize(
    ("change", "number", "told"),
    [
        ({}, "52.0%", ("above 30%; does not hold whatever the unknown are", "308 of 592 patients",
                       "358, so that 32.4 to 70.1% is possible")),
        ({"n_unknown": 0}, "52.0%", ("above 30%", "nobody")),
        ({"analysis": "proven"}, "at least 52.0%", ("308 of 592 patients, proven",)),
        ({"status": "partly_suppressed", "n_unknown": None, "bound_low": None,
          "bound_high": None, "robust": None}, "52.0%", ("above 30%", words.HIDDEN)),
        ({"status": "suppressed"}, words.HIDDEN, ("a count here is too small to be shown",)),
        ({"status": "not_estimable", "rate": None, "n": 0}, words.NOTHING,
         ("nobody belongs for certain",)),
        ({"status": "reprinted"}, "52.0%", (f"{words.STATUS['reprinted']} {words.AGAIN}",)),
    ],
)  # fmt: skip
def test_cards_say_all_that_is_needed_to_read_a_rate(
    change: dict[str, Any], number: str, told: tuple[str, ...]
) -> None:
    row = {
        "status": "ok", "analysis": "complete_case", "unit": "patient", "events": 308, "n": 592,
        "n_unknown": 358, "rate": 0.5203, "ci_low": 0.48, "ci_high": 0.5603, "bound_low": 0.3242,
        "bound_high": 0.7011, "conclusion": "above", "robust": False,
    }  # fmt: skip
    (card,) = make_glance({"initial_trial": row | change}, 0.3, 0.05)
    assert card["number"] == number
    said = [text for _, text in card["told"]]
    assert all(any(piece in text for text in said) for piece in told)
    assert words.ESTIMANDS["initial_trial"]["population"] in said
    drawn = card["strip"]
    if row | change == row:
        assert drawn == {
            "rate": 52.0, "interval": {"start": 48.0, "width": 8.0},
            "bounds": {"start": 32.4, "width": 37.7},
        }  # fmt: skip
    if number in (words.HIDDEN, words.NOTHING):
        assert drawn is None and card["interval"] is None


@pytest.mark.parametrize(
    ("synthetic", "draft"), [(True, False), (False, True), (True, True), (False, False)]
)
def test_the_page_says_what_kind_of_run_it_shows(synthetic: bool, draft: bool) -> None:
    tables = report_tables(published())
    run = {**tables.run, "synthetic": synthetic, "draft": draft}
    text = Reader(render_report(dataclasses.replace(tables, run=run))).text
    top = text[: text.index("At a glance")]
    assert ("Synthetic data" in top) == synthetic
    assert ("Draft" in top) == draft


def test_hidden_numbers_are_not_on_the_page() -> None:
    tables = published()
    policy = policy_of("cms", hide_counts_up_to=3)
    hidden = release_of(tables, policy).tables
    hiding = {"units": 900, "hidden": 400, "small": 300, "dropped": ["overlaps"], "reprinted": 9}
    settings = {**report_tables(tables).settings, "policy": policy.model_dump(mode="json")}
    shown = render_report(report_tables(hidden, hiding=hiding, settings=settings))
    text = Reader(shown).text
    assert words.HIDDEN in text
    table = text[text.rindex("Labels and their reasons") :]
    table = table[: table.index("Definitions side by side")]
    for reason in tables["label_reasons"]["reason"]:
        assert (reason in table) == (reason in set(hidden["label_reasons"]["reason"]))
    assert "too_few_failures 107" in table
    assert "Reasons of few patients are left out" in table
    assert "400 of 900 printed rows or cells: 300 hold a count of 1 to 3" in text
    assert "Left out as a whole overlaps" in text
    # No row of a suppressed stratum has a rate beside its name.
    rates = hidden["rates"]
    gone = rates[(rates["status"] == "suppressed")]
    assert len(gone) > 10
    for row_shown in rate_rows(gone, 0.3, 0.05):
        assert {row_shown[name] for name in ("n", "events", "rate", "interval", "bounds")} == {
            words.HIDDEN
        }


def test_an_empty_run_says_so() -> None:
    tables = published()
    empty = {name: table.iloc[:0] for name, table in tables.items()}
    one = tables["definitions"].copy()
    one[["n", "trd", "not_trd", "indeterminate"]] = 0
    empty["definitions"] = one
    made = report_tables(
        empty,
        balance=report_tables(tables).balance.iloc[:0],
        absent_columns=report_tables(tables).absent_columns.iloc[:0],
        left_out_factors=report_tables(tables).left_out_factors.iloc[:0],
        run={**report_tables(tables).run, "drops": []},
    )
    text = Reader(render_report(made)).text
    assert "Nobody was labelled" in text
    assert "There is no drop" in text


def test_attrition_shares_are_of_the_first_step() -> None:
    attrition = published()["attrition"]
    flow = attrition_flow(attrition, "article", "trd")
    rows = attrition[(attrition["estimand"] == "trd")].sort_values("step_order")
    start = rows.iloc[0]["n_in"]
    assert [step["share"] for step in flow] == [
        100 * (row.n_in - row.n_out) / start for row in rows.itertuples()
    ]
    assert [step["left"] for step in flow] == [
        words.count(row.n_in - row.n_out) for row in rows.itertuples()
    ]


@pytest.mark.parametrize(
    ("value", "written"), [(0.1249, "12.5%"), (0.0, "0.0%"), (1.0, "100.0%"), (None, "–")]
)
def test_percent(value: float | None, written: str) -> None:
    assert words.percent(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0312, "+3.1"), (-0.2378, "−23.8"), (0.0001, "0.0"), (-0.0001, "0.0"), (None, "–")],
)
def test_points(value: float | None, written: str) -> None:
    assert words.points(value) == written


def test_a_p_value_is_never_written_as_nought() -> None:
    assert words.p_value(0.00001) == "<0.001"
    assert words.p_value(0.0449) == "0.045"


def test_every_word_of_the_tables_has_its_words() -> None:
    attrition = published()["attrition"]
    steps = set(attrition.loc[attrition["estimand"] != "records", "step"])
    assert steps <= set(words.STEPS)
    assert set(published()["rates"]["status"]) <= set(words.STATUS)
    assert set(published()["rates"]["estimand"]) == set(words.ESTIMANDS)


def test_marks_stand_where_their_numbers_are() -> None:
    figure = render_forest(
        [ForestRow("a <b>", "x", value=0.0), ForestRow("c", "y", value=1.0, published=True)],
        reference=0.3,
        margin=0.05,
        title='the "figure"',
        name="one",
    )
    assert "&lt;b&gt;" in figure and "<b>" not in figure
    assert 'aria-label="the &quot;figure&quot;"' in figure
    assert "#0" not in figure, "a placeholder colour is left"
    places = [float(x) for x in re.findall(r'<use [^>]*x="([\d.]+)"', figure)]
    low, high = min(places), max(places)
    line = re.search(r'd="M ([\d.]+) [\d.]+\s+L \1 [\d.]+\s*"[^>]*stroke-dasharray', figure)
    assert line is not None
    assert float(line[1]) == pytest.approx(low + 0.3 * (high - low), abs=0.01)


def test_what_non_response_is_the_definition_says() -> None:
    other = read_definition(CONFIG / "definitions" / "article-25-percent.yaml")
    results = report_tables(published(), definitions=[describe_definition(other)])
    files = render_texts(results) | render_tables(results, JOURNAL)[0]
    told = [content.decode() for name, content in files.items() if not name.endswith(".docx")]
    for text in (render_report(results, make_paper_sections(results)), *told):
        assert "{nonresponse}" not in text
        assert "less than 50% of" not in text.replace("\\%", "%") and "less than half" not in text
    assert "less than 25% of the baseline score lost" in render_report(results)
