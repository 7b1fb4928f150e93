"""Markdown of the reference pages: headings and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def render_page(title: str, made_from: str, parts: Iterable[str]) -> str:
    """Give a page: title, a note of what it is made from, and its parts a blank line apart."""
    note = f"<!-- Generated from {made_from} by `python -m trdanalysis.generated`. -->"
    return "\n\n".join([f"# {title}", note, *(part for part in parts if part)]) + "\n"


def render_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Give a table; what would break a cell is escaped."""
    lines = [_row(head), "|" + "---|" * len(head)]
    lines += [_row([cell(each) for each in row]) for row in rows]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |" if any(cells) else "|" + " |" * len(cells)


def cell(value: object) -> str:
    """Write one cell: no line breaks, no bars, and no HTML outside of code."""
    text = " ".join(str(value).split()) if value is not None else ""
    parts = text.replace("|", "\\|").split("`")
    # What stands between two backticks is code, of which nothing is read as HTML.
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def code(value: object) -> str:
    """Write as code; nothing stays nothing."""
    return f"`{value}`" if str(value) else ""


def listed(lines: Iterable[str]) -> str:
    """Give a list."""
    return "\n".join(f"- {line}" for line in lines)


def sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
