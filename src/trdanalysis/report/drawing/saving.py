"""Sheets as what is kept of them: an element of the page, or a file for a paper.

A file holds no clock, no host and no version of the drawing library's, so that the same figure is
the same bytes. Text of SVG files is outlines, since programs of journals do not read fonts out of
SVG; PDF files hold the glyphs they use as TrueType; PNG files are 300 dots an inch.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
import matplotlib.style
from fontTools import subset

from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.style import FONT, VARIABLES

DOTS_PER_INCH = 300

_MADE_BY = "trdanalysis"

#: Tables of a font that say which glyphs take each other's place, and where. The glyphs of a PDF
#: file are chosen and placed already, and working these out anew takes longer than all the rest.
_OF_LAYOUT = ("GSUB", "GPOS", "GDEF")


def _settings(name: str, *, as_text: bool) -> Any:
    """Give the drawing library's settings: none of this machine's."""
    return mpl.style.context(
        [
            "default",
            {
                "svg.hashsalt": name,
                "svg.fonttype": "none" if as_text else "path",
                "svg.id": f"figure-{name}",
                "pdf.fonttype": 42,
                "font.sans-serif": [FONT],
                "hatch.linewidth": 0.7,
            },
        ]
    )


@contextmanager
def _fonts_without_layout() -> Iterator[None]:
    """Leave out of embedded fonts what viewers of the file do not ask for.

    The drawing library has no setting for it; the class that it asks for its options has the list.
    """
    before = subset.Options._drop_tables_default
    subset.Options._drop_tables_default = [*before, *_OF_LAYOUT]
    try:
        yield
    finally:
        subset.Options._drop_tables_default = before


def save_file(sheet: Sheet, kind: str, *, title: str, alt: str) -> bytes:
    """Save a figure as a file.

    Parameters
    ----------
    sheet
        Drawn for a file.
    kind
        One of :data:`trdanalysis.layout.FIGURE_FORMATS`.
    title, alt
        What it shows, and what is told to those who do not see it; kept inside the file.

    Returns
    -------
    bytes
        The same for the same figure.
    """
    about: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Creator": _MADE_BY, "Title": title, "Description": alt},
        "pdf": {"CreationDate": None, "Producer": _MADE_BY, "Creator": _MADE_BY, "Title": title,
                "Subject": alt},
        "png": {"Software": None, "Title": _latin(title), "Description": _latin(alt)},
    }  # fmt: skip
    out = io.BytesIO()
    with _settings(sheet.look.name, as_text=False), _fonts_without_layout():
        # A PNG's smallest files take thrice the time of this level's.
        extra: dict[str, Any] = {"pil_kwargs": {"compress_level": 6}} if kind == "png" else {}
        sheet.figure.savefig(
            out, format=kind, dpi=DOTS_PER_INCH if kind == "png" else 72,
            facecolor=sheet.colours.paper, metadata=about[kind], **extra,
        )  # fmt: skip
    content = out.getvalue()
    if kind == "svg":
        return _describe(content.decode(), title, alt).encode()
    return content


def _latin(text: str) -> str:
    """Write a text for the header of a PNG, which has few characters."""
    plain = {"\N{EN DASH}": "-", "\N{NARROW NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-",
             "\N{GREATER-THAN OR EQUAL TO}": "at least "}  # fmt: skip
    for sign, instead in plain.items():
        text = text.replace(sign, instead)
    return text.encode("latin-1", "replace").decode("latin-1")


def _describe(svg: str, title: str, alt: str) -> str:
    """Put the words for those who do not see it where readers of SVG look for them."""
    head = svg.index("<svg")
    at = svg.index(">", head) + 1
    told = f"\n <title>{escape(title)}</title>\n <desc>{escape(alt)}</desc>"
    opened = svg[:at].replace("<svg ", '<svg role="img" ', 1)
    return opened + told + svg[at:]


def save_inline(sheet: Sheet, title: str) -> str:
    """Make a figure an element of the page.

    Parameters
    ----------
    sheet
        Drawn for the page.
    title
        What it shows, for those who do not see it.

    Returns
    -------
    str
        An ``<svg>`` element without width and height, with identifiers of its own and the page's
        colours. Each mark is ``<g data-tip="its numbers" tabindex="0">``.
    """
    out = io.StringIO()
    name = sheet.look.name
    with _settings(name, as_text=True):
        sheet.figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    svg = out.getvalue()
    element = svg[svg.index("<svg") :]
    # A style element inside an inline SVG would reach the whole page.
    element = re.sub(r"<(metadata|style)\b.*?</\1>", "", element, flags=re.DOTALL)
    for placeholder, variable in VARIABLES.items():
        element = element.replace(placeholder, f"var(--{variable})")
    element = _name_identifiers(_tell(element, sheet.tips), name)
    head, _, body = element.partition(">")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', head)
    assert size is not None
    # What can be pointed at may not lie inside an image: it is a group of them.
    role = "group" if sheet.tips else "img"
    head = (
        f'<svg viewBox="0 0 {size[1]} {size[2]}" role="{role}"'
        f' aria-label="{escape(title)}" stroke-linejoin="round"'
        ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"'
    )
    return f"{head}>{body}".rstrip() + "\n"


def _tell(element: str, tips: list[str]) -> str:
    """Give each mark its words, and let the keyboard reach it."""

    def told(found: re.Match[str]) -> str:
        tip = escape(tips[int(found[1])])
        return (
            f'<g data-tip="{tip}" aria-label="{tip}" role="img" tabindex="0" pointer-events="all">'
        )

    return re.sub(r'<g id="tip-(\d+)">', told, element)


def _name_identifiers(element: str, name: str) -> str:
    """Put the figure's name before its identifiers: two figures of a page must not share one."""
    known = set(re.findall(r'\bid="([^"]+)"', element))

    def renamed(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{found[2]}{found[3]}" if found[2] in known else found[0]

    for before, after in (('(?<= )id="', '"'), (r"url\(#", r"\)"), ('href="#', '"')):
        element = re.sub(rf"({before})([^\"()]+)({after})", renamed, element)
    return element
