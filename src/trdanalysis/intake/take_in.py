"""Take in one drop: gate, cells, rows; accepted tables and an account of everything else."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import TABLES, TableSpec
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, nearest, suggest
from trdanalysis.intake import findings as found
from trdanalysis.intake import rows
from trdanalysis.intake.cells import BAD, ROW, derive_cells
from trdanalysis.intake.gate import check_identifiers
from trdanalysis.intake.names import DrugNames, derive_drugs
from trdanalysis.intake.scales import Scale
from trdanalysis.intake.spelling import show_controls
from trdanalysis.intake.suggestions import Suggester

#: Two rows of one drug with at most this many days between them are reported as adjacent.
ADJACENT_GAP_DAYS = 14

#: A typed column of which at least this many cells are filled and none can be read has the wrong
#: type.
WRONG_TYPE_MIN_CELLS = 3

#: Columns of accepted trials that remember a bad cell, because an empty one has a default.
REMEMBERED = tuple(column.name for column in TABLES["trials"].columns if column.has_default)

#: Columns of ``unrecognised.csv``.
UNRECOGNISED_COLUMNS = ["table", "column", "word", "rows", "suggestion", "distance", "why"]


@dataclass(frozen=True)
class Reference:
    """What names and scores are read against."""

    names: DrugNames
    scales: tuple[Scale, ...]


@dataclass(frozen=True)
class Known:
    """Patients and trials of earlier drops, to which the rows of an increment may belong."""

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
    for name, table in raw.items():
        _check_columns(TABLES[name], table)
    check_identifiers(raw)
    accepted: dict[str, ir.Table] = {}
    parts: list[pd.DataFrame] = []
    quarantine: list[pd.DataFrame] = []
    unrecognised: list[pd.DataFrame] = []
    summary: dict[str, dict[str, int]] = {}
    columns: dict[str, dict[str, list[str]]] = {}
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
        _check_types(cells, spec)
        judged = _judge_rows(engine, cells, numbered, spec, accepted, known)
        good = engine.keep(judged.filter(judged.reason.isnull() & ~judged.is_duplicate))
        accepted[name] = good
        if name == "trials":
            lost = judged.filter(judged.reason.notnull() & judged.patient_is_known)
            lost_trials = engine.keep(lost.select("patient_id", "trial_id", "line"))
        bad = found.find_bad_cells(good, spec)
        parts += [bad, _row_findings(judged, spec), _column_findings(spec, raw[name])]
        quarantine.append(_quarantine(judged, spec))
        unrecognised += _unrecognised(numbered, good, spec, reference)
        summary[name] = _balance(judged, len(bad))
        columns[name] = _odd_columns(spec, raw[name])
    if "trials" in raw:
        parts.append(found.find_adjacent(accepted["trials"], ADJACENT_GAP_DAYS))
    assert lost_trials is not None
    return Intake(
        accepted={
            name: _finish(table, TABLES[name], namespace) for name, table in accepted.items()
        },
        quarantined_trials=_with_namespace(lost_trials, namespace),
        findings=found.sort_findings(parts),
        quarantine=_sorted(quarantine, ["table", "line", "reason"]),
        unrecognised=_sorted(unrecognised, UNRECOGNISED_COLUMNS),
        summary=summary,
        columns=columns,
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


def _check_types(cells: ir.Table, spec: TableSpec) -> None:
    """Refuse a drop of which a typed column cannot be read at all."""
    typed = [
        column.name
        for column in spec.columns
        if column.kind in ("integer", "day", "number", "three_valued")
    ]
    measures = {}
    for name in typed:
        rule = cells[name + BAD]
        measures[f"bad_{name}"] = rule.isin(["not_a_number", "not_in_vocabulary"]).sum()
        measures[f"filled_{name}"] = (cells[name].notnull() | rule.notnull()).sum()
    counts = cells.aggregate(**measures).to_pyarrow().to_pylist()[0]
    wrong = [
        (name, counts[f"filled_{name}"])
        for name in typed
        if (counts[f"bad_{name}"] or 0) == counts[f"filled_{name}"]
        and (counts[f"filled_{name}"] or 0) >= WRONG_TYPE_MIN_CELLS
    ]
    if wrong:
        kinds = {column.name: column.kind for column in spec.columns}
        lines = [
            f"table `{spec.name}`, column `{name}`: {filled} filled cell(s), none readable as "
            + ("yes or no" if kinds[name] == "three_valued" else "a number")
            for name, filled in wrong
        ]
        raise UserError(
            f"wrong type for {len(wrong)} whole column(s)",
            where="\n         ".join(lines),
            try_this="recode the column in the export, or use `source: flat` and a mapping",
        )


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
    return engine.keep(
        judged.mutate(
            reason=conflicting.fill_null(False).ifelse(rows.CONFLICTING_ROWS, judged.reason),
            is_duplicate=(judged.repeat == "duplicate").fill_null(False),
        ).drop("repeat")
    )


def _row_findings(judged: ir.Table, spec: TableSpec) -> pd.DataFrame:
    duplicates = judged.filter(judged.is_duplicate).select("line").to_pyarrow().to_pandas()
    return duplicates.assign(
        table=spec.name, column="", rule="duplicate_row", action=found.COUNTED_ONCE
    )


def _odd_columns(spec: TableSpec, raw: ir.Table) -> dict[str, list[str]]:
    return {
        "absent": [name for name in spec.names if name not in raw.columns],
        "extra": [name for name in raw.columns if name not in spec.names and name != "line"],
    }


def _column_findings(spec: TableSpec, raw: ir.Table) -> pd.DataFrame:
    odd = _odd_columns(spec, raw)
    return pd.DataFrame(
        [(spec.name, name, None, "extra_column", found.KEPT_OUT) for name in odd["extra"]]
        + [
            (spec.name, name, None, "absent_column", found.UNKNOWN_THROUGHOUT)
            for name in odd["absent"]
        ],
        columns=found.COLUMNS,
    )


def _quarantine(judged: ir.Table, spec: TableSpec) -> pd.DataFrame:
    lost = judged.filter(judged.reason.notnull()).select("line", "reason").to_pyarrow().to_pandas()
    return lost.assign(table=spec.name)


def _unrecognised(
    raw: ir.Table, good: ir.Table, spec: TableSpec, reference: Reference
) -> list[pd.DataFrame]:
    """Count unmatched words of accepted rows, with a suggestion for drugs and scales."""
    parts = []
    for column in spec.columns:
        if column.kind not in ("drug", "scale", "function_scale") or column.name not in raw.columns:
            continue
        unmatched = good.filter(good[column.name + BAD].notnull()).select(ROW)
        words = raw.semi_join(unmatched, ROW).select(word=raw[column.name])
        counted = words.group_by("word").agg(rows=words.count()).to_pyarrow().to_pandas()
        if counted.empty:
            continue
        if column.kind == "drug":
            counted = Suggester(reference.names).suggest_all(counted)
        else:
            known = [scale.name for scale in reference.scales]
            near = [nearest(word.upper(), known) or "" for word in counted["word"]]
            why = ["like a known scale" if one else "nothing is near" for one in near]
            distance = pd.array([None] * len(near), dtype="Int64")
            counted = counted.assign(suggestion=near, distance=distance, why=why)
        counted["word"] = [show_controls(word) for word in counted["word"]]
        parts.append(counted.assign(table=spec.name, column=column.name))
    return parts


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
    return table.mutate(patient_id=ibis.literal(f"{namespace}:") + table.patient_id)


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
    filled = [part[columns] for part in parts if len(part)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    return pd.concat(filled).sort_values(columns[:3], kind="stable", ignore_index=True)
