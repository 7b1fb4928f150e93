"""Which recipe the cells of a source column need to become those of a column of the contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trdanalysis.contract import MAX_ABS_DAY, NO, YES, Column
from trdanalysis.intake.proposal.headings import Heading, Sureness
from trdanalysis.intake.proposal.lines import Line
from trdanalysis.intake.proposal.profiles import (
    HIGH_CODES,
    NEGATIVE_CODES,
    Profile,
    plain_code,
)
from trdanalysis.intake.proposal.vocabulary import Vocabulary, word_key
from trdanalysis.readers.dates import DateOrder

#: Mean days of a month, where a month stands for a number of days.
DAYS_A_MONTH = 30.4375
#: No person is older; larger numbers are months, or codes.
_OLDEST = 120
#: Longest code that is written into a mapping though nobody knows what it means.
_SHORT_CODE = 4
_CODES_OF_NO_ANSWER = {"7", "8", "9", "77", "88", "99", *HIGH_CODES, *NEGATIVE_CODES}


@dataclass(frozen=True)
class Context:
    """What the recipes of single columns need to know of the whole file.

    ``written`` is how its dates are written, None where that cannot be known.
    """

    words: Vocabulary
    written: DateOrder | None


def merge_profiles(profiles: Sequence[Profile]) -> Profile:
    """Take the columns of a group for one: their cells behind each other."""
    if len(profiles) == 1:
        return profiles[0]
    counts: Counter[str] = Counter()
    for one in profiles:
        counts.update(one.counts)
    filled = [one for one in profiles if one.counts]
    orders = [set(one.orders) for one in filled]
    common = set.intersection(*orders) if orders else set()
    drugs = max((one.drug_share for one in filled), default=0.0)
    return Profile(
        profiles[0].name,
        tuple(cell for one in profiles for cell in one.cells),
        counts,
        tuple(dict.fromkeys(word for one in profiles for word in one.missing)),
        {code: label for one in profiles for code, label in one.labels.items()},
        tuple(order for order in profiles[0].orders if order in common) or tuple(sorted(common)),
        drugs,
    )


def propose_cell(column: Column, heading: Heading, profile: Profile, context: Context) -> Line:
    """Propose the line of one column of the contract.

    Parameters
    ----------
    column
        Of the contract.
    heading
        What the source column's name says.
    profile
        What its cells, or those of its group, look like.
    context
        Words, and how dates are written.

    Returns
    -------
    Line
        Not active where the cells do not fit: its value then shows what is to be completed.
    """
    source = heading.pattern or heading.name
    if not profile.filled:
        return Line(column.name, source, heading.sure, f"{heading.why}; no cell is filled")
    if column.kind == "day":
        return _day(column, heading, profile, context, source)
    if column.kind in ("three_valued", "word"):
        return _code(column, heading, profile, context, source)
    if column.kind in ("integer", "number"):
        return _number(column, heading, profile, context, source)
    if column.kind == "drug":
        return _drug(column, heading, profile, source)
    if column.kind in ("scale", "function_scale"):
        return _scale(column, heading, profile, context, source)
    if profile.is_free_text or profile.orders:
        told = "dates" if profile.orders else "free text"
        return Line(column.name, source, "unsure", f"{heading.why}, but holds {told}", False)
    return Line(column.name, source, heading.sure, heading.why)


def _weaker(one: Sureness, other: Sureness) -> Sureness:
    order: tuple[Sureness, ...] = ("sure", "likely", "unsure")
    return max(one, other, key=order.index)


def _day(column: Column, heading: Heading, profile: Profile, context: Context, source: str) -> Line:
    why = heading.why
    if profile.orders:
        if context.written is None or context.written not in profile.orders:
            told = f"{why}; dates, but how they are written is not certain: see `dates` above"
            return Line(column.name, source, "unsure", told, False)
        told = f"{why}; dates, which become days (see `dates`)" + _last_day(column, heading)
        return Line(column.name, source, heading.sure, told)
    if profile.is_compact_date:
        told = f"{why}, but holds dates without separators, which cannot be read: export 2019-03-31"
        return Line(column.name, source, "unsure", told, False)
    if not profile.is_numeric or max(map(abs, profile.numbers)) > MAX_ABS_DAY:
        return Line(column.name, source, "unsure", f"{why}, but its cells are no days", False)
    by = {"week": 7.0, "month": DAYS_A_MONTH}.get(heading.unit or "day")
    if by is None:
        recipe: Any = source
        unit = "its cells are taken for days" if heading.unit is None else "its cells are numbers"
        sure = heading.sure if heading.unit == "day" else _weaker(heading.sure, "likely")
    elif heading.unit == "week":
        recipe, sure = {"column": source, "multiply": 7}, heading.sure
        unit = "weeks, times 7"
    else:
        recipe = {
            "column": source, "multiply": by, "round": "nearest",
            "assumption": f"A month is {DAYS_A_MONTH} days.",
        }  # fmt: skip
        unit, sure = "months are no certain number of days", "unsure"
    if heading.unit == "day":
        unit = "the name says days"
    return Line(column.name, recipe, sure, f"{why}; {unit}{_last_day(column, heading)}")


def _last_day(column: Column, heading: Heading) -> str:
    """Say for ends what a name does not: whether the day is with or without the treatment."""
    if column.name != "stop_day" or word_key(heading.name) == "stopday":
        return ""
    return "; TODO if it is the last day ON treatment, use {column: ..., add: 1}"


def _number(
    column: Column, heading: Heading, profile: Profile, context: Context, source: str
) -> Line:
    if not profile.is_numeric:
        said = f"{heading.why}, but its cells are not plain numbers"
        return Line(column.name, source, "unsure", said, False)
    low, high = column.low, column.high
    if heading.scale is not None:
        low, high = context.words.ranges[heading.scale]
    recipe: dict[str, Any] = {"column": source}
    missing = _missing_codes(column, profile, low, high)
    if missing:
        recipe["missing"] = missing
    kept = [n for text in profile.counts if text not in missing for n in _numbers_of(text)]
    told: list[str] = [heading.why]
    sure = heading.sure
    if missing:
        told.append(f"{len(missing)} number(s) outside its range taken for `not recorded`")
        sure = _weaker(sure, "likely")
    changed, said, surely = _unit(column, heading, kept)
    recipe |= changed
    sure = _weaker(sure, surely)
    told += [said] if said else []
    years = column.name == "age_years" and "divide" not in changed
    if years and high is not None and max(kept, default=0) > high:
        told.append("TODO some are above 90: write 90 for them, the drop is refused otherwise")
        sure = "unsure"
    if heading.scale is not None and high is not None and any(n > high for n in kept):
        told.append(f"TODO some scores are above {high:g}, the scale's highest")
        sure = "unsure"
    short = source if list(recipe) == ["column"] else recipe
    return Line(column.name, short, sure, "; ".join(told))


def _numbers_of(text: str) -> list[float]:
    try:
        return [float(text)]
    except ValueError:
        return []


def _missing_codes(
    column: Column, profile: Profile, low: float | None, high: float | None
) -> list[str]:
    """Give the usual codes for "not recorded" that occur outside of a column's range."""
    below = [text for text in profile.counts if any(n < 0 for n in _numbers_of(text))]
    # Where any other number is below zero, these may be numbers as well.
    usual = below if all(plain_code(text) in NEGATIVE_CODES for text in below) else []
    usual = [] if low is not None and low < 0 else usual
    top = {"age_years": 130.0, "age_at_onset_years": 130.0, "dose_mg_per_day": 998.0}
    limit = top.get(column.name, 100.0 if column.name == "adherence" else high)
    if limit is None:
        return usual
    return usual + [c for c in profile.counts if plain_code(c) in HIGH_CODES and float(c) > limit]


def _unit(
    column: Column, heading: Heading, kept: list[float]
) -> tuple[dict[str, Any], str, Sureness]:
    """Give the conversion to the contract's unit, what to say of it, and how sure it is."""
    high = max(kept, default=0.0)
    whole = all(n.is_integer() for n in kept)
    if column.name in ("age_years", "age_at_onset_years"):
        if heading.unit == "month":
            return {"divide": 12, "round": "down"}, "the name says months; completed years", "sure"
        if high > _OLDEST:
            said = "some are above any age in years: months, turned into completed years"
            return {"divide": 12, "round": "down"}, said, "likely"
        if not whole:
            return {"round": "down"}, "fractions: completed years", "sure"
    if column.name == "adherence" and (heading.unit == "percent" or 1 < high <= 100):
        sure: Sureness = "sure" if heading.unit == "percent" else "likely"
        return {"divide": 100}, "percent: divided by 100", sure
    if column.name == "dose_mg_per_day":
        if heading.unit == "gram":
            return {"multiply": 1000}, "the name says grams", "sure"
        if heading.unit == "microgram":
            return {"divide": 1000}, "the name says micrograms", "sure"
        if kept and high < 1:
            said = "all are below 1: TODO if these are grams, add multiply: 1000"
            return {}, said, "unsure"
    return {}, "", "sure"


def _drug(column: Column, heading: Heading, profile: Profile, source: str) -> Line:
    known = round(profile.drug_share * len(profile.counts))
    total = len(profile.counts)
    told = f"{heading.why}; {known} of {total} distinct value(s) are names of known drugs"
    if known == 0 and profile.is_numeric:
        recode = _blank_recoding(source, profile, [])
        recode["otherwise"] = "keep"
        return Line(column.name, recode, "unsure", f"{told}: TODO what do these codes mean?", False)
    if profile.is_free_text and known == 0:
        return Line(column.name, source, "unsure", f"{told}: free text", False)
    sure: Sureness = heading.sure if 2 * known >= total else "unsure"
    if known < total:
        told += "; what is not known will stand in unrecognised.csv"
    return Line(column.name, source, sure, told)


def _scale(
    column: Column, heading: Heading, profile: Profile, context: Context, source: str
) -> Line:
    known = sum(context.words.scale_of(text) is not None for text in profile.counts)
    told = f"{heading.why}; {known} of {len(profile.counts)} distinct value(s) are known scales"
    if known == 0:
        return Line(column.name, source, "unsure", told, False)
    recode = {}
    sure = heading.sure
    for text in profile.counts:
        found = context.words.scale_of(text)
        if found is not None and word_key(text) != word_key(found[0]):
            recode[text] = found[0]
            sure = sure if found[1] else "unsure"
    if not recode:
        return Line(column.name, source, sure, told)
    recipe = {"column": source, "recode": recode, "otherwise": "keep"}
    return Line(column.name, recipe, sure, told)


def _code(
    column: Column, heading: Heading, profile: Profile, context: Context, source: str
) -> Line:
    """Recode yes/no and the contract's words; what means nothing known is left to a person."""
    allowed = (YES, NO) if column.kind == "three_valued" else column.words
    tables = [context.words.words.get(column.name, {})]
    if column.kind == "three_valued":
        tables.append(context.words.words.get("three_valued", {}))
    found: dict[str, str] = {}
    for text in profile.counts:
        key = word_key(profile.labels.get(text, plain_code(text)))
        meant = next((table[key] for table in tables if key in table), None)
        meant = key_word if (key_word := _own_word(key, allowed)) else meant
        if meant in allowed:
            found[text] = str(meant)
    rest = [text for text in profile.counts if text not in found]
    why = heading.why
    labelled = any(text in profile.labels for text in found)
    if not profile.is_code or not found or _is_unclear(found, rest, labelled=labelled):
        recode = _blank_recoding(source, profile, rest, found)
        told = (
            f"{why}; TODO what do its codes mean?"
            if profile.is_code
            else (f"{why}, but holds {len(profile.counts)} distinct values, which are no codes")
        )
        return Line(column.name, recode if profile.is_code else source, "unsure", told, False)
    if not rest and all(text == meant for text, meant in found.items()):
        return Line(column.name, source, heading.sure, f"{why}; its cells are as the contract's")
    told = f"{why}; {len(found)} code(s) recoded" + (" by the file's own labels" * labelled)
    alone = len(found) == 1 and all(plain_code(text).isdigit() for text in found) and not labelled
    sure = _weaker(heading.sure, "likely") if alone else heading.sure
    if rest:
        told += f"; {len(rest)} other value(s) become unknown and are counted: TODO look at them"
        told += _shown(rest)
        usual = {plain_code(text) for text in rest} <= _CODES_OF_NO_ANSWER
        sure = _weaker(sure, "likely" if usual else "unsure")
    recipe = {"column": source, "recode": found, "otherwise": "unknown"}
    return Line(column.name, recipe, sure, told)


def _own_word(key: str, allowed: Sequence[str]) -> str | None:
    return next((word for word in allowed if word_key(word) == key), None)


def _is_unclear(found: dict[str, str], rest: list[str], *, labelled: bool) -> bool:
    """Tell whether 0 and 1 cannot be taken for no and yes: 1 and 2 are used in both orders."""
    digits = [text for text in found if plain_code(text).lstrip("+-").isdigit()]
    no_answer = {plain_code(text) for text in rest} <= _CODES_OF_NO_ANSWER
    return bool(digits) and not labelled and not no_answer


def _may_be_shown(text: str) -> bool:
    """Tell whether a value can be nothing but a code: a digit, a usual code for no answer, letters.

    Longer numbers may be measured of a person, longer texts say something of one.
    """
    code = plain_code(text)
    if code in _CODES_OF_NO_ANSWER:
        return True
    return (code.isdigit() and len(code) == 1) or (code.isalpha() and len(code) <= _SHORT_CODE)


def _shown(rest: list[str]) -> str:
    """Write the values that have no recoding, where all of them can be shown."""
    return f" ({', '.join(sorted(rest))})" if all(_may_be_shown(text) for text in rest) else ""


def _blank_recoding(
    source: str, profile: Profile, rest: list[str], found: dict[str, str] | None = None
) -> dict[str, Any]:
    """Give a recoding to complete: codes that can be shown, each with a place for its meaning."""
    codes = sorted(text for text in rest or profile.counts if _may_be_shown(text))
    blank = dict.fromkeys(codes if profile.is_code else [], "TODO")
    recode = {**(found or {}), **blank} or {"TODO": "TODO"}
    return {"column": source, "recode": recode, "otherwise": "unknown"}
