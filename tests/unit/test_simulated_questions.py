"""What is planted for each question comes out of the analysis, and would not were it not planted.

One drop of complete records. Repeated ones, and records with holes: `make simulate-check`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.simulation import question_drops
from tests.simulation.question_drops import COMPLETE, Truths, ask_drop, count_held, give_truths
from tests.simulation.true_answers import count_true, give_population
from trdanalysis.analysis.intervals import estimate_wilson
from trdanalysis.simulate import planted, simulate_chunk

PATIENTS, SEED, OTHERS = 1200, 11, 30_000
#: So that of some 200 shares none is missed by chance.
CONFIDENCE = 0.99995
#: What is not planted is to be missed by these.
NARROWER = 0.999
#: The smallest population is at least this share of everybody.
LEAST_SHARE = 0.05


@pytest.fixture(scope="module")
def asked():
    """Answers of one drop, and the truth of its members."""
    return ask_drop(SEED, COMPLETE, PATIENTS)


@pytest.fixture(scope="module")
def truths() -> Truths:
    return give_truths(OTHERS)


def find_misses(
    answers: dict[str, pd.DataFrame], shares: dict, confidence: float, others: int | None = None
) -> set[tuple[str, str]]:
    """Name the measures of which limits do not hold the shares.

    Shares that are themselves of so many ``others`` are allowed four standard errors.
    """
    keyed = by_key(answers)
    misses = set()
    for key, share in shares.items():
        row = keyed.loc[key]
        low, high = estimate_wilson([row["events"]], [row["n"]], confidence)
        slack = 0 if others is None else 4 * np.sqrt(share * (1 - share) / (others * LEAST_SHARE))
        if not low[0] - slack <= share <= high[0] + slack:
            misses.add(key[:2])
    return misses


def by_key(answers: dict[str, pd.DataFrame]) -> pd.DataFrame:
    table = answers["questions"]
    table = table[table["age_band"].isna()].assign(group=table["group"].fillna(""))
    return table.set_index(["question", "measure", "population", "group", "level"])


def test_counts_are_those_of_the_truth(asked) -> None:
    answers, members = asked
    keyed, true = by_key(answers), count_true(members)
    assert len(true) > 140
    for key, (n, unknown, events) in true.items():
        row = keyed.loc[key]
        # A few are unknown to the records alone: whose present episode is that of a treatment
        # given beside, who was last seen on the day of onset, whose course is in progress.
        assert abs(row["events"] - events) <= 3, key
        if key[0] != "relapse":
            assert row["n"] + row["n_unknown"] == n, key
            assert row["events"] <= events + unknown, key
            assert events <= row["events"] + row["n_unknown"], key
    same = [keyed.loc[key, "events"] == events for key, (_, _, events) in true.items()]
    assert np.mean(same) > 0.95


def test_what_is_planted_is_within_generous_limits(asked, truths) -> None:
    assert find_misses(asked[0], truths.shares, CONFIDENCE, OTHERS) == set()
    contrasts = asked[0]["question_contrasts"]
    contrasts = contrasts[contrasts["status"] == "ok"]
    steps = contrasts[(contrasts["question"] == "after_trd") & (contrasts["n"] >= 10)]
    assert len(steps) >= 4
    for row in steps.itertuples():
        log = np.log([row.value, row.ci_low, row.ci_high, truths.ratios[row.level]])
        assert abs(log[3] - log[0]) <= 4 / 1.96 * (log[2] - log[1]) / 2, row.level
    young = contrasts[(contrasts["group"] == "young_adults") & (contrasts["effect"] == "rd")]
    young = young[young["model"] == "directly_standardised"].set_index("measure")
    for measure, true in truths.differences.items():
        row = young.loc[measure]
        assert abs(true - row["value"]) <= 2 * (row["ci_high"] - row["ci_low"]) / 2, measure


def test_limits_are_counted(asked, truths) -> None:
    held = count_held(SEED, COMPLETE, *asked, truths)
    assert {one.question for one in held} >= {"symptoms", "relapse", "after_trd", "young_adults"}
    bounds = [one for one in held if one.what == question_drops.BOUNDS]
    assert len(bounds) > 10
    assert all(one.hits == one.of for one in bounds)


ALIKE = {
    name: (shares[2], shares[2], shares[2], shares[2])
    for name, shares in planted.SYMPTOMS_BY_GROUP.items()
}
ONE_STEP = {
    word: planted.Step(float(word == planted.ACROSS), float(word == planted.ACROSS), step.ratio)
    for word, step in planted.STEPS_AFTER.items()
}


@pytest.mark.parametrize(
    ("without", "instead", "missed"),
    [
        (["planted.SYMPTOMS_BY_GROUP", "symptoms.SYMPTOMS_BY_GROUP"], ALIKE,
         ("symptoms", "symptom")),
        (["planted.SYMPTOM_CORRELATION", "symptoms.SYMPTOM_CORRELATION"], 0.95,
         ("symptoms", "symptom_pair")),
        (["visits.RELAPSE_PER_VISIT"], 0.0, ("relapse", "relapse_on_treatment")),
        (["next_steps.STEPS_AFTER"], ONE_STEP, ("after_trd", "next_step")),
        (["next_steps.STAYS_ON_FAILED"], 0.0, ("after_trd", "left_on_failed")),
        (["trials.YOUNG_MISSED_DOSES"], 0.0, ("young_adults", "poor_adherence")),
        (["trials.DOSE_MULTIPLES"], {1.0: 1.0}, ("medication_errors", "why_apparent")),
    ],
)  # fmt: skip
def test_what_is_not_planted_is_missed(asked, monkeypatch, without, instead, missed) -> None:
    for name in without:
        monkeypatch.setattr(f"trdanalysis.simulate.{name}", instead)
    shares, _ = give_population(question_drops.RATED_SHARE, OTHERS, OTHERS)
    assert missed in find_misses(asked[0], shares, NARROWER)


def give_responses() -> pd.Series:
    truth = simulate_chunk(0, 100_000, 4, dirt=False).truth
    return truth.groupby("next_step")["next_step_response"].mean().astype(float)


def test_response_goes_with_the_strategy_as_planted(monkeypatch) -> None:
    # Crude shares: severity goes with the strategy, so that they are not quite the ratios.
    share = give_responses()
    assert share["ect"] > 1.25 * share[planted.ACROSS]
    assert share["lifestyle"] < 0.85 * share[planted.ACROSS]
    alike = {
        word: planted.Step(step.mild, step.severe, 1.0)
        for word, step in planted.STEPS_AFTER.items()
    }
    monkeypatch.setattr("trdanalysis.simulate.next_steps.STEPS_AFTER", alike)
    share = give_responses()
    assert share["ect"] < 1.15 * share[planted.ACROSS]
    assert share["lifestyle"] > 0.85 * share[planted.ACROSS]
