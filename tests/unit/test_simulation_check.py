"""The machinery of the check by simulation, on designs small enough for every run of the tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.simulation import bounds, clustered
from tests.simulation.design import Asked, add_counts, covers, make_row, rejects
from tests.simulation.drops import DropRate
from tests.simulation.exact import enumerate_coverage
from tests.simulation.page import write_page
from tests.simulation.work import list_designs
from trdanalysis.analysis.intervals import estimate_clopper_pearson, estimate_wilson


def test_enumerated_coverage() -> None:
    chances = np.arange(5, 96) / 100
    wilson = enumerate_coverage(estimate_wilson, 30, chances)
    assert 0.94 <= wilson.mean() <= 0.96
    assert wilson.min() >= 0.92
    assert enumerate_coverage(estimate_clopper_pearson, 30, chances).min() >= 0.95


def test_enumerated_coverage_adds_up_the_chances() -> None:
    # With one patient: no event, chance 0.7, covers; an event, chance 0.3, does not.
    covered = enumerate_coverage(
        lambda events, n: (events * 0.5, np.full(2, 0.9)), 1, np.array([0.3])
    )
    assert covered == pytest.approx([0.7])


def test_counts_leave_out_what_is_not_there() -> None:
    assert covers([0.1, 0.4, np.nan], [0.3, 0.5, np.nan], 0.2) == (1, 2)
    assert rejects([0.04, 0.05, np.nan]) == (1, 2)
    assert add_counts([[(1, 2)], [(3, 4)]]) == [(4, 6)]


@pytest.mark.parametrize(
    ("asked", "got", "holds"),
    [(Asked(0.93, 0.97), 0.97, True), (Asked(0.93, 0.97), 0.9701, False),
     (Asked(None, 0.05), 0.0, True), (Asked(0.95, None), 0.9499, False)],
)  # fmt: skip
def test_what_is_asked(asked: Asked, got: float, holds: bool) -> None:
    assert asked.holds(got) is holds


def test_a_block_gives_the_same_numbers_again_and_another_block_others() -> None:
    design = next(one for one in clustered.list_designs() if "twice 50" in one.name)
    small = replace(design, repetitions=400, block=100)
    blocks = [small.run(block) for block in range(small.blocks())]
    assert blocks[0] == small.run(0)
    assert len({tuple(counts) for counts in blocks}) > 1
    hits, of = add_counts(blocks)[0]
    assert of == 400
    # Five standard errors about 95%.
    assert 0.89 < hits / of <= 1


def test_every_design_has_its_own_random_numbers() -> None:
    names = [(design.questions[0].table, design.name) for design in list_designs()]
    assert len(names) == len(set(names))


def test_bounds_hold_the_whole_rate() -> None:
    found = bounds.check_bounds("more often where the value is yes", cohorts=2, patients=30)
    assert found.within == found.rates > 0


def test_the_page_says_what_is_not_within() -> None:
    design = clustered.list_designs()[0]
    question = design.questions[0]
    rows = [
        make_row("right", question, (950, 1000), 1000),
        make_row("wrong", question, (900, 1000), 1200),
    ]
    drop = DropRate(1, "trd", 0.1, 0.05, 0.04, 0.2, 0.08, 0.06, 0.12)
    page = write_page(rows, [bounds.BoundCount("at random", 1, 10, 9, 0.1)], [drop])
    assert "1 of 2 numbers are within" in page
    assert "| wrong | rate 0.3 | 95% | 90.00% | 0.95% | 16.67% | 91% to 98% | no |" in page
    assert "NOT always" in page
    assert "-2.0" in page
