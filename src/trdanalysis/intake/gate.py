"""The de-identification gate: a drop with a direct identifier is refused whole.

Columns are judged by their name and by the shape of what they hold. The gate reports counts, never
a value. It is a net, not a proof: the site stays answerable for what it exports.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import ibis.expr.types as ir

from trdanalysis.contract import TABLES, Column
from trdanalysis.errors import UserError

#: Highest age that may stand in a record; above it a person can be singled out (HIPAA Safe Harbor,
#: 45 CFR 164.514(b)(2)(i)(C)).
MAX_AGE_YEARS = 90

#: Beginnings of months in English, German, French and Spanish.
_MONTHS = (
    "jan|ene|feb|fev|fév|mar|mär|apr|abr|avr|may|mai|jun|jul|jui|aug|ago|aoû|sep|oct|okt|nov|dec|dez"
    "|dic|déc"
)
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_MONTH = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:19|20)[0-9]{2}"
_TH = r"(?:st|nd|rd|th)?"
_GAP = r"[-/., ]+(?:(?:of|de) )?"
_CLOCK = r"(?:[t ]?[0-9]{2}:?[0-9]{2}.*)?"
#: Shapes of which one cell is enough.
SHAPES_ONE_CELL = {
    "calendar_date": (
        rf"(^|[^0-9]){_YEAR}[-/.]{_MONTH}[-/.]{_DAY}([^0-9]|$)"
        rf"|(^|[^0-9]){_DAY}[-/.]{_DAY}[-/.]{_YEAR}([^0-9]|$)"
        rf"|(^|[^a-z0-9]){_DAY}{_TH}{_GAP}(?:{_MONTHS})[a-zäûé]*{_GAP}{_YEAR}"
        rf"|(^|[^a-z])(?:{_MONTHS})[a-z]*[-/. ]+{_DAY}{_TH},? +{_YEAR}"
        rf"|(^|[^a-z0-9]){_DAY}[-/ ](?:{_MONTHS})[-/ ][0-9]{{2}}([^0-9a-z]|$)"
    ),
    "e_mail_address": r"[^@\s]+@[^@\s]+\.[a-z]{2,}",
}
#: Shapes that single cells take by chance: they count where more than half of a column has them.
SHAPES_MOST_CELLS = {
    "calendar_date": (
        rf"^{_YEAR}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]){_CLOCK}$"
        rf"|^{_DAY}[-/.]{_DAY}[-/.][0-9]{{2}}( .*)?$"
        rf"|^{_DAY}(?:{_MONTHS})(?:[0-9]{{2}}|{_YEAR})([: ].*)?$"
    ),
}
SHAPES_MOST_CELLS_NOT_KEYS = {
    "calendar_date": rf"^{_YEAR}-(0[1-9]|1[0-2])$|^(?:{_MONTHS})[a-z]*[-/., ]+{_YEAR}$",
    "phone_number": (
        r"^(\+|00|0)[0-9][0-9 ()./-]{7,}$|^[(]?[0-9]{3}[)]?[ .-][0-9]{3}[ .-][0-9]{4}$"
    ),
    "postcode": (
        r"^[a-z]{1,2}[0-9][a-z0-9]? [0-9][a-z]{2}$|^[a-z][0-9][a-z] [0-9][a-z][0-9]$"
        r"|^[1-9][0-9]{3} ?(?:[a-ln-z][a-z]|m[a-fh-km-z])$|^[0-9]{5}-[0-9]{4}$"
    ),
    "record_number": r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$",
}
#: No cell of so few characters has a shape; no age in years is as high as that.
_MOST_OF_SHAPELESS, _MOST_OF_AN_AGE = 5, 130
#: The gate asks of so many columns at once: the time to plan a query grows faster than its columns.
_COLUMNS_A_QUERY = 60
#: A cell of this many characters or words is free text.
FREE_TEXT_CHARACTERS = 100
FREE_TEXT_WORDS = 9

#: Words that give a column away by standing anywhere in its name. The contract's own columns are
#: not judged by their names.
_NAME_RULES: dict[str, str] = {
    "date_of_birth": r"^(dob|yob|birthdate|birthday|birthyear|birthdt|brthdtc|birthdtc)$",
    "e_mail_address": r"^(email|emailaddress)$",
    "phone_number": r"^(phonenumber|phoneno|telephoneno|cellphone|fax)$",
    "personal_name": (
        r"^(surname|forename|firstname|lastname|fullname|middlename|patientname|initials|maiden"
        r"|vorname|nachname)$"
    ),
    "record_number": r"^(mrn|ssn|nino|cpr|bsn|insee|nhsnumber|nhsno|passport)$",
    "postcode": r"^(postcode|postal|postalcode|zip|zipcode|plz)$",
    "free_text": r"^(notes?|comments?|remarks?|narrative|freetext|verbatim|memo)$",
}
#: Words that do so only where nothing but fillers stands beside them: `birth_date` and
#: `home_phone`, but not `birth_control` and `phone_visit`.
_NAME_RULES_ALONE: dict[str, frozenset[str]] = {
    "date_of_birth": frozenset({"birth", "born"}),
    "e_mail_address": frozenset({"mail"}),
    "phone_number": frozenset({"phone", "telephone", "tel", "mobile"}),
    "record_number": frozenset({"nhs", "medicare", "medicaid", "insurance"}),
    "postcode": frozenset({"address", "street"}),
}
_OWNERS = {
    "patient", "pt", "pat", "subject", "subj", "participant", "client", "first", "last", "full",
    "middle", "family", "given", "person", "doctor", "physician", "clinician", "kin", "mother",
    "father",
}  # fmt: skip
_NUMBERED = {
    "record", "patient", "hospital", "chart", "file", "insurance", "account", "policy", "security",
    "licence", "license",
}  # fmt: skip
_NUMBER_WORDS = {"number", "no", "nr", "num"}
_FILLERS = _OWNERS | _NUMBER_WORDS | {
    "of", "the", "id", "date", "day", "dt", "dtc", "month", "year", "place", "country", "city",
    "name", "code", "line", "home", "work", "contact", "cell", "emergency", "mobile", "phone",
    "street", "house", "e", "mailing",
}  # fmt: skip


@dataclass(frozen=True)
class Identifier:
    """One breach of the gate: where, which rule, how many cells (None: the column's name)."""

    table: str
    column: str
    rule: str
    cells: int | None


def _words(column: str) -> list[str]:
    return re.findall(r"[a-z]+|[0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column).lower())


def name_rule(column: str) -> str | None:
    """Give the rule that a column's name breaks, or None."""
    words = _words(column)
    for rule, pattern in _NAME_RULES.items():
        if any(re.match(pattern, word) for word in (*words, "".join(words))):
            return rule
    for rule, alone in _NAME_RULES_ALONE.items():
        others = {word for word in words if not word.isdigit()} - alone
        if alone & set(words) and others <= _FILLERS:
            return rule
    # `first_name` and `name_of_patient`, but not `first_drug_name`.
    pairs = set(zip(words, words[1:], strict=False))
    plain = [word for word in words if word != "of"]
    pairs |= set(zip(plain, plain[1:], strict=False))
    if words == ["name"] or any(
        (owner, "name") in pairs or ("name", owner) in pairs for owner in _OWNERS
    ):
        return "personal_name"
    # `hospital_number`, but not `number_of_hospital_stays` and `patient_no_show`.
    unnumbered = [word for word in words if not word.isdigit()]
    if unnumbered[-1:] and unnumbered[-1] in _NUMBER_WORDS and _NUMBERED & set(unnumbered[-2:-1]):
        return "record_number"
    if "date" in words and "update" not in words:
        return "calendar_date"
    return None


def _is_age(column: str) -> bool:
    """Whether an extra column's name says that it holds ages in years."""
    words = set(_words(column))
    other_units = {"month", "months", "mo", "week", "weeks", "day", "days"}
    return "age" in words and not other_units & words


def check_identifiers(tables: dict[str, ir.Table]) -> None:
    """Refuse raw tables that hold direct identifiers.

    Parameters
    ----------
    tables
        Raw tables by name, extra columns included.

    Raises
    ------
    UserError
        Naming every breach by file, column, rule and count.
    """
    found = [breach for name, table in tables.items() for breach in _check_table(name, table)]
    if not found:
        return
    ages = any(breach.rule == "age_over_90" for breach in found)
    lines = [
        f"{breach.table}, column `{breach.column}`: {breach.rule}, "
        + ("by its name" if breach.cells is None else f"{breach.cells} cell(s)")
        for breach in found
    ]
    advice = "remove these columns or replace what they hold"
    if ages:
        advice += "; top-code ages: write 90 for everyone of 90 or older"
    raise UserError(
        f"the drop holds direct identifiers in {len(found)} column(s)",
        where="\n         ".join(lines),
        expected="no calendar dates, names, addresses, record numbers or free text",
        try_this=advice,
    )


def _check_table(name: str, table: ir.Table) -> list[Identifier]:
    spec = TABLES[name]
    declared = {column.name: column for column in spec.columns}
    found: list[Identifier] = []
    judged = []
    for column in table.columns:
        if column == "line":
            continue
        rule = None if column in declared else name_rule(column)
        if rule is not None:
            found.append(Identifier(name, column, rule, None))
        else:
            judged.append(column)
    for first in range(0, len(judged), _COLUMNS_A_QUERY):
        columns = judged[first : first + _COLUMNS_A_QUERY]
        found += _check_shapes(name, table, columns, declared)
    return found


@dataclass(frozen=True)
class _Rule:
    """A rule that cells of a column can break; ``tells`` is what is said of it."""

    tells: str
    is_broken: Callable[[ir.StringValue], ir.BooleanValue]
    is_of_shape: bool = False
    counts_in_most: bool = False


def _check_shapes(
    name: str, table: ir.Table, columns: list[str], declared: dict[str, Column]
) -> list[Identifier]:
    """Judge columns by what they hold: all at once for any shape, then those that have one."""
    rules = {column: _rules_of(column, declared.get(column)) for column in columns}
    own = [(column, rule) for column in columns for rule in rules[column] if not rule.is_of_shape]
    counts = _count(table, [(column, _ANY_SHAPE) for column in columns] + own)
    shaped = [column for column in columns if counts[column, _ANY_SHAPE]]
    if shaped:
        looked = [(column, rule) for column in shaped for rule in rules[column] if rule.is_of_shape]
        counts |= _count(table, looked + [(column, _FILLED) for column in shaped])
    found = []
    for column in columns:
        for rule in rules[column]:
            cells = counts.get((column, rule), 0)
            if cells and (not rule.counts_in_most or 2 * cells > counts[column, _FILLED]):
                found.append(Identifier(name, column, rule.tells, cells))
    return found


def _count(table: ir.Table, asked: list[tuple[str, _Rule]]) -> dict[tuple[str, _Rule], int]:
    """Count, in one pass, the cells of each column that break its rule."""
    # By numbers: columns may be called as they like.
    sums = {
        f"m{number}": rule.is_broken(table[column]).fill_null(False).sum()
        for number, (column, rule) in enumerate(asked)
    }
    found = table.aggregate(**sums).to_pyarrow().to_pylist()[0]
    return {one: int(found[f"m{number}"] or 0) for number, one in enumerate(asked)}


def _has_shape(cell: ir.StringValue, pattern: str) -> ir.BooleanValue:
    # A cell that is a plain number within a day's range has none of the shapes. By a choice and not
    # by `and`: an engine looks for shapes only where the choice is made.
    return (cell.length() > _MOST_OF_SHAPELESS).ifelse(cell.lower().re_search(pattern), False)


def _is_high_age(cell: ir.StringValue, *, is_certain: bool) -> ir.BooleanValue:
    years = cell.try_cast("float64")
    return (years > MAX_AGE_YEARS) & (is_certain | (years < _MOST_OF_AN_AGE))


def _is_free_text(cell: ir.StringValue) -> ir.BooleanValue:
    words = cell.length() - cell.replace(" ", "").length() + 1
    long = (cell.length() > FREE_TEXT_CHARACTERS) | (words >= FREE_TEXT_WORDS)
    return long | cell.contains("\n")


def _of_shapes(shapes: Mapping[str, str], *, in_most: bool) -> list[_Rule]:
    return [
        _Rule(tells, partial(_has_shape, pattern=pattern), True, in_most)
        for tells, pattern in shapes.items()
    ]


#: Not told of anybody: whether a cell has one of all the shapes, and whether it is filled.
_ANY_SHAPE = _Rule(
    "shape",
    partial(
        _has_shape,
        pattern="|".join(
            f"(?:{pattern})"
            for shapes in (SHAPES_ONE_CELL, SHAPES_MOST_CELLS, SHAPES_MOST_CELLS_NOT_KEYS)
            for pattern in shapes.values()
        ),
    ),
)
_FILLED = _Rule("filled", lambda cell: cell.notnull())


def _rules_of(name: str, column: Column | None) -> list[_Rule]:
    """Give the rules of a column; None: it is none of the contract's."""
    rules = [
        *_of_shapes(SHAPES_ONE_CELL, in_most=False), *_of_shapes(SHAPES_MOST_CELLS, in_most=True)
    ]  # fmt: skip
    if column is not None and column.key:
        return rules
    is_age = column is not None and column.name in ("age_years", "age_at_onset_years")
    if is_age or (column is None and _is_age(name)):
        rules.append(_Rule("age_over_90", partial(_is_high_age, is_certain=is_age)))
    if column is None or column.kind in ("text", "drug", "scale", "function_scale", "word"):
        rules += _of_shapes(SHAPES_MOST_CELLS_NOT_KEYS, in_most=True)
        rules.append(_Rule("free_text", _is_free_text))
    return rules
