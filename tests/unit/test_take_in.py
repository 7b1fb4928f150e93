"""Intake: what becomes of bad rows and cells, and that no value gets into a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from tests.support import as_raw, load_reference, take_in_raw
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.take_in import Intake, Known, take_in

P = "patient_id"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=2) as engine:
        yield engine


def trial(patient: str, trial_id: str, **cells: str) -> dict[str, str]:
    usual = {"drug": "sertraline", "dose_mg_per_day": "50", "start_day": "0", "stop_day": "60"}
    return {P: patient, "trial_id": trial_id, **usual, **cells}


PATIENTS: list[dict[str, str]] = [
    {P: "a", "age_years": "40", "mdd_diagnosis": "yes", "function_scale": "GAF",
     "function_score": "45"},
    {P: "a", "age_years": "40", "mdd_diagnosis": "yes", "function_scale": "gaf",
     "function_score": "45.0"},  # the same, otherwise written: line 3
    {P: "b", "age_years": "50", "mdd_diagnosis": "yes"},
    {P: "b", "age_years": "51", "mdd_diagnosis": "yes"},  # contradicts line 4: line 5
    {P: "", "age_years": "30"},  # line 6
    {P: "no spaces", "age_years": "30"},  # line 7
    {P: "c", "age_years": "40.5", "mdd_diagnosis": "Yes", "sex": "F", "function_scale": "mood",
     "function_score": "5", "last_observed_day": "soon"},  # line 8: five bad cells
    {P: "d", "age_years": "-1", "mdd_diagnosis": "no", "function_scale": "GAF",
     "function_score": "0", "last_observed_day": "1e9"},  # line 9: three bad cells
]  # fmt: skip
TRIALS = [
    trial("a", "good", stop_reason="completed", adherence="0.9", scale="HAM-D17",
          baseline_score="24", endpoint_score="12"),  # line 2
    trial("a", "twice"),
    trial("a", "twice"),  # line 4: an exact duplicate
    trial("a", "against", adherence="0.5"),
    trial("a", "against", adherence="0.9"),  # lines 5 and 6 contradict each other
    trial("a", ""),  # line 7: no key
    trial("nobody", "t"),  # line 8
    trial("b", "t"),  # line 9: the patient's rows were set aside
    trial("a", "s1", start_day=""),
    trial("a", "s2", start_day="1.5"),
    trial("a", "s3", start_day="200000"),  # lines 10 to 12
    trial("a", "e1", stop_day="x"),  # line 13
    trial("a", "e2", stop_day="0"),
    trial("a", "e3", stop_day="-3"),  # lines 14 and 15
    trial("c", "bad", drug="Zolofft", role="both", for_depression="pain", dose_mg_per_day="0",
          adherence="1.4", scale="CGI-S", baseline_score="abc", endpoint_score="5",
          baseline_day="0.5", endpoint_day="?", rated_outcome="better", stop_reason="bored",
          episode="0"),  # line 16: all cells but the endpoint's score are bad
    trial("c", "range", drug="Zolofft", scale="HAM-D17", baseline_score="53",
          endpoint_score="-1"),  # line 17: an unrecognised drug and two scores
    trial("c", "change", scale="CGI-I", endpoint_score="2.5"),  # line 18
    trial("d", "again", start_day="70", stop_day="130"),
    trial("a", "next", start_day="66", stop_day="90"),  # line 20: the same drug, soon after
]  # fmt: skip
DOSES = [
    {P: "a", "trial_id": "good", "start_day": "0", "stop_day": "20", "dose_mg_per_day": "25"},
    {P: "a", "trial_id": "good", "start_day": "20", "stop_day": "", "dose_mg_per_day": "-50"},
    {P: "a", "trial_id": "against", "start_day": "0", "stop_day": "20", "dose_mg_per_day": "25"},
    {P: "a", "trial_id": "good", "start_day": "", "stop_day": "20", "dose_mg_per_day": "25"},
    {P: "a", "trial_id": "good", "start_day": "30", "stop_day": "30", "dose_mg_per_day": "25"},
]
ASSESSMENTS = [
    {P: "a", "day": "0", "scale": "HAM-D17", "score": "24"},
    {P: "a", "day": "0", "scale": "hamd 17", "score": "24"},  # line 3: a duplicate
    {P: "a", "day": "0", "scale": "HAMD", "score": "20"},  # line 4: no scale we know
    {P: "a", "day": "5", "scale": "HAM-D17", "score": "24"},
    {P: "a", "day": "5", "scale": "Ham-D17", "score": "25"},  # lines 5 and 6 conflict
    {P: "a", "day": "", "scale": "HAM-D17", "score": "24"},  # line 7
    {P: "a", "day": "9", "scale": "", "score": "24"},  # line 8
    {P: "z", "day": "9", "scale": "MADRS", "score": "24"},  # line 9
    {P: "a", "day": "9", "scale": "MADRS", "score": "61"},  # line 10: out of scale
]


def frame(name: str, rows: list[dict[str, str]]) -> pd.DataFrame:
    columns = [column for column in TABLES[name].names if any(column in row for row in rows)]
    return pd.DataFrame([{c: row.get(c, "") for c in columns} for row in rows], dtype=object)


@pytest.fixture(scope="module")
def intake(engine: Engine) -> Intake:
    raw = {"patients": PATIENTS, "trials": TRIALS, "doses": DOSES, "assessments": ASSESSMENTS}
    return take_in_raw(engine, {name: frame(name, rows) for name, rows in raw.items()})


def reasons(intake: Intake, table: str) -> dict[int, str]:
    rows = intake.quarantine[intake.quarantine["table"] == table]
    return dict(zip(rows["line"].astype(int), rows["reason"], strict=True))


def found(intake: Intake, table: str) -> set[tuple[int, str, str]]:
    rows = intake.findings[intake.findings["table"] == table]
    return {
        (int(row.line), row.column, row.rule) for row in rows.dropna(subset="line").itertuples()
    }


def accepted(intake: Intake, table: str, *key: str) -> dict[Any, dict[str, Any]]:
    rows = intake.accepted[table].to_pyarrow().to_pylist()
    return {tuple(row[name] for name in key) if len(key) > 1 else row[key[0]]: row for row in rows}


def test_rows_that_cannot_be_used_are_set_aside_with_their_reason(intake: Intake) -> None:
    assert reasons(intake, "patients") == {
        4: "conflicting_rows",
        5: "conflicting_rows",
        6: "missing_key",
        7: "missing_key",
    }
    assert reasons(intake, "trials") == {
        5: "conflicting_rows",
        6: "conflicting_rows",
        7: "missing_key",
        8: "unknown_patient",
        9: "unknown_patient",
        10: "start_day_unreadable",
        11: "start_day_unreadable",
        12: "start_day_unreadable",
        13: "stop_day_unreadable",
        14: "stop_not_after_start",
        15: "stop_not_after_start",
    }
    assert reasons(intake, "doses") == {
        4: "unknown_trial",
        5: "start_day_unreadable",
        6: "stop_not_after_start",
    }
    assert reasons(intake, "assessments") == {
        5: "conflicting_rows",
        6: "conflicting_rows",
        7: "missing_key",
        8: "missing_key",
        9: "unknown_patient",
    }


def test_the_balance_adds_up(intake: Intake) -> None:
    for name, rows_in in (("patients", 8), ("trials", 19), ("doses", 5), ("assessments", 9)):
        balance = intake.summary[name]
        assert balance["rows_in"] == rows_in
        parts = balance["accepted"] + balance["duplicates"] + balance["quarantined"]
        assert parts == rows_in
        assert balance["quarantined"] == len(reasons(intake, name))
        assert balance["accepted"] == intake.accepted[name].count().to_pyarrow().as_py()
    assert {name: balance["duplicates"] for name, balance in intake.summary.items()} == {
        "patients": 1, "trials": 1, "doses": 0, "assessments": 1,
    }  # fmt: skip


def test_bad_cells_become_unknown_and_are_found(intake: Intake) -> None:
    assert found(intake, "patients") >= {
        (8, "age_years", "not_a_whole_number"),
        (8, "mdd_diagnosis", "not_in_vocabulary"),
        (8, "sex", "not_in_vocabulary"),
        (8, "function_scale", "unrecognised_scale"),
        (8, "last_observed_day", "not_a_number"),
        (9, "age_years", "out_of_range"),
        (9, "function_score", "score_out_of_scale"),
        (9, "last_observed_day", "out_of_range"),
    }
    assert intake.summary["patients"]["cells_set_unknown"] == 8
    patient = accepted(intake, "patients", P)["c"]
    for name in ("age_years", "mdd_diagnosis", "sex", "function_scale", "last_observed_day"):
        assert patient[name] is None
    expected = {
        (16, name, rule)
        for name, rule in (
            ("drug", "unrecognised_drug"), ("role", "not_in_vocabulary"),
            ("for_depression", "not_in_vocabulary"), ("dose_mg_per_day", "out_of_range"),
            ("adherence", "out_of_range"), ("scale", "unrecognised_scale"),
            ("baseline_score", "not_a_number"), ("baseline_day", "not_a_whole_number"),
            ("endpoint_day", "not_a_number"), ("rated_outcome", "not_in_vocabulary"),
            ("stop_reason", "not_in_vocabulary"), ("episode", "out_of_range"),
        )
    }  # fmt: skip
    expected |= {
        (17, "drug", "unrecognised_drug"),
        (17, "baseline_score", "score_out_of_scale"),
        (17, "endpoint_score", "score_out_of_scale"),
        (18, "endpoint_score", "score_out_of_scale"),
    }
    bad = {one for one in found(intake, "trials") if one[0] in (16, 17, 18)}
    bad = {one for one in bad if one[2] != "adjacent_rows_of_one_drug"}
    assert bad == expected
    assert intake.summary["trials"]["cells_set_unknown"] == len(expected)
    assert intake.summary["doses"]["cells_set_unknown"] == 1
    assert intake.summary["assessments"]["cells_set_unknown"] == 2


def test_a_number_that_nobody_recorded_is_none(engine: Engine) -> None:
    cells = ["1e15", "1e16", "1e999", "inf", "nan", "1_000", "0x1F", "1e-400", ""]
    raw = {"patients": pd.DataFrame({P: ["a"]}),
           "trials": pd.DataFrame([trial("a", f"t{place}", dose_mg_per_day=cell)
                                   for place, cell in enumerate(cells)])}  # fmt: skip
    tables = {name: as_raw(engine, rows) for name, rows in raw.items()}
    taken = take_in(engine, tables, load_reference())
    rules = {line - 2: rule for line, column, rule in found(taken, "trials")
             if column == "dose_mg_per_day"}  # fmt: skip
    # What is too small for a number is nought, which no dose is.
    assert rules == {**dict.fromkeys(range(1, 7), "not_a_number"), 7: "out_of_range"}
    doses = {key[1]: row["dose_mg_per_day"]
             for key, row in accepted(taken, "trials", P, "trial_id").items()}  # fmt: skip
    assert doses == {"t0": 1e15} | {f"t{place}": None for place in range(1, len(cells))}


def test_a_bad_cell_is_told_from_an_empty_one(intake: Intake) -> None:
    trials = accepted(intake, "trials", P, "trial_id")
    bad, empty = trials["c", "bad"], trials["d", "again"]
    for name in ("role", "for_depression", "baseline_day", "endpoint_day", "stop_reason"):
        assert bad[name] is None and empty[name] is None
        assert bad[f"{name}_is_bad"] is True
        assert empty[f"{name}_is_bad"] is False


def test_odd_but_usable_rows_are_found_and_kept(intake: Intake) -> None:
    rules = {(line, rule) for line, _, rule in found(intake, "trials")}
    assert (4, "duplicate_row") in rules
    assert any(rule == "adjacent_rows_of_one_drug" for _, rule in rules)
    assert ("a", "next") in accepted(intake, "trials", P, "trial_id")


def test_words_nobody_knows_are_listed_with_a_suggestion(intake: Intake) -> None:
    rows = {
        (row.table, row.column, row.word): (int(row.rows), row.suggestion)
        for row in intake.unrecognised.itertuples()
    }
    assert rows["trials", "drug", "Zolofft"] == (2, "sertraline")
    assert rows["trials", "scale", "CGI-S"][0] == 1
    assert rows["assessments", "scale", "HAMD"][0] == 1
    assert rows["patients", "function_scale", "mood"][0] == 1


def test_quarantined_trials_of_known_patients_are_possible_failures(intake: Intake) -> None:
    rows = intake.quarantined_trials.to_pyarrow().to_pylist()
    assert {row[P] for row in rows} == {"a"}
    assert sorted(str(row["trial_id"]) for row in rows) == sorted(
        ["against", "against", "None", "s1", "s2", "s3", "e1", "e2", "e3"]
    )


def test_findings_hold_no_value_of_a_patient(intake: Intake) -> None:
    text = intake.findings.to_csv() + intake.quarantine.to_csv()
    for value in ("Zolofft", "1.4", "abc", "bored", "nobody", "no spaces", "against", "40.5"):
        assert value not in text


def test_unknown_is_not_no(engine: Engine) -> None:
    taken = take_in_raw(
        engine,
        {
            "patients": pd.DataFrame({P: ["a"]}),
            "trials": pd.DataFrame({P: ["a"], "trial_id": ["t"], "drug": ["ect"],
                                    "start_day": ["0"]}),
        },
    )  # fmt: skip
    patient = accepted(taken, "patients", P)["a"]
    assert {patient[column] for column in TABLES["patients"].names if column != P} == {None}
    assert "mdd_diagnosis" in taken.columns["patients"]["absent"]


def refuse(engine: Engine, **raw: pd.DataFrame) -> UserError:
    with pytest.raises(UserError) as caught:
        take_in_raw(engine, raw)
    assert caught.value.exit_code == EXIT_CODES["input"]
    return caught.value


def test_a_missing_required_column_refuses_the_drop(engine: Engine) -> None:
    patients = pd.DataFrame({P: ["a"]})
    trials = pd.DataFrame({P: ["a"], "trial_id": ["t"], "durg": ["ect"], "start_day": ["0"]})
    message = str(refuse(engine, patients=patients, trials=trials))
    assert "1 required column(s) missing: drug" in message
    assert "did you mean `durg`" in message


def test_a_column_that_cannot_be_read_at_all_refuses_the_drop(engine: Engine) -> None:
    patients = pd.DataFrame({P: ["a", "b", "c"], "mdd_diagnosis": ["Y", "Y", "N"]})
    trials = pd.DataFrame({P: [], "trial_id": [], "drug": [], "start_day": []}, dtype=object)
    message = str(refuse(engine, patients=patients, trials=trials))
    assert "mdd_diagnosis" in message and "3" in message
    patients.loc[2, "mdd_diagnosis"] = "no"
    taken = take_in_raw(engine, {"patients": patients, "trials": trials})
    assert taken.summary["patients"]["cells_set_unknown"] == 2


def test_an_increment_may_add_to_patients_of_earlier_drops(engine: Engine) -> None:
    known = Known(
        patients=engine.from_memory(pd.DataFrame({P: ["old"]})),
        trials=engine.from_memory(pd.DataFrame({P: ["old"], "trial_id": ["t1"]})),
    )
    raw = {
        "patients": pd.DataFrame({P: ["new"]}),
        "trials": pd.DataFrame([trial("old", "t2"), trial("new", "t1"), trial("other", "t1")]),
        "doses": pd.DataFrame(
            {P: ["old", "new"], "trial_id": ["t1", "t9"], "start_day": ["0", "0"],
             "dose_mg_per_day": ["50", "50"]}
        ),
    }  # fmt: skip
    tables = {name: as_raw(engine, rows) for name, rows in raw.items()}
    taken = take_in(engine, tables, load_reference(), known=known)
    assert reasons(taken, "trials") == {4: "unknown_patient"}
    assert reasons(taken, "doses") == {3: "unknown_trial"}


def test_a_namespace_keeps_ids_of_sites_apart(engine: Engine) -> None:
    raw = {"patients": pd.DataFrame({P: ["a"]}),
           "trials": pd.DataFrame([trial("a", "t"), trial("a", "x", stop_day="0")])}  # fmt: skip
    tables = {name: as_raw(engine, rows) for name, rows in raw.items()}
    taken = take_in(engine, tables, load_reference(), namespace="north")
    assert set(accepted(taken, "patients", P)) == {"north:a"}
    assert set(accepted(taken, "trials", P)) == {"north:a"}
    assert [row[P] for row in taken.quarantined_trials.to_pyarrow().to_pylist()] == ["north:a"]
