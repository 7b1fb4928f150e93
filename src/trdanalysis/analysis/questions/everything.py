"""All questions, in the order of the tables."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from trdanalysis.analysis.questions.after_trd import ask_after_trd
from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, Asked, Found
from trdanalysis.analysis.questions.checklist import ask_checklist
from trdanalysis.analysis.questions.form import Answer, estimate_answers
from trdanalysis.analysis.questions.medication_errors import ask_medication_errors
from trdanalysis.analysis.questions.relapse import ask_relapse
from trdanalysis.analysis.questions.symptoms import ask_symptoms
from trdanalysis.analysis.questions.trial_eligibility import ask_trial_eligibility
from trdanalysis.analysis.questions.young_adults import ask_young_adults
from trdanalysis.analysis.survival import CURVE_COLUMNS

#: What answers each question; a further one stands here, in the order of the report.
QUESTIONS: dict[str, Callable[[Asked], Found]] = {
    "symptoms": ask_symptoms,
    "checklist": ask_checklist,
    "relapse": ask_relapse,
    "after_trd": ask_after_trd,
    "medication_errors": ask_medication_errors,
    "young_adults": ask_young_adults,
    "trial_eligibility": ask_trial_eligibility,
}


def answer_questions(
    asked: Asked, tell: Callable[[str], None] = lambda text: None
) -> dict[str, pd.DataFrame]:
    """Answer every question.

    Parameters
    ----------
    asked
        The members and their records.
    tell
        Is told which question it is.

    Returns
    -------
    dict
        ``questions`` (see :func:`trdanalysis.analysis.questions.form.estimate_answers`),
        ``question_contrasts`` (one row per comparison or model term) and ``question_curves`` (as
        curves.csv has them).
    """
    answers: list[Answer] = []
    contrasts: list[pd.DataFrame] = []
    curves: list[pd.DataFrame] = []
    for name, answer in QUESTIONS.items():
        tell(f"asking about {name.replace('_', ' ')}")
        found = answer(asked)
        answers += found.answers
        contrasts += [found.contrasts] if found.contrasts is not None else []
        curves += [found.curves] if found.curves is not None else []
    return {
        "questions": estimate_answers(answers, asked.definition.id),
        "question_contrasts": _stack(contrasts, CONTRAST_COLUMNS),
        "question_curves": _stack(curves, CURVE_COLUMNS),
    }


def _stack(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(filled, ignore_index=True).reindex(columns=list(columns))
