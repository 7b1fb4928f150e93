"""What the README and the documentation tell people to type works as it stands there.

Shell and Python blocks run on small projects, in the order of their page; other blocks are read by
what reads such a file in a run. What cannot be run here stands in `NOT_RUN` with its reason, and is
parsed all the same.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.documentation import Block, pages, read_blocks
from tests.support import ROOT
from tests.workflow.conftest import Project, copy_project
from tests.workflow.examples import EXAMPLES, FILES, check_example
from trdanalysis.arguments import build_parser
from trdanalysis.settings import Settings
from trdanalysis.simulate.drop import simulate_drop, write_drop

BLOCKS = [block for page in pages() for block in read_blocks(page)]
TUTORIAL = "docs/tutorial.md"
#: Pages that ask the results of the demo, in order: they are followed where the tutorial ended.
OF_THE_DEMO = (TUTORIAL,)
SHELL, PYTHON = ("sh", "bash"), "python"

WHEEL = ".venv/bin/uv build --wheel --no-build-isolation --python .venv/bin/python --out-dir dist"
ON_SPARK = "snakemake --cores 2 --config engine=spark spark_master=spark://master.example:7077"
#: Commands that are not run, with the reason. Their targets, verbs and options are checked.
NOT_RUN = {
    "make test": "it is what runs this test",
    "make test-system": "it installs Debian packages",
    "make setup-slurm": "`make test-slurm` makes and uses that environment",
    ". .venv-slurm/bin/activate": "`make test-slurm` makes and uses that environment",
    "snakemake --workflow-profile profiles/slurm": "`make test-slurm` runs it on a SLURM",
    ON_SPARK: "`make test-system` runs the steps on a cluster",
    "make lab": "it opens a browser",
    "make setup": "the environment is there, and used",
    "git pull": "it needs another place to pull from",
    "../trdanalysis/.venv-jupyter/bin/jupyter lab notebooks": "it opens a browser",
    WHEEL: "test_study.py builds a wheel and works with it",
    "python -m trdanalysis assure": "every case has a test of its own; the tutorial runs a file",
    "python -m trdanalysis assure config/definitions/third-drug.yaml": "test_your_own.py runs it",
}
#: Commands that are only planned.
PLANNED = {
    "snakemake --cores 2 --config disclosure_policy=cms draft=true": "the attack takes its time;"
    " tests of the property kind do it",
    "snakemake --cores 2 notebooks": "test_notebooks.py runs the rule, and every notebook",
}
#: A study outside of the project; there a run is only planned: test_study.py does one.
STUDY = "our-study"
#: Run once, on the page of the tutorial, where what it makes is used.
IN_THE_TUTORIAL = "make demo"

#: What stands for something of the reader's own, and what it is here.
PLACEHOLDERS = (
    ("check DROP", "check drop1"),
    ("data/drops/mine/FILE", "data/drops/mine/clinic.csv"),
    ("drops=DIR results=DIR", "drops=data/drops results=results"),
    ("--settings FILE --pooled FOLDER --definition FILE --grid FILE --out FOLDER",
     "--settings results/restricted/settings/multiverse.json --pooled results/restricted/cohort/"
     "accepted --definition config/definitions/article.yaml --grid config/multiverse.yaml"
     " --out results/restricted/try"),
)  # fmt: skip


def shell_blocks() -> list[Block]:
    return [block for block in BLOCKS if block.language in SHELL]


def inline_commands() -> list[tuple[str, str]]:
    """Give commands that stand within sentences, with their page."""
    found = []
    for page in pages():
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for code in re.findall(r"`([^`\n]+)`", text):
            if re.match(r"(make|snakemake|python -m trdanalysis) ", code):
                found.append((page.relative_to(ROOT).as_posix(), code))
    return found


def test_every_block_names_its_language() -> None:
    assert [str(block) for block in BLOCKS if not block.language] == []


def test_every_other_block_is_listed_with_what_it_is() -> None:
    others = [block for block in BLOCKS if block.language not in (*SHELL, PYTHON)]
    counted = {page: sum(block.page == page for block in others) for page in EXAMPLES}
    assert counted == {page: len(kinds) for page, kinds in EXAMPLES.items()}
    assert {block.page for block in others} == set(EXAMPLES), "list the block in EXAMPLES"


@pytest.mark.parametrize("page", sorted(EXAMPLES))
def test_an_example_is_read_as_in_a_run(page: str, tmp_path: Path) -> None:
    others = [b for b in BLOCKS if b.page == page and b.language not in (*SHELL, PYTHON)]
    for number, (block, kind) in enumerate(zip(others, EXAMPLES[page], strict=True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        check_example(kind, block.text, folder)


def test_commands_name_what_there_is() -> None:
    written = [(str(block), line) for block in shell_blocks() for line in block.commands()]
    faults = [
        f"{where}: {line}: {fault}"
        for where, line in (*written, *inline_commands())
        for fault in find_faults(line, whole=(where, line) in written)
    ]
    assert faults == []


def find_faults(line: str, *, whole: bool) -> Iterator[str]:
    """Find targets, verbs, options and settings that do not exist; ``whole``: as it is typed."""
    parts = shlex.split(line, comments=False)
    if parts[0] == "make":
        known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        yield from (f"no target `{p}`" for p in parts[1:] if "=" not in p and p not in known)
    if parts[0] == "snakemake" and "--config" in parts:
        given = [part.split("=")[0] for part in parts if "=" in part]
        yield from (
            f"no setting `{key}`" for key in given if key not in (*Settings.model_fields, "KEY")
        )
    if parts[:3] == ["python", "-m", "trdanalysis"]:
        rest = list(parts[3:])
        if ">" in rest:
            rest = rest[: rest.index(">")]
        yield from find_faults_of_verb(rest, whole=whole)


def find_faults_of_verb(parts: list[str], *, whole: bool) -> Iterator[str]:
    if not whole:
        verbs = next(a for a in build_parser()._actions if a.dest == "verb").choices or {}
        if parts[0] not in verbs and not parts[0].isupper() and parts[0] != "<verb>":
            yield f"no verb `{parts[0]}`"
            return
        if parts[0] in verbs:
            options = {o for a in dict(verbs)[parts[0]]._actions for o in a.option_strings}  # type: ignore[call-overload]
            given = [part for part in parts if part.startswith("--")]
            yield from (f"no option `{part}`" for part in given if part not in options)
        return
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                build_parser().parse_args(parts)
        except SystemExit as end:
            if end.code:
                yield told.getvalue().splitlines()[-1]


def test_what_is_not_run_stands_somewhere() -> None:
    lines = {line for block in shell_blocks() for line in block.commands()}
    assert set(PLANNED) <= lines
    assert {line for line in NOT_RUN if line not in ("make test-system", "make lab")} <= lines


def test_the_demo_has_the_patient_of_the_tutorial() -> None:
    text = (ROOT / TUTORIAL).read_text(encoding="utf-8")
    named = re.search(r"explain (S\d+)", text)
    assert named
    assert named[1] in set(simulate_drop(2000, 1).tables["patients"]["patient_id"])


class Reader:
    """Somebody who types what a page says, in a project of their own."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.folder
        #: Where the reader is: `cd` leads elsewhere until the end of a block.
        self.place = project.folder
        for name in ("Makefile", "scripts", "requirements.lock"):
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, self.folder / name)
        (self.folder / ".venv").symlink_to(sys.prefix)
        self.editor = self.folder / "editor.sh"
        self.namespaces: dict[str, dict[str, Any]] = {}
        #: What was typed already: again it would do the same once more.
        self.typed: set[tuple[Path, str]] = set()

    def reads(self, block: Block) -> None:
        """Do what a block says, from the project's folder on."""
        self.place = self.folder
        if block.language == PYTHON:
            self._run_python(block)
        elif block.language in SHELL:
            for line in block.commands():
                self._type(block, line)

    def _run_python(self, block: Block) -> None:
        namespace = self.namespaces.setdefault(block.page, {"__name__": "__main__"})
        code = compile(block.text, str(block), "exec")
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()):
            exec(code, namespace)

    def _type(self, block: Block, line: str) -> None:
        if line in NOT_RUN or (line == IN_THE_TUTORIAL and block.page != TUTORIAL):
            return
        typed = line
        for placeholder, own in PLACEHOLDERS:
            typed = typed.replace(placeholder, own)
        if re.search(r"\bexplain (PATIENT|S\d+)", typed):
            typed = re.sub(r"explain (PATIENT|S\d+)", f"explain {self._somebody(typed)}", typed)
        if line in PLANNED:
            typed += " --dry-run"
        if line == IN_THE_TUTORIAL:
            # Set up already; and the smallest demo that has something to show.
            typed += " READY= PATIENTS=40"
        if typed.startswith("cd "):
            self.place = (self.place / typed.removeprefix("cd ")).resolve()
            assert self.place.is_dir(), f"{block}: {line}"
            return
        if (self.place, typed) in self.typed:
            return
        self.typed.add((self.place, typed))
        if self.place.name == STUDY and typed == "snakemake --cores 2":
            write_drop(simulate_drop(10, 1), self.place / "data" / "drops" / "drop1")
            typed += " --dry-run"
        undo = self._before(line)
        done = self._shell(typed)
        assert done.returncode == 0, f"{block}: {line}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        undo()

    def _shell(self, line: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "EDITOR": str(self.editor),
            "SITE_KEY": "a key for this test and nothing else",
        }
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line], cwd=self.place, env=environment,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def _somebody(self, typed: str) -> str:
        """Give a patient of the results that are asked."""
        results = "results/demo" if "results/demo" in typed else "results"
        labels = pd.read_parquet(self.folder / results / "restricted" / "cohort" / "labels.parquet")
        return str(labels["patient_id"].min())

    def _before(self, line: str) -> Callable[[], None]:
        """Prepare what a page takes to be there; give how to put it back as it was."""
        restricted = self.folder / "results" / "restricted"
        frozen = self.folder / "config" / "frozen.json"
        mapping = re.search(r" map (data/drops/\w+)/", line)
        if mapping:
            written = self.folder / mapping[1] / "mapping.yaml"
            if written.exists():
                kept = written.read_bytes()
                written.unlink()
                return lambda: written.write_bytes(kept) and None
        if line == "python -m trdanalysis freeze":
            # What is frozen is told in the report, which would be made again.
            return frozen.unlink
        if "--against results/restricted/releases/1" in line:
            assert self._shell("python -m trdanalysis seal").returncode == 0
        if "--against" in line or line == "python -m trdanalysis seal":
            return lambda: shutil.rmtree(restricted / "releases")
        return lambda: None


def test_the_tutorial(tmp_path: Path) -> None:
    reader = Reader(copy_project(tmp_path / "project"))
    for page in OF_THE_DEMO:
        for block in read_blocks(ROOT / page):
            reader.reads(block)
    results = reader.folder / "results" / "demo"
    assert (results / "restricted" / "releases" / "1" / "manifest.json").exists()
    changes = pd.read_csv(results / "restricted" / "changes.csv")
    assert "update" in set(changes["drop_now"])


def test_all_other_pages(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    reader = Reader(project)
    project.add_drop("drop1", patients=40)
    config = project.folder / "config" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    assert "\ndefinitions: [article]\n" in text
    config.write_text(
        text.replace("definitions: [article]", "definitions: [article, sforzini-2022]")
    )
    put_examples(project.folder)
    write_editor(reader)
    # The own data of the README come first: its run is then there for every other page.
    blocks = sorted(
        (block for block in BLOCKS if block.page not in OF_THE_DEMO),
        key=lambda block: "data/drops/mine/drop.yaml" not in block.text,
    )
    for block in blocks:
        with arranged(project.folder, block):
            reader.reads(block)
    release = project.results / "release"
    assert (release / "report.html").exists()


def put_examples(folder: Path) -> None:
    """Write the example files of the pages to where their pages put them, but for drops."""
    for name, (page, number) in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        others = [b for b in BLOCKS if b.page == page and b.language not in (*SHELL, PYTHON)]
        path.write_text(others[number].text, encoding="utf-8")


def write_editor(reader: Reader) -> None:
    """Write an editor that does what the person does: complete the mapping, and say that the
    records are made up.
    """
    reader.editor.write_text(
        '#!/bin/sh\ncp waiting/clinic/mapping.yaml "$1"\n'
        'echo "synthetic: true" >> "$(dirname "$1")/drop.yaml"\n'
    )
    reader.editor.chmod(0o755)
    mine = reader.folder / "data" / "drops" / "mine"
    mine.mkdir()
    shutil.copy(reader.folder / "waiting" / "clinic" / "clinic.csv", mine)


@contextlib.contextmanager
def arranged(folder: Path, block: Block) -> Iterator[None]:
    """Put the drop of a reader's page in its place while a block of the page is followed."""
    named = re.search(r"data/drops/(clinic|hospital|redcap)\b", block.text)
    if named is None or block.language not in SHELL:
        yield
        return
    drop = folder / "data" / "drops" / named[1]
    shutil.copytree(folder / "waiting" / named[1], drop)
    if named[1] == "hospital":
        text = (folder / "config" / "mappings" / "omop.yaml").read_text(encoding="utf-8")
        own = yaml.safe_load(text)["concept_sets_folder"]
        text = text.replace(f"concept_sets_folder: {own}",
                            "concept_sets_folder: ../../../config/concepts")  # fmt: skip
        (drop / "mapping.yaml").write_text(text, encoding="utf-8")
    yield
    shutil.rmtree(drop)
