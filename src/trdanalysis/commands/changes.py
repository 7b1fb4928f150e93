"""`changes`: what is not as it was in the last completed run, and what differs between drops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
from trdanalysis.engine import Engine
from trdanalysis.files import write_csv, write_parquet
from trdanalysis.intake.fingerprints import KEY, derive_fingerprints
from trdanalysis.layout import CHANGES, POOLED


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
    changes = engine.keep(compare_labels(before["labels"], now["labels"]))
    rows = engine.keep(compare_rows(before["rows"], now["rows"]))
    told = explain_changes(engine, changes, rows)
    frame = (
        told.to_pyarrow()
        .to_pandas()
        .sort_values(
            ["patient_id", "definition", *KEY[::2]], na_position="first", ignore_index=True
        )
    )
    write_csv(out / CHANGES, frame[CHANGE_COLUMNS])
    flows = estimate_label_flows(before["labels"], changes, now["labels"], definitions)
    write_parquet(analysis / "label_flows.parquet", flows)
    rates = pd.read_parquet(history / "pending" / "rates.parquet")
    write_parquet(analysis / "rate_changes.parquet", compare_rates(rates_before, rates))
    step("comparing drops with each other")
    accepted = {folder.name: load_accepted(engine, folder).tables for folder in drops}
    drift = estimate_drift(count_measures(engine, accepted), list(accepted))
    write_parquet(analysis / "drift.parquet", drift)
    counts = frame.drop_duplicates(["patient_id", "definition"])["change"].value_counts()
    step("  " + (", ".join(f"{counts[name]} {name}" for name in sorted(counts.index))
                 or "no label changed"))  # fmt: skip


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
    rows = derive_fingerprints(load_tables(engine, pooled, POOLED))
    engine.write_parquet(rows, out / "rows.parquet", [*KEY, "content", "drop_id"])
    write_parquet(out / "rates.parquet", overall_of(pd.read_parquet(analysis / "rates.parquet")))
    return load_tables(engine, out, ("labels", "rows"))
