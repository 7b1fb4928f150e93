"""Pathways: boxes in columns, one column a step, and bands between them as wide as who goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sheet import LEADING, Sheet
from trdanalysis.report.drawing.style import Look, page_look

#: Of the sheet's width: a box, where its words are longer, and what the highest column may take.
_BOX, _WIDEST, _HIGHEST = 0.225, 0.305, 0.36
#: Points along a band, and of the bar that stands for a box's patients.
_POINTS, _BAR = 24, 4.0
#: Points under which a band has no edge of its own.
_THIN = 3.0


@dataclass(frozen=True)
class Node:
    """One box.

    Attributes
    ----------
    key
        Tells it from others of its column.
    label, text
        What it is, and how many, ready to read.
    n
        How many are drawn; the rest of them is hidden, or there is nobody else.
    is_end
        Nobody goes on from it.
    """

    key: str
    label: str
    text: str
    n: int
    is_end: bool = False


@dataclass(frozen=True)
class Band:
    """Who goes on from a box to one of the next column, and what is said of them."""

    source: str
    target: str
    n: int
    text: str


@dataclass(frozen=True)
class Pathways:
    """What is drawn.

    Attributes
    ----------
    headings
        One a column.
    columns
        Boxes of each column, from top to bottom; a column may be empty.
    bands
        From each column to the next: one fewer than columns.
    note
        Said below the figure of a file.
    """

    headings: Sequence[str]
    columns: Sequence[Sequence[Node]]
    bands: Sequence[Sequence[Band]]
    note: str = ""


@dataclass(frozen=True)
class _Place:
    """Where a box stands, and where the bars at its sides begin."""

    left: float
    right: float
    top: float
    foot: float
    bar_top: float


def render_pathways(pathways: Pathways, *, title: str, name: str) -> str:
    """Draw pathways for the page.

    Parameters
    ----------
    pathways
        What to draw.
    title
        What the figure shows, for those who do not see it.
    name
        Unlike any other figure's of the page.

    Returns
    -------
    str
        An ``<svg>`` element; nothing where there is no box.
    """
    if not any(pathways.columns):
        return ""
    return save_inline(draw_pathways(pathways, page_look(name)), title)


def draw_pathways(pathways: Pathways, look: Look) -> Sheet:
    """Draw pathways of one box at least."""
    sheet = Sheet(look)
    size = sheet.size
    totals = [sum(node.n for node in nodes) for nodes in pathways.columns]
    scale = _HIGHEST * sheet.width / (max(totals) or 1)
    width = _box_width(sheet, pathways)
    gap = (sheet.width - 2 - width * len(pathways.columns)) / max(len(pathways.columns) - 1, 1)
    lefts = [1 + at * (width + gap) for at in range(len(pathways.columns))]
    headings = [sheet.wrap(text, width, bold=True) for text in pathways.headings]
    top = sheet.top + size * (0.4 + LEADING * max(len(lines) for lines in headings)) + 0.6 * size
    places, foot = [], top
    for left, nodes, lines in zip(lefts, pathways.columns, headings, strict=True):
        if nodes:
            sheet.lines(left, sheet.top + 0.9 * size, lines, bold=True)
        placed = _place_column(sheet, nodes, left, width, top, scale)
        places.append(placed)
        foot = max([foot, *(place.foot for place in placed.values())])
    for at, bands in enumerate(pathways.bands):
        _draw_bands(sheet, bands, places[at], places[at + 1], scale)
    for at, nodes in enumerate(pathways.columns):
        for node in nodes:
            goes_on = not node.is_end and at + 1 < len(pathways.columns)
            _draw_node(
                sheet, node, places[at][node.key], scale, bars=(at > 0 or not goes_on, goes_on)
            )
    y = foot
    if pathways.note and not look.is_page:
        written = sheet.wrap(pathways.note, sheet.width - 2, most=9)
        sheet.lines(0, y + 1.3 * size, written, colour=sheet.colours.muted)
        y += LEADING * size * len(written) + 0.7 * size
    return sheet.finish(y + 0.5 * size)


def _box_width(sheet: Sheet, pathways: Pathways) -> float:
    """Give the width of a box: no word is broken where there is room for it."""
    texts = [
        text for nodes in pathways.columns for node in nodes for text in (node.label, node.text)
    ]
    longest = max((sheet.measure(word) for text in texts for word in text.split()), default=0.0)
    needed = longest + 2 * _side(sheet) + 0.1
    return min(max(_BOX * sheet.width, needed), _WIDEST * sheet.width)


def _side(sheet: Sheet) -> float:
    return _BAR + 0.5 * sheet.size


def _place_column(
    sheet: Sheet, nodes: Sequence[Node], left: float, width: float, top: float, scale: float
) -> dict[str, _Place]:
    places = {}
    for node in nodes:
        lines = _write(sheet, node, width)
        needed = LEADING * sheet.size * len(lines) + 0.7 * sheet.size
        height = max(node.n * scale, needed)
        bar_top = top + (height - node.n * scale) / 2
        places[node.key] = _Place(left, left + width, top, top + height, bar_top)
        top += height + 0.7 * sheet.size
    return places


def _write(sheet: Sheet, node: Node, width: float) -> list[str]:
    inner = width - 2 * _side(sheet)
    return [*sheet.wrap(node.label, inner), *sheet.wrap(node.text, inner)]


def _draw_node(
    sheet: Sheet, node: Node, place: _Place, scale: float, *, bars: tuple[bool, bool]
) -> None:
    """Draw a box with its text, and how many it holds as bars at its left and right side."""
    colours = sheet.colours
    with sheet.mark(f"{node.label}: {node.text}"):
        sheet.box(
            place.left, place.top, place.right, place.foot,
            fill=colours.paper if node.is_end else colours.soft,
            edge=colours.muted if node.is_end else colours.ink,
        )  # fmt: skip
        bar_foot = place.bar_top + node.n * scale
        if node.n and bars[0]:
            sheet.box(place.left, place.bar_top, place.left + _BAR, bar_foot, fill=colours.mark)
        if node.n and bars[1]:
            sheet.box(place.right - _BAR, place.bar_top, place.right, bar_foot, fill=colours.mark)
        lines = _write(sheet, node, place.right - place.left)
        height = LEADING * sheet.size * len(lines)
        y = (place.top + place.foot - height) / 2 + LEADING * sheet.size / 2
        sheet.lines(place.left + _side(sheet), y, lines)


def _draw_bands(
    sheet: Sheet, bands: Sequence[Band], before: Mapping[str, _Place],
    after: Mapping[str, _Place], scale: float,
) -> None:  # fmt: skip
    """Draw bands in the order of the boxes on both sides, so that few cross."""
    leaves = {key: place.bar_top for key, place in before.items()}
    enters = {key: place.bar_top for key, place in after.items()}
    drawn = {(band.source, band.target): band for band in bands if band.n}
    spans: dict[tuple[str, str], list[float]] = {}
    for source in before:
        for target in after:
            if (source, target) in drawn:
                spans[source, target] = [leaves[source]]
                leaves[source] += drawn[source, target].n * scale
    for target in after:
        for source in before:
            if (source, target) in drawn:
                spans[source, target].append(enters[target])
                enters[target] += drawn[source, target].n * scale
    for (source, target), (start, end) in spans.items():
        band = drawn[source, target]
        with sheet.mark(band.text):
            _draw_band(
                sheet, (before[source].right, start), (after[target].left, end), band.n * scale
            )


def _draw_band(
    sheet: Sheet, start: tuple[float, float], end: tuple[float, float], width: float
) -> None:
    along = [at / (_POINTS - 1) for at in range(_POINTS)]
    # Level at both ends: three times the square less twice the cube.
    eased = [3 * at**2 - 2 * at**3 for at in along]
    x = [start[0] + at * (end[0] - start[0]) for at in along]
    upper = [start[1] + at * (end[1] - start[1]) for at in eased]
    lower = [y + width for y in upper]
    sheet.area(x, lower, upper, fill=sheet.colours.pale)
    # An edge that tells crossing bands apart would cover a thin one.
    edge = sheet.colours.paper if width > _THIN else sheet.colours.pale
    for side in (upper, lower):
        sheet.line(x, side, colour=edge, width=0.6)
