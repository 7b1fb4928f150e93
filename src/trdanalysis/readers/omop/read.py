"""The reader ``omop``: from a common data model to the contract's raw tables.

Calendar dates are read, made relative and dropped here: none leaves this package, and none is
written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.concepts import Concepts, resolve_concepts
from trdanalysis.readers.omop.exposures import Exposures, read_exposures
from trdanalysis.readers.omop.mapping import (
    ListedConcept,
    OmopMapping,
    omop_assumptions,
    read_concept_sets,
    read_omop_mapping,
)
from trdanalysis.readers.omop.people import (
    derive_assessments,
    derive_patients,
    read_periods,
    read_persons,
    read_scores,
)
from trdanalysis.readers.omop.people_keys import derive_people_keys, read_key
from trdanalysis.readers.omop.postgres import PostgresSource
from trdanalysis.readers.omop.records import read_records
from trdanalysis.readers.omop.source import DuckdbSource, FileSource, Source
from trdanalysis.readers.omop.trials import derive_trials
from trdanalysis.readers.raw_drop import RawDrop

#: Tables that are read where they are there.
TABLES = (
    "person", "observation_period", "drug_exposure", "drug_era", "condition_occurrence",
    "observation", "measurement", "concept", "concept_ancestor", "drug_strength",
)  # fmt: skip


def read_omop(engine: Engine, folder: Path, mapping_path: Path) -> dict[str, ir.Table]:
    """Read an OMOP drop; see :func:`read_omop_drop`, which also gives the reader's account."""
    return read_omop_drop(engine, folder, mapping_path).tables


def read_omop_drop(
    engine: Engine, folder: Path, mapping_path: Path, *, mode: str = "snapshot"
) -> RawDrop:
    """Read an OMOP drop as its mapping says.

    Parameters
    ----------
    engine
        Reads the tables.
    folder
        The drop's folder.
    mapping_path
        The mapping; docs/readers-omop.md describes it.
    mode
        ``snapshot`` or ``increment``.

    Returns
    -------
    RawDrop
        Raw tables ``patients``, ``trials``, ``doses`` and, where the drop has measurements or
        observations, ``assessments``; findings by table and line of the data model; counts of what
        was read, found and left out.

    Raises
    ------
    UserError
        Where the mapping or a concept set cannot be used (kind ``config``), a needed table is
        missing, or one cannot be read.
    """
    mapping = read_omop_mapping(mapping_path)
    if mode == "increment" and mapping.origin != "keyed":
        raise UserError(
            "an increment needs days that are counted from the same day in every drop",
            where=str(mapping_path),
            expected="`origin: keyed`",
            try_this="set `origin` and `key_variable`, or deliver whole snapshots",
            kind="config",
        )
    key = read_key(mapping)
    engine.encrypt_spill()
    listed = read_concept_sets(mapping_path, mapping)
    source = _open(engine, folder, mapping)
    try:
        return _read(engine, source, listed, mapping, key)
    finally:
        source.close()


def _read(
    engine: Engine,
    source: Source,
    listed: tuple[ListedConcept, ...],
    mapping: OmopMapping,
    key: bytes | None,
) -> RawDrop:
    drug_sets = tuple(name for name in (mapping.antidepressants, mapping.augmentation) if name)
    concepts = resolve_concepts(engine, source, listed, drug_sets)
    exposures = read_exposures(engine, source, concepts, mapping)
    persons = engine.keep(read_persons(source))
    periods = read_periods(engine, source)
    named = [recipe.concept_set for recipe in mapping.conditions.values()]
    records, unread = read_records(engine, source, concepts, named)
    scores = read_scores(engine, source, concepts, mapping.scales) if mapping.scales else None
    people = _people(engine, persons, periods, exposures.rows, scores, mapping, key)
    trials, doses = derive_trials(
        engine, exposures.rows, people, mapping, covered=exposures.table == "drug_exposure"
    )
    usable = exposures.rows.filter(exposures.rows.fault.isnull())
    first_starts = usable.group_by("person").agg(first_start=usable.start.min())
    no_is_known = _known_no(source, concepts, mapping)
    patients = derive_patients(persons, people, first_starts, records, no_is_known, mapping)
    tables = {"patients": patients, "trials": trials, "doses": doses}
    if scores is not None:
        tables["assessments"] = derive_assessments(scores, people)
    kept = {name: engine.keep(_without_absent(table, periods)) for name, table in tables.items()}
    if _is_empty(kept["doses"]):
        del kept["doses"]
    account = concepts.account | _account(source, exposures, records, scores)
    assumptions = omop_assumptions(mapping, no_is_known) + _not_looked_for(concepts, mapping)
    assumptions += _seen_in_this_drop(persons, exposures)
    findings = pd.concat([exposures.findings, unread]) if len(unread) else exposures.findings
    return RawDrop(kept, assumptions, findings, account)


def _known_no(source: Source, concepts: Concepts, mapping: OmopMapping) -> frozenset[str]:
    """Give the columns for which having no record means no.

    The mapping must say so, conditions must be recorded, and every concept of the set be known.
    """
    if "condition_occurrence" not in source.tables() or not source.count("condition_occurrence"):
        return frozenset()
    return frozenset(
        name
        for name, recipe in mapping.conditions.items()
        if recipe.absent == "no" and recipe.concept_set not in concepts.incomplete
    )


def _seen_in_this_drop(persons: ir.Table, exposures: Exposures) -> list[str]:
    """Say what was taken for granted because of what this drop holds; without counts of people."""
    told = []
    if not _is_empty(persons.filter(persons.born_about)):
        told.append(
            "Where the day of birth is not recorded it is taken to be the first of the month, or"
            " 1 July without the month: an age may be a year off."
        )
    if exposures.account["concept_0"]:
        told.append(
            f"Some rows of {exposures.table} have no concept: an antidepressant among them is not"
            " seen, and who took it looks untreated."
        )
    if not _is_empty(exposures.rows.filter(exposures.rows.role == "augmentation")):
        told.append(
            "Whether a drug that only adds to others was given for depression is unknown where it"
            " was taken without an antidepressant."
        )
    return told


def _not_looked_for(concepts: Concepts, mapping: OmopMapping) -> list[str]:
    """Say which drugs of the sets could not be recognised, for want of their concepts."""
    told = []
    for name in (mapping.antidepressants, mapping.augmentation):
        left_out = concepts.account["concept_sets"].get(name, {}).get("left_out", [])
        if left_out:
            told.append(
                f"Of the concept set {name}, {len(left_out)} drug(s) could not be recognised in"
                f" this drop, and who took them looks untreated: {', '.join(left_out)}."
            )
    return told


def _open(engine: Engine, folder: Path, mapping: OmopMapping) -> Source:
    where = mapping.database
    if where.kind == "duckdb":
        assert where.file is not None and where.schema_name is not None
        return DuckdbSource(engine, folder / where.file, where.schema_name)
    if where.kind == "postgresql":
        assert where.schema_name is not None
        return PostgresSource(engine, where.schema_name)
    return FileSource(engine, folder)


def _people(
    engine: Engine,
    persons: ir.Table,
    periods: ir.Table | None,
    exposures: ir.Table,
    scores: ir.Table | None,
    mapping: OmopMapping,
    key: bytes | None,
) -> ir.Table:
    """Give everyone in any table: pseudonym, origin, last observed day."""
    dated = [exposures.select("person", day="start")]
    if scores is not None:
        dated.append(scores.select("person", "day"))
    stacked = ibis.union(*dated) if len(dated) > 1 else dated[0]
    first = stacked.group_by("person").agg(first_day=stacked.day.min())
    if periods is not None:
        joined = first.outer_join(periods, "person")
        first = joined.select(
            person=joined.person.coalesce(joined.person_right),
            first_day=joined.first_day_right.coalesce(joined.first_day),
        )
    everyone = ibis.union(
        persons.select("person"), first.select("person"), stacked.select("person"), distinct=True
    )
    everyone = everyone.filter(everyone.person.notnull())
    keys = derive_people_keys(engine, everyone, first, mapping, key)
    if periods is None:
        unknown = ibis.null("int64")
        return engine.keep(keys.mutate(last_observed=unknown, ends_unreadable=ibis.literal(False)))
    ends = periods.select("person", "last_observed", "ends_unreadable")
    return engine.keep(keys.left_join(ends, "person").drop("person_right"))


def _without_absent(table: ir.Table, periods: ir.Table | None) -> ir.Table:
    """Leave out what the drop has no table for: the report lists it as absent."""
    if periods is None and "last_observed_day" in table.columns:
        return table.drop("last_observed_day")
    return table


def _is_empty(table: ir.Table) -> bool:
    return int(table.count().to_pyarrow().as_py()) == 0


def _account(
    source: Source, exposures: Exposures, records: ir.Table, scores: ir.Table | None
) -> dict[str, Any]:
    there = source.tables()
    seen = exposures.account
    counted = records.group_by("concept_set").agg(rows=records.count()).to_pyarrow().to_pylist()
    return {
        "tables": {name: source.count(name) for name in TABLES if name in there},
        "tables_not_there": [name for name in TABLES if name not in there],
        "exposures": seen,
        "notes": [
            f"{seen['table']}: {seen['rows']} rows = {seen['used']} used"
            f" + {seen['duplicates']} duplicates + {seen['other_drugs']} of other drugs"
            f" + {seen['concept_0']} without a concept",
        ],
        "records": {row["concept_set"]: row["rows"] for row in sorted(counted, key=str)},
        "scores": 0 if scores is None else int(scores.count().to_pyarrow().as_py()),
    }
