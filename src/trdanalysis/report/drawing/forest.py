"""Forest plots: rows with a mark and its interval, and the same numbers as text beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sheet import DASHED, LEADING, Sheet
from trdanalysis.report.drawing.style import Look, page_look


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

    @property
    def is_drawn(self) -> bool:
        """Whether it has a mark; else its text says why it has none."""
        return self.value is not None or self.low is not None

    @property
    def is_heading(self) -> bool:
        """Whether it only names the rows below it."""
        return not self.text


@dataclass(frozen=True)
class Scale:
    """The axis of a forest plot.

    Attributes
    ----------
    low, high
        Its ends; an interval that goes on beyond is drawn as an arrow.
    ticks
        Places and their labels.
    is_log
        Equal ratios are equally long.
    """

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    is_log: bool = False


SHARES = Scale(0, 1, [(0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1, "100%")])

_RATIO_TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def ratio_scale(rows: Sequence[ForestRow]) -> Scale:
    """Give the logarithmic axis that holds these ratios, from a twentieth to twenty at most."""
    known = [
        value for row in rows for value in (row.value, row.low, row.high) if value and value > 0
    ]
    least, most = min([0.5, *known]), max([2.0, *known])
    low = max((tick for tick in _RATIO_TICKS if tick <= least), default=_RATIO_TICKS[0])
    high = min((tick for tick in _RATIO_TICKS if tick >= most), default=_RATIO_TICKS[-1])
    ticks = [(tick, f"{tick:g}") for tick in _RATIO_TICKS if low <= tick <= high]
    return Scale(low, high, ticks, is_log=True)


@dataclass(frozen=True)
class Forest:
    """What is drawn.

    Attributes
    ----------
    rows
        From top to bottom.
    reference, margin
        A line, and a band around it; None: no line, no band.
    reference_label
        Written above the line.
    scale
        The axis.
    heads
        Above the two columns of numbers.
    note
        Said below the figure of a file.
    """

    rows: Sequence[ForestRow]
    reference: float | None
    margin: float | None = None
    reference_label: str = ""
    scale: Scale = SHARES
    heads: tuple[str, str] = ("events of n", "rate (95% interval)")
    note: str = ""


@dataclass(frozen=True)
class _Columns:
    """Where the columns stand, in points; ``counts`` is None where there is no room for them."""

    label_width: float
    plot_from: float
    plot_to: float
    counts: float | None
    numbers: float


def render_forest(
    rows: Sequence[ForestRow], *, reference: float, margin: float, title: str, name: str
) -> str:
    """Draw a forest plot of shares for the page.

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
    forest = Forest(rows, reference, margin)
    return save_inline(draw_forest(forest, page_look(name)), title)


def tell_rows(rows: Sequence[ForestRow]) -> str:
    """Tell the rows of a forest plot for those who do not see it."""
    heading, told = "", []
    for row in rows:
        if row.is_heading:
            heading = f"{row.label}, "
        else:
            counts = f" ({row.counts})" if row.counts else ""
            told.append(f"{heading}{row.label}: {row.text}{counts}")
    return f"Forest plot. {'; '.join(told)}."


def draw_forest(forest: Forest, look: Look) -> Sheet:
    """Draw a forest plot; there is one row at least."""
    sheet = Sheet(look)
    columns = _place_columns(sheet, forest)
    step = LEADING * sheet.size
    row_height = 2.05 * sheet.size
    labels = [_label_lines(sheet, row, columns) for row in forest.rows]
    texts = [_text_lines(sheet, row, columns) for row in forest.rows]
    heights = [
        row_height + step * (max(len(lines), len(text)) - 1)
        for lines, text in zip(labels, texts, strict=True)
    ]
    at = _scaler(forest.scale, columns)
    top = sheet.top + _draw_heads(sheet, forest, columns, at)
    _draw_reference(sheet, forest, columns, at, top, list(zip(texts, heights, strict=True)))
    y, heading = top, ""
    for row, lines, text, height in zip(forest.rows, labels, texts, heights, strict=True):
        first = y + row_height / 2
        if row.is_heading:
            heading = row.label
            sheet.lines(0, first, lines, bold=True)
            sheet.line([0, sheet.width], [y + height] * 2, colour=sheet.colours.rule, width=0.5)
        else:
            sheet.lines(_indent(sheet), first, lines)
            if columns.counts is not None:
                sheet.text(columns.counts, first, row.counts, ha="right",
                           colour=sheet.colours.muted)  # fmt: skip
            sheet.lines(columns.numbers, first, text, ha="right")
            _draw_row(sheet, row, forest.scale, columns, at, (y, first, y + height), heading)
        y += height
    y = _draw_axis(sheet, forest.scale, columns, at, y)
    if forest.note and not look.is_page:
        lines = sheet.wrap(forest.note, sheet.width - 2, most=9)
        sheet.lines(0, y + sheet.size, lines, colour=sheet.colours.muted)
        y += step * len(lines) + 0.5 * sheet.size
    return sheet.finish(y + 0.4 * sheet.size)


def _indent(sheet: Sheet) -> float:
    return 0.8 * sheet.size


def _place_columns(sheet: Sheet, forest: Forest) -> _Columns:
    rows = [row for row in forest.rows if not row.is_heading]
    gap = 1.3 * sheet.size
    shown = [row.text for row in rows if row.is_drawn]
    numbers = max(sheet.measure(text) for text in (forest.heads[1], *shown))
    counts = max(sheet.measure(text) for text in (forest.heads[0], *(row.counts for row in rows)))
    wanted = _indent(sheet) + max((sheet.measure(row.label) for row in rows), default=0) + 1
    right = sheet.width - 1
    has_counts = any(row.counts for row in rows)
    least = 0.24 * sheet.width
    width = min(wanted, 0.3 * sheet.width)
    if has_counts and right - numbers - counts - 3 * gap - width < least:
        has_counts = False
    end = right - numbers - gap - (counts + gap if has_counts else 0)
    # What a plot does not need longer labels may have.
    width = max(min(wanted, end - gap - 1.4 * least), min(width, end - gap - 0.6 * least))
    plot_from = max(width + gap, 0.14 * sheet.width)
    return _Columns(width, plot_from, end - gap / 2, end + counts if has_counts else None, right)


def _label_lines(sheet: Sheet, row: ForestRow, columns: _Columns) -> list[str]:
    if row.is_heading:
        return sheet.wrap(row.label, sheet.width - 2, bold=True)
    return sheet.wrap(row.label, columns.label_width - _indent(sheet))


def _text_lines(sheet: Sheet, row: ForestRow, columns: _Columns) -> list[str]:
    """Give a row's numbers; what says why there are none may take the room of the plot."""
    if row.is_drawn or row.is_heading:
        return [row.text]
    counts = sheet.measure(row.counts) + sheet.size if columns.counts and row.counts else 0
    return sheet.wrap(row.text, columns.numbers - columns.plot_from - counts)


def _scaler(scale: Scale, columns: _Columns) -> Callable[[float], float]:
    convert = math.log if scale.is_log else float
    low, high = convert(scale.low), convert(scale.high)
    across = (columns.plot_to - columns.plot_from) / (high - low)

    def at(value: float) -> float:
        inside = min(max(value, scale.low), scale.high)
        return columns.plot_from + (convert(inside) - low) * across

    return at


def _draw_heads(
    sheet: Sheet, forest: Forest, columns: _Columns, at: Callable[[float], float]
) -> float:
    """Write what stands above the columns, and give its height."""
    middle = 0.9 * sheet.size
    if columns.counts is not None:
        sheet.text(columns.counts, middle + sheet.top, forest.heads[0], ha="right",
                   colour=sheet.colours.muted)  # fmt: skip
    sheet.text(columns.numbers, middle + sheet.top, forest.heads[1], ha="right",
               colour=sheet.colours.muted)  # fmt: skip
    if forest.reference is not None and forest.reference_label:
        half = sheet.measure(forest.reference_label) / 2
        x = min(max(at(forest.reference), half), columns.plot_to - half)
        sheet.text(x, middle + sheet.top, forest.reference_label, ha="center",
                   colour=sheet.colours.reference)  # fmt: skip
    return 1.8 * sheet.size


def _draw_reference(
    sheet: Sheet, forest: Forest, columns: _Columns, at: Callable[[float], float], top: float,
    rows: Sequence[tuple[Sequence[str], float]],
) -> None:  # fmt: skip
    """Draw the line and its band beside rows, and not through headings or words."""
    if forest.reference is None:
        return
    y = top
    for row, (text, height) in zip(forest.rows, rows, strict=True):
        words_from = columns.numbers - max(map(sheet.measure, text))
        if not row.is_heading and words_from > columns.plot_to:
            if forest.margin is not None:
                low, high = forest.reference - forest.margin, forest.reference + forest.margin
                sheet.box(at(low), y, at(high), y + height, fill=sheet.colours.band)
            sheet.line([at(forest.reference)] * 2, [y, y + height],
                       colour=sheet.colours.reference, width=1, dashes=DASHED)  # fmt: skip
        y += height


def _draw_row(
    sheet: Sheet, row: ForestRow, scale: Scale, columns: _Columns, at: Callable[[float], float],
    across: tuple[float, float, float], heading: str,
) -> None:  # fmt: skip
    if not row.is_drawn:
        return
    upper, y, lower = across
    with sheet.mark(_tip(row, heading)):
        sheet.target(columns.plot_from, upper, sheet.width, lower)
        if row.bound_low is not None and row.bound_high is not None:
            sheet.line([at(row.bound_low), at(row.bound_high)], [y, y],
                       colour=sheet.colours.rule, width=0.62 * sheet.size)  # fmt: skip
        if row.low is not None and row.high is not None:
            sheet.line([at(row.low), at(row.high)], [y, y], colour=sheet.colours.mark, width=1.3)
            for end, beyond, shape in (
                (scale.low, row.low < scale.low, "<"), (scale.high, row.high > scale.high, ">"),
            ):  # fmt: skip
                if beyond:
                    sheet.dot(at(end), y, shape=shape, fill=sheet.colours.mark,
                              edge=sheet.colours.mark, size=0.5 * sheet.size)  # fmt: skip
        if row.value is not None and scale.low <= row.value <= scale.high:
            sheet.dot(
                at(row.value), y, shape="D" if row.published else "s",
                fill=sheet.colours.paper if row.published else sheet.colours.mark,
                edge=sheet.colours.mark, size=0.55 * sheet.size,
            )  # fmt: skip


def _tip(row: ForestRow, heading: str) -> str:
    parts = ", ".join(part for part in (row.counts, row.text) if part)
    before = f"{heading}, " if heading else ""
    return f"{before}{row.label}: {parts}"


def _draw_axis(
    sheet: Sheet, scale: Scale, columns: _Columns, at: Callable[[float], float], y: float
) -> float:
    sheet.line([columns.plot_from, columns.plot_to], [y, y], colour=sheet.colours.muted)
    ticks = thin_out(sheet, [(at(value), label) for value, label in scale.ticks])
    for x, label in ticks:
        sheet.line([x, x], [y, y + 0.3 * sheet.size], colour=sheet.colours.muted)
        sheet.text(x, y + 1.0 * sheet.size, label, ha="center")
    return y + 1.7 * sheet.size


def thin_out(sheet: Sheet, ticks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Leave out every second tick until their labels do not touch."""
    kept = list(ticks)
    while len(kept) > 2 and any(
        to_x - x < (sheet.measure(label) + sheet.measure(other)) / 2 + 0.35 * sheet.size
        for (x, label), (to_x, other) in zip(kept, kept[1:], strict=False)
    ):
        kept = kept[::2]
    return kept
