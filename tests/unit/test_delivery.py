"""Deliveries: what a copy that still goes on looks like, and what killed processes leave."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import pytest

from trdanalysis.commands.remember import find_remembered, run_remember
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import write_json, write_text
from trdanalysis.layout import REMEMBERED
from trdanalysis.readers.delivery import (
    CHECK_SUMS,
    check_delivery,
    check_unchanged,
    digest_files,
    stamps_of,
)
from trdanalysis.running import (
    begin_run,
    render_deliveries,
    render_withdrawn,
    write_planned,
)

#: A process id that no process has: beyond what the system gives out.
NOBODY = 2**22 + 1


def make_drop(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "patients.csv").write_text("patient_id\nsecret\n")
    (folder / "trials.csv").write_text("patient_id,trial_id,drug,start_day\n")
    return folder


@pytest.mark.parametrize(
    "name", ["trials.csv.part", "trials.csv.filepart", "~trials.csv", ".trials.csv.Xa3dQ1", "a.TMP"]
)
def test_an_unfinished_copy_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    drop = make_drop(tmp_path / "autumn")
    check_delivery(drop)
    (drop / name).write_text("")
    with pytest.raises(UserError, match="1 file\\(s\\) are still being copied") as caught:
        check_delivery(drop)
    assert name in str(caught.value)


def test_declared_check_sums_are_held_to(tmp_path: Path) -> None:
    drop = make_drop(tmp_path / "autumn")
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} *./{path.name}"
        for path in sorted(drop.iterdir())
    ]
    declared = drop / CHECK_SUMS
    declared.write_text("\n".join(lines))
    check_delivery(drop)
    (drop / "doses.csv").write_text("")
    (drop / "patients.csv").write_text("patient_id\nsec")
    (drop / "trials.csv").unlink()
    with pytest.raises(UserError, match="3 file\\(s\\) do not fit") as caught:
        check_delivery(drop)
    message = str(caught.value)
    assert "otherwise than declared: patients.csv" in message
    assert "not there: trials.csv" in message
    assert "not in the list: doses.csv" in message
    for text, problem in (("what", "line 1"), ("", "is empty")):
        declared.write_text(text)
        with pytest.raises(UserError) as caught:
            check_delivery(drop)
        assert problem in str(caught.value)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    drop = make_drop(tmp_path / "autumn")
    before = stamps_of(drop)
    check_unchanged(drop, before)
    with (drop / "patients.csv").open("a") as file:
        file.write("more\n")
    (drop / "doses.csv").write_text("")
    with pytest.raises(UserError, match="2 file\\(s\\) changed while they were read") as caught:
        check_unchanged(drop, before)
    assert "doses.csv, patients.csv" in str(caught.value)
    assert "more" not in str(caught.value)


def test_content_counts_and_not_the_time_that_a_copy_gives(tmp_path: Path) -> None:
    drop = make_drop(tmp_path / "drops" / "autumn")
    restricted = tmp_path / "restricted"
    told = restricted / "settings" / "drops" / "autumn.json"
    write_planned(restricted, render_deliveries(restricted, tmp_path / "drops", ["autumn"]))
    first, made = told.read_text(), told.stat().st_mtime_ns
    os.utime(drop / "patients.csv", (1, 1))
    write_planned(restricted, render_deliveries(restricted, tmp_path / "drops", ["autumn"]))
    assert (told.read_text(), told.stat().st_mtime_ns) == (first, made)
    text = (drop / "patients.csv").read_text()
    state = (drop / "patients.csv").stat()
    (drop / "patients.csv").write_text(text.replace("secret", "public"))
    # As `cp -p` and `rsync -a` do: same size, same time, other content.
    os.utime(drop / "patients.csv", ns=(state.st_atime_ns, state.st_mtime_ns))
    write_planned(restricted, render_deliveries(restricted, tmp_path / "drops", ["autumn"]))
    assert told.read_text() != first


def test_a_file_is_read_again_only_where_its_stamp_changed(tmp_path: Path) -> None:
    drop = make_drop(tmp_path / "autumn")
    path = drop / "patients.csv"
    stamp, digest = digest_files(drop)["patients.csv"]
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert digest_files(drop, {str(path): (stamp, "kept")})["patients.csv"] == (stamp, "kept")
    assert digest_files(drop, {str(path): ("older", "kept")})["patients.csv"] == (stamp, digest)


def test_a_run_begins_alone_and_clears_what_is_left_of_withdrawn_drops(tmp_path: Path) -> None:
    restricted = tmp_path / "restricted"
    for name in ("stays", "gone"):
        (restricted / "drops" / name).mkdir(parents=True)
        write_text(restricted / "logs" / "intake" / f"{name}.log", "")
    listed = restricted / "settings" / "withdrawn.json"
    write_planned(restricted, {listed: render_withdrawn(restricted, ["stays"])})
    assert listed.read_text() == '["gone"]\n'
    begin_run(restricted, ["stays"])
    assert [path.name for path in (restricted / "drops").iterdir()] == ["stays"]
    assert [path.name for path in (restricted / "logs" / "intake").iterdir()] == ["stays.log"]
    assert listed.read_text() == "[]\n"
    with pytest.raises(UserError, match="another run is writing to these results"):
        begin_run(restricted, ["stays"])


def test_what_a_killed_process_left_aside_goes_with_the_next_write(tmp_path: Path) -> None:
    left = tmp_path / f".a.csv.{NOBODY}.aside"
    others = [tmp_path / f".b.csv.{NOBODY}.aside", tmp_path / f".a.csv.{os.getppid()}.aside"]
    for path in (left, *others):
        path.write_text("")
    write_text(tmp_path / "a.csv", "new")
    assert not left.exists()
    assert all(path.exists() for path in others)


def test_rows_that_a_killed_engine_had_spilled_go_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"trdanalysis-spill-{NOBODY}-abc"
    other = tmp_path / f"trdanalysis-spill-{os.getppid()}-abc"
    for folder in (left, other):
        folder.mkdir()
        (folder / "rows").write_text("")
    with Engine(memory_limit_mb=200, threads=1):
        assert not left.exists()
        assert other.exists()
    assert list(tmp_path.iterdir()) == [other]


def make_pending(history: Path, text: str) -> None:
    for name in REMEMBERED:
        write_text(history / "pending" / name, text)


def test_the_last_completed_run_is_kept_whole_until_another_has_ended(tmp_path: Path) -> None:
    assert find_remembered(tmp_path) is None
    make_pending(tmp_path, "first")
    assert find_remembered(tmp_path) is None
    run_remember(tmp_path)
    first = find_remembered(tmp_path)
    assert first is not None
    # A run that does not end changes nothing of it.
    make_pending(tmp_path, "second")
    assert find_remembered(tmp_path) == first
    assert {(first / name).read_text() for name in REMEMBERED} == {"first"}
    run_remember(tmp_path)
    run_remember(tmp_path)
    second = find_remembered(tmp_path)
    assert second is not None
    assert {(second / name).read_text() for name in REMEMBERED} == {"second"}
    assert not first.exists()
    for damaged in ({}, {"state": "elsewhere"}, []):
        write_json(tmp_path / "last.json", damaged)
        assert find_remembered(tmp_path) is None
