"""Figures: they draw the numbers of their tables, nothing hidden, and every text can be read."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.unit.figure_sheets import dots_of, faults_of, lines_of, marks_of, texts_of
from tests.unit.pathway_tables import SOME, questions_of
from tests.unit.question_tables import symptoms
from tests.unit.report_pages import published, report_tables
from trdanalysis import layout
from trdanalysis.analysis.agreement import AGREEMENT_COLUMNS
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.forest import Forest, ForestRow, draw_forest, ratio_scale
from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sets import SetBar, SetRow, draw_sets
from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.style import (
    COLOUR,
    DOUBLE_MM,
    FILE_TEXT,
    GREY,
    PAGE,
    SINGLE_MM,
    Colours,
    file_look,
    measure,
    page_look,
    wrap,
)
from trdanalysis.report.figures.described import describe_figures
from trdanalysis.report.figures.files import render_figure, write_captions
from trdanalysis.report.figures.paper_figure import PaperFigure
from trdanalysis.report.statistics import PRIMARY

NAMES = ("article", "a definition of a very long name, of sites and of drops", "short")


def several() -> Disclosed:
    """Give results of several definitions."""
    tables = published()
    tables["overlaps"] = pd.DataFrame(
        [("article", 1, 40, 4, "ok"), (f"article; {NAMES[1]}", 2, 21, 0, "ok"),
         ("; ".join(NAMES), 3, 11, 11, "ok"), ("none", 0, 900, 3, "ok"),
         ("short", 1, None, None, "suppressed")],
        columns=["definitions", "n_definitions", "n", "n_indeterminate", "status"],
    ).astype({"n": "Int64", "n_indeterminate": "Int64"})  # fmt: skip
    pairs = pd.DataFrame(
        [("article", NAMES[1], 0.61, 0.5, 0.72, "ok"),
         ("article", "short", None, None, None, "suppressed"),
         (NAMES[1], "short", 0.2, 0.1, 0.3, "ok")],
        columns=["definition", "versus", "kappa", "ci_low", "ci_high", "status"],
    )  # fmt: skip
    pairs = pairs.reindex(columns=list(AGREEMENT_COLUMNS))
    pairs["n_labelled"] = pd.array([880, None, 870], dtype="Int64")
    tables["agreement"] = pairs
    tables["questions"] = pd.concat([symptoms(), questions_of(SOME)], ignore_index=True)
    one = tables["definitions"]
    tables["definitions"] = pd.concat(
        [one.assign(definition=name) for name in NAMES], ignore_index=True
    )
    made = report_tables(tables)
    first = dict(made.definitions[0])
    definitions = [{**first, "id": name} for name in NAMES]
    return dataclasses.replace(made, definitions=definitions)


@pytest.fixture(scope="module")
def results() -> Disclosed:
    return several()


_KEPT: dict[int, tuple[Disclosed, dict[str, PaperFigure]]] = {}


def figure_of(disclosed: Disclosed, name: str) -> PaperFigure:
    # The results are kept with their figures, so that no others get their number.
    if id(disclosed) not in _KEPT:
        figures = {each.name: each for each in describe_figures(disclosed)}
        _KEPT[id(disclosed)] = disclosed, figures
    return _KEPT[id(disclosed)][1][name]


def sheet_of(disclosed: Disclosed, name: str, width_mm: float = DOUBLE_MM) -> Sheet:
    return figure_of(disclosed, name).sheet(file_look(name, width_mm))


def overall(tables: Any, estimand: str) -> Any:
    rates = tables["rates"]
    counted = rates["analysis"].isin(["complete_case", "proven"])
    own = rates[(rates["stratum"] == "overall") & (rates["estimand"] == estimand) & counted]
    return own.iloc[0]


def test_every_figure_has_its_files(results: Disclosed) -> None:
    names = [each.name for each in describe_figures(results)]
    assert names == list(layout.FIGURES)
    assert not [each.name for each in describe_figures(results) if each.why_empty]
    assert set(layout.FIGURE_FILES) < set(layout.PUBLISHED_FILES)


@pytest.mark.parametrize("name", layout.FIGURES)
@pytest.mark.parametrize("width_mm", [70, SINGLE_MM, DOUBLE_MM])
def test_no_text_is_cut_or_covered(results: Disclosed, name: str, width_mm: float) -> None:
    figure = figure_of(results, name)
    marks = ("DRAFT", "simulated records")
    sheet = figure.sheet(file_look(name, width_mm, marks=marks))
    assert not faults_of(sheet)
    assert "DRAFT   simulated records" in texts_of(sheet)


@pytest.mark.parametrize("width_mm", [70, SINGLE_MM, DOUBLE_MM])
def test_long_names_are_broken(width_mm: float) -> None:
    long = "A site of <b>$many$</b> words and a nameofasinglewordthatnevereverends" * 2
    rows = [ForestRow(long), *(ForestRow(long, "100.0% (99.0 to 100.0%)", "123 456 of 123 456",
                               0.5, 0.4, 0.6) for _ in range(3))]  # fmt: skip
    look = file_look("long", width_mm)
    assert not faults_of(draw_forest(Forest(rows, 0.3, 0.05, "reference 30%"), look))
    bars = [SetBar(frozenset({place % 12}), 1_234_567 + place, place) for place in range(20)]
    sets = [SetRow(f"{long} {place}", "1 234 567") for place in range(12)]
    assert not faults_of(draw_sets(bars, sets, look))


def test_lines_of_text_are_as_wide_as_told() -> None:
    text = "treatment-resistant and unbreakableword " * 5
    lines = wrap(text, 60, FILE_TEXT, most=99)
    assert all(measure(line, FILE_TEXT) <= 60 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert "treatment-" in lines
    assert wrap(text, 60, FILE_TEXT, most=2)[1].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert wrap("", 60, FILE_TEXT) == [""]


def test_forests_show_the_rates(results: Disclosed) -> None:
    sheet = sheet_of(results, "headline-rates")
    texts = texts_of(sheet)
    for estimand in words.ESTIMANDS:
        row = overall(results.tables, estimand)
        shown = (
            f"{words.percent(row['rate'])} ({words.percent_range(row['ci_low'], row['ci_high'])})"
        )
        assert any(text.endswith(shown) for text in texts), estimand
        assert f"{words.count(row['events'])} of {words.count(row['n'])}" in texts
    assert sum(shape == "D" for _, shape in dots_of(sheet)) == len(results.tables["benchmarks"])


def test_marks_of_forests_stand_where_the_rates_are(results: Disclosed) -> None:
    for name, estimand in zip(("rates-adequate-first-trial", "rates-first-trial"), PRIMARY,
                              strict=True):  # fmt: skip
        rates = results.tables["rates"]
        own = rates[
            (rates["estimand"] == estimand)
            & rates["analysis"].isin(["complete_case", "proven"])
            & rates["stratum"].isin(["overall", "age_band", "factor_group"])
            & rates["rate"].notna()
        ]
        sheet = sheet_of(results, name)
        x = np.array([at for at, _ in dots_of(sheet)])
        assert len(x) == len(own) == marks_of(sheet)
        slope, start = np.polyfit(own["rate"].astype(float), x, 1)
        assert np.allclose(start + slope * own["rate"].astype(float), x, atol=0.01)
        ends = [xs for xs, _ in lines_of(sheet, 1.3)]
        known = own[own["ci_low"].notna()]
        lows = start + slope * known["ci_low"].to_numpy(dtype=float)
        highs = start + slope * known["ci_high"].to_numpy(dtype=float)
        assert np.allclose(np.array(ends), np.column_stack([lows, highs]), atol=0.01)


def test_ratios_lie_on_a_logarithmic_axis(results: Disclosed) -> None:
    found = results.tables["comparisons"]
    own = found[
        (found["model"] == "modified_poisson") & (found["measure"] == "rr")
        & found["contrast"].isin(["factor_group", "young_adults"]) & found["value"].notna()
    ]  # fmt: skip
    own = pd.concat([own[own["estimand"] == name] for name in PRIMARY])
    assert len(own) > 4
    sheet = sheet_of(results, "adjusted-ratios")
    texts = texts_of(sheet)
    for row in own.itertuples():
        limits = f"{words.decimal(row.ci_low)} to {words.decimal(row.ci_high)}"
        assert f"{words.decimal(row.value)} ({limits})" in texts
    x = [at for at, shape in dots_of(sheet) if shape == "s"]
    logs = np.log(own["value"].astype(float))
    slope, start = np.polyfit(logs, x, 1)
    assert np.allclose(start + slope * logs, x, atol=0.01)


def test_an_interval_beyond_the_axis_is_an_arrow() -> None:
    rows = [ForestRow("wide", "1.00 (0.01 to 99.00)", value=1.0, low=0.01, high=99.0)]
    scale = ratio_scale(rows)
    assert (scale.low, scale.high) == (0.05, 20)
    sheet = draw_forest(Forest(rows, 1.0, scale=scale), file_look("wide", SINGLE_MM))
    assert [shape for _, shape in dots_of(sheet)] == ["<", ">", "s"]


def test_the_flow_shows_every_step(results: Disclosed) -> None:
    attrition = results.tables["attrition"]
    own = attrition[attrition["estimand"] == PRIMARY[0]].sort_values("step_order")
    text = " ".join(texts_of(sheet_of(results, "participant-flow")))
    for row in own.itertuples():
        if row.step != "outcome_known":
            assert f": {words.count(row.n_out)} " in text
            assert f"this: {words.count(row.n_unknown)} " in text
        assert words.count(row.n_in) in text
    last = own.iloc[-1]
    counted = overall(results.tables, PRIMARY[0])
    assert int(last["n_in"] - last["n_unknown"]) == int(counted["n"])
    assert f"Counted: {words.count(counted['n'])} patients" in text
    received = attrition.set_index("step").loc["patients_rows_in", "n_in"]
    assert f"received, all drops {words.count(received)}" in text
    labels = results.tables["definitions"].iloc[0]
    for label, title in words.LABELS.items():
        assert f"{title.replace('-', '- ')} {words.count(labels[label])}" in text.replace(
            "Treatment-resistant", "Treatment- resistant"
        ).replace("treatment-resistant", "treatment- resistant")


def test_bars_of_parts_are_to_scale(results: Disclosed) -> None:
    sheet = sheet_of(results, "apparent-resistance")
    table = results.tables["resistance"]
    text = " ".join(texts_of(sheet))
    for row in table.itertuples():
        total = table.loc[table["apparent_resistance"] == row.apparent_resistance, "n"].sum()
        assert f"{words.LABELS[row.label]} {row.n} ({words.percent(row.n / total)})" in text
    assert marks_of(sheet) == (table["n"] > 0).sum()
    widths = [mark.parts[0].get_width() for mark in sheet.figure.artists if hasattr(mark, "parts")]
    known = table.loc[table["n"] > 0, "n"].to_numpy(dtype=float)
    assert np.allclose(np.array(widths) / known, widths[0] / known[0])


@pytest.mark.parametrize(
    ("name", "table", "x", "y", "groups"),
    [("age-curve", "age_curves", "age_years", "rate", "estimand"),
     ("time-to-second-failure", "curves", "day", "cumulative_incidence", "curve")],
)  # fmt: skip
def test_curves_go_through_their_points(
    results: Disclosed, name: str, table: str, x: str, y: str, groups: str
) -> None:
    rows = results.tables[table]
    lines = lines_of(sheet_of(results, name), 1.5)
    order = PRIMARY if groups == "estimand" else sorted(rows[groups].unique())
    drawn = [rows[(rows[groups] == each) & (rows["status"] == "ok")] for each in order]
    assert len(lines) == len(drawn) == 2
    every = pd.concat([part.head(len(xs)) for part, (xs, _) in zip(drawn, lines, strict=True)])
    ats = np.concatenate([xs for xs, _ in lines]), np.concatenate([ys for _, ys in lines])
    for at, column in zip(ats, (x, y), strict=True):
        slope, start = np.polyfit(every[column].astype(float), at, 1)
        assert np.allclose(start + slope * every[column].astype(float), at, atol=0.01)


def test_who_is_still_followed_is_of_the_table(results: Disclosed) -> None:
    texts = texts_of(sheet_of(results, "time-to-second-failure"))
    curves = results.tables["curves"]
    at = texts.index("still followed, certain failures")
    own = curves[curves["curve"] == "definite"]
    assert texts[at + 1] == words.count(own["n_at_risk"].iloc[0])
    assert set(texts[at + 1 : at + 3]) <= set(map(words.count, own["n_at_risk"]))


def test_sets_and_kappas(results: Disclosed) -> None:
    sheet = sheet_of(results, "definition-overlap")
    assert marks_of(sheet) == 3
    assert {"40", "21", "11"} <= set(texts_of(sheet))
    texts = texts_of(sheet_of(results, "definition-agreement"))
    assert "0.61 (0.50\xa0to\xa00.72)" in texts and words.HIDDEN in texts and "880" in texts
    assert "0.20 (0.10\xa0to\xa00.30)" not in texts


def hide(every: int) -> Disclosed:
    """Hide every so manieth row of each table, as disclosure control writes it."""
    tables = published()
    kept = {"step_order", "day", "age_years", "reference", "margin", "published_n",
            "published_rate", "published_low", "published_high"}  # fmt: skip
    for name, table in tables.items():
        hidden = np.arange(len(table)) % every == 0
        numbers = [each for each in table.select_dtypes("number").columns if each not in kept]
        changed = table.astype(dict.fromkeys(numbers, "Float64"))
        changed.loc[hidden, numbers] = pd.NA
        if "status" in changed.columns and name != "definitions":
            changed.loc[hidden, "status"] = "suppressed"
        tables[name] = changed
    return report_tables(tables)


@pytest.mark.parametrize("every", [1, 2])
def test_nothing_hidden_is_drawn(every: int) -> None:
    made = hide(every)
    rates = made.tables["rates"]
    told = ""
    for figure in describe_figures(made):
        for look in (file_look(figure.name, DOUBLE_MM), page_look(figure.name)):
            sheet = figure.sheet(look)
            told += " ".join([figure.told, *texts_of(sheet), *sheet.tips]) + "\n"
            assert not re.search(r"\b(nan|NaN|None|<NA>|inf)\b", told), figure.name
            # Their boxes say that they are hidden.
            is_flow = figure.name in ("participant-flow", "pathways-after-trd")
            assert is_flow or not any(words.HIDDEN in tip for tip in sheet.tips)
    assert words.HIDDEN in told
    for name, estimand in zip(("rates-adequate-first-trial", "rates-first-trial"), PRIMARY,
                              strict=True):  # fmt: skip
        own = rates[
            (rates["estimand"] == estimand) & (rates["analysis"] == "complete_case")
            & rates["stratum"].isin(["overall", "age_band", "factor_group"])
        ]  # fmt: skip
        shown = own["rate"].notna() & (own["status"] != "suppressed")
        assert marks_of(sheet_of(made, name)) == shown.sum() if shown.any() else True
        assert bool(figure_of(made, name).why_empty) == (not shown.any())
    if every == 1:
        sheet = sheet_of(made, "participant-flow")
        assert not [text for text in texts_of(sheet) if re.search(r"\d", text)
                    if "18" not in text and "95" not in text]  # fmt: skip


def test_a_hidden_part_is_no_part_of_a_bar() -> None:
    tables = published()
    table = tables["resistance"].copy()
    table["n"] = table["n"].astype("Int64")
    table.loc[0, ["n", "status"]] = [pd.NA, "suppressed"]
    sheet = sheet_of(report_tables(tables | {"resistance": table}), "apparent-resistance")
    texts = texts_of(sheet)
    assert f"{words.LABELS['trd']} {words.HIDDEN}" in texts
    # Neither the whole nor the others' shares tell it.
    first = texts[: next(at for at, text in enumerate(texts) if "resistance: no" in text)]
    assert not any("%" in text or "patients" in text for text in first)


def test_figures_without_data_say_why() -> None:
    tables = published()
    empty = {name: table.iloc[:0] for name, table in tables.items()}
    made = report_tables(empty)
    for figure in describe_figures(made):
        assert figure.why_empty.endswith("."), figure.name
        texts = " ".join(texts_of(figure.sheet(file_look(figure.name, SINGLE_MM))))
        assert figure.why_empty in texts
        assert not faults_of(figure.sheet(file_look(figure.name, SINGLE_MM)))
    one = report_tables(tables)
    assert "one definition only" in figure_of(one, "definition-overlap").why_empty
    none = report_tables(tables | {"label_flows": tables["label_flows"].iloc[:0]})
    assert "no earlier run" in figure_of(none, "label-changes").why_empty


@pytest.mark.parametrize("name", layout.FIGURES)
def test_marks_of_the_page_can_be_reached(results: Disclosed, name: str) -> None:
    figure = figure_of(results, name)
    sheet = figure.sheet(page_look(name))
    element = save_inline(sheet, 'a "title"')
    tips = re.findall(r'<g data-tip="([^"]+)" aria-label="\1" role="img" tabindex="0"', element)
    assert len(tips) == len(sheet.tips) > 0
    assert len(tips) <= 60
    assert 'role="group"' in element[: element.index(">")]
    assert "#0" not in element, "a placeholder colour is left"
    assert "var(--" in element and "<style" not in element
    identifiers = re.findall(r'\bid="([^"]+)"', element)
    assert len(identifiers) == len(set(identifiers))
    assert all(one.startswith(f"{name}-") for one in identifiers)
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', element))
    assert used <= set(identifiers)


def test_names_are_text_wherever_they_stand() -> None:
    hostile = '<script>alert(1)</script> $x^2$ & "quotes" \''
    row = ForestRow(hostile, "50.0%", value=0.5)
    sheet = draw_forest(Forest([row], 0.3), page_look("hostile"))
    element = save_inline(sheet, hostile)
    assert "<script" not in element and "&lt;script&gt;" in element
    assert "$x^2$" in element, "read as a formula"
    assert len(re.findall("data-tip", element)) == 1


def test_what_the_font_has_not_is_a_square(recwarn: pytest.WarningsRecorder) -> None:
    row = ForestRow("\N{CJK UNIFIED IDEOGRAPH-6F22}a\tb\nc\N{BELL}", "50.0%", value=0.5)
    sheet = draw_forest(Forest([row], 0.3), file_look("odd", SINGLE_MM))
    assert "\N{WHITE SQUARE}a b c\N{WHITE SQUARE}" in texts_of(sheet)
    sheet.figure.savefig("/dev/null", format="png")
    assert not recwarn.list


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [COLOUR, GREY])
def test_colours_differ_in_lightness(colours: Colours) -> None:
    for text in (colours.ink, colours.muted, colours.reference):
        assert contrast(text, colours.paper) >= 4.5
    for under in (colours.band, colours.soft, colours.paper, colours.rule):
        assert contrast(colours.mark, under) >= 3
    assert contrast(colours.reference, colours.band) >= 3
    # What lies side by side: full, light and open parts; the mark and the line beside it.
    assert contrast(colours.mark, colours.pale) >= 3
    assert contrast(colours.pale, colours.paper) >= 1.5
    assert contrast(colours.mark, colours.reference) >= 1.5


def test_each_meaning_has_a_placeholder_of_its_own() -> None:
    placeholders = dataclasses.astuple(PAGE)
    assert len(set(placeholders)) == len(placeholders)


def test_captions_say_what_they_are_of(results: Disclosed) -> None:
    figures = describe_figures(results)
    text = write_captions(figures, results)
    assert text.count("\n## Figure ") == len(figures)
    assert "Simulated records" in text and "Draft" not in text
    assert "No suppression" in text and "article" in text
    for figure in figures:
        assert f"`{figure.name}.pdf`" in text and figure.title in text
        assert figure.population in text and figure.told in text
    draft = dataclasses.replace(results, run={**results.run, "draft": True, "synthetic": False})
    told = write_captions(describe_figures(draft), draft)
    assert "DRAFT" in told and "imulated" not in told


def test_grey_has_no_colour(results: Disclosed) -> None:
    figure = figure_of(results, "headline-rates")
    svg = render_figure(figure, results, ["svg"], grey=True)["svg"].decode()
    for colour in set(re.findall(r"#([0-9a-f]{6})\b", svg)):
        assert colour[:2] == colour[2:4] == colour[4:], colour
