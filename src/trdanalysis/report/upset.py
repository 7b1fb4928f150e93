"""Sets and their overlaps as SVG that stands inside a page.

Bars say how many patients are in exactly one set of definitions; the dots below say which set. Full
and open parts of a bar differ by filling, sets by place: nothing is told by colour.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from trdanalysis.report import words
from trdanalysis.report.figures import INK, MARK, MUTED, RULE, as_inline, drawing_settings

_WIDTH_INCHES, _BARS_INCHES, _ROW_INCHES, _EDGE_INCHES = 8.6, 2.1, 0.27, 0.1
#: Where the columns stand, as fractions of the figure's width.
_LABEL_AT, _COUNT_AT, _PLOT_FROM, _PLOT_TO = 0.005, 0.35, 0.37, 0.995
#: Columns that are at least kept room for, so that few bars are no slabs.
_LEAST_COLUMNS = 10


@dataclass(frozen=True)
class SetRow:
    """One definition: its name, and how many it calls treatment-resistant, ready to read."""

    label: str
    count: str


@dataclass(frozen=True)
class SetBar:
    """One set of definitions.

    Attributes
    ----------
    members
        Places of its definitions among the rows.
    n
        Patients whom these definitions, and no other, call treatment-resistant.
    n_open
        How many of them are indeterminate by another: the open part of the bar.
    """

    members: frozenset[int]
    n: int
    n_open: int


def render_sets(bars: Sequence[SetBar], rows: Sequence[SetRow], *, title: str, name: str) -> str:
    """Draw an UpSet figure.

    Parameters
    ----------
    bars
        From left to right.
    rows
        Definitions from top to bottom.
    title
        What the figure shows, for those who do not see it.
    name
        Unlike any other figure's of the page.

    Returns
    -------
    str
        An ``<svg>`` element; nothing where there is no bar.

    References
    ----------
    Lex A and others (2014) IEEE Trans Vis Comput Graph 20:1983-1992.
    """
    if not bars:
        return ""
    with mpl.rc_context(drawing_settings(name)):
        figure = _draw(bars, rows)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return as_inline(out.getvalue(), title, name)


def _draw(bars: Sequence[SetBar], rows: Sequence[SetRow]) -> Figure:
    dots_inches = _ROW_INCHES * len(rows)
    height = _BARS_INCHES + dots_inches + 2 * _EDGE_INCHES
    figure = Figure(figsize=(_WIDTH_INCHES, height))
    width = _PLOT_TO - _PLOT_FROM
    bottom = _EDGE_INCHES / height
    dots = figure.add_axes((_PLOT_FROM, bottom, width, dots_inches / height))
    above = bottom + dots_inches / height
    upper = figure.add_axes((_PLOT_FROM, above, width, _BARS_INCHES / height))
    for axes in (dots, upper):
        axes.set_xlim(-0.6, max(len(bars), _LEAST_COLUMNS) - 0.4)
        axes.set_xticks([])
        for side in ("left", "right", "top", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_yticks([])
    _draw_bars(upper, bars)
    _draw_dots(dots, bars, rows)
    return figure


def _draw_bars(axes: Any, bars: Sequence[SetBar]) -> None:
    labels = [words.count(bar.n) for bar in bars]
    is_upright = len(bars) > _LEAST_COLUMNS and max(map(len, labels)) > 3
    # Room for the longest label above the highest bar.
    axes.set_ylim(0, max(bar.n for bar in bars) * (1.4 if is_upright else 1.12))
    axes.axhline(0, color=MUTED, linewidth=0.8, clip_on=False)
    for place, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        sure = bar.n - bar.n_open
        axes.bar(place, sure, width=0.6, color=MARK, edgecolor=MARK, linewidth=1)
        axes.bar(
            place, bar.n_open, bottom=sure, width=0.6, color="none", edgecolor=MARK, linewidth=1,
        )  # fmt: skip
        axes.annotate(
            label, (place, bar.n), xytext=(0, 3), textcoords="offset points", ha="center",
            va="bottom", fontsize=8.5, rotation=90 if is_upright else 0,
        )  # fmt: skip


def _draw_dots(axes: Any, bars: Sequence[SetBar], rows: Sequence[SetRow]) -> None:
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _write(axes, _COUNT_AT, -1, "all", ha="right", color=MUTED)
    for place, row in enumerate(rows):
        axes.axhline(place, color=RULE, linewidth=0.5, zorder=0)
        _write(axes, _LABEL_AT, place, row.label, ha="left")
        _write(axes, _COUNT_AT, place, row.count, ha="right", color=MUTED)
    for column, bar in enumerate(bars):
        others = [place for place in range(len(rows)) if place not in bar.members]
        axes.plot(
            [column] * len(others), others, marker="o", markersize=3, linestyle="none",
            markerfacecolor=RULE, markeredgecolor=RULE, zorder=1,
        )  # fmt: skip
        members = sorted(bar.members)
        axes.plot(
            [column] * len(members), members, marker="o", markersize=7, color=INK, linewidth=1.2,
            zorder=2,
        )  # fmt: skip


def _write(axes: Any, at: float, place: float, text: str, **style: Any) -> None:
    """Write beside the dots: ``at`` is a fraction of the figure's width, ``place`` a row."""
    across = (at - _PLOT_FROM) / (_PLOT_TO - _PLOT_FROM)
    axes.text(across, place, text, transform=axes.get_yaxis_transform(), va="center", **style)
