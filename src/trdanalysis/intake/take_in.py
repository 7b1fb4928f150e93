"""Take in one drop: gate, cells, rows; accepted tables and an account of everything else."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import TABLES, TableSpec
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.intake import findings as found
from trdanalysis.intake import rows
from trdanalysis.intake.cells import BAD, ROW, derive_cells
from trdanalysis.intake.gate import check_identifiers
from trdanalysis.intake.names import DrugNames, derive_drugs
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.whole import (
    WORD_COLUMNS,
    CellCounts,
    check_types,
    column_findings,
    count_cells,
    count_unrecognised,
    name_unrecognised,
    odd_columns,
    put_together,
)

#: Two rows of one drug with at most this many days between them are reported as adjacent.
ADJACENT_GAP_DAYS = 14

#: Columns of accepted trials that remember a bad cell, because an empty one has a default.
REMEMBERED = tuple(column.name for column in TABLES["trials"].columns if column.has_default)

#: Columns of ``quarantine.csv``, which are what it is sorted by.
QUARANTINE_ORDER = ("table", "line", "reason")


@dataclass(frozen=True)
class Known:
    """Patients and trials of earlier drops, to which the rows of an increment may belong.

    By the ids that the increment itself would give them: without its namespace, see
    :func:`without_namespace`.
    """

    patients: ir.Table
    trials: ir.Table


@dataclass(frozen=True)
class Intake:
    """What became of one drop.

    Attributes
    ----------
    accepted
        Accepted tables by name; every table of the contract is there, empty where the drop has
        none. Keys carry the drop's namespace.
    quarantined_trials
        One row a possible failure: ``patient_id``, ``trial_id`` (null where the row has none),
        ``line``.
    findings, quarantine, unrecognised
        The three CSV files of a drop.
    summary
        The balance of rows by table.
    columns
        Absent and extra columns by table.
    """

    accepted: dict[str, ir.Table]
    quarantined_trials: ir.Table
    findings: pd.DataFrame
    quarantine: pd.DataFrame
    unrecognised: pd.DataFrame
    summary: dict[str, dict[str, int]]
    columns: dict[str, dict[str, list[str]]]


@dataclass(frozen=True)
class Taken:
    """What became of the rows of a drop, or of some of its patients.

    Attributes
    ----------
    accepted, quarantined_trials, findings, quarantine, summary
        As of :class:`Intake`; of findings those of rows and cells.
    cells
        By table and typed column: the cells that cannot be read, and all that are filled.
    words
        Words that were not recognised: ``table``, ``column``, ``word``, ``rows``.
    """

    accepted: dict[str, ir.Table]
    quarantined_trials: ir.Table
    findings: pd.DataFrame
    quarantine: pd.DataFrame
    summary: dict[str, dict[str, int]]
    cells: dict[str, dict[str, CellCounts]]
    words: pd.DataFrame


def take_in(
    engine: Engine,
    raw: dict[str, ir.Table],
    reference: Reference,
    *,
    namespace: str = "",
    known: Known | None = None,
) -> Intake:
    """Check a drop's raw tables and split their rows.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    raw
        Raw tables by name, as a reader gives them.
    reference
        Known drugs and scales.
    namespace
        Prefix of the pooled patient key, ``namespace:patient_id``.
    known
        Patients and trials of earlier drops; given for an increment only.

    Raises
    ------
    UserError
        Where the drop is refused: a required column is missing, a direct identifier was found, or
        no cell of a typed column can be read.
    """
    check_raw(raw)
    taken = take_in_rows(engine, raw, reference, namespace=namespace, known=known)
    check_types(taken.cells)
    return Intake(
        accepted=taken.accepted,
        quarantined_trials=taken.quarantined_trials,
        findings=found.sort_findings([taken.findings, column_findings(raw)]),
        quarantine=_sorted([taken.quarantine], list(QUARANTINE_ORDER)),
        unrecognised=name_unrecognised(taken.words, reference),
        summary=taken.summary,
        columns=odd_columns(raw),
    )


def check_raw(raw: dict[str, ir.Table]) -> None:
    """Refuse raw tables that lack a column or hold direct identifiers; see :func:`take_in`."""
    for name, table in raw.items():
        _check_columns(TABLES[name], table)
    check_identifiers(raw)


def take_in_rows(
    engine: Engine,
    raw: dict[str, ir.Table],
    reference: Reference,
    *,
    namespace: str = "",
    known: Known | None = None,
) -> Taken:
    """Split rows that :func:`check_raw` let through; parameters as :func:`take_in`.

    What becomes of a row hangs on the rows of its patient alone: a drop may be given in parts.
    """
    accepted: dict[str, ir.Table] = {}
    parts: list[pd.DataFrame] = []
    quarantine: list[pd.DataFrame] = []
    words: list[pd.DataFrame] = []
    summary: dict[str, dict[str, int]] = {}
    counted: dict[str, dict[str, CellCounts]] = {}
    lost_trials = None
    for name, spec in TABLES.items():
        if name not in raw:
            accepted[name] = _empty_table(spec, reference)
            continue
        numbered = _number_rows(engine, raw[name])
        cells = derive_cells(numbered, spec, reference.scales)
        if name == "trials":
            cells = _resolve_drugs(engine, cells, reference.names)
        cells = engine.keep(cells)
        counted[name] = count_cells(cells, spec)
        judged = _judge_rows(engine, cells, numbered, spec, accepted, known)
        engine.drop_kept(cells)
        good = judged.filter(judged.reason.isnull() & ~judged.is_duplicate)
        accepted[name] = good
        if name == "trials":
            lost = judged.filter(judged.reason.notnull() & judged.patient_is_known)
            lost_trials = engine.keep(lost.select("patient_id", "trial_id", "line"))
        bad = found.find_bad_cells(good, spec)
        parts += [bad, _row_findings(judged, spec)]
        quarantine.append(_quarantine(judged, spec))
        words += count_unrecognised(numbered, good, spec)
        summary[name] = _balance(judged, len(bad))
    if "trials" in raw:
        parts.append(found.find_adjacent(accepted["trials"], ADJACENT_GAP_DAYS))
    assert lost_trials is not None
    return Taken(
        accepted={
            name: _finish(table, TABLES[name], namespace) for name, table in accepted.items()
        },
        quarantined_trials=_with_namespace(lost_trials, namespace),
        findings=put_together(parts, found.COLUMNS),
        quarantine=put_together(quarantine, list(QUARANTINE_ORDER)),
        summary=summary,
        cells=counted,
        words=put_together(words, list(WORD_COLUMNS)),
    )


def _check_columns(spec: TableSpec, table: ir.Table) -> None:
    missing = [
        column.name
        for column in spec.columns
        if column.required and column.name not in table.columns
    ]
    if missing:
        others = [name for name in table.columns if name != "line"]
        if not set(others) & set(spec.names):
            # Without a header, the names would be a patient's values.
            raise UserError(
                "the first line holds no column of the table: is the header missing?",
                where=f"table `{spec.name}`, which has {len(others)} column(s)",
                expected="a header row with at least "
                + ", ".join(column.name for column in spec.columns if column.required),
                try_this="export the table with its column names",
            )
        raise UserError(
            f"{len(missing)} required column(s) missing: {', '.join(missing)}",
            where=f"table `{spec.name}`, which has {len(others)} column(s)",
            expected=", ".join(column.name for column in spec.columns if column.required),
            try_this=suggest(missing[0], others) if others else None,
        )


def _number_rows(engine: Engine, raw: ir.Table) -> ir.Table:
    """Add a number that tells rows apart also where several come from one line."""
    counts = raw.aggregate(rows=raw.count(), lines=raw.line.nunique()).to_pyarrow().to_pylist()[0]
    if counts["rows"] == counts["lines"]:
        return raw.mutate(**{ROW: raw.line})
    names = [name for name in raw.columns if name != "line"]
    number = ibis.row_number().over(order_by=["line", *names])
    return engine.keep(raw.mutate(**{ROW: number.cast("int64")}))


def _resolve_drugs(engine: Engine, cells: ir.Table, names: DrugNames) -> ir.Table:
    """Add ``drug_key``, ``ingredient``, ``drug_role`` and ``drug__bad`` to trials."""
    words = cells.filter(cells.drug.notnull()).select("drug").distinct()
    resolved = engine.keep(derive_drugs(words, names))
    joined = cells.left_join(resolved, "drug").drop("drug_right")
    unrecognised = joined.drug.notnull() & joined.drug_role.isnull()
    return joined.mutate(
        **{"drug" + BAD: unrecognised.ifelse("unrecognised_drug", ibis.null("string"))}
    )


def _judge_rows(
    engine: Engine,
    cells: ir.Table,
    raw: ir.Table,
    spec: TableSpec,
    accepted: dict[str, ir.Table],
    known: Known | None,
) -> ir.Table:
    """Add ``reason``, ``is_duplicate`` and ``patient_is_known`` to every row."""
    patients = trials = None
    if spec.name != "patients":
        patients = accepted["patients"].select("patient_id")
        if known is not None:
            patients = patients.union(known.patients, distinct=True)
    if spec.name == "doses":
        trials = accepted["trials"].select("patient_id", "trial_id")
        if known is not None:
            trials = trials.union(known.trials, distinct=True)
    reasoned = engine.keep(rows.derive_reasons(cells, spec, patients, trials))
    repeated = engine.keep(rows.find_repeated(reasoned, raw, spec))
    judged = reasoned.left_join(repeated, ROW).drop(f"{ROW}_right")
    conflicting = judged.repeat == rows.CONFLICTING_ROWS
    kept = engine.keep(
        judged.mutate(
            reason=conflicting.fill_null(False).ifelse(rows.CONFLICTING_ROWS, judged.reason),
            is_duplicate=(judged.repeat == "duplicate").fill_null(False),
        ).drop("repeat")
    )
    engine.drop_kept(reasoned, repeated)
    return kept


def _row_findings(judged: ir.Table, spec: TableSpec) -> pd.DataFrame:
    duplicates = judged.filter(judged.is_duplicate).select("line").to_pyarrow().to_pandas()
    return duplicates.assign(
        table=spec.name, column="", rule="duplicate_row", action=found.COUNTED_ONCE
    )


def _quarantine(judged: ir.Table, spec: TableSpec) -> pd.DataFrame:
    lost = judged.filter(judged.reason.notnull()).select("line", "reason").to_pyarrow().to_pandas()
    return lost.assign(table=spec.name)


def _balance(judged: ir.Table, bad_cells: int) -> dict[str, int]:
    counts = judged.aggregate(
        rows_in=judged.count(),
        accepted=(judged.reason.isnull() & ~judged.is_duplicate).sum(),
        duplicates=judged.is_duplicate.sum(),
        quarantined=judged.reason.notnull().sum(),
    )
    numbers = {name: int(value or 0) for name, value in counts.to_pyarrow().to_pylist()[0].items()}
    return {**numbers, "cells_set_unknown": bad_cells}


def _finish(table: ir.Table, spec: TableSpec, namespace: str) -> ir.Table:
    """Keep the contract's columns and what labelling needs besides."""
    columns: dict[str, ir.Value] = {name: table[name] for name in spec.names}
    if spec.name == "trials":
        columns |= {name: table[name] for name in ("drug_key", "ingredient", "drug_role")}
        columns |= {f"{name}_is_bad": table[name + BAD].notnull() for name in REMEMBERED}
    columns["line"] = table.line
    return _with_namespace(table.select(**columns), namespace)


def _with_namespace(table: ir.Table, namespace: str) -> ir.Table:
    if not namespace:
        return table
    return table.mutate(patient_id=ibis.literal(_prefix(namespace)) + table.patient_id)


def _prefix(namespace: str) -> str:
    return f"{namespace}:"


def without_namespace(table: ir.Table, namespace: str) -> ir.Table:
    """Give the rows of a namespace's patients, by the ids that their site gives them."""
    if not namespace:
        return table
    prefix = _prefix(namespace)
    own = table.filter(table.patient_id.startswith(prefix))
    return own.mutate(patient_id=own.patient_id.substr(len(prefix)))


def no_rows(reference: Reference) -> dict[str, ir.Table]:
    """Give the accepted tables of no drop at all, with their columns and types."""
    tables = {name: _empty_table(spec, reference) for name, spec in TABLES.items()}
    finished = {name: _finish(table, TABLES[name], "") for name, table in tables.items()}
    lost = tables["trials"].select("patient_id", "trial_id", "line")
    return finished | {"quarantined_trials": lost}


def _empty_table(spec: TableSpec, reference: Reference) -> ir.Table:
    """Give a table of no rows with the columns that accepted rows have."""
    schema = ibis.schema({"line": "int64", ROW: "int64", **dict.fromkeys(spec.names, "string")})
    nothing = ibis.memtable(schema.to_pyarrow().empty_table())
    cells = derive_cells(nothing, spec, reference.scales)
    if spec.name != "trials":
        return cells
    unknown = ibis.null("string")
    return cells.mutate(drug_key=unknown, ingredient=unknown, drug_role=unknown)


def _sorted(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    table = put_together(parts, columns)
    return table.sort_values(columns, kind="stable", ignore_index=True)
