"""The workflow as jobs of SLURM: the same bytes as a run on this machine, in few jobs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT
from trdanalysis.simulate import simulate_drop
from trdanalysis.simulate.drop import write_drop

PATIENTS = 60
DROPS = ("a", "b", "c")
SNAKEMAKE = Path(sys.executable).with_name("snakemake")

#: Seconds after which a run has hung: `sacct`, for one, waits for ever where there are no accounts.
PATIENCE = 1500


@dataclass(frozen=True)
class Runs:
    """What both ways left: content by path, and the jobs of SLURM."""

    here: Mapping[str, bytes]
    cluster: Mapping[str, bytes]
    jobs: list[dict[str, str]]
    again: str


def run(folder: Path, results: str, *options: str) -> str:
    """Run the workflow, and give what it said."""
    done = subprocess.run(
        [
            SNAKEMAKE, *options,
            "--config", f"drops={folder / 'drops'}", f"results={folder / results}",
            "threads=1", "memory_limit_mb=1000",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
        # What a session inside another SLURM job would be told.
        env={key: value for key, value in os.environ.items() if not key.startswith("SLURM_")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def content(results: Path) -> dict[str, bytes]:
    """Give files by path, without what tells of the run itself: logs, times, places."""
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in sorted(results.rglob("*"))
        if path.is_file()
        and not {"logs", "benchmarks", "settings"} & set(path.relative_to(results).parts)
    }


def jobs() -> list[dict[str, str]]:
    """Give the jobs that SLURM remembers."""
    told = subprocess.run(
        ["scontrol", "--oneliner", "show", "jobs"], capture_output=True, text=True, check=True
    ).stdout
    return [
        dict(re.findall(r"(\w+)=(\S*)", line)) for line in told.splitlines() if "JobId=" in line
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("slurm")
    for seed, name in enumerate(DROPS):
        write_drop(simulate_drop(PATIENTS, seed=seed), folder / "drops" / name)
    run(folder, "here/results", "--cores", "2")
    profile = (
        "--workflow-profile", str(ROOT / "profiles" / "slurm"),
        "--group-components", "intake=2",
        "--slurm-init-seconds-before-status-checks", "2",
    )  # fmt: skip
    run(folder, "cluster/results", *profile)
    done = jobs()
    again = run(folder, "cluster/results", *profile)
    return Runs(content(folder / "here/results"), content(folder / "cluster/results"), done, again)


def test_every_file_has_the_same_bytes(runs: Runs) -> None:
    assert len(runs.here) > 100, "nothing to compare"
    assert sorted(runs.cluster) == sorted(runs.here)
    assert not [name for name, bytes_ in runs.here.items() if runs.cluster[name] != bytes_]


def test_rules_that_belong_together_are_one_job(runs: Runs) -> None:
    # Two of intake, for three drops; label, quality, multiverse, count, questions, release.
    assert len(runs.jobs) == 8, runs.jobs
    assert {job["JobState"] for job in runs.jobs} == {"COMPLETED"}


def test_a_job_asks_for_the_memory_of_its_whole_process(runs: Runs) -> None:
    print("\n".join(f"{job['JobId']} {job['RunTime']} {job['TRES']}" for job in runs.jobs))
    asked = [job["TRES"] for job in runs.jobs]
    # The engine's 1000 MiB and the rest of the process; of intake, for two drops side by side.
    assert any("cpu=1,mem=2000M" in told.replace("2G", "2000M") for told in asked), asked


def test_a_second_run_has_nothing_to_do(runs: Runs) -> None:
    assert "Nothing to be done" in runs.again
