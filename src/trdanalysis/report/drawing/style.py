"""How figures look: their colours for the page, for print and in grey, their font, and its widths.

Each meaning has a shape, a line or a filling of its own beside its colour; the colours differ in
lightness, so that they differ in grey and for people who see colours otherwise.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from functools import cache, lru_cache

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path

POINTS_PER_MM = 72 / 25.4

#: Widths of a journal's page: one column, one and a half, and two.
SINGLE_MM, MIDDLE_MM, DOUBLE_MM = 85.0, 120.0, 180.0

#: Text of a file is of this size, in points, at the width that was asked for; no text is smaller.
FILE_TEXT = 7.0
PAGE_TEXT, PAGE_WIDTH = 9.5, 8.6 * 72

#: The font comes with the drawing library, so that every machine has the same.
FONT = "DejaVu Sans"

#: What stands for a character that the font does not have.
_NO_GLYPH = "\N{WHITE SQUARE}"


@dataclass(frozen=True)
class Colours:
    """A colour for each meaning.

    Attributes
    ----------
    ink, muted, rule
        Text; text that is less important, and lines of axes; lines between rows.
    mark, pale
        What is shown, and a lighter filling beside it.
    reference, band
        The reference's line; its margin, and intervals as areas.
    soft, paper
        The filling of boxes, and of what lies below everything.
    """

    ink: str
    muted: str
    rule: str
    mark: str
    pale: str
    reference: str
    band: str
    soft: str
    paper: str


#: Placeholders: they become CSS variables, so that a figure follows the page into dark mode.
PAGE = Colours(*(f"#0{digit}0{digit}0{digit}" for digit in "123456789"))
VARIABLES = dict(
    zip(
        astuple(PAGE),
        ("ink", "muted", "rule", "mark", "rule", "reference", "band", "soft", "paper"),
        strict=True,
    )
)

#: Blue and vermillion after Okabe and Ito, darkened: apart for people who are colour-blind.
COLOUR = Colours(
    ink="#1a1a1a", muted="#505050", rule="#bdbdbd", mark="#00527f", pale="#a6c8de",
    reference="#c44a00", band="#f5e3d6", soft="#f4f4f4", paper="#ffffff",
)  # fmt: skip

GREY = Colours(
    ink="#000000", muted="#484848", rule="#bdbdbd", mark="#262626", pale="#bdbdbd",
    reference="#6b6b6b", band="#e6e6e6", soft="#f4f4f4", paper="#ffffff",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How a figure is drawn.

    Attributes
    ----------
    name
        Of the figure: identifiers inside it are made of it.
    width, text
        Of the figure, and size of its text, in points.
    colours
        One for each meaning.
    is_page
        It stands inside the page: text stays text, and marks can be pointed at.
    marks
        Said at the top of a file, such as that it is a draft.
    """

    name: str
    width: float
    text: float
    colours: Colours
    is_page: bool = False
    marks: tuple[str, ...] = ()


def page_look(name: str) -> Look:
    """Give the look of figures inside the page."""
    return Look(name, PAGE_WIDTH, PAGE_TEXT, PAGE, is_page=True)


def file_look(
    name: str, width_mm: float, *, grey: bool = False, marks: tuple[str, ...] = ()
) -> Look:
    """Give the look of figures as files."""
    return Look(name, width_mm * POINTS_PER_MM, FILE_TEXT, GREY if grey else COLOUR, marks=marks)


def font(size: float, *, bold: bool = False) -> FontProperties:
    """Give the font of figures."""
    return FontProperties(family=[FONT], size=size, weight="bold" if bold else "normal")


@cache
def _characters(bold: bool) -> frozenset[int]:
    path = font_manager.findfont(font(FILE_TEXT, bold=bold))
    return frozenset(FT2Font(path).get_charmap())


def clean(text: str, *, bold: bool = False) -> str:
    """Put a square in place of each character that the font cannot draw, and a space for breaks."""
    known = _characters(bold)
    return "".join(
        " " if sign.isspace() and sign not in "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
        else sign if ord(sign) in known and sign.isprintable() or sign.isspace()
        else _NO_GLYPH
        for sign in text
    )  # fmt: skip


@lru_cache(maxsize=4096)
def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Give the width of a line of text in points."""
    if not text:
        return 0.0
    # Of a large size, which is then scaled: widths are as exact as the page is wide.
    width, _, _ = text_to_path.get_text_width_height_descent(text, font(100, bold=bold), False)
    return float(width) * size / 100


def wrap(text: str, width: float, size: float, *, bold: bool = False, most: int = 4) -> list[str]:
    """Break a text into lines.

    Parameters
    ----------
    text
        What is written.
    width
        Of the longest line, in points; a single word that is longer is broken anywhere.
    size, bold
        Of the font.
    most
        Lines; what is left out of the last is an ellipsis.
    """

    def fits(part: str) -> bool:
        return measure(part.rstrip(" "), size, bold=bold) <= width

    lines, line = [], ""
    # A line may end after a space, which is left out then, or after a hyphen.
    for word in re.findall(r"[^ -]*-|[^ -]+ ?| ", clean(text, bold=bold)):
        longer = line + word
        if fits(longer):
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while not fits(line) and len(line) > 1:
            cut = next(at for at in range(len(line) - 1, 0, -1) if fits(line[:at]) or at == 1)
            lines.append(line[:cut])
            line = line[cut:]
    lines = [each.rstrip(" ") for each in (*lines, line)]
    if len(lines) > most:
        last = lines[most - 1]
        while last and not fits(f"{last}\N{HORIZONTAL ELLIPSIS}"):
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}\N{HORIZONTAL ELLIPSIS}"]
    return lines
