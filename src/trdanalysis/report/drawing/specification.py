"""The specification curve: the rate in every cell, sorted, above the choices behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trdanalysis.report import words
from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sheet import DASHED, DOTTED, LEADING, Sheet
from trdanalysis.report.drawing.style import Look, page_look

Floats = npt.NDArray[np.float64]

#: Neighbouring cells are drawn as one: more points than these nobody can see.
_MOST_POINTS, _MOST_BINS = 400, 100

#: Pieces of the curve that can be pointed at.
_MOST_TIPS = 24


@dataclass(frozen=True)
class Axis:
    """One choice below the curve.

    Attributes
    ----------
    name
        In words.
    levels
        In words.
    chosen
        For each cell, the place of its level.
    primary
        Place of the primary cell's level; None where there is no primary cell.
    """

    name: str
    levels: Sequence[str]
    chosen: npt.NDArray[np.int64]
    primary: int | None = None


@dataclass(frozen=True)
class Specification:
    """What is drawn: cells sorted by their rate, fractions.

    Attributes
    ----------
    rate, low, high
        Rates and their intervals.
    bound_high
        What each rate could be at most; NaN where that is hidden.
    axes
        The choices, with the cells in the same order.
    primary
        Place of the primary cell; None where there is none.
    """

    rate: Floats
    low: Floats
    high: Floats
    bound_high: Floats
    axes: Sequence[Axis]
    primary: int | None


def render_specification(cells: Specification, *, reference: float, title: str, name: str) -> str:
    """Draw a specification curve with its choices for the page.

    Parameters
    ----------
    cells
        What to draw.
    reference
        A share to be drawn as a line.
    title
        What the figure shows, for those who do not see it.
    name
        Unlike any other figure's of the page.

    Returns
    -------
    str
        An ``<svg>`` element; nothing where there is no cell.
    """
    if not len(cells.rate):
        return ""
    return save_inline(draw_specification(cells, reference, page_look(name)), title)


def draw_specification(
    cells: Specification, reference: float, look: Look, *, note: str = ""
) -> Sheet:
    """Draw a specification curve; there is one cell at least."""
    sheet = Sheet(look)
    inset = max((sheet.measure(axis.name, bold=True) for axis in cells.axes), default=0)
    levels = [f"\N{BLACK SMALL SQUARE} {level}" for axis in cells.axes for level in axis.levels]
    level = max((sheet.measure(text, bold=True) for text in levels), default=0)
    gap = sheet.size
    # Where both columns take too much, a choice's name gets a line of its own.
    is_beside = inset + level + 2 * gap <= 0.36 * sheet.width
    left = max((inset + level + gap if is_beside else level) + gap, 4 * sheet.size)
    right = sheet.width - sheet.size
    total = len(cells.rate)

    def at_x(place: float) -> float:
        return left + (right - left) * place / total

    top = sheet.top + 3.4 * sheet.size
    bottom = top + (0.36 if sheet.width > 400 else 0.55) * sheet.width
    at_y = _draw_curve(sheet, cells, reference, at_x, (left, right, top, bottom))
    y = _draw_choices(sheet, cells.axes, at_x, (left, right, bottom + sheet.size), is_beside)
    _draw_primary(sheet, cells, at_x, at_y, (left, right, top, y))
    _point_at(sheet, cells, at_x, at_y, (top, bottom))
    label = "cells, from the lowest rate to the highest"
    half = sheet.measure(label) / 2
    x = min((left + right) / 2, right - half)
    sheet.text(x, y + 1.2 * sheet.size, label, ha="center")
    y += 2 * sheet.size
    if note and not look.is_page:
        lines = sheet.wrap(note, sheet.width - 2, most=9)
        sheet.lines(0, y + sheet.size, lines, colour=sheet.colours.muted)
        y += LEADING * sheet.size * len(lines) + 0.5 * sheet.size
    return sheet.finish(y + 0.4 * sheet.size)


def _draw_curve(
    sheet: Sheet, cells: Specification, reference: float, at_x: Callable[[float], float],
    frame: tuple[float, float, float, float],
) -> Callable[[float], float]:  # fmt: skip
    left, right, top, bottom = frame
    edges = _edges(len(cells.rate), _MOST_POINTS)
    rate, low, high, most = (
        _means(part, edges) for part in (cells.rate, cells.low, cells.high, cells.bound_high)
    )
    end = min(1.0, 1.05 * max(np.nanmax(high), np.nanmax(np.nan_to_num(most)), reference))

    def at_y(share: float) -> float:
        return bottom - (bottom - top) * min(share, end) / end

    x = [at_x(place) for place in (edges[:-1] + edges[1:]) / 2]
    known = ~np.isnan(most)
    for part in _runs(known):
        own = x[part]
        sheet.area(own, [at_y(v) for v in rate[part]], [at_y(v) for v in most[part]],
                   fill=sheet.colours.soft)  # fmt: skip
        sheet.line(own, [at_y(v) for v in most[part]], colour=sheet.colours.muted, width=0.8,
                   dashes=DOTTED)  # fmt: skip
    sheet.area(x, [at_y(v) for v in low], [at_y(v) for v in high], fill=sheet.colours.band)
    for limit in (low, high):
        sheet.line(x, [at_y(v) for v in limit], colour=sheet.colours.muted, width=0.5)
    sheet.line([left, right], [at_y(reference)] * 2, colour=sheet.colours.reference, width=1,
               dashes=DASHED)  # fmt: skip
    sheet.line(x, [at_y(v) for v in rate], colour=sheet.colours.mark, width=1.6)
    sheet.line([left, left], [top, bottom], colour=sheet.colours.muted)
    sheet.line([left, right], [bottom, bottom], colour=sheet.colours.muted)
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if end / step <= 6.5)
    for place in range(int(end / step) + 1):
        y = at_y(step * place)
        sheet.line([left - 0.3 * sheet.size, left], [y, y], colour=sheet.colours.muted)
        sheet.text(left - 0.6 * sheet.size, y, f"{100 * step * place:.0f}%", ha="right")
    sheet.text(0, sheet.top + 0.9 * sheet.size, "rate of TRD")
    sheet.text(right, sheet.top + 0.9 * sheet.size, f"dashed: reference {100 * reference:.0f}%",
               ha="right", colour=sheet.colours.reference)  # fmt: skip
    return at_y


def _draw_choices(
    sheet: Sheet, axes: Sequence[Axis], at_x: Callable[[float], float],
    frame: tuple[float, float, float], is_beside: bool,
) -> float:  # fmt: skip
    """Draw, level by level, how many of the cells around a place have it; give where they end."""
    left, right, y = frame
    row, gap = 1.75 * sheet.size, 0.7 * sheet.size
    for choice in axes:
        edges = _edges(len(choice.chosen), _MOST_BINS)
        x = [at_x(edge) for edge in edges]
        sheet.text(0, y + row / 2, choice.name, bold=True)
        y += 0 if is_beside else row
        shares = [
            _means((choice.chosen == place).astype(float), edges)
            for place in range(len(choice.levels))
        ]
        most = max(float(share.max()) for share in shares)
        for place, (level, share) in enumerate(zip(choice.levels, shares, strict=True)):
            is_primary = place == choice.primary
            foot = y + row
            heights = [foot - 0.84 * row * float(part) / most for part in (*share, share[-1])]
            sheet.area(x, [foot] * len(x), heights, steps=True,
                       fill=sheet.colours.mark if is_primary else sheet.colours.pale)  # fmt: skip
            sheet.line([left, right], [foot, foot], colour=sheet.colours.rule, width=0.5)
            text = f"\N{BLACK SMALL SQUARE} {level}" if is_primary else level
            sheet.text(left - sheet.size, y + row / 2, text, ha="right", bold=is_primary,
                       colour=sheet.colours.ink if is_primary else sheet.colours.muted)  # fmt: skip
            y = foot
        y += gap
    return y


def _draw_primary(
    sheet: Sheet, cells: Specification, at_x: Callable[[float], float],
    at_y: Callable[[float], float], frame: tuple[float, float, float, float],
) -> None:  # fmt: skip
    if cells.primary is None:
        return
    left, right, top, bottom = frame
    x, value = at_x(cells.primary + 0.5), float(cells.rate[cells.primary])
    text = f"primary definition: {words.percent(value)}"
    with sheet.mark(text):
        sheet.line([x, x], [top - 0.4 * sheet.size, bottom], colour=sheet.colours.ink, width=0.8)
        sheet.dot(x, at_y(value), fill=sheet.colours.mark, edge=sheet.colours.ink,
                  size=0.7 * sheet.size)  # fmt: skip
        half = sheet.measure(text) / 2
        middle = min(max(x, half), sheet.width - half - 1)
        sheet.text(middle, top - 1.2 * sheet.size, text, ha="center")


def _point_at(
    sheet: Sheet, cells: Specification, at_x: Callable[[float], float],
    at_y: Callable[[float], float], across: tuple[float, float],
) -> None:  # fmt: skip
    """Let the page point at pieces of the curve."""
    if not sheet.look.is_page:
        return
    top, bottom = across
    total = words.count(len(cells.rate))
    edges = _edges(len(cells.rate), _MOST_TIPS).astype(int)
    for start, end in zip(edges, edges[1:], strict=False):
        rates = cells.rate[start:end]
        which = f"cells {words.count(start + 1)} to {words.count(end)}"
        which = which if end - start > 1 else f"cell {words.count(end)}"
        shares = words.percent_range(rates.min(), rates.max())
        with sheet.mark(f"{which} of {total}: {shares}"):
            sheet.target(at_x(start), top, at_x(end), bottom)


def _runs(known: npt.NDArray[np.bool_]) -> list[slice]:
    """Give the pieces without gaps, of two points at least."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [slice(int(start), int(end)) for start, end in pairs if end - start > 1]


def _edges(total: int, most: int) -> Floats:
    """Cut places 0 to ``total`` into even pieces, each of one place at least."""
    return np.unique(np.round(np.linspace(0, total, min(total, most) + 1))).astype(np.float64)


def _means(values: Floats, edges: Floats) -> Floats:
    """Give the mean of each piece; a hidden value leaves its piece out."""
    at = edges[:-1].astype(np.int64)
    return np.asarray(np.add.reduceat(values, at) / np.diff(edges), dtype=np.float64)
