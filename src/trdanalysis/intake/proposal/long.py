"""Sets of rows of a file in which a patient has several rows: a treatment, a dose step or a visit
each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trdanalysis.contract import TABLES
from trdanalysis.intake.proposal.headings import Heading
from trdanalysis.intake.proposal.lines import Line, RowSet
from trdanalysis.intake.proposal.profiles import is_constant_within
from trdanalysis.intake.proposal.sheet import Sheet, complete
from trdanalysis.intake.proposal.wide import (
    constant_scale,
    propose_plain_trials,
    scale_lines,
    with_scores,
)

Keys = list[tuple[str | None, ...]]


def propose_patients(sheet: Sheet) -> RowSet:
    """Propose the patients: one row each, also where the file has several of a patient."""
    several = sheet.has_several_rows
    days = [one for one in sheet.of("assessments") if one.column == "day"]
    columns: list[Line] = []
    for one in sheet.of("patients"):
        if one.column == "function_score":
            continue
        line = sheet.line(one)
        columns.append(_once_a_patient(sheet, one, line) if several else line)
    for one in sheet.of("patients", numbered=True):
        sheet.left_over[one.name] = f"numbered, but a patient has one `{one.column}`"
    columns += _function_lines(sheet, several, days)
    rows = RowSet("patients", "one row a patient", columns)
    if several and sheet.patient is not None:
        why = "some patients have several rows; filled cells that differ are quarantined"
        rows = replace(rows, head=[Line("per", sheet.patient.name, "sure", why)])
    return complete(sheet, rows)


def _once_a_patient(sheet: Sheet, one: Heading, line: Line) -> Line:
    """Sum up a column that differs between a patient's rows, where the contract says how."""
    if not line.is_active or not sheet.varies(one):
        return line
    take = {"age_years": "min", "age_at_onset_years": None, "last_observed_day": "max"}
    how = take.get(str(one.column))
    if how is None:
        told = f"{line.why}; TODO it differs between rows of some patients: which one counts?"
        return replace(line, is_active=False, sure="unsure", why=told)
    recipe = {"column": line.value} if isinstance(line.value, str) else dict(line.value)
    what = "the lowest: age at the first trial" if how == "min" else "the last"
    recipe["take"] = how
    return replace(line, value=recipe, why=f"{line.why}; it differs between rows, {what}")


def _function_lines(sheet: Sheet, several: bool, days: list[Heading]) -> list[Line]:
    """Give the functional score and its scale: the last where there are several."""
    scores = sheet.of("patients") + sheet.of("patients", numbered=True)
    scores = [one for one in scores if one.column == "function_score"]
    if not scores:
        return []
    order = {"after": 0, None: 1, "before": 2}
    best = min(scores, key=lambda one: (one.time is not None, order[one.moment]))
    for one in scores:
        sheet.left_over.pop(one.name, None)
        if one is not best:
            sheet.left_over[one.name] = f"a patient has one functional score, `{best.name}`"
    line = sheet.line(replace(best, pattern=None, index=None))
    if several and sheet.varies(best) and line.is_active:
        if not days:
            told = f"{line.why}; TODO it differs between rows, and no day says which is the last"
            line = replace(line, is_active=False, why=told, sure="unsure")
        else:
            recipe: dict[str, Any] = (
                {"column": line.value} if isinstance(line.value, str) else dict(line.value)
            )
            recipe |= {"take": "last", "by": days[0].name}
            line = replace(line, value=recipe, why=f"{line.why}; the last of several")
    if best.scale is None:
        return [line]
    scale = replace(constant_scale(best), key="function_scale", is_active=line.is_active)
    return [scale, line]


def propose_long_trials(sheet: Sheet) -> list[RowSet]:
    """Propose treatments of a file in which patients have several rows."""
    trials = sheet.of("trials")
    trial_id = next((one for one in trials if one.column == "trial_id"), None)
    if _has_visits(sheet):
        return [_trials_of_visits(sheet, trials, trial_id)]
    own = _keys(sheet, trial_id)
    if trial_id is not None and len(set(own)) < len(own):
        return _trials_of_steps(sheet, trials, trial_id)
    return propose_plain_trials(sheet, _trial_id(sheet, trials, trial_id))


def _has_visits(sheet: Sheet) -> bool:
    """Tell whether rows are visits: scores that differ within patients, beside their day."""
    ratings = sheet.of("assessments")
    days = [one for one in ratings if one.column == "day"]
    scores = [one for one in ratings if one.column == "score" and one.moment is None]
    return bool(days) and any(sheet.varies(one) for one in scores)


def _keys(sheet: Sheet, *by: Heading | None) -> Keys:
    columns = [sheet.profiles[one.name].cells for one in by if one is not None]
    return list(zip(sheet.people, *columns, strict=True))


def _trial_id(sheet: Sheet, trials: list[Heading], named: Heading | None) -> Line:
    """Say what tells one treatment of a patient from another, where each row is one."""
    if named is not None:
        return replace(sheet.line(named), key="trial_id")
    for column in ("start_day", "episode", "drug"):
        one = next((each for each in trials if each.column == column), None)
        if one is None:
            continue
        keys = _keys(sheet, one)
        if len(set(keys)) == len(keys) and sheet.profiles[one.name].filled == len(keys):
            why = f"no column counts treatments; `{one.name}` differs between those of a patient"
            return Line("trial_id", one.name, "likely", why, uses=(one.name,))
    return Line(
        "trial_id", None, "unsure", "TODO no column differs between a patient's treatments", False
    )


def _trials_of_visits(sheet: Sheet, trials: list[Heading], trial_id: Heading | None) -> RowSet:
    """Propose a treatment for each patient, or each value of the drug or treatment's number."""
    drug = next((one for one in trials if one.column == "drug"), None)
    key = trial_id or (drug if drug is not None and sheet.varies(drug) else None)
    keys = _keys(sheet, key)
    per = [sheet.patient.name] if sheet.patient is not None else []
    if key is None:
        line = Line("trial_id", {"constant": "1"}, "likely", "nobody's drug changes: one treatment")
    else:
        per.append(key.name)
        told = f"a treatment for each value of `{key.name}`"
        if key.column == "drug":
            told += "; TODO whoever took one twice has one treatment of it here"
        line = Line("trial_id", key.name, key.sure, told,
                    uses=(key.name,))  # fmt: skip
    columns = [line]
    members = with_scores(sheet, {str(one.column): one for one in trials})
    members.pop("trial_id", None)
    for name, one in members.items():
        made = sheet.line(replace(one, table="trials", pattern=None, index=None), (), name)
        if made.is_active and not is_constant_within(sheet.profiles[one.name], keys):
            told = f"{made.why}; TODO it differs between the rows of one treatment"
            made = replace(made, is_active=False, sure="unsure", why=told)
        columns.append(made)
    columns += scale_lines(sheet, members)
    columns += _from_days(sheet, {str(line.key) for line in columns})
    head = [Line("per", per, "likely", "rows are visits: those of one treatment become one row")]
    return complete(sheet, RowSet("trials", "treatments, from rows of visits", columns, head))


def _from_days(sheet: Sheet, there: set[str]) -> list[Line]:
    """Show how start and stop could be taken from the days of visits, which nobody said."""
    day = next((one for one in sheet.of("assessments") if one.column == "day"), None)
    if day is None:
        return []
    found = []
    if "start_day" not in there:
        told = "TODO was day 0 the first day of treatment? Then this is the line"
        found.append(Line("start_day", {"constant": 0}, "unsure", told, is_active=False))
    if "stop_day" not in there:
        recipe = {"column": day.name, "take": "max", "add": 1}
        told = "TODO did treatment last through the last visit? Then this is the line"
        found.append(Line("stop_day", recipe, "unsure", told, is_active=False))
    return found


def _trials_of_steps(sheet: Sheet, trials: list[Heading], trial_id: Heading) -> list[RowSet]:
    """Propose a treatment for each number of one, and its rows as steps of dose."""
    keys = _keys(sheet, trial_id)
    per = [sheet.patient.name] if sheet.patient is not None else []
    head = [Line("per", [*per, trial_id.name], "likely", "several rows of one treatment: steps")]
    take: dict[str, dict[str, str]] = {
        "start_day": {"take": "min"},
        "stop_day": {"take": "max", "empty": "wins"},
        "dose_mg_per_day": {"take": "max"},
    }
    columns, steps = [], []
    for one in trials:
        line = sheet.line(one)
        varies = not is_constant_within(sheet.profiles[one.name], keys)
        if line.is_active and str(one.column) in (*take, "trial_id"):
            steps.append(line)
        if line.is_active and str(one.column) in take:
            recipe = {"column": line.value} if isinstance(line.value, str) else dict(line.value)
            told = f"{line.why}; over the rows of the treatment"
            line = replace(line, value={**recipe, **take[str(one.column)]}, why=told)
        elif line.is_active and varies:
            told = f"{line.why}; TODO it differs between the rows of one treatment"
            line = replace(line, is_active=False, sure="unsure", why=told)
        columns.append(line)
    found = [complete(sheet, RowSet("trials", "treatments, from rows of steps", columns, head))]
    names = {line.key for line in steps}
    if {"start_day", "dose_mg_per_day"} <= names:
        steps = [line for line in steps if line.key in TABLES["doses"].names]
        found.append(complete(sheet, RowSet("doses", "steps of dose, a row each", steps)))
    return found
