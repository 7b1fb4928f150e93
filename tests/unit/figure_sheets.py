"""Looking into drawn sheets: texts with their places, marks, and lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.text import Text

from trdanalysis.report.drawing.sheet import Sheet, _Mark


@dataclass(frozen=True)
class Place:
    """A text and the corners of its box, in points from the bottom left."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def parts_of(sheet: Sheet) -> list[Any]:
    """Give every artist, those of marks too, in the order of drawing."""
    found: list[Any] = []
    for artist in sheet.figure.artists:
        found += artist.parts if isinstance(artist, _Mark) else [artist]
    found += [*sheet.figure.texts, *sheet.figure.lines, *sheet.figure.patches]
    return found


def texts_of(sheet: Sheet) -> list[str]:
    return [part.get_text() for part in parts_of(sheet) if isinstance(part, Text)]


def marks_of(sheet: Sheet) -> int:
    return sum(isinstance(artist, _Mark) for artist in sheet.figure.artists)


def dots_of(sheet: Sheet) -> list[tuple[float, str]]:
    """Give where across the sheet markers stand, and their shape, in the order of drawing."""
    return [
        (float(part.get_xdata()[0]), str(part.get_marker()))
        for part in parts_of(sheet)
        if isinstance(part, Line2D) and part.get_marker() not in (None, "None", "")
    ]


def lines_of(sheet: Sheet, width: float) -> list[tuple[list[float], list[float]]]:
    """Give the lines of a width, as points of the sheet."""
    return [
        ([float(x) for x in part.get_xdata()], [float(y) for y in part.get_ydata()])
        for part in parts_of(sheet)
        if isinstance(part, Line2D) and part.get_linewidth() == width
    ]


def places_of(sheet: Sheet) -> list[Place]:
    sheet.figure.dpi = 72
    renderer = FigureCanvasAgg(sheet.figure).get_renderer()
    found = []
    for part in parts_of(sheet):
        if isinstance(part, Text) and part.get_text().strip():
            box = part.get_window_extent(renderer)
            found.append(Place(part.get_text(), box.x0, box.y0, box.x1, box.y1))
    return found


def faults_of(sheet: Sheet, slack: float = 1.0) -> list[str]:
    """Say which texts are cut by the edge, and which lie on each other."""
    places = places_of(sheet)
    faults = [
        f"cut: {one.text}"
        for one in places
        if one.left < -slack or one.bottom < -slack
        or one.right > sheet.width + slack or one.top > sheet.height + slack
    ]  # fmt: skip
    for place, one in enumerate(places):
        for other in places[place + 1 :]:
            across = min(one.right, other.right) - max(one.left, other.left)
            along = min(one.top, other.top) - max(one.bottom, other.bottom)
            # Boxes hold the room of letters that go below the line.
            if across > slack and along > 2.2:
                faults.append(f"on each other: {one.text} | {other.text}")
    return faults
