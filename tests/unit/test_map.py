"""`map`: what is proposed for hand-made files, and the rows that come of it without an edit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
import yaml

from tests.support import REFERENCE, load_reference
from trdanalysis.cli import main
from trdanalysis.commands.map import load_vocabulary, run_map
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.proposal.headings import read_heading
from trdanalysis.intake.proposal.lines import PLACEHOLDER
from trdanalysis.intake.proposal.vocabulary import Vocabulary
from trdanalysis.intake.take_in import take_in
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.mapping import read_mapping

Rows = list[dict[str, Any]]

ONE_A_TRIAL = """Subject ID,Gender,Age (years),Antidepressant,Start Day,Stop day,Dose mg,\
Compliance_pct,PHQ9_pre,PHQ9_post,Reason stopped,bipolar,insomnia,Remarks
A1,F,35,Zoloft,0,56,50,90,21,18,lack of efficacy,0,Y,first of two
A1,F,36,mirtazapine,70,,30,80,18,9,,0,Y,
B2,M,51,Efexor XR,5,84,150,70,24,22,side effects,1,N,
C3,F,-9,sertraline,-3,60,100,,17,,completed,9,NA,
"""
WIDE = """patno;sex;age;drug_1;start_wk_1;stop_wk_1;dose_1;drug_2;start_wk_2;stop_wk_2;dose_2;\
madrs_w0;madrs_w6;mdd
P1;female;44;sertraline;0;8;100;venlafaxine;9;20;150;30;25;Y
P2;male;31;fluoxetine;0;6;20;;;;;28;10;Y
P3;female;28;;;;;citalopram;2;9;20;33;;N
"""
LONG = """PATIENT,VISITDAY,HAMD17,TRT,STARTDAY,SEX
1,0,24,sertraline,0,m
1,14,20,sertraline,0,m
1,42,9,sertraline,0,m
2,0,22,placebo,3,f
2,28,,placebo,3,f
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return load_vocabulary(REFERENCE)


def propose(engine: Engine, folder: Path, text: str, name: str = "f.csv") -> str:
    """Write a file and give the text of its proposed mapping."""
    (folder / name).write_text(text, encoding="utf-8")
    path = run_map(engine, folder / name, None, REFERENCE, force=True)
    assert read_mapping(path).rows
    return path.read_text()


def read(engine: Engine, folder: Path) -> dict[str, Rows]:
    tables = read_flat(engine, folder, folder / "mapping.yaml")
    return {
        name: sorted(table.to_pyarrow().to_pylist(), key=lambda row: (row["line"], str(row)))
        for name, table in tables.items()
    }


def cells(rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def refused(engine: Engine, folder: Path, text: str, name: str = "f.csv") -> UserError:
    (folder / name).write_text(text)
    with pytest.raises(UserError) as caught:
        run_map(engine, folder / name, None, REFERENCE)
    assert not (folder / "mapping.yaml").exists()
    assert not list(folder.glob(".*.aside"))
    return caught.value


# --- from a file to rows, without an edit


def check_one_a_trial(rows: dict[str, Rows]) -> None:
    assert cells(
        rows["patients"], "patient_id", "age_years", "sex", "bipolar_disorder", "poor_sleep"
    ) == [
        ("A1", "35", "female", "no", "yes"),
        ("B2", "51", "male", "yes", "no"),
        ("C3", None, "female", "not_recoded", None),
    ]
    names = ("patient_id", "trial_id", "drug", "start_day", "stop_day", "dose_mg_per_day")
    assert cells(rows["trials"], *names) == [
        ("A1", "0", "Zoloft", "0", "56", "50"),
        ("A1", "70", "mirtazapine", "70", None, "30"),
        ("B2", "5", "Efexor XR", "5", "84", "150"),
        ("C3", "-3", "sertraline", "-3", "60", "100"),
    ]
    names = ("adherence", "scale", "baseline_score", "endpoint_score", "stop_reason")
    assert cells(rows["trials"], *names) == [
        ("0.9", "PHQ-9", "21", "18", "lack_of_efficacy"),
        ("0.8", "PHQ-9", "18", "9", None),
        ("0.7", "PHQ-9", "24", "22", "intolerance"),
        (None, "PHQ-9", "17", None, "completed"),
    ]


def test_one_row_a_trial(engine: Engine, tmp_path: Path) -> None:
    text = propose(engine, tmp_path, ONE_A_TRIAL)
    rows = read(engine, tmp_path)
    check_one_a_trial(rows)
    assert "first of two" not in text and "Efexor" not in text
    assert re.search(r"#   Remarks +by its name a direct identifier", text)
    taken = take_in(
        engine, read_flat(engine, tmp_path, tmp_path / "mapping.yaml"), load_reference()
    )
    assert taken.summary["trials"]["accepted"] == 4
    assert taken.unrecognised.empty


def test_wide(engine: Engine, tmp_path: Path) -> None:
    propose(engine, tmp_path, WIDE)
    rows = read(engine, tmp_path)
    assert cells(rows["patients"], "patient_id", "sex", "age_years", "mdd_diagnosis") == [
        ("P1", "female", "44", "yes"),
        ("P2", "male", "31", "yes"),
        ("P3", "female", "28", "no"),
    ]
    names = ("patient_id", "trial_id", "drug", "start_day", "stop_day", "dose_mg_per_day")
    assert cells(rows["trials"], *names) == [
        ("P1", "t1", "sertraline", "0", "56", "100"),
        ("P1", "t2", "venlafaxine", "63", "140", "150"),
        ("P2", "t1", "fluoxetine", "0", "42", "20"),
        ("P3", "t2", "citalopram", "14", "63", "20"),
    ]
    assert cells(rows["assessments"], "patient_id", "day", "scale", "score") == [
        ("P1", "0", "MADRS", "30"),
        ("P1", "42", "MADRS", "25"),
        ("P2", "0", "MADRS", "28"),
        ("P2", "42", "MADRS", "10"),
        ("P3", "0", "MADRS", "33"),
    ]


def test_long(engine: Engine, tmp_path: Path) -> None:
    propose(engine, tmp_path, LONG)
    rows = read(engine, tmp_path)
    assert cells(rows["patients"], "patient_id", "sex", "line") == [
        ("1", "male", 2),
        ("2", "female", 5),
    ]
    assert cells(rows["trials"], "patient_id", "trial_id", "drug", "start_day", "line") == [
        ("1", "1", "sertraline", "0", 2),
        ("2", "1", "placebo", "3", 5),
    ]
    assert cells(rows["assessments"], "patient_id", "day", "scale", "score") == [
        ("1", "0", "HAM-D17", "24"),
        ("1", "14", "HAM-D17", "20"),
        ("1", "42", "HAM-D17", "9"),
        ("2", "0", "HAM-D17", "22"),
    ]


def test_long_with_a_change_of_drug_and_steps_of_dose(engine: Engine, tmp_path: Path) -> None:
    visits = "id,week,phq9,drug,start_day\na,0,20,sertraline,0\na,4,18,sertraline,0\n"
    propose(engine, tmp_path, visits + "a,10,12,bupropion,60\n")
    rows = read(engine, tmp_path)
    assert cells(rows["trials"], "trial_id", "drug", "start_day") == [
        ("sertraline", "sertraline", "0"),
        ("bupropion", "bupropion", "60"),
    ]
    assert cells(rows["assessments"], "day", "score") == [("0", "20"), ("28", "18"), ("70", "12")]
    steps = "id,trial_id,drug,start_day,stop_day,dose\na,1,sertraline,0,14,50\n"
    propose(engine, tmp_path, steps + "a,1,sertraline,14,,100\na,2,bupropion,60,90,150\n")
    rows = read(engine, tmp_path)
    names = ("trial_id", "start_day", "stop_day", "dose_mg_per_day")
    # A step that goes on has no stop: so has its treatment.
    assert cells(rows["trials"], *names) == [("1", "0", None, "100"), ("2", "60", "90", "150")]
    assert cells(rows["doses"], *names) == [
        ("1", "0", "14", "50"),
        ("1", "14", None, "100"),
        ("2", "60", "90", "150"),
    ]


# --- every suffix


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ID": ["P1", "P1", "P2"],
            "TRIAL": [1.0, 2.0, 1.0],
            "DRUG": ["sertraline", "venlafaxine", "fluoxetine"],
            "START": [0.0, 70.0, -3.0],
            "STOP": [56.0, float("nan"), 40.0],
            "DOSE": [100.0, 37.5, 20.0],
        }
    )


def write_excel(path: str) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(list(frame().columns))
    for row in frame().itertuples(index=False):
        page.append([None if pd.isna(cell) else cell for cell in row])
    book.create_sheet("another")
    book.save(path)


WRITERS = {
    "f.sav": lambda path: pyreadstat.write_sav(frame(), path),
    "f.zsav": lambda path: pyreadstat.write_sav(frame(), path, compress=True),
    "f.por": lambda path: pyreadstat.write_por(frame(), path),
    "f.dta": lambda path: pyreadstat.write_dta(frame(), path),
    "f.xpt": lambda path: pyreadstat.write_xport(frame(), path),
    "f.parquet": lambda path: frame().to_parquet(path),
    "f.xlsx": write_excel,
    "f.csv": lambda path: frame().to_csv(path, index=False),
    "f.tsv": lambda path: frame().to_csv(path, index=False, sep="\t"),
    "f.txt": lambda path: frame().to_csv(path, index=False, sep="|", encoding="utf-16"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_suffix(engine: Engine, tmp_path: Path, name: str) -> None:
    WRITERS[name](str(tmp_path / name))
    text = run_map(engine, tmp_path / name, None, REFERENCE).read_text()
    names = ("patient_id", "trial_id", "drug", "start_day", "stop_day", "dose_mg_per_day", "line")
    got = [
        tuple(str(cell).removesuffix(".0") if cell is not None else None for cell in row)
        for row in cells(read(engine, tmp_path)["trials"], *names)
    ]
    assert got == [
        ("P1", "1", "sertraline", "0", "56", "100", "2"),
        ("P1", "2", "venlafaxine", "70", None, "37.5", "3"),
        ("P2", "1", "fluoxetine", "-3", "40", "20", "4"),
    ]
    assert ("2 sheets" in text) == (name == "f.xlsx")


def test_labels_of_a_statistics_package_say_what_codes_mean(engine: Engine, tmp_path: Path) -> None:
    rows = frame().assign(SEX=[1.0, 1.0, 2.0], MDD=[1.0, 1.0, 2.0])
    labels = {"SEX": {1: "Male", 2: "Female"}, "MDD": {1: "Yes", 2: "No"}}
    pyreadstat.write_sav(rows, str(tmp_path / "f.sav"), variable_value_labels=labels)
    run_map(engine, tmp_path / "f.sav", None, REFERENCE)
    assert cells(read(engine, tmp_path)["patients"], "sex", "mdd_diagnosis") == [
        ("male", "yes"),
        ("female", "no"),
    ]


def test_text_of_windows(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes("id;drug;start_day;note\na;Fluoxétine;0;é\n".encode("cp1252"))
    text = run_map(engine, tmp_path / "f.csv", None, REFERENCE).read_text()
    assert "encoding: cp1252" in text and "is a guess" in text
    assert cells(read(engine, tmp_path)["trials"], "drug") == [("Fluoxétine",)]


# --- dates and identifiers


def test_dates_become_days(engine: Engine, tmp_path: Path) -> None:
    text = "id,enrolment,drug1,start1,stop1,drug2,start2,stop2,dob\n"
    text += "a,01.02.2019,sertraline,02.02.2019,31.03.2019,venlafaxine,10.04.2019,,01.01.1970\n"
    text += "b,15.06.2019,ect,15.06.2019,,,,,02.01.1970\n"
    written = propose(engine, tmp_path, text)
    assert "day_first" in written and "2019" not in written and "1970" not in written
    assert cells(read(engine, tmp_path)["trials"], "trial_id", "start_day", "stop_day") == [
        ("t1", "1", "58"),
        ("t2", "68", None),
        ("t1", "0", None),
    ]


def test_dates_that_can_be_read_in_two_ways_are_left_to_a_person(
    engine: Engine, tmp_path: Path
) -> None:
    text = propose(engine, tmp_path, "id,drug,start\na,sertraline,01/02/2019\nb,ect,03/04/2019\n")
    assert "# dates: {columns: [start], written: TODO" in text
    assert cells(read(engine, tmp_path)["trials"], "start_day") == [(PLACEHOLDER,)] * 2


def test_no_date_for_all_patients_gives_a_keyed_origin(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "id,drug,start\na,sertraline,2019-01-02\na,ect,2019-03-02\nb,citalopram,2019-01\n"
    assert "origin: keyed" in propose(engine, tmp_path, rows)
    monkeypatch.setenv("SITE_KEY", "a key that nobody else has")
    first, second, third = cells(read(engine, tmp_path)["trials"], "start_day")
    assert int(second[0]) - int(first[0]) == 59
    assert third == ("partial_date",)


def test_identifiers_that_cannot_be_pseudonyms_are_hashed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = propose(engine, tmp_path, "MRN,drug,start_day\n12/345 A,sertraline,0\n12/346 B,ect,0\n")
    assert "\nhash_identifiers: true" in text and "12/345" not in text
    monkeypatch.setenv("SITE_KEY", "a key that nobody else has")
    rows = read(engine, tmp_path)["patients"]
    assert all(re.fullmatch("p[0-9a-f]{32}", row["patient_id"]) for row in rows)


# --- what is written beside the lines


@pytest.mark.parametrize("text", [ONE_A_TRIAL, WIDE, LONG])
def test_every_line_says_why_and_how_sure(engine: Engine, tmp_path: Path, text: str) -> None:
    structure = re.compile(
        r"^\s*(#|$)|^\s*(- )?(tables|patients|trials|doses|assessments|columns):$"
    )
    for line in propose(engine, tmp_path, text).splitlines():
        assert structure.match(line) or re.search(r"  # (sure|likely|unsure): \S", line), line


def test_required_columns_that_are_not_there(engine: Engine, tmp_path: Path) -> None:
    text = propose(engine, tmp_path, "id,sex,favourite\na,f,red\nb,m,blue\n")
    assert text.count("TODO required") == 2  # drug and start; one treatment a row needs no number
    taken = take_in(
        engine, read_flat(engine, tmp_path, tmp_path / "mapping.yaml"), load_reference()
    )
    assert taken.summary["patients"]["accepted"] == 2
    # Nothing is made up: each row is set aside with its count.
    assert taken.summary["trials"]["quarantined"] == 2
    no_patient = propose(engine, tmp_path, "drug,start_day\nsertraline,0\nect,1\n")
    assert no_patient.count("TODO required") == 2
    taken = take_in(
        engine, read_flat(engine, tmp_path, tmp_path / "mapping.yaml"), load_reference()
    )
    assert taken.summary["trials"]["accepted"] == 0


def test_codes_that_could_mean_either_are_left_to_a_person(engine: Engine, tmp_path: Path) -> None:
    rows = "id,sex,mdd,bipolar,drug,start_day\n"
    rows += "a,1,1,1,sertraline,0\nb,2,2,0,ect,1\nc,1,2,9,ect,2\n"
    text = propose(engine, tmp_path, rows)
    assert "# sex: {column: sex, recode: {'1': TODO, '2': TODO}" in text
    assert "# mdd_diagnosis: {column: mdd, recode: {'1': 'yes', '2': TODO}" in text
    patients = read(engine, tmp_path)["patients"]
    assert set(patients[0]) == {"patient_id", "bipolar_disorder", "line"}
    assert cells(patients, "bipolar_disorder") == [("yes",), ("no",), ("not_recoded",)]


def test_no_value_of_a_patient_is_written(engine: Engine, tmp_path: Path) -> None:
    rows = "pid,surname,drug,start_day,stop_reason,outcome,comment,town,age,dose\n"
    people = ["Aldous", "Bramwell", "Carraway", "Dunmore"]
    for number, name in enumerate(people):
        rows += (
            f"PX{number}77,{name},sertraline,{number * 31 + 3},moved to Xanadu {number},remission,"
            f"{name} told us a long story of many words,Timbuktu,{61 + number},{151 + number}\n"
        )
    text = propose(engine, tmp_path, rows)
    told = [*people, "PX", "sertraline", "Xanadu", "Timbuktu", "long story", "moved"]
    assert not [word for word in told if word in text]
    body = re.sub(r"# \d+ rows, \d+ patients", "", text)
    assert not re.search(r"\b(61|62|63|64|151|152|153|154|34|65|96)\b", body)


def test_numbers_of_people_are_no_codes(engine: Engine, tmp_path: Path) -> None:
    rows = "id,drug,start_day,outcome,sex,mdd\na,1503,0,21,62,7\nb,1507,3,18,63,8\nc,17,4,9,61,9\n"
    text = propose(engine, tmp_path, rows)
    assert "# drug: {column: drug, recode: {TODO: TODO}" in text
    assert not re.search(r"\b(1503|1507|17|21|18|61|62|63)\b", text)


def test_rows_without_a_drug_are_not_lost(engine: Engine, tmp_path: Path) -> None:
    text = "id,drug1,start1,drug2,start2\na,sertraline,0,,90\nb,ect,5,,\n"
    propose(engine, tmp_path, text)
    assert cells(read(engine, tmp_path)["trials"], "patient_id", "drug", "start_day") == [
        ("a", "sertraline", "0"),
        ("a", None, "90"),
        ("b", "ect", "5"),
    ]


def test_groups_that_lack_a_column(engine: Engine, tmp_path: Path) -> None:
    text = "id,ad01,begin01,mg01,ad02,begin02\na,Zoloft,0,50,Prozac,90\n"
    propose(engine, tmp_path, text)
    names = ("trial_id", "drug", "start_day", "dose_mg_per_day")
    assert cells(read(engine, tmp_path)["trials"], *names) == [
        ("t01", "Zoloft", "0", "50"),
        ("t02", "Prozac", "90", None),
    ]


def test_a_lone_number_is_none(engine: Engine, tmp_path: Path) -> None:
    propose(engine, tmp_path, "id,drug1,start,id{}\na,Zoloft,0,x\nb,Prozac,90,y\n")
    assert cells(read(engine, tmp_path)["trials"], "patient_id", "trial_id", "start_day") == [
        ("a", "1", "0"),
        ("b", "1", "90"),
    ]


def test_dates_of_visits_and_of_treatment(engine: Engine, tmp_path: Path) -> None:
    text = "record_id,visit_date,phq9_total,medication,med_start,med_stop,dob,outcome\n"
    text += "1,2020-01-05,20,sertraline,2020-01-01,2020-03-01,1980-01-01,Responder\n"
    text += "1,2020-02-05,12,sertraline,2020-01-01,2020-03-01,1980-01-01,Responder\n"
    text += "2,2020-01-05,22,ESCITALOPRAM,2020-01-03,,1981-02-02,Non-responder\n"
    written = propose(engine, tmp_path, text)
    assert "origin: {column: med_start}" in written
    rows = read(engine, tmp_path)
    assert cells(rows["trials"], "drug", "start_day", "stop_day", "rated_outcome") == [
        ("sertraline", "0", "60", "response"),
        ("ESCITALOPRAM", "0", None, "no_response"),
    ]
    assert cells(rows["assessments"], "day", "score") == [("4", "20"), ("35", "12"), ("2", "22")]


def test_an_export_of_redcap_is_told(engine: Engine, tmp_path: Path) -> None:
    rows = "record_id,redcap_event_name,drug,start\n1,base_arm_1,ect,0\n1,late_arm_1,,\n"
    assert "source: redcap" in propose(engine, tmp_path, rows)


def test_drugs_are_found_by_what_a_column_holds(engine: Engine, tmp_path: Path) -> None:
    text = propose(engine, tmp_path, "id,x7b,start_day\na,Zoloft 50 mg,0\nb,Effexor,3\n")
    assert "100% of the distinct values of `x7b` are names of known drugs" in text
    assert cells(read(engine, tmp_path)["trials"], "drug") == [("Zoloft 50 mg",), ("Effexor",)]


def test_items_and_changes_are_no_scores(engine: Engine, tmp_path: Path) -> None:
    items = ",".join(f"phq9_{number}" for number in range(1, 10))
    text = f"id,drug,start_day,{items},madrs_change\n"
    text += "a,sertraline,0," + ",".join("3" * 9) + ",-12\n"
    written = propose(engine, tmp_path, text)
    assert written.count("looks like a single item of PHQ-9") == 9
    assert re.search(r"#   madrs_change +not recognised", written)
    assert "assessments" not in read(engine, tmp_path)


def test_a_header_that_is_missing_is_not_written(engine: Engine, tmp_path: Path) -> None:
    error = refused(engine, tmp_path, "P1,44,sertraline,0\nP2,31,sertraline,9\nP3,44,ect,3\n")
    assert "does not look like names of columns" in error.what
    assert "P1" not in str(error) and "sertraline" not in str(error)


# --- what is refused


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("", "f.csv", "empty"),
        ("id,drug\n", "f.csv", "no rows"),
        ("colour,shape\nred,round\nblue,square\n", "f.csv", "none of the 2 column(s)"),
        ("PK\x03\x04", "f.csv", "compressed"),
        ("not a workbook", "f.xlsx", "cannot be read as Excel"),
        ("not SPSS", "f.sav", "cannot be read as SPSS"),
        ("not Parquet", "f.parquet", "cannot be read"),
        ("old", "f.xls", "files that end in .xls"),
        ("id,drug\na\n", "f.csv", "fields"),
    ],
)
def test_refused(engine: Engine, tmp_path: Path, text: str, name: str, told: str) -> None:
    assert told in str(refused(engine, tmp_path, text, name))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.csv").write_text(LONG)
    out = tmp_path / "to" / "mapping.yaml"
    line = ["map", str(tmp_path / "f.csv"), "--reference", str(REFERENCE), "--out", str(out)]
    assert main(line) == 0
    first = out.read_text()
    out.write_text("mine: true\n")
    assert main(line) == EXIT_CODES["output"]
    assert out.read_text() == "mine: true\n"
    assert "--force" in capsys.readouterr().err
    assert main([*line, "--force"]) == 0 and out.read_text() == first
    assert main(["map", str(tmp_path / "no.csv"), "--reference", str(REFERENCE)]) == 5
    # Never the file itself, also by force.
    onto = ["map", str(tmp_path / "f.csv"), "--reference", str(REFERENCE), "--force", "--out"]
    assert main([*onto, str(tmp_path / "f.csv")]) == EXIT_CODES["output"]
    assert (tmp_path / "f.csv").read_text() == LONG


def test_the_same_file_gives_the_same_mapping(engine: Engine, tmp_path: Path) -> None:
    assert propose(engine, tmp_path, WIDE) == propose(engine, tmp_path, WIDE)
    data = yaml.safe_load((tmp_path / "mapping.yaml").read_text())
    assert data["delimiter"] == ";" and list(data["tables"]) == [
        "patients",
        "trials",
        "assessments",
    ]


# --- names


@pytest.mark.parametrize(
    ("name", "table", "column", "unit", "index"),
    [
        ("USUBJID", "patients", "patient_id", None, None),
        ("dem_gender", "patients", "sex", None, None),
        ("Age_at_onset", "patients", "age_at_onset_years", None, None),
        ("ageMonths", "patients", "age_years", "month", None),
        ("drug1", "trials", "drug", None, "1"),
        ("trial2_dose_mg", "trials", "dose_mg_per_day", "mg", "2"),
        ("med_3_name", "trials", "drug", None, "3"),
        ("start_week_2", "trials", "start_day", "week", "2"),
        ("med_start_date", "trials", "start_day", None, None),
        ("adherance", "trials", "adherence", None, None),
        ("visit_date", "assessments", "day", None, None),
    ],
)
def test_names(
    words: Vocabulary, name: str, table: str, column: str, unit: str | None, index: str | None
) -> None:
    found = read_heading(name, words)
    assert found is not None
    assert (found.table, found.column, found.unit, found.index) == (table, column, unit, index)


@pytest.mark.parametrize(
    ("name", "scale", "moment", "time", "at"),
    [
        ("PHQ9", "PHQ-9", None, None, None),
        ("phq_9_total", "PHQ-9", None, None, None),
        ("PHQ9_week6", "PHQ-9", None, "week", "6"),
        ("hamd17_bl", "HAM-D17", "before", None, None),
        ("HAMDTL17", "HAM-D17", None, None, None),
        ("Baseline HAM-D", "HAM-D17", "before", None, None),
        ("madrs_total_d14", "MADRS", None, "day", "14"),
        ("QIDS_SR16_exit", "QIDS-SR16", "after", None, None),
        ("bdi_ii_v3", "BDI-II", None, "visit", "3"),
        ("phq6", "PHQ-9", None, "number", "6"),
        ("madrs_pre_2", "MADRS", "before", None, None),
    ],
)
def test_scales(
    words: Vocabulary, name: str, scale: str, moment: str | None, time: str | None, at: str | None
) -> None:
    found = read_heading(name, words)
    assert found is not None
    assert (found.scale, found.moment, found.time, found.at) == (scale, moment, time, at)


@pytest.mark.parametrize("name", ["madrs_change", "phq9_item_3_week_2", "colour", "x", "hamd_date"])
def test_names_that_are_not_understood(words: Vocabulary, name: str) -> None:
    assert read_heading(name, words) is None
