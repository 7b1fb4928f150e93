"""Tiny OMOP data models, written by hand, in every form and version that the reader takes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import yaml

from tests.support import CONFIG
from trdanalysis.engine import Engine
from trdanalysis.readers.omop.read import read_omop_drop
from trdanalysis.readers.raw_drop import RawDrop

Row = dict[str, Any]
Cdm = dict[str, list[Row]]

SERTRALINE, MIRTAZAPINE, FLUOXETINE, PAROXETINE = 739138, 725131, 755695, 722031
OLANZAPINE = 785788
#: Products: 50 and 100 mg of sertraline, paroxetine at once and delayed, olanzapine-fluoxetine.
S50, S100, P_IR, P_CR, OFC, SYRUP = 1001, 1002, 1003, 1004, 1005, 1006
MG = 8576
DAY_0 = date(2015, 3, 1)


def on(day: int) -> str:
    """Give the calendar date of a day of the story; day 0 is the start of observation."""
    return (DAY_0 + timedelta(days=day)).isoformat()


def exposure(drug: int, start: int, end: int | None, person: int = 1, **cells: Any) -> Row:
    """Write one exposure; ``end`` is its last day."""
    return {
        "person_id": person,
        "drug_concept_id": drug,
        "drug_exposure_start_date": on(start),
        "drug_exposure_end_date": None if end is None else on(end),
        "days_supply": None,
        "quantity": None,
        **cells,
    }


def supplied(drug: int, start: int, days: int, per_day: float = 1, person: int = 1) -> Row:
    """Write an exposure with pieces for so many days."""
    cells = {"days_supply": days, "quantity": days * per_day}
    return exposure(drug, start, start + days - 1, person, **cells)


def person(number: int = 1, **cells: Any) -> Row:
    """Write a woman born on 1 July 1980."""
    born = {"year_of_birth": 1980, "month_of_birth": 7, "day_of_birth": 1}
    return {"person_id": number, "gender_concept_id": 8532, **born, **cells}


def period(number: int = 1, start: int = 0, end: int = 1000) -> Row:
    """Write an observation period."""
    return {
        "person_id": number,
        "observation_period_start_date": on(start),
        "observation_period_end_date": on(end),
    }


def make_cdm(exposures: Sequence[Row], *, vocabulary: bool = True, **tables: list[Row]) -> Cdm:
    """Put a data model together: one person, unless others are given, and the drugs above."""
    cdm: Cdm = {
        "person": [person()],
        "observation_period": [period()],
        "drug_exposure": list(exposures),
        **tables,
    }
    if vocabulary:
        cdm = VOCABULARY | cdm
    for table, rows in cdm.items():
        if table in KEYED:
            cdm[table] = [{f"{table}_id": n, **row} for n, row in enumerate(rows, start=1)]
    return cdm


KEYED = (
    "drug_exposure", "drug_era", "observation_period", "condition_occurrence", "observation",
    "measurement",
)  # fmt: skip


def _concept(number: int, name: str, kind: str, **cells: str) -> Row:
    return {
        "concept_id": number,
        "concept_name": name,
        "vocabulary_id": "RxNorm",
        "concept_class_id": kind,
        "concept_code": str(number),
        **cells,
    }


def _strength(product: int, ingredient: int, amount: float | None, unit: int = MG) -> Row:
    return {
        "drug_concept_id": product,
        "ingredient_concept_id": ingredient,
        "amount_value": amount,
        "amount_unit_concept_id": unit,
        "invalid_reason": None,
    }


_PRODUCTS = {
    S50: (SERTRALINE,), S100: (SERTRALINE,), P_IR: (PAROXETINE,), P_CR: (PAROXETINE,),
    OFC: (FLUOXETINE, OLANZAPINE), SYRUP: (SERTRALINE,),
}  # fmt: skip
VOCABULARY: Cdm = {
    "concept": [
        _concept(SERTRALINE, "Sertraline", "Ingredient"),
        _concept(MIRTAZAPINE, "mirtazapine", "Ingredient"),
        _concept(FLUOXETINE, "fluoxetine", "Ingredient"),
        _concept(PAROXETINE, "paroxetine", "Ingredient"),
        _concept(OLANZAPINE, "olanzapine", "Ingredient"),
        _concept(S50, 'sertraline 50 MG "Oral" Tablet', "Clinical Drug"),
    ],
    "concept_ancestor": [
        {"ancestor_concept_id": one, "descendant_concept_id": product}
        for product, ingredients in _PRODUCTS.items()
        for one in (*ingredients, product)
    ],
    "drug_strength": [
        _strength(S50, SERTRALINE, 50),
        _strength(S100, SERTRALINE, 0.1, 8504),
        _strength(P_IR, PAROXETINE, 20),
        _strength(P_CR, PAROXETINE, 25),
        _strength(OFC, FLUOXETINE, 25),
        _strength(OFC, OLANZAPINE, 6),
        _strength(SYRUP, SERTRALINE, None),
    ],
}


def as_version_6(cdm: Cdm) -> Cdm:
    """Rename dates to date-times in universal time, as in the column names of v6.0."""
    return {
        table: [
            {
                name.replace("_date", "_datetime") if _is_date(name, table) else name: (
                    f"{cell}T05:00:00Z" if _is_date(name, table) and cell else cell
                )
                for name, cell in row.items()
            }
            for row in rows
        ]
        for table, rows in cdm.items()
    }


def _is_date(name: str, table: str) -> bool:
    return name.endswith("_date") and table != "observation_period"


def write_cdm(folder: Path, cdm: Mapping[str, list[Row]], form: str = "csv") -> None:
    """Write a data model as `csv`, `parquet`, `duckdb`, or csv with `float` ids or `tab` signs."""
    for table, rows in cdm.items():
        frame = pd.DataFrame(rows)
        if form == "parquet":
            frame.to_parquet(folder / f"{table}.parquet")
        elif form == "duckdb":
            with duckdb.connect(str(folder / "cdm.duckdb")) as connection:
                connection.register("frame", frame)
                connection.execute("CREATE SCHEMA IF NOT EXISTS omop")
                connection.execute(f"CREATE TABLE omop.{table} AS SELECT * FROM frame")
        elif form == "tab":
            lines = ["\t".join(frame.columns)] + [
                "\t".join("" if pd.isna(cell) else str(cell) for cell in row)
                for row in frame.astype(object).itertuples(index=False)
            ]
            (folder / f"{table.upper()}.csv").write_text("\n".join(lines) + "\n")
        else:
            if form == "float":
                ids = [name for name in frame.select_dtypes("number") if name.endswith("_id")]
                frame[ids] = frame[ids].astype("float64")
            frame.to_csv(folder / f"{table}.csv", index=False)


def write_mapping(folder: Path, **changed: Any) -> Path:
    """Write the mapping that comes along, with some of its keys changed."""
    mapping = yaml.safe_load((CONFIG / "mappings" / "omop.yaml").read_text())
    mapping |= {"concept_sets_folder": os.path.relpath(CONFIG / "concepts", folder), **changed}
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping, sort_keys=False))
    return path


def read_cdm(
    engine: Engine, folder: Path, cdm: Mapping[str, list[Row]], form: str = "csv", **changed: Any
) -> RawDrop:
    """Write a data model and read it."""
    write_cdm(folder, cdm, form)
    if form == "duckdb":
        place = {"kind": "duckdb", "file": "cdm.duckdb", "schema_name": "omop"}
        changed = {"database": place, **changed}
    return read_omop_drop(engine, folder, write_mapping(folder, **changed))


def rows_of(drop: RawDrop, table: str, *columns: str) -> list[tuple[Any, ...]]:
    """Give some columns of a raw table, sorted."""
    rows = drop.tables[table].to_pyarrow().to_pylist()
    return sorted((tuple(row[name] for name in columns) for row in rows), key=str)
