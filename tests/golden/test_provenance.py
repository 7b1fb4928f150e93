"""What is said of a release: the manifest, the crate, how they are checked, and sealing."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.golden.run import HERE
from tests.support import ROOT
from trdanalysis import __version__
from trdanalysis.cli import main
from trdanalysis.commands.disclose import load_sealed
from trdanalysis.errors import EXIT_CODES
from trdanalysis.layout import (
    PROVENANCE_FILES,
    PUBLISHED_FILES,
    PUBLISHED_TABLES,
    SEALED_FILES,
)


@pytest.fixture
def results(release: Path, tmp_path: Path) -> Path:
    """Give a copy of the results that can be spoiled."""
    shutil.copytree(release.parent, tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def manifest(release: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return read


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def verify(folder: Path, *arguments: str) -> int:
    return main(["verify", str(folder), *arguments])


def seal(results: Path) -> int:
    settings = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    config = results.parent / "config.yaml"
    config.write_text(yaml.safe_dump(settings | {"results": str(results)}), encoding="utf-8")
    return main(["seal", "--config", str(config)])


# The manifest.


def test_every_published_file_is_described_as_it_is(
    release: Path, manifest: dict[str, Any]
) -> None:
    assert sorted(manifest["files"]) == sorted(PUBLISHED_FILES)
    for name, facts in manifest["files"].items():
        assert facts["sha256"] == sha256(release / name)
        assert facts["size"] == (release / name).stat().st_size
        assert facts["made_by"] in manifest["commands"]
    for name in PUBLISHED_TABLES:
        table = pd.read_csv(release / f"{name}.csv")
        assert manifest["files"][f"{name}.csv"]["rows"] == len(table)
        assert manifest["files"][f"{name}.csv"]["columns"] == list(table.columns)


def test_the_manifest_says_what_it_was_made_from(manifest: dict[str, Any]) -> None:
    assert manifest["tool"]["version"] == __version__
    assert manifest["policy"]["id"] == "none"
    definition = ROOT / "config" / "definitions" / "article.yaml"
    assert manifest["definitions"]["article"]["sha256"] == sha256(definition)
    (drop,) = manifest["drops"]
    names = sorted(path.name for path in (HERE / "drop").iterdir())
    lines = "".join(f"{sha256(HERE / 'drop' / name)}  {name}\n" for name in names)
    assert drop["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    assert manifest["is_draft"] is False
    for name, digest in manifest["reference"].items():
        folder = "" if name.startswith("eligibility/") else "reference"
        assert digest == sha256(ROOT / "config" / folder / name)


def test_no_clock_host_or_path_of_the_machine_is_told(release: Path) -> None:
    import getpass
    import socket

    for name in PROVENANCE_FILES:
        text = (release / name).read_text(encoding="utf-8")
        assert str(ROOT) not in text and str(release.parent) not in text
        assert socket.gethostname() not in text
        assert f"/{getpass.getuser()}/" not in text


def test_the_crate_names_every_file_with_its_hash(release: Path, manifest: dict[str, Any]) -> None:
    crate = json.loads((release / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    by_id = {entity["@id"]: entity for entity in crate["@graph"]}
    parts = {part["@id"] for part in by_id["./"]["hasPart"]}
    assert {*manifest["files"], "manifest.json"} <= parts
    for name, facts in manifest["files"].items():
        assert by_id[name]["sha256"] == facts["sha256"]
        assert by_id[name]["@type"] == "File"
    assert by_id["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    for entity in crate["@graph"]:
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and set(one) == {"@id"}:
                    assert one["@id"] in by_id or one["@id"].startswith("http"), one


# Verifying.


def test_a_release_as_written_is_verified(
    release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(release) == 0
    told = capsys.readouterr().out
    assert f"{len(PUBLISHED_FILES)} files" in told and "a release by trdanalysis" in told


def test_what_changed_is_said(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = results / "release"
    table = (release / "rates.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (release / "rates.csv").write_text("".join(table[:-1]), encoding="utf-8")
    (release / "models.csv").unlink()
    (release / "notes.txt").write_text("mine", encoding="utf-8")
    assert verify(release) == EXIT_CODES["manifest"]
    told = capsys.readouterr().out
    assert f"{len(table) - 1} rows, now {len(table) - 2}" in told
    assert "missing: models.csv" in told and "extra: notes.txt" in told


def test_another_release_is_compared(
    results: Path, release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(release, "--against", str(results / "release")) == 0
    assert "the same" in capsys.readouterr().out
    other = json.loads((results / "release" / "manifest.json").read_text(encoding="utf-8"))
    other["policy"]["content"]["hide_counts_up_to"] = 5
    other["files"]["rates.csv"]["sha256"] = "0" * 64
    path = results / "other.json"
    path.write_text(json.dumps(other), encoding="utf-8")
    assert verify(release, "--against", str(path)) == 0
    told = capsys.readouterr().out
    assert "hide_counts_up_to: 5 is now 0" in told and "rates.csv" in told


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "trdanalysis-manifest-9"}', "{}"])
def test_a_damaged_manifest_is_one_clear_error(
    results: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "release" / "manifest.json").write_text(text, encoding="utf-8")
    assert verify(results / "release") == EXIT_CODES["manifest"]
    assert "Traceback" not in capsys.readouterr().err


# Sealing.


def test_a_release_is_sealed_once(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seal(results) == 0
    sealed = results / "restricted" / "releases" / "1"
    names = {*PUBLISHED_FILES, *PROVENANCE_FILES, *SEALED_FILES}
    assert {path.relative_to(sealed).as_posix() for path in sealed.rglob("*.*")} == names
    for name in PUBLISHED_FILES:
        assert sha256(sealed / name) == sha256(results / "release" / name)
    loaded = load_sealed(sealed)
    assert loaded.name == "1" and loaded.policy["id"] == "none"
    known = loaded.counts
    assert known["count"].is_unique
    # Under a policy that hides nothing, all that a table prints is known.
    assert (known["low"] == known["high"])[known["printed"].notna()].all()
    assert seal(results) == EXIT_CODES["config"]
    assert "sealed already, as number 1" in capsys.readouterr().err
    assert [path.name for path in sealed.parent.iterdir()] == ["1"]


def test_what_is_not_the_release_of_the_last_run_is_not_sealed(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = results / "release" / "rates.csv"
    kept = rates.read_text(encoding="utf-8")
    rates.write_text(kept + "\n", encoding="utf-8")
    assert seal(results) == EXIT_CODES["manifest"]
    assert "not as its manifest.json says" in capsys.readouterr().err
    rates.write_text(kept, encoding="utf-8")
    about = results / "restricted" / "published.json"
    told = json.loads(about.read_text(encoding="utf-8"))
    told["files"]["rates.csv"] = "0" * 64
    about.write_text(json.dumps(told), encoding="utf-8")
    assert seal(results) == EXIT_CODES["manifest"]
    assert "not the one that the last run made" in capsys.readouterr().err
    assert not (results / "restricted" / "releases").exists()


def test_without_a_release_nothing_is_sealed(tmp_path: Path) -> None:
    assert seal(tmp_path / "results") == EXIT_CODES["not_found"]


def test_a_draft_is_not_sealed(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = results / "release" / "manifest.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(told | {"is_draft": True}), encoding="utf-8")
    assert seal(results) == EXIT_CODES["config"]
    assert "a draft stays" in capsys.readouterr().err
