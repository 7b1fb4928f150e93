"""Generated files are as the code would write them today."""

from __future__ import annotations

from pathlib import Path

import pytest

from trdanalysis.contract import FACTORS, PATIENTS, RECORDED_GROUPS, SYMPTOMS, TABLES
from trdanalysis.generated import render_files

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(render_files()))
def test_a_generated_file_is_not_stale(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == render_files()[path], (
        "run `python -m trdanalysis.generated`"
    )


def test_every_column_of_the_contract_is_on_the_page() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for spec in TABLES.values():
        for name in spec.names:
            assert f"| `{name}`" in page


def test_factors_and_symptoms_are_columns_of_patients() -> None:
    recorded = [factor for group in RECORDED_GROUPS for factor in FACTORS[group]]
    assert len(recorded) == 13
    assert len(SYMPTOMS) == 8
    assert set(recorded) | set(SYMPTOMS) <= set(PATIENTS.names)
