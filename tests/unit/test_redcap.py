"""The reader of REDCap exports: events, arms, instances, boxes, and what becomes of every row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import load_reference
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.take_in import Intake, take_in
from trdanalysis.readers.drop import read_drop
from trdanalysis.readers.drop_info import DropInfo
from trdanalysis.readers.keys import derive_pseudonym
from trdanalysis.readers.raw_drop import UNREADABLE, RawDrop
from trdanalysis.readers.redcap.rows import arm_of, event_names

PAGE = Path(__file__).parents[2] / "docs" / "readers-redcap.md"
TRIAL = {"patient_id": "id", "trial_id": "redcap_row", "drug": "drug", "start_day": "start"}

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def read(engine: Engine, folder: Path, export: str, mapping: str | dict[str, Any]) -> RawDrop:
    (folder / "export.csv").write_text(export)
    text = mapping if isinstance(mapping, str) else yaml.safe_dump(mapping, sort_keys=False)
    (folder / "mapping.yaml").write_text(text)
    return read_drop(engine, folder, DropInfo(source="redcap", mapping="mapping.yaml"))


def rows_of(drop: RawDrop, table: str, *names: str) -> list[tuple[Any, ...]]:
    rows = sorted(
        drop.tables[table].to_pyarrow().to_pylist(), key=lambda row: (row["line"], str(row))
    )
    return [tuple(row[name] for name in names) for row in rows]


def found(drop: RawDrop) -> list[tuple[Any, ...]]:
    return list(drop.findings[["line", "rule"]].itertuples(index=False, name=None))


def mapping(**tables: Any) -> dict[str, Any]:
    """Give a mapping; trials take any row with a drug where the test has no other."""
    trials = {"where": {"column": "drug", "filled": True}, "columns": TRIAL}
    patients = {"per": "id", "columns": {"patient_id": "id"}}
    return {
        "file": "export.csv",
        "patient": "id",
        "tables": {"patients": patients, "trials": trials} | tables,
    }


def refusal(engine: Engine, folder: Path, export: str, data: dict[str, Any]) -> UserError:
    with pytest.raises(UserError) as caught:
        read(engine, folder, export, data)
    assert caught.value.exit_code == EXIT_CODES["config"]
    return caught.value


# --- the page's example


def taken_in(engine: Engine, drop: RawDrop) -> Intake:
    return take_in(engine, drop.tables, load_reference())


def test_worked_example_of_the_page(engine: Engine, tmp_path: Path) -> None:
    drop = read(engine, tmp_path, blocks("csv")[0], blocks("yaml")[1])
    assert rows_of(
        drop, "patients", "patient_id", "sex", "mdd_diagnosis", "early_trauma", "substance_use"
    ) == [
        ("1", "female", "yes", "yes", "no"),
        ("2", "male", "yes", None, None),
        ("3", "female", None, None, None),
    ]
    names = ("patient_id", "trial_id", "drug", "start_day", "stop_day", "stop_reason", "line")
    # 1 February to 1 April 2019 are 59 days, to the 10th 68; 3 to 5 June are 2.
    assert rows_of(drop, "trials", *names) == [
        ("1", "1", "sertraline", "0", "59", "lack_of_efficacy", 3),
        ("1", "2", "mirtazapine", "68", None, None, 4),
        ("2", "1", "duloxetine", "2", None, "not_recoded", 8),
    ]
    # 1 February to 15 March are 42 days, 3 June to 16 July 43.
    assert rows_of(drop, "assessments", "patient_id", "day", "score") == [
        ("1", "42", "18"),
        ("2", "43", "9"),
    ]
    assert found(drop) == [(5, "nothing_filled"), (10, "event_not_taken")]
    assert drop.account["notes"] == [
        "export.csv: 10 rows = 8 taken + 1 of events or arms not taken + 1 with nothing filled in"
    ]
    assert drop.account["boxes"]["history___1"] == {"yes": 1, "no": 0, "unknown": 2}
    taken = taken_in(engine, drop)
    assert {name: row["accepted"] for name, row in taken.summary.items()} == {
        "patients": 3,
        "trials": 3,
        "assessments": 2,
    }
    assert sum(row["cells_set_unknown"] for row in taken.summary.values()) == 1


LABELS = {
    "record_id": "Record ID",
    "redcap_event_name": "Event Name",
    "redcap_repeat_instrument": "Repeat Instrument",
    "redcap_repeat_instance": "Repeat Instance",
    "enrol_date": "Date of enrolment",
    "sex": "Sex",
    "mdd": "Major depression",
    "history___1": "History (choice=Early trauma)",
    "history___2": "History (choice=Substances)",
    "history___unk": "History (choice=Not known)",
    "history_complete": "Complete?",
    "drug": "Drug",
    "start_date": "Start",
    "stop_date": "Stop",
    "dose": "Dose, mg",
    "why_stopped": "Reason",
    "medication_complete": "Complete?",
    "visit_date": "Date of visit",
    "phq_total": "PHQ-9",
    "visit_complete": "Complete?",
}
STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}


def as_labels(export: str) -> str:
    """Write the page's export as REDCap would with labels."""
    codes = {
        "redcap_event_name": lambda cell: {
            "enrolment": "Enrolment", "week": "Week 6", "phone": "Phone call"
        }[cell.split("_")[0]] + f" (Arm {cell[-1]}: {'AB'[int(cell[-1]) - 1]})",
        "redcap_repeat_instrument": str.capitalize,
        "sex": {"1": "Male", "2": "Female"}.get,
        "mdd": {"1": "Yes", "0": "No", "UNK": "UNK"}.get,
        "why_stopped": {"1": "Did not help", "9": "Other"}.get,
    }  # fmt: skip
    out = io.StringIO()
    rows = list(csv.DictReader(io.StringIO(export)))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([LABELS[name] for name in rows[0]])
    for row in rows:
        cells = []
        for name, cell in row.items():
            write: Any = codes.get(name, str)
            if name.endswith("_complete"):
                write = STATUS.get
            elif "___" in name:
                write = {"0": "Unchecked", "1": "Checked"}.get
            cells.append(write(cell) if cell else "")
        writer.writerow(cells)
    return out.getvalue()


def test_an_export_of_labels_tells_the_same(engine: Engine, tmp_path: Path) -> None:
    raw, text = blocks("csv")[0], blocks("yaml")[1]
    data = yaml.safe_load(text)
    expected = read(engine, tmp_path, raw, text)
    names = {**LABELS, "medication_complete": "Complete? (2)", "visit_complete": "Complete? (3)"}

    def relabel(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: relabel(value) for key, value in part.items()}
        if isinstance(part, list):
            return [relabel(value) for value in part]
        return names.get(part, part) if isinstance(part, str) else part

    labelled = relabel(data)
    patients, trials = labelled["tables"]["patients"], labelled["tables"]["trials"]
    patients["events"] = trials["events"] = "Enrolment"
    trials["instrument"] = "Medication"
    labelled["tables"]["assessments"]["events"] = ["Enrolment", "Week 6"]
    patients["columns"]["sex"]["recode"] = {"Male": "male", "Female": "female"}
    patients["columns"]["mdd_diagnosis"]["recode"] = {"Yes": "yes", "No": "no"}
    trials["columns"]["stop_reason"]["recode"] = {"Did not help": "lack_of_efficacy"}
    drop = read(engine, tmp_path, as_labels(raw), labelled)
    for table in expected.tables:
        columns = list(expected.tables[table].columns)
        assert rows_of(drop, table, *columns) == rows_of(expected, table, *columns)
    assert found(drop) == found(expected)


# --- events, arms, instances


@pytest.mark.parametrize(
    ("event", "names", "arm"),
    [
        ("week_6_arm_1", ("week_6_arm_1", "week_6"), 1),
        ("week_6_arm_12b", ("week_6_arm_12b", "week_6"), 12),
        ("Week 6 (Arm 2: Drug A (high))", ("Week 6 (Arm 2: Drug A (high))", "Week 6"), 2),
        ("Week 6", ("Week 6",), None),
        (None, (), None),
    ],
)
def test_events_have_names_and_arms(
    event: str | None, names: tuple[str, ...], arm: int | None
) -> None:
    assert event_names(event) == names
    assert arm_of(event) == arm


ARMS = """id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,drug,start
1,base_arm_1,,,sertraline,0
1,base_arm_1,med,1,citalopram,10
1,late_arm_1,med,1,venlafaxine,90
1,late_arm_1,,1,ect,200
1,late_arm_1,,2,ect,300
2,base_arm_2,,,bupropion,0
2,base_arm_2,med,1,lithium,5
"""


def trials_of(**words: Any) -> dict[str, Any]:
    return mapping(trials={**words, "columns": TRIAL})


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ({}, ["base_arm_1", "late_arm_1-1", "late_arm_1-2", "base_arm_2"]),
        ({"events": "base"}, ["base_arm_1", "base_arm_2"]),
        ({"events": "base_arm_2"}, ["base_arm_2"]),
        ({"arms": 1}, ["base_arm_1", "late_arm_1-1", "late_arm_1-2"]),
        ({"instrument": "med"}, ["base_arm_1-1", "late_arm_1-1", "base_arm_2-1"]),
        ({"instrument": "med", "events": ["base", "late"], "arms": [2]}, ["base_arm_2-1"]),
    ],
)
def test_which_rows(engine: Engine, tmp_path: Path, words: dict[str, Any], ids: list[str]) -> None:
    drop = read(engine, tmp_path, ARMS, trials_of(**words))
    assert [row[0] for row in rows_of(drop, "trials", "trial_id")] == ids


def test_every_row_is_accounted_for(engine: Engine, tmp_path: Path) -> None:
    text = ARMS + ",base_arm_1,,,sertraline,0\n3,base_arm_1,med,1,,\n3,base_arm_1,,,,\n"
    data = mapping(
        patients={"events": "base", "arms": 1, "columns": {"patient_id": "id"}},
        trials={
            "events": "base",
            "instrument": "med",
            "arms": 1,
            "where": {"column": "start", "among": ["11"]},
            "columns": TRIAL,
        },
    )
    drop = read(engine, tmp_path, text, data)
    assert found(drop) == [
        (3, "left_out_by_where"),
        (4, "event_not_taken"),
        (5, "event_not_taken"),
        (6, "event_not_taken"),
        (7, "event_not_taken"),
        (8, "event_not_taken"),
        (10, "nothing_filled"),
    ]
    # Line 9 has no record and line 11 nothing else than its record, but patients take both.
    account = drop.account
    assert (account["rows"], account["taken"]) == (10, 3)
    assert account["rows"] == account["taken"] + sum(account["not_taken"].values())
    assert set(drop.findings["action"]) == {"kept_out"}
    assert account["instruments"] == {"": 6, "med": 4}
    other = read(engine, tmp_path, text, trials_of(events="base", instrument="med", arms=1))
    assert other.account["not_taken"]["no_record"] == 0  # patients take any event here
    only = mapping(
        patients={"events": "late", "columns": {"patient_id": "id"}},
        trials={"events": "late", "columns": TRIAL},
    )
    counts = read(engine, tmp_path, text, only).account["not_taken"]
    assert counts == {
        "event_not_taken": 4,
        "instrument_not_taken": 1,
        "left_out_by_where": 0,
        "nothing_filled": 2,
        "no_record": 1,
    }


def test_a_project_without_events(engine: Engine, tmp_path: Path) -> None:
    text = "id,sex,drug,start\na,female,sertraline,0\nb,male,ect,4\n"
    drop = read(engine, tmp_path, text, mapping())
    assert rows_of(drop, "trials", "patient_id", "trial_id") == [("a", "1"), ("b", "1")]
    assert drop.account["taken"] == 2 and drop.findings.empty


def test_facts_of_several_events_become_one_row(engine: Engine, tmp_path: Path) -> None:
    text = "id,redcap_event_name,sex,seen,drug,start\na,base,female,0,ect,0\na,end,,80,,\n"
    patients = {
        "events": ["base", "end"],
        "per": "id",
        "columns": {
            "patient_id": "id",
            "sex": "sex",
            "last_observed_day": {"column": "seen", "take": "max"},
        },
    }
    drop = read(engine, tmp_path, text, mapping(patients=patients))
    assert rows_of(drop, "patients", "patient_id", "sex", "last_observed_day") == [
        ("a", "female", "80")
    ]


# --- boxes


@pytest.mark.parametrize(
    ("one", "two", "unknown", "status", "says"),
    [
        ("1", "0", "0", "2", "yes"),
        ("1", "0", "0", "0", "yes"),  # ticked is ticked
        ("1", "", "0", "", "yes"),
        ("1", "0", "1", "2", "yes"),
        ("Checked", "Unchecked", "0", "Complete", "yes"),
        ("0", "0", "0", "2", "no"),
        ("Unchecked", "0", "unchecked", "complete", "no"),
        ("0", "0", "0", "1", None),
        ("0", "0", "0", "0", None),
        ("0", "0", "0", "", None),
        ("0", "0", "1", "2", None),
        ("0", "0", "", "2", None),
        ("0", "", "0", "2", None),
        ("", "", "", "2", None),
        ("UNK", "0", "0", "2", None),
        ("0", "0", "0", "UNK", None),
        ("2", "0", "0", "2", UNREADABLE),
        ("maybe", "1", "0", "2", "yes"),
    ],
)
def test_what_boxes_say(
    engine: Engine, tmp_path: Path, one: str, two: str, unknown: str, status: str, says: str | None
) -> None:
    text = "id,b___1,b___2,b___unk,b_complete,drug,start\n"
    text += f"a,{one},{two},{unknown},{status},ect,0\n"
    boxes = {"checkbox": ["b___1", "b___2"], "complete": "b_complete", "unknown_if": "b___unk"}
    data = mapping(patients={"columns": {"patient_id": "id", "poor_sleep": boxes}})
    drop = read(engine, tmp_path, text, {**data, "missing": ["UNK"]})
    assert rows_of(drop, "patients", "poor_sleep") == [(says,)]
    assert any("not ticked means no" in sentence for sentence in drop.assumptions)


def test_boxes_without_a_status_never_say_no(engine: Engine, tmp_path: Path) -> None:
    text = "id,b___1,drug,start\na,1,ect,0\nb,0,ect,0\n"
    columns = {"patient_id": "id", "poor_sleep": {"checkbox": "b___1"}}
    drop = read(engine, tmp_path, text, mapping(patients={"columns": columns}))
    assert rows_of(drop, "patients", "poor_sleep") == [("yes",), (None,)]
    assert drop.account["boxes"] == {"b___1": {"yes": 1, "no": 0, "unknown": 1}}


def test_boxes_side_by_side(engine: Engine, tmp_path: Path) -> None:
    text = "id,drug1,start1,dep1___1,f1_complete,drug2,start2,dep2___1,f2_complete\n"
    text += "a,ect,0,1,2,rtms,9,0,2\nb,ect,0,0,0,,,0,2\n"
    trials = {
        "for_each": [1, 2],
        "where": {"column": "drug{}", "filled": True},
        "columns": {
            "patient_id": "id",
            "trial_id": {"constant": "t{}"},
            "drug": "drug{}",
            "start_day": "start{}",
            "for_depression": {"checkbox": "dep{}___1", "complete": "f{}_complete"},
        },
    }
    drop = read(engine, tmp_path, text, mapping(trials=trials))
    assert rows_of(drop, "trials", "patient_id", "trial_id", "for_depression") == [
        ("a", "t1", "yes"),
        ("a", "t2", "no"),
        ("b", "t1", None),
    ]


# --- identifiers, days, missing codes


def test_identifiers_are_hashed_and_codes_are_no_dates(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "a key that nobody else has"
    monkeypatch.setenv("SITE_KEY", key)
    text = "id,day0,drug,start,stop\n101,2019-01-01,sertraline,2019-01-03 10:30,-99\n"
    dates = {"columns": ["start", "stop"], "written": "iso", "origin": {"column": "day0"}}
    data = mapping(trials={"columns": {**TRIAL, "stop_day": "stop"}})
    data |= {"dates": dates, "missing": [-99], "hash_identifiers": True, "key_variable": "SITE_KEY"}
    drop = read(engine, tmp_path, text, data)
    person = derive_pseudonym(key.encode(), "101")
    assert rows_of(drop, "trials", "patient_id", "start_day", "stop_day") == [(person, "2", None)]
    assert rows_of(drop, "patients", "patient_id") == [(person,)]


# --- what is refused


def test_names_that_the_export_lacks(engine: Engine, tmp_path: Path) -> None:
    error = refusal(engine, tmp_path, ARMS, trials_of(events=["bas"]))
    assert "did you mean `base`" in str(error)
    error = refusal(engine, tmp_path, ARMS, trials_of(instrument="meds"))
    assert "did you mean `med`" in str(error)
    assert "`arm 3`" in str(refusal(engine, tmp_path, ARMS, trials_of(arms=3)))
    drop = read(engine, tmp_path, ARMS, trials_of(events="bas", optional=True))
    assert rows_of(drop, "trials", "trial_id") == []
    text = "id,drug,start\na,ect,0\n"
    assert "`redcap_event_name`" in str(refusal(engine, tmp_path, text, trials_of(events="base")))
    boxes = {"patient_id": "id", "poor_sleep": {"checkbox": "b___1"}}
    error = refusal(engine, tmp_path, text, mapping(patients={"columns": boxes}))
    assert "lacks: `b___1`" in str(error)


@pytest.mark.parametrize(
    ("patients", "told"),
    [
        ({"columns": {"patient_id": "id"}, "event": "base"}, "unknown key `event`"),
        ({"columns": {"patient_id": "id", "sex": {"checkbox": "drug"}}}, "three-valued"),
        (
            {"columns": {"patient_id": "id", "poor_sleep": {"checkbox": "drug", "recode": {}}}},
            "unknown key `recode`",
        ),
        ({"columns": {"patient_id": "id"}, "arms": "one"}, "`arms"),
        ({"columns": {"patient_id": "id"}, "optional": "perhaps"}, "`optional`"),
        ({"columns": {"sex": "drug"}}, "required column(s) not mapped: patient_id"),
    ],
)
def test_refused_mappings(
    engine: Engine, tmp_path: Path, patients: dict[str, Any], told: str
) -> None:
    assert told in str(refusal(engine, tmp_path, ARMS, mapping(patients=patients)))


def test_patient_is_needed(engine: Engine, tmp_path: Path) -> None:
    data = mapping()
    del data["patient"]
    assert "missing key `patient`" in str(refusal(engine, tmp_path, ARMS, data))


def test_an_export_of_no_rows(engine: Engine, tmp_path: Path) -> None:
    drop = read(engine, tmp_path, ARMS.splitlines()[0] + "\n", trials_of(events="base"))
    assert rows_of(drop, "trials", "trial_id") == [] and drop.account["rows"] == 0
