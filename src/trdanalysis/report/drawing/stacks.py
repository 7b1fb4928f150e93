"""Bars of parts, each part named with its number below its bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trdanalysis.report.drawing.sheet import LEADING, Sheet
from trdanalysis.report.drawing.style import Look


@dataclass(frozen=True)
class Part:
    """One part of a bar.

    Attributes
    ----------
    label, text
        Its name, and its number ready to read.
    n
        None where it is hidden: it is not drawn.
    kind
        Place of its filling: the same kind looks the same in every bar.
    """

    label: str
    text: str
    n: int | None
    kind: int


@dataclass(frozen=True)
class Stack:
    """One bar: what is written above it, and its parts."""

    label: str
    parts: Sequence[Part]


#: Fillings by kind: full; light with strokes; open; light; open with dots.
_FILLINGS = (
    ("mark", None), ("pale", "////"), ("paper", None), ("pale", None), ("paper", "...."),
)  # fmt: skip


def draw_stacks(stacks: Sequence[Stack], look: Look, *, note: str = "") -> Sheet:
    """Draw bars of parts, all to one scale; there is one bar at least."""
    sheet = Sheet(look)
    size, step = sheet.size, LEADING * sheet.size
    totals = [sum(part.n or 0 for part in stack.parts) for stack in stacks]
    per_patient = (sheet.width - 2) / (max(totals) or 1)
    y = sheet.top + 0.2 * size
    for stack in stacks:
        lines = sheet.wrap(stack.label, sheet.width - 2, bold=True)
        sheet.lines(0, y + 0.8 * size, lines, bold=True)
        y += step * len(lines) + 0.5 * size
        x = 1.0
        for part in stack.parts:
            if part.n:
                right = x + part.n * per_patient
                with sheet.mark(f"{stack.label}, {part.label}: {part.text}"):
                    _draw_part(sheet, part, (x, y, right, y + 2.4 * size))
                x = right
        bar = 3.7 if x > 1 else 0.9
        y = _name_parts(sheet, stack.parts, y + bar * size) + 1.9 * size
    if note and not look.is_page:
        written = sheet.wrap(note, sheet.width - 2, most=9)
        sheet.lines(0, y + 0.3 * size, written, colour=sheet.colours.muted)
        y += step * len(written)
    return sheet.finish(y + 0.2 * size)


def _draw_part(sheet: Sheet, part: Part, box: tuple[float, float, float, float]) -> None:
    fill, hatch = _FILLINGS[part.kind]
    sheet.box(*box, fill=getattr(sheet.colours, fill), edge=sheet.colours.mark, hatch=hatch,
              width=0.7)  # fmt: skip


def _name_parts(sheet: Sheet, parts: Sequence[Part], y: float) -> float:
    """Write the parts' names and numbers, each after its filling; give the last line's middle."""
    size, x = sheet.size, 1.0
    for part in parts:
        text = f"{part.label} {part.text}"
        width = 1.9 * size + sheet.measure(text)
        if x > 1 and x + width > sheet.width - 1:
            x, y = 1.0, y + 1.6 * size
        _draw_part(sheet, part, (x, y - 0.5 * size, x + 1.4 * size, y + 0.5 * size))
        sheet.text(x + 1.9 * size, y, text)
        x += width + 1.6 * size
    return y
