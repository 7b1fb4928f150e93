"""The report: it shows the tables it is given, hides what is hidden, and stands alone."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from tests.unit.release_cohorts import policy_of, release_of
from tests.unit.report_pages import published, report_tables
from trdanalysis.report import words
from trdanalysis.report.drawing.forest import ForestRow, render_forest
from trdanalysis.report.page import render_report
from trdanalysis.report.sections import attrition_flow, rate_rows


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
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
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
    assert not read.tags & {"script", "link", "iframe", "object", "embed", "img", "form"}
    outside = set(re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", page)) - {
        # The names of the SVG language itself; nothing is fetched from them.
        "http://www.w3.org",
    }
    assert not outside
    assert "@import" not in page and not re.search(r"url\((?!#)", page)


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
