"""The OMOP reader on tiny data models: what becomes of each situation in a record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.omop import (
    FLUOXETINE,
    MIRTAZAPINE,
    OFC,
    P_CR,
    P_IR,
    S50,
    S100,
    SERTRALINE,
    SYRUP,
    Row,
    as_version_6,
    exposure,
    make_cdm,
    on,
    period,
    person,
    read_cdm,
    rows_of,
    supplied,
    write_cdm,
    write_mapping,
)
from tests.support import CONFIG, load_reference
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.intake.take_in import Intake, take_in
from trdanalysis.readers.drop_info import drop_files
from trdanalysis.readers.omop.mapping import (
    OmopMapping,
    read_concept_sets,
    read_omop_mapping,
)
from trdanalysis.readers.omop.read import read_omop, read_omop_drop
from trdanalysis.readers.parquet_tables import read_text_parquet, scan_text_parquet
from trdanalysis.readers.raw_drop import RawDrop
from trdanalysis.readers.text_tables import read_text_csv, scan_text_csv

KEY = "a key that only this test knows"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def accepted(engine: Engine, drop: RawDrop) -> Intake:
    return take_in(engine, drop.tables, load_reference())


def trials(drop: RawDrop) -> list[tuple[Any, ...]]:
    return rows_of(drop, "trials", "drug", "start_day", "stop_day")


def steps(drop: RawDrop) -> list[tuple[Any, ...]]:
    rows = rows_of(drop, "doses", "start_day", "stop_day", "dose_mg_per_day")
    return sorted(rows, key=lambda row: int(row[0]))


def found(drop: RawDrop) -> list[tuple[Any, ...]]:
    columns = ["table", "column", "line", "rule"]
    return sorted(drop.findings[columns].itertuples(index=False, name=None), key=str)


# --- one story in every form


STORY = make_cdm(
    [
        supplied(S50, 10, 28),
        supplied(S100, 38, 28),
        exposure(MIRTAZAPINE, 60, 120),
        exposure(0, 3, 4),
    ],
    condition_occurrence=[
        {"person_id": 1, "condition_concept_id": 4152280, "condition_start_date": on(2)}
    ],
    measurement=[
        {
            "person_id": 1,
            "measurement_concept_id": 3042932,
            "measurement_date": on(9),
            "value_as_number": 17,
        }
    ],
)  # fmt: skip


@pytest.mark.parametrize(
    ("form", "version"),
    [("csv", "5"), ("parquet", "5"), ("duckdb", "5"), ("float", "5"), ("tab", "5")]
    + [("csv", "6"), ("parquet", "6")],
)
def test_every_form_and_version_tells_one_story(
    engine: Engine, tmp_path: Path, form: str, version: str
) -> None:
    drop = read_cdm(engine, tmp_path, STORY if version == "5" else as_version_6(STORY), form)
    assert trials(drop) == [("mirtazapine", "60", "121"), ("sertraline", "10", "66")]
    assert steps(drop) == [("10", "38", "50"), ("38", "66", "100")]
    assert rows_of(drop, "assessments", "patient_id", "day", "scale", "score") in (
        [("1", "9", "PHQ-9", "17")],
        [("1", "9", "PHQ-9", "17.0")],
    )
    names = ("patient_id", "sex", "age_years", "mdd_diagnosis", "last_observed_day", "line")
    assert rows_of(drop, "patients", *names) == [("1", "female", "34", "yes", "1000", 2)]
    assert found(drop) == [("drug_exposure", "drug_concept_id", None, "concept_0")]
    if (form, version) != ("csv", "5"):
        return
    taken = accepted(engine, drop)
    assert {name: row["accepted"] for name, row in taken.summary.items()} == {
        "patients": 1,
        "trials": 2,
        "doses": 2,
        "assessments": 1,
    }
    assert taken.quarantine.empty and taken.unrecognised.empty


def test_lines_are_those_of_the_exposures(engine: Engine, tmp_path: Path) -> None:
    drop = read_cdm(engine, tmp_path, STORY)
    assert rows_of(drop, "trials", "drug", "line") == [("mirtazapine", 4), ("sertraline", 2)]


def test_no_calendar_date_leaves_the_reader(engine: Engine, tmp_path: Path) -> None:
    drop = read_cdm(engine, tmp_path, STORY)
    text = str([table.to_pyarrow().to_pylist() for table in drop.tables.values()])
    told = text + str(drop.account) + drop.findings.to_csv() + str(drop.assumptions)
    for year in ("1980", "2014", "2015", "2016", "2017"):
        assert year not in told


def test_without_a_vocabulary_listed_ids_alone_are_known(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm(
        [exposure(S50, 0, 10), exposure(SERTRALINE, 50, 60), exposure(0, 0, 5)], vocabulary=False
    )
    drop = read_cdm(engine, tmp_path, cdm)
    assert trials(drop) == [("sertraline", "50", "61")]
    account = drop.account["exposures"]
    assert (account["rows"], account["used"]) == (3, 1)
    assert (account["other_drugs"], account["concept_0"]) == (1, 1)
    assert drop.account["vocabulary"] == dict.fromkeys(
        ("concept", "concept_ancestor", "drug_strength"), False
    )
    assert "fluvoxamine" in drop.account["concept_sets"]["antidepressants"]["left_out"]
    assert any("fluvoxamine" in told for told in drop.assumptions)


def test_products_are_found_by_their_strength_without_ancestors(
    engine: Engine, tmp_path: Path
) -> None:
    cdm = make_cdm([supplied(S50, 0, 30)])
    del cdm["concept_ancestor"]
    assert trials(read_cdm(engine, tmp_path, cdm)) == [("sertraline", "0", "30")]


def test_unconfirmed_ids_need_the_concept_table(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([exposure(OFC, 0, 41)])
    roles = rows_of(read_cdm(engine, tmp_path, cdm), "trials", "drug", "role")
    # A fixed combination is an antidepressant and what is added to it.
    assert roles == [("fluoxetine", "primary"), ("olanzapine", "augmentation")]
    cdm["concept"] = [row for row in cdm["concept"] if row["concept_name"] != "olanzapine"]
    (tmp_path / "again").mkdir()
    roles = rows_of(read_cdm(engine, tmp_path / "again", cdm), "trials", "drug", "role")
    assert roles == [("fluoxetine", "primary")]


def test_an_ingredient_is_found_by_its_name(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([exposure(77, 0, 41)])
    cdm["concept"].append(
        {**cdm["concept"][0], "concept_id": 77, "concept_name": "Milnacipran", "concept_code": "77"}
    )
    assert trials(read_cdm(engine, tmp_path, cdm)) == [("milnacipran", "0", "42")]
    cdm["concept"].pop()


# --- from exposures to trials


def read_cases(
    engine: Engine, folder: Path, cases: list[list[Row]], table: str, *columns: str, **changed: Any
) -> tuple[RawDrop, list[list[tuple[Any, ...]]]]:
    """Read all cases at once, a person each; the rows of each."""
    numbers = range(1, len(cases) + 1)
    exposures = [
        {**row, "person_id": n} for n, case in zip(numbers, cases, strict=True) for row in case
    ]
    cdm = make_cdm(
        exposures,
        person=[person(n) for n in numbers],
        observation_period=[period(n) for n in numbers],
    )
    drop = read_cdm(engine, folder, cdm, **changed)
    rows = rows_of(drop, table, "patient_id", *columns)
    return drop, [[row[1:] for row in rows if row[0] == str(n)] for n in numbers]


def test_gap_rule(engine: Engine, tmp_path: Path) -> None:
    expected = {
        0: [("0", "60")],
        14: [("0", "74")],
        15: [("0", "30"), ("45", "75")],
        -10: [("0", "50")],
        -30: [("0", "30")],
    }
    cases = [[exposure(S50, 0, 29), exposure(S100, 30 + gap, 59 + gap)] for gap in expected]
    _, rows = read_cases(engine, tmp_path, cases, "trials", "start_day", "stop_day")
    assert rows == list(expected.values())


def test_a_long_exposure_holds_short_ones_together(engine: Engine, tmp_path: Path) -> None:
    rows = [exposure(S50, 0, 99), exposure(S100, 10, 19), exposure(S100, 110, 119)]
    assert trials(read_cdm(engine, tmp_path, make_cdm(rows))) == [("sertraline", "0", "120")]


def test_a_change_of_formulation_is_one_trial(engine: Engine, tmp_path: Path) -> None:
    drop = read_cdm(engine, tmp_path, make_cdm([supplied(P_IR, 0, 30), supplied(P_CR, 30, 20)]))
    assert trials(drop) == [("paroxetine", "0", "50")]
    assert steps(drop) == [("0", "30", "20"), ("30", "50", "25")]


def test_a_switch_and_a_cross_taper_are_two_trials(engine: Engine, tmp_path: Path) -> None:
    rows = [exposure(S50, 0, 59), exposure(MIRTAZAPINE, 46, 109), exposure(P_IR, 110, 150)]
    assert trials(read_cdm(engine, tmp_path, make_cdm(rows))) == [
        ("mirtazapine", "46", "110"),
        ("paroxetine", "110", "151"),
        ("sertraline", "0", "60"),
    ]


def test_people_are_kept_apart(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm(
        [exposure(S50, 0, 29, 1), exposure(S50, 30, 59, 2)],
        person=[person(1), person(2)],
        observation_period=[period(1), period(2)],
    )
    rows = rows_of(read_cdm(engine, tmp_path, cdm), "trials", "patient_id", "start_day", "stop_day")
    assert rows == [("1", "0", "30"), ("2", "30", "60")]


def test_exact_duplicates_count_once(engine: Engine, tmp_path: Path) -> None:
    rows = [supplied(S50, 0, 30), supplied(S50, 0, 30), supplied(S100, 0, 30)]
    drop = read_cdm(engine, tmp_path, make_cdm(rows))
    # Two products on one day add up; the copy of one does not.
    assert rows_of(drop, "trials", "dose_mg_per_day", "adherence") == [("150", "1")]
    assert found(drop) == [("drug_exposure", "", 3, "duplicate_row")]
    account = drop.account["exposures"]
    assert (account["rows"], account["duplicates"], account["used"]) == (3, 1, 2)


def test_refills_of_one_product_do_not_add_up(engine: Engine, tmp_path: Path) -> None:
    drop = read_cdm(engine, tmp_path, make_cdm([supplied(S50, 0, 30), supplied(S50, 25, 30)]))
    assert rows_of(drop, "trials", "stop_day", "dose_mg_per_day") == [("55", "50")]
    assert "doses" not in drop.tables


# --- lengths


def test_lengths(engine: Engine, tmp_path: Path) -> None:
    end = {"drug_exposure_end_date": on(9)}
    cases: list[tuple[Row, str | None, list[str]]] = [
        ({"days_supply": 30}, "30", []),
        ({"days_supply": "30.0"}, "30", []),
        ({"days_supply": 0}, None, ["length_unknown", "not_above_0"]),
        ({"days_supply": -30}, None, ["length_unknown", "not_above_0"]),
        ({"days_supply": "a month"}, None, ["length_unknown", "not_a_number"]),
        ({}, None, ["length_unknown"]),
        (end, "10", []),
        ({**end, "days_supply": 30}, "10", []),
        ({**end, "days_supply": 0}, "10", ["not_above_0"]),
        ({"drug_exposure_end_date": on(0)}, "1", []),
    ]
    rows = [[exposure(S50, 0, None, **cells)] for cells, *_ in cases]
    drop, stops = read_cases(engine, tmp_path, rows, "trials", "start_day", "stop_day")
    for line, ((cells, stop, rules), got) in enumerate(zip(cases, stops, strict=True), start=2):
        assert got == [("0", stop)], cells
        assert sorted(rule for _, _, at, rule in found(drop) if at == line) == rules, cells
    taken = accepted(engine, drop)
    assert taken.summary["trials"]["cells_set_unknown"] == 4
    for trial in taken.accepted["trials"].to_pyarrow().to_pylist():
        # An unknown end is no trial that goes on.
        assert trial["stop_reason_is_bad"] is (trial["stop_day"] is None)


@pytest.mark.parametrize(
    ("cells", "settings", "stop"),
    [
        ({}, {"assumed_length_days": 28}, "28"),
        ({"drug_exposure_end_date": on(9)}, {"end_date_is": "first_day_without"}, "9"),
        (
            {"drug_exposure_end_date": on(9), "days_supply": 30},
            {"length_from": ["days_supply", "end_date"]},
            "30",
        ),
    ],
)
def test_settings_of_lengths(
    engine: Engine, tmp_path: Path, cells: Row, settings: Row, stop: str
) -> None:
    drop = read_cdm(engine, tmp_path, make_cdm([exposure(S50, 0, None, **cells)]), **settings)
    assert rows_of(drop, "trials", "start_day", "stop_day") == [("0", stop)]
    rules = [rule for *_, rule in found(drop)]
    assert rules == (["length_assumed"] if "assumed_length_days" in settings else [])


def test_an_unknown_length_in_the_middle_leaves_the_end_known(
    engine: Engine, tmp_path: Path
) -> None:
    rows = [supplied(S50, 0, 20), exposure(S50, 20, None), supplied(S50, 30, 20)]
    drop = read_cdm(engine, tmp_path, make_cdm(rows))
    assert rows_of(drop, "trials", "stop_day", "adherence", "stop_reason") == [("50", None, None)]
    assert steps(drop) == [("0", "20", "50"), ("20", None, None), ("30", "50", "50")]


def test_a_trial_that_reaches_the_end_of_observation_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    ends = {29: None, 20: None, 30: "130", -5: "130"}
    cdm = make_cdm(
        [supplied(S50, 0, 30, person=n) for n in range(1, 5)],
        person=[person(n) for n in range(1, 5)],
        observation_period=[period(n, -100, end) for n, end in enumerate(ends, start=1)],
    )
    drop = read_cdm(engine, tmp_path, cdm)
    columns = ("patient_id", "start_day", "stop_day", "stop_reason", "adherence")
    assert rows_of(drop, "trials", *columns) == [
        (str(n), "100", stop, None, "1") for n, stop in enumerate(ends.values(), start=1)
    ]


# --- doses and days covered


def test_days_covered(engine: Engine, tmp_path: Path) -> None:
    drop = read_cdm(engine, tmp_path, make_cdm([supplied(S50, 0, 30), supplied(S50, 40, 30)]))
    assert rows_of(drop, "trials", "stop_day", "adherence") == [("70", "0.857143")]
    # The ten days without supply are no days at a dose.
    assert steps(drop) == [("0", "30", "50"), ("40", "70", "50")]
    (tmp_path / "again").mkdir()
    cdm = make_cdm([supplied(S50, 0, 30)])
    drop = read_cdm(engine, tmp_path / "again", cdm, adherence="unknown")
    assert rows_of(drop, "trials", "adherence") == [(None,)]


def test_doses(engine: Engine, tmp_path: Path) -> None:
    cases: list[tuple[Row, str | None]] = [
        (supplied(S50, 0, 30, 2), "100"),
        (supplied(S50, 0, 30, 0.5), "25"),
        (supplied(S100, 0, 28, 1.5), "150"),
        (supplied(SYRUP, 0, 30), None),
        (supplied(SERTRALINE, 0, 30), None),
        (exposure(S50, 0, 29, quantity=30), None),
        (exposure(S50, 0, 29, days_supply=30), None),
        (exposure(S50, 0, 29, days_supply=30, quantity=0), None),
        (exposure(S50, 0, 29, days_supply=0, quantity=30), None),
    ]
    rows = [[row] for row, _ in cases]
    _, doses = read_cases(engine, tmp_path, rows, "trials", "dose_mg_per_day")
    assert doses == [[(dose,)] for _, dose in cases]


def test_an_unknown_dose_among_known_ones_is_a_step_of_its_own(
    engine: Engine, tmp_path: Path
) -> None:
    rows = [supplied(S50, 0, 30), exposure(S50, 30, 59), supplied(S100, 60, 30)]
    drop = read_cdm(engine, tmp_path, make_cdm(rows))
    assert steps(drop) == [("0", "30", "50"), ("30", "60", None), ("60", "90", "100")]


def test_two_strengths_that_do_not_agree_give_no_dose(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([supplied(S50, 0, 30)])
    cdm["drug_strength"] = [*cdm["drug_strength"], {**cdm["drug_strength"][0], "amount_value": 60}]
    assert rows_of(read_cdm(engine, tmp_path, cdm), "trials", "dose_mg_per_day") == [(None,)]


# --- what cannot be used


def test_broken_exposures_go_to_the_quarantine(engine: Engine, tmp_path: Path) -> None:
    rows = [
        supplied(S50, 0, 30),
        exposure(S50, 40, 35),
        exposure(S50, 0, 50, drug_exposure_start_date="2015-13-01"),
        exposure(S50, 0, 50, drug_exposure_start_date=None),
        exposure(S50, 0, 50, drug_exposure_end_date="soon"),
        exposure(S50, 0, 50, person=99),
        exposure(S50, 0, 50, person=None),  # type: ignore[arg-type]
    ]
    taken = accepted(engine, read_cdm(engine, tmp_path, make_cdm(rows)))
    assert taken.summary["trials"]["accepted"] == 1
    assert taken.quarantine[["line", "reason"]].to_numpy().tolist() == [
        [3, "stop_not_after_start"],
        [4, "start_day_unreadable"],
        [5, "start_day_unreadable"],
        [6, "stop_day_unreadable"],
        [7, "unknown_patient"],
        [8, "missing_key"],
    ]


def test_ages(engine: Engine, tmp_path: Path) -> None:
    people = [
        person(1, year_of_birth=1980, month_of_birth=3, day_of_birth=1),  # her birthday
        person(2, year_of_birth=1980, month_of_birth=3, day_of_birth=2),
        person(3, year_of_birth=1980, month_of_birth=None, day_of_birth=None),
        person(4, year_of_birth=1921),
        person(5, year_of_birth=1850),
        person(6, year_of_birth=None, month_of_birth=None, day_of_birth=None),
        person(7, gender_concept_id=8507),
        person(8, gender_concept_id=0),
        person(9, gender_concept_id=12345),
    ]
    cdm = make_cdm([exposure(S50, 0, 30, n) for n in range(1, 7)], person=people)
    drop = read_cdm(engine, tmp_path, cdm)
    rows = rows_of(drop, "patients", "patient_id", "age_years", "sex")
    assert [age for _, age, _ in rows] == [
        "35", "34", "34", "90", "unreadable", None, None, None, None,
    ]  # fmt: skip
    assert [sex for *_, sex in rows][6:] == ["male", None, "not_recoded"]


# --- people


def test_records_say_yes_and_none_says_nothing(engine: Engine, tmp_path: Path) -> None:
    def record(number: int, concept: int, day: int) -> Row:
        return {
            "person_id": number,
            "condition_concept_id": concept,
            "condition_start_date": on(day),
        }

    cdm = make_cdm(
        [exposure(S50, 0, 30)],
        person=[person(1), person(2), person(3)],
        observation_period=[period(1), period(2), period(3)],
        condition_occurrence=[
            record(1, 4152280, 0),
            record(2, 436665, 3),
            record(2, 4234597, 100),
            record(1, 4234597, 900),
        ],
        observation=[
            {"person_id": 3, "observation_concept_id": 4309238, "observation_date": on(5)}
        ],
    )
    names = ("mdd_diagnosis", "bipolar_disorder", "substance_use", "current_substance_use",
             "social_stress")  # fmt: skip
    assert rows_of(read_cdm(engine, tmp_path, cdm), "patients", "patient_id", *names) == [
        ("1", "yes", None, "yes", "yes", None),
        ("2", None, "yes", "yes", None, None),
        ("3", None, None, None, None, "yes"),
    ]
    (tmp_path / "again").mkdir()
    recipe = {"concept_set": "bipolar_disorder", "within_days_of_last_observation": None}
    drop = read_cdm(
        engine,
        tmp_path / "again",
        cdm,
        conditions={"bipolar_disorder": {**recipe, "absent": "no"}},
        people="treated_or_diagnosed",
    )
    assert rows_of(drop, "patients", "patient_id", "bipolar_disorder") == [("1", "no")]
    assert any("read as no" in told for told in drop.assumptions)


def test_without_conditions_no_record_says_nothing(engine: Engine, tmp_path: Path) -> None:
    recipe = {"concept_set": "bipolar_disorder", "within_days_of_last_observation": None}
    conditions = {"bipolar_disorder": {**recipe, "absent": "no"}}
    cdm = make_cdm([exposure(S50, 0, 30)])
    drop = read_cdm(engine, tmp_path, cdm, conditions=conditions)
    assert rows_of(drop, "patients", "bipolar_disorder") == [(None,)]


def test_scores_of_observations(engine: Engine, tmp_path: Path) -> None:
    cells = {"person_id": 1, "observation_concept_id": 3042932}
    cdm = make_cdm(
        [exposure(S50, 0, 30)],
        observation=[
            {**cells, "observation_date": on(1), "value_as_number": 12, "value_as_string": None},
            {**cells, "observation_date": on(2), "value_as_number": None, "value_as_string": "9"},
            {**cells, "observation_date": on(3), "value_as_number": 40, "value_as_string": None},
            {**cells, "observation_date": "?", "value_as_number": 4, "value_as_string": None},
        ],
    )
    drop = read_cdm(engine, tmp_path, cdm)
    rows = rows_of(drop, "assessments", "day", "score")
    assert [row[0] for row in rows] == ["1", "2", "3", "unreadable"]
    taken = accepted(engine, drop)
    assert taken.summary["assessments"] == {
        "rows_in": 4, "accepted": 3, "duplicates": 0, "quarantined": 1, "cells_set_unknown": 1,
    }  # fmt: skip


def test_eras(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([], vocabulary=False)
    del cdm["drug_exposure"]
    cdm["drug_era"] = [
        {
            "drug_era_id": 1,
            "person_id": 1,
            "drug_concept_id": FLUOXETINE,
            "drug_era_start_date": on(5),
            "drug_era_end_date": on(50),
            "gap_days": 15395,
        }
    ]
    drop = read_cdm(engine, tmp_path, cdm)
    columns = ("drug", "start_day", "stop_day", "adherence", "dose_mg_per_day")
    assert rows_of(drop, "trials", *columns) == [("fluoxetine", "5", "51", None, None)]
    with pytest.raises(UserError, match="missing: drug_exposure"):
        read_omop(engine, tmp_path, write_mapping(tmp_path, exposures="drug_exposure"))


def test_stop_reasons(engine: Engine, tmp_path: Path) -> None:
    rows = [
        exposure(S50, 0, 29, stop_reason="other text"),
        exposure(S50, 30, 59, stop_reason="Ineffective"),
        exposure(MIRTAZAPINE, 0, 29, stop_reason="other text"),
        exposure(P_IR, 0, 29, stop_reason=None),
    ]
    reasons = {"Ineffective": "lack_of_efficacy"}
    drop = read_cdm(engine, tmp_path, make_cdm(rows), stop_reasons=reasons)
    assert rows_of(drop, "trials", "drug", "stop_reason") == [
        ("mirtazapine", "not_recoded"),
        ("paroxetine", None),
        ("sertraline", "lack_of_efficacy"),
    ]


# --- identifiers and origins


def test_identifiers_are_hashed_with_the_sites_key(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_KEY", KEY)
    settings = {"hash_identifiers": True, "origin": "keyed", "key_variable": "SITE_KEY"}
    drop = read_cdm(engine, tmp_path, STORY, **settings)
    ids = {row[0] for table in drop.tables for row in rows_of(drop, table, "patient_id")}
    assert len(ids) == 1
    (pseudonym,) = ids
    assert len(pseudonym) == 33 and pseudonym != "1"
    assert KEY not in str(drop)
    (start, stop) = rows_of(drop, "trials", "start_day", "stop_day")[1]
    assert int(stop) - int(start) in (56, 61) and start != "10"
    monkeypatch.setenv("SITE_KEY", KEY + "!")
    again = read_omop_drop(engine, tmp_path, tmp_path / "mapping.yaml")
    assert rows_of(again, "patients", "patient_id") != [(pseudonym,)]


def test_a_keyed_origin_is_the_same_in_every_extract(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITE_KEY", KEY)
    settings = {"origin": "keyed", "key_variable": "SITE_KEY"}
    told = []
    for name, start in (("early", 0), ("late", 50)):
        (tmp_path / name).mkdir()
        cdm = make_cdm([exposure(S50, 60, 90)], observation_period=[period(start=start)])
        told.append(trials(read_cdm(engine, tmp_path / name, cdm, **settings)))
    assert told[0] == told[1]


def test_a_missing_or_short_key_is_told_without_it(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (None, "a-short-key"):
        monkeypatch.delenv("SITE_KEY", raising=False)
        if value is not None:
            monkeypatch.setenv("SITE_KEY", value)
        with pytest.raises(UserError) as caught:
            read_cdm(engine, tmp_path, STORY, hash_identifiers=True, key_variable="SITE_KEY")
        assert caught.value.exit_code == EXIT_CODES["config"]
        assert "SITE_KEY" in str(caught.value)
        assert value is None or value not in str(caught.value)


def test_increments_need_a_keyed_origin(engine: Engine, tmp_path: Path) -> None:
    write_cdm(tmp_path, STORY)
    with pytest.raises(UserError, match="counted from the same day"):
        read_omop_drop(engine, tmp_path, write_mapping(tmp_path), mode="increment")


# --- files and mappings that are refused


def test_missing_and_doubled_tables(engine: Engine, tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path)
    with pytest.raises(UserError, match="missing: drug_exposure or drug_era"):
        read_omop(engine, tmp_path, mapping)
    cdm = make_cdm([exposure(S50, 0, 1)])
    write_cdm(tmp_path, {"drug_exposure": cdm["drug_exposure"]})
    with pytest.raises(UserError, match="missing: person"):
        read_omop(engine, tmp_path, mapping)
    write_cdm(tmp_path, {"person": cdm["person"]})
    write_cdm(tmp_path, {"person": cdm["person"]}, "parquet")
    with pytest.raises(UserError, match="stands twice"):
        read_omop(engine, tmp_path, mapping)


def test_a_missing_column_is_told(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([exposure(S50, 0, 1)])
    for row in cdm["drug_exposure"]:
        del row["drug_concept_id"]
    with pytest.raises(UserError, match="drug_concept_id"):
        read_cdm(engine, tmp_path, cdm)


def test_a_file_that_is_no_duckdb(engine: Engine, tmp_path: Path) -> None:
    place = {"kind": "duckdb", "file": "x.duckdb", "schema_name": "main"}
    mapping = write_mapping(tmp_path, database=place)
    with pytest.raises(UserError, match="not there"):
        read_omop(engine, tmp_path, mapping)
    (tmp_path / "x.duckdb").write_text("nothing of the kind")
    with pytest.raises(UserError, match="cannot be read as DuckDB"):
        read_omop(engine, tmp_path, mapping)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"gap_dayss": 3}, "did you mean `gap_days`"),
        ({"gap_days": -1}, "gap_days"),
        ({"hash_identifiers": True}, "need `key_variable`"),
        ({"database": {"kind": "duckdb", "file": None, "schema_name": "main"}}, "kind: duckdb"),
        ({"stop_reasons": {"x": "inefficacy"}}, "no stop reason"),
        ({"antidepressants": "antidepresants"}, "did you mean `antidepressants`"),
        (
            {"conditions": {"mdd": {"concept_set": "x", "absent": "no",
                                    "within_days_of_last_observation": None}}},
            "no three-valued column `mdd`",
        ),
    ],
)  # fmt: skip
def test_refused_mappings(engine: Engine, tmp_path: Path, changed: Row, told: str) -> None:
    with pytest.raises(UserError) as caught:
        read_cdm(engine, tmp_path, STORY, **changed)
    assert caught.value.exit_code == EXIT_CODES["config"]
    assert told in str(caught.value)


def test_concept_sets_are_read_strictly(tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    mapping = read_omop_mapping(
        write_mapping(
            tmp_path, concept_sets_folder="sets", conditions={}, augmentation=None, scales=None
        )
    )
    head = "concept_id,name,becomes,vocabulary,code,include_descendants,status,source\n"
    for row, told in (
        ("0,x,,,,yes,confirmed,me\n", "concept 0"),
        ("1.5,x,,,,yes,confirmed,me\n", "whole number"),
        ("1,,,,,yes,confirmed,me\n", "`name`"),
        ("1,x,,,,maybe,confirmed,me\n", "include_descendants"),
        ("1,x,,,,yes,sure,me\n", "status"),
        ("1,x,,,,yes,confirmed,\n", "source"),
    ):
        (tmp_path / "sets" / "antidepressants.csv").write_text(head + row)
        with pytest.raises(UserError, match=told) as caught:
            read_concept_sets(tmp_path / "mapping.yaml", mapping)
        assert "line 2" in str(caught.value)


def test_the_mapping_that_comes_along_names_known_drugs_and_scales() -> None:
    path = CONFIG / "mappings" / "omop.yaml"
    mapping = read_omop_mapping(path)
    reference = load_reference()
    keys = set(reference.names.rows["drug_key"])
    for one in read_concept_sets(path, mapping):
        if one.concept_set in (mapping.antidepressants, mapping.augmentation):
            from trdanalysis.intake.names import normalise

            assert normalise(one.becomes, drug=True) in keys, one.name
        if one.concept_set == mapping.scales:
            assert one.becomes in {scale.name for scale in reference.scales}


def test_a_run_depends_on_the_concept_sets(tmp_path: Path) -> None:
    write_mapping(tmp_path)
    (tmp_path / "drop.yaml").write_text("source: omop\nmapping: mapping.yaml\n")
    names = {path.name for path in drop_files(tmp_path)}
    assert {"mapping.yaml", "antidepressants.csv", "depression_scales.csv"} <= names


def test_a_mapping_that_cannot_be_read_does_not_stop_the_plan(tmp_path: Path) -> None:
    # Intake refuses this drop, and the others go on.
    (tmp_path / "drop.yaml").write_text("source: omop\nmapping: mapping.yaml\n")
    for changed in ({"gap_dayss": 3}, {"concept_sets_folder": "nowhere"}):
        write_mapping(tmp_path, **changed)
        assert {path.name for path in drop_files(tmp_path)} == {"drop.yaml", "mapping.yaml"}
    (tmp_path / "mapping.yaml").unlink()
    assert {path.name for path in drop_files(tmp_path)} == {"drop.yaml", "mapping.yaml"}


@pytest.mark.parametrize(
    "text",
    [
        "id,text\n1,a\n2,b\n",
        "id,text\r\n1,a\r\n2,b",
        "id,text\n1,a\n\n2,b\n",
        'id,text\n1,"a\nb"\n2,b\n',
        "id,text\n",
    ],
)
def test_a_scanned_file_is_the_file_read(engine: Engine, tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    kept = read_text_csv(engine, path).to_pyarrow()
    assert scan_text_csv(engine, path).to_pyarrow() == kept
    pd.DataFrame({"id": [1, 2], "x": [0.5, None]}).to_parquet(tmp_path / "t.parquet")
    kept = read_text_parquet(engine, tmp_path / "t.parquet", frozenset()).to_pyarrow()
    assert scan_text_parquet(engine, tmp_path / "t.parquet").to_pyarrow() == kept


def test_broken_files_are_told_as_such(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([exposure(S50, 0, 1)])
    write_cdm(tmp_path, cdm)
    mapping = write_mapping(tmp_path)
    path = tmp_path / "concept_ancestor.csv"
    whole = path.read_text()
    path.write_text(whole + "739138\n")
    with pytest.raises(UserError, match=r"1 row\(s\) do not have the header's 2 fields"):
        read_omop(engine, tmp_path, mapping)
    path.unlink()
    path.with_suffix(".parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        read_omop(engine, tmp_path, mapping)


def test_the_example_of_the_page(engine: Engine, tmp_path: Path) -> None:
    page = (CONFIG.parent / "docs" / "readers-omop.md").read_text()
    tables = re.findall(r"`(\w+)\.csv`:\n\n```csv\n(.*?)```", page, re.DOTALL)
    assert len(tables) == 4
    for name, text in tables:
        (tmp_path / f"{name}.csv").write_text(text)
    drop = read_omop_drop(engine, tmp_path, write_mapping(tmp_path))
    columns = ("patient_id", "drug", "start_day", "stop_day", "adherence", "dose_mg_per_day")
    assert rows_of(drop, "trials", *columns) == [
        ("1", "mirtazapine", "90", "150", "1", None),
        ("1", "sertraline", "31", "96", "0.923077", None),
        ("2", "duloxetine", "120", None, "1", None),
    ]
    told = "7 rows = 4 used + 1 duplicates + 1 of other drugs + 1 without a concept"
    assert told in drop.account["notes"][0] and told.replace("duplicates", "duplicate") in (
        page.replace("\n", " ")
    )
    assert rows_of(drop, "patients", "patient_id", "mdd_diagnosis") == [("1", "yes"), ("2", None)]
    taken = accepted(engine, drop)
    assert taken.quarantine.empty
    assert {name: row["accepted"] for name, row in taken.summary.items()} == {
        "patients": 2,
        "trials": 3,
    }


def test_every_key_of_a_mapping_is_on_the_page_or_in_the_mapping_that_comes_along() -> None:
    page = (CONFIG.parent / "docs" / "readers-omop.md").read_text()
    own = (CONFIG / "mappings" / "omop.yaml").read_text()
    for key in OmopMapping.model_fields:
        assert f"`{key}" in page or f"\n{key}:" in own, key
