"""Notebooks run on the published tables, are kept without outputs, and read nothing restricted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.golden.run import EXPECTED
from tests.support import ROOT
from trdanalysis.layout import PUBLISHED_TABLES

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# The kernel runs in another process; its client library warns of sockets that it closes late.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_published_tables(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "results" / "release"
    release.mkdir(parents=True)
    for name in PUBLISHED_TABLES:
        shutil.copy(EXPECTED / f"{name}.csv", release)
    monkeypatch.setenv("TRDANALYSIS_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds
    assert not [output for output in outputs if output.output_type == "error"]
    tables = " ".join(str(output.get("data", {}).get("text/plain", "")) for output in outputs)
    assert "initial_adequate_trial" in tables
