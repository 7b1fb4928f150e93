"""A study folder outside of the tool's: everything works there, and an upgrade leaves it alone."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.workflow.conftest import EVERYTHING, Project, copy_project
from trdanalysis.commands.init import run_init
from trdanalysis.errors import EXIT_CODES, UserError

OWN = "our-clinic"


def digests(folder: Path) -> dict[str, str]:
    """Hash what a folder holds; modules that were compiled meanwhile are not of interest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a copy of the tool that a test may upgrade."""
    return copy_project(tmp_path_factory.mktemp("tool") / "tool")


@pytest.fixture(scope="module")
def study(tool: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Give a study with one drop and a definition of its own, whose run has ended."""
    folder = tmp_path_factory.mktemp("study") / "depression"
    before = digests(tool.folder)
    done = tool.python("trdanalysis", "init", str(folder))
    assert done.returncode == 0, done.stderr
    made = Project(folder, tool.folder)
    made.add_drop("drop1", patients=40)
    (folder / "data" / "truth").mkdir(exist_ok=True)
    definitions = tool.folder / "config" / "definitions"
    for ending in ("yaml", "cases.csv"):
        text = (definitions / f"article-lenient-dose.{ending}").read_text(encoding="utf-8")
        text = text.replace("id: article-lenient-dose", f"id: {OWN}")
        (folder / "config" / "definitions" / f"{OWN}.{ending}").write_text(text, encoding="utf-8")
    config = folder / "config" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("definitions: [article]", f"definitions: [article, {OWN}]"), encoding="utf-8"
    )
    done = made.snakemake()
    assert done.returncode == 0, done.stderr
    (folder / "console.txt").write_text(done.stderr, encoding="utf-8")
    assert digests(tool.folder) == before, "the tool's folder was written to"
    return made


def test_a_run_is_that_of_the_tool_and_tells_what_it_made(study: Project) -> None:
    release = study.results / "release"
    assert (release / "report.html").is_file()
    assert OWN in (release / "definitions.csv").read_text(encoding="utf-8")
    told = (study.folder / "console.txt").read_text(encoding="utf-8")
    for text in (
        "Made\n", "released", "results/release/report.html", f"{OWN}  ", "Needs attention\n",
        "never frozen", "not sealed",
    ):  # fmt: skip
        assert text in told, text
    assert "\x1b" not in told
    made = told[told.index("Made\n") :]
    with (release / "definitions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["definition"] for row in rows] == ["article", OWN]
    for row in rows:
        n, trd = row["n"], row["trd"]
        assert re.search(rf"^  {row['definition']} +{n} patients: {trd} treatment-", made, re.M)
    assert json.loads((study.folder / "study.json").read_text())["made_by"] == "trdanalysis"


def test_a_second_run_plans_nothing(study: Project) -> None:
    assert study.planned() == set()


def test_questions_need_no_options_there(study: Project, tmp_path: Path) -> None:
    copy = Project(study.copy_to(tmp_path / "moved").folder, study.tool)
    first = (copy.drops / "drop1" / "patients.csv").read_text(encoding="utf-8").splitlines()[1]
    for words, said in (
        (("check", "drop1"), "drop1"),
        (("explain", first.split(",")[0], "--definition", OWN), OWN),
        (
            ("assure", f"config/definitions/{OWN}.yaml", "config/definitions/article-moiety.yaml"),
            "article-moiety",
        ),
        (("verify", "results/release"), "results/release"),
        (("freeze",), "frozen, after labels had been made"),
    ):
        done = copy.python("trdanalysis", *words)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout, words
    assert (copy.folder / "config" / "frozen.json").is_file()
    done = copy.python("trdanalysis", "seal")
    assert done.returncode == 0, done.stderr
    assert (copy.results / "restricted" / "releases" / "1").is_dir()
    # A moved study reruns nothing but what sealing and freezing ask for.
    assert copy.planned() == {"disclose", "publish", "describe", "remember"}


def test_an_upgrade_of_the_tool_reruns_what_depends_on_it(study: Project, tmp_path: Path) -> None:
    def planned_after(path: Path, old: str, new: str) -> set[str]:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        planned = study.planned()
        path.write_text(text, encoding="utf-8")
        return planned

    tools, own = study.tool / "config", study.folder / "config"
    scales = tools / "reference" / "scales.csv"
    change = ("HAM-D17,symptom,0,52,no,7", "HAM-D17,symptom,0,52,no,8")
    assert planned_after(scales, *change) == EVERYTHING
    # The study's own table stands before it: no upgrade reaches it.
    copy = Project(study.copy_to(tmp_path / "own").folder, study.tool)
    shutil.copy2(scales, copy.folder / "config" / "reference" / "scales.csv")
    text = scales.read_text(encoding="utf-8")
    scales.write_text(text.replace(*change), encoding="utf-8")
    done = copy.snakemake("--dry-run", "--verbose")
    scales.write_text(text, encoding="utf-8")
    assert "config/reference/scales.csv" in done.stdout
    assert str(scales) not in done.stdout
    on_labels = EVERYTHING - {"intake", "quality", "pool"}
    definition = own / "definitions" / f"{OWN}.yaml"
    assert planned_after(definition, "weeks on treatment; the", "weeks; the") == (
        on_labels - {"multiverse"}
    )


def test_a_setting_that_a_new_version_needs_is_named_with_where_to_copy_it(
    study: Project, tmp_path: Path
) -> None:
    copy = Project(study.copy_to(tmp_path / "older").folder, study.tool)
    config = copy.folder / "config" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("imputations: 20\n", ""), encoding="utf-8")
    done = copy.snakemake("--dry-run")
    assert done.returncode != 0
    told = done.stdout + done.stderr
    assert "missing key `imputations`" in told
    assert str(study.tool / "config" / "config.yaml") in told


def test_init_leaves_alone_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place in (Path("there"), Path("file"), ROOT / "study", Path()):
        with pytest.raises(UserError) as fault:
            run_init(place)
        assert fault.value.exit_code == EXIT_CODES["output"], place
        assert fault.value.try_this, place
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["notes.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "there"]
    assert not (ROOT / "study").exists()
    (tmp_path / "empty").mkdir()
    run_init(Path("empty"))
    assert (tmp_path / "empty" / ".gitignore").is_file()


def test_records_and_results_of_a_study_are_ignored_by_git(tmp_path: Path) -> None:
    folder = run_init(tmp_path / "study")
    for name in ("data/drops/d1/patients.csv", "data/truth/d1.csv", "results/release/rates.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    shown = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=folder, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "config/config.yaml" in shown and "data/drops/README.md" in shown
    assert "d1" not in shown and "rates.csv" not in shown


def test_a_wheel_carries_everything_that_a_study_needs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    copy_project(source)
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "requirements.lock"):
        shutil.copy2(ROOT / name, source / name)
    build = (
        "import sys\nfrom setuptools import build_meta\nprint(build_meta.build_wheel(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    installed = tmp_path / "site-packages"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    shutil.rmtree(source)
    house = installed / "trdanalysis" / "house"
    for name in ("config", "workflow", "profiles", "templates", "notebooks"):
        tracked = {p.relative_to(ROOT) for p in (ROOT / name).rglob("*") if p.is_file()}
        tracked = {p for p in tracked if ".ipynb_checkpoints" not in p.parts}
        assert {p for p in tracked if not (house / p).is_file()} <= {Path("config/frozen.json")}
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    # The checkout is not what is found: its reference tables stand in the wheel.
    asked = "from trdanalysis.project import TOOL; print(TOOL)"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(house)
    for folder, words in (
        (tmp_path, ("trdanalysis", "init", "study")),
        (
            tmp_path / "study",
            ["trdanalysis", "simulate", "--patients", "5", "--out", "data/drops/a"],
        ),
        (tmp_path / "study", ("trdanalysis", "check", "a")),
        (tmp_path / "study", ("snakemake", "--dry-run")),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=folder, env=environment, capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "describe" in done.stdout + done.stderr
