"""What is left by a process that was killed, a full disk, a folder that cannot be written."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from tests.faults.crash import die_at
from tests.support import CONFIG, ROOT
from trdanalysis.cli import main
from trdanalysis.closing import explain_failure
from trdanalysis.commands.remember import POINTER, find_remembered, run_remember
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError, explain_system
from trdanalysis.files import (
    read_json,
    write_aside,
    write_bytes,
    write_csv,
    write_json,
    write_text,
    write_text_if_changed,
)
from trdanalysis.folders import close_folders, make_folder
from trdanalysis.layout import REMEMBERED
from trdanalysis.progress import LogFile
from trdanalysis.running import FOLDERS, begin_run, settle_times, write_planned
from trdanalysis.working import at_work, claim_results


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Let every file and folder be open to everybody, as far as the umask goes."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


# --- killed


def whole(folder: Path) -> dict[str, str]:
    """Hash what is there but what was written aside, which the next write takes away."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not any(one.endswith(".aside") for one in path.parts)
    }


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_text(path, "new" * 1000),
        lambda path: write_bytes(path, b"new" * 1000),
        lambda path: write_json(path, {"new": 1}),
        lambda path: write_csv(path, pd.DataFrame({"a": range(1000)})),
    ],
    ids=["text", "bytes", "json", "csv"],
)
def test_a_writer_killed_anywhere_leaves_the_old_file_or_the_new(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path / "new")
    new = (tmp_path / "new").read_bytes()
    path = tmp_path / "results" / "file"
    write_text(path, "old")
    for moment in range(100):
        if not die_at(moment, partial(write, path)):
            break
        assert path.read_bytes() in (b"old", new)
    assert 2 <= moment < 99
    # Whoever writes the file next takes away what was left beside it.
    write(path)
    assert [one.name for one in path.parent.iterdir()] == ["file"]
    assert path.read_bytes() == new


def make_pending(history: Path, content: str) -> None:
    for name in REMEMBERED:
        write_text(history / "pending" / name, f"{content} {name}")


def test_remember_killed_anywhere_keeps_one_whole_state(tmp_path: Path) -> None:
    start, undisturbed = tmp_path / "start", tmp_path / "undisturbed"
    make_pending(start, "first")
    run_remember(start)
    make_pending(start, "second")
    shutil.copytree(start, undisturbed)
    run_remember(undisturbed)
    for moment in range(300):
        history = tmp_path / "killed"
        shutil.copytree(start, history)
        killed = die_at(moment, partial(run_remember, history))
        found = find_remembered(history)
        assert found is not None
        words = {(found / name).read_text().split()[0] for name in REMEMBERED}
        assert words in ({"first"}, {"second"})
        run_remember(history)
        assert whole(history) == whole(undisturbed)
        assert not list(history.rglob("*.aside"))
        shutil.rmtree(history)
        if not killed:
            break
    assert 10 < moment < 299
    assert read_json(undisturbed / POINTER)


# --- full, or not to be written


@contextmanager
def nearly_full() -> Iterator[None]:
    """Have the system refuse this process every file of more than 1,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_ends_a_verb_with_what_to_do(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    shutil.copyfile(CONFIG / "config.yaml", config)
    with nearly_full():
        code = main(["freeze", "--config", str(config)])
    said = capfd.readouterr().err
    assert code == EXIT_CODES["output"]
    assert "a result cannot be written: File too large" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == [config]


def test_the_engines_writer_tells_a_full_disk(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [os.urandom(20).hex() for _ in range(5_000)]})
    with pytest.raises(UserError) as caught, Engine(memory_limit_mb=300, threads=1) as engine:
        kept = engine.from_memory(table)
        with nearly_full():
            engine.write_parquet(kept, tmp_path / "a.parquet", ["a"])
    assert caught.value.exit_code in (EXIT_CODES["output"], EXIT_CODES["resources"])
    assert list(tmp_path.iterdir()) == []


def test_a_log_on_a_full_disk_ends_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    handler = LogFile(Path("/dev/full"), mode="w", encoding="utf-8")
    logger = logging.Logger("full")
    logger.addHandler(handler)
    for _ in range(3_000):
        logger.info("a line of a step that goes on")
    handler.close()
    assert capfd.readouterr() == ("", "")


def test_a_folder_that_cannot_be_written_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, **_: object) -> None:
        # A file system that is mounted for reading refuses to remove even what is not there.
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    path = tmp_path / "settings" / "a.json"
    with pytest.raises(UserError, match="cannot be written: Read-only"), write_aside(path):
        raise OSError(errno.EROFS, "Read-only file system")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, ""), "resources"),
        (OSError(errno.EMFILE, "", "patients.csv"), "resources"),
        (PermissionError(errno.EACCES, "", "patients.csv"), "output"),
        (MemoryError(), "resources"),
    ],
)
def test_what_the_system_refuses_is_told_with_what_to_do(error: BaseException, kind: str) -> None:
    told = explain_system(error)
    assert told is not None
    assert told.exit_code == EXIT_CODES[kind]
    assert told.try_this
    assert explain_system(ValueError("p1 is no number")) is None
    assert explain_system(FileNotFoundError(errno.ENOENT, "")) is None


def test_a_verb_that_runs_out_of_memory_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run_out(_options: object) -> None:
        raise MemoryError("p1-secret")

    monkeypatch.setattr("trdanalysis.cli._run", run_out)
    assert main(["freeze"]) == EXIT_CODES["resources"]
    said = capfd.readouterr().err
    assert said.startswith("Error: memory ran out")
    assert "secret" not in said


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        ("returned non-zero exit status 134", "gave it no more memory"),
        ("died with <Signals.SIGABRT: 6>", "gave it no more memory"),
        ("died with <Signals.SIGSEGV: 11>", "broke off in a library"),
        ("died with <Signals.SIGKILL: 9>", "the machine's memory ran out"),
    ],
)
def test_a_step_that_ends_for_want_of_memory_is_explained(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], ended: str, says: str
) -> None:
    (tmp_path / "log").write_text(f"Command 'python -m trdanalysis label --out x' {ended}.\n")
    explain_failure([str(tmp_path / "log")])
    assert says in capfd.readouterr().err


# --- two at once


def test_what_a_run_reads_is_not_changed_while_it_is_at_work(tmp_path: Path) -> None:
    restricted = tmp_path / "restricted"
    settings = restricted / "settings" / "label.json"
    write_planned(restricted, {settings: "of the first run"})
    with claim_results(restricted):
        # The same plan, such as a dry run of the same settings, changes nothing.
        write_planned(restricted, {settings: "of the first run"})
        with pytest.raises(UserError, match="another run is writing to these results") as caught:
            write_planned(restricted, {settings: "of a second run"})
        assert caught.value.exit_code == EXIT_CODES["output"]
    assert settings.read_text() == "of the first run"
    write_planned(restricted, {settings: "of a second run"})
    assert settings.read_text() == "of a second run"
    with pytest.raises(UserError, match="was planned for these results meanwhile"):
        begin_run(restricted, [], {settings: "of the first run"})


def test_a_run_does_not_begin_beside_a_step_of_one_that_was_killed(tmp_path: Path) -> None:
    restricted = tmp_path / "restricted"
    log = restricted / "logs" / "intake" / "autumn.log"
    with (
        at_work(log),
        at_work(restricted / "logs" / "label.log"),
        pytest.raises(UserError, match="a step of an earlier run is still at work"),
    ):
        claim_results(restricted)
    claim_results(restricted).close()
    with at_work(None), at_work(tmp_path / "my.log"):
        claim_results(restricted).close()


def test_times_ahead_of_the_clock_move_back_in_their_order(tmp_path: Path) -> None:
    names = ("release/rates.csv", "restricted/a.parquet", "restricted/b.parquet")
    ahead = time.time() + 86_400
    for place, name in enumerate(names):
        write_text(tmp_path / name, "")
        os.utime(tmp_path / name, (ahead - 10 * place, ahead - 10 * place))
    settle_times(tmp_path)
    times = [(tmp_path / name).stat().st_mtime for name in names]
    assert times[0] <= time.time()
    assert [round(times[0] - one) for one in times] == [0, 10, 20]
    settle_times(tmp_path)
    assert [(tmp_path / name).stat().st_mtime for name in names] == times


# --- who may look


@pytest.mark.usefixtures("no_umask")
def test_restricted_folders_are_closed_and_files_follow_the_umask(tmp_path: Path) -> None:
    write_text(tmp_path / "results" / "restricted" / "a" / "b" / "file", "")
    write_text(tmp_path / "results" / "release" / "tables" / "file", "")
    modes = {path.name: mode(path) for path in tmp_path.rglob("*") if path.is_dir()}
    assert modes == {
        "results": 0o777, "release": 0o777, "tables": 0o777,
        "restricted": 0o700, "a": 0o700, "b": 0o700,
    }  # fmt: skip
    os.umask(0o027)
    write_text(tmp_path / "results" / "restricted" / "a" / "other", "")
    assert mode(tmp_path / "results" / "restricted" / "a" / "b" / "file") == 0o666
    assert mode(tmp_path / "results" / "restricted" / "a" / "other") == 0o640


@pytest.mark.usefixtures("no_umask")
def test_a_run_closes_the_folders_that_it_finds_or_that_snakemake_would_make(
    tmp_path: Path,
) -> None:
    restricted = tmp_path / "restricted"
    (restricted / "draft" / "figures").mkdir(parents=True)
    begin_run(restricted, ["autumn"])
    folders = [path for path in restricted.rglob("*") if path.is_dir()]
    assert {restricted / name for name in (*FOLDERS, "drops/autumn")} <= set(folders)
    assert {mode(path) for path in (restricted, *folders)} == {0o700}


@pytest.mark.usefixtures("no_umask")
def test_a_remembered_state_is_closed(tmp_path: Path) -> None:
    history = tmp_path / "restricted" / "history"
    make_pending(history, "first")
    run_remember(history)
    state = find_remembered(history)
    assert state is not None
    assert mode(state) == 0o700


def test_one_place_makes_folders_of_results() -> None:
    package = ROOT / "src" / "trdanalysis"
    making = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if ".mkdir(" in path.read_text(encoding="utf-8") or "makedirs" in path.read_text()
    }
    # Simulated drops and a study folder hold no records; what spills has a closed folder.
    assert making == {
        "folders.py", "simulate/drop.py", "simulate/large.py", "commands/init.py", "spark.py",
        "spill.py",
    }  # fmt: skip


def test_what_cannot_be_closed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "open")

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, "")

    monkeypatch.setattr(Path, "chmod", refuse)
    close_folders(tmp_path)


def test_a_file_that_is_no_text_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe")
    write_text_if_changed(tmp_path / "a.json", "{}")
    assert (tmp_path / "a.json").read_text() == "{}"
