"""The multiverse at its edges: odd grids, odd cohorts, rounding, and the page's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.property.compare import frames
from tests.support import CONFIG, REFERENCE, article, pool_intake, take_in_raw, variant
from trdanalysis.analysis.grid import (
    MOST_CELLS,
    Grid,
    PrimaryCell,
    find_primary_cell,
    read_grid,
    thresholds_of,
)
from trdanalysis.analysis.multiverse import COLUMNS, estimate_multiverse
from trdanalysis.analysis.multiverse_facts import Facts, Reading, collect_facts
from trdanalysis.commands.shared import load_scales
from trdanalysis.disclosure.cells import disclose_cells
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import read_csv
from trdanalysis.labelling.cohort import Cohort
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.report.multiverse import make_multiverse

GRID_FILE = CONFIG / "multiverse.yaml"
SMALL = Grid.model_validate(
    {
        "min_weeks": [6], "min_failures": [1, 2, 3], "nonresponse": [50],
        "dose_table": ["default"], "min_adherence": ["none", 0.8], "distinct_by": ["ingredient"],
        "same_episode": [False, True], "first_line": ["broad"],
        "unknown": ["kleene", "assume_ok", "assume_bad"],
    }
)  # fmt: skip
#: A patient who is resistant if only enough failures are counted.
ASKED = {
    "age_years": "40", "mdd_diagnosis": "yes", "bipolar_disorder": "no",
    "functional_impairment": "yes", "medical_cause": "no", "current_substance_use": "no",
}  # fmt: skip
#: A trial that failed by every definition.
FAILED = {
    "dose_mg_per_day": "150", "adherence": "1", "scale": "HAM-D17", "baseline_score": "24",
    "endpoint_score": "24",
}  # fmt: skip
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=1000, threads=2) as one:
        yield one


def trial(number: int, drug: str, start: int, **changed: str) -> dict[str, str]:
    return {
        "trial_id": f"t{number}", "drug": drug, "start_day": str(start),
        "stop_day": str(start + 70), "baseline_day": str(start), "endpoint_day": str(start + 60),
        "episode": "1", **FAILED, **changed,
    }  # fmt: skip


def cohort_of(engine: Engine, patients: Rows, trials: Rows) -> Cohort:
    tables = {"patients": patients, "trials": trials, "doses": [], "assessments": []}
    return pool_intake(take_in_raw(engine, frames(tables)))


def facts_of(engine: Engine, cohort: Cohort, grid: Grid = SMALL) -> Facts:
    drugs = engine.from_memory(reference_drugs(read_csv(REFERENCE / "antidepressants.csv")))
    scales = load_scales(REFERENCE)
    return collect_facts(engine, cohort, drugs, scales, article(), grid, ["under 12", "12-17"])


def cells_of(facts: Facts, grid: Grid = SMALL) -> pd.DataFrame:
    primary = find_primary_cell(grid, article()).levels
    return estimate_multiverse(facts, grid, primary, min_days_between_starts=14, reference=0.3)


def facts_of_one(facts: Facts, place: int) -> Facts:
    """Give the facts of one patient in question."""
    own = facts.patient == place

    def of(way: Reading) -> Reading:
        parts = (way.first_line, way.nonresponse, way.exposure, way.adherence)
        return Reading(*(part[..., own] for part in parts))

    return dataclasses.replace(
        facts,
        n=1,
        is_certain=facts.is_certain[[place]],
        lost=facts.lost[[place]],
        patient=facts.patient[own] - place,
        start_day=facts.start_day[own],
        episode=facts.episode[own],
        treatments={name: codes[own] for name, codes in facts.treatments.items()},
        sure=of(facts.sure),
        may=of(facts.may),
    )


def label_in(cells: pd.DataFrame, failures: int, same_episode: bool) -> str:
    """Say how the one patient is labelled."""
    row = cells[
        (cells["min_failures"] == failures) & (cells["same_episode"] == same_episode)
        & (cells["unknown"] == "kleene") & (cells["min_adherence"] == "0.8")
    ].iloc[0]  # fmt: skip
    return next(name for name in ("trd", "not_trd", "indeterminate") if row[name] == 1)


def test_nobody(engine: Engine) -> None:
    cells = cells_of(facts_of(engine, cohort_of(engine, [], [])))
    assert tuple(cells.columns) == COLUMNS
    assert len(cells) == SMALL.n_cells
    assert set(cells["status"]) == {"not_estimable"}
    assert (
        cells[["rate", "ci_low", "bound_low", "bound_high", "excludes_reference"]]
        .isna()
        .all(axis=None)
    )
    for limit in (0, 10):
        hidden = disclose_cells(cells, limit)
        assert set(hidden["status"]) == {"not_estimable"}
        made = make_multiverse(hidden, "article")
        assert made["sentences"] == []
        assert made["figure"] == ""
        assert made["axes"].rows == []


def test_no_trials_and_nothing_known(engine: Engine) -> None:
    """Who was not treated is out; of whom nothing is known may be in, and resistant."""
    people = [{"patient_id": "untreated"} | ASKED, {"patient_id": "unknown"}]
    trials = [{"patient_id": "unknown", "trial_id": "t", "start_day": "0"}]
    cells = cells_of(facts_of(engine, cohort_of(engine, people, trials)))
    labels = cells[cells["unknown"] == "kleene"]
    assert set(labels["n"]) == {0}
    assert set(labels["n_unknown"]) == {1}
    assert set(labels["status"]) == {"not_estimable"}
    assert set(labels["bound_low"]) == {0.0}
    assert set(labels["bound_high"]) == {1.0}
    bad = cells[cells["unknown"] == "assume_bad"]
    assert set(bad["n"]) == {1}
    assert set(bad["bound_high"]) == {1.0}


#: Trials of one patient each (drug, start, episode), how many are lost, and the labels: by number
#: of failures, in a lifetime and in one episode.
HISTORIES: tuple[tuple[list[tuple[str, int, str]], int, str], ...] = (
    # Three in one episode.
    ([("sertraline", 0, "1"), ("venlafaxine", 100, "1"), ("mirtazapine", 200, "1")], 0,
     "trd trd trd / trd trd trd"),
    # Two episodes, two and one.
    ([("sertraline", 0, "1"), ("venlafaxine", 100, "1"), ("mirtazapine", 200, "2")], 0,
     "trd trd trd / trd trd not_trd"),
    # The second's episode is unknown: it is alone for certain, with either other perhaps.
    ([("sertraline", 0, "1"), ("venlafaxine", 100, ""), ("mirtazapine", 200, "2")], 0,
     "trd trd trd / trd indeterminate not_trd"),
    # No episode is known: each alone for certain, all together perhaps.
    ([("sertraline", 0, ""), ("venlafaxine", 100, ""), ("mirtazapine", 200, "")], 0,
     "trd trd trd / trd indeterminate indeterminate"),
    # Begun together, or the same again, is one.
    ([("sertraline", 0, "1"), ("venlafaxine", 14, "1"), ("sertraline", 200, "1")], 0,
     "trd trd not_trd / trd trd not_trd"),
    # A quarantined trial may be one more.
    ([("sertraline", 0, "1"), ("venlafaxine", 100, "2")], 1,
     "trd trd indeterminate / trd indeterminate not_trd"),
)  # fmt: skip


@pytest.fixture(scope="module")
def cohort(engine: Engine) -> Cohort:
    """Give the histories, each of a patient of its own."""
    people: Rows = []
    trials: Rows = []
    for place, (history, lost, _) in enumerate(HISTORIES):
        name = {"patient_id": f"p{place}"}
        people.append(name | ASKED)
        trials += [
            trial(number, drug, start, episode=episode) | name
            for number, (drug, start, episode) in enumerate(history)
        ]
        trials += [trial(9, "fluoxetine", 300, start_day="soon") | name] * lost
    return cohort_of(engine, people, trials)


def test_one_patient(engine: Engine, cohort: Cohort) -> None:
    facts = facts_of(engine, cohort)
    assert (facts.n, facts.n_maybe) == (len(HISTORIES), 0)
    for place, (history, _, labels) in enumerate(HISTORIES):
        cells = cells_of(facts_of_one(facts, place))
        found = [
            " ".join(label_in(cells, failures, same) for failures in (1, 2, 3))
            for same in (False, True)
        ]
        assert " / ".join(found) == labels, history


def test_a_grid_of_one_cell_is_the_definition(engine: Engine, cohort: Cohort) -> None:
    levels = thresholds_of(article())
    assert levels is not None
    one = Grid.model_validate({axis: [level] for axis, level in levels.items()})
    cells = cells_of(facts_of(engine, cohort, one), one)
    assert cells[["n", "trd", "is_primary"]].iloc[0].tolist() == [6, 6, True]


def changed_grid(folder: Path, old: str, new: str) -> Path:
    path = folder / "multiverse.yaml"
    text = GRID_FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("min_weeks:", "min_week:", "did you mean `min_weeks`?"),
        ("min_weeks: [4, 6, 8, 10]", "", "missing key `min_weeks`"),
        ("[4, 6, 8, 10]", "[]", "one value or more"),
        ("[4, 6, 8, 10]", "[4, 6, 4]", "twice"),
        ("[4, 6, 8, 10]", "[0, 6]", "between 1 and 52"),
        ("[none, 0.7, 0.8, 0.9]", "[none, 80]", "proportion"),
        ("[25, 50, remission]", "[25, 40]", "`nonresponse"),
        ("[default, strict, lenient, none]", "[defualt]", "`dose_table"),
        ("[kleene, assume_ok, assume_bad]", "[assume_ok]", "`kleene`"),
        ("[4, 6, 8, 10]", str(list(range(1, 41))), f"{MOST_CELLS:,}"),
    ],
)
def test_a_faulty_grid_is_told(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(UserError) as caught:
        read_grid(changed_grid(tmp_path, old, new))
    assert caught.value.exit_code == EXIT_CODES["config"]
    assert says in str(caught.value)
    assert "multiverse.yaml" in str(caught.value)


def test_the_kept_grid_has_every_cell_and_the_primary() -> None:
    grid = read_grid(GRID_FILE)
    assert grid.n_cells == 31_104
    assert find_primary_cell(grid, article()) == PrimaryCell(thresholds_of(article()))


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (variant("x", min_weeks=7), "`min_weeks` of `x` is 7, which the grid does not have"),
        (variant("x", dose_table="atrq"), "`dose_table` of `x` is atrq"),
        (variant("x", min_adherence=0.85), "`min_adherence` of `x` is 0.85"),
        (variant("x", of_classes=("SSRI",)), "asks for more"),
        (variant("x", within_days=365), "asks for more"),
        (variant("x", nonresponse={"reduction_at_most_percent": 25}), "asks for more"),
        (variant("x", nonresponse={"switched_within_weeks": 4}), "asks for more"),
        (variant("x", min_weeks="none"), "asks for more"),
    ],
)
def test_a_definition_that_is_no_cell_says_why(definition: Definition, why: str) -> None:
    cell = find_primary_cell(read_grid(GRID_FILE), definition)
    assert cell.levels is None
    assert why in cell.why_not


def made_up_cells(n: int, counts: list[tuple[int, int]], maybe: int = 20) -> pd.DataFrame:
    """Give cells of so many proven, and possibly resistant, patients of ``n``."""
    blank: dict[str, Any] = {
        "min_weeks": 6, "nonresponse": "50", "dose_table": "default", "min_adherence": "0.8",
        "distinct_by": "ingredient", "same_episode": False, "first_line": "broad",
        "reference": 0.3, "excludes_reference": False, "is_primary": False, "status": "ok",
    }  # fmt: skip
    rows = []
    for place, (trd, possible) in enumerate(counts, start=1):
        whole = n + maybe
        cell = blank | {"min_failures": place, "n_unknown": possible - trd + maybe}
        labels = {
            "n": n, "trd": trd, "not_trd": n - possible, "indeterminate": possible - trd,
            "rate": trd / n, "bound_low": trd / whole, "bound_high": (possible + maybe) / whole,
        }  # fmt: skip
        rows += [
            cell | labels | {"unknown": "kleene"},
            cell | {"n": whole, "bound_low": trd / whole, "unknown": "assume_ok"},
            cell | {"n": whole, "bound_high": (possible + maybe) / whole, "unknown": "assume_bad"},
        ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    whole_numbers = ("n", "n_unknown", "trd", "not_trd", "indeterminate")
    kinds = dict.fromkeys(whole_numbers, "Int64") | {"excludes_reference": "boolean"}
    return table.astype(kinds)


def test_counts_leave_rounded_and_rates_are_of_these() -> None:
    shown = disclose_cells(made_up_cells(203, [(52, 91), (33, 58)]), 0)
    labels = shown[shown["unknown"] == "kleene"]
    assert labels[["n", "n_unknown", "trd", "not_trd", "indeterminate"]].to_numpy(int).tolist() == [
        [205, 60, 50, 110, 40], [205, 45, 35, 145, 25],
    ]  # fmt: skip
    assert np.allclose(labels["rate"], [0.2439, 0.1707])
    assert np.allclose(labels["bound_low"], [0.2222, 0.1556])
    assert np.allclose(labels["bound_high"], [0.4889, 0.3556])
    others = shown[shown["unknown"] != "kleene"]
    assert np.allclose(others["bound_low"].dropna(), labels["bound_low"])
    assert np.allclose(others["bound_high"].dropna(), labels["bound_high"])


@pytest.mark.parametrize(
    ("n", "counts", "maybe"),
    [
        (203, (9, 91), 20),  # few proven
        (203, (12, 91), 20),  # rounded, they would be shown as few
        (203, (52, 60), 20),  # few indeterminate
        (203, (52, 195), 20),  # few who are not
        (203, (195, 203), 0),  # few who are not proven
        (203, (52, 91), 3),  # few who may be members
        (8, (0, 0), 20),  # few members
    ],
)
def test_a_small_count_hides_the_cell_and_its_bounds(
    n: int, counts: tuple[int, int], maybe: int
) -> None:
    shown = disclose_cells(made_up_cells(n, [counts], maybe), 10)
    assert set(shown["status"]) == {"suppressed"}
    numbers = ["n", "n_unknown", "trd", "rate", "ci_low", "bound_low", "bound_high"]
    assert shown[numbers].isna().all(axis=None)
    assert shown["excludes_reference"].isna().all()


def test_a_large_cell_beside_a_hidden_one_stays() -> None:
    shown = disclose_cells(made_up_cells(203, [(52, 91), (4, 58)]), 10)
    assert shown["status"].tolist() == ["ok"] * 3 + ["suppressed"] * 3


def test_the_page_says_what_the_cells_say() -> None:
    cells = made_up_cells(2000, [(800, 900), (400, 700), (40, 100)])
    cells.loc[3, "is_primary"] = True
    made = make_multiverse(disclose_cells(cells, 10), "article")
    text = " ".join(made["sentences"])
    assert "from 2.0% to 40.0% over 3 cells" in text
    assert "excludes 30%: it lies below in 66.7% and above in 33.3%" in text
    assert "would lie below 30% in 33.3% of the cells" in text
    assert "those of article, has 20.0% (18.3 to 21.8%); 33% of the cells have less" in text
    assert "most is “failures”: its mean over the cells goes from 2.0% (3 or more)" in text
    assert made["axes"].rows[0] == [
        "Failures", "1 or more: 40.0%; 2 or more: 20.0%; 3 or more: 2.0%", "38.0",
    ]  # fmt: skip
    assert "primary definition: 20.0%" in made["figure"]
    assert made["figure"].startswith("<svg")


def test_the_page_says_where_there_is_no_primary_cell_or_it_is_hidden() -> None:
    cells = made_up_cells(2000, [(800, 900), (4, 700)])
    text = " ".join(make_multiverse(disclose_cells(cells, 10), "article")["sentences"])
    assert "No cell is marked as primary" in text
    cells.loc[3, "is_primary"] = True
    made = make_multiverse(disclose_cells(cells, 10), "article")
    assert "The primary cell is hidden" in " ".join(made["sentences"])
    assert "1 cell is hidden and no part" in " ".join(made["sentences"])
    assert "primary definition:" not in made["figure"]
