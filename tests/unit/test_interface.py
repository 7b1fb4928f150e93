"""The Python interface: light to import, its names, marks on frames, odd frames as input."""

from __future__ import annotations

import ast
import datetime
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import trdanalysis as trd
from tests.support import CONFIG, ROOT
from trdanalysis.engine import Engine
from trdanalysis.interface.configuration import find_configuration
from trdanalysis.interface.marked import PATIENT_LEVEL, UNDISCLOSED, PatientTable, mark_frame
from trdanalysis.interface.typed import read_published
from trdanalysis.outputs_published import PUBLISHED
from trdanalysis.readers.memory import read_memory

# --- the package


def test_to_import_the_package_loads_nothing() -> None:
    code = (
        "import sys, trdanalysis as trd; dir(trd)\n"
        "print([one for one in ('pandas', 'ibis', 'duckdb', 'matplotlib') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_names_have_types_and_are_all_there() -> None:
    stub = (ROOT / "src" / "trdanalysis" / "__init__.pyi").read_text(encoding="utf-8")
    tree = ast.parse(stub)
    told = {
        alias.asname: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    names = next(ast.literal_eval(node.value) for node in tree.body if isinstance(node, ast.Assign))
    assert names == sorted(trd.__all__) == dir(trd)
    assert {*told, "__version__"} == set(names)
    for name in names:
        found = getattr(trd, name)
        if name in told:
            assert found is getattr(__import__(told[name][0], fromlist=[told[name][1]]),
                                    told[name][1])  # fmt: skip
        assert found.__doc__
    with pytest.raises(AttributeError, match="has no `lable`"):
        _ = trd.lable  # type: ignore[attr-defined]


def test_every_function_documents_its_parameters() -> None:
    plots = (trd.plot.forest, trd.plot.flow)
    tables = (trd.show, trd.tell, trd.say, trd.table, trd.relabel)
    for function in (
        trd.open, trd.label, trd.rates, trd.explain, trd.attrition, *tables, *plots,
    ):  # fmt: skip
        code = function.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        before, _, after = (function.__doc__ or "").partition("Parameters")
        assert before.strip() and not [name for name in names if name not in after]


def test_a_users_mistake_has_no_traceback_in_jupyter() -> None:
    error = trd.UserError("it is wrong", try_this="mend it")
    assert error._render_traceback_() == ["UserError: it is wrong\n  try this: mend it"]


def test_the_configuration_is_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "notebooks")
    assert find_configuration().folder == CONFIG
    monkeypatch.chdir(tmp_path)
    assert find_configuration().folder == CONFIG
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").touch()
    assert find_configuration().folder == tmp_path / "config"
    with pytest.raises(trd.UserError, match="there is no configuration"):
        find_configuration(tmp_path / "other")


# --- marks


@pytest.fixture
def marked() -> PatientTable:
    return mark_frame(
        pd.DataFrame(
            {
                "patient_id": ["a", "b", "c", "d"],
                "label": ["x", "y", "x", None],
                "n": pd.array([1, 2, 3, None], dtype="Int64"),
            }
        )
    )


def test_what_is_cut_of_a_marked_frame_keeps_the_mark(marked: PatientTable) -> None:
    other = pd.DataFrame({"patient_id": ["a"], "z": [1]})
    for derived in (
        marked.head(2), marked[marked["n"] > 1], marked.loc[0], marked.loc[:1, ["n"]],
        marked.query("n > 1"), marked.sort_values("n"), marked.assign(z=1), marked["label"],
        marked["n"] + 1, marked["label"].to_frame(), marked.merge(other, on="patient_id"),
        pd.concat([marked, marked]), pd.concat({"a": marked, "b": marked}),
        marked.copy(), marked.reset_index(), marked.T,
        marked.set_index("patient_id"), marked.drop_duplicates("label"), marked.sample(2),
        marked.groupby("label").head(1), marked.groupby("patient_id").agg(n=("n", "sum")),
        marked.groupby("patient_id", as_index=False).first(), marked["patient_id"].value_counts(),
    ):  # fmt: skip
        assert derived.mark == PATIENT_LEVEL
        with pytest.warns(trd.PatientLevelWarning):
            assert "Patient-level" in derived._repr_html_()
    undisclosed = mark_frame(pd.DataFrame({"n": [1, 2]}), UNDISCLOSED)
    assert undisclosed[undisclosed["n"] > 1].mark == UNDISCLOSED


def test_counts_lose_the_mark(marked: PatientTable) -> None:
    for derived in (
        marked["label"].value_counts(), pd.crosstab(marked["label"], marked["n"]),
        marked.groupby("label").agg(n=("n", "sum")), marked.groupby("label")["n"].mean(),
        marked.describe(),
    ):  # fmt: skip
        assert getattr(derived, "mark", None) is None
        html = getattr(derived, "_repr_html_", lambda: "")()
        assert "Patient-level" not in (html or "")


# --- reading published tables


def test_empty_cells_are_missing_and_guards_are_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text("level,robust,n,rate,status\n'=SUM(1),true,3,0.5,ok\nNA,,,,suppressed\n")
    table = read_published(file, PUBLISHED["rates"])
    assert list(table["level"]) == ["=SUM(1)", "NA"]
    assert [str(dtype) for dtype in table.dtypes] == [
        "string", "boolean", "Int64", "Float64", "string",
    ]  # fmt: skip
    assert table.loc[1, ["robust", "n", "rate"]].isna().all()
    assert list(table["status"]) == ["ok", "suppressed"]


# --- odd frames as input

PATIENTS = {
    "patient_id": ["p1", "p2", "p3"],
    "age_years": [30, 40, 50],
    "mdd_diagnosis": ["yes", "yes", "no"],
    "functional_impairment": ["yes", None, "no"],
}
TRIALS = {
    "patient_id": ["p1", "p1", "p2", "p3"],
    "trial_id": ["t1", "t2", "t1", "t1"],
    "drug": ["sertraline", "venlafaxine", "sertraline", "nonsensedrug"],
    "dose_mg_per_day": [100.0, 150.0, -5.0, 20.0],
    "start_day": [0, 100, 0, 0],
    "stop_day": [60, 170, 60, 70],
    "adherence": [0.9, 0.8, 0.9, 1.4],
}


def label(patients: Any = None, trials: Any = None, **given: Any) -> trd.Labelled:
    patients = pd.DataFrame(PATIENTS) if patients is None else patients
    trials = pd.DataFrame(TRIALS) if trials is None else trials
    return trd.label(patients, trials, config=CONFIG, **given)


def as_cells(frame: Any, table: str = "patients") -> dict[str, list[str | None]]:
    """Read a frame as the reader does, and give its cells."""
    given = {"patients": pd.DataFrame(PATIENTS), "trials": pd.DataFrame(TRIALS), table: frame}
    with Engine(300, 1) as engine:
        return read_memory(engine, given)[table].to_pyarrow().to_pydict()


def test_every_kind_of_missing_is_null() -> None:
    cells = as_cells(
        pd.DataFrame(
            {
                "patient_id": ["a", "b", "c", "d", "e"],
                "sex": ["female", None, np.nan, pd.NA, " "],
                "age_years": [30.0, np.nan, None, 41, 52],
                "low_mood": [True, None, np.nan, False, pd.NA],
                "fatigue": pd.array([True, None, False, None, True], dtype="boolean"),
                "last_observed_day": pd.array([1, None, 3, 4, 5], dtype="Int64"),
                "function_score": np.array([0.8, np.nan, 50, 60, 70], dtype="float32"),
                "site": pd.Categorical(["n", None, "s", "n", "s"]),
            }
        )
    )
    assert cells["sex"] == ["female", None, None, None, None]
    assert cells["age_years"] == ["30.0", None, None, "41.0", "52.0"]
    assert cells["low_mood"] == ["yes", None, None, "no", None]
    assert cells["fatigue"] == ["yes", None, "no", None, "yes"]
    assert cells["last_observed_day"] == ["1", None, "3", "4", "5"]
    assert cells["function_score"] == ["0.8", None, "50.0", "60.0", "70.0"]
    assert cells["site"] == ["n", None, "s", "n", "s"]
    assert cells["line"] == [1, 2, 3, 4, 5]


def test_columns_of_several_kinds_are_read_cell_by_cell() -> None:
    day = datetime.date(2020, 1, 2)
    cells = as_cells(
        pd.DataFrame(
            {
                "patient_id": [1, "b", 2.0],
                "low_mood": [True, "no", None],
                "site": [False, "s", Decimal("1.5")],
                "sex": [day, "male", np.bool_(True)],
            }
        )
    )
    assert cells["patient_id"] == ["1", "b", "2"]
    assert cells["low_mood"] == ["yes", "no", None]
    assert cells["site"] == ["false", "s", "1.5"]
    assert cells["sex"] == ["2020-01-02", "male", "true"]


def test_identifiers_that_became_floating_are_whole_again() -> None:
    patients = pd.DataFrame(PATIENTS | {"patient_id": [1.0, 2.0, np.nan]})
    trials = pd.DataFrame(TRIALS | {"patient_id": [1, 1, 2, 3], "trial_id": [1.0, 2.0, 1.0, 1.0]})
    found = label(patients, trials)
    assert list(found.labels["patient_id"]) == ["1", "2"]
    assert list(found.trials["trial_id"]) == ["1", "2", "1"]
    assert list(found.quarantine["reason"]) == ["missing_key", "unknown_patient"]


def test_words_of_other_libraries_are_words() -> None:
    polars = pl.DataFrame(
        {
            "patient_id": ["a", "b"],
            "sex": pl.Series(["female", None], dtype=pl.Categorical),
            "low_mood": pl.Series(["yes", "no"], dtype=pl.Enum(["yes", "no"])),
            "fatigue": [True, None],
            "nothing": [None, None],
        }
    )
    for frame in (polars, polars.lazy(), polars.to_arrow(), polars.to_arrow().to_batches()[0]):
        cells = as_cells(frame)
        assert cells["sex"] == ["female", None]
        assert cells["low_mood"] == ["yes", "no"]
        assert cells["fatigue"] == ["yes", None]
        assert cells["nothing"] == [None, None]
    table = pa.table({"patient_id": ["a"], "score": pa.array([Decimal("1.50")])})
    assert as_cells(table)["score"] == ["1.50"]


def test_bad_cells_become_unknown_and_are_found_by_row() -> None:
    found = label()
    told = found.findings[found.findings["action"] == "cell_set_unknown"]
    rows = {(row.table, row.column, row.row, row.rule) for row in told.itertuples()}
    assert rows == {
        ("trials", "adherence", 4, "out_of_range"),
        ("trials", "dose_mg_per_day", 3, "out_of_range"),
        ("trials", "drug", 4, "unrecognised_drug"),
    }
    assert (
        found.trials.set_index(["patient_id", "trial_id"]).loc[("p3", "t1"), "adherence"] is pd.NA
    )
    assert list(found.unrecognised["word"]) == ["nonsensedrug"]
    labels = found.labels.set_index("patient_id")
    assert labels.loc["p2", "impaired"] is pd.NA and not labels.loc["p3", "impaired"]
    doubled = label(trials=pd.concat([pd.DataFrame(TRIALS), pd.DataFrame(TRIALS).head(1)]))
    assert list(doubled.balance["duplicates"]) == [0, 1]


def test_frames_of_nobody_give_labels_of_nobody() -> None:
    found = label(pd.DataFrame(PATIENTS).head(0), pd.DataFrame(TRIALS).head(0))
    assert len(found.labels) == 0 and found.labels["impaired"].dtype == "boolean"
    assert found.findings["row"].dtype == found.quarantine["row"].dtype == "Int64"
    assert "nobody" in repr(found)
    assert trd.rates(found, by="overall")["status"].eq("not_estimable").all()


@pytest.mark.parametrize(
    ("patients", "words"),
    [
        ({"date_of_birth": ["1980-01-02", None, None]}, "direct identifiers in 1 column"),
        ({"seen": [datetime.date(2020, 1, 2), None, None]}, "direct identifiers in 1 column"),
        ({"seen": pd.to_datetime(["2020-01-02", None, None], utc=True)}, "direct identifiers"),
        ({"age_years": [93, 40, 50]}, "top-code ages"),
        ({"contact": ["jo@example.org", None, None]}, "e_mail_address"),
        ({"age_years": ["old", "young", "older"]}, "wrong type for 1 whole column"),
        ({"mdd_diagnosis": [1, 0, 1]}, "none readable as yes or no"),
        ({"site": [["n"], ["s"], None]}, "hold lists, structures or bytes"),
        ({"site": [["n"], "s", None]}, "holds lists, structures or bytes"),
        ({"site": [b"n", b"s", None]}, "hold lists, structures or bytes"),
        ({"line": [1, 2, 3]}, "column names must differ"),
    ],
)
def test_what_a_drop_is_refused_for_frames_are_refused_for(
    patients: dict[str, Any], words: str
) -> None:
    with pytest.raises(trd.UserError) as told:
        label(pd.DataFrame(PATIENTS | patients))
    message = str(told.value)
    assert message.startswith("the frames are refused, as a drop would be: ") and words in message
    for value in ("1980", "2020-01-02", "93", "example.org", "young", "p1"):
        assert value not in message
    assert told.value.exit_code == 3


@pytest.mark.parametrize(
    ("patients", "words"),
    [
        (pd.DataFrame(PATIENTS).set_index("patient_id"), "give the frame with `.reset_index()`"),
        (pd.DataFrame(PATIENTS).drop(columns="patient_id"), "required column(s) missing"),
        (pd.DataFrame({1: ["a"]}), "a name that is no text"),
        (pd.DataFrame([["a", "b"]], columns=["patient_id"] * 2), "column names must differ"),
        ([{"patient_id": "a"}], "cannot be read as a table"),
        (pl.Series(["a"]), "cannot be read as a table"),
        (7, "a pandas or Polars frame, an Arrow table or an Ibis table"),
        (pd.DataFrame(), "is the header missing?"),
    ],
)
def test_what_is_no_frame_of_patients_is_told(patients: Any, words: str) -> None:
    with pytest.raises(trd.UserError) as told:
        label(patients)
    assert words in str(told.value)


def test_definitions_are_found_or_told() -> None:
    with pytest.raises(trd.UserError, match="did you mean `article`"):
        label(definition="artikle")
    with pytest.raises(trd.UserError, match="was given twice"):
        label(definition=["article", CONFIG / "definitions" / "article.yaml"])
    with pytest.raises(trd.UserError, match="no definition was given"):
        label(definition=[])
    with pytest.raises(trd.UserError, match="cannot be the id of a drop"):
        label(drop_id="a b")
    with pytest.raises(trd.UserError, match="required table `trials` is missing"):
        trd.label(pd.DataFrame(PATIENTS), None, config=CONFIG)


def test_what_is_grouped_by_a_marked_column_keeps_its_name() -> None:
    frame = mark_frame(pd.DataFrame({"label": ["trd", "trd"], "reason": ["a", "b"]}))
    assert list(frame.groupby(["label", "reason"]).size().index.names) == ["label", "reason"]
