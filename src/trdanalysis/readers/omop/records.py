"""Records of conditions' concept sets, and what they answer: yes, perhaps, or nothing."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.engine import Engine
from trdanalysis.readers.omop.concepts import Concepts
from trdanalysis.readers.omop.mapping import OmopMapping
from trdanalysis.readers.omop.source import Only, Source
from trdanalysis.readers.omop.values import derive_concept, derive_epoch_day, derive_id
from trdanalysis.readers.raw_drop import FINDING_COLUMNS, no_reader_findings

#: Begins the name of a column that tells whether a record may say yes.
MAYBE = "maybe_"

_TABLES = {
    "condition_occurrence": ("condition_concept_id", "condition_start"),
    "observation": ("observation_concept_id", "observation"),
}
_VALUES = ("value_as_number", "value_as_string", "value_source_value")
#: "Yes" of SNOMED and of LOINC's answers. The data model's conventions let an observation without a
#: value say the same.
_YES = (4188539, 45877994)


def read_records(
    engine: Engine, source: Source, concepts: Concepts, names: list[str]
) -> tuple[ir.Table, pd.DataFrame]:
    """Read the records of conditions' concept sets.

    They stand in condition_occurrence and observation. An observation may hold an answer, and the
    answer may be no: only one without a value, or with yes, says that it holds.

    Returns
    -------
    tuple
        ``person``, ``concept_set``, ``day`` (null: unknown) and ``says_yes`` (true, or null where
        an answer was not read); and the findings of such answers.
    """
    members = concepts.of(*names).select("concept_set", "concept_id").distinct()
    ids = tuple(str(one) for one in members.to_pyarrow().column("concept_id").to_pylist())
    parts, findings = [], no_reader_findings()
    for table, (concept, date) in _TABLES.items():
        if table not in source.tables() or not ids:
            continue
        values = ("value_as_concept_id", *_VALUES) if table == "observation" else ()
        columns = ("person_id", concept, f"{date}_date", f"{date}_datetime", *values)
        raw = source.read(table, columns, Only(concept, tuple(dict.fromkeys(ids))))
        says_yes = _says_yes(raw) if values else ibis.literal(True)
        rows = raw.select(
            person=derive_id(raw.person_id),
            concept_id=derive_concept(raw[concept]),
            day=derive_epoch_day(raw[f"{date}_date"].coalesce(raw[f"{date}_datetime"])),
            says_yes=says_yes,
            line=raw.line,
        )
        unread = rows.filter(rows.says_yes.isnull()).to_pyarrow().column("line").to_pylist()
        if unread:
            told = [(table, "value_as_concept_id", line, "answer_not_read", "reported")
                    for line in sorted(unread)]  # fmt: skip
            findings = pd.DataFrame(told, columns=list(FINDING_COLUMNS))
        parts.append(rows)
    if not parts:
        schema = ibis.schema(
            {"person": "string", "concept_set": "string", "day": "int64", "says_yes": "boolean"}
        )
        return engine.from_memory(schema.to_pyarrow().empty_table()), findings
    stacked = ibis.union(*parts) if len(parts) > 1 else parts[0]
    joined = stacked.join(members, "concept_id")
    return engine.keep(joined.select("person", "concept_set", "day", "says_yes")), findings


def _says_yes(raw: ir.Table) -> ir.BooleanValue:
    """Tell whether an observation holds: true, or null where its answer is another or not read."""
    answer = derive_concept(raw.value_as_concept_id)
    bare = ibis.and_(*(raw[name].isnull() for name in _VALUES))
    yes = (answer.isnull() & bare) | answer.isin(_YES).fill_null(False)
    return yes.ifelse(ibis.literal(True), ibis.null("boolean"))


def derive_answers(records: ir.Table, people: ir.Table, mapping: OmopMapping) -> ir.Table:
    """Sum up the records of each person.

    Returns
    -------
    Table
        One row a person with records; for each condition two booleans: its own name, whether a
        record says yes; and with :data:`MAYBE` before it, whether one may, for its answer was not
        read, or its day or the end of observation is not known.
    """
    seen = people.select("person", "last_observed")
    dated = records.left_join(seen, "person").drop("person_right")
    measures = {}
    for name, recipe in mapping.conditions.items():
        holds = dated.concept_set == recipe.concept_set
        certain = dated.says_yes
        if recipe.within_days_of_last_observation is not None:
            begins = dated.last_observed - recipe.within_days_of_last_observation
            certain = certain & (dated.day >= begins)
        measures[name] = (holds & certain.fill_null(False)).max()
        measures[f"{MAYBE}{name}"] = (holds & certain.isnull()).max()
    return (
        dated.group_by("person").agg(**measures) if measures else dated.select("person").distinct()
    )
