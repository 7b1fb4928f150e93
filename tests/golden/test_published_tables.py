"""A small kept drop gives the kept tables, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.run import EXPECTED, HERE, run_verbs
from trdanalysis.layout import PUBLISHED_FILES, PUBLISHED_TABLES


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_verbs(HERE / "drop", tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("name", PUBLISHED_TABLES)
def test_a_kept_drop_gives_the_kept_table(release: Path, name: str) -> None:
    got = (release / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    expected = (EXPECTED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    different = [
        f"line {number}: expected {old!r}, got {new!r}"
        for number, (old, new) in enumerate(zip(expected, got, strict=False), start=1)
        if old != new
    ]
    assert not different, "\n".join(different[:5])
    assert (release / f"{name}.csv").read_bytes() == (EXPECTED / f"{name}.csv").read_bytes()


def test_nothing_else_is_published(release: Path) -> None:
    assert sorted(path.name for path in release.iterdir()) == sorted(PUBLISHED_FILES)
    assert not list(release.rglob("*.parquet"))


def test_no_id_of_a_patient_is_published(release: Path) -> None:
    rows = (HERE / "drop" / "patients.csv").read_text(encoding="utf-8").splitlines()[1:]
    ids = {row.split(",")[0] for row in rows} - {""}
    assert len(ids) > 100
    for path in release.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not [one for one in ids if one in text], f"{path.name} holds ids of patients"
