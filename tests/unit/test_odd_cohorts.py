"""Every table of odd cohorts: no warning, no nonsense, and a reason wherever there is no number."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from tests.unit.analysis_cohorts import SETTINGS, Cohort, make_cohort
from tests.unit.analysis_tables import (
    MODELS,
    find_nonsense,
    tables_of,
    with_definitions,
)
from trdanalysis.ages import age_bands
from trdanalysis.analysis.adjusted import ModelSettings
from trdanalysis.analysis.estimands import ESTIMANDS, TRIAL_FACTORS, TRIAL_GROUP
from trdanalysis.analysis.rates import RateSettings

FULL = dict.fromkeys(
    ("antidepressant", "first_line", "dose_adequate", "duration_adequate", "adherence_adequate"),
    True,
)


def add(cohort: Cohort, number: int, *outcomes: bool | None, **patient: Any) -> None:
    """Add a patient with MDD and one adequate trial an outcome."""
    patient = {"age_years": 20 + number % 50, "sex": "female" if number % 3 else "male"} | patient
    age = patient["age_years"]
    band = None
    if age is not None:
        band = next(label for first, label in BANDS_FROM if age >= first)
    trials = tuple(
        FULL
        | {"nonresponse": outcome, "remission": None if outcome is None else not outcome,
           "start_day": 100 * place, "duration_days": 60, "baseline_score": 18.0 + number % 9,
           "scale": "HAMD17", "episode": 1 + number % 2}
        for place, outcome in enumerate(outcomes)
    )  # fmt: skip
    failed = outcomes[0]
    label = {
        "mdd": True, "enough_failures": failed, "impaired": True, "not_excluded": True,
        "apparent_resistance": failed, "pseudo_resistance": False,
        "label": {True: "trd", False: "not_trd", None: "indeterminate"}[failed],
    }  # fmt: skip
    cohort.add(f"p{number}", patient={"age_band": band} | patient, label=label, trials=trials)


BANDS_FROM = ((26, "26 and over"), (18, "18-25"), (12, "12-17"), (0, "under 12"))


def groups(number: int) -> dict[str, bool]:
    return {
        "biological": number % 2 == 1,
        "psychological": number % 3 == 1,
        "environmental": number // 2 % 2 == 1,
    }


def people(
    n: int, outcomes: Callable[[int], tuple[bool | None, ...]], **patient: Callable[[int], Any]
) -> Cohort:
    """Make a cohort of so many, by their numbers."""
    cohort = Cohort()
    for number in range(n):
        own = groups(number) | {name: made(number) for name, made in patient.items()}
        add(cohort, number, *outcomes(number), **own)
    return cohort


def by_chance(number: int) -> tuple[bool]:
    return (random.Random(number).random() < 0.4,)


def nobody_known() -> Cohort:
    cohort = Cohort()
    for number in range(20):
        cohort.add(f"p{number}", patient={"age_band": None})
    return cohort


COHORTS: dict[str, Callable[[], Cohort]] = {
    "nobody": Cohort,
    "nothing known": nobody_known,
    "one": lambda: people(1, lambda _: (True,)),
    "one, several trials": lambda: people(1, lambda _: (True, False, True)),
    "two": lambda: people(2, lambda n: (n == 0,)),
    "three": lambda: people(3, lambda n: (n == 0, True)),
    "no event": lambda: people(60, lambda _: (False, False)),
    "only events": lambda: people(60, lambda _: (True, True)),
    "trials undo each other": lambda: people(80, lambda n: (n % 2 == 0, n % 2 == 1)),
    "no outcome known": lambda: people(60, lambda _: (None,)),
    "separation": lambda: people(120, lambda n: (n % 2 == 1,)),
    "no age": lambda: people(120, by_chance, age_years=lambda _: None, sex=lambda _: None),
    "one age": lambda: people(120, by_chance, age_years=lambda _: 30),
    "two ages": lambda: people(120, by_chance, age_years=lambda n: 25 + n % 2),
    "four ages": lambda: people(120, by_chance, age_years=lambda n: 24 + n % 4),
    "one old": lambda: people(
        80, lambda n: (n == 79,), age_years=lambda n: 90 if n == 79 else 20 + n % 3
    ),
    "under 18": lambda: people(60, by_chance, age_years=lambda n: 5 + n % 12),
    "many places": lambda: people(
        143, lambda n: (*by_chance(n), True), site=lambda n: f"s{n % 11}",
        drop_id=lambda n: f"d{n % 13}",
    ),
    "drops are sites": lambda: people(
        90, lambda n: ([None, True, False][n % 3],), site=lambda n: f"s{n // 3 % 3}",
        drop_id=lambda n: f"d{n // 3 % 3}",
    ),
    "no factor known": lambda: people(
        90, by_chance, biological=lambda _: None, psychological=lambda _: None,
        environmental=lambda _: None,
    ),
    "a factor is sex": lambda: people(
        120, lambda n: (n % 7 == 0,), biological=lambda n: n % 3 > 0,
        psychological=lambda n: n == 40,
    ),
    **{f"by chance {n}": lambda n=n: make_cohort(n, n) for n in (6, 30, 100, 400)},  # type: ignore[misc]
}  # fmt: skip


@pytest.mark.parametrize("name", COHORTS)
def test_nothing_is_nonsense(name: str) -> None:
    tables = tables_of(COHORTS[name]())
    assert find_nonsense(tables) == []
    check_what_defines_has_no_number(tables)


def check_what_defines_has_no_number(tables: dict[str, pd.DataFrame]) -> None:
    """Medication-related factors have no number where they are part of population or event."""
    circular = [one.name for one in ESTIMANDS if not one.has_trial_factors]
    names = [TRIAL_GROUP, *TRIAL_FACTORS]
    for name in ("rates", "comparisons"):
        table = tables[name]
        rows = table[table["estimand"].isin(circular) & table["group"].isin(names)]
        assert len(rows) and set(rows["status"]) == {"by_definition"}
        numbers = rows.select_dtypes("number").drop(
            columns=["reference", "margin"], errors="ignore"
        )
        assert numbers.isna().all(axis=None)
    rates = tables["rates"]
    combined = rates[(rates["stratum"] == "factor_combination") & rates["estimand"].isin(circular)]
    combined = combined[combined["level"].str.contains(TRIAL_GROUP)]
    assert set(combined["status"]) == {"by_definition"} and combined["n"].isna().all()
    models = tables["models"]
    models = models[models["estimand"].isin(circular)]
    assert not models["exposures"].str.contains(TRIAL_GROUP).any()
    assert not models["covariates"].fillna("").str.contains("|".join(names)).any()


@pytest.mark.parametrize("covariates", [(), ("site", "drop_id"), ("inflammation", "age_years")])
def test_other_covariates(covariates: tuple[str, ...]) -> None:
    for name in ("by chance 400", "many places", "drops are sites", "nobody"):
        tables = tables_of(COHORTS[name](), models=ModelSettings(covariates, 5))
        assert find_nonsense(tables) == []
        used = {
            part for text in tables["models"]["covariates"].dropna() for part in text.split("; ")
        }
        assert used - {""} <= set(covariates)


def test_a_definition_that_labels_nobody_has_rows_and_no_number() -> None:
    tables = tables_of(COHORTS["by chance 100"](), with_definitions("article", "other"))
    assert find_nonsense(tables) == []
    for name in ("rates", "comparisons", "clusters", "first_trials"):
        rows = tables[name][tables[name]["definition"] == "other"]
        assert len(rows) and set(rows["status"]) <= {"not_estimable", "by_definition"}
    for name in ("unknowns", "resistance"):
        rows = tables[name][tables[name]["definition"] == "other"]
        assert len(rows) and not rows.filter(like="n").select_dtypes("number").any(axis=None)


def test_a_single_band() -> None:
    settings = RateSettings(0.3, 0.05, age_bands([0, 18]), ("article",))
    cohort = people(120, by_chance, age_band=lambda _: settings.bands[-1].label)
    tables = tables_of(cohort, settings, MODELS)
    assert find_nonsense(tables) == []
    trends = tables["comparisons"]
    trends = trends[trends["contrast"] == "age_trend"]
    assert set(trends.loc[trends["level"] == "per band", "status"]) == {"not_estimable"}


def test_the_settings_of_these_tests_hold_the_bands() -> None:
    assert {label for _, label in BANDS_FROM} == {band.label for band in SETTINGS.bands}
