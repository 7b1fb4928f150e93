"""A sheet to draw on: points from its top left corner, and marks that can be pointed at.

Everything is placed by hand, with widths of text measured: nothing is laid out by the drawing
library, so that texts cannot run into each other, and drawing is quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from trdanalysis.report.drawing.style import Look, clean, font, measure, wrap

#: Distance of two lines of text, and from the middle of a line to its foot, of its size.
LEADING = 1.3
_FOOT = 0.36

#: Dashes that tell lines apart without their colours, in points.
DASHED, DOTTED = (4.5, 2.0), (1.2, 1.4)


class _Mark(Artist):
    """Several artists drawn as one group."""

    def __init__(self, parts: list[Artist], name: str | None) -> None:
        super().__init__()
        self.parts = parts
        self.name = name

    def draw(self, renderer: Any) -> None:
        """Draw the parts inside a group of the renderer."""
        renderer.open_group("mark", gid=self.name)
        for part in self.parts:
            part.draw(renderer)
        renderer.close_group("mark")


class Sheet:
    """A figure that is drawn from the top left corner, in points.

    Parameters
    ----------
    look
        Its width, colours and text.

    Attributes
    ----------
    figure
        For those who save it.
    tips
        What is said of each mark that can be pointed at, in order.
    top
        Where drawing begins: below what is said at the top.
    """

    def __init__(self, look: Look) -> None:
        self.look = look
        self.colours = look.colours
        self.size = look.text
        self.width = look.width
        self.tips: list[str] = []
        self.figure = Figure(figsize=(look.width / 72, 1))
        self._shift = Affine2D()
        turn = Affine2D().scale(1 / 72, -1 / 72)
        self._transform = turn + self._shift + self.figure.dpi_scale_trans
        self._parts: list[Artist] | None = None
        self.top = self._write_marks()

    def _write_marks(self) -> float:
        if not self.look.marks:
            return 0.0
        text = "   ".join(self.look.marks)
        lines = wrap(text, self.width - 4, self.size, bold=True)
        for place, line in enumerate(lines):
            self.text(self.width - 2, (0.8 + place * LEADING) * self.size, line, ha="right",
                      bold=True)  # fmt: skip
        return (0.6 + LEADING * len(lines)) * self.size

    def finish(self, height: float) -> Sheet:
        """Say how high the sheet is."""
        self._shift.clear().translate(0, height / 72)
        self.figure.set_size_inches(self.width / 72, height / 72)
        self.height = height
        return self

    @contextmanager
    def mark(self, tip: str) -> Iterator[None]:
        """Group what is drawn inside, and say of it in the page: marks are not nested."""
        self._parts = []
        yield
        name = None
        if self.look.is_page:
            name = f"tip-{len(self.tips)}"
            self.tips.append(tip)
        parts, self._parts = self._parts, None
        if parts:
            self._add(_Mark(parts, name))

    def _add(self, artist: Artist) -> None:
        # All of one order: what is drawn later lies above.
        artist.set_zorder(1)
        if self._parts is None:
            self.figure.add_artist(artist)
            return
        artist.set_figure(self.figure)
        self._parts.append(artist)

    def text(
        self, x: float, y: float, text: str, *, ha: str = "left", bold: bool = False,
        colour: str | None = None, upright: bool = False,
    ) -> None:  # fmt: skip
        """Write one line; ``y`` is its middle, of an upright one its foot."""
        written = text if self.look.is_page else clean(text, bold=bold)
        at = (x + _FOOT * self.size, y) if upright else (x, y + _FOOT * self.size)
        self._add(
            Text(
                *at, written, color=colour or self.colours.ink, ha="left" if upright else ha,
                va="baseline", fontproperties=font(self.size, bold=bold), parse_math=False,
                rotation=90 if upright else 0, rotation_mode="anchor", transform=self._transform,
            )
        )  # fmt: skip

    def lines(self, x: float, y: float, lines: Sequence[str], **style: Any) -> None:
        """Write several lines; ``y`` is the middle of the first."""
        for place, line in enumerate(lines):
            self.text(x, y + place * LEADING * self.size, line, **style)

    def measure(self, text: str, *, bold: bool = False) -> float:
        """Give the width of a line of text in points."""
        return measure(clean(text, bold=bold), self.size, bold=bold)

    def wrap(self, text: str, width: float, *, bold: bool = False, most: int = 4) -> list[str]:
        """Break a text into lines of a width in points."""
        return wrap(text, width, self.size, bold=bold, most=most)

    def line(
        self, x: Sequence[float], y: Sequence[float], *, colour: str, width: float = 0.8,
        dashes: tuple[float, float] | None = None, steps: bool = False,
    ) -> None:  # fmt: skip
        """Draw a line through points; ``steps``: what happens, happens at a point."""
        style: Any = "solid" if dashes is None else (0, dashes)
        self._add(
            Line2D(
                x, y, color=colour, linewidth=width, linestyle=style, transform=self._transform,
                drawstyle="steps-post" if steps else "default", solid_capstyle="butt",
                dash_capstyle="butt",
            )
        )  # fmt: skip

    def dot(
        self, x: float, y: float, *, shape: str = "s", fill: str | None = None, edge: str,
        size: float = 4.5,
    ) -> None:  # fmt: skip
        """Draw a marker; without ``fill`` it is open."""
        self._add(
            Line2D(
                [x], [y], marker=shape, markersize=size, markeredgewidth=0.9, linestyle="none",
                markerfacecolor=fill or self.colours.paper, markeredgecolor=edge,
                transform=self._transform,
            )
        )  # fmt: skip

    def box(
        self, left: float, top: float, right: float, bottom: float, *, fill: str | None = None,
        edge: str | None = None, width: float = 0.8, hatch: str | None = None,
    ) -> None:  # fmt: skip
        """Draw a rectangle; ``hatch`` is drawn in the colour of its edge."""
        self._add(
            Rectangle(
                (left, top), right - left, bottom - top, facecolor=fill or "none",
                edgecolor=edge or "none", linewidth=width if edge else 0, hatch=hatch,
                transform=self._transform,
            )
        )  # fmt: skip

    def target(self, left: float, top: float, right: float, bottom: float) -> None:
        """Make an area of the page part of the mark, though nothing is seen of it."""
        if self.look.is_page:
            self.box(left, top, right, bottom)

    def area(
        self, x: Sequence[float], low: Sequence[float], high: Sequence[float], *, fill: str,
        steps: bool = False,
    ) -> None:  # fmt: skip
        """Fill between two lines through points."""
        forth = list(zip(x, high, strict=True))
        back = list(zip(x, low, strict=True))
        if steps:
            forth, back = _stepped(forth), _stepped(back)
        points = [*forth, *reversed(back), forth[0]]
        outline = Outline(points, closed=True)
        self._add(
            PathPatch(outline, facecolor=fill, edgecolor="none", linewidth=0,
                      transform=self._transform)
        )  # fmt: skip

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        """Draw an arrow that is level or upright."""
        tip = 0.55 * self.size
        is_level = y == to_y
        along = (1 if to_x > x else -1, 0) if is_level else (0, 1 if to_y > y else -1)
        back = (to_x - tip * along[0], to_y - tip * along[1])
        self.line([x, back[0]], [y, back[1]], colour=self.colours.ink)
        across = (0.5 * tip * along[1], 0.5 * tip * along[0])
        corners = [
            (to_x, to_y), (back[0] + across[0], back[1] + across[1]),
            (back[0] - across[0], back[1] - across[1]), (to_x, to_y),
        ]  # fmt: skip
        self._add(
            PathPatch(Outline(corners, closed=True), facecolor=self.colours.ink, linewidth=0,
                      edgecolor="none", transform=self._transform)
        )  # fmt: skip


def _stepped(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    stepped = [points[0]]
    for (_, y), (to_x, to_y) in zip(points, points[1:], strict=False):
        stepped += [(to_x, y), (to_x, to_y)]
    return stepped
