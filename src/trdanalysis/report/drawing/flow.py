"""Who is left after each step: boxes one below another, and beside them who left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trdanalysis.report.drawing.saving import save_inline
from trdanalysis.report.drawing.sheet import LEADING, Sheet
from trdanalysis.report.drawing.style import Look, page_look


@dataclass(frozen=True)
class Step:
    """One box, and what is beside the way to the next.

    Attributes
    ----------
    lines
        What is written in it; the first line is bold.
    beside
        Written beside the arrow to the next box: who left, and who is unknown.
    """

    lines: Sequence[str]
    beside: Sequence[str] = ()


@dataclass(frozen=True)
class Flow:
    """What is drawn.

    Attributes
    ----------
    steps
        From top to bottom.
    ends_label, ends
        Boxes side by side at the end, and what is written above them.
    note
        Said below the figure of a file.
    """

    steps: Sequence[Step]
    ends_label: str = ""
    ends: Sequence[Sequence[str]] = ()
    note: str = ""


def render_flow(flow: Flow, *, title: str, name: str) -> str:
    """Draw a flow for the page.

    Parameters
    ----------
    flow
        What to draw.
    title
        What the figure shows, for those who do not see it.
    name
        Unlike any other figure's of the page.

    Returns
    -------
    str
        An ``<svg>`` element; nothing where there is no step.
    """
    return save_inline(draw_flow(flow, page_look(name)), title) if flow.steps else ""


def draw_flow(flow: Flow, look: Look) -> Sheet:
    """Draw a flow of one step at least."""
    sheet = Sheet(look)
    size = sheet.size
    main = 0.5 * sheet.width
    side = main + 0.06 * sheet.width
    y = sheet.top + 1
    for place, step in enumerate(flow.steps):
        foot = _draw_box(sheet, step.lines, 1, main, y, is_main=True)
        y = foot
        if place + 1 == len(flow.steps):
            break
        gap = 2 * size
        if step.beside:
            height = _box_height(sheet, step.beside, sheet.width - 1 - side)
            gap = max(gap, height + 0.9 * size)
            top = foot + (gap - height) / 2
            _draw_box(sheet, step.beside, side, sheet.width - 1, top)
            sheet.arrow(main / 2, foot + gap / 2, side, foot + gap / 2)
        sheet.arrow(main / 2, foot, main / 2, foot + gap)
        y = foot + gap
    if flow.ends:
        y = _draw_ends(sheet, flow, y + 1.2 * size)
    if flow.note and not look.is_page:
        lines = sheet.wrap(flow.note, sheet.width - 2, most=9)
        sheet.lines(0, y + 1.4 * size, lines, colour=sheet.colours.muted)
        y += LEADING * size * len(lines) + 0.8 * size
    return sheet.finish(y + 0.6 * size)


def _padding(sheet: Sheet) -> float:
    return 0.7 * sheet.size


def _box_lines(
    sheet: Sheet, lines: Sequence[str], width: float, *, first_bold: bool
) -> list[tuple[str, bool]]:
    inner = width - 2 * _padding(sheet)
    return [
        (part, first_bold and place == 0)
        for place, line in enumerate(lines)
        for part in sheet.wrap(line, inner, bold=first_bold and place == 0)
    ]


def _box_height(
    sheet: Sheet, lines: Sequence[str], width: float, *, first_bold: bool = False
) -> float:
    written = _box_lines(sheet, lines, width, first_bold=first_bold)
    return LEADING * sheet.size * len(written) + 1.1 * _padding(sheet)


def _draw_box(
    sheet: Sheet, lines: Sequence[str], left: float, right: float, top: float, *,
    is_main: bool = False, height: float | None = None,
) -> float:  # fmt: skip
    """Draw a box with its text, and give its foot."""
    written = _box_lines(sheet, lines, right - left, first_bold=is_main)
    least = _box_height(sheet, lines, right - left, first_bold=is_main)
    foot = top + (height or least)
    with sheet.mark("; ".join(lines)):
        sheet.box(left, top, right, foot, fill=sheet.colours.soft if is_main else None,
                  edge=sheet.colours.ink if is_main else sheet.colours.muted)  # fmt: skip
        sheet.target(left, top, right, foot)
        for place, (line, bold) in enumerate(written):
            y = top + 0.55 * _padding(sheet) + (place + 0.5) * LEADING * sheet.size
            sheet.text(left + _padding(sheet), y, line, bold=bold)
    return foot


def _draw_ends(sheet: Sheet, flow: Flow, y: float) -> float:
    lines = sheet.wrap(flow.ends_label, sheet.width - 2)
    sheet.lines(1, y + 0.8 * sheet.size, lines)
    y += LEADING * sheet.size * len(lines) + 0.6 * sheet.size
    gap = 0.02 * sheet.width
    width = (sheet.width - 2 - gap * (len(flow.ends) - 1)) / len(flow.ends)
    height = max(_box_height(sheet, each, width, first_bold=True) for each in flow.ends)
    for place, each in enumerate(flow.ends):
        left = 1 + place * (width + gap)
        _draw_box(sheet, each, left, left + width, y, is_main=True, height=height)
    return y + height
