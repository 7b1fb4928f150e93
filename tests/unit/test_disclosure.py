"""The ledger, the attacker and the choice of what to hide, on tables to be added up by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from tests.support import CONFIG
from tests.unit.release_cohorts import policy_of, release_of
from tests.unit.report_pages import published
from trdanalysis.analysis.agreement import CELLS
from trdanalysis.disclosure.attack import find_unsafe, plan_attack, values_to_try
from trdanalysis.disclosure.curves import disclose_curves
from trdanalysis.disclosure.entries import enter_labels
from trdanalysis.disclosure.ledger import Ledger
from trdanalysis.disclosure.policy import PARTS, read_policy
from trdanalysis.disclosure.protect import protect
from trdanalysis.disclosure.strata import overall_key
from trdanalysis.errors import UserError
from trdanalysis.layout import ANALYSIS_TABLES

CMS = policy_of("cms")

#: By table: counts of people, trials or rows.
COUNTS: dict[str, tuple[str, ...]] = {
    "rates": ("n", "n_unknown", "n_clusters", "events"),
    "benchmarks": (),
    "attrition": ("n_in", "n_out", "n_unknown"),
    "definitions": ("n", "trd", "not_trd", "indeterminate"),
    "comparisons": ("n", "n_versus"),
    "models": ("n", "n_left_out", "n_clusters", "events"),
    "unknowns": ("n_unknown", "n_only"),
    "resistance": ("n",),
    "clusters": ("n_trials", "n_patients"),
    "curves": ("n_at_risk", "events", "censored"),
    "age_curves": (),
    "tipping": ("unknown_with_event", "n", "events"),
    "first_trials": ("n",),
    "label_reasons": ("patients", "on_defaults"),
    "multiverse": ("n", "n_unknown", "trd", "not_trd", "indeterminate"),
    "agreement": ("n", "n_labelled", *CELLS),
    "overlaps": ("n", "n_indeterminate"),
    "grades": ("n",),
    "label_flows": ("n",),
    "rate_changes": ("n_before", "events_before", "n", "events"),
    "drift": ("n", "events"),
    "characteristics": ("n",),
    "questions": ("n", "n_unknown", "events"),
    "question_contrasts": ("n", "n_versus"),
    "question_curves": ("n_at_risk", "events", "censored"),
}


def table_of(cells: list[list[int]]) -> Ledger:
    """Give the ledger of a two-way table that is printed with its margins."""
    ledger = Ledger()
    rows, columns = range(len(cells)), range(len(cells[0]))

    def enter(*name: object, value: int, cost: float) -> int:
        return ledger.count(name, value, ledger.unit(name, "factor", cost))

    at = {
        (row, column): enter(row, column, value=cells[row][column], cost=1)
        for row, column in product(rows, columns)
    }
    by_row = {row: enter("row", row, value=sum(cells[row]), cost=100) for row in rows}
    by_column = {
        column: enter("column", column, value=sum(cells[row][column] for row in rows), cost=100)
        for column in columns
    }
    everybody = enter("all", value=sum(map(sum, cells)), cost=10_000)
    for row in rows:
        ledger.add_up(by_row[row], [at[row, column] for column in columns])
    for column in columns:
        ledger.add_up(by_column[column], [at[row, column] for row in rows])
    ledger.add_up(everybody, by_row.values())
    ledger.add_up(everybody, by_column.values())
    return ledger


def read_every_table(
    cells: list[list[int]], hidden: set[tuple[int, int]]
) -> dict[tuple[int, int], set[int]]:
    """Try every table of whole numbers with these margins that agrees in what is not hidden."""
    places = sorted(hidden)
    most = max(map(sum, cells))
    found: dict[tuple[int, int], set[int]] = {place: set() for place in places}
    for values in product(range(most + 1), repeat=len(places)):
        tried = [list(row) for row in cells]
        for (row, column), value in zip(places, values, strict=True):
            tried[row][column] = value
        if [sum(row) for row in tried] == [sum(row) for row in cells] and [
            sum(column) for column in zip(*tried, strict=True)
        ] == [sum(column) for column in zip(*cells, strict=True)]:
            for place, value in zip(places, values, strict=True):
                found[place].add(value)
    return found


@pytest.mark.parametrize(
    "cells",
    [[[3, 9], [8, 12]], [[1, 14], [2, 3]], [[5, 5], [5, 5]], [[0, 7], [11, 4]]],
)
def test_the_attacker_finds_what_trying_every_table_finds(cells: list[list[int]]) -> None:
    policy = policy_of("cms", hide_counts_up_to=4)
    ledger = table_of(cells)
    hidden = set(product(range(2), range(2)))
    units = {ledger.units[place] for place in hidden}
    attack = plan_attack(ledger, policy, units)
    every = read_every_table(cells, hidden)
    small = [place for place in hidden if 1 <= cells[place[0]][place[1]] <= 4]
    found = attack.possible_values([ledger.index[place] for place in small])
    for place in small:
        possible = found[ledger.index[place]]
        whole = every[place] & set(range(1, 5))
        # Where one end cannot be had the others are not looked for: the count is not safe anyhow.
        assert possible <= whole
        assert (possible == set(range(1, 5))) == (whole == set(range(1, 5)))


def test_one_hidden_cell_is_no_secret() -> None:
    ledger = table_of([[3, 20, 30], [40, 50, 60], [70, 80, 90]])
    alone = {ledger.units[0, 0]}
    assert ledger.index[0, 0] in find_unsafe(ledger, CMS, alone)
    protection = protect(ledger, CMS)
    assert protection.small == 1
    assert ledger.units[0, 0] in protection.hidden
    assert len(protection.hidden) == 4  # a rectangle
    assert protection.dropped == ()
    assert find_unsafe(ledger, CMS, set(protection.hidden)) == []


def test_company_that_is_too_small_is_not_enough() -> None:
    """3 beside 4 in one sum can be at most 7: more is hidden until it can be 10."""
    ledger = table_of([[3, 4, 200], [300, 400, 500], [500, 300, 200]])
    hidden = protect(ledger, CMS).hidden
    assert ledger.units[0, 2] in hidden
    assert find_unsafe(ledger, CMS, set(hidden)) == []


@pytest.mark.parametrize("seed", range(8))
def test_what_is_chosen_is_safe_and_shows_what_it_can(seed: int) -> None:
    chance = np.random.default_rng(seed)
    cells = np.where(
        chance.random((5, 6)) < 0.2,
        chance.integers(0, 11, (5, 6)),
        chance.integers(11, 300, (5, 6)),
    )
    ledger = table_of(cells.tolist())
    protection = protect(ledger, CMS)
    assert find_unsafe(ledger, CMS, set(protection.hidden)) == []
    for place, value in np.ndenumerate(cells):
        if 1 <= value <= 10:
            assert ledger.units[place] in protection.hidden
    assert ledger.units["all",] not in protection.hidden
    assert len(protection.hidden) < len(ledger.parts) / 2 + 3 * protection.small


def test_the_same_table_hides_the_same() -> None:
    first, second = (protect(table_of([[3, 20, 9], [40, 5, 60], [70, 80, 9]]), CMS) for _ in "ab")
    assert first == second


def test_a_rounded_table_is_attacked_by_what_rounding_leaves() -> None:
    """One cell of 3 beside exact ones is known; beside rounded ones it may be some others."""
    policy = policy_of("opensafely")
    exact = table_of([[3, 20], [30, 40]])
    rounded = table_of([[3, 20], [30, 40]])
    rounded.bases = [5] * len(rounded.bases)
    hidden = {exact.units[0, 0]}
    low, high = (
        [float(side[ledger.index[0, 0]]) for ledger in (exact, rounded)
         for side in (getattr(plan_attack(ledger, policy, hidden), name),)]
        for name in ("low", "high")
    )  # fmt: skip
    assert (low[0], high[0]) == (3, 3)
    # 23 is printed as 25, which 23 to 27 are; 20 as 20, which 18 to 22 are.
    assert (low[1], high[1]) == (23 - 22, 27 - 18)


def test_tables_that_do_not_add_up_are_no_ledger() -> None:
    ledger = Ledger()
    one, two = ledger.count(("one",), 3), ledger.count(("two",), 4)
    with pytest.raises(ValueError, match="do not add up"):
        ledger.add_up(one, [two])
    with pytest.raises(ValueError, match="two values"):
        ledger.count(("one",), 5)


def test_of_a_large_minimum_a_choice_of_values_is_tried() -> None:
    assert values_to_try(10) == list(range(1, 11))
    assert values_to_try(30) == list(range(1, 31))
    many = values_to_try(500)
    assert many[:10] == list(range(1, 11)) and many[-1] == 500 and len(many) < 40


# Policies.


@pytest.mark.parametrize("name", ["cms", "opensafely", "none"])
def test_policies_of_the_house_can_be_read(name: str) -> None:
    policy = read_policy(CONFIG / "disclosure" / f"{name}.yaml")
    assert policy.id == name
    assert sorted(policy.drop_first) == sorted(PARTS)
    assert policy.drop_first[-1] == "overall"
    assert policy.hides == (name != "none")
    assert policy.base_of(primary=False) == (0 if name == "none" else 5)


def test_a_policy_that_forgets_a_part_is_refused(tmp_path: pytest.TempPathFactory) -> None:
    text = (CONFIG / "disclosure" / "cms.yaml").read_text()
    path = CONFIG.__class__(str(tmp_path)) / "cms.yaml"
    path.write_text(text.replace("  - overlaps\n", "  - overlap\n"))
    with pytest.raises(UserError, match="overlap") as caught:
        read_policy(path)
    assert "overlaps" in str(caught.value)


# Curves.


def test_curves_step_only_where_more_than_the_minimum_have_the_event() -> None:
    days = pd.DataFrame(
        {
            "estimand": "time_to_second_failure", "definition": "article", "curve": "definite",
            "day": [0, 50, 60, 70, 80, 90],
            "n_at_risk": [500, 480, 470, 440, 420, 400],
            "events": [0, 5, 6, 15, 12, 3],
            "censored": [20, 5, 24, 5, 8, 30],
            "cumulative_incidence": [0, 0.01, 0.02, 0.06, 0.09, 0.1],
            "ci_low": 0.0, "ci_high": 0.2, "status": "ok",
        }
    )  # fmt: skip
    shown = disclose_curves(days, CMS)
    assert shown["day"].tolist() == [0, 60, 80]
    assert shown["events"].tolist() == [0, 11, 27]
    assert shown["censored"].tolist() == [20, 29, 13]
    left = shown["n_at_risk"] - shown["events"] - shown["censored"]
    assert left.tolist()[:-1] == shown["n_at_risk"].tolist()[1:]
    assert disclose_curves(days.assign(events=1), CMS)["status"].tolist() == ["suppressed"]
    assert disclose_curves(days, policy_of("none")) is days


def test_labels_of_all_ages_tell_of_those_under_18() -> None:
    """The label is of all ages, the rate of adults: what lies between them is a small count."""
    ledger = Ledger()
    events = {"12-17": 8, "18-25": 40, "26 and over": 51}
    at = {
        band: ledger.count(
            ("event", "article", "trd", "age_band", "age_band", band, band), n,
            ledger.unit((band,), "age_band", 900.0),
        )
        for band, n in events.items()
    }  # fmt: skip
    for band in ("18-25", "26 and over"):
        crossed = ("event", "article", "trd", "factor_group_by_age_band", "biological", "present")
        ledger.count((*crossed, band), 30)
    adults = ledger.count(
        ("event", *overall_key("article", "trd")), 91, ledger.unit(("adults",), "overall", 3e4)
    )
    ledger.add_up(adults, [at["18-25"], at["26 and over"]])
    tables = {name: table[:0] for name, table in published().items()}
    reasons = ("article", "trd", "meets_all_criteria", 99, 80)
    tables["label_reasons"] = pd.DataFrame([reasons], columns=tables["label_reasons"].columns)
    labels = {"n": 1997, "trd": 99, "not_trd": 1776, "indeterminate": 122}
    tables["definitions"] = pd.DataFrame([{"definition": "article", **labels}])
    enter_labels(ledger, tables, "article", CMS)
    shown = {unit for unit in range(len(ledger.parts)) if unit != ledger.units["12-17",]}
    assert at["12-17"] in find_unsafe(ledger, CMS, set(range(len(ledger.parts))) - shown)
    hidden = protect(ledger, CMS).hidden
    assert ledger.units["adults",] not in hidden
    assert find_unsafe(ledger, CMS, set(hidden)) == []
    assert ledger.unit_of[ledger.index["reason", *reasons[:3]]] in hidden


# Whole releases.


def test_every_table_is_looked_at() -> None:
    assert set(COUNTS) == set(ANALYSIS_TABLES)
    tables = published()
    assert set(tables) == set(ANALYSIS_TABLES)
    for name, columns in COUNTS.items():
        assert set(columns) <= set(tables[name].columns), name


def test_a_policy_that_hides_nothing_hides_nothing() -> None:
    tables = published()
    for name, table in release_of(tables, policy_of("none")).tables.items():
        # Cells are rounded whatever a policy says; tests of their own look at them.
        if name != "multiverse":
            pd.testing.assert_frame_equal(table, tables[name])
