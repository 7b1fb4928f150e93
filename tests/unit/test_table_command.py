"""`table`: a table from kept results, in every format; drafts stay where they are."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import CONFIG, REFERENCE, ROOT
from tests.unit.report_pages import published, report_tables
from trdanalysis import __version__
from trdanalysis.cli import main
from trdanalysis.commands.kept import load_disclosed
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import write_json, write_parquet
from trdanalysis.layout import ANALYSIS_TABLES, DISCLOSED_ROWS
from trdanalysis.report.paper.catalogue import CATALOGUE


def keep(results: Path, **run: Any) -> Path:
    """Keep results as `disclose` does, and give a configuration of them."""
    made = report_tables(published())
    folder = results / "restricted" / "disclosed"
    for name in ANALYSIS_TABLES:
        write_parquet(folder / f"{name}.parquet", made.tables[name])
    for name in DISCLOSED_ROWS:
        write_parquet(folder / f"{name}.parquet", getattr(made, name))
    about = {
        "definitions": list(made.definitions), "settings": made.settings,
        "run": {**made.run, "version": __version__, **run}, "hiding": made.hiding,
        "freeze": dataclasses.asdict(made.freeze),
    }  # fmt: skip
    write_json(folder / "about.json", about)
    return configure(results)


def configure(results: Path, **changed: Any) -> Path:
    config = results.parent / "config"
    (config / "journals").mkdir(parents=True, exist_ok=True)
    for path in (CONFIG / "journals").glob("*.yaml"):
        (config / "journals" / path.name).write_bytes(path.read_bytes())
    lines = (CONFIG / "config.yaml").read_text(encoding="utf-8").splitlines()
    given = {"results": str(results), **changed}
    text = "\n".join(
        f"{key}: {json.dumps(given[key])}" if (key := line.split(":")[0]) in given else line
        for line in lines
    )
    (config / "config.yaml").write_text(text + "\n", encoding="utf-8")
    return config / "config.yaml"


def run(config: Path, *arguments: str) -> int:
    return main(["table", *arguments, "--config", str(config), "--reference", str(REFERENCE)])


def test_it_writes_each_format_and_prints_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = keep(tmp_path / "results")
    assert run(config, "2", "--format", "docx", "csv", "html", "latex", "--decimals", "2") == 0
    folder = tmp_path / "results" / "paper"
    made = sorted(path.name for path in folder.iterdir())
    assert made == ["table-2.csv", "table-2.docx", "table-2.html", "table-2.tex"]
    assert "59.57% (49.47 to 68.93%)" in (folder / "table-2.csv").read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""
    assert run(config, "attrition") == 0
    assert capsys.readouterr().out.startswith("Table 5. From all accepted")
    out = tmp_path / "elsewhere" / "one.docx"
    assert run(config, "s1", "--format", "docx", "--out", str(out)) == 0
    assert out.is_file()
    assert run(config, "2", "--journal", "middle-dot") == 0
    assert "59·6% (49·5–68·9%)" in capsys.readouterr().out


def test_every_table_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = keep(tmp_path / "results")
    assert run(config, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(CATALOGUE)
    assert all(len(line.split()) > 3 for line in lines[1:])


REAL = [{"drop_id": "clinic", "mode": "snapshot", "source": "native", "synthetic": False,
         "assumptions": []}]  # fmt: skip


@pytest.mark.parametrize("why", ["asked", "policy"])
def test_a_draft_stays(
    tmp_path: Path, why: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    results = tmp_path / "results"
    if why == "policy":
        config = keep(results, drops=REAL)
    else:
        keep(results)
        config = configure(results, draft=True)
    assert run(config, "2", "--format", "csv") == 0
    assert (results / "restricted" / "paper" / "table-2.csv").is_file()
    assert not (results / "paper").exists()
    out = tmp_path / "away.csv"
    assert run(config, "2", "--format", "csv", "--out", str(out)) == EXIT_CODES["policy"] == 7
    told = capsys.readouterr().err + caplog.text
    assert "draft" in told and "leave `--out` away" in told
    assert not out.exists()
    inside = results / "restricted" / "mine" / "two.html"
    assert run(config, "2", "--format", "html", "--out", str(inside)) == 0
    assert "DRAFT" in inside.read_text(encoding="utf-8")
    # A path that only looks as if it lay inside.
    sly = results / "restricted" / ".." / "two.html"
    assert run(config, "2", "--format", "html", "--out", str(sly)) == EXIT_CODES["policy"]


@pytest.mark.parametrize(
    ("arguments", "kind", "told"),
    [
        (["atrition"], "not_found", "did you mean `attrition`?"),
        (["99x"], "not_found", "table list"),
        (["2", "--journal", "defualt"], "config", "did you mean `default`?"),
        (["2", "--format", "csv", "html", "--out", "x.csv"], "config", "2 formats"),
    ],
)
def test_a_wrong_word_is_told(
    tmp_path: Path, arguments: list[str], kind: str, told: str,
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    config = keep(tmp_path / "results")
    assert run(config, *arguments) == EXIT_CODES[kind]
    assert told in capsys.readouterr().err + caplog.text


def test_without_results_it_says_what_to_run(tmp_path: Path) -> None:
    config = configure(tmp_path / "results")
    assert run(config, "2") == EXIT_CODES["not_found"]
    assert run(config, "list") == 0


def test_results_of_another_version_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    config = keep(tmp_path / "results", version="0.0.1")
    assert run(config, "2") == 0
    captured = capsys.readouterr()
    assert "These results are of version 0.0.1" in captured.err + caplog.text
    assert captured.out.startswith("Table 2.")
    # One that did not make a table of today.
    folder = tmp_path / "results" / "restricted" / "disclosed"
    (folder / "rates.parquet").unlink()
    with pytest.raises(UserError, match="1 table\\(s\\) are missing, such as rates") as caught:
        load_disclosed(folder, REFERENCE, is_draft=False)
    assert "of version 0.0.1" not in str(caught.value) and "are of 0.0.1" in str(caught.value)


def test_it_imports_only_what_it_needs(tmp_path: Path) -> None:
    config = keep(tmp_path / "results")
    code = (
        "import sys; from trdanalysis.cli import main;"
        f"main(['table', '2', '--format', *sys.argv[1:], '--config', {str(config)!r},"
        f" '--reference', {str(REFERENCE)!r}]);"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )

    def loaded(*forms: str) -> set[str]:
        told = subprocess.run(
            [sys.executable, "-c", code, *forms], cwd=ROOT, capture_output=True, text=True,
            check=True,
        ).stderr  # fmt: skip
        return set(told.splitlines()[-1].split())

    heavy = {"ibis", "duckdb", "matplotlib", "statsmodels"}
    word, page = loaded("docx"), loaded("html")
    assert "docx" in word and not (heavy | {"great_tables"}) & word
    assert "great_tables" in page and not (heavy | {"docx"}) & page
