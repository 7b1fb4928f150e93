"""A figure of which there is nothing to draw: it says why, in a sentence."""

from __future__ import annotations

from trdanalysis.report.drawing.sheet import LEADING, Sheet
from trdanalysis.report.drawing.style import Look


def draw_nothing(title: str, why: str, look: Look) -> Sheet:
    """Draw a title and a sentence."""
    sheet = Sheet(look)
    y = sheet.top + 1.4 * sheet.size
    for text, bold in ((title, True), (why, False)):
        lines = sheet.wrap(text, sheet.width - 2 * sheet.size, bold=bold, most=9)
        sheet.lines(sheet.size, y, lines, bold=bold)
        y += LEADING * sheet.size * len(lines) + 0.4 * sheet.size
    foot = y + 0.2 * sheet.size
    sheet.box(0.5, sheet.top + 0.2 * sheet.size, sheet.width - 0.5, foot, edge=sheet.colours.rule)
    return sheet.finish(foot + 0.3 * sheet.size)
