"""Quality of a drop at a glance: how complete its columns are, and what cannot have happened so.

Everything here is counts, line numbers and ranges of many; no value of one patient is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.intake.findings import CELL_SET_UNKNOWN
from trdanalysis.parts import WHOLE, Part

#: The middle nine tenths are told of a column with this many filled cells; of fewer, nothing.
LEAST_FOR_RANGE = 50

#: Line numbers that are told of each kind of fault.
LINES_TOLD = 5

COMPLETENESS_COLUMNS = [
    "table", "column", "rows", "filled", "empty", "unusable", "share", "low", "median", "high",
    "unit",
]  # fmt: skip

#: What is told of a column of numbers, and the quantile that it is.
_MIDDLE = {"low": 0.05, "median": 0.5, "high": 0.95}

FAULT_COLUMNS = ["table", "rule", "rows", "lines"]


def measure_columns(tables: Mapping[str, ir.Table], findings: pd.DataFrame) -> pd.DataFrame:
    """Say of every column of the contract how complete and how wide it is.

    Parameters
    ----------
    tables
        Accepted tables by name.
    findings
        The drop's findings: cells that were set unknown are counted from them.

    Returns
    -------
    DataFrame
        One row a table and column, keys left out, with :data:`COMPLETENESS_COLUMNS`. ``rows`` =
        ``filled`` + ``empty`` + ``unusable``; ``share`` = ``filled`` / ``rows``. ``low``,
        ``median``, ``high``: quantiles 5, 50 and 95 of numbers, null of fewer than
        :data:`LEAST_FOR_RANGE` filled cells.
    """
    bad = findings[findings["action"] == CELL_SET_UNKNOWN]
    unusable = bad.groupby(["table", "column"]).size().to_dict()
    rows: list[dict[str, Any]] = []
    for name, table in tables.items():
        if name not in TABLES:
            continue
        columns = [column for column in TABLES[name].columns if not column.key]
        numbers = [column.name for column in columns if table.schema()[column.name].is_numeric()]
        measures: dict[str, ir.Value] = {"rows": table.count()}
        for column in columns:
            measures[f"{column.name}__filled"] = table[column.name].count()
        told = table.aggregate(**measures).to_pyarrow().to_pylist()[0]
        for number in numbers:
            told |= {f"{number}__{label}": value for label, value in _middle_of(table, number)}
        for column in columns:
            wrong = int(unusable.get((name, column.name), 0))
            # The name of a drug that was not recognised stays where it was.
            filled = told[f"{column.name}__filled"] - (wrong if column.kind == "drug" else 0)
            enough = filled >= LEAST_FOR_RANGE
            row = {
                "table": name, "column": column.name, "rows": told["rows"], "filled": filled,
                "empty": told["rows"] - filled - wrong, "unusable": wrong,
                "share": filled / told["rows"] if told["rows"] else None, "unit": column.unit,
            }  # fmt: skip
            for label in ("low", "median", "high"):
                row[label] = told.get(f"{column.name}__{label}") if enough else None
            rows.append(row)
    frame = pd.DataFrame(rows, columns=COMPLETENESS_COLUMNS)
    return frame.astype(dict.fromkeys(("share", "low", "median", "high"), "float64"))


def _middle_of(table: ir.Table, name: str) -> list[tuple[str, float | None]]:
    """Give the quantiles of a column of numbers, from how often each value is there.

    There are few values: the engine's own quantiles would hold all rows, which are many.
    """
    column = table.filter(table[name].notnull()).select(value=table[name].cast("float64"))
    counted = column.group_by("value").agg(rows=column.count()).order_by("value").to_pyarrow()
    if not counted.num_rows:
        return [(label, None) for label in _MIDDLE]
    values = counted["value"].to_numpy()
    upto = np.cumsum(counted["rows"].to_numpy())
    found: list[tuple[str, float | None]] = []
    for label, share in _MIDDLE.items():
        place = (upto[-1] - 1) * share
        low, high = (
            float(values[np.searchsorted(upto, at, side="right")])
            for at in (np.floor(place), np.ceil(place))
        )
        found.append((label, low + (high - low) * (place - np.floor(place))))
    return found


def find_impossible(
    engine: Engine,
    tables: Mapping[str, ir.Table],
    gap_days: int,
    parts: Sequence[Part] = WHOLE,
) -> pd.DataFrame:
    """Find sequences of rows that cannot be, or hardly.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    tables
        Accepted tables by name.
    gap_days
        Trials of one drug with at most this many days between them are adjacent.
    parts
        Of the patients: so many are looked at at a time.

    Returns
    -------
    DataFrame
        :data:`FAULT_COLUMNS`: per table and rule the rows, and the lines of the first
        :data:`LINES_TOLD`. Rules without a row are not there. Dose steps of trials that another
        drop brought are not judged.
    """
    found = []
    for part in parts:
        own = {name: part.of(table) for name, table in tables.items()}
        faults = [
            rows.select(table=ibis.literal(name), rule=ibis.literal(rule), line=rows.line)
            for name, rule, rows in (
                *_of_trials(engine, own["trials"], own["patients"], gap_days),
                *_of_doses(own["doses"], own["trials"]),
                *_of_patients(own["patients"]),
            )
        ]
        found.append(ibis.union(*faults).to_pyarrow().to_pandas())
    return summarise_faults(pd.concat(found, ignore_index=True))


Found = list[tuple[str, str, ir.Table]]


def _of_trials(engine: Engine, trials: ir.Table, patients: ir.Table, gap_days: int) -> Found:
    known = trials.filter(trials.drug_key.notnull())
    before = ibis.window(
        group_by=["patient_id", "drug_key"],
        order_by=["start_day", "trial_id"],
        preceding=(None, 1),
    )
    gaps = engine.keep(
        known.mutate(gap=known.start_day - known.stop_day.max().over(before)).select("line", "gap")
    )
    observed = patients.filter(patients.last_observed_day.notnull()).select(
        "patient_id", "last_observed_day"
    )
    ended = trials.join(observed, "patient_id")
    return [
        ("trials", "overlapping_trials_of_one_drug", gaps.filter(gaps.gap < 0)),
        ("trials", "adjacent_trials_of_one_drug",
         gaps.filter((gaps.gap >= 0) & (gaps.gap <= gap_days))),
        ("trials", "endpoint_before_baseline",
         trials.filter(trials.endpoint_day < trials.baseline_day)),
        ("trials", "endpoint_before_start", trials.filter(trials.endpoint_day < trials.start_day)),
        ("trials", "starts_after_last_observed_day",
         ended.filter(ended.start_day > ended.last_observed_day)),
    ]  # fmt: skip


def _of_doses(doses: ir.Table, trials: ir.Table) -> Found:
    own = trials.select("patient_id", "trial_id", trial_start="start_day", trial_stop="stop_day")
    steps = doses.join(own, ["patient_id", "trial_id"])
    outside = (
        (steps.start_day < steps.trial_start)
        | (steps.start_day >= steps.trial_stop)
        | (steps.stop_day > steps.trial_stop)
    )
    before = ibis.window(
        group_by=["patient_id", "trial_id"], order_by="start_day", preceding=(None, 1)
    )
    timed = doses.mutate(earlier_stop=doses.stop_day.max().over(before))
    return [
        ("doses", "dose_step_outside_trial", steps.filter(outside)),
        ("doses", "overlapping_dose_steps", timed.filter(timed.start_day < timed.earlier_stop)),
    ]


def _of_patients(patients: ir.Table) -> Found:
    return [
        ("patients", "onset_after_age",
         patients.filter(patients.age_at_onset_years > patients.age_years)),
    ]  # fmt: skip


def summarise_faults(table: pd.DataFrame) -> pd.DataFrame:
    """Count faults by table and rule.

    Parameters
    ----------
    table
        One row a fault: ``table``, ``rule``, ``line``.

    Returns
    -------
    DataFrame
        :data:`FAULT_COLUMNS`, the most frequent first; ``lines`` as text, ``...`` for more.
    """
    rows = []
    for (name, rule), part in table.groupby(["table", "rule"], sort=True):
        lines = sorted({int(line) for line in part["line"].dropna()})
        told = ", ".join(str(line) for line in lines[:LINES_TOLD])
        rows.append((name, rule, len(part), told + (", ..." if len(lines) > LINES_TOLD else "")))
    frame = pd.DataFrame(rows, columns=FAULT_COLUMNS)
    return frame.sort_values("rows", ascending=False, kind="stable", ignore_index=True)


def summarise_findings(findings: pd.DataFrame) -> pd.DataFrame:
    """Count findings of rows by table, column and rule; adjacent rows stand among sequences."""
    rows = findings[findings["line"].notna()]
    rows = rows[rows["rule"] != "adjacent_rows_of_one_drug"]
    named = rows["rule"].where(rows["column"] == "", rows["column"] + ": " + rows["rule"])
    return summarise_faults(rows.assign(rule=named))


def compare_completeness(own: pd.DataFrame, others: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add ``share_others``, the share of filled cells in the other drops together."""
    if not others:
        return own.assign(share_others=float("nan"))
    stacked = pd.concat(others).groupby(["table", "column"])[["rows", "filled"]].sum()
    shares = (stacked["filled"] / stacked["rows"].where(stacked["rows"] > 0)).astype("float64")
    return own.merge(shares.rename("share_others"), on=["table", "column"], how="left")
