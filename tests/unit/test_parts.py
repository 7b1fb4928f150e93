"""Work in parts: nobody is lost or doubled, and what is written has the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from trdanalysis import parts as parts_module
from trdanalysis.commands.intake import run_intake
from trdanalysis.commands.label import run_label
from trdanalysis.commands.pool import run_pool
from trdanalysis.engine import Engine
from trdanalysis.parts import WHOLE, Part, SortedFile, divide, lay_out
from trdanalysis.readers import parquet_tables, text_tables
from trdanalysis.settings import read_settings, read_yaml
from trdanalysis.simulate import simulate_drop, write_drop

CONFIG = Path(__file__).parents[2] / "config"
IDS = [None, *(f"p{n * 37 % 1000:03d}" for n in range(1000)), "é", "Z", "p", " "]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a part be of 150 rows, and files of more be read as large ones are."""
    monkeypatch.setattr(parts_module, "ROWS_AT_A_TIME", 150)
    for module in (parquet_tables, text_tables):
        monkeypatch.setattr(module, "MOST_ROWS_IN_MEMORY", 150)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("encrypted", [False, True])
def test_everybody_is_in_one_part_and_parts_follow_each_other(encrypted, tmp_path) -> None:
    with Engine(300, 1, spill_folder=tmp_path / "it's spilled") as engine:
        if encrypted:
            engine.encrypt_spill()
        frame = pd.DataFrame({"patient_id": IDS, "n": range(len(IDS))})
        table = engine.from_memory(frame)
        parts = divide(engine, [table])
        assert len(parts) == 7
        laid = [one.to_pyarrow().to_pandas() for one in lay_out(engine, table, parts)]
        for part, rows in zip(parts, laid, strict=True):
            own = part.of(table).to_pyarrow().to_pandas()
            assert sorted(own["n"]) == sorted(rows["n"])
    assert sorted(n for rows in laid for n in rows["n"]) == list(range(len(IDS)))
    ends = [[one.encode() for one in rows["patient_id"].dropna()] for rows in laid]
    assert all(max(one) < min(other) for one, other in zip(ends, ends[1:], strict=False))
    assert laid[0]["patient_id"].isna().sum() == 1
    assert max(map(len, laid)) < 2 * min(map(len, laid))


def test_few_rows_are_one_part() -> None:
    with Engine(300, 1) as engine:
        assert divide(engine, [engine.from_memory(pd.DataFrame({"patient_id": IDS}))]) == WHOLE
        assert divide(engine, []) == WHOLE


@pytest.mark.usefixtures("small")
def test_all_rows_of_one_patient_stay_together() -> None:
    with Engine(300, 1) as engine:
        table = engine.from_memory(pd.DataFrame({"patient_id": ["a"] * 1000}))
        sizes = [len(part.of(table).to_pyarrow()) for part in divide(engine, [table])]
    assert sorted(sizes)[-1] == 1000 == sum(sizes)


def test_sorted_parts_are_the_whole_sorted_and_have_the_same_bytes_each_time(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame({"patient_id": IDS[1:], "n": range(len(IDS) - 1)})
    cuts = (Part(None, "p3"), Part("p3", "p61"), Part("p61", None))
    for threads, rows in ((1, frame), (2, frame.iloc[::-1])):
        with Engine(300, threads) as engine:
            table = engine.from_memory(rows)
            engine.write_parquet(table, tmp_path / "whole.parquet", ["patient_id", "n"])
            path = tmp_path / f"{threads}.parquet"
            file = SortedFile(engine, path, ["patient_id", "n"], len(cuts))
            for cut in cuts:
                file.add(cut.of(table))
                assert not path.exists()
            assert file.finish().count().to_pyarrow().as_py() == len(frame)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    whole, joined = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("whole", "1"))
    pd.testing.assert_frame_equal(whole, joined)


def run_until_labels(drop: Path, out: Path) -> dict[str, Any]:
    """Give every file of the verbs up to the labels."""
    settings = read_settings(read_yaml(CONFIG / "config.yaml")).model_dump()
    reference = CONFIG / "reference"
    definitions = [CONFIG / "definitions" / f"{name}.yaml" for name in ("article",)]
    run_intake_only(drop, out)
    with Engine(1000, 2) as engine:
        run_pool(engine, [out / "taken"], settings, reference, out / "pooled")
    with Engine(1000, 2) as engine:
        run_label(engine, out / "pooled", definitions, reference, out / "cohort")
    return read_all(out)


def run_intake_only(drop: Path, out: Path) -> dict[str, Any]:
    """Give every file that intake writes."""
    with Engine(1000, 2) as engine:
        run_intake(engine, drop, [], CONFIG / "reference", out / "taken")
    return read_all(out)


def read_all(out: Path) -> dict[str, Any]:
    """Give every file: tables by their rows, in order, others by their bytes."""
    return {
        str(path.relative_to(out)): pq.read_table(path).to_pydict()
        if path.suffix == ".parquet"
        else path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("file_format", "until"), [("csv", run_until_labels), ("parquet", run_intake_only)]
)
def test_the_parts_show_nowhere(tmp_path, monkeypatch, file_format, until) -> None:
    drop = tmp_path / "drops" / "one"
    write_drop(simulate_drop(130, 4), drop, file_format=file_format)
    whole = until(drop, tmp_path / "whole")
    monkeypatch.setattr(parts_module, "ROWS_AT_A_TIME", 200)
    for module in (parquet_tables, text_tables):
        monkeypatch.setattr(module, "MOST_ROWS_IN_MEMORY", 150)
    in_parts = until(drop, tmp_path / "parts")
    assert sorted(whole) == sorted(in_parts)
    assert {name for name, own in whole.items() if own != in_parts[name]} == set()
