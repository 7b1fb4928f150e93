"""What the software consists of, and what of it would run what data say: audit, SBOM, safe code."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import ROOT
from trdanalysis.errors import UserError
from trdanalysis.settings import read_yaml

SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "scripts").glob("*.py"))]
LOCK = ROOT / "requirements.lock"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# --- SBOM


def make_sbom(out: Path) -> bytes:
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "sbom.py", LOCK, ROOT / "pyproject.toml", out],
        check=True, capture_output=True,
    )  # fmt: skip
    return out.read_bytes()


def test_the_bill_of_materials_is_that_of_the_lock(tmp_path: Path) -> None:
    data = make_sbom(tmp_path / "a.json")
    assert make_sbom(tmp_path / "b.json") == data
    # No time, no number drawn, no host.
    assert not {b"timestamp", b"serialNumber", b"://"} & set(
        re.findall(rb"timestamp|serialNumber|://", data)
    )
    made = json.loads(data)
    lock = LOCK.read_text()
    entries = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", lock, flags=re.MULTILINE)
    parts = {(one["name"], one["version"]): one for one in made["components"]}
    assert len(parts) == len(made["components"]) == len(entries)
    assert {name.lower().replace("_", "-").replace(".", "-") for name, _ in entries} == {
        name for name, _ in parts
    }
    told = [
        one["content"] for part in parts.values() for one in part["externalReferences"][0]["hashes"]
    ]
    assert sorted(told) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert min(len(part["externalReferences"][0]["hashes"]) for part in parts.values()) >= 1


def test_the_bill_says_what_is_needed_to_run(tmp_path: Path) -> None:
    made = json.loads(make_sbom(tmp_path / "a.json"))
    scopes = {one["name"]: one["scope"] for one in made["components"]}
    # Direct, and needed by what is direct; for tests alone.
    assert {scopes[name] for name in ("duckdb", "pandas", "numpy", "annotated-types")} == {
        "required"
    }
    assert {scopes[name] for name in ("pytest", "ruff", "hypothesis")} == {"excluded"}
    refs = {one["bom-ref"] for one in made["components"]}
    needs = {one["ref"]: one.get("dependsOn", []) for one in made["dependencies"]}
    assert {ref for others in needs.values() for ref in others} <= refs
    own = made["metadata"]["component"]["bom-ref"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(needs[own]) == len(project["dependencies"])


# --- audit


def answer(**parts: object) -> dict[str, object]:
    return {"dependencies": [{"name": "pandas", "version": "3.1.1", "vulns": [], **parts}]}


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (answer(), 0, "no known vulnerability in 1 packages"),
        (answer(vulns=[{"id": "X-1", "fix_versions": ["3.2"]}]), 1, "pandas 3.1.1: X-1, mended in"),
        (answer(skip_reason="not found"), 2, "1 of 1 packages could not be looked up"),
        ({"dependencies": []}, 2, "1 of 1 packages could not be looked up"),
        (None, 2, "gave no answer"),
    ],
)
def test_an_audit_passes_only_where_every_package_was_looked_up(
    tmp_path: Path, given: dict[str, object] | None, code: int, says: str
) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text("pandas==3.1.1 \\\n    --hash=sha256:00\n")
    made, lines = load("audit").judge(lock, given)
    assert made == code
    assert says in lines[0]


def test_an_audit_that_gets_no_answer_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "audit.py", "true", LOCK],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert "NOT AUDITED" in done.stderr


# --- no code from data

#: Whatever these read may hold code that runs.
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "jsonpickle"}
CALLS = {
    "eval", "exec", "compile", "__import__", "read_pickle", "to_pickle", "unsafe_load", "full_load",
    "load_all", "unsafe_load_all", "full_load_all", "system", "popen", "read_hdf",
    "Template", "from_string",
}  # fmt: skip
#: Methods called `compile` make patterns and queries. Of `yaml` only what is safe is called;
#: jinja2's loader makes templates of our own files.
YAML_CALLS = {"safe_load", "safe_dump", "compose"}


def calls_of(tree: ast.AST) -> list[tuple[str, str, ast.Call]]:
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            found.append(("", node.func.id, node))
        elif isinstance(node.func, ast.Attribute):
            holder = node.func.value
            found.append((holder.id if isinstance(holder, ast.Name) else "?", node.func.attr, node))
    return found


def find_unsafe(text: str) -> list[str]:
    """Name what of a module could run what data say."""
    tree = ast.parse(text)
    wrong = []
    for node in ast.walk(tree):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        wrong += [name for name in names if name.split(".")[0] in MODULES]
    for holder, name, call in calls_of(tree):
        given = {one.arg: one.value for one in call.keywords}
        is_true = {
            key for key, value in given.items()
            if isinstance(value, ast.Constant) and value.value is True
        }  # fmt: skip
        if name in CALLS and (name != "compile" or holder == ""):
            wrong.append(name)
        if holder == "yaml" and name not in YAML_CALLS:
            wrong.append(f"yaml.{name}")
        if name == "compose" and ast.unparse(given.get("Loader", call)) != "yaml.SafeLoader":
            wrong.append("yaml.compose")
        if {"allow_pickle", "shell"} & is_true:
            wrong.append(f"{name}(... True)")
        if "jinja2" in text and name == "Environment" and "autoescape" not in is_true:
            wrong.append("Environment")
    return wrong


def test_nothing_runs_what_data_say() -> None:
    found = {path.name: find_unsafe(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')", "exec(x)", "import pickle", "from pickle import loads", "pd.read_pickle(x)",
        "yaml.load(x)", "yaml.unsafe_load(x)", "yaml.compose(x)", "np.load(x, allow_pickle=True)",
        "subprocess.run(x, shell=True)", "os.system(x)", "import jinja2; Environment()",
        "compile(x)",
    ],
)  # fmt: skip
def test_what_looks_for_unsafe_code_finds_it(text: str) -> None:
    assert find_unsafe(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:pathlib.Path.touch [ran]\n",
        "a: !!python/object/new:type [x, [], {}]\n",
        "a: !!python/name:os.system\n",
        "a: !!python/module:os\n",
    ],
)
def test_settings_run_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drop.yaml").write_text(text)
    with pytest.raises(UserError, match="not readable YAML"):
        read_yaml(tmp_path / "drop.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["drop.yaml"]
