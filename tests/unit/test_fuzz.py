"""Two hundred spoiled files of `make fuzz`, which has ten thousand drops and two thousand settings.

A case is made of its seed. One that fails is run again, and left to be looked at, with
`python -m tests.faults.fuzz --drops 1 --settings 0 --seed N`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.faults.drops import FLAT_MAPPING, SENTINELS, TABLE_ROWS, judge_drop, run_drops
from tests.faults.settings import run_settings
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.text_tables import read_text_csv

DROPS, SETTINGS = 12, 188


def test_spoiled_settings_are_refused_in_words(tmp_path: Path) -> None:
    ends = Counter[str]()
    for seed, went, faults in run_settings(range(SETTINGS), tmp_path):
        assert not faults, f"settings, seed {seed}: {faults}"
        ends[went] += 1
    assert ends["refused"] > SETTINGS / 2
    assert ends["accepted"] > 0


def test_spoiled_drops_lose_no_row_and_tell_no_value(tmp_path: Path) -> None:
    ends = Counter[str]()
    for seed, went, faults in run_drops(range(DROPS), tmp_path):
        assert not faults, f"drop, seed {seed}: {faults}"
        ends[went] += 1
    assert ends["refused"] > 0 and ends["accepted"] > 0


def test_the_drop_is_good_before_it_is_spoiled(tmp_path: Path) -> None:
    drop = tmp_path / "a-drop"
    drop.mkdir()
    for name in ("patients", "trials"):
        rows = TABLE_ROWS[name]
        (drop / f"{name}.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    assert judge_drop(drop) == ("accepted", [])
    text = "".join(path.read_text() for path in drop.iterdir())
    assert sum(word in text for word in SENTINELS) > 8
    # What looks for values finds one that is told: here in the name of a column.
    (drop / "patients.csv").write_text("patient_id,age_years,zqpat1\nx,40,1\n")
    went, faults = judge_drop(drop)
    assert "a patient's value is told (zqpat)" in faults[0]
    assert yaml.safe_load(yaml.safe_dump(FLAT_MAPPING)) == FLAT_MAPPING


# --- found by it


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # A line end within a cell is not that of the rows.
        (b'patient_id,site\np1,"a\r\nb"\np2,c\n', 2),
        (b'patient_id,site\r\np1,"a\nb"\r\np2,c\r\n', 2),
        (b'patient_id,site\np1,"a\rb"\np2,c\n', 2),
        # Refused: none of them was read, and nothing was said.
        (b"patient_id,site\rp1,a\rp2,b\r", None),
        (b"patient_id,site\np1,a\r\np2,b\r\n", None),
        (b"patient_id,site\r\np1,a\np2,b\n", None),
        (b"patient_id,site\np1,a\rp2,b\n", None),
    ],
)
def test_rows_are_not_lost_by_their_line_ends(
    tmp_path: Path, text: bytes, rows: int | None
) -> None:
    (tmp_path / "patients.csv").write_bytes(text)
    with Engine(memory_limit_mb=300, threads=1) as engine:
        if rows is None:
            with pytest.raises(UserError, match="line ends are not of one kind"):
                read_text_csv(engine, tmp_path / "patients.csv")
        else:
            table = read_text_csv(engine, tmp_path / "patients.csv")
            assert table.count().to_pyarrow().as_py() == rows
