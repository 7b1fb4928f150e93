"""Forest plots as SVG that stands inside a page: same rows, same bytes.

Colours are placeholders that become CSS variables of the page, so that a figure follows the page
into dark mode and print. Numbers stand as text beside the marks: nothing is told by colour alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# Placeholder colour -> CSS variable of the page.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--muted)",
    "#030303": "var(--rule)",
    "#040404": "var(--mark)",
    "#050505": "var(--reference)",
    "#060606": "var(--band)",
}
INK, MUTED, RULE, MARK, REFERENCE, BAND = _COLOURS
#: The page's light colours, for figures that stand alone.
_ALONE = dict(
    zip(
        _COLOURS,
        ("#1b1f24", "#59626d", "#c9d0d8", "#0b5394", "#a3320b", "#f7e3d8"),
        strict=True,
    )
)
#: What a figure that stands alone can be saved as.
FORMATS = ("svg", "pdf", "png")

_ROW_INCHES = 0.27
_WIDTH_INCHES = 8.6
#: Where the columns stand, as fractions of the figure's width.
_LABEL_AT, _PLOT_FROM, _PLOT_TO, _COUNTS_AT, _NUMBERS_AT = 0.005, 0.27, 0.62, 0.77, 0.995


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot.

    Attributes
    ----------
    label
        Text on the left. A row without ``text`` is a heading.
    text, counts
        Numbers on the right, ready to read: the rate, and left of it what it is made of.
    value, low, high
        Mark and interval, as fractions; None where there is nothing to show.
    bound_low, bound_high
        Where the rate would lie if every unknown were a no, or a yes.
    published
        Drawn as a diamond: a figure from a published study.
    """

    label: str
    text: str = ""
    counts: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    published: bool = False


def render_forest(
    rows: Sequence[ForestRow], *, reference: float, margin: float, title: str, name: str
) -> str:
    """Draw a forest plot.

    Parameters
    ----------
    rows
        From top to bottom.
    reference, margin
        The reference rate, a line, and the margin of equivalence around it, a band; fractions.
    title
        What the figure shows, for those who do not see it.
    name
        Unlike any other figure's of the page: it makes the identifiers inside the SVG unique.

    Returns
    -------
    str
        An ``<svg>`` element without width and height; nothing where there are no rows.
    """
    if not rows:
        return ""
    with mpl.rc_context(drawing_settings(name)):
        figure = _draw(rows, reference, margin)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return as_inline(out.getvalue(), title, name)


def save_forest(
    rows: Sequence[ForestRow], *, reference: float, margin: float, title: str, kind: str
) -> bytes:
    """Draw a forest plot that stands alone: on white paper, in the page's light colours.

    Parameters
    ----------
    rows, reference, margin, title
        As of :func:`render_forest`.
    kind
        One of :data:`FORMATS`.

    Returns
    -------
    bytes
        A file without dates or names of programs: the same for the same rows.
    """
    about: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": None, "Title": title},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": title},
        "png": {"Software": None},
    }
    with mpl.rc_context(drawing_settings("forest") | {"pdf.fonttype": 42}):
        figure = _draw(rows, reference, margin)
        for artist in figure.findobj():
            _recolour(artist)
        out = io.BytesIO()
        figure.savefig(out, format=kind, dpi=200, facecolor="white", metadata=about[kind])
    return out.getvalue()


def _recolour(artist: Any) -> None:
    """Put real colours in the place of the page's variables."""
    for part in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
        get = getattr(artist, f"get_{part}", None)
        if get is not None:
            colour = get()
            if mpl.colors.is_color_like(colour) and mpl.colors.to_rgba(colour)[3] == 1:
                given = mpl.colors.to_hex(colour)
                if given in _ALONE:
                    getattr(artist, f"set_{part}")(_ALONE[given])


def drawing_settings(name: str) -> Any:
    """Give the drawing library's settings for one figure of the page."""
    return {
        "svg.hashsalt": name,
        "svg.fonttype": "none",
        "svg.id": f"figure-{name}",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.5,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "xtick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.color": MUTED,
        "ytick.labelcolor": INK,
    }


def _draw(rows: Sequence[ForestRow], reference: float, margin: float) -> Figure:
    height = _ROW_INCHES * (len(rows) + 3.2)
    figure = Figure(figsize=(_WIDTH_INCHES, height))
    below = 1.5 * _ROW_INCHES / height
    axes = figure.add_axes(
        (_PLOT_FROM, below, _PLOT_TO - _PLOT_FROM, _ROW_INCHES * len(rows) / height)
    )
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100%"])
    axes.tick_params(length=3)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    low, high = max(0.0, reference - margin), min(1.0, reference + margin)
    axes.axvspan(low, high, color=BAND, linewidth=0, zorder=0)
    axes.axvline(reference, color=REFERENCE, linewidth=1.2, dashes=(4, 2), zorder=1)
    for at, heading in ((_COUNTS_AT, "events of n"), (_NUMBERS_AT, "rate (95% interval)")):
        _write(axes, at, -1, heading, ha="right", color=MUTED)
    for place, row in enumerate(rows):
        _draw_row(axes, place, row)
    return figure


def _write(axes: mpl.axes.Axes, at: float, place: float, text: str, **style: Any) -> None:
    """Write beside the plot: ``at`` is a fraction of the figure's width, ``place`` a row."""
    across = (at - _PLOT_FROM) / (_PLOT_TO - _PLOT_FROM)
    axes.text(across, place, text, transform=axes.get_yaxis_transform(), va="center", **style)


def _draw_row(axes: mpl.axes.Axes, place: int, row: ForestRow) -> None:
    is_heading = not row.text
    indent = 0 if is_heading else 0.012
    weight = "bold" if is_heading else "normal"
    _write(axes, _LABEL_AT + indent, place, row.label, ha="left", fontweight=weight)
    if is_heading:
        axes.axhline(place + 0.5, color=RULE, linewidth=0.6, zorder=0)
        return
    _write(axes, _COUNTS_AT, place, row.counts, ha="right", color=MUTED)
    _write(axes, _NUMBERS_AT, place, row.text, ha="right")
    if row.bound_low is not None and row.bound_high is not None:
        axes.plot([row.bound_low, row.bound_high], [place, place], color=RULE, linewidth=6,
                  solid_capstyle="butt", zorder=2)  # fmt: skip
    if row.low is not None and row.high is not None:
        axes.plot([row.low, row.high], [place, place], color=MARK, linewidth=1.8, zorder=3)
    if row.value is not None:
        axes.plot([row.value], [place], marker="D" if row.published else "s", markersize=5.5,
                  markerfacecolor="none" if row.published else MARK, markeredgecolor=MARK,
                  clip_on=False, linestyle="none", zorder=4)  # fmt: skip


def as_inline(svg: str, title: str, name: str) -> str:
    """Make a drawing an element of the page, with identifiers of its own and the page's colours."""
    element = svg[svg.index("<svg") :]
    # A style element inside an inline SVG would reach the whole page.
    element = re.sub(r"<(metadata|style)\b.*?</\1>", "", element, flags=re.DOTALL)
    for placeholder, variable in _COLOURS.items():
        element = element.replace(placeholder, variable)
    # Identifiers of a figure are the page's too: two figures must not share one.
    identifiers = sorted(
        set(re.findall(r'\bid="([^"]+)"', element)), key=lambda text: (-len(text), text)
    )
    for identifier in identifiers:
        for before, after in (('id="', '"'), ("url(#", ")"), ('href="#', '"')):
            element = element.replace(
                f"{before}{identifier}{after}", f"{before}{name}-{identifier}{after}"
            )
    head, _, body = element.partition(">")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    assert size is not None
    head = (
        f'<svg viewBox="0 0 {size[1]} {size[2]}" role="img"'
        f' aria-label="{escape(title)}" stroke-linejoin="round"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"'
    )
    return f"{head}>{body}".rstrip() + "\n"
