"""Every column that comes out is described, and is as it is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest

from tests.golden.run import EXPECTED
from tests.workflow.conftest import Project
from trdanalysis import layout
from trdanalysis.outputs import OutputTable
from trdanalysis.outputs_published import PUBLISHED
from trdanalysis.outputs_restricted import COHORT, DROP, RUN

#: Tables within files of a drop and of the cohort; the others are pages and JSON.
SUFFIXES = (".parquet", ".csv")


def read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def find_differences(described: OutputTable, table: pd.DataFrame) -> Iterator[str]:
    """Find columns that are not as they are described."""
    if tuple(table.columns) != described.names:
        yield f"columns are {list(table.columns)}, described are {list(described.names)}"
        return
    for column in described.columns:
        values = table[column.name].dropna()
        if not column.null and table[column.name].isna().any():
            yield f"`{column.name}` has empty cells, and nothing says what they mean"
        if column.kind in ("whole number", "day") and not (values.astype(float) % 1 == 0).all():
            yield f"`{column.name}` is no {column.kind}"
        if column.kind == "share" and not values.astype(float).between(0, 1).all():
            yield f"`{column.name}` is no share"
        if column.kind in ("yes or no", "three-valued") and not values.isin([True, False]).all():
            yield f"`{column.name}` is not yes or no"
        if column.kind == "text" and not values.map(lambda each: isinstance(each, str)).all():
            # Texts that look like numbers come so from CSV.
            assert column.name not in ("definition", "estimand", "status")


def test_every_file_of_a_run_is_described() -> None:
    assert set(PUBLISHED) == set(layout.PUBLISHED_TABLES)
    assert set(COHORT) == {name for name in layout.COHORT_FILES if name.endswith(SUFFIXES)}
    assert set(DROP) == {name for name in layout.DROP_FILES if name.endswith(SUFFIXES)}


@pytest.mark.parametrize("name", layout.PUBLISHED_TABLES)
def test_published_columns_are_as_described(name: str) -> None:
    assert list(find_differences(PUBLISHED[name], read(EXPECTED / f"{name}.csv"))) == []


def test_patient_level_columns_are_as_described(finished: Project) -> None:
    restricted = finished.results / "restricted"
    folders: tuple[tuple[Mapping[str, OutputTable], Path], ...] = (
        (COHORT, restricted / "cohort"),
        (DROP, restricted / "drops" / "drop1"),
        (RUN, restricted),
    )
    found = {
        f"{folder.name}/{name}": list(find_differences(described, read(folder / name)))
        for tables, folder in folders
        for name, described in tables.items()
    }
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert {path.suffix for path in (restricted / "cohort").iterdir() if path.is_file()} <= {
        *SUFFIXES
    }
