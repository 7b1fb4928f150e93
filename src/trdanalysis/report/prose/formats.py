"""Texts as Markdown for pandoc, and as safe HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from trdanalysis.report.prose.bibliography import Entry, cite_short
from trdanalysis.report.prose.text import Prose, replace_citations, split_citations

#: Characters that Markdown reads as more than themselves, where it does. Code between backticks
#: is ours and stays.
_MARKED = re.compile(
    r"\\|\*|\[|\]|\||<(?=[A-Za-z/!?])|&(?=[A-Za-z#])"
    r"|(?<![A-Za-z0-9])[_@]|[_](?![A-Za-z0-9])|[~^$](?=\S)|^(?:[#>+-]|\d+(?=[.)]))"
)


def escape_markdown(text: str) -> str:
    """Escape what Markdown would read as markup, outside of code."""
    parts = text.split("`")
    # An odd number of backticks is no code.
    if len(parts) % 2 == 0:
        return _MARKED.sub(lambda found: "\\" + found[0], text.replace("`", "'"))
    return "`".join(
        part if place % 2 else _MARKED.sub(lambda found: "\\" + found[0], part)
        for place, part in enumerate(parts)
    )


def format_markdown(prose: Prose) -> str:
    """Write a text as Markdown, citations by key as pandoc reads them."""
    lines = [f"# {escape_markdown(prose.title)}", ""]
    lines += [line for text in prose.made_of for line in (f"> {escape_markdown(text)}", ">")][:-1]
    for section in prose.sections:
        lines += ["", f"## {escape_markdown(section.heading)}"]
        for paragraph in section.paragraphs:
            text = replace_citations(escape_markdown(paragraph), _by_key)
            lines += ["", text]
    return "\n".join(lines) + "\n"


def _by_key(keys: Sequence[str]) -> str:
    return f"[{'; '.join(f'@{key}' for key in keys)}]"


def write_inline(text: str, entries: Mapping[str, Entry]) -> str:
    """Write a paragraph as plain text, citations as authors and years."""
    return "".join(
        _by_author(part.split(";"), entries) if is_citation else part
        for part, is_citation in split_citations(text)
    )


def _by_author(keys: Sequence[str], entries: Mapping[str, Entry]) -> str:
    return f"({'; '.join(cite_short(entries.get(key), key) for key in keys)})"


def format_html(paragraph: str, entries: Mapping[str, Entry]) -> Markup:
    """Write a paragraph as HTML: everything of it is escaped, code stands in ``code``."""
    parts = str(escape(write_inline(paragraph, entries))).split("`")
    if len(parts) % 2 == 0:
        return Markup("'".join(parts))
    return Markup(
        "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
    )
