"""Cases: hand-written patients with the label and reason that a definition must give them.

A cases file is one CSV beside its definition, one row a trial; see ``docs/definitions.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trdanalysis.contract import TABLES
from trdanalysis.errors import UserError, suggest
from trdanalysis.labelling.expected import (
    DUPLICATE,
    PATIENT_EXPECTED,
    QUARANTINED,
    REASONS,
    TRIAL_EXPECTED,
    as_cell,
    read_expected,
)

_KEY = ("case", "situation", "trial_id")
_LISTS = ("dose_steps", "ratings")
_OF_PATIENT = {"situation", *PATIENT_EXPECTED, *TABLES["patients"].names} - {"patient_id"}
_OF_TRIAL = {*TRIAL_EXPECTED, *_LISTS, *TABLES["trials"].names} - {"patient_id", "trial_id"}
_DOSE_STEP = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)?\s*=\s*(\S+)\s*")
_RATING = re.compile(r"\s*(-?\d+)\s+(.+?)\s+(\S+)\s*")


@dataclass(frozen=True)
class Cases:
    """Hand-written patients.

    Attributes
    ----------
    raw
        Tables of text as a drop would give them, by name; a patient's id is the case's.
    patients
        Expected values by case.
    trials
        Expected values by case and trial; duplicates left out.
    situations
        What each case is about, by case.
    """

    raw: dict[str, pd.DataFrame]
    patients: dict[str, dict[str, str]]
    trials: dict[tuple[str, str], dict[str, str]]
    situations: dict[str, str]


def read_cases(table: pd.DataFrame, where: str = "the cases file") -> Cases:
    """Read a table of cases.

    Parameters
    ----------
    table
        The file as text, empty cells as empty strings. Cells of patients stand in the first row of
        a case, which has a ``label``.
    where
        The file's name, for messages.

    Raises
    ------
    UserError
        Kind ``config``, naming line and column: an unknown column, a case twice, a case without a
        label or reason, a word that no label, reason or verdict has, a reason of another label, a
        cell in a row that it does not belong to, or a dose step or rating that cannot be read.
    """
    _check_columns(table, where)
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in TABLES}
    cases = Cases({}, {}, {}, {})
    previous = ""
    # The header is line 1.
    for line, row in enumerate(table.to_dict("records"), start=2):
        cells = {str(name): str(text).strip() for name, text in row.items()}
        case = cells["case"]
        place = f"{where}, line {line}"
        if case != previous:
            _add_patient(cases, rows, cells, place)
            previous = case
        else:
            _check_empty(
                cells, _OF_PATIENT, place, "the case's first row, where the patient stands"
            )
        if cells["trial_id"]:
            _add_trial(cases, rows, cells, place)
        else:
            _check_empty(cells, _OF_TRIAL, place, "a row with a `trial_id`")
    for name, spec in TABLES.items():
        cases.raw[name] = pd.DataFrame(rows[name], columns=list(spec.names), dtype=object).fillna(
            ""
        )
    return cases


def _check_columns(table: pd.DataFrame, where: str) -> None:
    known = {*_KEY, *_OF_PATIENT, *_OF_TRIAL}
    for name in table.columns:
        if name not in known:
            raise UserError(
                f"unknown column `{name}`",
                where=f"{where}, line 1",
                try_this=suggest(str(name), sorted(known)),
                kind="config",
            )
    for name in (*_KEY, "label", "reason"):
        if name not in table.columns:
            raise UserError(f"column `{name}` is missing", where=f"{where}, line 1", kind="config")


def _check_empty(cells: Mapping[str, str], names: set[str], where: str, expected: str) -> None:
    for name, text in cells.items():
        if text and name in names:
            raise UserError(
                f"`{name}` stands in a row that it does not belong to",
                where=f"{where}, column `{name}`",
                expected=expected,
                kind="config",
            )


def _add_patient(
    cases: Cases, rows: dict[str, list[dict[str, str]]], cells: Mapping[str, str], where: str
) -> None:
    case = cells["case"]
    if not case or case in cases.patients:
        raise UserError(
            "a case has no name" if not case else f"case `{case}` stands in two places",
            where=where,
            expected="the rows of a case below each other, its name in each",
            kind="config",
        )
    for name in ("label", "reason"):
        if not cells[name]:
            raise UserError(
                f"case `{case}` has no {name}", where=f"{where}, column `{name}`", kind="config"
            )
    expected = read_expected(cells, PATIENT_EXPECTED, where)
    if expected["reason"] not in REASONS[expected["label"]]:
        raise UserError(
            f"`{expected['reason']}` is no reason for `{expected['label']}`",
            where=f"{where}, column `reason`",
            expected="one of " + ", ".join(f"`{word}`" for word in REASONS[expected["label"]]),
            kind="config",
        )
    cases.situations[case] = cells["situation"]
    cases.patients[case] = expected
    rows["patients"].append({**_recorded(cells, "patients"), "patient_id": case})


def _add_trial(
    cases: Cases, rows: dict[str, list[dict[str, str]]], cells: Mapping[str, str], where: str
) -> None:
    case, trial = cells["case"], cells["trial_id"]
    key = {"patient_id": case, "trial_id": trial}
    rows["trials"].append({**_recorded(cells, "trials"), **key})
    expected = read_expected(cells, TRIAL_EXPECTED, where)
    if expected.get("verdict") != DUPLICATE:
        cases.trials[(case, trial)] = expected
    for text in _parts(cells.get("dose_steps", "")):
        found = _DOSE_STEP.fullmatch(text)
        if found is None:
            raise _unreadable(
                "dose step",
                case,
                f"{where}, column `dose_steps`",
                "start..stop=mg, such as 0..21=25",
            )
        start, stop, dose = found.groups()
        dose = "" if dose == "?" else dose
        rows["doses"].append(
            {**key, "start_day": start, "stop_day": stop or "", "dose_mg_per_day": dose}
        )
    for text in _parts(cells.get("ratings", "")):
        found = _RATING.fullmatch(text)
        if found is None:
            raise _unreadable(
                "rating",
                case,
                f"{where}, column `ratings`",
                "day scale score, such as 42 HAM-D17 20",
            )
        day, scale, score = found.groups()
        rows["assessments"].append({"patient_id": case, "day": day, "scale": scale, "score": score})


def _unreadable(what: str, case: str, where: str, expected: str) -> UserError:
    return UserError(
        f"a {what} of case `{case}` cannot be read",
        where=where,
        expected=f"{expected}; several are set apart by semicolons",
        kind="config",
    )


def _parts(text: str) -> list[str]:
    return [part for part in text.split(";") if part.strip()]


def _recorded(cells: Mapping[str, str], table: str) -> dict[str, str]:
    return {name: cells[name] for name in TABLES[table].names if name in cells}


@dataclass(frozen=True)
class Comparison:
    """One expected value beside what was got; ``trial`` is empty for a patient's value."""

    case: str
    trial: str
    column: str
    expected: str
    got: str

    @property
    def is_right(self) -> bool:
        """Tell whether the two are the same."""
        return self.expected == self.got


def compare_cases(
    cases: Cases,
    labels: Mapping[str, Mapping[str, Any]],
    trials: Mapping[tuple[str, str], Mapping[str, Any]],
) -> list[Comparison]:
    """Compare labels and verdicts with the expected ones.

    Parameters
    ----------
    cases
        The cases.
    labels
        What was labelled, by case.
    trials
        What was judged, by case and trial. A trial that is not there was quarantined.
    """
    compared = {
        case: [
            Comparison(case, "", name, text, as_cell(labels.get(case, {}).get(name)))
            for name, text in expected.items()
        ]
        for case, expected in cases.patients.items()
    }
    for (case, trial), expected in cases.trials.items():
        judged = trials.get((case, trial), {"verdict": QUARANTINED})
        compared[case] += [
            Comparison(case, trial, name, text, as_cell(judged.get(name)))
            for name, text in expected.items()
        ]
    return [one for of_case in compared.values() for one in of_case]
