"""`changes`: what is not as it was in the last completed run, and what differs between drops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.drift import count_measures, estimate_drift
from trdanalysis.analysis.label_changes import (
    CHANGE_COLUMNS,
    compare_labels,
    compare_rates,
    compare_rows,
    estimate_label_flows,
    explain_changes,
    overall_of,
)
from trdanalysis.commands.intake import load_accepted
from trdanalysis.commands.remember import find_remembered
from trdanalysis.commands.shared import load_tables, step
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.files import write_parquet
from trdanalysis.intake.fingerprints import KEY, derive_fingerprints
from trdanalysis.layout import CHANGES, POOLED
from trdanalysis.parts import Part, SortedFile, divide, stack


def run_changes(
    engine: Engine,
    cohort: Path,
    pooled: Path,
    drops: list[Path],
    analysis: Path,
    history: Path,
    settings: dict[str, Any],
    out: Path,
) -> None:
    """Compare this run with the last completed one, and drops with each other.

    Parameters
    ----------
    cohort, pooled
        Folders that ``label`` and ``pool`` wrote.
    drops
        What intake wrote for each drop.
    analysis
        Folder of result tables: rates are read, and the tables of changes written there.
    history
        Folder in which ``remember`` keeps the last completed run. What this run will be compared
        with next is written to ``pending`` below it.
    settings
        What :data:`trdanalysis.settings.USED_BY` names for this verb.
    out
        Folder for ``changes.csv``.
    """
    definitions = _in_order(settings)
    now = _describe_run(engine, cohort, pooled, analysis, history / "pending")
    remembered = find_remembered(history)
    if remembered is None:
        step("there is no earlier completed run to compare with")
        before = {name: table.limit(0) for name, table in now.items()}
        rates_before = pd.read_parquet(history / "pending" / "rates.parquet").iloc[:0]
    else:
        before = load_tables(engine, remembered, ("labels", "rows"))
        rates_before = pd.read_parquet(remembered / "rates.parquet")
    step("comparing labels and rows with the last completed run")
    parts = divide(engine, [now["labels"], now["rows"]])
    if len(parts) > 1:
        engine.keep_all_in_files()
    changes = stack(
        [
            engine.keep(compare_labels(part.of(before["labels"]), part.of(now["labels"])))
            for part in parts
        ]
    )
    told = stack([_explain(engine, part, changes, before["rows"], now["rows"]) for part in parts])
    order = ["patient_id", "definition", *KEY[::2]]
    engine.write_csv(
        told.select(*CHANGE_COLUMNS),
        out / CHANGES,
        [ibis.asc(name, nulls_first=True) for name in order],
    )
    flows = estimate_label_flows(before["labels"], changes, now["labels"], definitions)
    write_parquet(analysis / "label_flows.parquet", flows)
    rates = pd.read_parquet(history / "pending" / "rates.parquet")
    write_parquet(analysis / "rate_changes.parquet", compare_rates(rates_before, rates))
    step("comparing drops with each other")
    # One drop has no other to be compared with.
    compared = drops if len(drops) > 1 else []
    accepted = {folder.name: load_accepted(engine, folder).tables for folder in compared}
    drift = estimate_drift(count_measures(engine, accepted), list(accepted))
    write_parquet(analysis / "drift.parquet", drift)
    counted = changes.group_by("change").agg(n=changes.count()).order_by("change")
    told_of = [f"{row['n']} {row['change']}" for row in counted.to_pyarrow().to_pylist()]
    step("  " + (", ".join(told_of) or "no label changed"))


def _explain(
    engine: Engine, part: Part, changes: ir.Table, before: ir.Table, now: ir.Table
) -> ir.Table:
    """Put beside the changed labels of some patients the rows of them that changed."""
    own = part.of(changes)
    # The rows of everybody else need not be compared: they are many.
    old, new = (part.of(rows).semi_join(own, "patient_id") for rows in (before, now))
    rows = engine.keep(compare_rows(old, new))
    return engine.keep(explain_changes(engine, own, rows))


def _in_order(settings: dict[str, Any]) -> Sequence[str]:
    first = settings["primary_definition"]
    return [first, *(name for name in settings["definitions"] if name != first)]


def _describe_run(
    engine: Engine, cohort: Path, pooled: Path, analysis: Path, out: Path
) -> dict[str, ir.Table]:
    """Write what a later run compares itself with, and give it as tables."""
    labels = engine.read_parquet(cohort / "labels.parquet")
    labels = labels.select("patient_id", "definition", "label", "reason")
    engine.write_parquet(labels, out / "labels.parquet", ["patient_id", "definition"])
    _write_rows(engine, load_tables(engine, pooled, POOLED), out / "rows.parquet")
    write_parquet(out / "rates.parquet", overall_of(pd.read_parquet(analysis / "rates.parquet")))
    return load_tables(engine, out, ("labels", "rows"))


def _write_rows(engine: Engine, tables: dict[str, ir.Table], path: Path) -> None:
    """Write the fingerprints of all rows, sorted: by table, and within by patient."""
    parts = divide(engine, [tables[name] for name in TABLES])
    order = [*KEY, "content", "drop_id"]
    if len(parts) == 1:
        engine.write_parquet(derive_fingerprints(tables), path, order)
        return
    file = SortedFile(engine, path, order, len(parts) * len(tables))
    for name in sorted(tables):
        for part in parts:
            file.add(derive_fingerprints({name: part.of(tables[name])}))
    file.finish()
