"""The engine: what it keeps, gives back and writes, and what it says when memory runs out."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pytest

from trdanalysis import engine as engine_module
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import write_csv
from trdanalysis.spill import clear_spills


def test_kept_tables_can_be_given_back() -> None:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        table = engine.keep(engine.from_memory(pd.DataFrame({"a": [1, 2]})))
        assert table.count().to_pyarrow().as_py() == 2
        engine.drop_kept(table)
        with pytest.raises(duckdb.CatalogException):
            table.to_pyarrow()


def test_the_same_rows_give_the_same_bytes_in_the_order_asked_for(tmp_path: Path) -> None:
    rows = pd.DataFrame({"id": [f"p{n % 97:03d}" for n in range(5000)], "n": range(5000)})
    written = []
    for threads, order in ((1, rows), (2, rows.iloc[::-1])):
        path = tmp_path / f"{threads}.parquet"
        with Engine(memory_limit_mb=300, threads=threads) as engine:
            engine.write_parquet(engine.from_memory(order), path, ["id", "n"])
        written.append(path.read_bytes())
    assert written[0] == written[1]
    table = pd.read_parquet(tmp_path / "1.parquet")
    assert table["n"].tolist() == rows.sort_values(["id", "n"])["n"].tolist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.parquet", "2.parquet"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with Engine(memory_limit_mb=300, threads=1) as engine:
        table = engine.from_memory(pd.DataFrame({"a": ["1", "x"]}))
        engine.write_parquet(table, path, ["a"])
        before = path.read_bytes()
        with pytest.raises(duckdb.ConversionException):
            engine.write_parquet(table.mutate(b=table.a.cast("int64")), path, ["a"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_running_out_of_memory_says_what_to_do_and_nothing_of_the_data() -> None:
    with (
        pytest.raises(UserError, match="ran out of its 321 MiB") as caught,
        Engine(memory_limit_mb=321, threads=1),
    ):
        raise duckdb.OutOfMemoryException("while sorting p1-secret")
    assert caught.value.exit_code == EXIT_CODES["resources"]
    assert "secret" not in str(caught.value)
    assert "memory_limit_mb" in str(caught.value)


@pytest.mark.parametrize("encrypted", [False, True])
def test_what_spills_can_be_made_unreadable(encrypted: bool) -> None:
    with Engine(memory_limit_mb=60, threads=1) as engine:
        if encrypted:
            engine.encrypt_spill()
        engine.connection.raw_sql(
            "CREATE TEMP TABLE big AS SELECT '2015-03-01' || md5(range::varchar) AS cell"
            " FROM range(2_000_000)"
        )
        folder = engine.connection.raw_sql("SELECT current_setting('temp_directory')").fetchone()
        spilled = [path.read_bytes() for path in Path(folder[0]).iterdir()]
    assert sum(len(text) for text in spilled) > 10_000_000
    assert any(b"2015-03-01" in text for text in spilled) is not encrypted


def test_how_far_a_query_is_can_be_asked_meanwhile(capfd: pytest.CaptureFixture[str]) -> None:
    with Engine(memory_limit_mb=500, threads=1) as engine:
        engine.count_progress()
        assert engine.query_progress() < 0
        numbers = ibis.range(0, 1_500_000).unnest().name("a").as_table()
        kept = engine.keep(numbers)
        seen: list[float] = []
        ended = threading.Event()

        def ask() -> None:
            while not ended.wait(0.01):
                seen.append(engine.query_progress())

        asking = threading.Thread(target=ask)
        asking.start()
        engine.keep(kept.mutate(b=kept.a.cast("string").hexdigest("md5").length()))
        ended.set()
        asking.join()
    assert any(0 < share < 100 for share in seen)
    assert capfd.readouterr() == ("", "")


def test_a_table_kept_in_a_file_is_the_table_and_is_gone_in_the_end(tmp_path: Path) -> None:
    with Engine(300, 1, spill_folder=tmp_path / "spill") as engine:
        frame = pd.DataFrame({"a": [1, 2, None], "b": ["x", None, "y"]}).astype({"a": "Int64"})
        table = engine.from_memory(frame)
        engine.keep_all_in_files()
        kept = engine.keep(table.mutate(c=table.a + 1))
        assert kept.order_by("b").c.to_pyarrow().to_pylist() == [2, None, 3]
        with engine.passing():
            engine.keep(table)
            assert len(list((tmp_path / "spill").rglob("*.parquet"))) == 2
        assert len(list((tmp_path / "spill").rglob("*.parquet"))) == 1
        assert (tmp_path / "spill").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "spill").iterdir()) == []


def test_what_a_killed_session_spilled_is_removed_by_the_next(tmp_path: Path) -> None:
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, check=True, text=True).stdout.strip()  # fmt: skip
    left = tmp_path / f"trdanalysis-spill-{gone}-abc"
    other = tmp_path / f"trdanalysis-spill-{os.getppid()}-abc"
    for folder in (left, other):
        folder.mkdir()
        (folder / "rows").write_text("p1")
    clear_spills(tmp_path)
    assert not left.exists()
    assert other.exists()


def test_spilling_more_than_allowed_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="or of disk") as caught,
        Engine(60, 1, spill_folder=tmp_path, spill_limit_mb=5) as engine,
    ):
        engine.connection.raw_sql(
            "CREATE TEMP TABLE big AS SELECT md5(range::varchar) AS cell FROM range(3_000_000)"
        )
    assert caught.value.exit_code == EXIT_CODES["resources"]
    assert "spill_limit_mb" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_tables_kept_in_files_count_as_spilled(tmp_path: Path) -> None:
    with Engine(300, 1, spill_folder=tmp_path, spill_limit_mb=1) as engine:
        rows = ibis.range(0, 100_000).unnest().name("a").as_table()
        text = rows.mutate(b=rows.a.cast("string").hexdigest("md5"))
        engine.keep_in_file(text)
        with pytest.raises(UserError, match="more than 1 MiB") as caught:
            engine.keep_in_file(text)
    assert caught.value.exit_code == EXIT_CODES["resources"]
    assert list(tmp_path.iterdir()) == []


def test_a_spill_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="temporary files cannot be used"):
        Engine(300, 1, spill_folder=tmp_path / "file" / "spill")


def test_text_is_written_row_by_row_as_a_small_table_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(engine_module, "_ROWS_OF_TEXT", 7)
    frame = pd.DataFrame(
        {"word": ["=1+1", 'a"b', "c,d", None, "x\ny"] * 5, "line": [*range(23), None, None],
         "is": [True, False] * 12 + [True]}
    ).astype({"line": "Int64"})  # fmt: skip
    with Engine(300, 2) as engine:
        order = [ibis.asc(name, nulls_first=True) for name in ("line", "word")]
        engine.write_csv(engine.from_memory(frame), tmp_path / "a.csv", order)
    sorted_frame = frame.sort_values(["line", "word"], na_position="first", ignore_index=True)
    write_csv(tmp_path / "b.csv", sorted_frame)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
