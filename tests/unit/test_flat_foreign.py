"""The flat reader on files of statistics packages and spreadsheets, on dates and on identifiers."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import yaml

from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.readers import foreign
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.keys import ORIGIN_SPAN_DAYS, derive_keyed_origin, derive_pseudonym

KEY = "a key that nobody else has"
TRIAL = {"patient_id": "ID", "trial_id": "T", "drug": "DRUG", "start_day": "FROM"}
TABLES = {
    "patients": {"per": "ID", "columns": {"patient_id": "ID"}},
    "trials": {"columns": {**TRIAL, "stop_day": "UNTIL", "dose_mg_per_day": "MG"}},
}
ROWS = pd.DataFrame(
    {
        "ID": ["P1", "P1", "P2"],
        "T": [1.0, 2.0, 1.0],
        "DRUG": ["sertraline", "venlafaxine", "Fluoxétine"],
        "FROM": [0.0, 70.0, -3.0],
        "UNTIL": [56.0, float("nan"), 40.0],
        "MG": [100.0, 37.5, 20.0],
    }
)
EXPECTED = [
    ("P1", "1", "sertraline", "0", "56", "100", 2),
    ("P1", "2", "venlafaxine", "70", None, "37.5", 3),
    ("P2", "1", "Fluoxétine", "-3", "40", "20", 4),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def write_mapping(folder: Path, file: str, **parts: Any) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump({"file": file, "tables": TABLES} | parts))
    return path


def read_trials(engine: Engine, folder: Path, file: str, **parts: Any) -> list[tuple[Any, ...]]:
    tables = read_flat(engine, folder, write_mapping(folder, file, **parts))
    rows = tables["trials"].to_pyarrow().to_pylist()
    names = (*TRIAL, "stop_day", "dose_mg_per_day", "line")
    return sorted((tuple(row[name] for name in names) for row in rows), key=lambda row: row[-1])


def refusal(engine: Engine, folder: Path, file: str, **parts: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        read_trials(engine, folder, file, **parts)
    return caught.value


def write_excel(path: Path, rows: pd.DataFrame, sheet: str = "rows") -> None:
    book = openpyxl.Workbook()
    first = book.active
    first.title = "about"
    first.append(["nothing here"])
    page = book.create_sheet(sheet)
    page.append(list(rows.columns))
    for row in rows.itertuples(index=False):
        page.append([None if pd.isna(cell) else cell for cell in row])
    book.save(path)


WRITERS = {
    "f.sav": lambda path: pyreadstat.write_sav(ROWS, path),
    "f.zsav": lambda path: pyreadstat.write_sav(ROWS, path, compress=True),
    "f.dta": lambda path: pyreadstat.write_dta(ROWS, path),
    "f.xpt": lambda path: pyreadstat.write_xport(ROWS, path, file_format_version=5),
    "f.XPT": lambda path: pyreadstat.write_xport(ROWS, path, file_format_version=8),
    "f.parquet": lambda path: ROWS.to_parquet(path),
    "f.xlsx": lambda path: write_excel(Path(path), ROWS),
    "f.csv": lambda path: ROWS.to_csv(path, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_rows_from_every_format(engine: Engine, tmp_path: Path, name: str) -> None:
    WRITERS[name](str(tmp_path / name))
    parts = {"sheet": "rows"} if name.endswith("xlsx") else {}
    numbers = {"multiply": 1} if name.endswith(("parquet", "csv")) else None
    if numbers:  # these formats write 1.0 where the others hold the number 1
        trials = {name: {"column": column} for name, column in TRIAL.items()}
        trials |= {"stop_day": {"column": "UNTIL"}, "dose_mg_per_day": {"column": "MG"}}
        for column in ("trial_id", "start_day", "stop_day", "dose_mg_per_day"):
            trials[column] = {**trials[column], **numbers}
        parts["tables"] = TABLES | {"trials": {"columns": trials}}
    assert read_trials(engine, tmp_path, name, **parts) == EXPECTED


def test_a_portable_file(engine: Engine, tmp_path: Path) -> None:
    # Its writer knows no accents.
    pyreadstat.write_por(ROWS.replace("Fluoxétine", "fluoxetine"), str(tmp_path / "f.por"))
    expected = [*EXPECTED[:2], ("P2", "1", "fluoxetine", *EXPECTED[2][3:])]
    assert read_trials(engine, tmp_path, "f.por") == expected


def test_stored_dates_become_days(engine: Engine, tmp_path: Path) -> None:
    day = datetime.date(2019, 3, 31)
    rows = ROWS.assign(FROM=[day, day + datetime.timedelta(30), None], ZERO=[day, None, day])
    dates = {"columns": ["FROM"], "written": "iso", "origin": {"column": "ZERO"}}
    for name, write in (
        ("d.sav", lambda path: pyreadstat.write_sav(rows, path)),
        ("d.dta", lambda path: pyreadstat.write_dta(rows, path)),
        ("d.xlsx", lambda path: write_excel(Path(path), rows)),
    ):
        write(str(tmp_path / name))
        got = read_trials(
            engine, tmp_path, name, patient="ID", dates=dates,
            sheet="rows" if name.endswith("xlsx") else None,
        )  # fmt: skip
        assert [row[3] for row in got] == ["0", "30", None], name


def test_texts_of_another_encoding(engine: Engine, tmp_path: Path) -> None:
    ROWS.to_csv(tmp_path / "f.csv", index=False, encoding="cp1252", float_format="%g")
    error = refusal(engine, tmp_path, "f.csv")
    assert "UTF-8" in str(error) and "Fluox" not in str(error)
    assert read_trials(engine, tmp_path, "f.csv", encoding="cp1252") == EXPECTED
    with_no_codec = refusal(engine, tmp_path, "f.csv", encoding="klingon")
    assert with_no_codec.exit_code == EXIT_CODES["config"]


@pytest.mark.parametrize("name", ["f.sav", "f.dta", "f.xpt", "f.sas7bdat", "f.por", "f.xlsx"])
def test_a_damaged_file_is_refused(engine: Engine, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"Jane Doe, 1970-01-01\n" * 50)
    error = refusal(engine, tmp_path, name)
    assert "cannot be read" in str(error) and name in str(error)
    assert "Jane" not in str(error)


@pytest.mark.parametrize("name", ["f.sav", "f.dta", "f.xpt", "f.xlsx", "f.parquet"])
def test_a_truncated_file_is_refused(engine: Engine, tmp_path: Path, name: str) -> None:
    many = pd.concat([ROWS] * 500, ignore_index=True)
    write = {
        "f.sav": lambda path: pyreadstat.write_sav(many, path),
        "f.dta": lambda path: pyreadstat.write_dta(many, path),
        "f.xpt": lambda path: pyreadstat.write_xport(many, path),
        "f.xlsx": lambda path: write_excel(Path(path), many),
        "f.parquet": lambda path: many.to_parquet(path),
    }[name]
    write(str(tmp_path / name))
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 160 * 80 + 7])
    assert "cannot be read" in str(refusal(engine, tmp_path, name))


def test_a_sheet_that_is_not_there(engine: Engine, tmp_path: Path) -> None:
    write_excel(tmp_path / "f.xlsx", ROWS)
    assert "`rows`" in str(refusal(engine, tmp_path, "f.xlsx", sheet="row"))


def test_a_spreadsheet_that_unpacks_to_too_much(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "MAX_UNPACKED", 1000)
    with zipfile.ZipFile(tmp_path / "f.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 1001)
    assert "unpacks" in str(refusal(engine, tmp_path, "f.xlsx"))


# --- dates


def read_days(
    engine: Engine, folder: Path, cells: list[tuple[str, str, str]], **dates: Any
) -> list[str | None]:
    """Read rows of patient, start date and date of day 0; give their start days."""
    text = "ID,T,DRUG,FROM,UNTIL,MG,ZERO\n"
    for number, (person, start, zero) in enumerate(cells):
        text += f"{person},{number},sertraline,{start},,,{zero}\n"
    (folder / "f.csv").write_text(text)
    settings = {"columns": ["FROM"], "written": "iso", "origin": {"column": "ZERO"}} | dates
    rows = read_trials(engine, folder, "f.csv", patient="ID", dates=settings)
    return [row[3] for row in rows]


def test_days_are_counted_from_the_patients_origin(engine: Engine, tmp_path: Path) -> None:
    rows = [
        ("a", "2019-01-01", "2019-01-01"),
        ("a", "2019-03-01T23:59", ""),  # the origin need not stand on every row
        ("a", "2018-12-31", ""),
        ("b", "2020-02-29", "2020-03-01"),
        ("b", "", ""),
    ]
    assert read_days(engine, tmp_path, rows) == ["0", "59", "-1", "-1", None]


def test_what_is_no_day_is_not_guessed(engine: Engine, tmp_path: Path) -> None:
    rows = [
        ("a", "2019", "2019-01-01"),
        ("a", "2019-03", ""),
        ("a", "2019-02-30", ""),
        ("a", "soon", ""),
        ("a", "UNK", ""),
        ("b", "2019-01-01", ""),  # no origin
        ("c", "2019-01-01", "2019-01"),  # a partial one
        ("d", "2019-01-01", "2019-01-01"),  # two that differ
        ("d", "2019-01-02", "2019-01-03"),
        ("", "2019-01-02", "2019-01-03"),  # nobody's
    ]
    got = read_days(engine, tmp_path, rows, missing=["UNK"])
    assert got == [
        *("partial_date", "partial_date", "unreadable_date", "unreadable_date", None),
        *["no_origin"] * 5,
    ]


@pytest.mark.parametrize(
    ("written", "text"),
    [("month_first", "3/31/2019"), ("day_first", "31.03.2019"), ("day_month_name", "31MAR2019")],
)
def test_ways_to_write_a_date(engine: Engine, tmp_path: Path, written: str, text: str) -> None:
    zero = {"month_first": "03/01/2019", "day_first": "1/3/2019", "day_month_name": "1 Mar 2019"}
    assert read_days(engine, tmp_path, [("a", text, zero[written])], written=written) == ["30"]


def test_dates_need_to_know_whose_they_are(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("ID\n")
    dates = {"columns": ["FROM"], "written": "iso", "origin": "keyed"}
    assert "`patient`" in str(refusal(engine, tmp_path, "f.csv", dates=dates))
    keyless = refusal(engine, tmp_path, "f.csv", dates=dates, patient="ID")
    assert "`key_variable`" in str(keyless)


# --- identifiers


def test_identifiers_are_hashed_with_the_sites_key(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ROWS.to_csv(tmp_path / "f.csv", index=False)
    parts = {"patient": "ID", "hash_identifiers": True, "key_variable": "SITE_KEY"}
    monkeypatch.delenv("SITE_KEY", raising=False)
    assert "SITE_KEY" in str(refusal(engine, tmp_path, "f.csv", **parts))
    monkeypatch.setenv("SITE_KEY", "short")
    error = refusal(engine, tmp_path, "f.csv", **parts)
    assert error.exit_code == EXIT_CODES["config"] and "too short" in str(error)
    monkeypatch.setenv("SITE_KEY", KEY)
    names = [row[0] for row in read_trials(engine, tmp_path, "f.csv", **parts)]
    assert names == [derive_pseudonym(KEY.encode(), one) for one in ("P1", "P1", "P2")]
    assert all(name.startswith("p") and len(name) == 33 for name in names)


def test_a_key_from_a_file_outside_the_drop(engine: Engine, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    ROWS.to_csv(drop / "f.csv", index=False)
    (tmp_path / "key").write_text(KEY + "\n")
    (drop / "key").write_text(KEY)
    parts = {"patient": "ID", "hash_identifiers": True}
    got = read_trials(engine, drop, "f.csv", **parts, key_file="../key")
    assert got[0][0] == derive_pseudonym(KEY.encode(), "P1")
    inside = refusal(engine, drop, "f.csv", **parts, key_file="key")
    assert "must not lie in the drop" in str(inside) and KEY not in str(inside)
    assert "not set" in str(refusal(engine, drop, "f.csv", **parts, key_file="../no-such"))


def test_keyed_origins_are_the_same_in_every_drop(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_KEY", KEY)
    (tmp_path / "f.csv").write_text("ID,T,DRUG,FROM,UNTIL,MG\nP1,1,sertraline,1970-01-01,,\n")
    got = read_trials(
        engine, tmp_path, "f.csv", patient="ID", key_variable="SITE_KEY",
        dates={"columns": ["FROM"], "written": "iso", "origin": "keyed"},
    )  # fmt: skip
    origin = derive_keyed_origin(KEY.encode(), "P1")
    assert 0 <= origin < ORIGIN_SPAN_DAYS and got[0][3] == str(-origin)
    assert got[0][0] == "P1"
