"""Sets and their overlaps.

Bars say how many patients are in exactly one set of definitions; the dots below say which set. Full
and open parts of a bar differ by filling, sets by place: nothing is told by colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trdanalysis.report import words
from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sheet import LEADING, Sheet
from trdanalysis.report.drawing.style import Look, page_look

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
    """Draw an UpSet figure for the page.

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
    return save_inline(draw_sets(bars, rows, page_look(name)), title)


def draw_sets(
    bars: Sequence[SetBar], rows: Sequence[SetRow], look: Look, *, note: str = ""
) -> Sheet:
    """Draw an UpSet figure; there is one bar at least."""
    sheet = Sheet(look)
    size, step = sheet.size, LEADING * sheet.size
    counts = max(sheet.measure(text) for text in ("all", *(row.count for row in rows)))
    wanted = max(sheet.measure(row.label) for row in rows)
    label_width = min(wanted + 1, (0.33 if sheet.width > 400 else 0.38) * sheet.width)
    count_at = label_width + size + counts
    left, right = count_at + size, sheet.width - 1
    room = max(1, int((right - left) / (1.3 * size)))
    if len(bars) > room:
        least = sorted((bar.n for bar in bars), reverse=True)[room - 1]
        bars = [bar for bar in bars if bar.n >= least][:room]
        note = f"{note} There is room for the {room} largest sets.".strip()
    column = (right - left) / max(len(bars), min(_LEAST_COLUMNS, room))
    labels = [words.count(bar.n) for bar in bars]
    is_upright = max(map(sheet.measure, labels)) > column - 1
    above = max(map(sheet.measure, labels)) + size if is_upright else 1.7 * size
    foot = sheet.top + above + (0.2 if sheet.width > 400 else 0.3) * sheet.width
    lines = [sheet.wrap(row.label, label_width) for row in rows]
    heights = [1.9 * size + step * (len(each) - 1) for each in lines]
    first = foot + 2.4 * size
    middles = [first + sum(heights[:place]) + height / 2 for place, height in enumerate(heights)]
    sheet.text(count_at, first - 0.7 * size, "all", ha="right", colour=sheet.colours.muted)
    for row, each, y in zip(rows, lines, middles, strict=True):
        sheet.line([left, right], [y, y], colour=sheet.colours.rule, width=0.5)
        sheet.lines(0, y - step * (len(each) - 1) / 2, each)
        sheet.text(count_at, y, row.count, ha="right", colour=sheet.colours.muted)
    sheet.line([left, right], [foot, foot], colour=sheet.colours.muted)
    most = max(bar.n for bar in bars) or 1
    per_patient = (foot - sheet.top - above) / most
    for place, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        x = left + (place + 0.5) * column
        with sheet.mark(_tip(bar, rows)):
            sheet.target(x - column / 2, sheet.top, x + column / 2, middles[-1] + size)
            _draw_bar(sheet, bar, label, x, column, foot, per_patient, is_upright)
            _draw_dots(sheet, bar, x, column, middles)
    y = middles[-1] + heights[-1] / 2
    if note and not look.is_page:
        written = sheet.wrap(note, sheet.width - 2, most=9)
        sheet.lines(0, y + size, written, colour=sheet.colours.muted)
        y += step * len(written) + 0.5 * size
    return sheet.finish(y + 0.4 * size)


def _draw_bar(
    sheet: Sheet, bar: SetBar, label: str, x: float, column: float, foot: float,
    per_patient: float, is_upright: bool,
) -> None:  # fmt: skip
    half = min(0.3 * column, 1.6 * sheet.size)
    sure = foot - (bar.n - bar.n_open) * per_patient
    head = foot - bar.n * per_patient
    if bar.n > bar.n_open:
        sheet.box(x - half, sure, x + half, foot, fill=sheet.colours.mark,
                  edge=sheet.colours.mark)  # fmt: skip
    if bar.n_open:
        sheet.box(x - half, head, x + half, sure, fill=sheet.colours.paper,
                  edge=sheet.colours.mark)  # fmt: skip
    y = head - (0.4 if is_upright else 0.8) * sheet.size
    sheet.text(x, y, label, ha="center", upright=is_upright)


def _draw_dots(
    sheet: Sheet, bar: SetBar, x: float, column: float, middles: Sequence[float]
) -> None:
    members = sorted(bar.members)
    size = min(0.75 * sheet.size, 0.7 * column)
    ends = [middles[members[0]], middles[members[-1]]]
    sheet.line([x, x], ends, colour=sheet.colours.ink, width=1.1)
    for place, y in enumerate(middles):
        colour = sheet.colours.ink if place in bar.members else sheet.colours.rule
        sheet.dot(x, y, shape="o", fill=colour, edge=colour,
                  size=size if place in bar.members else 0.4 * size)  # fmt: skip


def _tip(bar: SetBar, rows: Sequence[SetRow]) -> str:
    names = ", ".join(rows[place].label for place in sorted(bar.members))
    text = f"by {names} and no other: {words.count(bar.n)}"
    if bar.n_open:
        text += f", {words.count(bar.n_open)} of them indeterminate by another"
    return text
