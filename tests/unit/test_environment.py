"""The ways to set up agree with each other: pyproject.toml, the locks, environment.yml."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import trdanalysis

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    "requirements.lock": ("dev",),
    "requirements-jupyter.lock": ("dev", "jupyter"),
    "requirements-slurm.lock": ("dev", "slurm"),
    "requirements-spark.lock": ("dev", "spark", "postgres", "browser"),
}
# Conda's name of a package, where it is not the package index's.
INDEX_NAME = {
    "great_tables": "great-tables",
    "ibis-duckdb": "ibis-framework",
    "matplotlib-base": "matplotlib",
    "python-duckdb": "duckdb",
    "snakemake-minimal": "snakemake",
}
# Held below a version that does not work with another dependency; pyproject.toml says which.
HELD_BACK = {"sqlglot"}
# What conda needs besides: the interpreter, and what installs this package itself.
CONDA_TOOLS = {"python", "pip", "setuptools"}


def read_project() -> dict:
    """The `project` table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def direct_requirements(*extras: str) -> dict[str, Requirement]:
    """Direct dependencies by name: those of the package, then those of the extras named."""
    project = read_project()
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def locked_versions(lock: str) -> dict[str, Version]:
    """Name and version of every package of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", text, flags=re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def conda_dependencies() -> dict[str, str]:
    """Version by conda's name; empty where environment.yml names none."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pairs = (line.partition("=") for line in environment["dependencies"])
    return {name: version for name, _, version in pairs}


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_lock_satisfies_every_lower_bound(lock: str, extras: tuple[str, ...]) -> None:
    locked = locked_versions(lock)
    wanted = direct_requirements(*extras)
    assert set(wanted) <= set(locked)
    unmet = {name for name, wish in wanted.items() if not wish.specifier.contains(locked[name])}
    assert unmet == set()


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_host_and_hashes_everything(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked_versions(lock))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", [name for name in LOCKS if name != "requirements.lock"])
def test_other_locks_keep_the_versions_of_the_first(lock: str) -> None:
    first, other = locked_versions("requirements.lock"), locked_versions(lock)
    assert {name: other[name] for name in first} == first


def test_first_lock_is_free_of_the_jupyter_metapackage() -> None:
    # rfc3987-syntax, which it brings, adds a second to every start of Snakemake.
    assert not {"jupyter", "rfc3987-syntax"} & set(locked_versions("requirements.lock"))


def test_every_direct_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    for name, wish in direct_requirements("dev", "jupyter", "spark", "browser").items():
        upper = {"<"} if name in HELD_BACK else set()
        assert {bound.operator for bound in wish.specifier} == {">="} | upper, name


def test_every_direct_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r'\s+"[\w.\[\]-]+>=', line)]
    # The notebook packages stand in two extras.
    project = read_project()
    extras = project["optional-dependencies"].values()
    assert len(lines) == len(project["dependencies"]) + sum(map(len, extras))
    assert [line for line in lines if not re.search(r",\s+# \S+", line)] == []


def test_build_backend_is_locked() -> None:
    # Set-up builds without isolation, so what builds must come out of the lock too.
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = locked_versions("requirements.lock")
    for wish in map(Requirement, pyproject["build-system"]["requires"]):
        assert wish.specifier.contains(locked[canonicalize_name(wish.name)])


def test_conda_environment_names_the_direct_dependencies() -> None:
    names = {INDEX_NAME.get(name, name) for name in conda_dependencies()}
    assert names - CONDA_TOOLS == set(direct_requirements("jupyter"))


def test_conda_environment_has_the_locked_versions() -> None:
    locked = locked_versions("requirements-jupyter.lock")
    conda = conda_dependencies()
    versions = {INDEX_NAME.get(n, n): v for n, v in conda.items() if n not in {"python", "pip"}}
    assert {name: Version(version) for name, version in versions.items()} == {
        name: locked[name] for name in versions
    }


def test_conda_environment_has_a_python_that_the_package_allows() -> None:
    allowed = Requirement(f"python{read_project()['requires-python']}").specifier
    assert allowed.contains(conda_dependencies()["python"])


def test_installed_package_is_this_one() -> None:
    assert metadata.version("trdanalysis") == read_project()["version"]
    assert trdanalysis.__version__ == read_project()["version"]
    assert Path(trdanalysis.__file__).is_relative_to(ROOT / "src")


def test_script_leads_to_the_command_line() -> None:
    scripts = metadata.entry_points(group="console_scripts", name="trdanalysis")
    assert {script.value for script in scripts} == {"trdanalysis.cli:main"}


def test_every_folder_of_tests_is_a_declared_kind(pytestconfig: pytest.Config) -> None:
    # The folder gives the marker: `make test` would run a folder of system tests it cannot tell.
    declared = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    tests = ROOT / "tests"
    kinds = {path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py")}
    assert kinds <= declared
