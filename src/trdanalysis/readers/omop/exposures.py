"""Drug exposures and drug eras: from rows of the data model to intervals with a daily dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.concepts import Concepts
from trdanalysis.readers.omop.mapping import OmopMapping
from trdanalysis.readers.omop.source import Only, Source
from trdanalysis.readers.omop.values import (
    derive_concept,
    derive_epoch_day,
    derive_id,
    derive_number,
)
from trdanalysis.readers.raw_drop import FINDING_COLUMNS, no_reader_findings

REPORTED = "reported"
COUNTED_ONCE = "counted_once"

_COLUMNS = {
    "drug_exposure": (
        "person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_start_datetime",
        "drug_exposure_end_date", "drug_exposure_end_datetime", "days_supply", "quantity",
        "stop_reason",
    ),
    "drug_era": (
        "person_id", "drug_concept_id", "drug_era_start_date", "drug_era_start_datetime",
        "drug_era_end_date", "drug_era_end_datetime",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Exposures:
    """Exposures to the drugs of the sets.

    Attributes
    ----------
    rows
        One row an exposure and listed ingredient, exact duplicates once: ``person``; ``drug`` (the
        contract's name), ``name`` (the ingredient's), ``role``; ``product``; ``start``, ``stop``
        (days from 1970, first day without; null: unknown); ``dose`` (mg per day; null: unknown);
        ``stop_reason``; ``fault`` (null: usable; else ``person_missing``,
        ``start_unreadable``, ``end_unreadable`` or ``end_before_start``), ``start_given``;
        ``line``.
    findings, account
        As in :class:`trdanalysis.readers.raw_drop.RawDrop`.
    table
        The table that was read: ``drug_exposure`` or ``drug_era``.
    """

    rows: ir.Table
    findings: pd.DataFrame
    account: dict[str, Any]
    table: str


def choose_exposure_table(source: Source, mapping: OmopMapping) -> str:
    """Give the table to make trials from: of those that are allowed, the first that has rows.

    Raises
    ------
    UserError
        Where the drop has none of those that the mapping allows.
    """
    allowed = (
        ("drug_exposure", "drug_era")
        if mapping.exposures == "first_found"
        else (mapping.exposures,)
    )
    there = [name for name in allowed if name in source.tables()]
    if there:
        # A database has both tables, whether or not anything was put into them.
        return next((name for name in there if source.count(name) > 0), there[0])
    raise UserError(
        f"required table is missing: {' or '.join(allowed)}",
        where=f"{len(source.tables())} table(s) were found",
        expected="a table of exposures or eras, named as in the data model",
    )


def read_exposures(
    engine: Engine, source: Source, concepts: Concepts, mapping: OmopMapping
) -> Exposures:
    """Read the exposures to the drugs of the sets.

    An exposure to a product of several listed ingredients is one to each of them.

    Parameters
    ----------
    engine
        Keeps the rows.
    source
        The drop's tables.
    concepts
        Resolved concept sets.
    mapping
        Says how lengths are taken.
    """
    table = choose_exposure_table(source, mapping)
    drugs = concepts.of(mapping.antidepressants, mapping.augmentation)
    ids = drugs.select("concept_id").distinct().to_pyarrow().column("concept_id").to_pylist()
    raw = source.read(
        table, _COLUMNS[table], Only("drug_concept_id", tuple(str(one) for one in ids))
    )
    _check_starts(source, table)
    cells = _read_cells(raw, table, mapping)
    once, copies = _count_once(engine, cells)
    rows = engine.keep(_with_ingredients(once, drugs, concepts, mapping))
    findings = _find(once, copies, table, mapping)
    total, unmapped = source.count(table), source.count(table, "drug_concept_id")
    listed = int(raw.count().to_pyarrow().as_py())
    if unmapped:
        findings = _add(findings, (table, "drug_concept_id", None, "concept_0", REPORTED))
    account = {
        "table": table,
        "rows": total,
        "concept_0": unmapped,
        "other_drugs": total - unmapped - listed,
        "duplicates": len(copies),
        "used": listed - len(copies),
        "dose_unknown": int(rows.filter(rows.dose.isnull()).count().to_pyarrow().as_py()),
    }
    return Exposures(rows, findings, account, table)


def _check_starts(source: Source, table: str) -> None:
    """Refuse a table in which no row can have a start."""
    either = (f"{table}_start_date", f"{table}_start_datetime")
    if not source.columns(table) & set(either):
        raise UserError(
            "1 required column(s) missing: " + " or ".join(either),
            where=f"table {table}",
            expected="the column names of v5.3, v5.4 or v6.0",
        )


def _read_cells(raw: ir.Table, table: str, mapping: OmopMapping) -> ir.Table:
    start = raw[f"{table}_start_date"].coalesce(raw[f"{table}_start_datetime"])
    end = raw[f"{table}_end_date"].coalesce(raw[f"{table}_end_datetime"])
    nothing = ibis.null("string")
    is_era = table == "drug_era"
    return raw.select(
        person=derive_id(raw.person_id),
        product=derive_concept(raw.drug_concept_id),
        start=derive_epoch_day(start),
        start_given=start.notnull(),
        end=derive_epoch_day(end) + (1 if mapping.end_date_is == "last_day" else 0),
        end_given=end.notnull(),
        supply=nothing if is_era else raw.days_supply,
        pieces=nothing if is_era else raw.quantity,
        stop_reason=nothing if is_era else raw.stop_reason,
        line=raw.line,
    )


def _count_once(engine: Engine, cells: ir.Table) -> tuple[ir.Table, list[int]]:
    """Count rows once that agree in everything but their id; also the lines of the copies."""
    numbers = cells.mutate(
        supply_days=derive_number(cells.supply), pieces_number=derive_number(cells.pieces)
    )
    same = [name for name in numbers.columns if name != "line"]
    order = ibis.window(group_by=same, order_by="line")
    numbered = engine.keep(numbers.mutate(copy=ibis.row_number().over(order)))
    copies = numbered.filter(numbered.copy > 0).select("line").to_pyarrow().column("line")
    return numbered.filter(numbered.copy == 0).drop("copy"), sorted(copies.to_pylist())


def _with_ingredients(
    once: ir.Table, drugs: ir.Table, concepts: Concepts, mapping: OmopMapping
) -> ir.Table:
    positive = once.supply_days > 0
    by_supply = once.start + once.supply_days.ceil().cast("int64")
    choices = {
        "end_date": once.end,
        "days_supply": positive.ifelse(by_supply, ibis.null("int64")),
    }
    lengths = [choices[name] for name in mapping.length_from]
    if mapping.assumed_length_days is not None:
        lengths.append(once.start + mapping.assumed_length_days)
    judged = once.mutate(
        stop=ibis.coalesce(*lengths),
        fault=ibis.cases(
            (once.person.isnull(), "person_missing"),
            (once.start.isnull(), "start_unreadable"),
            (once.end_given & once.end.isnull(), "end_unreadable"),
            (once.end <= once.start, "end_before_start"),
            else_=ibis.null("string"),
        ),
    )
    # A product may descend from one ingredient along several ways.
    ingredient = drugs.select(
        "concept_id",
        "listed_id",
        "name",
        drug="becomes",
        role=(drugs.concept_set == mapping.antidepressants).ifelse("primary", "augmentation"),
    ).distinct()
    joined = judged.join(ingredient, judged.product == ingredient.concept_id)
    joined = joined.left_join(
        concepts.strength,
        [
            joined.product == concepts.strength.product_id,
            joined.listed_id == concepts.strength.listed_id,
        ],
        rname="{name}_of_strength",
    )
    per_day = joined.pieces_number * joined.amount_mg / joined.supply_days
    known = (joined.pieces_number > 0) & (joined.supply_days > 0) & (joined.amount_mg > 0)
    return joined.select(
        "person", "drug", "name", "role", "product", "start", "stop", "stop_reason", "fault",
        "start_given", "line",
        dose=known.fill_null(False).ifelse(per_day, ibis.null("float64")),
    )  # fmt: skip


def _find(once: ir.Table, copies: list[int], table: str, mapping: OmopMapping) -> pd.DataFrame:
    """List what is odd about the exposures, by line."""
    rules = []
    if table == "drug_exposure":
        rules = [
            ("days_supply", once.supply.notnull() & once.supply_days.isnull(), "not_a_number"),
            ("days_supply", once.supply_days <= 0, "not_above_0"),
            ("quantity", once.pieces.notnull() & once.pieces_number.isnull(), "not_a_number"),
            ("quantity", once.pieces_number <= 0, "not_above_0"),
        ]
    no_supply = ~(once.supply_days > 0).fill_null(False)
    without = once.start.notnull() & ~once.end_given & no_supply
    if mapping.assumed_length_days is None:
        rules.append((f"{table}_end_date", without, "length_unknown"))
    else:
        rules.append((f"{table}_end_date", without, "length_assumed"))
    parts = []
    for column, broken, rule in rules:
        lines = once.filter(broken.fill_null(False)).select("line").to_pyarrow().column("line")
        parts += [(table, column, line, rule, REPORTED) for line in lines.to_pylist()]
    parts += [(table, "", line, "duplicate_row", COUNTED_ONCE) for line in copies]
    return pd.DataFrame(parts, columns=list(FINDING_COLUMNS)) if parts else no_reader_findings()


def _add(findings: pd.DataFrame, row: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        [*findings.itertuples(index=False, name=None), row], columns=list(FINDING_COLUMNS)
    )
