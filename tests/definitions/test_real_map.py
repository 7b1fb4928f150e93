"""A published trial's file through `map`, and what is proposed through the flat reader.

The file is not in the repository: TRDANALYSIS_REAL_DATA names the folder that holds
dia-antidepressant/antidepressant_data.csv (one row a visit, HAM-D17 and day of the visit, 172
patients, 608 rows; nothing says when treatment began). What is expected is counted with the module
csv. With the two lines that a person has to write, the rows are those of the mapping that comes
along, config/mappings/dia-antidepressant.yaml.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import CONFIG, REFERENCE, load_reference
from trdanalysis.commands.map import run_map
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.intake.take_in import take_in
from trdanalysis.readers.flat import read_flat

SHIPPED = CONFIG / "mappings" / "dia-antidepressant.yaml"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield engine


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = os.environ.get("TRDANALYSIS_REAL_DATA")
    if not folder:
        pytest.skip("TRDANALYSIS_REAL_DATA is not set: the real records are not at hand")
    path = Path(folder) / "dia-antidepressant" / "antidepressant_data.csv"
    if not path.is_file():
        pytest.skip("the folder of TRDANALYSIS_REAL_DATA has no dia-antidepressant")
    shutil.copy(path, tmp_path / path.name)
    return tmp_path / path.name


def sorted_rows(table: Any, *names: str) -> list[tuple[Any, ...]]:
    rows = table.to_pyarrow().to_pylist()
    return sorted((tuple(as_number(row[name]) for name in names) for row in rows), key=str)


def as_number(cell: str | None) -> str | None:
    return cell.removesuffix(".0") if cell is not None else None


def test_without_an_edit(engine: Engine, drop: Path) -> None:
    with drop.open(newline="") as file:
        rows = list(csv.DictReader(file))
    mapping = run_map(engine, drop, None, REFERENCE)
    tables = read_flat(engine, drop.parent, mapping)
    sex = {"F": "female", "M": "male"}
    assert sorted_rows(tables["patients"], "patient_id", "sex") == sorted(
        {(row["PATIENT"], sex[row["GENDER"]]) for row in rows}
    )
    expected = [
        (row["PATIENT"], as_number(row["RELDAYS"]), "HAM-D17", as_number(row["HAMDTL17"]))
        for row in rows
        if row["HAMDTL17"]
    ]
    names = ("patient_id", "day", "scale", "score")
    assert sorted_rows(tables["assessments"], *names) == sorted(expected, key=str)
    # Nothing says when treatment began: no trial gets a day that nobody wrote.
    with pytest.raises(UserError, match="wrong type for 1 whole column") as caught:
        take_in(engine, tables, load_reference())
    assert "`start_day`: 172 filled cell(s)" in str(caught.value)


def test_with_the_two_lines_that_a_person_writes(engine: Engine, drop: Path) -> None:
    mapping = run_map(engine, drop, None, REFERENCE)
    lines = []
    for line in mapping.read_text().splitlines():
        if "start_day: {constant: 'TODO" in line:
            continue
        lines.append(line.replace("# start_day:", "start_day:").replace("# stop_day:", "stop_day:"))
    text = "\n".join(lines).replace(
        "drug: THERAPY",
        "drug: {column: THERAPY, recode: {DRUG: duloxetine, PLACEBO: placebo}, otherwise: keep}",
    )
    mapping.write_text(text)
    proposed = read_flat(engine, drop.parent, mapping)
    shipped = read_flat(engine, drop.parent, SHIPPED)
    names = ("patient_id", "drug", "start_day", "stop_day")
    assert sorted_rows(proposed["trials"], *names) == sorted_rows(shipped["trials"], *names)
    assert take_in(engine, proposed, load_reference()).summary["trials"]["accepted"] == 172
