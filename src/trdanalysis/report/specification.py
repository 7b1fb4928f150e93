"""The specification curve as SVG: the rate in every cell, sorted, above the choices behind it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from trdanalysis.report.figures import (
    BAND,
    INK,
    MARK,
    MUTED,
    REFERENCE,
    RULE,
    as_inline,
    drawing_settings,
)

Floats = npt.NDArray[np.float64]

_WIDTH_INCHES = 8.6
_CURVE_INCHES, _ROW_INCHES, _GAP_INCHES, _FOOT_INCHES, _HEAD_INCHES = 3.0, 0.19, 0.13, 0.42, 0.3
#: Where names, levels and the plot begin and the plot ends, as fractions of the width.
_NAME_AT, _LEVEL_AT, _FROM, _TO = 0.005, 0.275, 0.285, 0.985
#: Neighbouring cells are drawn as one: more points than these nobody can see.
_MOST_POINTS, _MOST_BINS = 400, 100


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
    """Draw a specification curve with its choices.

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
    with mpl.rc_context(drawing_settings(name) | {"font.size": 9}):
        figure = _draw(cells, reference)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return as_inline(out.getvalue(), title, name)


def _draw(cells: Specification, reference: float) -> Figure:
    rows = sum(len(axis.levels) for axis in cells.axes)
    choices = rows * _ROW_INCHES + (len(cells.axes) - 1) * _GAP_INCHES
    height = _HEAD_INCHES + _CURVE_INCHES + _GAP_INCHES + choices + _FOOT_INCHES
    figure = Figure(figsize=(_WIDTH_INCHES, height))
    across = (_FROM, _TO - _FROM)
    bottom = (_FOOT_INCHES + choices + _GAP_INCHES) / height
    curve = figure.add_axes((across[0], bottom, across[1], _CURVE_INCHES / height))
    below = figure.add_axes((across[0], _FOOT_INCHES / height, across[1], choices / height))
    for axes in (curve, below):
        axes.set_xlim(0, len(cells.rate))
        for side in ("right", "top"):
            axes.spines[side].set_visible(False)
        if cells.primary is not None:
            axes.axvline(cells.primary + 0.5, color=INK, linewidth=0.9, zorder=5)
    _draw_curve(curve, cells, reference)
    _draw_choices(below, cells.axes, choices)
    below.set_xlabel("cells, from the lowest rate to the highest")
    return figure


def _draw_curve(axes: Any, cells: Specification, reference: float) -> None:
    total = len(cells.rate)
    edges = _edges(total, _MOST_POINTS)
    middle = (edges[:-1] + edges[1:]) / 2
    rate, low, high, most = (
        _means(part, edges) for part in (cells.rate, cells.low, cells.high, cells.bound_high)
    )
    axes.fill_between(middle, rate, most, color=RULE, linewidth=0, alpha=0.45, zorder=0)
    axes.plot(middle, most, color=MUTED, linewidth=0.8, dashes=(1.5, 1.5), zorder=1)
    axes.fill_between(middle, low, high, color=BAND, linewidth=0, zorder=2)
    for limit in (low, high):
        axes.plot(middle, limit, color=MUTED, linewidth=0.6, zorder=3)
    axes.plot(middle, rate, color=MARK, linewidth=2, zorder=4)
    axes.axhline(reference, color=REFERENCE, linewidth=1.2, dashes=(4, 2), zorder=4)
    top = min(1.0, 1.12 * max(np.nanmax(high), np.nanmax(np.nan_to_num(most)), reference))
    axes.set_ylim(0, top)
    ticks = [tick for tick in np.arange(0, 1.01, 0.1 if top <= 0.7 else 0.25) if tick <= top]
    axes.set_yticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks])
    axes.tick_params(axis="x", length=0, labelbottom=False)
    if cells.primary is None:
        return
    place, value = cells.primary + 0.5, float(cells.rate[cells.primary])
    axes.plot([place], [value], marker="s", markersize=6.5, color=MARK, zorder=6,
              markeredgecolor=INK, clip_on=False)  # fmt: skip
    is_left = place < total / 2
    axes.annotate(
        f"primary definition: {100 * value:.1f}%", (place, top), xytext=(4 if is_left else -4, -2),
        textcoords="offset points", ha="left" if is_left else "right", va="top", color=INK,
    )  # fmt: skip


def _draw_choices(axes: Any, choices: Sequence[Axis], inches: float) -> None:
    """Draw, level by level, how many of the cells around a place have it."""
    axes.set_ylim(inches, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=3)
    top = 0.0
    for choice in choices:
        total = len(choice.chosen)
        edges = _edges(total, _MOST_BINS)
        _write(axes, _NAME_AT, top + _ROW_INCHES / 2, choice.name, ha="left", fontweight="bold")
        shares = [
            _means((choice.chosen == place).astype(float), edges)
            for place in range(len(choice.levels))
        ]
        most = max(share.max() for share in shares)
        for place, (level, share) in enumerate(zip(choice.levels, shares, strict=True)):
            foot = top + _ROW_INCHES
            is_primary = place == choice.primary
            heights = foot - 0.86 * _ROW_INCHES * np.append(share, share[-1]) / most
            axes.fill_between(edges, foot, heights, step="post", linewidth=0, zorder=2,
                              color=MARK if is_primary else MUTED)  # fmt: skip
            axes.plot([0, total], [foot, foot], color=RULE, linewidth=0.5, zorder=1)
            _write(axes, _LEVEL_AT, top + _ROW_INCHES / 2,
                   f"\N{BLACK SMALL SQUARE} {level}" if is_primary else level, ha="right",
                   color=INK if is_primary else MUTED,
                   fontweight="bold" if is_primary else "normal")  # fmt: skip
            top = foot
        top += _GAP_INCHES


def _write(axes: Any, at: float, place: float, text: str, **style: Any) -> None:
    across = (at - _FROM) / (_TO - _FROM)
    axes.text(across, place, text, transform=axes.get_yaxis_transform(), va="center", **style)


def _edges(total: int, most: int) -> Floats:
    """Cut places 0 to ``total`` into even pieces, each of one place at least."""
    return np.unique(np.round(np.linspace(0, total, min(total, most) + 1))).astype(np.float64)


def _means(values: Floats, edges: Floats) -> Floats:
    """Give the mean of each piece; a hidden value leaves its piece out."""
    at = edges[:-1].astype(np.int64)
    return np.asarray(np.add.reduceat(values, at) / np.diff(edges), dtype=np.float64)
