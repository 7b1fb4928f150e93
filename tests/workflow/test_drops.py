"""Drops as they keep arriving: again, corrected, withdrawn, half copied, refused, interrupted."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.support import CONFIG, REFERENCE
from tests.workflow.conftest import Project
from tests.workflow.test_runs import digests, write_native
from trdanalysis.cli import main
from trdanalysis.files import write_texts_if_changed
from trdanalysis.readers.drop_info import list_drops
from trdanalysis.settings import read_settings, read_yaml, render_verb_settings

PATIENTS = "patient_id,age_years,sex,mdd_diagnosis\n"
TRIALS = "patient_id,trial_id,drug,start_day,stop_day\n"


def ids_in(project: Project) -> set[str]:
    cohort = project.results / "restricted" / "cohort" / "accepted"
    return set(pd.read_parquet(cohort / "patients.parquet")["patient_id"])


def take_in_and_pool(folder: Path) -> None:
    """Run the verbs of intake without the workflow."""
    config, restricted = CONFIG, folder / "results" / "restricted"
    write_texts_if_changed(
        render_verb_settings(
            read_settings(read_yaml(config / "config.yaml")), restricted / "settings"
        )
    )
    taken = []
    for name in list_drops(folder / "data" / "drops"):
        out = str(restricted / "drops" / name)
        line = ["--drop", str(folder / "data" / "drops" / name), "--out", out]
        assert main(["intake", *line, "--earlier", *taken, "--reference", str(REFERENCE)]) == 0
        taken.append(out)
    line = ["--settings", str(restricted / "settings" / "pool.json")]
    line += ["--drops", *taken, "--out", str(restricted / "cohort" / "accepted")]
    assert main(["pool", *line, "--reference", str(REFERENCE)]) == 0


def pooling(project: Project) -> pd.DataFrame:
    folder = project.results / "restricted" / "cohort" / "accepted"
    return pd.read_csv(folder / "pooling.csv").set_index(["drop_id", "table"])


def run(project: Project) -> str:
    done = project.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def run_until(project: Project, target: str) -> str:
    done = project.snakemake(f"results/restricted/{target}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


POOLED = "cohort/accepted/patients.parquet"


def test_what_comes_again_counts_once_and_what_goes_is_gone(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    write_native(
        project.drops / "a",
        PATIENTS + "p1,40,female,yes\np2,50,male,yes\n",
        TRIALS + "p1,t1,sertraline,0,60\np2,t1,sertraline,0,60\n",
    )
    shutil.copytree(project.drops / "a", project.drops / "b")
    write_native(
        project.drops / "c",
        PATIENTS + "p1,41,male,no\n",
        TRIALS + "p1,t1,ect,0,9\n",
        "namespace: other",
    )
    take_in_and_pool(project.folder)
    text = capsys.readouterr().err
    # Two sites that share an id are two patients, where one has a namespace.
    assert ids_in(project) == {"p1", "p2", "other:p1"}
    accounts = pooling(project)
    assert accounts.loc[("a", "trials")].tolist() == [2, 0, 2, 0]
    assert accounts.loc[("b", "trials")].tolist() == [2, 2, 0, 0]
    assert accounts.loc[("c", "patients")].tolist() == [1, 1, 0, 0]
    assert "drop a: a later drop brings all its rows again, unchanged" in text
    assert "another sex or site" not in text
    # Without it they are taken for one, and the run says that this is in doubt.
    (project.drops / "c" / "drop.yaml").write_text("mode: increment")
    shutil.rmtree(project.drops / "b")
    take_in_and_pool(project.folder)
    text = capsys.readouterr().err
    assert ids_in(project) == {"p1", "p2"}
    accounts = pooling(project)
    assert accounts.loc[("a", "patients")].tolist() == [2, 1, 0, 1]
    assert "1 patient(s) come in several drops with another sex or site" in text
    assert "p1" not in text


def test_an_increment_of_a_site_with_a_namespace_knows_its_patients(project: Project) -> None:
    write_native(
        project.drops / "a",
        PATIENTS + "p1,40,female,yes\np2,50,male,yes\n",
        TRIALS + "p1,t1,sertraline,0,60\n",
        "namespace: north",
    )
    write_native(
        project.drops / "b",
        PATIENTS + "p3,60,male,yes\n",
        TRIALS + "p1,t2,venlafaxine,60,120\np2,t1,sertraline,0,60\np9,t1,sertraline,0,60\n",
        "mode: increment\nnamespace: north",
    )
    # Of another site: it knows none of them.
    write_native(
        project.drops / "c",
        PATIENTS + "p4,60,male,yes\n",
        TRIALS + "p1,t3,sertraline,0,60\n",
        "mode: increment\nnamespace: south",
    )
    take_in_and_pool(project.folder)
    cohort = project.results / "restricted" / "cohort" / "accepted"
    trials = pd.read_parquet(cohort / "trials.parquet")
    assert set(zip(trials["patient_id"], trials["trial_id"], strict=True)) == {
        ("north:p1", "t1"), ("north:p1", "t2"), ("north:p2", "t1"),
    }  # fmt: skip
    lost = [
        pd.read_csv(project.results / "restricted" / "drops" / name / "quarantine.csv")
        for name in ("b", "c")
    ]
    assert [list(one["reason"]) for one in lost] == [["unknown_patient"], ["unknown_patient"]]


def test_a_withdrawn_drop_leaves_nothing(finished: Project, tmp_path: Path) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    write_native(
        copy.drops / "x1",
        PATIENTS + "WITHDRAWN1,40,female,yes\n",
        TRIALS + "WITHDRAWN1,t1,sertraline,0,60\n",
        "synthetic: true",
    )
    # One that is refused stands in the way of the cohort; both are withdrawn.
    write_native(copy.drops / "x2", "nothing\n", TRIALS, "synthetic: true")
    assert copy.snakemake().returncode != 0
    assert (copy.results / "restricted" / "drops" / "x1" / "patients.parquet").is_file()
    shutil.rmtree(copy.drops / "x1")
    shutil.rmtree(copy.drops / "x2")
    run(copy)
    restricted = copy.results / "restricted"
    assert sorted(path.name for path in (restricted / "drops").iterdir()) == ["drop1"]
    for path in copy.results.rglob("*"):
        assert path.is_dir() or b"WITHDRAWN1" not in path.read_bytes(), path
    assert digests(copy.results) == digests(finished.results)


def test_a_file_still_being_copied_is_noticed(project: Project) -> None:
    write_native(project.drops / "good", PATIENTS + "p1,40,male,yes\n", TRIALS + "p1,t1,ect,0,60\n")
    folder = project.drops / "late"
    write_native(folder, PATIENTS + "q1,40,male,yes\n", TRIALS + "q1,t1,ect,0,60\n")
    files = [folder / "patients.csv", folder / "trials.csv"]
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files
    )
    (folder / "SHA256SUMS").write_text(sums)
    whole = files[1].read_text()
    files[1].write_text(whole[: len(whole) // 2])
    done = project.snakemake(f"results/restricted/{POOLED}")
    assert done.returncode != 0
    message = done.stdout + done.stderr
    assert "drop `late` is refused" in message
    assert "otherwise than declared: trials.csv" in message
    assert "Traceback" not in message
    # The other went on.
    assert (project.results / "restricted" / "drops" / "good" / "patients.parquet").is_file()
    # The copy ends, and gives the file the time it had at the other end: long before this run.
    files[1].write_text(whole)
    os.utime(files[1], (1, 1))
    run_until(project, POOLED)
    cohort = project.results / "restricted" / "cohort" / "accepted"
    assert set(pd.read_parquet(cohort / "patients.parquet")["patient_id"]) == {"p1", "q1"}


def test_only_one_run_writes_at_a_time(finished: Project, tmp_path: Path) -> None:
    import fcntl

    copy = finished.copy_to(tmp_path / "copy")
    with (copy.results / "restricted" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = copy.snakemake("--forcerun", "remember")
        assert done.returncode != 0
        assert "another run is writing to these results" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        # Looking does no harm.
        assert copy.planned() == set()


def kill_when(project: Project, path: Path) -> bool:
    """Start a run and kill it, with all it started, when it writes a file; say whether it did."""

    def written() -> int:
        try:
            return path.stat().st_mtime_ns
        except OSError:
            return 0

    before = written()
    environment = dict(os.environ)
    environment["PYTHONPATH"] = str(project.folder / "src")
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2"],
        cwd=project.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None:
        if written() not in (0, before):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.005)
    return False


def test_killed_runs_leave_what_an_undisturbed_one_leaves(
    finished: Project, tmp_path: Path
) -> None:
    calm, disturbed = (finished.copy_to(tmp_path / name) for name in ("calm", "disturbed"))
    for copy in (calm, disturbed):
        copy.add_drop("drop2", patients=30, seed=2)
    run(calm)
    restricted = disturbed.results / "restricted"
    for moment in ("drops/drop2/trials.parquet", "logs/label.log", "history/pending/rows.parquet"):
        assert kill_when(disturbed, restricted / moment), moment
    run(disturbed)
    assert disturbed.planned() == set()
    assert digests(disturbed.results) == digests(calm.results)
    # What changed is what the last run that ended did not have: the second drop, which brings
    # patients of the same ids as the first, corrected, and others anew.
    changes = pd.read_csv(restricted / "changes.csv", keep_default_na=False)
    assert set(changes["drop_now"]) <= {"drop2", ""}
    assert set(changes["change"]) <= {"new", "relabelled", "other_reason"}
    flows = pd.read_csv(disturbed.results / "release" / "label_flows.csv")
    labels = pd.read_parquet(restricted / "cohort" / "labels.parquet")
    assert flows.loc[flows["label_now"] != "absent", "n"].sum() == len(labels)
    drift = pd.read_csv(disturbed.results / "release" / "drift.csv")
    assert set(drift["drop_id"]) == {"drop1", "drop2"}
    page = (disturbed.results / "release" / "report.html").read_text(encoding="utf-8")
    assert "This run beside the last one that completed" in page
