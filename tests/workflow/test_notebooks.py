"""Notebooks run on a small run, answer their questions, and are kept without outputs."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest

from tests.support import ROOT
from tests.workflow.conftest import Project
from tests.workflow.test_site import Loaded
from trdanalysis.commands.notebooks import execute_notebooks, render_notebook, run_notebooks
from trdanalysis.errors import UserError

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
#: Notebooks that show published tables only.
PUBLISHED = ("01_cohort", "02_non_response", "05_sensitivity", "06_what_changed", "07_paper_table")

# The kernel runs in another process; its client library warns of sockets that it closes late.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def shown(notebook: Any, kind: str) -> list[str]:
    """Give what the cells show, as a kind."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    if kind == "stream":
        return [output.text for output in outputs if output.output_type == "stream"]
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


def answer(notebook: Any) -> str:
    text = "".join(shown(notebook, "stream"))
    return text[text.index("Answer: ") :]


@pytest.fixture(scope="module")
def ran(finished: Project) -> dict[str, Any]:
    return dict(zip(NAMES, execute_notebooks(NOTEBOOKS, finished.results), strict=True))


def test_there_are_nine_that_are_numbered() -> None:
    assert [name[:3] for name in NAMES] == [f"{number:02d}_" for number in range(1, 10)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_short_stripped_and_asks_one_question(path: Path) -> None:
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert notebook.cells[0].source.partition("\n")[0].endswith("?")
    assert "Answer" in code[-1].source and len(code) <= 8
    for cell in code:
        assert cell.outputs == [] and cell.execution_count is None
        # They look; what is estimated is estimated by the package.
        assert not re.search(r"\b(?:scipy|statsmodels|numpy|mean|std|quantile)\b", cell.source)
    assert notebook.metadata["language_info"]["name"] == "python"
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs_and_answers(ran: dict[str, Any], name: str) -> None:
    notebook = ran[name]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    framed = "".join(shown(notebook, "text/html"))
    assert framed.count("<iframe srcdoc=") >= 1
    assert len(answer(notebook)) > 30


def test_answers_are_those_of_the_results(ran: dict[str, Any], finished: Project) -> None:
    rates = pd.read_csv(finished.results / "release" / "rates.csv")
    rates = rates[(rates["stratum"] == "overall") & (rates["analysis"] == "complete_case")]
    row = rates[rates["estimand"] == "initial_adequate_trial"].iloc[0]
    assert f"{int(row['n'])} are counted" in answer(ran["01_cohort"])
    assert f"{int(row['events'])} of {int(row['n'])}" in answer(ran["02_non_response"])
    assert f"{row['rate']:.1%}" in answer(ran["02_non_response"])
    assert "first completed run" in answer(ran["06_what_changed"])
    assert "by it 1 of 3 patients change label" in answer(ran["08_adding_a_definition"])
    assert "1 treatment-resistant, 2 not, 1 cannot be told; 1 rows" in answer(
        ran["09_your_own_data"]
    )


def test_published_notebooks_show_no_patient(ran: dict[str, Any], finished: Project) -> None:
    labels = pd.read_parquet(finished.results / "restricted" / "cohort" / "labels.parquet")
    ids = set(labels["patient_id"])
    assert len(ids) > 30
    for name in PUBLISHED:
        text = json.dumps(ran[name])
        assert not {one for one in ids if re.search(rf"\b{re.escape(one)}\b", text)}, name
        assert "Patient-level" not in "".join(shown(ran[name], "text/html"))


def test_patient_level_notebooks_say_so(ran: dict[str, Any]) -> None:
    for name, mark in (("03_why_trd", "Patient-level"), ("04_definitions", "Not disclosure-contr")):
        assert mark in "".join(shown(ran[name], "text/html"))
        assert "clear this output" in "".join(shown(ran[name], "stream"))


def test_a_later_run_is_compared(finished: Project, tmp_path: Path) -> None:
    release = tmp_path / "results"
    shutil.copytree(finished.results / "release", release)
    (release / "label_flows.csv").write_text(
        "definition,label_before,label_now,n,status\narticle,trd,trd,7,ok\n"
        "article,trd,not_trd,3,ok\narticle,absent,trd,5,ok\n",
        encoding="utf-8",
    )
    (path,) = (one for one in NOTEBOOKS if one.stem == "06_what_changed")
    (notebook,) = execute_notebooks([path], release)
    assert "3 patients have another label" in answer(notebook) and "5 are new" in answer(notebook)


def test_pages_load_nothing(ran: dict[str, Any]) -> None:
    for name in NAMES:
        page = render_notebook(ran[name], name, NAMES)
        assert "default-src &#39;none&#39;" in page and "Stays at the site" in page
        parts = [page, *(unescape(one) for one in re.findall(r'srcdoc="([^"]*)"', page))]
        assert len(parts) > 1
        for part in parts:
            reader = Loaded()
            reader.feed(part)
            assert [one for one in reader.loaded if one] == [], name
        # Names of SVG's vocabulary are no addresses that are asked.
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'<&]*", page))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, name
        assert all(f'href="{other}.html"' in page for other in NAMES if other != name)


def test_a_rule_makes_pages_on_request(finished: Project, tmp_path: Path) -> None:
    project = finished.copy_to(tmp_path / "project")
    for path in (project.folder / "notebooks").glob("*.ipynb"):
        if path.stem != "01_cohort":
            path.unlink()
    done = project.snakemake("notebooks")
    assert done.returncode == 0, done.stderr
    folder = project.results / "restricted" / "notebooks"
    assert [path.name for path in folder.iterdir()] == ["01_cohort.html"]
    assert "Answer: of" in (folder / "01_cohort.html").read_text(encoding="utf-8")
    kept = read(project.folder / "notebooks" / "01_cohort.ipynb")
    assert all(not cell.outputs for cell in kept.cells if cell.cell_type == "code")
    assert project.planned("notebooks") == set() and project.planned() == set()


def test_a_notebook_that_fails_is_named_without_its_values(tmp_path: Path) -> None:
    path = tmp_path / "own.ipynb"
    cells = [
        nbformat.v4.new_code_cell("import trdanalysis as trd"),
        nbformat.v4.new_code_cell("{}['P000017']"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(UserError) as told:
        run_notebooks([path], tmp_path)
    assert "code cell 2 of a notebook ends with KeyError" in str(told.value)
    assert "P000017" not in str(told.value)
    cells[1].source = "trd.open('nowhere')"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(UserError, match="no such folder of results"):
        run_notebooks([path], tmp_path)
    with pytest.raises(UserError, match="there are no notebooks"):
        run_notebooks([], tmp_path)
    with pytest.raises(UserError, match="no such notebook"):
        run_notebooks([tmp_path / "missing.ipynb"], tmp_path)
