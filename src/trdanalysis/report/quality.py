"""Quality of a drop as a page for its site, and as text for the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.pages import render_page
from trdanalysis.report.tables import Table

#: A column is told to differ from other drops where its share of filled cells does by this much.
LEAST_DIFFERENCE = 0.10

#: Why rows are set aside, and which sequences hardly can be.
QUARANTINE_REASONS = {
    "missing_key": "no key, or one that cannot be used",
    "unknown_patient": "the patient has no accepted row in patients",
    "unknown_trial": "the trial has no accepted row in trials",
    "start_day_unreadable": "no start day, or no whole number",
    "stop_day_unreadable": "the stop day is no whole number",
    "stop_not_after_start": "stops on the day it starts, or before",
    "conflicting_rows": "several rows of one key that differ",
}
SEQUENCES = {
    "overlapping_trials_of_one_drug": "starts before an earlier trial of the same drug stops",
    "adjacent_trials_of_one_drug": "starts at most 14 days after one of the same drug: one course?",
    "endpoint_before_baseline": "the endpoint was rated before the baseline",
    "endpoint_before_start": "the endpoint was rated before the trial starts",
    "starts_after_last_observed_day": "starts after the patient was last observed",
    "dose_step_outside_trial": "a dose step starts or stops outside its trial",
    "overlapping_dose_steps": "starts before an earlier dose step of the trial stops",
    "onset_after_age": "older at onset than at the first trial",
}


@dataclass(frozen=True)
class Quality:
    """What is told of a drop.

    Attributes
    ----------
    drop_id, mode
        The drop.
    balance
        By table: ``rows_in``, ``accepted``, ``duplicates``, ``quarantined``,
        ``cells_set_unknown``.
    completeness
        See :func:`trdanalysis.intake.quality.compare_completeness`.
    over_drops
        By drop, what :func:`trdanalysis.intake.quality.measure_columns` gives.
    sequences, quarantine, findings
        Faults by table and rule.
    columns
        Absent and extra columns by table.
    """

    drop_id: str
    mode: str
    balance: Mapping[str, Mapping[str, int]]
    completeness: pd.DataFrame
    over_drops: Mapping[str, pd.DataFrame]
    sequences: pd.DataFrame
    quarantine: pd.DataFrame
    findings: pd.DataFrame
    columns: Mapping[str, Mapping[str, list[str]]]


def render_quality(quality: Quality) -> str:
    """Render the page: one file, no scripts, nothing from outside."""
    return render_page(
        "quality.html.j2",
        scripted=True,
        drop_id=quality.drop_id,
        mode=quality.mode,
        tables=make_tables(quality),
    )


def render_console(quality: Quality, waits: int = 0) -> str:
    """Write the same as text; ``waits``: drops before an increment that were not taken in yet."""
    parts = [f"Drop {quality.drop_id} ({quality.mode}): it would be taken in."]
    if waits:
        parts.append(
            f"{waits} drop(s) before this increment are not in the results yet: rows of their"
            " patients are set aside here as of unknown patients. Run `snakemake` for them first."
        )
    for _, table in make_tables(quality):
        parts.append(_as_text(table))
    return "\n\n".join(parts) + "\n"


def make_tables(quality: Quality) -> list[tuple[str, Table]]:
    """Make the tables of page and console, each with the title of its section."""
    made = [
        ("Balance of rows", _balance_table(quality)),
        ("Set aside", _fault_table(quality.quarantine, QUARANTINE_REASONS,
                                   "Rows in quarantine, by reason", "No row was set aside")),
        ("Impossible sequences", _fault_table(quality.sequences, SEQUENCES,
                                              "Accepted rows that hardly can be as they stand",
                                              "None was found")),
        ("Cells and rows", _fault_table(quality.findings, {},
                                        "Cells that became unknown, and duplicates",
                                        "Nothing was found")),
        ("Columns", _column_table(quality)),
        ("Completeness", _completeness_table(quality.completeness)),
    ]  # fmt: skip
    if len(quality.over_drops) > 1:
        made.append(("Completeness over drops", _over_drops_table(quality)))
    return made


def _balance_table(quality: Quality) -> Table:
    names = ("rows_in", "accepted", "duplicates", "quarantined", "cells_set_unknown")
    return Table(
        "Rows in = accepted + duplicates + quarantined",
        ("Table", *(words.words(name) for name in names)),
        [
            [table, *(words.count(row[name]) for name in names)]
            for table, row in quality.balance.items()
        ],
    )


def _fault_table(
    faults: pd.DataFrame, titles: Mapping[str, str], caption: str, empty: str
) -> Table:
    return Table(
        caption,
        ("Table", "what", "rows", "lines"),
        [
            [row["table"], titles.get(row["rule"], words.words(row["rule"])),
             words.count(row["rows"]), row["lines"]]
            for row in faults.to_dict("records")
        ],
        frozenset({0, 1, 3}),
        empty=f"{empty}.",
    )  # fmt: skip


def _column_table(quality: Quality) -> Table:
    rows = []
    for table, odd in quality.columns.items():
        for title, key in (
            ("absent, so unknown throughout", "absent"),
            ("extra, not used", "extra"),
        ):
            if odd[key]:
                rows.append([table, title, words.count(len(odd[key])), ", ".join(odd[key])])
    return Table(
        "Columns that are absent or extra",
        ("Table", "what", "columns", "names"),
        rows,
        frozenset({0, 1, 3}),
        empty="Every column is there, and no other.",
    )


def _completeness_table(completeness: pd.DataFrame) -> Table:
    rows = []
    for row in completeness.to_dict("records"):
        apart = row["share"] - row["share_others"]
        mark = "" if pd.isna(apart) or abs(apart) < LEAST_DIFFERENCE else " (!)"
        rows.append(
            [
                f"{row['table']}.{row['column']}", words.count(row["filled"]),
                words.count(row["empty"]), words.count(row["unusable"]),
                words.percent(row["share"]), words.percent(row["share_others"]) + mark,
                _range(row), "" if pd.isna(row["unit"]) else row["unit"],
            ]
        )  # fmt: skip
    return Table(
        "Accepted rows, by column; (!) marks a share of filled cells that is"
        f" {100 * LEAST_DIFFERENCE:.0f} points or more from that of the other drops",
        ("Column", "filled", "empty", "unusable", "filled, %", "other drops", "5% to 95% (median)",
         "unit"),
        rows,
        frozenset({0, 7}),
        empty="No table was read.",
    )  # fmt: skip


def _range(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["low"]):
        return words.NOTHING
    return f"{row['low']:.4g} to {row['high']:.4g} ({row['median']:.4g})"


def _over_drops_table(quality: Quality) -> Table:
    names = list(quality.over_drops)
    shares = {
        name: table.set_index(["table", "column"])["share"]
        for name, table in quality.over_drops.items()
    }
    rows = [
        [f"{table}.{column}", *(words.percent(shares[name].get((table, column))) for name in names)]
        for table, column in shares[quality.drop_id].index
    ]
    return Table("Share of filled cells in each drop", ("Column", *names), rows)


def _as_text(table: Table) -> str:
    """Lay a table out in columns of characters."""
    if not table.rows:
        return f"{table.caption}: {table.empty[0].lower()}{table.empty[1:]}"
    lines = [list(table.heads), *(list(row) for row in table.rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(table.heads))]
    shown = [
        "  ".join(
            cell.ljust(width) if place in table.text_columns else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([f"{table.caption}:", *(f"  {line}" for line in shown)])
