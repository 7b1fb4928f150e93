"""A copy of the project in which a test may edit files, and a way to run Snakemake there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from trdanalysis.simulate.drop import simulate_drop, write_drop

ROOT = Path(__file__).parents[2]

#: Every rule of the workflow.
EVERYTHING = {
    "intake", "quality", "pool", "label", "summarise", "questions", "multiverse", "changes",
    "disclose", "publish", "describe", "remember",
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A copied project with its drops and results; a study's tool lies elsewhere."""

    folder: Path
    tool_folder: Path | None = None

    @property
    def tool(self) -> Path:
        """The folder of the tool."""
        return self.tool_folder or self.folder

    @property
    def drops(self) -> Path:
        """The folder of drops."""
        return self.folder / "data" / "drops"

    @property
    def results(self) -> Path:
        """The folder of results."""
        return self.folder / "results"

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `snakemake --cores 2` in the copy and give its exit code and messages."""
        return self.python("snakemake", "--cores", "2", *arguments)

    def python(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a module with the copy's sources."""
        environment = dict(os.environ)
        environment["PYTHONPATH"] = str(self.tool / "src")
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def add_drop(self, name: str, patients: int, seed: int = 1) -> Path:
        """Simulate a drop into the project."""
        folder = self.drops / name
        write_drop(simulate_drop(patients, seed), folder)
        shutil.rmtree(self.drops.parent / "truth", ignore_errors=True)
        return folder

    def copy_to(self, folder: Path) -> Project:
        """Copy the project with its results."""
        shutil.copytree(self.folder, folder, copy_function=shutil.copy2)
        return Project(folder)

    def planned(self, *arguments: str) -> set[str]:
        """Give the rules that a dry run would run."""
        done = self.snakemake("--dry-run", *arguments)
        assert done.returncode == 0, done.stderr
        rules = EVERYTHING
        words = [line.split() for line in (done.stdout + done.stderr).splitlines()]
        return {word[0] for word in words if len(word) == 2 and word[0] in rules}


def copy_project(folder: Path) -> Project:
    """Copy what a run needs, without data, results and environments.

    Compiled sources go along: Python takes one by the time and size of its source, which a copy
    keeps, and would compile all of them anew for every project.
    """
    for name in ("workflow", "profiles", "config", "src", "templates", "notebooks"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("Snakefile", "environment.yml", "results/README.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    (folder / "data" / "drops").mkdir(parents=True)
    return Project(folder)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give an empty project, nothing run yet."""
    return copy_project(tmp_path / "project")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a project with one small drop whose run has ended; not to be changed."""
    made = copy_project(tmp_path_factory.mktemp("finished") / "project")
    made.add_drop("drop1", patients=40)
    done = made.snakemake()
    assert done.returncode == 0, done.stderr
    return made
