"""The house: data flows one way, rules only call verbs, one module writes what is published."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "src" / "trdanalysis"
#: Stations from left to right; a module imports from its own or from those to its left.
STATIONS = ("", "readers", "intake", "labelling", "analysis", "disclosure", "report", "commands")
#: The Python interface: it calls what commands call, and nothing calls it.
INTERFACE = ("interface", "plot")
#: Modules at the top that belong to no station: all may import the first, none the second.
LAST = ("arguments", "cli", "__main__", "plan", "running", "closing", "generated", "plot")
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
#: What reads and writes files, and is told where by its caller.
MAY_NAME_PATHS = ("readers", "commands", "")


def station(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imported(path: Path) -> set[str]:
    """Give the modules of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trdanalysis"):
            found.add(node.module or "")
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.startswith("trdanalysis")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_come_from_the_left(path: Path) -> None:
    own = station(path)
    if own == "interface" or path.stem in INTERFACE:
        allowed = {"", *STATIONS, "interface"}
    elif own in ("commands", "simulate") or path.stem in LAST:
        allowed = {"", *STATIONS, "simulate"} if own != "simulate" else {"", "simulate"}
    else:
        allowed = set(STATIONS[: STATIONS.index(own) + 1])
    for name in imported(path):
        parts = name.split(".")[1:]
        is_station = len(parts) > 0 and (PACKAGE / parts[0]).is_dir()
        assert (parts[0] if is_station else "") in allowed, f"imports {name}"
        if path.stem not in LAST and own != "commands":
            assert not parts or parts[0] not in LAST, f"imports {name}"


def test_only_commands_open_files_after_the_readers() -> None:
    writers = ("write_csv", "write_text", "write_json", "write_parquet", "write_aside")
    for path in MODULES:
        if station(path) in ("intake", "labelling", "analysis", "disclosure", "report"):
            text = path.read_text(encoding="utf-8")
            names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
            assert not names & {"open", *writers}, path.name


def test_one_module_writes_what_is_published() -> None:
    told = [
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(r"[\"']release[\"']", path.read_text(encoding="utf-8"))
    ]
    assert told == ["layout.py"]
    naming = [
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(r"\bRELEASE\b", path.read_text(encoding="utf-8"))
    ]
    # The plan tells publish and describe the folder; sealing copies from it.
    # The Python interface reads from it.
    assert naming == ["commands/seal.py", "interface/run.py", "layout.py", "plan.py"]
    for path in (PACKAGE / "interface").glob("*.py"):
        assert not re.findall(r"\bwrite_\w+|mkdir|unlink", path.read_text(encoding="utf-8"))
    sealing = (PACKAGE / "commands" / "seal.py").read_text(encoding="utf-8")
    assert re.findall(r"write_\w+\(([^,)]+)[,)]", sealing) == ["target"]
    publishing = [
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if "PUBLISHED_TABLES" in path.read_text(encoding="utf-8")
    ]
    assert publishing == ["commands/publish.py", "layout.py"]
    # What is said of the published files is written beside them by one more, and is read by one.
    describing = [
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if "PROVENANCE_FILES" in path.read_text(encoding="utf-8")
    ]
    assert describing == [
        "closing.py", "commands/describe.py", "commands/seal.py", "commands/verify.py", "layout.py",
    ]  # fmt: skip
    # The end of a run only counts them.
    assert "write_" not in (PACKAGE / "closing.py").read_text(encoding="utf-8")
    written = re.findall(
        r"write_\w+\(([^,]+),", (PACKAGE / "commands" / "describe.py").read_text(encoding="utf-8")
    )
    assert written == ["out / MANIFEST", "out / CRATE"]
    assert "write_" not in (PACKAGE / "commands" / "verify.py").read_text(encoding="utf-8")


def test_published_tables_pass_the_one_door() -> None:
    text = (PACKAGE / "commands" / "publish.py").read_text(encoding="utf-8")
    written = re.findall(r"write_csv\([^,]+, (\w+)", text)
    assert written == ["results"]
    # It sees nothing else: no analysis, no cohort.
    assert not {"analysis", "labelling", "disclosure"} & {
        name.split(".")[1] for name in imported(PACKAGE / "commands" / "publish.py")
    }


def test_the_snakefile_is_a_map() -> None:
    assert len((ROOT / "Snakefile").read_text(encoding="utf-8").splitlines()) <= 40
    rules = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
    assert len(rules) == 4
    for path in rules:
        text = path.read_text(encoding="utf-8")
        for word in ("run:", "script:", "checkpoint", "pandas", "import "):
            assert word not in text, f"{path.name} has `{word}`"
        assert text.startswith("# Needs:")
        verbs = re.findall(r"-m trdanalysis (\w+)", text)
        assert verbs == re.findall(r"^rule (\w+):", text, flags=re.MULTILINE)
        for part in ("log", "benchmark", "message", "shell"):
            found = re.findall(rf"^    {part}:", text, flags=re.MULTILINE)
            assert len(found) == len(verbs), f"{path.name}: {part}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name != "build_parser":
            lines = (node.end_lineno or 0) - node.lineno + 1
            docstring = (ast.get_docstring(node) or "").count("\n") + 1
            assert lines - docstring <= 65, f"{node.name} has {lines - docstring} lines"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_public_is_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name != "__init__.py" or tree.body:
        assert ast.get_docstring(tree), "the module says nothing of itself"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} says nothing of itself"


def test_rows_are_worked_on_without_words_of_one_engine() -> None:
    for path in MODULES:
        if station(path) in ("intake", "labelling"):
            text = path.read_text(encoding="utf-8")
            for word in ("raw_sql", "duckdb", ".sql(", "nunique().over", "pyspark"):
                assert word not in text.lower(), f"{path.name} has `{word}`"


def test_what_the_configuration_folder_holds_is_found_by_one_module() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if path.name != "project.py":
            assert not re.search(r'\breference / ["\w]', text), path.name
            assert "reference.parent /" not in text, path.name
            assert '"definitions" /' not in text and '/ "definitions"' not in text, path.name
