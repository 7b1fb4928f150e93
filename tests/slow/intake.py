"""Rows of a drop: accepted, counted once, or quarantined; cells that cannot be used."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.slow.names import FUNCTION_SCALES, SYMPTOM_SCALES, find_scale, scale_key

Row = dict[str, Any]
Raw = Mapping[str, Sequence[Mapping[str, str | None]]]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
FACTORS = (
    "hormone_imbalance", "hpa_axis_dysregulation", "neurotransmitter_change", "inflammation",
    "genetic_variant", "early_trauma", "chronic_stress", "comorbid_mental_condition",
    "negative_thinking", "poor_sleep", "substance_use", "chronic_illness", "social_stress",
)  # fmt: skip
SYMPTOMS = (
    "low_mood", "anhedonia", "sleep_disturbance", "appetite_change", "fatigue",
    "poor_concentration", "hopelessness", "physical_symptoms",
)  # fmt: skip


class Bad:
    """Stands for a cell that holds something, but nothing that can be used."""


BAD = Bad()


def number(text: str) -> float | None:
    """Read a number; None where the text is none."""
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _number_where(is_allowed: Callable[[float], bool]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = number(text)
        return BAD if value is None or not is_allowed(value) else value

    return read


def _whole_where(is_allowed: Callable[[float], bool]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = number(text)
        if value is None or value != int(value) or not is_allowed(value):
            return BAD
        return int(value)

    return read


def _one_of(*words: str) -> Callable[[str], Any]:
    return lambda text: text if text in words else BAD


def _three_valued(text: str) -> Any:
    return {"yes": True, "no": False}.get(text, BAD)


def _text(text: str) -> Any:
    return text


def _patient_id(text: str) -> Any:
    return text if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text) else None


_day = _whole_where(lambda day: abs(day) <= 100_000)
_any_number = _number_where(lambda value: True)

COLUMNS: dict[str, dict[str, Callable[[str], Any]]] = {
    "patients": {
        "patient_id": _patient_id,
        "age_years": _whole_where(lambda age: 0 <= age <= 90),
        "sex": _one_of("female", "male", "other"),
        "site": _text,
        **dict.fromkeys(
            ("mdd_diagnosis", "bipolar_disorder", "psychotic_features", "functional_impairment",
             "medical_cause", "current_substance_use", *FACTORS, *SYMPTOMS),
            _three_valued,
        ),
        "function_scale": _text,
        "function_score": _any_number,
        "last_observed_day": _day,
        "age_at_onset_years": _whole_where(lambda age: 0 <= age <= 90),
    },
    "trials": {
        "patient_id": _patient_id,
        "trial_id": _text,
        "drug": _text,
        "role": _one_of("primary", "augmentation"),
        "for_depression": _three_valued,
        "dose_mg_per_day": _number_where(lambda dose: dose > 0),
        "start_day": _day,
        "stop_day": _day,
        "adherence": _number_where(lambda share: 0 <= share <= 1),
        "scale": _text,
        "baseline_score": _any_number,
        "endpoint_score": _any_number,
        "baseline_day": _day,
        "endpoint_day": _day,
        "rated_outcome": _one_of("remission", "response", "partial_response", "no_response"),
        "stop_reason": _one_of(
            "lack_of_efficacy", "intolerance", "nonadherence", "completed", "patient_choice",
            "lost_to_follow_up", "other",
        ),
        "episode": _whole_where(lambda episode: episode >= 1),
    },
    "doses": {
        "patient_id": _patient_id,
        "trial_id": _text,
        "start_day": _day,
        "stop_day": _day,
        "dose_mg_per_day": _number_where(lambda dose: dose > 0),
    },
    "assessments": {
        "patient_id": _patient_id,
        "day": _day,
        "scale": _text,
        "score": _any_number,
    },
}  # fmt: skip
KEYS = {
    "patients": ("patient_id",),
    "trials": ("patient_id", "trial_id"),
    "doses": ("patient_id", "trial_id", "start_day"),
    "assessments": ("patient_id", "day", "scale"),
}


@dataclass
class Accepted:
    """What is left of a drop.

    ``lost`` has, per patient, the quarantined trials that count as possible failures.
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    quarantine: dict[str, dict[int, str]] = field(default_factory=dict)
    duplicates: dict[str, list[int]] = field(default_factory=dict)
    lost: dict[str, set[str | int]] = field(default_factory=dict)


def read_drop(raw: Raw) -> Accepted:
    """Read raw rows of text: the first row of a table is line 2."""
    out = Accepted()
    for name in ("patients", "trials", "doses", "assessments"):
        rows = [
            {**_read_row(name, cells), "line": line}
            for line, cells in enumerate(raw.get(name, []), start=2)
        ]
        reasons = {row["line"]: _reason(name, row, out.tables) for row in rows}
        good = [row for row in rows if reasons[row["line"]] is None]
        duplicates = []
        for same in _by_key(name, good).values():
            first = _content(same[0])
            if any(_content(row) != first for row in same):
                reasons |= {row["line"]: "conflicting_rows" for row in same}
            else:
                duplicates += [row["line"] for row in same[1:]]
        out.quarantine[name] = {line: reason for line, reason in reasons.items() if reason}
        out.duplicates[name] = duplicates
        out.tables[name] = [
            row for row in rows if reasons[row["line"]] is None and row["line"] not in duplicates
        ]
        if name == "trials":
            known = {row["patient_id"] for row in out.tables["patients"]}
            for row in rows:
                if reasons[row["line"]] and row["patient_id"] in known:
                    trial = row["trial_id"] if row["trial_id"] is not None else row["line"]
                    out.lost.setdefault(row["patient_id"], set()).add(trial)
    return out


def _read_row(name: str, cells: Mapping[str, str | None]) -> Row:
    texts = {column: (cells.get(column) or "").strip() for column in COLUMNS[name]}
    row: Row = {
        column: read(texts[column]) if texts[column] else None
        for column, read in COLUMNS[name].items()
    }
    row["texts"] = texts
    if name == "patients":
        row["function_scale"] = _read_scale(row["function_scale"], FUNCTION_SCALES)
        row["function_score"] = _read_score(row, "function_scale", "function_score")
    elif name == "trials":
        row["scale"] = _read_scale(row["scale"], SYMPTOM_SCALES)
        for column in ("baseline_score", "endpoint_score"):
            row[column] = _read_score(row, "scale", column)
    elif name == "assessments":
        row["scale"] = _read_scale(row["scale"], SYMPTOM_SCALES)
        row["score"] = _read_score(row, "scale", "score")
    return row


def _read_scale(text: str | None, scales: Mapping[str, Any]) -> Any:
    if text is None:
        return None
    return find_scale(text, scales) or BAD


def _read_score(row: Row, scale_column: str, column: str) -> Any:
    scale, score = row[scale_column], row[column]
    if not isinstance(scale, str) or not isinstance(score, float):
        return score
    low, high, *_ = (SYMPTOM_SCALES | FUNCTION_SCALES)[scale]  # type: ignore[operator]
    is_fraction = scale == "CGI-I" and score != int(score)
    return BAD if not low <= score <= high or is_fraction else score


def _reason(name: str, row: Row, accepted: Mapping[str, list[Row]]) -> str | None:
    # A start day is part of a step's key, but has a reason of its own.
    if any(row[column] is None for column in KEYS[name] if column not in ("start_day", "day")):
        return "missing_key"
    if "day" in KEYS[name] and (row["day"] is None or isinstance(row["day"], Bad)):
        return "missing_key"
    patients = {other["patient_id"] for other in accepted.get("patients", [])}
    if name != "patients" and row["patient_id"] not in patients:
        return "unknown_patient"
    if name == "doses":
        known = {(other["patient_id"], other["trial_id"]) for other in accepted["trials"]}
        if (row["patient_id"], row["trial_id"]) not in known:
            return "unknown_trial"
    if name in ("trials", "doses"):
        start, stop = row["start_day"], row["stop_day"]
        if start is None or isinstance(start, Bad):
            return "start_day_unreadable"
        if isinstance(stop, Bad):
            return "stop_day_unreadable"
        if stop is not None and stop <= start:
            return "stop_not_after_start"
    return None


def _by_key(name: str, rows: list[Row]) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        # An unrecognised scale still tells one rating from another.
        key = tuple(
            scale_key(row["texts"][column]) if column == "scale" else row[column]
            for column in KEYS[name]
        )
        found.setdefault(key, []).append(row)
    return found


def _content(row: Row) -> dict[str, Any]:
    return {
        column: ("bad", row["texts"][column]) if isinstance(row[column], Bad) else row[column]
        for column in row["texts"]
    }
