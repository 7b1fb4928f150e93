"""What complete records show of each question, and what was planted, from the simulator's truth.

Nothing here calls the analysis. Rows are named as in questions.csv.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import multivariate_normal, norm

from trdanalysis.contract import FACTORS, RECORDED_GROUPS
from trdanalysis.simulate import SimulatedDrop, planted, simulate_chunk

#: Question, measure, population, group, level.
Key = tuple[str, str, str, str, str]
#: Patients, patients of whom it is unknown even then, patients with it.
Counts = tuple[int, int, int]

GROUPS = planted.GROUPS[:-1]
#: Of everybody, so many patients and so many at a time.
POPULATION, CHUNK, POPULATION_SEED = 240_000, 40_000, 77
ADULT_FROM = 18
#: Fifths of a scale's range.
SEVERITY_EDGES = (0.2, 0.4, 0.6, 0.8)
_EXCLUSIONS = ("bipolar_disorder", "psychotic_features", "current_substance_use", "medical_cause")


def list_patients(whole: SimulatedDrop) -> pd.DataFrame:
    """Give the truth by patient; what it does not name is as recorded in complete records."""
    truth = whole.truth.set_index("patient_id")
    patients = whole.tables["patients"].set_index("patient_id")
    recorded = patients[["age_years", "bipolar_disorder", "psychotic_features"]]
    truth = truth.join(recorded)
    young = truth["age_years"].between(*planted.YOUNG_YEARS)
    return truth.assign(young=np.where(young, "young_adults", "other_adults"))


def list_members(whole: SimulatedDrop) -> pd.DataFrame:
    """Give the truth of adults with the diagnosis and an antidepressant trial, by patient."""
    truth = list_patients(whole)
    adult = (truth["age_years"] >= ADULT_FROM).to_numpy(dtype=bool)
    return truth[adult & truth["mdd"].to_numpy(dtype=bool) & truth["first_ingredient"].notna()]


def count_true(truth: pd.DataFrame) -> dict[Key, Counts]:
    """Count the truth of some patients: one entry a row of questions.csv."""
    found: dict[Key, Counts] = {}

    def add(key: Key, event: pd.Series) -> None:
        known = event.astype("boolean")
        found[key] = len(known), int(known.isna().sum()), int(known.fillna(False).sum())

    def add_levels(start: tuple[str, str, str], value: pd.Series, levels: tuple[str, ...]) -> None:
        for level in levels:
            add((*start, "", level), value.eq(level).astype("boolean").mask(value.isna()))

    for group in GROUPS:
        own = truth[truth["patient_group"] == group]
        for name in planted.SYMPTOMS_BY_GROUP:
            add(("symptoms", "symptom", group, "", name), own[name])
        for one, other in combinations(planted.SYMPTOMS_BY_GROUP, 2):
            add(("symptoms", "symptom_pair", group, one, other), own[one] & own[other])
    responders = truth[truth["response_seen"]]
    for level, column in (("relapse_on_treatment", "relapsed"), ("early_return",) * 2):
        add(("relapse", level, "responders", "", level), responders[column])
    resistant = truth[truth["label"] == "trd"]
    add_levels(("after_trd", "next_step", "trd"), resistant["next_step"], planted.STEP_WORDS)
    add(
        ("after_trd", *["left_on_failed", "trd", "", "left_on_failed"]), resistant["left_on_failed"]
    )
    apparent = truth[truth["apparent_resistance"].fillna(False)]
    start = ("medication_errors", "why_apparent", "apparent_resistance")
    add_levels(start, apparent["error"], ERRORS)
    _add_young(add, truth)
    _add_checklist(add, truth)
    for name in ("age_years", "failures_in_episode", "severity"):
        add(("trial_eligibility", "meets", "members", "", name), truth[f"in_trial_{name}"])
    last = f"no_{_EXCLUSIONS[-1]}"
    add(("trial_eligibility", "still_in", "members", "", last), truth["trial_eligible"])
    return found


#: What keeps apparent resistance from being proven.
ERRORS = (
    "trd", "dose", "duration", "adherence", "any_one_error", "dose_and_duration",
    "dose_and_adherence", "duration_and_adherence", "several_errors", "other_reason",
)  # fmt: skip


def _add_young(add, truth: pd.DataFrame) -> None:
    first = truth[truth["first_is_first_line"].fillna(False)]
    for group in ("young_adults", "other_adults"):
        own, of = (table[table["young"] == group] for table in (truth, first))
        poor = own["first_adherent"].eq(False)
        add(("young_adults", "nonresponse", "first_trial", group, "nonresponse"),
            of["first_nonresponse"])  # fmt: skip
        add(("young_adults", "poor_adherence", "members", group, "poor_adherence"), poor)
        add(("young_adults", "trd", "members", group, "trd"), own["label"].eq("trd"))


def _add_checklist(add, truth: pd.DataFrame) -> None:
    """Count three of five and two of three questions as several."""
    persists = truth["low_mood"] | truth["anhedonia"]
    # Without a response nothing can come back.
    returned = truth["early_return"].mask(~truth["response_seen"], False)
    recorded = truth[[name for group in RECORDED_GROUPS for name in FACTORS[group]]].any(axis=1)
    error = truth["first_is_adequate"].eq(False)
    apart = [
        persists.astype("boolean") | returned,
        (truth["hopelessness"] | truth["anhedonia"]).astype("boolean"),
        recorded.astype("boolean") | error,
    ]
    five = [*apart, truth["enough_failures"], truth["impaired"].astype("boolean")]
    for name, items, least in (("five_3", five, 3), ("apart_2", apart, 2)):
        low, high = (sum(item.fillna(side).astype(int) for item in items) for side in (False, True))
        positive = (low >= least).astype("boolean").mask((low < least) & (high >= least))
        own = truth["label"]
        add(("checklist", "sensitivity", "trd", name, "positive"), positive[own == "trd"])
        add(("checklist", "specificity", "not_trd", name, "negative"), ~positive[own == "not_trd"])


def add_up(parts: list[dict[Key, Counts]]) -> dict[Key, float]:
    """Give the shares of several parts together, of whom it is known."""
    summed = {key: np.sum([part[key] for part in parts], axis=0) for key in parts[0]}
    return {
        key: events / (n - unknown) for key, (n, unknown, events) in summed.items() if n > unknown
    }


def give_population(
    rated_share: float, patients: int = POPULATION, chunk: int = CHUNK
) -> tuple[dict[Key, float], pd.DataFrame]:
    """Give the shares of everybody who could have been simulated, and the truth of so many.

    Shares that were planted as they are, symptoms and pairs of them, are those planted.
    """
    members = [
        list_members(
            simulate_chunk(
                first, chunk, POPULATION_SEED, dirt=False, missing=False, rated_share=rated_share
            )
        )
        for first in range(0, patients, chunk)
    ]  # fmt: skip
    return add_up([count_true(part) for part in members]) | list_planted(), pd.concat(members)


def list_planted() -> dict[Key, float]:
    """Give the shares of symptoms and of pairs of them as they were planted."""
    found: dict[Key, float] = {}
    both = multivariate_normal(
        cov=[[1, planted.SYMPTOM_CORRELATION]] * 1 + [[planted.SYMPTOM_CORRELATION, 1]]
    )
    for at, group in enumerate(GROUPS):
        shares = {name: own[at] for name, own in planted.SYMPTOMS_BY_GROUP.items()}
        for name, share in shares.items():
            found["symptoms", "symptom", group, "", name] = share
        for one, other in combinations(shares, 2):
            cuts = norm.ppf([shares[one], shares[other]])
            found["symptoms", "symptom_pair", group, one, other] = float(both.cdf(cuts))
    return found


def give_ratios() -> dict[str, float]:
    """Give the planted ratios of response, and so of remission, to a switch across classes."""
    return {
        word: step.ratio for word, step in planted.STEPS_AFTER.items()
        if word not in (planted.ACROSS, planted.NOTHING)
    }  # fmt: skip


def give_differences(members: pd.DataFrame) -> dict[str, float]:
    """Give the differences of the young from other adults, standardised for severity."""
    first = members[members["first_is_first_line"].fillna(False)]
    return {
        "nonresponse": _standardise(first, first["first_nonresponse"]),
        "poor_adherence": _standardise(members, members["first_adherent"].eq(False)),
    }


def _standardise(members: pd.DataFrame, event: pd.Series) -> float:
    known = event.notna()
    rows = pd.DataFrame(
        {
            "young": members["young"][known],
            "stratum": np.digitize(members["first_severity"][known].astype(float), SEVERITY_EDGES),
            "event": event[known].astype(float),
        }
    )
    risks = rows.pivot_table(index="stratum", columns="young", values="event").dropna()
    weights = rows[rows["stratum"].isin(risks.index)].groupby("stratum").size()
    difference = risks["young_adults"] - risks["other_adults"]
    return float((difference * weights / weights.sum()).sum())
