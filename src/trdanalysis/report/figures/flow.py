"""Participant flow as STROBE asks for it: from records received to patients who are counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.drawing.flow import Flow, Step, draw_flow
from trdanalysis.report.drawing.sheet import Sheet
from trdanalysis.report.drawing.style import Look
from trdanalysis.report.sections import overall_rates
from trdanalysis.report.tables import counts
from trdanalysis.rows import list_rows

#: Who is certainly out at each step, as it stands beside the arrow.
LEFT = {
    "not_under_18": "Under 18",
    "mdd": "No diagnosis of MDD, or bipolar disorder",
    "antidepressant_trial": "No antidepressant trial",
    "first_trial_first_line": "First trial not first-line",
    "dose_adequate": "Dose not adequate",
    "duration_adequate": "Duration not adequate",
    "adherence_adequate": "Adherence not adequate",
    "not_excluded": "Excluded: medical cause or substance use",
    "apparent_resistance": "No apparent resistance",
    "antidepressant": "No antidepressant for depression",
    "first_line": "Not first-line",
    "first_trial_known": "First trial not certain",
}

_RECORDS = "patients_rows_in", "patients_duplicates", "patients_quarantined"
_LAST = "outcome_known"

#: The estimand that leaves this one's way at the first trial.
_WHATEVER = "initial_trial"


def draw_participants(
    attrition: pd.DataFrame, rates: pd.DataFrame, definitions: pd.DataFrame, look: Look, *,
    definition: str, estimand: str,
) -> Sheet:  # fmt: skip
    """Draw the participant flow of an estimand.

    Parameters
    ----------
    attrition, rates, definitions
        ``attrition.csv``, ``rates.csv`` and ``definitions.csv``, after disclosure control.
    look
        Of the page or of a file.
    definition, estimand
        Whose flow it is; they have rows in ``attrition``.
    """
    return draw_flow(
        participant_flow(attrition, rates, definitions, definition=definition, estimand=estimand),
        look,
    )


def participant_flow(
    attrition: pd.DataFrame, rates: pd.DataFrame, definitions: pd.DataFrame, *, definition: str,
    estimand: str,
) -> Flow:  # fmt: skip
    """Give the boxes of a participant flow; no step where the table has none."""
    own = attrition[
        (attrition["definition"] == definition) & (attrition["estimand"] == estimand)
    ].sort_values("step_order")
    if own.empty:
        return Flow(())
    rows = list_rows(own)
    unit = "patients" if rows[0]["unit"] == "patient" else "trials"
    steps = _record_steps(attrition, rows[0], unit)
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        if row["step"] == _LAST or after is None:
            break
        steps[-1] = Step(steps[-1].lines, _beside(row))
        title = words.STEPS[row["step"]]
        lines = [f"{title[0].upper()}{title[1:]}", f"{counts(after, ['n_in'])[0]} {unit}"]
        if row["step"] == "first_trial_first_line":
            lines += _whatever_quality(rates, definition)
        steps.append(Step(lines))
    last = rows[-1]
    if last["step"] == _LAST:
        unknown = counts(last, ["n_unknown"])[0]
        beside = [f"Not counted, as membership or outcome is unknown: {unknown}"]
        steps[-1] = Step(steps[-1].lines, beside)
        overall = overall_rates(rates, definition).get(estimand)
        steps.append(Step(_counted(overall, estimand, unit)))
    return Flow(steps, *_labels(definitions, definition))


def _record_steps(attrition: pd.DataFrame, first: Mapping[str, Any], unit: str) -> list[Step]:
    records = {row["step"]: row for row in list_rows(attrition[attrition["estimand"] == "records"])}
    cohort = [f"{unit.capitalize()} of the cohort, of any age", counts(first, ["n_in"])[0]]
    if not set(_RECORDS) <= set(records):
        return [Step(cohort)]
    received, duplicates, quarantined = (
        counts(records[name], ["n_in" if name == _RECORDS[0] else "n_out"])[0] for name in _RECORDS
    )
    beside = [f"Duplicates: {duplicates}", f"In quarantine: {quarantined}"]
    return [Step(["Rows of patients received, all drops", received], beside), Step(cohort)]


def _beside(row: Mapping[str, Any]) -> list[str]:
    out, unknown = counts(row, ("n_out", "n_unknown"))
    return [f"{LEFT[row['step']]}: {out}", f"Go on, though unknown in this: {unknown}"]


def _whatever_quality(rates: pd.DataFrame, definition: str) -> list[str]:
    """Say how many first trials are counted whatever their quality."""
    overall = overall_rates(rates, definition).get(_WHATEVER)
    if overall is None:
        return []
    return [f"Counted whatever its quality: {counts(overall, ['n'])[0]}"]


def _counted(overall: Mapping[str, Any] | None, estimand: str, unit: str) -> list[str]:
    """Write the last box: who is counted, and how many have the event."""
    title = words.ESTIMANDS[estimand]["title"]
    if overall is None:
        return [title, words.NOTHING]
    if overall["status"] == "suppressed":
        return [title, f"{words.HIDDEN} {unit}"]
    at_least = "at least " if overall["analysis"] == "proven" else ""
    rate = words.percent(overall["rate"])
    interval = words.percent_range(overall["ci_low"], overall["ci_high"])
    n, events = counts(overall, ("n", "events"))
    lines = [f"Counted: {n} {unit}", f"{title}: {events}"]
    if not pd.isna(overall["rate"]):
        shown = f" ({interval})" if interval != words.NOTHING else ""
        lines.append(f"{at_least}{rate}{shown}")
    return lines


def _labels(definitions: pd.DataFrame, definition: str) -> tuple[str, list[list[str]]]:
    """Give the boxes of labels: everybody labelled, of any age."""
    own = definitions[definitions["definition"] == definition]
    if own.empty:
        return "", []
    row = own.iloc[0]
    ends = [
        [title, words.HIDDEN if pd.isna(row[label]) else words.count(row[label])]
        for label, title in words.LABELS.items()
    ]
    n = words.HIDDEN if pd.isna(row["n"]) else words.count(row["n"])
    return f"Labels of all {n} patients of the cohort, of any age, by {definition}", ends
