"""Made-up answers to a question, as they pass disclosure control, for tests of what shows them."""

from __future__ import annotations

import pandas as pd

from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, Counting
from trdanalysis.analysis.questions.form import YES_NO, estimate_answers
from trdanalysis.analysis.questions.members import PATIENT_GROUPS
from trdanalysis.analysis.survival import CURVE_COLUMNS


def answers() -> pd.DataFrame:
    """Give answers of every kind: levels, yes or no, groups, age bands, nobody."""
    counting = Counting("symptoms")
    counting.add("symptom", "trd", "fatigue", (100, 20, 60), kind=YES_NO)
    counting.add("symptom", "responding", "fatigue", (50, 0, 10), kind=YES_NO)
    counting.add("symptom", "trd", "anhedonia", (100, 100, 0), kind=YES_NO)
    counting.add_levels("symptom_count", "trd", [("0", 30), ("1", 50)], 20)
    after = Counting("after_trd")
    after.add("outcome_of_step", "trd", "response", (40, 5, 20), kind=YES_NO, group="augmentation")
    after.add("outcome_of_step", "trd", "response", (0, 0, 0), kind=YES_NO, group="ect")
    after.add_levels("pathway", "trd", [(f"switch {n}", 7 * (n < 3)) for n in range(20)], 0)
    return estimate_answers([*counting.answers, *after.answers], "article")


def symptoms() -> pd.DataFrame:
    """Give two symptoms of the three groups of patients."""
    counting = Counting("symptoms")
    for place, group in enumerate(PATIENT_GROUPS):
        for name in ("fatigue", "low_mood"):
            counts = (100, 20, 30 + 10 * place)
            counting.add("symptom", group, name, counts, kind=YES_NO)
    return estimate_answers(counting.answers, "article")


def hidden() -> pd.DataFrame:
    """Give the same with a row suppressed and one of which the unknown are hidden."""
    table = answers()
    numbers = ["n", "n_unknown", "events", "rate", "ci_low", "ci_high", "bound_low", "bound_high"]
    table.loc[0, numbers] = pd.NA
    table.loc[0, "status"] = "suppressed"
    table.loc[1, ["n", "n_unknown", "rate", "ci_low", "ci_high", "bound_high"]] = pd.NA
    table.loc[1, "status"] = "partly_suppressed"
    return table


def contrasts() -> pd.DataFrame:
    """Give a difference, a ratio, a share, and one that could not be estimated."""
    rows = [
        {"level": "trd", "versus": "responding", "effect": "rd", "value": 0.2, "n": 80,
         "n_versus": 50, "ci_low": 0.1, "ci_high": 0.3, "p_value": 0.01, "p_adjusted": 0.02,
         "model": "unadjusted", "status": "ok"},
        {"level": "trd", "versus": "responding", "effect": "rr", "value": 1.5, "n": 80,
         "n_versus": 50, "ci_low": 1.1, "ci_high": 2.0, "p_value": 0.01, "p_adjusted": 0.02,
         "model": "modified_poisson", "covariates": "age_years", "status": "ok"},
        {"level": "trd", "effect": "rate", "value": 0.4, "n": 80, "model": "standardised",
         "status": "ok"},
        {"level": "trd", "versus": "responding", "effect": "rr", "model": "modified_poisson",
         "status": "not_estimable", "reason": "empty_cell"},
    ]  # fmt: skip
    given = {"question": "symptoms", "definition": "article", "measure": "symptom"}
    return pd.DataFrame([{**given, **row} for row in rows]).reindex(columns=list(CONTRAST_COLUMNS))


def curves() -> pd.DataFrame:
    """Give a curve of three steps."""
    rows = [
        (
            "time_to_next_step",
            "article",
            "definite",
            day,
            at_risk,
            events,
            0,
            share,
            None,
            None,
            "ok",
        )
        for day, at_risk, events, share in (
            (0, 90, 0, 0.0),
            (80, 90, 30, 1 / 3),
            (400, 60, 30, 2 / 3),
        )
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))
