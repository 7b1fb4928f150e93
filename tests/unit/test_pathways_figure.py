"""The figure of pathways: boxes, bands and numbers, and what is hidden of them."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.patches import PathPatch

from tests.unit.figure_sheets import faults_of, marks_of, parts_of, texts_of
from tests.unit.pathway_tables import SOME, questions_of
from tests.unit.report_pages import published, report_tables
from trdanalysis.analysis.questions.pathways import NONE_RECORDED, STRATEGIES, list_pathways
from trdanalysis.report.drawing.pathways import draw_pathways, render_pathways
from trdanalysis.report.drawing.style import file_look
from trdanalysis.report.figures.pathways import pathways_after_trd, pathways_of
from trdanalysis.report.questions.after_trd import AFTER_TRD


def boxes_of(table: pd.DataFrame) -> list[dict[str, str]]:
    """Give the text of every box by its key, column by column."""
    drawn = pathways_of(table, "article")
    return [{node.key: node.text for node in nodes} for nodes in drawn.columns]


def test_boxes_hold_everybody_who_took_a_step_of_a_kind() -> None:
    first, second, third = boxes_of(questions_of(SOME))
    total = sum(SOME.values())
    assert first == {
        "switch": f"96 ({96 / total:.1%})", "add": f"29 ({29 / total:.1%})",
        "psychosocial": f"13 ({13 / total:.1%})", "none_recorded": f"20 ({20 / total:.1%})",
    }  # fmt: skip
    assert second == {"switch": "32", "add": "11", "procedure": "43", "none_recorded": "52"}
    assert third == {"add": "11", "psychosocial": "17", "any": "13", "none_recorded": "45"}


def test_bands_lead_from_box_to_box_and_lose_nobody() -> None:
    drawn = pathways_of(questions_of(SOME), "article")
    for at, bands in enumerate(drawn.bands):
        for node in drawn.columns[at]:
            left = sum(band.n for band in bands if band.source == node.key)
            assert left == (0 if node.is_end else node.n)
        for node in drawn.columns[at + 1]:
            assert node.n == sum(band.n for band in bands if band.target == node.key)
    sheet = draw_pathways(drawn, file_look("x", 180))
    drawn_bands = [part for part in parts_of(sheet) if isinstance(part, PathPatch)]
    assert len(drawn_bands) == sum(len(bands) for bands in drawn.bands)


def test_what_is_hidden_is_in_no_box_and_no_band() -> None:
    hidden = ("add", "switch > add > add", "psychosocial > procedure > any")
    first, second, third = boxes_of(questions_of(SOME, hidden))
    # Of what is hidden only the published rest is told, and no share of a whole.
    assert first["add"] == "at least 17" and first["psychosocial"] == "hidden"
    assert first["switch"] == "at least 85" and first["none_recorded"].startswith("20 (")
    assert second["add"] == "hidden" and second["none_recorded"] == "at least 40"
    assert third["any"] == third["add"] == "hidden"
    drawn = pathways_of(questions_of(SOME, hidden), "article")
    assert not [band for bands in drawn.bands for band in bands if band.source == "psychosocial"]
    assert "hidden" in drawn.note


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("width_mm", [70, 85, 120, 180])
def test_texts_lie_beside_each_other(width_mm: float, grey: bool) -> None:
    everything = {level: 1000 * place + 1 for place, level in enumerate(list_pathways())}
    few = dict.fromkeys(list_pathways(), 1)
    for table in (questions_of(everything), questions_of(few), questions_of(SOME, ("add",))):
        sheet = draw_pathways(pathways_of(table, "article"), file_look("x", width_mm, grey=grey))
        assert not faults_of(sheet)
        assert sheet.height < 2.5 * sheet.width


def test_only_columns_that_somebody_reached_are_drawn() -> None:
    drawn = pathways_of(questions_of({"none_recorded": 7, "add": 0}), "article")
    assert len(drawn.columns) == 1 and not drawn.bands
    sheet = draw_pathways(drawn, file_look("x", 180))
    assert "Second step" not in texts_of(sheet) and not faults_of(sheet)


def test_of_nobody_and_of_everything_hidden_there_is_nothing_to_draw() -> None:
    for table in (questions_of({}), questions_of(SOME, list_pathways()), questions_of(SOME)[:0]):
        drawn = pathways_of(table, "article")
        assert not any(drawn.columns)
        assert render_pathways(drawn, title="t", name="n") == ""


def test_the_page_tells_the_numbers_of_every_mark() -> None:
    drawn = pathways_of(questions_of(SOME), "article")
    element = render_pathways(drawn, title="What was tried", name="after")
    marks = sum(len(nodes) for nodes in drawn.columns) + sum(len(bands) for bands in drawn.bands)
    assert element.count("data-tip=") == marks
    assert "switch of antidepressant, then ECT, rTMS or ketamine: 30" in element
    assert marks_of(draw_pathways(drawn, file_look("x", 180))) == marks


def test_every_strategy_and_pathway_has_words_of_its_own() -> None:
    assert set(AFTER_TRD.names) >= {*STRATEGIES, NONE_RECORDED}
    told = [AFTER_TRD.name(level) for level in list_pathways()]
    assert len(set(told)) == len(told) and not any("_" in text or ">" in text for text in told)
    assert AFTER_TRD.name("switch") == "switch, then no more"
    assert AFTER_TRD.name("switch > add") == "switch, then something added, then no more"
    assert AFTER_TRD.name("procedure > add > any").endswith(", then a third step")


def test_the_section_draws_the_pathways_where_any_is_shown() -> None:
    tables = published()
    (drawing,) = AFTER_TRD.draw(report_tables(tables | {"questions": questions_of(SOME)}))
    assert "<svg" in drawing.svg and "further step" in drawing.svg
    assert not AFTER_TRD.draw(report_tables(tables | {"questions": questions_of({})}))
    hidden = questions_of(SOME, list_pathways())
    assert not AFTER_TRD.draw(report_tables(tables | {"questions": hidden}))
    assert "hidden" in pathways_after_trd(report_tables(tables | {"questions": hidden})).why_empty
