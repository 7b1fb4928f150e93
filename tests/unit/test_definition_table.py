"""Counts of the classes of patients: every class, who has none, and of whom it is unknown."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from trdanalysis.analysis.definition_table import GRADE_COLUMNS, estimate_grades
from trdanalysis.engine import Engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield engine


def labels(engine: Engine, rows: list[tuple[str, str | None]]) -> object:
    frame = pd.DataFrame(rows, columns=["definition", "grade"]).astype("str")
    frame["grade"] = [grade for _, grade in rows]
    frame["grade"] = frame["grade"].astype("str")
    return engine.from_memory(frame)


def test_every_class_is_counted_and_nobody_is_lost(engine: Engine) -> None:
    rows = [("a", "high")] * 3 + [("a", "none")] * 2 + [("a", None)] + [("b", None)] * 4
    found = estimate_grades(labels(engine, rows), {"a": ["high", "low"]})  # type: ignore[arg-type]
    assert list(found.columns) == list(GRADE_COLUMNS)
    assert list(zip(found["grade"], found["n"], strict=True)) == [
        ("high", 3), ("low", 0), ("none", 2), ("unknown", 1)]  # fmt: skip


def test_without_classes_there_is_no_row(engine: Engine) -> None:
    found = estimate_grades(labels(engine, [("b", None)]), {})  # type: ignore[arg-type]
    assert list(found.columns) == list(GRADE_COLUMNS)
    assert found.empty
