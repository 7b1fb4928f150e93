"""Young adults and early onset: groups, strata of severity, and standardised comparisons."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.asked import asked_of
from tests.property.compare import frames
from trdanalysis.analysis.contrasts import estimate_risk_difference
from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, Asked
from trdanalysis.analysis.questions.form import estimate_answers
from trdanalysis.analysis.questions.severity_standardised import compare_groups, standardise_risk
from trdanalysis.analysis.questions.young_adults import ask_young_adults, derive_groups
from trdanalysis.engine import Engine

GROUPS = ("young", "others")
NAN = float("nan")


def _counts(*rows: tuple[str, float, int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["group", "stratum", "n", "events"])


def _compared(counts: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["model"], row["effect"]): row for row in compare_groups(counts, GROUPS)}


def test_what_is_all_severity_vanishes() -> None:
    """In each stratum the risks are alike, and the young are more severe: all is severity."""
    counts = _counts(
        ("young", 0, 20, 4), ("young", 1, 80, 64), ("others", 0, 80, 16), ("others", 1, 20, 16)
    )
    told = _compared(counts)
    assert told["crude", "rd"]["value"] == pytest.approx(0.68 - 0.32)
    assert told["directly_standardised", "rd"]["value"] == pytest.approx(0)
    assert told["directly_standardised", "rr"]["value"] == pytest.approx(1)
    assert told["directly_standardised", "rd"]["ci_low"] < 0


def test_what_is_no_severity_stays() -> None:
    """One stratum: the same as without any, limits included."""
    told = _compared(_counts(("young", 2, 50, 20), ("others", 2, 90, 27)))
    value, low, high = estimate_risk_difference(20, 50, 27, 90)
    for model in ("crude", "directly_standardised"):
        row = told[model, "rd"]
        assert (row["value"], row["ci_low"], row["ci_high"]) == pytest.approx((value, low, high))
        assert (row["n"], row["n_versus"]) == (50, 90)


def test_only_shared_strata_and_known_severity_are_standardised() -> None:
    told = _compared(
        _counts(("young", 0, 10, 5), ("young", NAN, 30, 1), ("young", 3, 40, 40),
                ("others", 0, 20, 5), ("others", 1, 60, 60), ("others", NAN, 5, 5))
    )  # fmt: skip
    row = told["directly_standardised", "rd"]
    assert (row["n"], row["n_versus"], row["value"]) == (10, 20, pytest.approx(0.25))
    assert (told["crude", "rd"]["n"], told["crude", "rd"]["n_versus"]) == (80, 85)


@pytest.mark.parametrize(
    ("rows", "model", "effect", "reason"),
    [
        ([("young", 0, 5, 2)], "crude", "rd", "nobody"),
        ([("young", 0, 5, 2)], "directly_standardised", "rr", "no_shared_stratum"),
        ([("young", 0, 5, 2), ("others", 1, 5, 2)], "directly_standardised", "rd",
         "no_shared_stratum"),
        ([("young", 0, 5, 0), ("others", 0, 5, 2)], "crude", "rr", "no_event"),
        ([("young", 0, 5, 0), ("others", 0, 5, 2)], "directly_standardised", "rr", "no_event"),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_says_why(
    rows: list[tuple[str, float, int, int]], model: str, effect: str, reason: str
) -> None:
    row = _compared(_counts(*rows))[model, effect]
    assert (row["status"], row["reason"]) == ("not_estimable", reason)
    assert "value" not in row


def test_limits_of_a_standardised_risk_stay_shares() -> None:
    import numpy as np

    risk, low, high = standardise_risk([0, 3], [4, 3], np.array([0.3, 0.7]))
    assert risk == pytest.approx(0.7)
    assert 0 < low < risk < high < 1


#: Age, age at onset, PHQ-9 and the expected groups and place of severity.
BY_HAND = {
    "at_18": ("18", "17", "5", "young_adults", "early_onset", 0),
    "at_25": ("25", "18", "5.4", "young_adults", "later_onset", 1),
    "at_26": ("26", "", "10.8", "other_adults", None, 2),
    "no_age": ("", "40", "27", None, "later_onset", 4),
    "no_score": ("90", "0", "", "other_adults", "early_onset", None),
}


@pytest.fixture(scope="module")
def asked() -> Any:
    patients, trials = [], []
    for name, (age, onset, score, *_) in {**BY_HAND, "at_17": ("17", "9", "20")}.items():
        patients.append(
            {"patient_id": name, "age_years": age, "age_at_onset_years": onset,
             "mdd_diagnosis": "yes", "poor_sleep": "yes" if name == "at_18" else "no"}
        )  # fmt: skip
        trials.append(
            {"patient_id": name, "trial_id": "t0", "drug": "sertraline", "start_day": "0",
             "scale": "PHQ-9", "baseline_score": score, "endpoint_score": "20" if score else "",
             "stop_day": "60", "endpoint_day": "50",
             "adherence": {"at_18": "0.5", "at_25": ""}.get(name, "0.9")}
        )  # fmt: skip
    tables = {"patients": patients, "trials": trials, "doses": [], "assessments": []}
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield asked_of(engine, frames(tables))


def test_groups_and_strata_at_their_edges(asked: Asked) -> None:
    rows = {row["patient_id"]: row for row in derive_groups(asked).to_pyarrow().to_pylist()}
    found = {name: (row["age"], row["onset"], row["stratum"]) for name, row in rows.items()}
    assert found == {name: told[3:] for name, told in BY_HAND.items()}


def test_counts_of_patients_written_by_hand(asked: Asked) -> None:
    found = ask_young_adults(asked)
    table = estimate_answers(found.answers, "article").fillna({"group": ""})
    rows = table.set_index(["measure", "group", "level"])[["n", "n_unknown", "events"]]

    def counts(*key: str) -> tuple[int, ...]:
        return tuple(int(number) for number in rows.loc[key])

    assert counts("age", "", "young_adults") == (4, 1, 2)
    assert counts("onset", "", "early_onset") == (4, 1, 2)
    assert counts("baseline_severity", "other_adults", "from_40_percent") == (1, 1, 1)
    assert counts("poor_adherence", "young_adults", "poor_adherence") == (1, 1, 1)
    assert counts("factor_group", "young_adults", "environmental") == (2, 0, 1)
    assert counts("trd", "young_adults", "trd") == (2, 0, 0)
    assert counts("kind_of_first_step", "young_adults", "switch") == (0, 0, 0)
    assert found.contrasts is not None
    assert list(found.contrasts.columns) == list(CONTRAST_COLUMNS)
    # Two splits, seven outcomes, crude and standardised, difference and ratio.
    assert len(found.contrasts) == 2 * 7 * 4
    assert set(found.contrasts["status"]) <= {"ok", "not_estimable"}
