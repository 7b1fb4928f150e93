"""Simulated drops: the tables of a drop, the truth behind them, and their files."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.contract import NO, TABLES, YES
from trdanalysis.errors import UserError
from trdanalysis.files import write_aside
from trdanalysis.simulate.cells import Holes
from trdanalysis.simulate.dirt import add_dirt
from trdanalysis.simulate.doses import draw_doses
from trdanalysis.simulate.next_steps import draw_next_steps
from trdanalysis.simulate.patients import (
    Array,
    Columns,
    draw_functioning,
    draw_patients,
    impairment_chances,
)
from trdanalysis.simulate.question_truth import (
    Known,
    derive_groups,
    derive_question_truth,
)
from trdanalysis.simulate.ratings import draw_ratings, record_assessments, record_doses
from trdanalysis.simulate.records import (
    draw_beside,
    flatten_courses,
    record_patients,
    record_trials,
)
from trdanalysis.simulate.symptoms import draw_symptoms
from trdanalysis.simulate.trials import JOINED, POSITIONS, draw_courses, miss_doses
from trdanalysis.simulate.truth import MIN_DAYS, derive_criteria, derive_truth
from trdanalysis.simulate.visits import draw_visits

FileFormat = Literal["csv", "parquet"]
DROP_YAML = "synthetic: true\nmode: snapshot\nsource: native\n"


@dataclass(frozen=True)
class SimulatedDrop:
    """A drop and its truth.

    Attributes
    ----------
    tables
        ``patients``, ``trials``, ``doses``, ``assessments``: the contract's columns, text and
        nullable types.
    truth
        One row a patient: see :func:`trdanalysis.simulate.truth.derive_truth` and
        :func:`trdanalysis.simulate.question_truth.derive_question_truth`.
    """

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame


def simulate_drop(
    n_patients: int, seed: int, *, dirt: bool = True, missing: bool = True
) -> SimulatedDrop:
    """Simulate a drop with a known truth.

    Parameters
    ----------
    n_patients
        Patients, 0 or more; about 2.6 trials each.
    seed
        The same seed gives the same drop, and with other ``dirt`` or ``missing`` the same patients.
    dirt
        Whether to add faults for intake to find (:mod:`trdanalysis.simulate.dirt`).
    missing
        Whether values are missing at realistic rates. Without ``dirt`` and ``missing`` the labels
        of the ``article`` definition are those of the truth.

    Raises
    ------
    UserError
        Where ``n_patients`` or ``seed`` is negative.
    """
    return simulate_chunk(0, n_patients, seed, dirt=dirt, missing=missing)


def simulate_chunk(
    first: int,
    n_patients: int,
    seed: int,
    *,
    dirt: bool = True,
    missing: bool = True,
    step_share: float = 0.3,
    rated_share: float = 0.3,
) -> SimulatedDrop:
    """Simulate the patients numbered from ``first``, as one part of a larger drop.

    Parts are independent of each other, so that a drop of any size can be made piece by piece; see
    :func:`simulate_drop` for the rest.

    Parameters
    ----------
    first
        Number of the first patient; ids and randomness of a part follow from it.
    n_patients, seed, dirt, missing
        As in :func:`simulate_drop`.
    step_share
        Share of courses with a dose that have dose steps (2.5 each).
    rated_share
        Share of courses whose scores stand in ``assessments`` (3 ratings each), not in ``trials``.
    """
    if min(first, n_patients, seed) < 0:
        raise UserError(
            "a simulation needs a number of patients and a seed that are not negative",
            expected="0, 1, 2, ...",
            kind="config",
        )
    # Streams of their own: a fault added, or a value left out, changes no patient.
    story, holes_rng, dirt_rng, young, after, symptoms, visits = (
        np.random.default_rng((seed, first, stream)) for stream in range(7)
    )
    ids = np.array([f"S{i:08d}" for i in range(first, first + n_patients)], dtype=object)
    patients = draw_patients(story, n_patients)
    grid, doses, second = _draw_histories(story, young, after, patients, step_share)
    beside = _leave_out_later(draw_beside(story, grid), grid, second)
    beside, last_observed_day = _observe(story, grid, beside)
    courses = flatten_courses(grid, doses)
    rated = _draw_rated(story, grid, rated_share)[grid["active"]]
    ratings = draw_ratings(story, courses, rated, draw_visits(visits, patients, courses, rated))
    truth = derive_truth(ids, patients, grid, doses)
    group = derive_groups(truth, grid, doses)
    patients |= draw_symptoms(symptoms, group)
    holes = Holes(holes_rng, missing)
    tables = {
        "patients": record_patients(holes, ids, patients, last_observed_day),
        "trials": record_trials(holes, ids, patients, courses, beside, rated),
        "doses": record_doses(holes, ids, courses),
        "assessments": record_assessments(ids, patients, ratings),
    }
    told = derive_question_truth(patients, grid, doses, truth, Known(group, ratings))
    truth = pd.concat([truth, told], axis=1)
    return SimulatedDrop(add_dirt(dirt_rng, tables) if dirt else tables, truth)


def _draw_histories(
    story: np.random.Generator,
    young: np.random.Generator,
    after: np.random.Generator,
    patients: Columns,
    step_share: float,
) -> tuple[Columns, Columns, Array]:
    """Draw courses, functioning (into ``patients``) and doses; say which is the second failure.

    What followed a second failure is drawn anew, and who failed twice is known with the doses only.
    The same draws made again from copies of the stream leave everybody else as they would be.
    """
    grid = draw_courses(story, patients)
    miss_doses(young, patients, grid)
    before = deepcopy(story)
    draw_functioning(story, impairment_chances(_last_failed(grid)))
    judged = derive_criteria(grid, _grid_doses(deepcopy(story), grid, step_share))
    second = draw_next_steps(after, patients, grid, judged["failed"])
    patients |= draw_functioning(before, impairment_chances(_last_failed(grid), second >= 0))
    return grid, _grid_doses(story, grid, step_share), second


def _leave_out_later(beside: Columns, grid: Columns, second: Array) -> Columns:
    """Leave out what was begun beside the courses so late that it would be a next step."""
    patient, start = beside["patient"], beside["start_day"]
    established = grid["start_day"][patient, np.maximum(second[patient], 0)] + MIN_DAYS
    kept = (second[patient] < 0) | (start < established)
    return {name: values[kept] for name, values in beside.items()}


def _last_failed(grid: Columns) -> Array:
    """Say whether the last course of each patient failed; without any, depression stays."""
    count = grid["active"].sum(axis=1)
    last = grid["outcome"][np.arange(len(count)), np.maximum(count - 1, 0)]
    failed: Array = (count == 0) | (last >= 2)
    return failed


def _grid_doses(rng: np.random.Generator, grid: Columns, step_share: float) -> Columns:
    """Draw doses for every position, back in the shape of the grid."""
    flat = {name: values.ravel() for name, values in grid.items()}
    doses = draw_doses(rng, flat, step_share)
    shape = grid["active"].shape
    return {name: values.reshape(*shape, *values.shape[1:]) for name, values in doses.items()}


def _draw_rated(rng: np.random.Generator, grid: Columns, share: float) -> Array:
    """Choose the courses rated in ``assessments``; those begun together share their ratings."""
    rated: Array = rng.random(grid["active"].shape) < share
    for k in range(1, POSITIONS):
        rated[:, k] = np.where(grid["kind"][:, k] == JOINED, rated[:, k - 1], rated[:, k])
    return rated


def _observe(rng: np.random.Generator, grid: Columns, beside: Columns) -> tuple[Columns, Array]:
    """Set the last day under observation, and end what is given beside the courses by then."""
    n = len(grid["active"])
    last = np.where(grid["active"], grid["stop_day"], 0).max(axis=1)
    latest = last.copy()
    np.maximum.at(latest, beside["patient"], beside["stop_day"])
    observed = np.where(grid["ongoing"].any(axis=1), last, latest + rng.integers(0, 200, n))
    stop = np.minimum(beside["stop_day"], observed[beside["patient"]])
    kept = stop > beside["start_day"]
    ended = beside | {"stop_day": stop}
    return {name: values[kept] for name, values in ended.items()}, observed


def write_drop(
    drop: SimulatedDrop,
    folder: Path,
    *,
    file_format: FileFormat = "csv",
    truth_path: Path | None = None,
) -> Path:
    """Write a drop, and its truth where the pipeline does not read it.

    The folder is written aside and renamed, so that no half-written drop is ever seen. The same
    drop gives the same bytes.

    Parameters
    ----------
    drop
        What to write.
    folder
        Folder of the drop, ``<drops>/<drop_id>``; new or empty.
    file_format
        Of the tables: ``csv`` or ``parquet``.
    truth_path
        File of the truth. By default ``truth/<drop_id>.csv`` beside the folder of drops, so that it
        is neither a table of the drop nor a drop.

    Returns
    -------
    pathlib.Path
        Where the truth was written.

    Raises
    ------
    UserError
        Kind ``output``, where the folder holds something already or cannot be written.
    """
    folder = folder.absolute()
    check_new_folder(folder)
    with write_aside(folder) as aside:
        aside.mkdir()
        for spec in TABLES.values():
            path = aside / f"{spec.name}.{file_format}"
            write_table(drop.tables[spec.name], path, file_format)
        (aside / "drop.yaml").write_text(DROP_YAML, encoding="utf-8", newline="\n")
    truth_path = truth_path or truth_file(folder)
    with write_aside(truth_path) as aside:
        write_table(drop.truth, aside, "csv")
    return truth_path


def check_new_folder(folder: Path) -> None:
    """Refuse to write a simulated drop over anything.

    Raises
    ------
    UserError
        Kind ``output``, where the folder holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            "the folder of the simulated drop holds something already",
            where=str(folder),
            expected="a new or an empty folder",
            try_this="give another folder, or remove this one",
            kind="output",
        )


def truth_file(folder: Path) -> Path:
    """Say where the truth of a drop's folder stands: neither one of its tables nor a drop."""
    return folder.parent.parent / "truth" / f"{folder.name}.csv"


def write_table(table: pd.DataFrame, path: Path, file_format: FileFormat) -> None:
    """Write one table to a file of its own."""
    if file_format == "parquet":
        pq.write_table(to_arrow(table), path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        write_rows(table, file)


def write_rows(table: pd.DataFrame, file: IO[str], *, header: bool = True) -> None:
    """Write CSV as the contract reads it: yes, no or nothing; whole numbers without a point."""
    words = {True: YES, False: NO}
    text = {
        name: values.map(words).astype("str") if values.dtype in ("boolean", "bool") else values
        for name, values in table.items()
    }
    pd.DataFrame(text, columns=table.columns).to_csv(
        file, index=False, header=header, float_format="%.10g", lineterminator="\n"
    )


def to_arrow(table: pd.DataFrame) -> pa.Table:
    """Turn a table into Arrow without the notes of pandas, which differ between versions."""
    return pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
