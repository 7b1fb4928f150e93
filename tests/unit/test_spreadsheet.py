"""No cell of a CSV that is written can run as a formula in a spreadsheet."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trdanalysis.files import write_csv
from trdanalysis.spreadsheet import guard_cell, unguard_cell

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("x","y")', "\t=1", "\r=1",
    "\n=1", "  =1", "\uff1d1+1", "-", "+a", "--5", "-1.5 to 2", "\0=1",
]  # fmt: skip
HARMLESS = ["", "a=1", "18-25", "'", "'quoted'", "-5", "+5", "-0.25", "-1e-05", "1.0", " x", "é"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe(text: str) -> None:
    assert guard_cell(text) == "'" + text
    assert unguard_cell(guard_cell(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_none_stays(text: str) -> None:
    assert guard_cell(text) == text
    assert unguard_cell(text) == text


@given(st.one_of(st.text("'=+-@ 1a\t\r\n", max_size=6), st.text(max_size=6)))
def test_every_text_comes_back_and_none_begins_as_a_formula(text: str) -> None:
    guarded = guard_cell(text)
    assert unguard_cell(guarded) == text
    if guarded[:1] in ("=", "+", "-", "@", "\t", "\r"):
        assert float(guarded) == float(text)


@pytest.mark.parametrize("kind", [object, "str", "category", pd.ArrowDtype(pa.string())])
def test_every_kind_of_text_column_is_guarded(tmp_path: Path, kind: object) -> None:
    table = pd.DataFrame(
        {
            "definition": pd.Series(["=1+1", "article", None], dtype=kind),  # type: ignore[call-overload]
            "site": pd.Series(["@north", "-south", "east"], dtype=kind),  # type: ignore[call-overload]
            "difference": [-0.25, 1.0, None],
            "whole": pd.array([-3, 2, None], dtype="Int64"),
            "is_primary": [True, False, True],
            "=factor": ["-0.5", "+sleep", "\tstress"],
        }
    )
    write_csv(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["definition", "site", "difference", "whole", "is_primary", "'=factor"],
        ["'=1+1", "'@north", "-0.25", "-3", "true", "-0.5"],
        ["article", "'-south", "1", "2", "false", "'+sleep"],
        ["", "east", "", "", "true", "'\tstress"],
    ]
    assert table["site"].tolist() == ["@north", "-south", "east"], "the table itself is untouched"
