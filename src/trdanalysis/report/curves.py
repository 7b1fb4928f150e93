"""Curves as SVG that stands inside a page: rates by age, and failures by time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from trdanalysis.report.figures import BAND, MARK, MUTED, REFERENCE, as_inline, drawing_settings


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


def render_curves(
    curves: Sequence[Curve], *, x_label: str, y_label: str, title: str, name: str,
    reference: float | None = None,
) -> str:  # fmt: skip
    """Draw curves of shares.

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
    with mpl.rc_context(drawing_settings(name)):
        figure = _draw(curves, x_label, y_label, reference)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return as_inline(out.getvalue(), title, name)


def _draw(curves: Sequence[Curve], x_label: str, y_label: str, reference: float | None) -> Figure:
    figure = Figure(figsize=(8.6, 3.8))
    axes = figure.add_axes((0.09, 0.15, 0.66, 0.8))
    for curve in curves:
        _draw_curve(axes, curve)
    if reference is not None:
        axes.axhline(reference, color=REFERENCE, linewidth=1.2, dashes=(4, 2), zorder=1)
    top = max(*(value for curve in curves for value in curve.y), reference or 0, 0.1)
    axes.set_ylim(0, 1 if top > 0.5 else top * 1.35)
    ticks = [tick for tick in (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1) if tick <= axes.get_ylim()[1]]
    if top > 0.5:
        ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_yticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks])
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    return figure


def _draw_curve(axes: Any, curve: Curve) -> None:
    style: dict[str, Any] = {"drawstyle": "steps-post"} if curve.is_step else {}
    dashes: dict[str, Any] = {"dashes": (5, 2)} if curve.dashed else {}
    known = [
        (x, low, high)
        for x, low, high in zip(curve.x, curve.low, curve.high, strict=True)
        if low is not None and high is not None
    ]
    if known:
        x, low, high = zip(*known, strict=True)
        step = "post" if curve.is_step else None
        axes.fill_between(x, low, high, color=BAND, linewidth=0, step=step, zorder=0)
        for limit in (low, high):
            axes.plot(x, limit, color=MUTED, linewidth=0.6, zorder=2, **style, **dashes)
    axes.plot(curve.x, curve.y, color=MARK, linewidth=1.8, zorder=3, **style, **dashes)
    axes.annotate(
        curve.label, (curve.x[-1], curve.y[-1]), xytext=(6, 0), textcoords="offset points",
        va="center", color=MUTED, annotation_clip=False,
    )  # fmt: skip
