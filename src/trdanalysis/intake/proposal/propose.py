"""Propose a mapping for the flat reader: what a file's rows are, and what its columns become."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd

from trdanalysis.contract import TABLES
from trdanalysis.errors import UserError
from trdanalysis.intake.proposal.headings import Heading, Sureness
from trdanalysis.intake.proposal.lines import Line, Proposal, RowSet
from trdanalysis.intake.proposal.long import (
    propose_long_trials,
    propose_patients,
)
from trdanalysis.intake.proposal.profiles import Profile, profile_columns, varies_within
from trdanalysis.intake.proposal.sheet import Sheet, understand
from trdanalysis.intake.proposal.vocabulary import Vocabulary, word_key
from trdanalysis.intake.proposal.wide import (
    propose_numbered_trials,
    propose_plain_ratings,
    propose_plain_trials,
    propose_wide_ratings,
)
from trdanalysis.readers.dates import read_date

#: Words in the name of a column whose date can be day 0 of a patient.
_ORIGIN_WORDS = (
    "baseline", "enrol", "inclusion", "index", "entry", "randomi", "firstvisit", "visit1", "origin",
)  # fmt: skip


@dataclass(frozen=True)
class FileFacts:
    """How a file is read, and what there is to say of that."""

    name: str
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    notes: tuple[str, ...] = ()
    labels: dict[str, dict[str, str]] = field(default_factory=dict)


def propose_mapping(frame: pd.DataFrame, facts: FileFacts, words: Vocabulary) -> Proposal:
    """Propose a mapping.

    Parameters
    ----------
    frame
        One row a source row: text columns, null where empty, and ``line``.
    facts
        How the file is read.
    words
        Known names of columns, scales, codes and drugs.

    Returns
    -------
    Proposal
        Of the cells nothing but codes that a recoding needs stands in it.

    Raises
    ------
    UserError
        Where the file has no rows, its first line is no header, or no column is recognised.
    """
    names = [name for name in frame.columns if name != "line"]
    if not len(frame):
        raise UserError(
            "the file has a header and no rows: there is nothing to look at",
            where=facts.name,
            expected="an export with some rows",
        )
    profiles = profile_columns(frame, names, words, facts.labels)
    _check_header(profiles, facts)
    sheet = understand(profiles, words)
    if sheet.patient is None and not sheet.headings:
        raise UserError(
            f"none of the {len(names)} column(s) is recognised",
            where=facts.name,
            expected="names like those of the contract, or cells with names of drugs",
            try_this="write the mapping by hand (docs/readers-flat.md begins with the smallest"
            " one), or add your names to config/mappings/column_names.csv",
        )
    rows = _propose_rows(sheet)
    rows, dates = _with_dates(sheet, rows)
    return Proposal(_about(sheet), _head(sheet, facts, dates), rows, _left_over(sheet, rows))


def _check_header(profiles: dict[str, Profile], facts: FileFacts) -> None:
    """Refuse a first line that is a patient's: its names would be written into the mapping."""
    among_own = [name for name, one in profiles.items() if name in one.counts and one.filled > 1]
    dates = [name for name in profiles if not isinstance(read_date(name), str)]
    numbers = [name for name in profiles if name.replace(".", "", 1).lstrip("-").isdigit()]
    mails = [name for name in profiles if "@" in name]
    odd = {*among_own, *dates, *numbers, *mails}
    if dates or mails or 3 * len(odd) > len(profiles):
        raise UserError(
            f"the first line does not look like names of columns: {len(odd)} of {len(profiles)} are"
            " numbers, dates or values of their own column",
            where=f"{facts.name}, line 1",
            expected="a header row with the column names",
            try_this="export it again with a header",
        )


def _propose_rows(sheet: Sheet) -> list[RowSet]:
    rows = [propose_patients(sheet)]
    numbered = propose_numbered_trials(sheet)
    plain = list(sheet.of("trials"))
    if sheet.has_several_rows:
        rows += propose_long_trials(sheet)
    elif numbered:
        rows += numbered
        for one in (*plain, *sheet.of("assessments")):
            if one.table == "trials" or one.moment is not None:
                sheet.left_over[one.name] = "without a number: which of the treatments is it of?"
    else:
        rows += propose_plain_trials(sheet, _only_trial(plain))
    rows += propose_wide_ratings(sheet)
    rows += propose_plain_ratings(sheet)
    return rows


def _only_trial(plain: list[Heading]) -> Line:
    named = next((one for one in plain if one.column == "trial_id"), None)
    if named is not None:
        return Line("trial_id", named.name, named.sure, named.why, uses=(named.name,))
    return Line("trial_id", {"constant": "1"}, "sure", "every patient has one row")


def _with_dates(sheet: Sheet, rows: list[RowSet]) -> tuple[list[RowSet], list[Line]]:
    """Give the lines of dates, identifiers and keys."""
    used = [
        name
        for one in rows
        for line in one.columns
        if line.is_active and TABLES[one.table].column(line.key).kind == "day"
        for name in line.uses
        if sheet.profiles[name].orders
    ]
    dated = list(dict.fromkeys(used))
    unread = [
        one.name for one in sheet.headings.values()
        if sheet.profiles[one.name].orders and one.name not in dated
        and TABLES[one.table or "trials"].column(one.column or "").kind == "day"
    ]  # fmt: skip
    lines: list[Line] = []
    keyed = False
    patient = sheet.patient
    hashed = patient is not None and not sheet.profiles[patient.name].is_identifier
    if patient is not None:
        active = bool(dated or hashed)
        lines.append(Line("patient", patient.name, patient.sure, patient.why, active))
    if patient is not None and dated:
        origin, why, sure = _origin(sheet, dated)
        keyed = origin == "keyed"
        recipe = {"columns": dated, "written": sheet.context.written, "origin": origin}
        lines.append(Line("dates", recipe, sure, f"columns of calendar dates; day 0: {why}"))
    if unread and not dated and sheet.context.written is None:
        recipe = {"columns": unread, "written": "TODO", "origin": "keyed"}
        told = "TODO the day or the month may stand first: day_first or month_first?"
        lines.append(Line("dates", recipe, "unsure", told, is_active=False))
    if hashed:
        told = "the identifiers cannot be pseudonyms as they are (characters, length)"
        lines.append(Line("hash_identifiers", True, "likely", told))
    elif patient is not None:
        told = "TODO if these are the site's own numbers of patients, hash them"
        lines.append(Line("hash_identifiers", True, "unsure", told, is_active=False))
    told = "TODO the environment variable with the site's key, 16 characters or more"
    if patient is not None:
        lines.append(Line("key_variable", "SITE_KEY", "likely", told, is_active=keyed or hashed))
    return rows, lines


def _origin(sheet: Sheet, dated: list[str]) -> tuple[object, str, Sureness]:
    """Choose the date that is day 0 of each patient; none will do for all: a keyed one."""
    candidates = [
        name for name, one in sheet.profiles.items()
        if sheet.context.written in one.orders and _is_origin(sheet, one)
    ]  # fmt: skip
    named = [n for n in candidates if any(word in word_key(n) for word in _ORIGIN_WORDS)]
    if named:
        return {"column": named[0]}, f"`{named[0]}`, by its name the beginning", "likely"
    starts = [
        one.name for one in sheet.headings.values()
        if one.column == "start_day" and one.name in candidates
    ]  # fmt: skip
    if starts:
        why = f"`{starts[0]}`, which every patient has; TODO is it the same in later drops?"
        return {"column": starts[0]}, why, "likely"
    return "keyed", "made with the site's key, for no date stands once with every patient", "likely"


def _is_origin(sheet: Sheet, profile: Profile) -> bool:
    """Tell whether every patient has one complete date, the same on all rows, and no birthday."""
    written = sheet.context.written
    if written is None or varies_within(profile, sheet.people):
        return False
    if any(word in word_key(profile.name) for word in ("birth", "born", "dob", "death", "geb")):
        return False
    if any(isinstance(read_date(text, written), str) for text in profile.counts):
        return False
    dated = {
        person for person, cell in zip(sheet.people, profile.cells, strict=True)
        if cell is not None
    }  # fmt: skip
    return {person for person in sheet.people if person is not None} <= dated


def _head(sheet: Sheet, facts: FileFacts, dates: list[Line]) -> list[Line]:
    lines = [Line("file", facts.name, "sure", "the file that was looked at")]
    for key, value in (
        ("delimiter", facts.delimiter), ("encoding", facts.encoding), ("sheet", facts.sheet)
    ):  # fmt: skip
        if value is not None:
            lines.append(Line(key, value, "likely", "as the file looks; see above" if facts.notes
                              else "as the file looks"))  # fmt: skip
    lines += dates
    missing = list(dict.fromkeys(m for one in sheet.profiles.values() for m in one.missing))
    if missing:
        told = "words for `not recorded` that occur; empty in every column"
        lines.append(Line("missing", missing, "likely", told))
    return lines


def _about(sheet: Sheet) -> list[str]:
    people = {person for person in sheet.people if person is not None}
    rows = "several rows a patient" if sheet.has_several_rows else "one row a patient"
    told = [f"{len(sheet.people)} rows, {len(people)} patients, {rows}."] if people else []
    if {"redcap_event_name", "redcap_repeat_instrument", "Repeat Instrument"} & set(sheet.profiles):
        told.append("It looks like a REDCap export, with rows of several kinds: `source: redcap`")
        told.append("reads it, with the words of docs/readers-redcap.md beside these.")
    return told


def _left_over(sheet: Sheet, rows: list[RowSet]) -> list[tuple[str, str]]:
    """List the columns that no active line uses, each with the reason."""
    used = {name for one in rows for line in one.columns if line.is_active for name in line.uses}
    idle = {name for one in rows for line in one.columns if not line.is_active
            for name in line.uses}  # fmt: skip
    found = []
    for name, profile in sheet.profiles.items():
        if name in used or (sheet.patient is not None and name == sheet.patient.name):
            continue
        if name in sheet.left_over:
            why = sheet.left_over[name]
        elif name in idle:
            why = "recognised, but see its commented line above"
        elif name in sheet.headings:
            one = sheet.headings[name]
            why = f"reads as `{one.column}`, for which the rows have no place"
        else:
            why = f"not recognised; {_content(profile)}"
        found.append((name, why))
    return found


def _content(profile: Profile) -> str:
    """Say what a column holds, without any of it."""
    if not profile.filled:
        return "empty"
    if profile.orders:
        return "dates"
    if profile.drug_share > 0:
        return "some names of drugs"
    if profile.is_free_text:
        return "free text"
    if profile.is_numeric:
        return "numbers"
    return "few distinct codes" if profile.is_code else "texts"


def with_facts(proposal: Proposal, about: list[str]) -> Proposal:
    """Give the proposal with more sentences at its top."""
    return replace(proposal, about=[*proposal.about, *about])
