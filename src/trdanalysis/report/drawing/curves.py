"""Curves: rates by age, and failures by time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trdanalysis.report import words
from trdanalysis.report.drawing.forest import thin_out
from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sheet import DASHED, DOTTED, LEADING, Sheet
from trdanalysis.report.drawing.style import Look, page_look

#: Points of a curve that can be pointed at, at most.
_MOST_TIPS = 16


@dataclass(frozen=True)
class Curve:
    """One line of a figure.

    Attributes
    ----------
    label
        Written at its end.
    x, y, low, high
        Points; ``low`` and ``high`` are the limits, None where there are none.
    is_step
        Drawn as steps: what happens, happens at a point.
    dashed
        Told apart from the others by its dashes, not by colour alone.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]
    is_step: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Curves:
    """What is drawn.

    Attributes
    ----------
    curves
        Shares, as fractions.
    x_label, y_label
        Of the axes, with units.
    reference, reference_label
        A share to be drawn as a line, and what is written at it.
    below
        Rows of numbers under the axis: a heading, and by ``x`` what is written there.
    note
        Said below the figure of a file.
    """

    curves: Sequence[Curve]
    x_label: str
    y_label: str
    reference: float | None = None
    reference_label: str = ""
    below: Sequence[tuple[str, Sequence[tuple[float, str]]]] = field(default_factory=tuple)
    note: str = ""


@dataclass(frozen=True)
class _Plot:
    left: float
    right: float
    top: float
    bottom: float
    at_x: Callable[[float], float]
    at_y: Callable[[float], float]


def render_curves(
    curves: Sequence[Curve], *, x_label: str, y_label: str, title: str, name: str,
    reference: float | None = None,
) -> str:  # fmt: skip
    """Draw curves of shares for the page.

    Parameters
    ----------
    curves
        What to draw; shares are fractions.
    x_label, y_label
        Of the axes, with units.
    title
        What the figure shows, for those who do not see it.
    name
        Unlike any other figure's of the page.
    reference
        A share to be drawn as a line.

    Returns
    -------
    str
        An ``<svg>`` element; nothing where there is no curve.
    """
    if not curves:
        return ""
    drawn = Curves(curves, x_label, y_label, reference)
    return save_inline(draw_curves(drawn, page_look(name)), title)


def draw_curves(drawn: Curves, look: Look) -> Sheet:
    """Draw curves; there is one at least, each of two points at least."""
    sheet = Sheet(look)
    plot, ticks = _place(sheet, drawn)
    for share, label in ticks:
        y = plot.at_y(share)
        sheet.line([plot.left - 0.3 * sheet.size, plot.left], [y, y], colour=sheet.colours.muted)
        sheet.text(plot.left - 0.6 * sheet.size, y, label, ha="right")
    for curve in drawn.curves:
        _draw_area(sheet, plot, curve)
    if drawn.reference is not None:
        y = plot.at_y(drawn.reference)
        sheet.line([plot.left, plot.right], [y, y], colour=sheet.colours.reference, width=1,
                   dashes=DASHED)  # fmt: skip
    for curve in drawn.curves:
        sheet.line([plot.at_x(x) for x in curve.x], [plot.at_y(y) for y in curve.y],
                   colour=sheet.colours.mark, width=1.5, steps=curve.is_step,
                   dashes=DASHED if curve.dashed else None)  # fmt: skip
    _write_ends(sheet, plot, drawn)
    for curve in drawn.curves:
        _point_at(sheet, plot, curve)
    sheet.line([plot.left] * 2, [plot.top, plot.bottom], colour=sheet.colours.muted)
    return sheet.finish(_draw_foot(sheet, plot, drawn))


def _place(sheet: Sheet, drawn: Curves) -> tuple[_Plot, list[tuple[float, str]]]:
    limits = [value for curve in drawn.curves for value in curve.high if value is not None]
    values = [value for curve in drawn.curves for value in curve.y]
    most = min(1.0, max(*values, *limits, drawn.reference or 0, 0.05) * 1.04)
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if most / step <= 6.5)
    ticks = [(step * place, f"{100 * step * place:.0f}%") for place in range(int(most / step) + 1)]
    widest = max(sheet.measure(label) for _, label in ticks)
    left = widest + 0.9 * sheet.size
    # The first number under the axis stands around where the axis begins.
    left = max([left, *(sheet.measure(numbers[0][1]) / 2 for _, numbers in drawn.below)])
    names = [*(curve.label for curve in drawn.curves), drawn.reference_label]
    right = sheet.width - min(max(map(sheet.measure, names)) + sheet.size, 0.26 * sheet.width)
    top = sheet.top + 2.2 * sheet.size
    bottom = top + (0.42 if sheet.width > 400 else 0.6) * sheet.width
    xs = [x for curve in drawn.curves for x in curve.x]
    least, furthest = min(xs), max(xs)
    across = (right - left) / ((furthest - least) or 1)
    sheet.text(0, sheet.top + 0.9 * sheet.size, drawn.y_label, colour=sheet.colours.ink)
    plot = _Plot(
        left, right, top, bottom,
        lambda x: left + (x - least) * across,
        lambda y: bottom - (bottom - top) * min(y, most) / most,
    )  # fmt: skip
    return plot, ticks


def _draw_area(sheet: Sheet, plot: _Plot, curve: Curve) -> None:
    known = [
        (plot.at_x(x), plot.at_y(low), plot.at_y(high))
        for x, low, high in zip(curve.x, curve.low, curve.high, strict=True)
        if low is not None and high is not None
    ]
    if not known:
        return
    x, low, high = zip(*known, strict=True)
    sheet.area(x, low, high, fill=sheet.colours.band, steps=curve.is_step)
    for limit in (low, high):
        sheet.line(x, limit, colour=sheet.colours.muted, width=0.5, steps=curve.is_step,
                   dashes=DOTTED if curve.dashed else None)  # fmt: skip


def _write_ends(sheet: Sheet, plot: _Plot, drawn: Curves) -> None:
    """Name each line at its end, names below each other where lines meet."""
    ends = [(plot.at_y(curve.y[-1]), curve.label, sheet.colours.ink) for curve in drawn.curves]
    if drawn.reference is not None and drawn.reference_label:
        at = plot.at_y(drawn.reference)
        ends.append((at, drawn.reference_label, sheet.colours.reference))
    for curve in drawn.curves:
        end = plot.at_x(curve.x[-1])
        if end < plot.right - 1:
            sheet.line([end, plot.right], [plot.at_y(curve.y[-1])] * 2,
                       colour=sheet.colours.muted, width=0.6, dashes=DOTTED)  # fmt: skip
    room = sheet.width - plot.right - 0.6 * sheet.size
    step = LEADING * sheet.size
    written = [(y, sheet.wrap(label, room), colour) for y, label, colour in sorted(ends) if label]
    heights = [len(lines) * step for _, lines, _ in written]
    tops = [y - height / 2 for (y, _, _), height in zip(written, heights, strict=True)]
    for place in range(1, len(tops)):
        tops[place] = max(tops[place], tops[place - 1] + heights[place - 1])
    over = (tops[-1] + heights[-1]) - plot.bottom if tops else 0.0
    for place in range(len(tops) - 1, -1, -1):
        after = tops[place + 1] if place + 1 < len(tops) else plot.bottom
        if over > 0:
            tops[place] = min(tops[place], after - heights[place])
    for top, (_, lines, colour) in zip(tops, written, strict=True):
        sheet.lines(plot.right + 0.5 * sheet.size, top + step / 2, lines, colour=colour)


def _point_at(sheet: Sheet, plot: _Plot, curve: Curve) -> None:
    """Let the page point at some points of a curve, evenly apart."""
    if not sheet.look.is_page:
        return
    total = len(curve.x)
    every = max(1, -(-(total - 1) // (_MOST_TIPS - 1))) if total > 1 else 1
    for place in sorted({*range(0, total, every), total - 1}):
        low, high = curve.low[place], curve.high[place]
        share = words.percent(curve.y[place])
        if low is not None and high is not None:
            share += f" ({words.percent_range(low, high)})"
        x, y = plot.at_x(curve.x[place]), plot.at_y(curve.y[place])
        with sheet.mark(f"{curve.label}, at {words.count(curve.x[place])}: {share}"):
            sheet.target(x - 7, y - 7, x + 7, y + 7)
            sheet.dot(x, y, shape="o", edge=sheet.colours.mark, size=3)


def _draw_foot(sheet: Sheet, plot: _Plot, drawn: Curves) -> float:
    """Draw the axis, the rows of numbers below it and the note; give where they end."""
    y = plot.bottom
    sheet.line([plot.left, plot.right], [y, y], colour=sheet.colours.muted)
    ticks = [(plot.at_x(x), f"{x:.0f}") for x in _round_places(drawn.curves)]
    for x, label in thin_out(sheet, ticks):
        sheet.line([x, x], [y, y + 0.3 * sheet.size], colour=sheet.colours.muted)
        sheet.text(x, y + sheet.size, label, ha="center")
    step = LEADING * sheet.size
    lines = sheet.wrap(drawn.x_label, sheet.width - 2)
    for line in lines:
        y += step
        half = sheet.measure(line) / 2
        x = max(min((plot.left + plot.right) / 2, sheet.width - half - 1), half)
        sheet.text(x, y + 1.2 * sheet.size, line, ha="center")
    y += 1.2 * sheet.size
    for heading, numbers in drawn.below:
        y += step
        sheet.text(0, y + 0.3 * sheet.size, heading, colour=sheet.colours.muted)
        y += step
        for x, label in thin_out(sheet, [(plot.at_x(x), label) for x, label in numbers]):
            sheet.text(x, y + 0.3 * sheet.size, label, ha="center", colour=sheet.colours.muted)
    if drawn.note and not sheet.look.is_page:
        lines = sheet.wrap(drawn.note, sheet.width - 2, most=9)
        sheet.lines(0, y + 1.9 * sheet.size, lines, colour=sheet.colours.muted)
        y += (len(lines) + 0.6) * step
    return y + sheet.size


def _round_places(curves: Sequence[Curve]) -> list[float]:
    xs = [x for curve in curves for x in curve.x]
    low, high = min(xs), max(xs)
    steps = (1, 2, 5, 10, 20, 50, 100, 180, 365, 730, 1825, 3650)
    step = next((step for step in steps if (high - low) / step <= 8), 7300)
    first = -(-low // step)
    return [step * place for place in range(int(first), int(high // step) + 1)]
