"""The OMOP reader where a record does not say enough: unknown, never no and never a guess."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.omop import (
    FLUOXETINE,
    OFC,
    OLANZAPINE,
    S50,
    Cdm,
    Row,
    exposure,
    make_cdm,
    on,
    period,
    person,
    read_cdm,
    rows_of,
)
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError

ISOLATION, MISUSE, DEPRESSION = 4309238, 4234597, 4152280
NO, YES = 4188540, 4188539
#: An exposure to another drug.
OTHER = exposure(999, 0, 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def recipe(concept_set: str, absent: str = "unknown", within: int | None = None) -> Row:
    return {
        "concept_set": concept_set,
        "absent": absent,
        "within_days_of_last_observation": within,
    }


def people(number: int) -> dict[str, list[Row]]:
    numbers = range(1, number + 1)
    return {
        "person": [person(n) for n in numbers],
        "observation_period": [period(n) for n in numbers],
    }


def condition(number: int, concept: int, day: str | None) -> Row:
    cells = {"person_id": number, "condition_concept_id": concept}
    return {**cells, "condition_start_date": day}


# --- records


@pytest.mark.parametrize("absent", ["unknown", "no"])
def test_an_observation_that_answers_no_is_no_yes(
    engine: Engine, tmp_path: Path, absent: str
) -> None:
    answers: list[Row] = [
        {"value_as_concept_id": YES},
        {"value_as_concept_id": 0},
        {},
        {"value_as_concept_id": NO},
        {"value_as_concept_id": 12345},
        {"value_as_number": 0.0},
        {"value_as_string": "denies"},
        {"value_as_concept_id": 0, "value_source_value": "N"},
    ]
    names = ("value_as_concept_id", "value_as_number", "value_as_string", "value_source_value")
    nothing = dict.fromkeys(names)
    cdm = make_cdm(
        [OTHER],
        **people(len(answers) + 1),
        observation=[
            {"person_id": n, "observation_concept_id": ISOLATION, "observation_date": on(5)}
            | nothing
            | cells
            for n, cells in enumerate(answers, start=1)
        ],
        condition_occurrence=[condition(1, DEPRESSION, on(1))],
    )
    settings = {"social_stress": recipe("social_stress", absent)}
    drop = read_cdm(engine, tmp_path, cdm, conditions=settings)
    told = [row[1] for row in rows_of(drop, "patients", "patient_id", "social_stress")]
    # The last one has no record at all.
    assert told == ["yes"] * 3 + [None] * 5 + ["no" if absent == "no" else None]
    rules = [row.rule for row in drop.findings.itertuples() if row.table == "observation"]
    assert rules == ["answer_not_read"] * 5
    assert drop.findings["line"].dropna().tolist() == [5, 6, 7, 8, 9]


def test_a_record_without_a_day_says_neither_yes_nor_no(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm(
        [OTHER],
        **people(4),
        condition_occurrence=[
            condition(1, MISUSE, on(900)),
            condition(2, MISUSE, on(10)),
            condition(3, MISUSE, "once"),
        ],
    )
    recipes = {"current_substance_use": recipe("misuse", "no", 365)}
    (tmp_path / "sets").mkdir()
    drop = read_cdm(
        engine, tmp_path, cdm, **with_sets(tmp_path, {"misuse": [(MISUSE, "Misuses drugs", "no")]}),
        conditions=recipes,
    )  # fmt: skip
    rows = rows_of(drop, "patients", "patient_id", "current_substance_use")
    assert [told for _, told in rows] == ["yes", "no", None, "no"]


def with_sets(folder: Path, sets: dict[str, list[tuple[int, str, str]]]) -> dict[str, Any]:
    """Write concept sets of one's own, and name them in place of those that come along."""
    head = "concept_id,name,becomes,vocabulary,code,include_descendants,status,source\n"
    drugs = {"antidepressants": [(739138, "sertraline", "yes"), (FLUOXETINE, "fluoxetine", "yes")]}
    for name, rows in (drugs | sets).items():
        (folder / "sets" / f"{name}.csv").write_text(
            head
            + "".join(f'{number},"{text}",,,,{down},confirmed,me\n' for number, text, down in rows)
        )
    return {"concept_sets_folder": "sets", "augmentation": None, "scales": None}


@pytest.mark.parametrize(("descend", "ancestors", "told"), [
    ("no", False, "no"), ("yes", True, "no"), ("yes", False, None),
])  # fmt: skip
def test_no_needs_every_concept_of_the_set(
    engine: Engine, tmp_path: Path, descend: str, ancestors: bool, told: str | None
) -> None:
    (tmp_path / "sets").mkdir()
    cdm = make_cdm([OTHER], condition_occurrence=[condition(1, 1, on(1))])
    if not ancestors:
        del cdm["concept_ancestor"]
    sets = with_sets(tmp_path, {"misuse": [(MISUSE, "Misuses drugs", descend)]})
    conditions = {"substance_use": recipe("misuse", "no")}
    drop = read_cdm(engine, tmp_path, cdm, **sets, conditions=conditions)
    assert rows_of(drop, "patients", "substance_use") == [(told,)]
    assert any("not read as no" in one for one in drop.assumptions) is (told is None)


def test_no_needs_concepts_that_could_be_recognised(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([OTHER], condition_occurrence=[condition(1, 1, on(1))])
    conditions = {"psychotic_features": recipe("psychotic_features", "no")}
    drop = read_cdm(engine, tmp_path, cdm, conditions=conditions)
    assert rows_of(drop, "patients", "psychotic_features") == [(None,)]


# --- concepts


def test_the_code_of_an_unconfirmed_concept_needs_its_name_too(
    engine: Engine, tmp_path: Path
) -> None:
    cdm = make_cdm([OTHER], condition_occurrence=[condition(1, 77, on(1))])
    wrong = {"concept_id": 77, "concept_name": "Fracture of wrist", "vocabulary_id": "SNOMED",
             "concept_class_id": "Disorder", "concept_code": "193462001"}  # fmt: skip
    cdm["concept"] = [*cdm["concept"], wrong]
    assert rows_of(read_cdm(engine, tmp_path, cdm), "patients", "poor_sleep") == [(None,)]
    cdm["concept"] = [*cdm["concept"][:-1], {**wrong, "concept_name": "Insomnia"}]
    (tmp_path / "again").mkdir()
    drop = read_cdm(engine, tmp_path / "again", cdm)
    assert rows_of(drop, "patients", "poor_sleep") == [("yes",)]


def test_an_ingredient_of_several_vocabularies_is_the_standard_one(
    engine: Engine, tmp_path: Path
) -> None:
    cdm = make_cdm([exposure(77, 0, 41)])
    base = {**cdm["concept"][0], "concept_name": "Milnacipran", "standard_concept": "S"}
    mine = {**base, "concept_id": 77, "concept_code": "77"}
    other = {**base, "concept_id": 78, "vocabulary_id": "DPD", "concept_code": "78"}
    cdm["concept"] = [*cdm["concept"], mine, {**other, "standard_concept": None}]
    drop = read_cdm(engine, tmp_path, cdm)
    assert rows_of(drop, "trials", "drug") == [("milnacipran",)]
    # Two standard ones of one vocabulary: none is taken.
    cdm["concept"] = [*cdm["concept"][:-1], {**other, "vocabulary_id": "RxNorm"}]
    (tmp_path / "again").mkdir()
    drop = read_cdm(engine, tmp_path / "again", cdm)
    assert rows_of(drop, "trials", "drug") == []
    assert "milnacipran" in drop.account["concept_sets"]["antidepressants"]["left_out"]


# --- tables that are there and empty, as in every database


def emptied(cdm: Cdm, *tables: str) -> Cdm:
    """Leave a table's header alone."""
    return {
        name: [dict.fromkeys(rows[0])] if name in tables else rows for name, rows in cdm.items()
    }


def test_empty_tables_are_as_none(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm(
        [exposure(S50, 0, 1)],
        drug_era=[
            {
                "person_id": 1,
                "drug_concept_id": FLUOXETINE,
                "drug_era_start_date": on(5),
                "drug_era_end_date": on(50),
            }
        ],
        condition_occurrence=[condition(1, 1, on(1))],
    )
    conditions = {"bipolar_disorder": recipe("bipolar_disorder", "no")}
    for form in ("csv", "duckdb"):
        (tmp_path / form).mkdir()
        drop = read_emptied(
            engine, tmp_path / form, cdm, form, ("drug_exposure", "condition_occurrence"),
            conditions=conditions,
        )  # fmt: skip
        assert rows_of(drop, "trials", "drug", "start_day") == [("fluoxetine", "5")]
        assert rows_of(drop, "patients", "bipolar_disorder") == [(None,)]
        assert drop.account["exposures"]["table"] == "drug_era"


def test_products_are_found_by_their_strength_where_ancestors_are_empty(
    engine: Engine, tmp_path: Path
) -> None:
    cdm = make_cdm([exposure(S50, 0, 29)])
    drop = read_emptied(engine, tmp_path, cdm, "csv", ("concept_ancestor",))
    assert rows_of(drop, "trials", "drug") == [("sertraline",)]


def test_a_drop_in_which_every_table_is_empty_is_read(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm([exposure(S50, 0, 29)])
    drop = read_emptied(engine, tmp_path, cdm, "csv", tuple(cdm))
    assert rows_of(drop, "patients", "patient_id") == rows_of(drop, "trials", "drug") == []


def read_emptied(
    engine: Engine, folder: Path, cdm: Cdm, form: str, tables: tuple[str, ...], **changed: Any
) -> Any:
    """Read a data model of which some tables have a header and no row."""
    import duckdb
    import pandas as pd

    from tests.omop import write_cdm, write_mapping
    from trdanalysis.readers.omop.read import read_omop_drop

    write_cdm(folder, cdm, form)
    for table in tables:
        if form == "duckdb":
            with duckdb.connect(str(folder / "cdm.duckdb")) as connection:
                connection.execute(f"DELETE FROM omop.{table}")
        else:
            pd.DataFrame(cdm[table]).head(0).to_csv(folder / f"{table}.csv", index=False)
    if form == "duckdb":
        place = {"kind": "duckdb", "file": "cdm.duckdb", "schema_name": "omop"}
        changed = {"database": place, **changed}
    return read_omop_drop(engine, folder, write_mapping(folder, **changed))


# --- drugs


def test_what_is_added_to_nothing_may_not_be_for_depression(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm(
        [
            exposure(S50, 0, 59, 1),
            exposure(OLANZAPINE, 50, 99, 1),
            exposure(S50, 0, 59, 2),
            exposure(OLANZAPINE, 60, 99, 2),
            exposure(OLANZAPINE, 0, 40, 3),
            exposure(OFC, 0, 40, 4),
            # The antidepressant's end is not known.
            exposure(S50, 0, None, 5),
            exposure(OLANZAPINE, 20, 40, 5),
        ],
        **people(5),
    )
    drop = read_cdm(engine, tmp_path, cdm)
    rows = rows_of(drop, "trials", "patient_id", "role", "for_depression")
    added = [(who, told) for who, role, told in rows if role == "augmentation"]
    assert added == [
        ("1", None), ("2", "not_recoded"), ("3", "not_recoded"), ("4", None), ("5", "not_recoded"),
    ]  # fmt: skip
    assert all(told is None for _, role, told in rows if role == "primary")
    assert any("without an antidepressant" in told for told in drop.assumptions)


# --- what the report must say


def test_what_was_assumed_of_this_drop_is_said(engine: Engine, tmp_path: Path) -> None:
    cdm = make_cdm(
        [exposure(S50, 0, 29), exposure(0, 0, 29)],
        person=[person(1), person(2, month_of_birth=None, day_of_birth=None)],
    )
    told = read_cdm(engine, tmp_path, cdm).assumptions
    assert any("1 July" in one for one in told)
    assert any("drug_exposure have no concept" in one for one in told)
    (tmp_path / "again").mkdir()
    told = read_cdm(engine, tmp_path / "again", make_cdm([exposure(S50, 0, 29)])).assumptions
    assert not any("July" in one or "no concept" in one for one in told)


def test_a_table_without_any_start_is_refused(engine: Engine, tmp_path: Path) -> None:
    row = exposure(S50, 0, 29)
    row["start"] = row.pop("drug_exposure_start_date")
    with pytest.raises(UserError, match="drug_exposure_start_date or drug_exposure_start_datetime"):
        read_cdm(engine, tmp_path, make_cdm([row]))


def test_what_spills_is_encrypted_while_dates_are_read(engine: Engine, tmp_path: Path) -> None:
    read_cdm(engine, tmp_path, make_cdm([exposure(S50, 0, 29)]))
    setting = "SELECT current_setting('temp_file_encryption')"
    assert engine.connection.raw_sql(setting).fetchall() == [(True,)]
