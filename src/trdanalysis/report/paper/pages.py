"""Tables as HTML pages, by great_tables."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from trdanalysis.report.paper.table import PaperTable, list_notes, write_cells

_STYLE = """
sup { line-height: 0; font-size: 75%; }
body { margin: 1.5rem; color: #111; background: #fff; }
@media print {
  body { margin: 0; } thead { display: table-header-group; } tr { break-inside: avoid; }
}
"""

#: Look of a journal's table: three rules, nothing coloured.
_LOOK: dict[str, Any] = {
    "table_font_names": ["Arial", "Helvetica", "Liberation Sans", "sans-serif"],
    "table_font_size": "13px",
    "table_font_color": "#111111",
    "heading_align": "left",
    "heading_title_font_size": "14px",
    "heading_border_bottom_color": "#111111",
    "table_border_top_style": "none",
    "table_border_bottom_color": "#111111",
    "column_labels_border_top_color": "#111111",
    "column_labels_border_bottom_color": "#111111",
    "column_labels_border_bottom_width": "1px",
    "column_labels_vlines_style": "none",
    "table_body_hlines_style": "none",
    "table_body_border_top_color": "#111111",
    "table_body_border_top_width": "1px",
    "table_body_border_bottom_color": "#111111",
    "row_group_border_top_style": "none",
    "row_group_border_bottom_style": "none",
    "row_group_font_weight": "bold",
    "stub_border_style": "none",
    "data_row_padding": "3px",
    "row_group_padding": "5px",
    "source_notes_font_size": "11px",
    "source_notes_padding": "2px",
}


def format_html(table: PaperTable, symbols: Mapping[str, str]) -> str:
    """Give a table as a page that needs nothing else.

    Parameters
    ----------
    table
        As it is shown.
    symbols
        Marks of its notes, by key.
    """
    from great_tables import GT
    from great_tables import html as raw

    def marked(text: str, marks: Sequence[str]) -> str:
        return _escape(text).replace("\n", "<br>") + _superscript(marks, symbols)

    frame, raw_rows = _frame(table, marked)
    names = [str(place) for place in range(len(table.columns))]
    built = GT(
        frame,
        rowname_col="stub",
        groupname_col="group" if any(row.group for row in table.rows) else None,
        id=f"table-{table.id}",
    )
    built = built.tab_header(raw(f"<b>{_escape(table.name)}.</b> {_escape(table.title)}"))
    built = built.tab_stubhead(raw(_escape(table.stub)))
    heads = [raw(marked(one.label, one.marks)) for one in table.columns]
    built = built.cols_label(dict(zip(names, heads, strict=True)))
    for align, chosen in (("left", True), ("right", False)):
        own = [
            name for name, one in zip(names, table.columns, strict=True) if one.is_text is chosen
        ]
        built = built.cols_align(align, columns=own) if own else built
    place = 0
    for label, span in table.spanners:
        if label:
            below = names[place : place + span]
            built = built.tab_spanner(raw(_escape(label)), columns=below, id=f"over-{place}")
        place += span
    for name, rows in raw_rows.items():
        built = built.fmt(fns=str, columns=name, rows=rows)
    for indent in sorted({row.indent for row in table.rows} - {0}):
        inner = [place for place, row in enumerate(table.rows) if row.indent == indent]
        built = built.tab_stub_indent(rows=inner, indent=2 * indent)
    for text in list_notes(table, symbols, _escape, _superscript):
        built = built.tab_source_note(raw(text))
    return _finish(built.tab_options(**_LOOK).as_raw_html(make_page=True), table)


def _frame(
    table: PaperTable, marked: Callable[[str, Sequence[str]], str]
) -> tuple[pd.DataFrame, dict[str, list[int]]]:
    """Give the cells, and by column the rows of those that are HTML already.

    great_tables escapes what it is given; what holds marks is escaped here and passes as it is.
    Only that: it takes long.
    """
    plain = write_cells(table, lambda text, _: text)
    with_marks = write_cells(table, marked)
    if not table.rows:
        plain = {name: [table.empty if name == "stub" else ""] for name in plain}
        with_marks = {name: [_escape(cells[0])] for name, cells in plain.items()}
    shown, raw_rows = {}, {}
    for name, cells in plain.items():
        pairs = list(zip(cells, with_marks[name], strict=True))
        is_html = [html != _escape(text) for text, html in pairs]
        shown[name] = [pair[own] for pair, own in zip(pairs, is_html, strict=True)]
        if any(is_html):
            raw_rows[name] = [place for place, own in enumerate(is_html) if own]
    return pd.DataFrame(shown), raw_rows


def _finish(page: str, table: PaperTable) -> str:
    """Name the page and its language."""
    title = _escape(f"{table.name}. {table.title}")
    head = f'<meta charset="utf-8"/>\n<title>{title}</title>\n<style>{_STYLE}</style>'
    page = page.replace('<meta charset="utf-8"/>', head, 1).replace('lang="en"', 'lang="en-GB"', 1)
    return "\n".join(line.rstrip() for line in page.splitlines()) + "\n"


def _escape(text: str) -> str:
    # Two braces are units to great_tables.
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _superscript(marks: Sequence[str], symbols: Mapping[str, str]) -> str:
    known = [_escape(symbols[mark]) for mark in marks if mark in symbols]
    return f"<sup>{','.join(known)}</sup>" if known else ""
