"""What changed since the last run, and how drops differ, as the page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trdanalysis.analysis.drift import ALPHA, LEAST_DIFFERENCE
from trdanalysis.analysis.label_changes import ABSENT, LABELS
from trdanalysis.report import words
from trdanalysis.report.tables import Table, counts, is_hidden
from trdanalysis.rows import list_rows


def make_changes(tables: Mapping[str, pd.DataFrame], definitions: Sequence[str]) -> dict[str, Any]:
    """Make what the page shows of changes.

    Parameters
    ----------
    tables
        Published tables by name, after disclosure control.
    definitions
        Ids in the order of the run.

    Returns
    -------
    dict
        Tables and numbers by the names that ``changes.html.j2`` uses.
    """
    flows, drift = tables["label_flows"], tables["drift"]
    return {
        "has_earlier": len(flows) > 0,
        "flows": [
            flow_table(flows, name) for name in definitions if (flows["definition"] == name).any()
        ],
        "rates": moved_table(tables["rate_changes"], definitions),
        "n_tests": int(drift["n_tests"].dropna().max()) if drift["n_tests"].notna().any() else 0,
        "alpha": ALPHA,
        "least": f"{100 * LEAST_DIFFERENCE:.0f}",
        "drift": drift_table(drift),
    }


def flow_table(flows: pd.DataFrame, definition: str) -> Table:
    """Write patients by label before (rows) and now (columns)."""
    own = {
        (row["label_before"], row["label_now"]): row
        for row in list_rows(flows[flows["definition"] == definition])
    }
    names = (*LABELS, ABSENT)
    return Table(
        f"Patients by label in the last run (rows) and now (columns), {definition}",
        ("In the last run", *(words.FLOW_LABELS[name] for name in names)),
        [
            [words.FLOW_LABELS[old],
             *(counts(own[old, new], ["n"])[0] if (old, new) in own else words.NOTHING
               for new in names)]
            for old in names
        ],
    )  # fmt: skip


def moved_table(rates: pd.DataFrame, definitions: Sequence[str]) -> Table:
    """Write the overall rates of both runs."""
    several = len(definitions) > 1
    rows = []
    for row in list_rows(rates):
        at_least = "at least " if row["analysis"] == "proven" else ""
        title = words.ESTIMANDS[row["estimand"]]["title"]
        shown = (
            [words.HIDDEN] * 5
            if is_hidden(row)
            else [
                *counts(row, ["n_before"]), _rate(at_least, row["rate_before"]),
                *counts(row, ["n"]), _rate(at_least, row["rate"]), words.points(row["difference"]),
            ]
        )  # fmt: skip
        rows.append([f"{title} ({row['definition']})" if several else title, *shown])
    return Table(
        "Overall rates in the last run and now; difference in percentage points",
        ("What", "n before", "rate before", "n now", "rate now", "difference"),
        rows,
        empty="No rate of both runs.",
    )


def _rate(at_least: str, value: Any) -> str:
    return words.NOTHING if pd.isna(value) else at_least + words.percent(value)


def drift_table(drift: pd.DataFrame) -> Table:
    """Write where drops differ: measures called drift only."""
    told = drift[drift["drifted"].fillna(False).astype(bool)]
    told = told.sort_values("difference", key=lambda values: -values.abs(), kind="stable")
    return Table(
        "Where a drop differs from the others, the largest differences first",
        ("Column", "what", "drop", "n", "here", "in the others", "difference", "adjusted p"),
        [
            [
                f"{words.words(row['column'])} ({row['table']})", words.MEASURES[row["measure"]],
                row["drop_id"], words.count(row["n"]), words.percent(row["value"]),
                words.percent(row["value_others"]), words.points(row["difference"]),
                words.p_value(row["p_adjusted"]),
            ]
            for row in list_rows(told)
        ],
        frozenset({0, 1, 2}),
        empty="Nowhere, by these two rules.",
    )  # fmt: skip
