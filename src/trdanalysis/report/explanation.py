"""One patient's label as a page: for the eyes of the site, never a file of a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trdanalysis.labelling.changes import rule_of_changes
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.evidence import asked_of_trials, list_patient_criteria
from trdanalysis.labelling.explain import NO_CHANGES_TOLD, TOO_MANY_CHANGES, word
from trdanalysis.labelling.telling import describe_changes
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.report import words
from trdanalysis.report.pages import render_page

Row = Mapping[str, Any]

#: The picture's size, and what its parts take of it, in points.
_WIDTH, _LEFT, _RIGHT, _TOP, _STEP, _BAR = 900, 190, 20, 16, 30, 16
_UNITS = {
    "mg_per_day": "mg per day", "days": "days", "of_days_covered": "of days covered",
    "percent_lost": "% of the baseline score lost", "years": "years", "failures": "failures",
    "treatments": "treatments", "score": "points",
}  # fmt: skip


def render_explanation_page(
    patient: Row,
    label: Row,
    trials: Sequence[Row],
    quarantined: int,
    evidence: Sequence[Row],
    definition: Definition,
) -> str:
    """Render one patient's label as a self-contained page.

    Parameters are those of :func:`trdanalysis.labelling.explain.render_explanation`.

    Returns
    -------
    str
        HTML that holds a patient's values: for standard output only.
    """
    none_told = NO_CHANGES_TOLD if rule_of_changes(definition) is None else TOO_MANY_CHANGES
    return render_page(
        "explanation.html.j2",
        scripted=False,
        patient=patient,
        label=label,
        label_words=words.LABELS[label["label"]],
        reason_words=words.REASONS[label["reason"]],
        definition=describe_definition(definition),
        quarantined=quarantined,
        criteria=[
            _criterion(row)
            for row in _in_order(evidence, "criterion", None, list_patient_criteria(definition))
        ],
        trials=[_trial(trial, evidence, definition) for trial in trials],
        timeline=draw_timeline(trials),
        changes=[
            (words.LABELS[to_label], options)
            for to_label, options in describe_changes(evidence, trials)
        ],
        none_told=none_told,
    )


def _criterion(row: Row) -> dict[str, str]:
    name = row["item"].removeprefix("no_")
    shown = {"mdd": "diagnosis of MDD", "of_age": "age", "resistance": f"enough {row['unit']}"}.get(
        name, name
    )
    title = ("no " if row["item"].startswith("no_") else "") + shown.replace("_", " ")
    return {
        "title": title, "value": word(row["value"]), "observed": _number(row["observed"]),
        "needed": _number(row["needed"]), "unit": _UNITS.get(row["unit"] or "", ""),
        "decides": "yes" if row["decides"] else "",
    }  # fmt: skip


def _in_order(
    evidence: Sequence[Row], part: str, trial_id: str | None, items: Sequence[str]
) -> list[Row]:
    """Give the rows of a part, in the order in which the definition asks for them."""
    own = {row["item"]: row for row in evidence
           if row["part"] == part and row["trial_id"] == trial_id}  # fmt: skip
    return [own[item] for item in items if item in own]


def _trial(trial: Row, evidence: Sequence[Row], definition: Definition) -> dict[str, Any]:
    own = _in_order(evidence, "trial", trial["trial_id"], asked_of_trials(definition.trial))
    return {
        "trial_id": trial["trial_id"],
        "drug": trial["ingredient"] or "a drug that was not recognised",
        "start_day": trial["start_day"],
        "stop_day": _number(trial["stop_day"]),
        "verdict": words.words(trial["verdict"]),
        "criteria": [_criterion(row) for row in own],
    }


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def draw_timeline(trials: Sequence[Row]) -> dict[str, Any]:
    """Lay out the trials along the days: a bar each, open to the right where no stop is known.

    Returns
    -------
    dict
        ``width``, ``height``, ``bars`` (``x``, ``y``, ``width``, ``name``, ``kind``: ``failed``,
        ``possible`` or ``other``; ``open``) and ``ticks`` (``x``, ``day``).
    """
    if not trials:
        return {"width": _WIDTH, "height": 0, "bars": [], "ticks": []}
    first = min(trial["start_day"] for trial in trials)
    ends = [trial["stop_day"] or trial["start_day"] + (trial["duration_days"] or 0)
            for trial in trials]  # fmt: skip
    last = max(*ends, first + 1, *(trial["start_day"] + 1 for trial in trials))
    scale = (_WIDTH - _LEFT - _RIGHT) / (last - first)

    def place(day: float) -> float:
        return round(_LEFT + (day - first) * scale, 1)

    bars = []
    for number, (trial, end) in enumerate(zip(trials, ends, strict=True)):
        open_end = trial["stop_day"] is None
        until = max(place(end), place(trial["start_day"]) + 4)
        bars.append(
            {
                "x": place(trial["start_day"]), "y": _TOP + number * _STEP,
                "width": round(until - place(trial["start_day"]), 1), "open": open_end,
                "kind": {True: "failed", None: "possible", False: "other"}[trial["failed"]],
                "name": f"{trial['ingredient'] or 'not recognised'} ({trial['trial_id']})",
            }
        )  # fmt: skip
    days = sorted({first, last, *(round(first + (last - first) * part / 4) for part in (1, 2, 3))})
    return {
        "width": _WIDTH,
        "height": _TOP + len(trials) * _STEP + 26,
        "bars": bars,
        "bar_height": _BAR,
        "ticks": [
            {"x": place(day), "day": day, "anchor": "end" if day == last else "middle"}
            for day in days
        ],
    }
