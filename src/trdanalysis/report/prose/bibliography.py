"""What the texts cite: entries of a bibliography, and which of them stands behind what.

The bibliography is a BibTeX file of a plain form: ``@kind{key, field = {text}, ...}``, texts in
braces. Comments are lines that begin with a per cent sign.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from trdanalysis.errors import UserError

_HEAD = re.compile(r"@(\w+)\{([A-Za-z0-9_-]+),")
_FIELD = re.compile(r"\s*(\w+)\s*=\s*\{")


@dataclass(frozen=True)
class Entry:
    """One entry: its kind (``article``, ``book``, ...), its key, and its fields in order."""

    kind: str
    key: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class References:
    """What texts may cite, and what they are held against.

    Attributes
    ----------
    entries
        Entries by key.
    behind
        Keys by what they stand behind: ``definition``, ``published_rate`` or ``package``, and its
        id.
    checklists
        Items of the reporting statements, a mapping of columns each; see
        :mod:`trdanalysis.report.prose.checklists`.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    behind: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    checklists: Sequence[Mapping[str, str]] = ()

    def keys_of(self, kind: str, name: str) -> tuple[str, ...]:
        """Give the keys behind a definition, published rate or package; none where unknown."""
        return self.behind.get((kind, name), ())


def parse_bibliography(text: str, where: str) -> dict[str, Entry]:
    """Read a bibliography.

    Parameters
    ----------
    text
        Of the file.
    where
        Its name, for messages.

    Returns
    -------
    dict
        Entries by key, in order.

    Raises
    ------
    UserError
        Kind ``config``: it is of another form, or a key stands there twice.
    """
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    found: dict[str, Entry] = {}
    at = 0
    while body[at:].strip():
        at += len(body[at:]) - len(body[at:].lstrip())
        head = _HEAD.match(body, at)
        if head is None:
            raise _odd(where, body, at, "an entry: `@article{key,`")
        kind, key = head[1].lower(), head[2]
        if key in found:
            raise _odd(where, body, at, f"each key once; `{key}` stands there twice")
        fields, at = _read_fields(body, head.end(), where)
        found[key] = Entry(kind, key, fields)
    return found


def _read_fields(body: str, at: int, where: str) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while True:
        head = _FIELD.match(body, at)
        if head is None:
            raise _odd(where, body, at, "a field: `name = {text}`")
        end = _closing(body, head.end(), where)
        name = head[1].lower()
        if name in fields:
            raise _odd(where, body, at, f"each field once; `{name}` stands there twice")
        fields[name] = " ".join(body[head.end() : end].split())
        rest = re.compile(r"\s*(,?)\s*(\}?)").match(body, end + 1)
        assert rest is not None
        at = rest.end()
        if rest[2]:
            return fields, at
        if not rest[1]:
            raise _odd(where, body, at, "a comma between fields")


def _closing(body: str, at: int, where: str) -> int:
    """Give the place of the brace that closes the one before ``at``."""
    depth = 1
    for place in range(at, len(body)):
        depth += {"{": 1, "}": -1}.get(body[place], 0)
        if depth == 0:
            return place
    raise _odd(where, body, at, "as many closing braces as opening ones")


def _odd(where: str, body: str, at: int, expected: str) -> UserError:
    line = body[:at].count("\n") + 1
    return UserError(
        "the bibliography cannot be read",
        where=f"{where}, line {line} without comments",
        expected=expected,
        try_this="write entries as those that the file has",
        kind="config",
    )


def format_bibliography(entries: Mapping[str, Entry], keys: Collection[str]) -> str:
    """Write the entries of these keys as BibTeX, by key."""
    written = []
    for key in sorted(set(keys)):
        entry = entries[key]
        fields = ",\n".join(f"  {name} = {{{text}}}" for name, text in entry.fields.items())
        written.append(f"@{entry.kind}{{{key},\n{fields}\n}}\n")
    return "\n".join(written)


def add_missing(
    entries: Mapping[str, Entry], needed: Mapping[str, tuple[str, str]]
) -> dict[str, Entry]:
    """Give the entries, and one for each key that they lack, of a title and a note."""
    made = {
        key: Entry("misc", key, {"title": _tame(title), "note": _tame(note)})
        for key, (title, note) in needed.items()
        if key not in entries
    }
    return {**entries, **made}


def _tame(text: str) -> str:
    """Leave out what a BibTeX text cannot hold."""
    return " ".join(re.sub(r"[{}\\]", "", text).split())


def cite_short(entry: Entry | None, key: str) -> str:
    """Write a citation for a running text: author and year."""
    if entry is None:
        return key
    names = _surnames(entry)
    who = _plain(entry.fields["title"]) if not names else names[0]
    if len(names) == 2:
        who = f"{names[0]} and {names[1]}" if names[1] != "others" else f"{names[0]} et al."
    elif len(names) > 2:
        who = f"{names[0]} et al."
    return f"{who} {entry.fields['year']}" if "year" in entry.fields else who


def cite_long(entry: Entry) -> str:
    """Write an entry of a list of references."""
    has = entry.fields
    parts = []
    names = _surnames(entry, with_initials=True)
    if names:
        text = ", ".join(name for name in names if name != "others")
        parts.append(text + (", et al." if "others" in names else "").replace("..", "."))
    title = _plain(has["title"])
    if "edition" in has:
        title += f". Edition {has['edition']}"
    parts.append(title)
    source = _plain(has.get("journal") or has.get("booktitle") or has.get("publisher") or "")
    if "year" in has:
        source = f"{source} {has['year']}".strip()
    if "volume" in has:
        source += f";{has['volume']}" + (f"({has['number']})" if "number" in has else "")
    if "pages" in has:
        source += f":{has['pages'].replace('--', '-')}"
    parts += [source] if source else []
    parts += [_plain(has["note"])] if "note" in has else []
    text = ". ".join(part.rstrip(".") for part in parts) + "."
    return text + (f" doi:{has['doi']}" if "doi" in has else "")


def _surnames(entry: Entry, *, with_initials: bool = False) -> list[str]:
    authors = entry.fields.get("author", "")
    found = []
    for author in authors.split(" and ") if authors else []:
        if author.startswith("{") or author == "others":
            found.append(_plain(author))
            continue
        surname, *rest = [part.strip() for part in author.split(",")]
        initials = (
            "".join(part[0] for part in re.split(r"[\s-]+", rest[-1]) if part) if rest else ""
        )
        found.append(f"{surname} {initials}".strip() if with_initials else surname)
    return found


def _plain(text: str) -> str:
    return text.replace("{", "").replace("}", "")
