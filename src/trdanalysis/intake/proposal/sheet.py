"""A file as it was understood: which column is whose, and what its rows are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from trdanalysis.contract import TABLES, Column
from trdanalysis.intake.gate import name_rule
from trdanalysis.intake.proposal.cells import Context, merge_profiles, propose_cell
from trdanalysis.intake.proposal.headings import (
    Heading,
    Sureness,
    is_length,
    numbered_pattern,
    read_heading,
)
from trdanalysis.intake.proposal.lines import PLACEHOLDER, Line, RowSet
from trdanalysis.intake.proposal.profiles import Profile, varies_within
from trdanalysis.intake.proposal.vocabulary import Vocabulary
from trdanalysis.readers.dates import DateOrder

#: From this share of known names on, a column holds drugs whatever it is called.
DRUG_SHARE = 0.5


@dataclass(frozen=True)
class Sheet:
    """What was understood of a file.

    Attributes
    ----------
    profiles
        Of every source column.
    headings
        Of the columns that were recognised, by name.
    patient
        The column that tells one patient from another; None where none was found.
    context
        Words and dates.
    left_over
        Why a column is not carried over, by name.
    """

    profiles: dict[str, Profile]
    headings: dict[str, Heading]
    patient: Heading | None
    context: Context
    left_over: dict[str, str]

    @property
    def people(self) -> tuple[str | None, ...]:
        """The patient of every row."""
        if self.patient is not None:
            return self.profiles[self.patient.name].cells
        first = next(iter(self.profiles.values()))
        return (None,) * len(first.cells)

    @property
    def has_several_rows(self) -> bool:
        """Whether some patient has more than one row."""
        counts = Counter(person for person in self.people if person is not None)
        return any(number > 1 for number in counts.values())

    def of(self, table: str, *, numbered: bool = False) -> list[Heading]:
        """Give the headings of one table, numbered ones or the others."""
        return [
            one for one in self.headings.values()
            if one.table == table and (one.index is not None) == numbered
        ]  # fmt: skip

    def varies(self, heading: Heading) -> bool:
        """Tell whether a column differs within some patient."""
        return varies_within(self.profiles[heading.name], self.people)

    def line(self, heading: Heading, names: Iterable[str] = (), column: str | None = None) -> Line:
        """Propose the line of a heading, or of the group of columns that it stands for."""
        used = tuple(names) or (heading.name,)
        spec = TABLES[heading.table or "trials"].column(column or heading.column or "")
        profile = merge_profiles([self.profiles[name] for name in used])
        own = heading if len(used) > 1 or names else replace(heading, pattern=None)
        return replace(propose_cell(spec, own, profile, self.context), uses=used)

    def patient_line(self) -> Line:
        """Give the line of the patient's identifier."""
        if self.patient is None:
            return missing_line(TABLES["patients"].column("patient_id"))
        one = self.patient
        return Line("patient_id", one.name, one.sure, one.why, uses=(one.name,))


def missing_line(column: Column) -> Line:
    """Give the line of a required column that was not found."""
    return Line(
        column.name, {"constant": PLACEHOLDER}, "unsure", f"TODO required: {column.meaning}"
    )


def complete(sheet: Sheet, rows: RowSet) -> RowSet:
    """Put the columns of a set of rows in the contract's order; what is required stands in it."""
    by_name = {line.key: line for line in rows.columns if line.is_active}
    by_name["patient_id"] = sheet.patient_line()
    idle = [line for line in rows.columns if not line.is_active and line.key not in by_name]
    columns: list[Line] = []
    for column in TABLES[rows.table].columns:
        columns += [line for line in idle if line.key == column.name]
        if column.name in by_name:
            columns.append(by_name[column.name])
        elif column.required:
            columns.append(missing_line(column))
    return replace(rows, columns=columns)


def understand(profiles: dict[str, Profile], words: Vocabulary) -> Sheet:
    """Read the names of all columns, and by cells those that hold drugs.

    Parameters
    ----------
    profiles
        Of every column, in the file's order.
    words
        Known words.
    """
    left_over: dict[str, str] = {}
    headings: dict[str, Heading] = {}
    for name, profile in profiles.items():
        if "{}" in name:
            left_over[name] = "its name has {}, which stands for a number in mappings"
            continue
        rule = name_rule(name)
        heading = read_heading(name, words)
        if heading is not None and heading.column == "patient_id":
            headings[name] = heading
        elif rule is not None and rule != "calendar_date":
            left_over[name] = f"by its name a direct identifier ({rule.replace('_', ' ')})"
        elif is_length(name):
            left_over[name] = "a length: a mapping cannot add it to a start"
        elif heading is not None and not _is_out_of_place(heading, profile):
            headings[name] = heading
    for name, heading in _by_cells(profiles, headings, left_over).items():
        headings[name] = heading
    patient = _find_patient(profiles, headings)
    for name in [name for name, one in headings.items() if one.column == "patient_id"]:
        del headings[name]
        if patient is None or name != patient.name:
            left_over[name] = "an identifier beside that of the patient"
    if patient is not None:
        headings.pop(patient.name, None)
    kept = _once(profiles, _without_a_lone_number(headings), left_over)
    return Sheet(profiles, kept, patient, Context(words, _written(profiles, kept)), left_over)


def _without_a_lone_number(headings: dict[str, Heading]) -> dict[str, Heading]:
    """Take ``drug1`` for ``drug`` where no treatment has another number."""
    trials = {one.index for one in headings.values() if one.table == "trials" and one.index}
    if len(trials) != 1:
        return headings
    return {
        name: replace(one, index=None, pattern=None) if one.table == "trials" else one
        for name, one in headings.items()
    }


def _is_out_of_place(heading: Heading, profile: Profile) -> bool:
    """Tell whether cells speak against a name that is only near a known one."""
    if heading.column == "drug" and heading.sure != "sure":
        return profile.drug_share == 0
    return False


def _by_cells(
    profiles: dict[str, Profile], headings: dict[str, Heading], left_over: dict[str, str]
) -> dict[str, Heading]:
    """Find columns of drugs by what they hold."""
    found = {}
    for name, profile in profiles.items():
        taken = headings.get(name)
        if name in left_over or profile.drug_share < DRUG_SHARE:
            continue
        if taken is not None and taken.column in ("drug", "patient_id"):
            continue
        if taken is not None and taken.table == "trials" and taken.column != "role":
            continue
        share = round(100 * profile.drug_share)
        why = f"{share}% of the distinct values of `{name}` are names of known drugs"
        numbered = numbered_pattern(name)
        pattern, index = numbered if numbered is not None else (None, None)
        found[name] = Heading(name, "trials", "drug", "likely", why, index=index, pattern=pattern)
    return found


def _find_patient(profiles: dict[str, Profile], headings: dict[str, Heading]) -> Heading | None:
    """Choose the identifier: filled on every row, and with the most distinct values."""
    named = [one for one in headings.values() if one.column == "patient_id"]
    filled = [one for one in named if profiles[one.name].counts]
    if not filled:
        return None
    weight = {"sure": 2, "likely": 1, "unsure": 0}
    best = max(
        filled,
        key=lambda one: (
            weight[one.sure], profiles[one.name].filled, len(profiles[one.name].counts)
        ),
    )  # fmt: skip
    several = len(filled) > 1
    why = best.why + ("; other columns could be the patient too: TODO check" if several else "")
    sure: Sureness = "unsure" if several and best.sure == "unsure" else best.sure
    return replace(best, why=why, sure="likely" if several and sure == "sure" else sure)


def _once(
    profiles: dict[str, Profile], headings: dict[str, Heading], left_over: dict[str, str]
) -> dict[str, Heading]:
    """Keep one source column for each column of the contract (and number, scale and week)."""
    weight = {"sure": 2, "likely": 1, "unsure": 0}
    best: dict[tuple[object, ...], Heading] = {}
    for one in headings.values():
        key = (one.table, one.column, one.index, one.scale, one.moment, one.time, one.at)
        other = best.get(key)
        if other is None:
            best[key] = one
            continue
        first, second = (
            (weight[each.sure], each.why.startswith("the contract"), profiles[each.name].filled > 0)
            for each in (other, one)
        )
        lost = one if first >= second else other
        best[key] = other if lost is one else one
        left_over[lost.name] = f"reads as `{one.column}`, which `{best[key].name}` was taken for"
    kept = {one.name for one in best.values()}
    return {name: one for name, one in headings.items() if name in kept}


def _written(profiles: dict[str, Profile], headings: dict[str, Heading]) -> DateOrder | None:
    """Give the one way in which the file's dates are written; None: none, or it is not certain."""
    days = [
        profiles[one.name].orders for one in headings.values()
        if one.table is not None and TABLES[one.table].column(one.column or "").kind == "day"
        and profiles[one.name].orders
    ]  # fmt: skip
    if not days:
        return None
    fits = Counter(order for orders in days for order in orders)
    most = max(fits.values())
    best = [order for order, number in fits.items() if number == most]
    # Where every date could be read in two ways, none of them is certain.
    return best[0] if len(best) == 1 else None
