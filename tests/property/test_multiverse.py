"""Every cell of the multiverse is what a slow reading of its thresholds gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pytest

from tests.property.compare import frames
from tests.property.settings import BATCHES
from tests.slow.histories import History, draw_history, pool
from tests.slow.intake import read_drop
from tests.slow.multiverse import count_cells
from tests.support import (
    BANDS,
    CONFIG,
    REFERENCE,
    ROOT,
    article,
    pool_intake,
    take_in_raw,
    variant,
)
from trdanalysis.analysis.grid import AXES, Grid, find_primary_cell, read_grid
from trdanalysis.analysis.intervals import estimate_wilson
from trdanalysis.analysis.multiverse import estimate_multiverse
from trdanalysis.analysis.multiverse_facts import Facts, collect_facts
from trdanalysis.commands.shared import load_scales
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv
from trdanalysis.labelling.cohort import Cohort, label_cohort
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.exposure import reference_drugs

GRID = read_grid(CONFIG / "multiverse.yaml")
REFERENCE_RATE = 0.3
UNDER_AGE = [band.label for band in BANDS if not band.is_adult]
#: Cells that are labelled by definitions of their own; `make fuzz` takes others, and more.
USUAL_CELLS: tuple[dict[str, Any], ...] = (
    {"min_weeks": 8, "min_failures": 2, "nonresponse": "remission", "dose_table": "none",
     "min_adherence": "none", "distinct_by": "class", "same_episode": True, "first_line": "any"},
    {"min_weeks": 4, "min_failures": 1, "nonresponse": 25, "dose_table": "lenient",
     "min_adherence": 0.7, "distinct_by": "moiety", "same_episode": False, "first_line": "core"},
)  # fmt: skip
#: The axes along which a higher level never adds resistance; nonresponse has remission beside it.
STRICTER = ("min_weeks", "min_failures", "min_adherence", "distinct_by", "same_episode")


def draw_patients(seed: int, patients: int) -> History:
    """Draw histories with several episodes and some children."""
    random = Random(seed)
    tables = pool([draw_history(random, f"p{place}") for place in range(patients)])
    for row in tables["trials"]:
        row["episode"] = random.choice(("", "1", "1", "2", "3"))
    for row in tables["patients"]:
        if random.random() < 0.05:
            row["age_years"] = "17"
    return tables


def facts_of(engine: Engine, cohort: Cohort, grid: Grid = GRID) -> Facts:
    drugs = engine.from_memory(reference_drugs(read_csv(REFERENCE / "antidepressants.csv")))
    return collect_facts(engine, cohort, drugs, load_scales(REFERENCE), article(), grid, UNDER_AGE)


def cells_of(facts: Facts, grid: Grid = GRID) -> pd.DataFrame:
    return estimate_multiverse(
        facts,
        grid,
        find_primary_cell(grid, article()).levels,
        min_days_between_starts=14,
        reference=REFERENCE_RATE,
    )


def indexed(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.set_index(list(AXES)).sort_index()


def row_key(cell: dict[str, Any]) -> tuple[Any, ...]:
    """Give a cell's place in the table, where labels stand."""
    as_text = ("nonresponse", "min_adherence")
    levels = (str(cell[axis]) if axis in as_text else cell[axis] for axis in AXES[:-1])
    return (*levels, "kleene")


def sampled_cells(random: Random, some: int) -> Iterator[dict[str, Any]]:
    """Give all corners of the grid, and some cells from anywhere in it."""
    axes = AXES[:-1]
    ends = [(GRID.levels(axis)[0], GRID.levels(axis)[-1]) for axis in axes]
    for levels in product(*ends):
        yield dict(zip(axes, levels, strict=True))
    # Judging trials slowly is what costs: few ways of it, many cells of each.
    judged = ("min_weeks", "dose_table", "first_line")
    ways = [{axis: random.choice(GRID.levels(axis)) for axis in judged} for _ in range(3)]
    for _ in range(some):
        yield {axis: random.choice(GRID.levels(axis)) for axis in axes} | random.choice(ways)


@dataclass(frozen=True)
class Made:
    """A cohort, with what the cells are judged from and the cells."""

    tables: History
    engine: Engine
    cohort: Cohort
    facts: Facts
    cells: pd.DataFrame


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    """Give a simulated drop with steps, ratings and lost trials, and drawn patients beside it."""
    tables = draw_patients(seed=7, patients=60)
    for name, rows in tables.items():
        simulated = read_csv(ROOT / "tests" / "golden" / "drop" / f"{name}.csv")
        rows += simulated.to_dict("records")
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        cohort = pool_intake(take_in_raw(engine, frames(tables)))
        facts = facts_of(engine, cohort)
        yield Made(tables, engine, cohort, facts, cells_of(facts))


def test_cells_are_as_read_slowly(made: Made) -> None:
    tables, facts, table = made.tables, made.facts, made.cells
    cells = list(sampled_cells(Random(3), 150))
    slow = count_cells(read_drop(tables), REFERENCE / "antidepressants.csv", cells)
    found = indexed(table)
    wrong = []
    for cell, counts in zip(cells, slow, strict=True):
        row = found.loc[row_key(cell)]
        names = ("n", "trd", "not_trd", "indeterminate")
        got = {name: int(row[name]) for name in names} | {"n_maybe": facts.n_maybe}
        if got != counts:
            wrong.append(f"{cell}: expected {counts}, got {got}")
    assert not wrong, f"{len(wrong)} cells differ:\n" + "\n".join(wrong[:5])
    # The sample is not of cells in which nothing happens.
    assert len({counts["trd"] for counts in slow}) > 20
    assert len({counts["indeterminate"] for counts in slow}) > 20
    assert facts.n_maybe > 0
    assert facts.lost.sum() > 0


def test_every_cell_is_there_once_in_order(made: Made) -> None:
    table = made.cells
    assert len(table) == GRID.n_cells == 31_104
    assert not table.duplicated(list(AXES)).any()
    assert table["unknown"].tolist()[:3] == list(GRID.unknown)
    assert table["is_primary"].sum() == 1
    primary = table[table["is_primary"]].iloc[0]
    assert (primary["min_weeks"], primary["dose_table"], primary["unknown"]) == (
        6, "default", "kleene",
    )  # fmt: skip


def test_labels_add_up_and_bounds_are_no_labels(made: Made) -> None:
    facts, table = made.facts, made.cells
    labels = table[table["unknown"] == "kleene"].reset_index(drop=True)
    assert (labels["trd"] + labels["not_trd"] + labels["indeterminate"] == labels["n"]).all()
    assert (labels["indeterminate"] >= 0).all()
    everybody = facts.n + facts.n_maybe
    assert np.allclose(labels["bound_low"], labels["trd"] / everybody)
    reach = labels["trd"] + labels["indeterminate"] + facts.n_maybe
    assert np.allclose(labels["bound_high"], reach / everybody)
    for unknown, bound, other in (
        ("assume_ok", "bound_low", "bound_high"), ("assume_bad", "bound_high", "bound_low"),
    ):  # fmt: skip
        cells = table[table["unknown"] == unknown].reset_index(drop=True)
        assert cells[["trd", "not_trd", "indeterminate", "rate", other]].isna().all(axis=None)
        assert np.array_equal(cells[bound], labels[bound])
        low, high = estimate_wilson(cells[bound] * everybody, np.full(len(cells), everybody))
        assert np.allclose(cells["ci_low"], low)
        excludes = (low > REFERENCE_RATE) | (high < REFERENCE_RATE)
        assert (cells["excludes_reference"].to_numpy(dtype=bool) == excludes).all()


def test_a_stricter_level_adds_nobody(made: Made) -> None:
    table = made.cells
    labels = table[table["unknown"] == "kleene"]
    for name in ("trd", "not_trd"):
        counts = (
            labels[name].to_numpy(dtype=int).reshape([len(GRID.levels(axis)) for axis in AXES[:-1]])
        )
        sign = 1 if name == "trd" else -1
        for place, axis in enumerate(AXES[:-1]):
            if axis in STRICTER:
                assert (sign * np.diff(counts, axis=place) <= 0).all(), (name, axis)
        by = dict(zip(AXES, range(len(AXES)), strict=False))
        first_line = sign * counts.take([0, 1, 2], axis=by["first_line"])
        assert (np.diff(first_line, axis=by["first_line"]) >= 0).all()
        percent = sign * counts.take([0, 1], axis=by["nonresponse"])
        assert (np.diff(percent, axis=by["nonresponse"]) >= 0).all()
        # A drug without a minimum in one table may have one in another, so tables are not nested;
        # not to ask for a dose takes nobody away.
        dose = sign * counts.take([0, 1, 2], axis=by["dose_table"])
        free = sign * counts.take([3], axis=by["dose_table"])
        assert (free >= dose).all()


def test_the_order_of_rows_and_the_size_of_blocks_change_nothing(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trdanalysis.analysis.cell_counts._BLOCK_PATIENTS", 7)
    pd.testing.assert_frame_equal(cells_of(made.facts), made.cells)
    trials = made.engine.keep(made.cohort.trials.order_by(made.cohort.trials.line.desc()))
    again = facts_of(made.engine, dataclasses.replace(made.cohort, trials=trials))
    pd.testing.assert_frame_equal(cells_of(again), made.cells)


def definition_of(cell: dict[str, Any], name: str) -> Definition:
    """Give `article` with the thresholds of a cell."""
    thresholds = {axis: cell[axis] for axis in AXES[:-1] if axis != "nonresponse"}
    short_of: dict[str, Any] = {"reduction_below_percent": cell["nonresponse"]}
    if cell["nonresponse"] == "remission":
        short_of = {"short_of_remission": True}
    return variant(name, nonresponse=short_of, **thresholds)


def spread_cells(random: Random, some: int) -> list[dict[str, Any]]:
    """Give cells in which every level of every axis comes up about as often."""
    columns = {}
    for axis in AXES[:-1]:
        levels = GRID.levels(axis)
        column = [levels[place % len(levels)] for place in range(some)]
        random.shuffle(column)
        columns[axis] = column
    return [{axis: columns[axis][place] for axis in columns} for place in range(some)]


def test_a_cell_is_what_a_definition_of_its_thresholds_gives(made: Made) -> None:
    cells = spread_cells(Random(), 2 * BATCHES) if BATCHES else list(USUAL_CELLS)
    definitions = [definition_of(cell, f"cell-{place}") for place, cell in enumerate(cells)]
    engine, cohort = made.engine, made.cohort
    drugs = engine.from_memory(reference_drugs(read_csv(REFERENCE / "antidepressants.csv")))
    labelled = label_cohort(engine, cohort, drugs, load_scales(REFERENCE), definitions)
    labels = engine.keep(labelled.labels)
    found = {
        definition.id: count_members(labels, labelled.trials, cohort, definition.id)
        for definition in definitions
    }
    table = indexed(made.cells)
    for place, cell in enumerate(cells):
        row = table.loc[row_key(cell)]
        got = {name: int(row[name]) for name in ("trd", "not_trd", "indeterminate")}
        assert got == found[f"cell-{place}"], cell
        assert find_primary_cell(GRID, definitions[place]).levels == {**cell, "unknown": "kleene"}


def count_members(
    labels: ir.Table, trials: ir.Table, cohort: Cohort, definition: str
) -> dict[str, int]:
    """Count the labels of adults, or of unknown age, with MDD and an antidepressant trial."""
    adults = cohort.patients.filter(~cohort.patients.age_band.isin(UNDER_AGE).fill_null(False))
    own = labels.filter((labels.definition == definition) & labels.mdd)
    own = own.semi_join(adults, "patient_id")
    own = own.semi_join(trials.filter(trials.antidepressant), "patient_id")
    counted = own.label.value_counts(name="patients").to_pyarrow().to_pylist()
    return dict.fromkeys(("trd", "not_trd", "indeterminate"), 0) | {
        row["label"]: row["patients"] for row in counted
    }
