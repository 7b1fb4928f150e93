"""What a column's name says: the contract's column, the number of its group, the scale, the week,
the unit. Nothing here looks at cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from trdanalysis.intake.proposal.vocabulary import Vocabulary, word_key

Sureness = Literal["sure", "likely", "unsure"]

_TOKEN = re.compile(r"[0-9]+|[A-Z]+(?![a-zß-ÿ])|[A-Z]?[a-zß-ÿ]+|[^\W\d_]+")
#: Words that add nothing to the name of a column.
_FILLERS = {
    "demo", "dem", "demog", "pt", "pat", "patient", "subj", "subject", "at", "the", "of", "in",
    "value", "val", "current", "raw", "num", "nr", "no", "q", "var", "first", "recorded", "is",
    "has", "name", "code", "history", "hx",
}  # fmt: skip
#: Words that say that a number beside them counts treatments.
_TRIAL_WORDS = {
    "trial", "treatment", "tx", "trt", "med", "medication", "ad", "antidepressant", "rx", "course",
    "line", "step", "drug", "prior", "past", "previous",
}  # fmt: skip
_EARLIER = {"prior", "past", "previous"}
_UNITS = {
    "wk": "week", "wks": "week", "week": "week", "weeks": "week", "day": "day", "days": "day",
    "mo": "month", "mos": "month", "month": "month", "months": "month", "yr": "year",
    "yrs": "year", "year": "year", "years": "year", "g": "gram", "gram": "gram", "grams": "gram",
    "mg": "mg", "mcg": "microgram", "ug": "microgram", "microgram": "microgram",
    "pct": "percent", "percent": "percent", "perc": "percent",
}  # fmt: skip
_TIMES = {
    "w": "week", "wk": "week", "week": "week", "weeks": "week", "woche": "week", "d": "day",
    "day": "day", "tag": "day", "m": "month", "mo": "month", "month": "month", "months": "month",
    "v": "visit", "visit": "visit", "t": "visit", "tp": "visit", "time": "visit", "wave": "visit",
}  # fmt: skip
_BEFORE = {"baseline", "base", "bl", "pre", "before", "start", "initial", "entry", "intake"}
_AFTER = {"endpoint", "end", "final", "post", "after", "exit", "last", "eot", "discharge"}
_SCORE_WORDS = {
    "score", "scores", "total", "tot", "sum", "tl", "value", "val", "rating", "scale", "at", "raw",
}  # fmt: skip
#: A length: it cannot be added to a start by a mapping.
_LENGTHS = {
    "duration",
    "length",
    "dauer",
    "treated",
    "treatmentduration",
    "trialduration",
    "dayssupply",
}
#: Names of this length or shorter are near too much.
_SHORTEST_LIKE = 5


@dataclass(frozen=True)
class Heading:
    """What one name was read as.

    Attributes
    ----------
    name
        The source column.
    table, column
        Of the contract; None where the name says neither.
    sure, why
        How the name was recognised.
    index, pattern
        Number of a group's member, as written, and the name with ``{}`` in its place.
    scale, scale_is_exact
        Rating scale, and whether the name tells its version.
    moment
        ``before`` or ``after`` a treatment, for scores.
    time, at
        Unit (``week``, ``day``, ``month``, ``visit``, ``number``: no unit) and number of a visit.
    unit
        Unit that the name gives its values.
    """

    name: str
    table: str | None = None
    column: str | None = None
    sure: Sureness = "sure"
    why: str = ""
    index: str | None = None
    pattern: str | None = None
    scale: str | None = None
    scale_is_exact: bool = True
    moment: Literal["before", "after"] | None = None
    time: str | None = None
    at: str | None = None
    unit: str | None = None


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int


def read_heading(name: str, words: Vocabulary, *, fuzzy: bool = True) -> Heading | None:
    """Read a column's name.

    Returns
    -------
    Heading or None
        None where the name says nothing that is known. A name that holds a scale's name and a word
        that is not understood (``madrs_change``) is none either.
    """
    tokens = [_Token(m.group().lower(), m.start(), m.end()) for m in _TOKEN.finditer(name)]
    known = words.columns.get(word_key(name))
    if known is not None:
        unit = next((_UNITS[one.text] for one in reversed(tokens) if one.text in _UNITS), None)
        exact = word_key(name) == word_key(known[1])
        why = "the contract's own name" if exact else f"`{name}` is a known name for it"
        return Heading(name, *known, "sure", why, unit=unit)
    scored = _read_scale(name, tokens, words)
    if scored is not None:
        return scored if scored.column is not None else None
    for place, token in enumerate(tokens):
        if token.text.isdigit():
            rest = tokens[:place] + tokens[place + 1 :]
            found = _read_plain(name, rest, words, numbered=True)
            if found is not None:
                return _numbered(found, token)
    found = _read_plain(name, tokens, words, numbered=False)
    return found or (_read_like(name, words) if fuzzy else None)


def numbered_pattern(name: str) -> tuple[str, str] | None:
    """Give the pattern and number of a name with one run of digits: ``ad2`` is ``ad{}``, ``2``."""
    runs = list(re.finditer("[0-9]+", name))
    if len(runs) != 1:
        return None
    start, end = runs[0].span()
    return name[:start] + "{}" + name[end:], runs[0].group()


def is_length(name: str) -> bool:
    """Tell whether a name is that of a length of treatment."""
    tokens = [m.group().lower() for m in _TOKEN.finditer(name)]
    kept = [one for one in tokens if one not in _UNITS and not one.isdigit()]
    return "".join(kept) in _LENGTHS or bool(_LENGTHS & set(kept))


def _numbered(heading: Heading, token: _Token | None) -> Heading:
    if token is None:
        return heading
    name = heading.name
    pattern = name[: token.start] + "{}" + name[token.end :]
    return replace(heading, index=name[token.start : token.end], pattern=pattern)


def _read_plain(
    name: str, tokens: list[_Token], words: Vocabulary, *, numbered: bool
) -> Heading | None:
    """Look a name up as it is, then without fillers, then without its unit."""
    texts = [token.text for token in tokens]
    if not texts or (numbered and any(text.isdigit() for text in texts)):
        return None
    ways: list[tuple[list[str], Sureness]] = [(texts, "sure")]
    dropped = _FILLERS | (_TRIAL_WORDS if numbered else set())
    plain = [text for text in texts if text not in dropped]
    without = [text for text in texts if text not in _UNITS]
    ways += [(without, "sure"), (plain, "likely")]
    ways += [([text for text in plain if text not in _UNITS], "likely")]
    unit = next((_UNITS[text] for text in reversed(texts) if text in _UNITS), None)
    for kept, sure in ways:
        known = words.columns.get(word_key("".join(kept))) if kept else None
        if known is not None and known[1] != "patient_id":
            why = f"`{name}` reads as `{' '.join(kept)}`, a known name for it"
            return Heading(name, *known, sure, why, unit=unit)
    # `med_start` is of a treatment; `prior_response` is not of the one in the row.
    bare = [text for text in texts if text not in _TRIAL_WORDS - _EARLIER | set(_UNITS)]
    known = words.columns.get(word_key("".join(bare))) if bare else None
    if known is not None and known[0] == "trials" and len(bare) < len(texts):
        why = f"`{name}` reads as `{' '.join(bare)}` of a treatment"
        return Heading(name, *known, "likely", why, unit=unit)
    if numbered and set(texts) <= _TRIAL_WORDS | {"name"}:
        return Heading(name, "trials", "drug", "likely", f"`{name}` reads as the name of a drug")
    return None


def _read_like(name: str, words: Vocabulary) -> Heading | None:
    """Take a name for a known one from which it differs by a letter or two."""
    key = word_key(name)
    if len(key) < _SHORTEST_LIKE or any(letter.isdigit() for letter in key):
        return None
    known = [word for word in words.columns if len(word) >= _SHORTEST_LIKE]
    allowed = 1 if len(key) < 10 else 2
    near = process.extractOne(key, known, scorer=OSA.distance, score_cutoff=allowed)
    if near is None:
        return None
    letters = "1 letter" if near[1] == 1 else f"{int(near[1])} letters"
    why = f"`{name}` is {letters} from `{near[0]}`, a known name for it"
    return Heading(name, *words.columns[near[0]], "unsure", why)


def _read_scale(name: str, tokens: list[_Token], words: Vocabulary) -> Heading | None:
    """Read a name that holds the name of a scale; without a column: it says more than is known."""
    spans = sorted(
        ((i, j) for i in range(len(tokens)) for j in range(i + 1, len(tokens) + 1)),
        key=lambda span: span[0] - span[1],
    )
    for i, j in spans:
        found = words.scales.get("".join(token.text for token in tokens[i:j]))
        if found is None:
            continue
        scale, exact = found
        heading = Heading(
            name, "assessments", "score", "sure" if exact else "unsure",
            f"`{name}` names the scale {scale}" if exact
            else f"`{name}` names a scale without its version, taken for {scale}",
            scale=scale, scale_is_exact=exact,
        )  # fmt: skip
        if words.domains[scale] == "function":
            heading = replace(heading, table="patients", column="function_score")
        return _place_in_time(heading, tokens[:i] + tokens[j:])
    return None


def _place_in_time(heading: Heading, rest: list[_Token]) -> Heading:
    """Read what stands beside a scale's name: a moment, a week, a number."""
    unknown = replace(heading, table=None, column=None)
    left = [token for token in rest if token.text not in _SCORE_WORDS]
    numbers = [token for token in left if token.text.isdigit()]
    others = [token for token in left if not token.text.isdigit()]
    moments = [token for token in others if token.text in _BEFORE | _AFTER]
    times = [token for token in others if token.text in _TIMES]
    if len(numbers) > 1 or len(moments) > 1 or len(times) > 1:
        return unknown
    if len(moments) + len(times) != len(others):
        return unknown
    heading = _numbered(heading, numbers[0] if numbers else None)
    at = numbers[0].text if numbers else None
    if moments and not times:
        moment: Literal["before", "after"] = "before" if moments[0].text in _BEFORE else "after"
        return replace(heading, moment=moment)
    if times and numbers and not moments:
        return replace(heading, time=_TIMES[times[0].text], at=at)
    if times or moments:
        return unknown
    return replace(heading, time="number" if numbers else None, at=at)
