"""The de-identification gate: a drop with a direct identifier is refused whole.

Columns are judged by their name and by the shape of what they hold. The gate reports counts and
line numbers, never a value. It is a net, not a proof: the site stays answerable for what it
exports.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import ibis.expr.types as ir

from trdanalysis.contract import TABLES, Column
from trdanalysis.errors import UserError

#: Highest age that may stand in a record; above it a person can be singled out (HIPAA Safe Harbor,
#: 45 CFR 164.514(b)(2)(i)(C)).
MAX_AGE_YEARS = 90

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
#: Shapes of which one cell is enough.
SHAPES_ONE_CELL = {
    "calendar_date": (
        r"(^|[^0-9])(19|20)[0-9]{2}[-/.](0?[1-9]|1[0-2])[-/.](0?[1-9]|[12][0-9]|3[01])([^0-9]|$)"
        r"|(^|[^0-9])(0?[1-9]|[12][0-9]|3[01])[-/.](0?[1-9]|[12][0-9]|3[01])[-/.](19|20)[0-9]{2}([^0-9]|$)"
        rf"|(^|[^a-z0-9])(0?[1-9]|[12][0-9]|3[01])[-/. ]?({_MONTHS})[a-z]*[-/., ]+(19|20)[0-9]{{2}}"
        rf"|({_MONTHS})[a-z]*[-/. ]+(0?[1-9]|[12][0-9]|3[01]),? +(19|20)[0-9]{{2}}"
    ),
    "e_mail_address": r"[^@\s]+@[^@\s]+\.[a-z]{2,}",
}
#: Shapes that single cells take by chance: they count where more than half of a column has them.
SHAPES_MOST_CELLS = {
    "calendar_date": (
        r"^(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$"
        r"|^(0?[1-9]|[12][0-9]|3[01])[-/.](0?[1-9]|[12][0-9]|3[01])[-/.][0-9]{2}$"
    ),
}
SHAPES_MOST_CELLS_NOT_KEYS = {
    "phone_number": (
        r"^(\+|00|0)[0-9][0-9 ()./-]{7,}$|^[(]?[0-9]{3}[)]?[ .-][0-9]{3}[ .-][0-9]{4}$"
    ),
    "postcode": (
        r"^[a-z]{1,2}[0-9][a-z0-9]? [0-9][a-z]{2}$|^[0-9]{4} ?[a-z]{2}$|^[0-9]{5}-[0-9]{4}$"
    ),
}
#: A cell of this many characters or words is free text.
FREE_TEXT_CHARACTERS = 100
FREE_TEXT_WORDS = 9

#: Words in the names of columns that are not the contract's.
_NAME_RULES: dict[str, str] = {
    "date_of_birth": r"^(dob|birth|born|birthdate|birthday|brthdtc|birthdtc)$",
    "e_mail_address": r"^(email|mail|emailaddress)$",
    "phone_number": r"^(phone|telephone|tel|mobile|cellphone|fax)$",
    "personal_name": r"^(surname|forename|firstname|lastname|fullname|middlename|initials|maiden)$",
    "record_number": r"^(mrn|ssn|nhs|nino|cpr|bsn|insee|nhsnumber|passport|medicare|medicaid)$",
    "postcode": r"^(postcode|postal|postalcode|zip|zipcode|plz|address|street)$",
    "free_text": r"^(notes?|comments?|remarks?|narrative|freetext|verbatim|memo)$",
}
_OWNERS = {
    "patient", "subject", "participant", "first", "last", "full", "middle", "family", "given",
    "person", "doctor", "physician", "clinician", "kin", "mother", "father",
}  # fmt: skip
_NUMBERED = {
    "record", "patient", "hospital", "chart", "file", "insurance", "account", "policy", "security",
    "licence", "license",
}  # fmt: skip
_NUMBER_WORDS = {"number", "no", "nr", "num"}


@dataclass(frozen=True)
class Identifier:
    """One breach of the gate: where, which rule, how many cells (None: the column's name)."""

    table: str
    column: str
    rule: str
    cells: int | None


def name_rule(column: str) -> str | None:
    """Give the rule that a column's name breaks, or None."""
    words = re.findall(r"[a-z]+|[0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column).lower())
    for rule, pattern in _NAME_RULES.items():
        if any(re.match(pattern, word) for word in (*words, "".join(words))):
            return rule
    if "name" in words and (len(words) == 1 or _OWNERS & set(words)):
        return "personal_name"
    if _NUMBERED & set(words) and _NUMBER_WORDS & set(words):
        return "record_number"
    if "date" in words and not {"update"} & set(words):
        return "calendar_date"
    return None


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
    measures: dict[str, ir.Value] = {}
    rules: dict[str, tuple[str, str, bool]] = {}
    for column in table.columns:
        if column == "line":
            continue
        rule = None if column in declared else name_rule(column)
        if rule is not None:
            found.append(Identifier(name, column, rule, None))
            continue
        for rule, broken, most in _shape_rules(table[column], declared.get(column), column):
            measure = f"m{len(measures)}"
            measures[measure] = broken.fill_null(False).sum()
            rules[measure] = (column, rule, most)
        measures[f"filled_{column}"] = table[column].notnull().sum()
    if not measures:
        return found
    counts = table.aggregate(**measures).to_pyarrow().to_pylist()[0]
    for measure, (column, rule, most) in rules.items():
        cells, filled = counts[measure] or 0, counts[f"filled_{column}"] or 0
        if cells and (not most or 2 * cells > filled):
            found.append(Identifier(name, column, rule, cells))
    return found


def _shape_rules(
    cell: ir.StringValue, column: Column | None, name: str
) -> list[tuple[str, ir.BooleanValue, bool]]:
    """Give (rule, broken, whether most cells must break it) for one column."""
    low = cell.lower()
    # A cell that is a plain number within a day's range has none of the other shapes.
    wordy = cell.length() > 5
    rules = [
        (rule, wordy & low.re_search(pattern), False) for rule, pattern in SHAPES_ONE_CELL.items()
    ] + [
        (rule, wordy & low.re_search(pattern), True) for rule, pattern in SHAPES_MOST_CELLS.items()
    ]
    if column is not None and column.key:
        return rules
    is_age = column is not None and column.name in ("age_years", "age_at_onset_years")
    if is_age or (column is None and re.match(r"^age($|[^a-z])", name.lower())):
        years = cell.try_cast("float64")
        rules.append(("age_over_90", (years > MAX_AGE_YEARS) & (is_age | (years < 130)), False))
    if column is None or column.kind in ("text", "drug", "scale", "function_scale", "word"):
        rules += [
            (rule, wordy & low.re_search(pattern), True)
            for rule, pattern in SHAPES_MOST_CELLS_NOT_KEYS.items()
        ]
        words = cell.length() - cell.replace(" ", "").length() + 1
        long = (cell.length() > FREE_TEXT_CHARACTERS) | (words >= FREE_TEXT_WORDS)
        rules.append(("free_text", long | cell.contains("\n"), False))
    return rules
