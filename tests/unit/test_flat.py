"""The flat reader: what each word of the mapping does, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.support import load_reference
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.take_in import take_in
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.mapping import read_assumptions, read_mapping
from trdanalysis.readers.raw_drop import NOT_RECODED, UNREADABLE

MAPPINGS = sorted(
    path
    for path in (Path(__file__).parents[2] / "config" / "mappings").glob("*.yaml")
    if "file" in yaml.safe_load(path.read_text())  # the mappings of other readers name none
)
PAGE = Path(__file__).parents[2] / "docs" / "readers-flat.md"

PATIENT = {"patient_id": "id"}
TRIAL = {"patient_id": "id", "trial_id": "t", "drug": "d", "start_day": "s"}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write_mapping(folder: Path, **parts: Any) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump({"file": "f.csv", **parts}, sort_keys=False))
    return path


def read(
    engine: Engine, folder: Path, text: str, tables: Any, **parts: Any
) -> dict[str, list[Row]]:
    """Read a CSV by a mapping; rows as dictionaries, in a fixed order."""
    (folder / "f.csv").write_text(text)
    mapping = write_mapping(folder, tables=tables, **parts)
    return {name: rows_of(table) for name, table in read_flat(engine, folder, mapping).items()}


def rows_of(table: Any) -> list[Row]:
    rows = table.to_pyarrow().to_pylist()
    return sorted(rows, key=lambda row: (row["line"], str(list(row.values()))))


def read_patients(engine: Engine, folder: Path, text: str, recipe: Any, **parts: Any) -> list[Row]:
    trials = {"columns": {name: {"constant": "x"} for name in TRIAL}}
    return read(engine, folder, text, {"patients": recipe, "trials": trials}, **parts)["patients"]


def one_column(engine: Engine, folder: Path, cells: list[str], **recipe: Any) -> list[str | None]:
    """Send cells through the recipe of one column, with rows that nothing sums up."""
    text = "id,v\n" + "".join(f"p{number},{cell}\n" for number, cell in enumerate(cells))
    columns = {"patient_id": "id", "age_years": {"column": "v", **recipe}}
    return [row["age_years"] for row in read_patients(engine, folder, text, {"columns": columns})]


def refusal(folder: Path, tables: Any, **parts: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        read_mapping(write_mapping(folder, tables=tables, **parts))
    assert caught.value.exit_code == EXIT_CODES["config"]
    return caught.value


# --- cells


def test_columns_constants_and_lines(engine: Engine, folder: Path) -> None:
    recipe = {"columns": {"patient_id": "id", "sex": "g", "mdd_diagnosis": {"constant": True}}}
    rows = read_patients(engine, folder, "id,g,left_out\na, female ,x\nb,,y\n", recipe)
    assert rows == [
        {"patient_id": "a", "sex": "female", "mdd_diagnosis": "yes", "line": 2},
        {"patient_id": "b", "sex": None, "mdd_diagnosis": "yes", "line": 3},
    ]


def test_tables_are_raw_tables(engine: Engine, folder: Path) -> None:
    (folder / "f.csv").write_text("id,t,d,s,secret\na,1,sertraline,0,x\n")
    mapping = write_mapping(
        folder, tables={"trials": {"columns": TRIAL}, "patients": {"columns": PATIENT}}
    )
    tables = read_flat(engine, folder, mapping)
    assert list(tables) == ["patients", "trials"]
    schema = tables["trials"].schema()
    assert {name: str(kind) for name, kind in schema.items()} == {
        **dict.fromkeys(("patient_id", "trial_id", "drug", "start_day"), "string"),
        "line": "int64",
    }


def test_recoding_keeps_or_gives_up_what_it_does_not_know(engine: Engine, folder: Path) -> None:
    recode = {"1": 11, 2: "12"}
    cells = ["1", "2", "3", "", "01"]
    kept = one_column(engine, folder, cells, recode=recode, otherwise="keep")
    assert kept == ["11", "12", "3", None, "01"]
    given_up = one_column(engine, folder, cells, recode=recode, otherwise="unknown")
    # Not empty: an empty cell would pass without a finding and could be read as a default.
    assert given_up == ["11", "12", NOT_RECODED, None, NOT_RECODED]


def test_what_stands_for_a_lost_value_is_in_no_vocabulary() -> None:
    words = {word for spec in TABLES.values() for column in spec.columns for word in column.words}
    assert not {NOT_RECODED, UNREADABLE} & (words | {"yes", "no"})


@pytest.mark.parametrize(
    ("recipe", "cell", "expected"),
    [
        ({"divide": 12, "round": "down"}, "431", "35"),
        ({"divide": 12, "round": "down"}, "432", "36"),
        ({"divide": 12, "round": "up"}, "433", "37"),
        ({"divide": 12, "round": "nearest"}, "426", "36"),
        ({"divide": 12}, "6", "0.5"),
        ({"multiply": 7}, "6", "42"),
        ({"multiply": 1000}, "0.15", "150"),
        ({"multiply": 0.1}, "3", "0.3"),
        ({"multiply": 7, "add": -7}, "1", "0"),
        ({"multiply": 1}, "1503.0", "1503"),
        ({"round": "down"}, "-0.5", "-1"),
        ({"add": 0}, "2.50", "2.5"),
        ({"add": 0}, "1e3", "1000"),
        ({"add": 1}, "12 weeks", "12 weeks"),
        ({"add": 1}, "1_000", "1_000"),
        ({"add": 1}, "inf", "inf"),
        ({"add": 1}, "", None),
    ],
)
def test_conversion(
    engine: Engine, folder: Path, recipe: Row, cell: str, expected: str | None
) -> None:
    assert one_column(engine, folder, [cell], **recipe) == [expected]


def test_missing_codes_of_the_file_and_of_a_column(engine: Engine, folder: Path) -> None:
    text = "id,v,w\na,-9,-9\nb,99,99\nc,NA,NA\n"
    columns = {
        "patient_id": "id",
        "age_years": {"column": "v", "missing": [99]},
        "age_at_onset_years": {"column": "w", "add": 1},
    }
    rows = read_patients(engine, folder, text, {"columns": columns}, missing=["NA", -9])
    assert [row["age_years"] for row in rows] == [None, None, None]
    assert [row["age_at_onset_years"] for row in rows] == [None, "100", None]


# --- which rows


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"filled": True}, ["a", "b"]),
        ({"filled": False}, ["c"]),
        ({"among": [1, "x"]}, ["a"]),
        ({"not_among": ["1"]}, ["b", "c"]),
    ],
)
def test_where(engine: Engine, folder: Path, condition: Row, kept: list[str]) -> None:
    recipe = {"columns": PATIENT, "where": [{"column": "v", **condition}]}
    rows = read_patients(engine, folder, "id,v\na,1\nb,2\nc,\n", recipe)
    assert [row["patient_id"] for row in rows] == kept


def test_a_missing_code_is_not_filled(engine: Engine, folder: Path) -> None:
    recipe = {"columns": PATIENT, "where": {"column": "v", "filled": True}}
    rows = read_patients(engine, folder, "id,v\na,NA\nb,2\n", recipe, missing=["NA"])
    assert [row["patient_id"] for row in rows] == ["b"]


def test_wide_trials(engine: Engine, folder: Path) -> None:
    text = "id,drug_1,start_1,drug_2,start_2\na,sertraline,0,citalopram,90\nb,ect,5,,\n"
    trials = {
        "for_each": [1, 2],
        "where": {"column": "drug_{}", "filled": True},
        "columns": {
            "patient_id": "id",
            "trial_id": {"constant": "t{}"},
            "drug": "drug_{}",
            "start_day": "start_{}",
        },
    }
    rows = read(engine, folder, text, {"patients": {"columns": PATIENT}, "trials": trials})
    assert rows["trials"] == [
        {"patient_id": "a", "trial_id": "t1", "drug": "sertraline", "start_day": "0", "line": 2},
        {"patient_id": "a", "trial_id": "t2", "drug": "citalopram", "start_day": "90", "line": 2},
        {"patient_id": "b", "trial_id": "t1", "drug": "ect", "start_day": "5", "line": 3},
    ]


def test_wide_visits_by_week_and_a_baseline_row(engine: Engine, folder: Path) -> None:
    tables = {
        "patients": {"columns": PATIENT},
        "trials": {"columns": {**TRIAL, **{n: {"constant": "x"} for n in ("trial_id", "drug")}}},
        "assessments": [
            {
                "for_each": [2, 6],
                "where": {"column": "w{}", "filled": True},
                "columns": {
                    "patient_id": "id",
                    "day": {"constant": "{}", "multiply": 7},
                    "scale": {"constant": "MADRS"},
                    "score": "w{}",
                },
            },
            {
                "columns": {
                    "patient_id": "id",
                    "day": {"constant": 0},
                    "scale": {"constant": "MADRS"},
                    "score": "w0",
                }
            },
        ],
    }
    rows = read(engine, folder, "id,s,w0,w2,w6\na,0,30,20,\n", tables)["assessments"]
    assert [(row["day"], row["score"], row["line"]) for row in rows] == [
        ("0", "30", 2),
        ("14", "20", 2),
    ]


def test_columns_that_only_one_recipe_has_are_empty_elsewhere(engine: Engine, folder: Path) -> None:
    recipes = [
        {"columns": {**PATIENT, "sex": "g"}, "where": {"column": "g", "filled": True}},
        {"columns": {**PATIENT, "site": "h"}, "where": {"column": "h", "filled": True}},
    ]
    rows = read_patients(engine, folder, "id,g,h\na,male,\nb,,north\n", recipes)
    assert rows == [
        {"patient_id": "a", "sex": "male", "site": None, "line": 2},
        {"patient_id": "b", "sex": None, "site": "north", "line": 3},
    ]


# --- several source rows, one row


LONG = "id,day,g,v\na,9,F,5\na,2,F,7\na,30,,6\nb,1,M,\n"


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"take": "min"}, "5"),
        ({"take": "max"}, "7"),
        ({"take": "max", "add": 1}, "8"),
        ({"take": "first", "by": "day"}, "7"),
        ({"take": "last", "by": "day"}, "6"),
    ],
)
def test_take(engine: Engine, folder: Path, recipe: Row, expected: str) -> None:
    columns = {"patient_id": "id", "sex": "g", "age_years": {"column": "v", **recipe}}
    rows = read_patients(engine, folder, LONG, {"per": "id", "columns": columns})
    # The line is the first source row's, whatever row the value comes from; where one row is empty
    # the others speak.
    assert rows == [
        {"patient_id": "a", "sex": "F", "age_years": expected, "line": 2},
        {"patient_id": "b", "sex": "M", "age_years": None, "line": 5},
    ]


def test_numbers_are_compared_as_numbers(engine: Engine, folder: Path) -> None:
    text = "id,day,v\na,9,100\na,10,20\n"
    columns = {
        "patient_id": "id",
        "age_years": {"column": "v", "take": "max"},
        "age_at_onset_years": {"column": "v", "take": "last", "by": "day"},
    }
    rows = read_patients(engine, folder, text, {"per": "id", "columns": columns})
    assert [(row["age_years"], row["age_at_onset_years"]) for row in rows] == [("100", "20")]


def test_last_passes_over_empty_cells(engine: Engine, folder: Path) -> None:
    text = "id,day,v\na,1,40\na,2,\n"
    columns = {"patient_id": "id", "age_years": {"column": "v", "take": "last", "by": "day"}}
    rows = read_patients(engine, folder, text, {"per": "id", "columns": columns})
    assert [row["age_years"] for row in rows] == ["40"]


def test_disagreement_gives_a_row_for_each_version(engine: Engine, folder: Path) -> None:
    text = "id,g,v\na,F,1\na,F,1\na,M,1\nb,F,1\n"
    columns = {"patient_id": "id", "sex": "g", "site": "v"}
    rows = read_patients(engine, folder, text, {"per": "id", "columns": columns})
    assert [(row["patient_id"], row["sex"], row["line"]) for row in rows] == [
        ("a", "F", 2),
        ("a", "M", 4),
        ("b", "F", 5),
    ]


def test_a_tie_in_the_order_is_not_resolved(engine: Engine, folder: Path) -> None:
    text = "id,day,v\na,1,40\na,2,41\na,2,42\n"
    columns = {"patient_id": "id", "age_years": {"column": "v", "take": "last", "by": "day"}}
    rows = read_patients(engine, folder, text, {"per": "id", "columns": columns})
    assert {row["age_years"] for row in rows} == {"41", "42"}


@pytest.mark.parametrize("recipe", [{"take": "max"}, {"take": "last", "by": "day"}])
def test_what_cannot_be_compared_is_lost_and_says_so(
    engine: Engine, folder: Path, recipe: Row
) -> None:
    text = "id,day,v\na,1,40\na,x,over\nb,1,50\n"
    columns = {"patient_id": "id", "age_years": {"column": "v", **recipe}}
    rows = read_patients(engine, folder, text, {"per": "id", "columns": columns})
    assert [row["age_years"] for row in rows] == [UNREADABLE, "50"]


def test_per_several_columns(engine: Engine, folder: Path) -> None:
    text = "id,t,d,s\na,1,x,0\na,1,x,3\na,2,y,50\n"
    trials = {
        "per": ["id", "t"],
        "columns": {**TRIAL, "start_day": {"column": "s", "take": "min"}},
    }
    rows = read(
        engine, folder, text, {"patients": {"per": "id", "columns": PATIENT}, "trials": trials}
    )
    assert [tuple(row.values()) for row in rows["trials"]] == [
        ("a", "1", "x", "0", 2),
        ("a", "2", "y", "50", 4),
    ]
    assert rows["patients"] == [{"patient_id": "a", "line": 2}]


def test_source_columns_may_have_the_names_of_other_columns(engine: Engine, folder: Path) -> None:
    # The file's `sex` is the site and its `site` the sex.
    text = "patient_id,sex,site\na,north,male\na,north,male\n"
    columns = {"patient_id": "patient_id", "sex": "site", "site": "sex"}
    rows = read_patients(engine, folder, text, {"per": "patient_id", "columns": columns})
    assert rows == [{"patient_id": "a", "sex": "male", "site": "north", "line": 2}]


# --- files


def test_other_delimiters(engine: Engine, folder: Path) -> None:
    recipe = {"columns": {"patient_id": "id", "sex": "g"}}
    for delimiter, character in ((";", ";"), ("tab", "\t"), ("\t", "\t")):
        text = f"id{character}g\na{character}male\n"
        rows = read_patients(engine, folder, text, recipe, delimiter=delimiter)
        assert rows == [{"patient_id": "a", "sex": "male", "line": 2}]


def test_parquet(engine: Engine, folder: Path) -> None:
    pd.DataFrame({"id": [7, 8], "m": [True, None], "v": [1.5, float("nan")]}).to_parquet(
        folder / "f.parquet"
    )
    mapping = write_mapping(
        folder,
        file="f.parquet",
        tables={
            "patients": {"columns": {"patient_id": "id", "mdd_diagnosis": "m", "age_years": "v"}},
            "trials": {"columns": {name: {"constant": "x"} for name in TRIAL}},
        },
    )
    assert rows_of(read_flat(engine, folder, mapping)["patients"]) == [
        {"patient_id": "7", "mdd_diagnosis": "yes", "age_years": "1.5", "line": 2},
        {"patient_id": "8", "mdd_diagnosis": None, "age_years": None, "line": 3},
    ]


def test_a_file_of_no_rows(engine: Engine, folder: Path) -> None:
    tables = {"patients": {"per": "id", "columns": PATIENT}, "trials": {"columns": TRIAL}}
    assert read(engine, folder, "id,t,d,s\n", tables) == {"patients": [], "trials": []}


def test_missing_file_names_the_nearest(engine: Engine, folder: Path) -> None:
    (folder / "visit.csv").write_text("id\n")
    tables = {"patients": {"columns": PATIENT}, "trials": {"columns": TRIAL}}
    mapping = write_mapping(folder, file="visits.csv", tables=tables)
    with pytest.raises(UserError) as caught:
        read_flat(engine, folder, mapping)
    assert "did you mean `visit.csv`" in str(caught.value)


def test_missing_column_names_the_nearest(engine: Engine, folder: Path) -> None:
    (folder / "f.csv").write_text("id,gender\na,F\n")
    mapping = write_mapping(
        folder,
        tables={
            "patients": {"columns": {"patient_id": "id", "sex": "GENDER_"}},
            "trials": {"columns": {name: {"constant": "x"} for name in TRIAL}},
        },
    )
    with pytest.raises(UserError) as caught:
        read_flat(engine, folder, mapping)
    assert caught.value.exit_code == EXIT_CODES["config"]
    assert "lacks: `GENDER_`" in caught.value.what


@pytest.mark.parametrize("part", ["per", "by", "where"])
def test_every_part_that_names_a_column_is_checked(engine: Engine, folder: Path, part: str) -> None:
    recipe: Row = {"per": "id", "columns": {"patient_id": "id"}}
    if part == "per":
        recipe["per"] = ["id", "vv"]
    elif part == "by":
        recipe["columns"]["age_years"] = {"column": "v", "take": "last", "by": "vv"}
    else:
        recipe["where"] = [{"column": "vv", "filled": True}]
    with pytest.raises(UserError, match="lacks: `vv`") as caught:
        read_patients(engine, folder, "id,v\na,1\n", recipe)
    assert "did you mean `v`" in str(caught.value)


def test_line_is_no_source_column(engine: Engine, folder: Path) -> None:
    with pytest.raises(UserError, match="lacks: `line`"):
        read_patients(engine, folder, "id\na\n", {"columns": {"patient_id": "id", "site": "line"}})


# --- mappings that are refused


GOOD_TRIALS = {"columns": TRIAL}


@pytest.mark.parametrize(
    ("patients", "told"),
    [
        ({"columns": PATIENT, "pre": "id"}, "did you mean `per`"),
        ({"columns": {**PATIENT, "sexx": "g"}}, "did you mean `sex`"),
        ({"columns": {**PATIENT, "sex": {"colum": "g"}}}, "did you mean `column`"),
        ({"columns": {"sex": "g"}}, "required column(s) not mapped: patient_id"),
        ({"columns": {**PATIENT, "sex": {"column": "g", "constant": "x"}}}, "either `column` or"),
        ({"columns": {**PATIENT, "sex": {}}}, "either `column` or `constant`"),
        ({"columns": {**PATIENT, "sex": {"column": "g", "recode": {"F": "female"}}}}, "otherwise"),
        ({"columns": {**PATIENT, "sex": {"column": "g", "otherwise": "keep"}}}, "go together"),
        ({"columns": {**PATIENT, "sex": {"column": "g", "take": "max"}}}, "sums up several"),
        (
            {"per": "id", "columns": {**PATIENT, "sex": {"column": "g", "take": "last"}}},
            "`by` names the column",
        ),
        (
            {"per": "id", "columns": {**PATIENT, "sex": {"column": "g", "take": "max", "by": "d"}}},
            "`by` names the column",
        ),
        ({"columns": {**PATIENT, "age_years": {"column": "a", "divide": 0}}}, "divided by 0"),
        (
            {"columns": {**PATIENT, "sex": {"column": "g", "missing": [True]}}},
            "quote it",
        ),
        (
            {"columns": {**PATIENT, "site": {"column": "g", "recode": {"a": "b"},
                                             "otherwise": "unknown"}}},
            "without a count",
        ),
        ({"columns": PATIENT, "where": [{"column": "g"}]}, "give one of"),
        ({"columns": PATIENT, "where": [{"column": "g", "fild": True}]}, "did you mean `filled`"),
        ("id", "`key: value` lines expected"),
    ],
)  # fmt: skip
def test_refused_recipes(folder: Path, patients: Any, told: str) -> None:
    error = refusal(folder, {"patients": patients, "trials": GOOD_TRIALS})
    assert told in str(error)
    assert "table `patients`, recipe 1" in str(error)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"tables": {"patients": {"columns": PATIENT}}}, "not mapped: trials"),
        ({"tables": {"patient": {"columns": PATIENT}}}, "did you mean `patients`"),
        ({"tables": {}, "delimeter": ";"}, "did you mean `delimiter`"),
        ({"tables": {}, "delimiter": ";;"}, "one character"),
        ({"tables": {}, "file": "../f.csv"}, "without a path"),
    ],
)
def test_refused_mappings(folder: Path, parts: Row, told: str) -> None:
    assert told in str(refusal(folder, **parts))


def test_assumptions_are_listed_in_order(folder: Path) -> None:
    tables = {
        "patients": {
            "assumption": "all are patients",
            "columns": {**PATIENT, "mdd_diagnosis": {"constant": "yes", "assumption": "all have"}},
        },
        "trials": GOOD_TRIALS,
    }
    mapping = write_mapping(folder, tables=tables, assumptions=["first"])
    assert read_assumptions(mapping) == [
        "first",
        "patients: all are patients",
        "patients.mdd_diagnosis: all have",
    ]


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_mappings_that_come_along_can_be_read(path: Path) -> None:
    assert read_mapping(path).rows
    assert read_assumptions(path)


# --- the page that explains it


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


@pytest.fixture
def example(folder: Path) -> Path:
    (folder / "clinic.csv").write_text(blocks("csv")[0])
    return folder


def test_smallest_mapping_of_the_page(engine: Engine, example: Path) -> None:
    (example / "mapping.yaml").write_text(blocks("yaml")[1])
    tables = read_flat(engine, example, example / "mapping.yaml")
    summary = take_in(engine, tables, load_reference()).summary
    assert {name: row["accepted"] for name, row in summary.items()} == {"patients": 4, "trials": 4}


def test_worked_example_of_the_page(engine: Engine, example: Path) -> None:
    mapping = example / "mapping.yaml"
    mapping.write_text(blocks("yaml")[2])
    tables = read_flat(engine, example, mapping)
    taken = take_in(engine, tables, load_reference())
    balance = {
        name: (row["rows_in"], row["accepted"], row["cells_set_unknown"])
        for name, row in taken.summary.items()
    }
    assert balance == {"patients": (4, 4, 1), "trials": (5, 5, 0), "assessments": (9, 9, 0)}
    found = taken.findings[taken.findings["action"] == "cell_set_unknown"]
    assert found[["table", "column", "line"]].to_numpy().tolist() == [["patients", "sex", 5]]
    assert taken.unrecognised.empty
    rows = rows_of(tables["trials"])
    assert rows[1] == {
        "patient_id": "P1",
        "trial_id": "course2",
        "drug": "mirtazapine",
        "dose_mg_per_day": "30",
        "start_day": "70",
        "stop_day": "120",
        "adherence": "0.88",
        "line": 2,
    }
    assert [row["drug"] for row in rows][-1] == "sertraline"
    assert [row["day"] for row in rows_of(tables["assessments"])][:3] == ["0", "119", "42"]
    assert rows_of(tables["patients"])[1]["age_years"] is None
    assert len(read_assumptions(mapping)) == 3
