"""The page of every column that comes out."""

from __future__ import annotations

from collections.abc import Mapping

from trdanalysis.outputs import Output, OutputTable
from trdanalysis.outputs_published import PUBLISHED
from trdanalysis.outputs_restricted import COHORT, DROP, RUN
from trdanalysis.report.reference.markdown import code, render_page, render_table


def render_published() -> str:
    """Give the page of published tables."""
    intro = (
        "What a release holds as CSV: UTF-8, a header row, `true` and `false` for yes and no, a"
        " point in numbers. An empty cell is **hidden** where `status` says so, and otherwise what"
        " the last column says. How each number is made: [statistics](../statistics.md)."
    )
    parts = [_render_table(f"{name}.csv", table) for name, table in PUBLISHED.items()]
    return render_page("Columns out: published", "src/trdanalysis/outputs_published.py",
                       [intro, *parts])  # fmt: skip


def render_restricted() -> str:
    """Give the page of patient-level tables."""
    intro = (
        "Patient-level tables lie under `results/restricted/` and never leave the site. Their rows"
        " are sorted by their key, so that the same records give the same bytes."
    )
    made_from = "src/trdanalysis/outputs_restricted.py"
    parts = [
        *_render_folder("restricted/cohort/", COHORT),
        *_render_folder("restricted/drops/&lt;id&gt;/", DROP),
        *_render_folder("restricted/", RUN),
    ]
    return render_page("Columns out: patient-level", made_from, [intro, *parts])


def _render_folder(folder: str, tables: Mapping[str, OutputTable]) -> list[str]:
    return [f"## {folder}", *(_render_table(name, each, "###") for name, each in tables.items())]


def _render_table(name: str, table: OutputTable, level: str = "##") -> str:
    head = ("column", "holds", "meaning", "empty means")
    rows = [(code(each.name), _holds(each), each.meaning, each.null) for each in table.columns]
    grain = f"One row per {table.grain}." + (f" {table.note}" if table.note else "")
    return f"{level} `{name}`\n\n{grain}\n\n{render_table(head, rows)}"


def _holds(column: Output) -> str:
    kind = {"share": "share, 0 to 1", "day": "whole number"}.get(column.kind, column.kind)
    return f"{kind}, {column.unit}" if column.unit else kind
