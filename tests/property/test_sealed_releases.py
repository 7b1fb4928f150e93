"""Releases in sequence: what an attacker makes of two that cannot be made of each."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pandas as pd
import pytest

from tests.property.settings import BATCHES
from tests.property.test_release import KINDS, attack
from tests.slow.attacker import Attacker
from tests.unit.release_cohorts import policy_of, release_of, sealed_of, tables_of_skewed
from trdanalysis.disclosure.disclose import Release
from trdanalysis.disclosure.policy import Policy

Tables = dict[str, pd.DataFrame]

#: Seed, patients of the first release, of the second (the same and further ones), policy.
CASES = [(3, 2500, 2560, "cms")]
if BATCHES:
    draw = random.Random(BATCHES + 1)
    for _ in range(BATCHES):
        first = draw.choice((100, 300, 900, 2500))
        CASES.append((draw.randrange(10**6), first, first + draw.choice((1, 5, 40, 400)), "cms"))


class Sequence:
    """Two releases, the first of them sealed, and what the second is of."""

    def __init__(self, seed: int, first: int, second: int, name: str) -> None:
        self.policy: Policy = policy_of(name)
        self.whole = [tables_of_skewed(seed, first), tables_of_skewed(seed, second)]
        self.first: Release = release_of(self.whole[0], self.policy)
        self.sealed = [sealed_of(self.first, self.policy)]
        self.second: Release = release_of(self.whole[1], self.policy, self.sealed)


@pytest.fixture(scope="module", params=CASES, ids=str)
def two(request: pytest.FixtureRequest) -> Iterator[Sequence]:
    return Sequence(*request.param)


def without_reprints(tables: Tables) -> Tables:
    """Take what was printed again away: it says nothing of now."""
    told = {}
    for name, table in tables.items():
        told[name] = table.copy()
        if "status" in table.columns:
            again = table["status"] == "reprinted"
            for column in table.select_dtypes("number").columns.difference(["step_order"]):
                told[name][column] = table[column].mask(again)
    return told


def test_a_change_of_few_cannot_be_learnt(two: Sequence) -> None:
    """Of every count known from the first release that changed by few, try how much it changed."""
    limit = two.policy.hide_counts_up_to
    before, now = attack(two.first.tables, two.policy), two.second.tables
    seen = attack(without_reprints(now), two.policy)
    truth = Attacker(two.whole[1], "article", 0, 0, True)
    changed = {}
    for name, at in before.names.items():
        if name[0] not in KINDS or name not in seen.names or before.hides(name):
            continue
        if truth.low[truth.names[name]] == truth.high[truth.names[name]]:
            by = int(truth.low[truth.names[name]] - before.low[at])
            if 1 <= abs(by) <= limit:
                changed[name] = (int(before.low[at]), by)
    assert changed
    assert [name for name in changed if not seen.hides(name)] == []
    chance = random.Random(1)
    names = sorted(changed, key=str)
    for name in chance.sample(names, min(len(names), 200 if BATCHES else 12)):
        was, by = changed[name]
        for size in {1, limit, chance.randint(1, limit)}:
            assert seen.can_be(name, was + size * (1 if by > 0 else -1)), (name, by, size)


def test_nothing_is_printed_that_differs_by_few(two: Sequence) -> None:
    limit = two.policy.hide_counts_up_to
    key = ["estimand", "definition", "analysis", "stratum", "group", "level", "age_band"]
    before, now = (one.tables["rates"].set_index(key) for one in (two.first, two.second))
    before, now = (one[one.index.get_level_values("definition") == "article"]
                   for one in (before, now))  # fmt: skip
    before = before.reindex(now.index)
    for column in ("n", "events", "n_unknown"):
        apart = (now[column].astype("Float64") - before[column].astype("Float64")).abs()
        assert not apart.dropna().between(1, limit).any(), column


def test_rows_that_are_printed_again_are_as_they_were(two: Sequence) -> None:
    key = ["estimand", "definition", "analysis", "stratum", "group", "level", "age_band"]
    before, now = (one.tables["rates"].set_index(key) for one in (two.first, two.second))
    again = now[now["status"] == "reprinted"]
    assert len(again)
    was = before.loc[again.index]
    assert set(was["status"]) <= {"ok", "not_estimable"}
    pd.testing.assert_frame_equal(again.drop(columns="status"), was.drop(columns="status"))


def test_characteristics_are_printed_again_as_they_were(two: Sequence) -> None:
    key = ["characteristic", "kind", "level", "label"]
    before, now = (one.tables["characteristics"].set_index(key) for one in (two.first, two.second))
    again = now[now["status"] == "reprinted"]
    assert len(again) > 20
    was = before.loc[again.index]
    assert was["n"].notna().all() and set(was["status"]) <= {"ok", "partly_suppressed"}
    pd.testing.assert_frame_equal(again.drop(columns="status"), was.drop(columns="status"))
    truth = two.whole[1]["characteristics"].set_index(key).loc[again.index, "n"]
    assert ((truth - again["n"]).abs() <= two.policy.hide_counts_up_to).all()
    fresh = now[(now["status"] != "reprinted") & now["n"].notna()]
    apart = (fresh["n"] - before["n"].reindex(fresh.index)).abs()
    assert not apart.dropna().between(1, two.policy.hide_counts_up_to).any()


def test_the_same_again_is_the_same(two: Sequence) -> None:
    again = release_of(two.whole[0], two.policy, two.sealed)
    for name, table in two.first.tables.items():
        pd.testing.assert_frame_equal(again.tables[name], table)
    assert again.protection == two.first.protection


def test_a_count_that_was_told_before_protects_nobody() -> None:
    """With all told before but one small count and its neighbour, only these two can hide it."""
    from trdanalysis.disclosure.attack import find_unsafe
    from trdanalysis.disclosure.ledger import Ledger
    from trdanalysis.disclosure.protect import protect

    policy = policy_of("cms")
    ledger = Ledger()
    parts = [
        ledger.count((name,), value, ledger.unit((name,), "factor", 1.0))
        for name, value in (("small", 3), ("told", 40), ("open", 50), ("other", 60))
    ]
    whole = ledger.count(("all",), 153, ledger.unit(("all",), "overall", 1e5))
    ledger.add_up(whole, parts)
    ledger.know(parts[1], 40, 40)
    hidden = protect(ledger, policy).hidden
    assert parts[0] in hidden and hidden & {2, 3}
    assert find_unsafe(ledger, policy, {0, 1}) == [parts[0]]
