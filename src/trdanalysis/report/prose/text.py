"""Texts as they are written: sections of paragraphs, with citations between marks.

A paragraph is plain text. Citations stand in it between two characters that no text has, so that
what comes from data can never be read as one, nor as Markdown or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_OPEN, _CLOSE = "\ue000", "\ue001"
_CITED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_CONTROL = re.compile("[\x00-\x1f\x7f\u2028\u2029\ue000-\uf8ff]+")


@dataclass(frozen=True)
class Section:
    """A heading and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Prose:
    """A text: what it is called, what is said of how it was made, and its sections."""

    title: str
    made_of: tuple[str, ...]
    sections: tuple[Section, ...]

    def cited(self) -> list[str]:
        """Give the keys that the text cites, in the order of their first citation."""
        return cited_in(part for section in self.sections for part in section.paragraphs)


def cited_in(paragraphs: Iterable[str]) -> list[str]:
    """Give the keys that paragraphs cite, in the order of their first citation."""
    found = [
        key for text in paragraphs for group in _CITED.findall(text) for key in group.split(";")
    ]
    return list(dict.fromkeys(found))


def cite(*keys: str) -> str:
    """Write a citation, to stand behind a word; nothing where there is no key."""
    return f" {_OPEN}{';'.join(dict.fromkeys(keys))}{_CLOSE}" if keys else ""


def said(text: object) -> str:
    """Give a text that comes from data or configuration on one line, without odd characters."""
    return " ".join(_CONTROL.sub(" ", str(text)).split())


def replace_citations(text: str, write: Callable[[Sequence[str]], str]) -> str:
    """Write every citation of a paragraph by a function of its keys."""
    return _CITED.sub(lambda found: write(found[1].split(";")), text)


def split_citations(text: str) -> list[tuple[str, bool]]:
    """Split a paragraph into its parts: text, or the keys of a citation joined by semicolons."""
    parts = []
    at = 0
    for found in _CITED.finditer(text):
        parts += [(text[at : found.start()], False), (found[1], True)]
        at = found.end()
    return [part for part in [*parts, (text[at:], False)] if part[0]]


def section(heading: str, *paragraphs: str | Sequence[str]) -> Section:
    """Make a section of paragraphs, each a text or its sentences; empty ones are left out."""
    joined = [
        text if isinstance(text, str) else " ".join(one for one in text if one)
        for text in paragraphs
    ]
    return Section(heading, tuple(text for text in joined if text))


def keep_filled(sections: Iterable[Section]) -> tuple[Section, ...]:
    """Leave out sections without a paragraph."""
    return tuple(one for one in sections if one.paragraphs)


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def lettered(parts: Sequence[str]) -> str:
    """Join conditions as a list within a sentence: (1) a; (2) b; and (3) c. One stands alone."""
    if len(parts) < 2:
        return "".join(parts)
    numbered = [f"({place}) {part}" for place, part in enumerate(parts, 1)]
    return f"{'; '.join(numbered[:-1])}; and {numbered[-1]}"


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".?!" else ".")
