"""The native reader: CSV and Parquet as sites write them, and files that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.readers.native import read_native

PATIENTS = "patient_id,age_years\np1,40\n"
TRIALS = "patient_id,trial_id,drug,start_day\np1,t1,sertraline,0\n"
SECRET = "p1-secret"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def write(folder: Path, **files: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {"patients": PATIENTS, "trials": TRIALS, **files}.items():
        data = text.encode() if isinstance(text, str) else text
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def rows(engine: Engine, folder: Path, table: str) -> list[dict[str, Any]]:
    found = read_native(engine, folder)[table].to_pyarrow().to_pylist()
    return sorted(found, key=lambda row: row["line"])


def refused(engine: Engine, folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_native(engine, folder)
    assert caught.value.exit_code == EXIT_CODES["input"]
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_cells_are_text_with_the_line_they_stand_in(engine: Engine, tmp_path: Path) -> None:
    text = 'patient_id,age_years,site\np1, 40 ,"a, b"\np2,,\n\np3,0050,"two\nlines"\np4,1,x\n'
    found = rows(engine, write(tmp_path / "d", patients=text), "patients")
    assert [(row["patient_id"], row["age_years"], row["site"]) for row in found] == [
        ("p1", "40", "a, b"),
        ("p2", None, None),
        ("p3", "0050", "two\nlines"),
        ("p4", "1", "x"),
    ]
    assert [row["line"] for row in found] == [2, 3, 5, 7]


def test_a_byte_order_mark_and_other_line_ends_do_no_harm(engine: Engine, tmp_path: Path) -> None:
    data = b"\xef\xbb\xbfpatient_id,age_years\r\np1,40\r\np2,41\r\n"
    found = rows(engine, write(tmp_path / "d", patients=data), "patients")
    assert [(row["patient_id"], row["age_years"], row["line"]) for row in found] == [
        ("p1", "40", 2),
        ("p2", "41", 3),
    ]


def test_a_table_may_be_empty(engine: Engine, tmp_path: Path) -> None:
    folder = write(tmp_path / "d", patients="patient_id\n", trials=TRIALS.splitlines()[0] + "\n")
    assert rows(engine, folder, "patients") == []
    assert "doses" not in read_native(engine, folder)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"patient_id,age_years\np1-secret,40,9\n", "line 2"),
        (b"patient_id,age_years,age_years\np1-secret,40,9\n", "age_years"),
        (b"patient_id,\np1-secret,40\n", "header"),
        (b"patient_id,site\np1-secret,M\xfcnchen\n", "UTF-8"),
        (b'patient_id,site\np1-secret,"never closed\n', "quot"),
    ],
)
def test_an_unreadable_file_is_refused_without_its_values(
    engine: Engine, tmp_path: Path, data: bytes, says: str
) -> None:
    message = refused(engine, write(tmp_path / "d", patients=data))
    assert "patients.csv" in message
    assert says.lower() in message.lower()


def test_a_missing_table_and_a_table_that_stands_twice_are_refused(
    engine: Engine, tmp_path: Path
) -> None:
    folder = write(tmp_path / "d")
    (folder / "trials.csv").unlink()
    assert "required table `trials` is missing" in refused(engine, folder)
    twice = write(tmp_path / "e")
    pq.write_table(pa.table({"patient_id": ["a"]}), twice / "patients.parquet")
    assert "stands twice" in refused(engine, twice)


def test_parquet_is_read_as_the_same_text(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    table = pa.table(
        {
            "patient_id": pa.array([7, 8, 9], pa.int64()),
            "age_years": pa.array([40.0, float("nan"), None], pa.float64()),
            "mdd_diagnosis": pa.array([True, False, None]),
            "sex": pa.array(["female", "", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, folder / "patients.parquet")
    (folder / "trials.csv").write_text(TRIALS)
    found = rows(engine, folder, "patients")
    assert [row["patient_id"] for row in found] == ["7", "8", "9"]
    assert [row["mdd_diagnosis"] for row in found] == ["yes", "no", None]
    # NaN is nothing, not a number; an empty text is an empty cell.
    assert [row["age_years"] for row in found] == ["40.0", None, None]
    assert [row["sex"] for row in found] == ["female", None, None]
    assert [row["line"] for row in found] == [2, 3, 4]


def test_a_file_that_is_no_parquet_is_refused(engine: Engine, tmp_path: Path) -> None:
    folder = write(tmp_path / "d")
    (folder / "doses.parquet").write_bytes(b"p1-secret")
    assert "doses.parquet" in refused(engine, folder)
