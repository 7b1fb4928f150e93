"""Findings: what was noticed about a drop, by table, column and line, without any value."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import TableSpec
from trdanalysis.intake.cells import BAD

#: Columns of ``findings.csv``.
COLUMNS = ["table", "column", "line", "rule", "action"]

CELL_SET_UNKNOWN = "cell_set_unknown"
COUNTED_ONCE = "counted_once"
REPORTED = "reported"
KEPT_OUT = "kept_out"
UNKNOWN_THROUGHOUT = "unknown_throughout"


def bad_columns(spec: TableSpec) -> list[str]:
    """Names of the columns of which a cell can be bad."""
    return [
        column.name
        for column in spec.columns
        if column.kind not in ("text", "id") and not column.key
    ] + [name for name in ("scale",) if name in spec.key]


def find_bad_cells(accepted: ir.Table, spec: TableSpec) -> pd.DataFrame:
    """List the bad cells of accepted rows.

    Parameters
    ----------
    accepted
        Accepted rows with ``line`` and ``<column>__bad``.
    spec
        The table's declaration.

    Returns
    -------
    DataFrame
        One row a bad cell, with :data:`COLUMNS`.
    """
    columns = [name for name in bad_columns(spec) if name + BAD in accepted.columns]
    if not columns:
        return no_findings()
    counts = accepted.aggregate(**{name: accepted[name + BAD].count() for name in columns})
    numbers = counts.to_pyarrow().to_pylist()[0]
    parts = [
        accepted.filter(accepted[name + BAD].notnull()).select(
            table=ibis.literal(spec.name),
            column=ibis.literal(name),
            line=accepted.line,
            rule=accepted[name + BAD],
            action=ibis.literal(CELL_SET_UNKNOWN),
        )
        for name in columns
        if numbers[name]
    ]
    if not parts:
        return no_findings()
    return (ibis.union(*parts) if len(parts) > 1 else parts[0]).to_pyarrow().to_pandas()


def find_adjacent(trials: ir.Table, gap_days: int) -> pd.DataFrame:
    """List trials that begin within ``gap_days`` of the end of one of the same drug.

    Rows are trials as curated: such rows are reported, never merged.

    Parameters
    ----------
    trials
        Accepted trials with ``drug_key`` and ``line``.
    gap_days
        Longest gap, in days, that makes two rows adjacent; an overlap has a negative gap.
    """
    several = trials.group_by(["patient_id", "drug_key"]).agg(rows=trials.count())
    some = trials.filter(trials.drug_key.notnull()).semi_join(
        several.filter(several.rows > 1), ["patient_id", "drug_key"]
    )
    order = ibis.window(
        group_by=["patient_id", "drug_key"], order_by=["start_day", "trial_id"], preceding=(None, 1)
    )
    before = some.mutate(last_stop=some.stop_day.max().over(order))
    near = before.filter(before.start_day - before.last_stop <= gap_days)
    return (
        near.select(
            table=ibis.literal("trials"),
            column=ibis.literal("start_day"),
            line=near.line,
            rule=ibis.literal("adjacent_rows_of_one_drug"),
            action=ibis.literal(REPORTED),
        )
        .to_pyarrow()
        .to_pandas()
    )


def no_findings() -> pd.DataFrame:
    """Give an empty table of findings."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS})


def sort_findings(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Put findings together in one order: by table, line, column and rule; whole columns first."""
    filled = [part[COLUMNS] for part in parts if len(part)]
    if not filled:
        return no_findings()
    table = pd.concat(filled, ignore_index=True)
    table["line"] = table["line"].astype("Int64")
    return table.sort_values(
        ["table", "line", "column", "rule"], na_position="first", kind="stable", ignore_index=True
    )
