"""A small kept drop gives the kept tables, byte for byte."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from tests.golden.run import EXPECTED, HERE, KEPT_TABLES
from trdanalysis.layout import PROVENANCE_FILES, PUBLISHED_FILES, PUBLISHED_TABLES


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


@pytest.mark.parametrize("name", KEPT_TABLES)
def test_a_kept_drop_gives_the_kept_table_of_a_paper(release: Path, name: str) -> None:
    assert (release / name).read_text(encoding="utf-8") == (EXPECTED / name).read_text(
        encoding="utf-8"
    )


def test_the_primary_cell_is_the_rate_of_resistance(release: Path) -> None:
    analysis = release.parent / "restricted" / "analysis"
    cells, rates = (
        pd.read_parquet(analysis / f"{name}.parquet") for name in ("multiverse", "rates")
    )
    cell = cells[cells["is_primary"]].iloc[0]
    own = (rates["estimand"] == "trd") & (rates["analysis"] == "proven")
    row = rates[own & (rates["stratum"] == "overall")].iloc[0]
    assert cell["trd"] == row["events"]
    for name in ("n", "n_unknown", "rate", "ci_low", "ci_high", "bound_low", "bound_high"):
        assert cell[name] == row[name], name
    assert cell["n"] == cell["trd"] + cell["not_trd"] + cell["indeterminate"]


def test_nothing_else_is_published(release: Path) -> None:
    made = [path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()]
    assert sorted(made) == sorted((*PUBLISHED_FILES, *PROVENANCE_FILES))
    assert not list(release.rglob("*.parquet"))


def read_all(path: Path) -> str:
    """Give the bytes of a file as text; of a Word document, those of its parts."""
    if path.suffix != ".docx":
        # Of a picture's bytes too: its title and what is told to those who do not see it.
        return path.read_bytes().decode("latin-1")
    with zipfile.ZipFile(path) as parts:
        names = [name for name in parts.namelist() if name.endswith(".xml")]
        return "".join(parts.read(name).decode("latin-1") for name in names)


def test_no_id_of_a_patient_is_published(release: Path) -> None:
    rows = (HERE / "drop" / "patients.csv").read_text(encoding="utf-8").splitlines()[1:]
    ids = {row.split(",")[0] for row in rows} - {""}
    assert len(ids) > 100
    for path in release.rglob("*.*"):
        text = read_all(path)
        assert not [one for one in ids if one in text], f"{path.name} holds ids of patients"
