"""Releases of skewed cohorts against an attacker who has the published tables and nothing else."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest

from tests.property.settings import BATCHES
from tests.slow.attacker import Attacker, Name
from tests.unit.release_cohorts import policy_of, release_of, tables_of_skewed
from tests.unit.test_disclosure import COUNTS
from trdanalysis.disclosure.policy import Policy

Tables = dict[str, pd.DataFrame]

#: Seed, patients and policy; more by `make fuzz`.
CASES = [(3, 2500, "cms"), (5, 300, "opensafely")]
if BATCHES:
    chance = random.Random(BATCHES)
    CASES += [
        (chance.randrange(10**6), chance.choice((50, 120, 400, 1000, 5000)),
         chance.choice(("cms", "opensafely")))
        for _ in range(BATCHES)
    ]  # fmt: skip

#: Kinds of counts that stand in a table, or are what is left of one.
KINDS = {
    "events", "without", "n", "unknown", "patients", "out", "lacks", "lacks only", "reason",
    "defaults", "resistance", "episode", "in", "taken", "out of model", "imputed n",
    "described", "asked events", "asked without", "asked unknown", "asked known",
}  # fmt: skip


#: Tables whose counts are rounded also where a policy does not round.
COARSE = ("definitions", "agreement", "overlaps", "grades", "label_flows", "rate_changes", "drift")


@pytest.fixture(scope="module", params=CASES, ids=str)
def released(request: pytest.FixtureRequest) -> tuple[Tables, Tables, Policy]:
    seed, patients, name = request.param
    tables, policy = tables_of_skewed(seed, patients), policy_of(name)
    return tables, release_of(tables, policy).tables, policy


def attack(tables: Tables, policy: Policy) -> Attacker:
    shown = (policy.hide_counts_up_to, policy.round_to, policy.show_zero)
    return Attacker(tables, "article", *shown)


def small_counts(tables: Tables, limit: int) -> dict[Name, int]:
    """Give every count of the whole tables that must not be learnt."""
    whole = Attacker(tables, "article", 0, 0, True)
    found = {}
    for name, at in whole.names.items():
        if name[0] in KINDS and whole.low[at] == whole.high[at] and 1 <= whole.low[at] <= limit:
            found[name] = int(whole.low[at])
    return found


def ruled_out(seen: Attacker, small: dict[Name, int], limit: int, choice: int) -> list[Any]:
    """Name small counts of which the attacker can rule a value out."""
    draw = random.Random(1)
    names = sorted((name for name in small if name in seen.names), key=str)
    chosen = draw.sample(names, min(choice, len(names)))
    tried = [(name, value) for name in chosen for value in {1, limit, draw.randint(1, limit)}]
    return [(name, value) for name, value in tried if not seen.can_be(name, value)]


def test_no_small_count_can_be_narrowed_down(released: tuple[Tables, Tables, Policy]) -> None:
    tables, shown, policy = released
    limit = policy.hide_counts_up_to
    small = small_counts(tables, limit)
    assert len(small) > 100
    seen = attack(shown, policy)
    assert [name for name in small if name in seen.names and not seen.hides(name)] == []
    assert ruled_out(seen, small, limit, 400 if BATCHES else 15) == []


def test_the_attacker_would_find_what_one_more_cell_tells(
    released: tuple[Tables, Tables, Policy],
) -> None:
    """Cells that only protect others are printed again: he then learns some."""
    tables, shown, policy = released
    limit = policy.hide_counts_up_to
    told = {name: table.copy() for name, table in shown.items()}
    key = ["estimand", "definition", "analysis", "stratum", "group", "level", "age_band"]
    whole = tables["rates"].set_index(key)
    rates = told["rates"].set_index(key)
    exact = whole.reindex(rates.index)
    safe = (exact["n"] > limit) & (exact["events"] > limit)
    safe &= (exact["n"] - exact["events"] > limit) & (exact["n_unknown"] > limit)
    gone = (rates["status"] == "suppressed") & safe.fillna(False)
    assert gone.any()
    for name in ("n", "events", "n_unknown", "n_clusters"):
        rates[name] = rates[name].mask(gone, exact[name])
    told["rates"] = rates.reset_index()
    # He learns of their neighbours: among some hundred counts a draw would miss them.
    beside = set(told["rates"].loc[gone.to_numpy(), ["estimand", "stratum", "group"]].agg(tuple, 1))
    seen = attack(told, policy)
    small = [name for name in small_counts(tables, limit) if name[1:4] in beside]
    near = sorted((name for name in small if name in seen.names), key=str)
    assert any(not seen.can_be(name, value) for name in near for value in (limit, 1))


def test_nothing_small_is_printed(released: tuple[Tables, Tables, Policy]) -> None:
    _, shown, policy = released
    least = 1 if policy.show_zero else 0
    for name, columns in COUNTS.items():
        for column in columns:
            if name in ("tipping", "multiverse", "curves") and least == 0:
                continue  # a share of nobody among the unknown, the start of a curve
            values = shown[name][column].astype("Float64").dropna()
            # The least of the counts that are rounded to a number may be small though it is not.
            most = policy.hide_counts_up_to - policy.base_of(primary=name not in COARSE) // 2
            assert not values.between(least, most).any(), (name, column)


def test_hidden_rows_have_no_numbers(released: tuple[Tables, Tables, Policy]) -> None:
    _, shown, _ = released
    rates = shown["rates"]
    gone = rates[rates["status"] == "suppressed"]
    assert len(gone)
    numbers = gone.select_dtypes("number").columns.difference(["reference", "margin"])
    assert gone[numbers].isna().all(axis=None)
    assert gone[["conclusion", "robust"]].isna().all(axis=None)
    unsure = rates[rates["status"] == "partly_suppressed"]
    hidden = ["n_unknown", "bound_low", "bound_high", "robust"]
    assert unsure[hidden].isna().all(axis=None)


def test_the_headline_is_still_there(released: tuple[Tables, Tables, Policy]) -> None:
    tables, shown, policy = released
    rates = shown["rates"]
    overall = rates[(rates["stratum"] == "overall") & (rates["estimand"] == "trd")]
    exact = tables["rates"]
    whole = exact[(exact["stratum"] == "overall") & (exact["estimand"] == "trd")].iloc[0]
    if min(whole["events"], whole["n"] - whole["events"]) > policy.hide_counts_up_to:
        row = overall.iloc[0]
        assert row["status"] in ("ok", "partly_suppressed")
        assert abs(row["rate"] - whole["rate"]) < 0.05


def test_rates_are_of_the_counts_beside_them(released: tuple[Tables, Tables, Policy]) -> None:
    _, shown, policy = released
    rates = shown["rates"]
    told = rates[rates["rate"].notna() & rates["events"].notna()]
    assert len(told)
    assert (told["n"] % max(policy.round_to, 1) == 0).all()
    assert (told["events"] % max(policy.round_to, 1) == 0).all()
    assert ((told["events"] / told["n"] - told["rate"]).abs() < 1e-12).all()
    plain = shown["comparisons"]
    plain = plain[(plain["model"] == "unadjusted") & (plain["measure"] == "rd")]
    plain = plain[plain["value"].notna() & (plain["contrast"] == "factor")]
    key = ["estimand", "group", "level"]
    rate = told[told["stratum"] == "factor"].set_index(key)["rate"]
    for row in plain.to_dict("records"):
        present, absent = (
            rate[row["estimand"], row["group"], one] for one in ("present", "absent")
        )
        assert abs(row["value"] - (present - absent)) < 1e-12
