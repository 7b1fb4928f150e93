"""What may be expected of a case: columns, the words that may stand in them, and comparing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trdanalysis.errors import UserError, suggest
from trdanalysis.labelling.labels import INDETERMINATE, NOT_TRD, TRD

#: An expected null; an empty cell is not checked.
UNKNOWN = "unknown"
#: What a trial is called that intake does not accept, or counts only once.
QUARANTINED, DUPLICATE = "quarantined", "duplicate"

LABELS = (TRD, NOT_TRD, INDETERMINATE)
#: Reasons by label, in the order in which the first that applies is given.
REASONS = {
    TRD: ("meets_all_criteria",),
    NOT_TRD: (
        "no_antidepressant_trial", "no_mdd_diagnosis", "outside_age", "medical_cause",
        "current_substance_use", "psychotic_features", "chronic_illness", "substance_use",
        "too_few_failures", "too_few_treatments", "score_too_low", "not_impaired",
    ),
    INDETERMINATE: (
        "mdd_unknown", "age_unknown", "medical_cause_unknown", "substance_use_unknown",
        "psychotic_features_unknown", "chronic_illness_unknown", "any_substance_use_unknown",
        "failures_unknown", "treatments_unknown", "score_unknown", "impairment_unknown",
    ),
}  # fmt: skip
#: Verdicts, in the order in which the first that applies is given.
VERDICTS = (
    "not_antidepressant", "not_first_line", "responded", "not_switched", "dose_inadequate",
    "duration_insufficient", "adherence_poor", "drug_unknown", "dose_unknown", "in_progress",
    "duration_unknown", "adherence_unknown", "outcome_unknown", "switch_unknown", "failed",
)  # fmt: skip

_THREE_VALUED = ("yes", "no", UNKNOWN)
_NUMBER = "number"
#: A grade is any word: which there are is the definition's to say.
_WORD = "word"
_OUTCOMES = ("remission", "response", "partial_response", "no_response", UNKNOWN)

#: Expected values per patient and per trial: the words of each column, or that it is a number.
PATIENT_EXPECTED: dict[str, tuple[str, ...] | str] = {
    "label": LABELS,
    "reason": tuple(word for words in REASONS.values() for word in words),
    **dict.fromkeys(
        ("failures_definite", "failures_possible", "onset_day", "score_low", "score_high"), _NUMBER
    ),
    "grade": _WORD,
    **dict.fromkeys(
        ("mdd", "enough_failures", "impaired", "not_excluded", "apparent_resistance",
         "pseudo_resistance"), _THREE_VALUED),
    "on_defaults": ("yes", "no"),
}  # fmt: skip
TRIAL_EXPECTED: dict[str, tuple[str, ...] | str] = {
    "verdict": (*VERDICTS, QUARANTINED, DUPLICATE),
    **dict.fromkeys(
        ("antidepressant", "first_line", "dose_adequate", "duration_adequate",
         "adherence_adequate", "nonresponse", "remission"), _THREE_VALUED),
    **dict.fromkeys(("adequate_days", "reduction"), _NUMBER),
    "outcome": _OUTCOMES,
    "outcome_source": ("scores", "assessments", "rating", UNKNOWN),
}  # fmt: skip


def read_expected(
    cells: Mapping[str, str], columns: Mapping[str, tuple[str, ...] | str], where: str
) -> dict[str, str]:
    """Give the filled expected cells of one row.

    Raises
    ------
    UserError
        Kind ``config``: a word that the column cannot have, or no number where one belongs.
    """
    filled = {name: cells[name] for name in columns if cells.get(name)}
    for name, text in filled.items():
        words = columns[name]
        if words == _WORD:
            continue
        if isinstance(words, str):
            if text != UNKNOWN and not re.fullmatch(r"-?\d+(\.\d+)?", text):
                raise UserError(
                    f"`{name}` is no number",
                    where=f"{where}, column `{name}`",
                    expected=f"a number, or `{UNKNOWN}`",
                    kind="config",
                )
        elif text not in words:
            raise UserError(
                f"`{text}` is no {name}",
                where=f"{where}, column `{name}`",
                try_this=suggest(text, words),
                kind="config",
            )
    return filled


def as_cell(value: Any) -> str:
    """Write a value as a cases file has it."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
