"""Studies of several files: SDTM domains and NIMH Data Archive structures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.readers.drop import read_drop
from trdanalysis.readers.drop_info import read_drop_info
from trdanalysis.readers.raw_drop import RawDrop

DM = """\
USUBJID,RFSTDTC,AGE,SEX,ARM
S-1,2019-03-01,44,F,A
S-2,2019-05-10T08:30,71,M,B
S-3,2019-05,30,F,A
S-4,,30,U,B
"""
EX = """\
USUBJID,EXSEQ,EXTRT,EXDOSE,EXDOSU,EXSTDTC,EXENDTC
S-1,1,SERTRALINE,50,mg,2019-03-01,2019-03-14
S-1,2,SERTRALINE,100,mg,2019-03-15,2019-04-25
S-2,1,BUPROPION,150,mg,2019-05-10,2019-06
S-3,1,SERTRALINE,50,mg,2019-05-12,2019-06-20
"""
CM = """\
USUBJID,CMSEQ,CMDECOD,CMINDC,CMSTDY,CMENDY
S-1,1,FLUOXETINE,DEPRESSION,-60,-1
S-1,2,PARACETAMOL,HEADACHE,1,3
S-2,1,FLUOXETINE,DEPRESSION,1,10
S-2,2,CITALOPRAM,DEPRESSION,0,10
"""
SUPPCM = """\
RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QVAL
CM,S-1,CMSEQ,1,CMADHER,Y
CM,S-2,,,CMADHER,N
CM,S-9,CMSEQ,1,CMADHER,Y
"""
#: Three items; the second counts the other way round (0 to 4).
QS = """\
USUBJID,QSSEQ,QSTESTCD,QSSTRESN,QSDTC,VISIT
S-1,1,IT1,4,2019-03-01,BASELINE
S-1,2,IT2,1,2019-03-01,BASELINE
S-1,3,IT3,2,2019-03-01,BASELINE
S-1,4,IT1,1,2019-03-29,UNSCHEDULED 1
S-1,5,IT2,4,2019-03-29,UNSCHEDULED 1
S-1,6,IT3,,2019-03-29,UNSCHEDULED 1
S-1,7,OTHER,9,2019-03-29,UNSCHEDULED 1
S-2,1,IT1,2,2019-05-10,BASELINE
S-2,2,IT2,2,2019-05-10,BASELINE
S-2,3,IT3,1,2019-05-10,BASELINE
S-2,4,IT3,3,2019-05-10,BASELINE
"""
SDTM = """\
patient: USUBJID
origin: {source: dm, column: RFSTDTC}
missing: [NA]
assumptions: ["Every subject has major depression: it is a trial of it."]
sources:
  dm: {file: dm.csv, dates: [RFSTDTC]}
  ex: {file: ex.csv, dates: [EXSTDTC, EXENDTC]}
  cm: {file: cm.csv, study_days: [CMSTDY, CMENDY], supplement: suppcm.csv}
  qs: {file: qs.csv, dates: [QSDTC]}
scores:
  total:
    source: qs
    per: [USUBJID, QSDTC, VISIT]
    item: QSTESTCD
    value: QSSTRESN
    items: [IT1, IT2, IT3]
    reversed: [IT2]
    reversed_from: 4
tables:
  patients:
    source: dm
    columns:
      patient_id: USUBJID
      age_years: AGE
      sex: {column: SEX, recode: {F: female, M: male}, otherwise: unknown}
      mdd_diagnosis: {constant: "yes"}
  trials:
    - source: ex
      per: [USUBJID, EXTRT]
      columns:
        patient_id: USUBJID
        trial_id: {column: EXTRT}
        drug: EXTRT
        start_day: {column: EXSTDTC, take: min}
        stop_day: {column: EXENDTC, take: max, empty: wins}
    - source: cm
      where: [{column: CMINDC, among: [DEPRESSION]}]
      columns:
        patient_id: USUBJID
        trial_id: {column: CMDECOD}
        drug: CMDECOD
        start_day: CMSTDY
        stop_day: CMENDY
  doses:
    source: ex
    where: [{column: EXDOSU, among: [mg]}]
    columns:
      patient_id: USUBJID
      trial_id: EXTRT
      start_day: EXSTDTC
      stop_day: EXENDTC
      dose_mg_per_day: EXDOSE
  assessments:
    source: total
    columns:
      patient_id: USUBJID
      day: QSDTC
      scale: {constant: HAM-D17}
      score: score
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield engine


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    folder = tmp_path / "a-study"
    folder.mkdir()
    for name, text in (("dm", DM), ("ex", EX), ("cm", CM), ("suppcm", SUPPCM), ("qs", QS)):
        (folder / f"{name}.csv").write_text(text)
    (folder / "drop.yaml").write_text("source: sdtm\nmapping: mapping.yaml\n")
    (folder / "mapping.yaml").write_text(SDTM)
    return folder


def read(engine: Engine, folder: Path) -> RawDrop:
    return read_drop(engine, folder, read_drop_info(folder))


def rows_of(raw: RawDrop, table: str) -> list[dict[str, Any]]:
    rows = raw.tables[table].to_pyarrow().to_pylist()
    return [{name: cell for name, cell in row.items() if name != "line"} for row in rows]


def change(folder: Path, old: str, new: str) -> None:
    text = (folder / "mapping.yaml").read_text()
    assert old in text
    (folder / "mapping.yaml").write_text(text.replace(old, new))


# SDTM.


def test_domains_become_tables(engine: Engine, drop: Path) -> None:
    raw = read(engine, drop)
    assert [(row["patient_id"], row["age_years"], row["sex"]) for row in rows_of(raw, "patients")] \
        == [("S-1", "44", "female"), ("S-2", "71", "male"), ("S-3", "30", "female"),
            ("S-4", "30", "not_recoded")]  # fmt: skip
    trials = {(row["patient_id"], row["drug"]): (row["start_day"], row["stop_day"])
              for row in rows_of(raw, "trials")}  # fmt: skip
    assert trials["S-1", "SERTRALINE"] == ("0", "55")
    # A month is no day, and whoever has no whole date of origin has no days.
    assert trials["S-2", "BUPROPION"] == ("0", "unreadable")
    assert trials["S-3", "SERTRALINE"] == ("unreadable", "unreadable")
    # Study day -1 is the day before day 0, study day 1 is day 0, and there is no study day 0.
    assert trials["S-1", "FLUOXETINE"] == ("-60", "-1")
    assert trials["S-2", "FLUOXETINE"] == ("0", "9")
    assert trials["S-2", "CITALOPRAM"] == ("unreadable_date", "9")
    assert ("S-1", "PARACETAMOL") not in trials
    doses = [(row["start_day"], row["stop_day"], row["dose_mg_per_day"])
             for row in rows_of(raw, "doses") if row["patient_id"] == "S-1"]  # fmt: skip
    assert doses == [("0", "13", "50"), ("14", "55", "100")]


def test_items_are_added_up_and_a_gap_is_unknown(engine: Engine, drop: Path) -> None:
    raw = read(engine, drop)
    scores = [(row["patient_id"], row["day"], row["score"]) for row in rows_of(raw, "assessments")]
    # 4 + (4 - 1) + 2; an item that is missing; an item that was answered twice otherwise.
    assert scores == [("S-1", "0", "9"), ("S-1", "28", "unreadable"), ("S-2", "0", "unreadable")]
    assert raw.account["scores"] == {"total": {"totals": 3, "unknown": 2}}


def test_gaps_are_made_up_where_the_mapping_says_so(engine: Engine, drop: Path) -> None:
    change(drop, "reversed_from: 4", "reversed_from: 4\n    missing_items: prorate\n    at_most: 1")
    scores = [row["score"] for row in rows_of(read(engine, drop), "assessments")]
    # (1 + 0) * 3 / 2; (2 + 2) * 3 / 2
    assert scores == ["9", "1.5", "6"]


def test_the_highest_of_several_items_counts_once(engine: Engine, drop: Path) -> None:
    change(drop, "items: [IT1, IT2, IT3]\n    reversed: [IT2]\n    reversed_from: 4",
           "items: [[IT1, IT2], IT3]")  # fmt: skip
    scores = [row["score"] for row in rows_of(read(engine, drop), "assessments")]
    assert scores == ["6", "unreadable", "unreadable"]


def test_every_row_is_accounted_for(engine: Engine, drop: Path) -> None:
    account = read(engine, drop).account["sources"]
    assert account["cm"] == {
        "rows": 4, "taken": 3, "left_out_by_where": 1, "without_patient": 0,
        "supplement": {"qualifiers": 3, "not_used": 1, "several_values": 0},
    }  # fmt: skip
    assert account["qs"]["taken"] == 10 and account["qs"]["no_item"] == 1
    for source in account.values():
        left = sum(source.get(why, 0) for why in ("left_out_by_where", "no_item", "only_joined"))
        assert source["rows"] == source["taken"] + left + source["without_patient"]


def test_supplements_are_columns_of_their_domain(engine: Engine, drop: Path) -> None:
    change(
        drop,
        "        stop_day: CMENDY\n",
        "        stop_day: CMENDY\n        for_depression: {column: CMADHER,"
        " recode: {Y: 'yes', N: 'no'}, otherwise: unknown}\n",
    )
    told = {
        (row["patient_id"], row["drug"]): row["for_depression"]
        for row in rows_of(read(engine, drop), "trials")
    }
    assert told["S-1", "FLUOXETINE"] == "yes"
    # Without a variable it is of every row of the subject.
    assert told["S-2", "FLUOXETINE"] == told["S-2", "CITALOPRAM"] == "no"


def test_transport_files_are_read_as_csv_is(engine: Engine, drop: Path) -> None:
    before = {name: rows_of(read(engine, drop), name) for name in ("patients", "trials", "doses")}
    for name in ("dm", "ex", "cm", "suppcm", "qs"):
        frame = pd.read_csv(drop / f"{name}.csv", dtype=str, keep_default_na=False)
        for column in frame.columns:
            numbers = pd.to_numeric(frame[column], errors="coerce")
            if numbers.notna().all():
                frame[column] = numbers.astype("float64")
        pyreadstat.write_xport(frame, str(drop / f"{name}.xpt"), file_format_version=5)
        (drop / f"{name}.csv").unlink()
    text = (drop / "mapping.yaml").read_text().replace(".csv", ".xpt")
    (drop / "mapping.yaml").write_text(text)
    raw = read(engine, drop)
    for name, rows in before.items():
        assert rows_of(raw, name) == rows


def test_other_encodings(engine: Engine, drop: Path) -> None:
    (drop / "dm.csv").write_text(DM.replace("S-4", "S-Ä"), encoding="cp1252")
    with pytest.raises(UserError, match="not utf-8 text"):
        read(engine, drop)
    change(drop, "file: dm.csv", "file: dm.csv, encoding: cp1252")
    assert rows_of(read(engine, drop), "patients")[3]["patient_id"] == "S-Ä"


def test_no_date_and_no_identifier_is_left(
    engine: Engine, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_KEY", "a key that only this test knows")
    change(drop, "origin: {source: dm, column: RFSTDTC}",
           "origin: keyed\nhash_identifiers: true\nkey_variable: SITE_KEY")  # fmt: skip
    raw = read(engine, drop)
    told = str([rows_of(raw, name) for name in raw.tables])
    assert "S-1" not in told and "2019" not in told
    patients = {row["patient_id"] for row in rows_of(raw, "patients")}
    assert {row["patient_id"] for row in rows_of(raw, "trials")} <= patients
    # The days keep their distances.
    doses = rows_of(raw, "doses")[:2]
    assert int(doses[1]["start_day"]) - int(doses[0]["start_day"]) == 14


# The NIMH Data Archive.

IVRA = "subjectkey\tlevel\ttxassign\nGUID\tLevel\tAssigned\nN1\tLevel 1\tCIT\n" \
    "N1\tLevel 2\tCIT+BUP\nN2\tLevel 1\tCIT\nN3\tLevel 2\tSER\nN3\tLevel 2\tVEN\n"  # fmt: skip
CCV = """\
subjectkey\tinterview_age\tdays_baseline\tlevel\tweek\tmedication1_dosage
GUID\tAge in months\tDays\tLevel\tWeek\tDose
N1\t540\t0\tLevel 1\t0\t20
N1\t540\t42\tLevel 1\t6\t40
N1\t542\t42\tLevel 2\t0\t0
N1\t543\t84\tLevel 2\t6\t999
N2\t300\t0\tLevel 1\t0\t20
N2\t300\t-7\tLevel 1\t2\t20
N3\t301\t3\tLevel 2\t0\t50
"""
QIDS = "subjectkey\tdays_baseline\tversion_form\tqstot\nGUID\tDays\tForm\tTotal\n" \
    "N1\t0\tClinician\t18\nN1\t0\tSelf Rating\t17\nN1\t42\tClinician\t999\n"  # fmt: skip
NDA = """\
patient: subjectkey
sources:
  ivra: {file: ivra01.txt}
  visits:
    file: ccv01.txt
    missing: {medication1_dosage: [0, 999], days_baseline: [-7]}
    join: [{source: ivra, by: [subjectkey, level], columns: [txassign]}]
  qids: {file: qids01.txt, missing: {qstot: [999]}}
tables:
  patients:
    source: visits
    per: subjectkey
    columns:
      patient_id: subjectkey
      age_years: {column: interview_age, divide: 12, round: down, take: min}
      mdd_diagnosis: {constant: "yes", assumption: "Entry into the trial needed it."}
  trials:
    source: visits
    per: [subjectkey, level]
    columns:
      patient_id: subjectkey
      trial_id: level
      drug: {column: txassign, recode: {CIT: citalopram, "CIT+BUP": "citalopram"}, otherwise: keep}
      start_day: {column: days_baseline, take: min}
      stop_day: {column: days_baseline, take: max}
  assessments:
    source: qids
    where: [{column: version_form, among: [Clinician]}]
    columns:
      patient_id: subjectkey
      day: days_baseline
      scale: {constant: QIDS-C16}
      score: qstot
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "an-archive"
    folder.mkdir()
    (folder / "drop.yaml").write_text("source: nda\nmapping: mapping.yaml\n")
    for name, text in (("ivra01.txt", IVRA), ("ccv01.txt", CCV), ("qids01.txt", QIDS),
                       ("mapping.yaml", NDA)):  # fmt: skip
        (folder / name).write_text(text)
    return folder


def test_structures_become_tables(engine: Engine, archive: Path) -> None:
    raw = read(engine, archive)
    assert [(row["patient_id"], row["age_years"]) for row in rows_of(raw, "patients")] == [
        ("N1", "45"), ("N2", "25"), ("N3", "25"),
    ]  # fmt: skip
    assert [(row["patient_id"], row["trial_id"], row["drug"], row["start_day"], row["stop_day"])
            for row in rows_of(raw, "trials")] == [
        ("N1", "Level 1", "citalopram", "0", "42"),
        ("N1", "Level 2", "citalopram", "42", "84"),
        ("N2", "Level 1", "citalopram", "0", "0"),
        # Two assignments of one level are none.
        ("N3", "Level 2", None, "3", "3"),
    ]  # fmt: skip
    assert [(row["day"], row["score"]) for row in rows_of(raw, "assessments")] == [
        ("0", "18"), ("42", None),
    ]  # fmt: skip
    account = raw.account["sources"]
    assert account["visits"]["joined"] == [
        {"source": "ivra", "rows_without": 0, "several_values": 1}
    ]
    assert account["qids"]["left_out_by_where"] == 1
    assert account["ivra"]["only_joined"] == 5


# What cannot be used.


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("source: dm\n    columns", "source: dn\n    columns", "no source `dn`"),
        ("origin: {source: dm,", "origin: {source: dx,", "no source `dx`"),
        ("origin: {source: dm, column: RFSTDTC}\n", "", "origin"),
        ("    item: QSTESTCD\n", "", "`item` and `value` go together"),
        ("reversed: [IT2]", "reversed: [IT9]", "not among `items`"),
        ("reversed_from: 4", "at_most: 1", "reversed_from"),
        ("file: ex.csv", "file: ../ex.csv", "without a path"),
        ("file: ex.csv", "file: ey.csv", "is not there"),
        ("supplement: suppcm.csv", "supplement: qs.csv", "supplemental qualifiers without"),
        ("value: QSSTRESN", "value: QSSTRESX", "QSSTRESX"),
        ("  dm: {file", "  total: {file", "one name"),
        ("start_day: CMSTDY", "start_day: CMSTART", "CMSTART"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_one_clear_error(
    engine: Engine, drop: Path, old: str, new: str, told: str
) -> None:
    change(drop, old, new)
    with pytest.raises(UserError) as caught:
        read(engine, drop)
    assert told in str(caught.value)
    assert caught.value.exit_code in (EXIT_CODES["config"], EXIT_CODES["input"])
    assert "S-1" not in str(caught.value)


def test_a_supplement_is_for_sdtm(engine: Engine, archive: Path) -> None:
    change(archive, "{file: ivra01.txt}", "{file: ivra01.txt, supplement: x.txt}")
    with pytest.raises(UserError, match="for SDTM"):
        read(engine, archive)


def test_a_file_of_one_header_row_is_told_by_its_account(engine: Engine, archive: Path) -> None:
    """The second row is taken for descriptions whatever it says; the account counts the others."""
    rows = textwrap.dedent(CCV).count("\n") - 2
    assert read(engine, archive).account["sources"]["visits"]["rows"] == rows
