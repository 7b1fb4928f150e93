"""Definitions side by side: rates under each, agreement of each two, and who is in which set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from trdanalysis.analysis.agreement import LABELS, NONE
from trdanalysis.report import words
from trdanalysis.report.sections import as_counted, rate_rows
from trdanalysis.report.tables import Table, counts, is_hidden
from trdanalysis.rows import list_rows

if TYPE_CHECKING:
    from trdanalysis.report.drawing.sets import SetBar, SetRow

#: Sets that the figure has room for.
DRAWN_SETS = 20

_SPACE = "\N{NO-BREAK SPACE}"


def make_agreement(
    rates: pd.DataFrame,
    definition_counts: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    definitions: Sequence[str],
    reference: float,
    margin: float,
) -> dict[str, Any]:
    """Make what the page shows of several definitions.

    Parameters
    ----------
    rates, definition_counts
        rates.csv and definitions.csv, after disclosure control.
    tables
        The other published tables by name, after disclosure control.
    definitions
        Ids in the order of the run.
    reference, margin
        Fractions.

    Returns
    -------
    dict
        Tables, the figure and what is said of it, by the names that ``agreement.html.j2`` uses.
    """
    pairs, overlaps = tables["agreement"], tables["overlaps"]
    bars, shown = set_bars(overlaps, definitions)
    return {
        "count": len(definitions),
        "rates": side_by_side_table(rates, definitions, reference, margin),
        "kappas": kappa_table(pairs, definitions),
        "pairs": pair_table(pairs),
        "cells": [
            {"definition": name, "table": cell_table(pairs, name)} for name in definitions[:-1]
        ],
        "figure": _figure(shown, definition_counts, definitions),
        "n_not_drawn": len(bars) - len(shown),
        "overlaps": overlap_table(overlaps),
    }


def side_by_side_table(
    rates: pd.DataFrame, definitions: Sequence[str], reference: float, margin: float
) -> Table:
    """Write the overall rates, one row a definition and one column an estimand."""
    counted = as_counted(rates)
    overall = list_rows(counted[counted["stratum"] == "overall"])
    cells = {
        (row["definition"], row["estimand"]): _rate_cell(row, reference, margin) for row in overall
    }
    names = [name for name in words.ESTIMANDS if any(name == key[1] for key in cells)]
    return Table(
        "Each overall rate under each definition, in brackets its bounds: the rate if every unknown"
        " were a no, and if every unknown were a yes. Of proven shares"
        " (\N{GREATER-THAN OR EQUAL TO}) the bounds are the result. Adults and patients of unknown"
        " age",
        ("Definition", *(words.ESTIMANDS[name]["title"] for name in names)),
        [
            [definition, *(cells.get((definition, name), words.NOTHING) for name in names)]
            for definition in definitions
        ],
        frozenset(range(len(names) + 1)),
    )


def _rate_cell(row: Mapping[str, Any], reference: float, margin: float) -> str:
    shown = rate_rows(pd.DataFrame([dict(row)]), reference, margin)[0]
    if shown["rate"] in (words.HIDDEN, words.NOTHING):
        return str(shown["rate"])
    at_least = "\N{GREATER-THAN OR EQUAL TO}" + _SPACE
    rate = shown["rate"].replace("at least ", at_least)
    return f"{rate} {_in_brackets(shown['bounds'].removesuffix('%'))}"


def _in_brackets(limits: str) -> str:
    """Keep a range together: a narrow cell breaks before it, not inside."""
    return f"({limits.replace(' ', _SPACE)})"


def kappa_table(agreement: pd.DataFrame, definitions: Sequence[str]) -> Table:
    """Write every pair's kappa above the diagonal, and the overlap of TRD below it."""
    found = {}
    for row in list_rows(agreement):
        one, other = row["definition"], row["versus"]
        found[one, other] = kappa_text(row)
        found[other, one] = _share(row, "jaccard")
    return Table(
        "Above the diagonal Cohen's kappa with its 95% interval, below it the overlap: TRD by both,"
        " of TRD by either; of patients labelled by both",
        ("Definition", *(str(place) for place in range(1, len(definitions) + 1))),
        [
            [f"{place} {one}", *(found.get((one, other), "") for other in definitions)]
            for place, one in enumerate(definitions, 1)
        ],
        frozenset(range(len(definitions) + 1)),
    )


def pair_table(agreement: pd.DataFrame) -> Table:
    """Write every pair's counts and measures."""
    rows = [
        [
            row["definition"],
            row["versus"],
            *counts(row, ("n", "n_labelled")),
            _share(row, "observed_agreement"),
            kappa_text(row),
            *counts(row, ("trd_trd", "trd_not_trd", "not_trd_trd")),
            _share(row, "jaccard"),
            _share(row, "positive_agreement"),
            _share(row, "negative_agreement"),
            "" if pd.isna(row["reason"]) else words.AGREEMENT_REASONS[row["reason"]],
        ]
        for row in list_rows(agreement)
    ]
    return Table(
        "Each two definitions. Everything right of “labelled by both” is of these patients. TRD"
        " shared, not TRD shared: of these labels, how many the other definition gives too",
        ("First", "second", "patients", "labelled by both", "agree", "kappa (95% interval)",
         "TRD by both", "TRD by the first only", "TRD by the second only", "overlap",
         "TRD shared", "not TRD shared", "remark"),
        rows,
        frozenset({0, 1, 12}),
    )  # fmt: skip


def cell_table(agreement: pd.DataFrame, definition: str) -> Table:
    """Write the three-by-three tables of one definition with each that comes after it."""
    rows = []
    for row in list_rows(agreement[agreement["definition"] == definition]):
        for label in LABELS:
            own = counts(row, (f"{label}_{other}" for other in LABELS))
            rows.append([f"{row['versus']}", words.LABELS[label], *own])
    return Table(
        f"Down: the label by {definition}. Across: that by the other definition. Patients of any"
        " age",
        ("Other definition", f"by {definition}", *(words.LABELS[label] for label in LABELS)),
        rows,
        frozenset({0, 1}),
    )


def kappa_text(row: Mapping[str, Any]) -> str:
    """Write a pair's kappa with its interval."""
    if is_hidden(row):
        return words.HIDDEN
    if pd.isna(row["kappa"]):
        return words.NOTHING
    value = words.decimal(row["kappa"])
    if pd.isna(row["ci_low"]):
        return value
    limits = words.decimal_range(row["ci_low"], row["ci_high"])
    return f"{value} {_in_brackets(limits)}"


def _share(row: Mapping[str, Any], name: str) -> str:
    return words.HIDDEN if is_hidden(row) else words.percent(row[name])


def overlap_table(overlaps: pd.DataFrame) -> Table:
    """Write how many patients each set of definitions calls treatment-resistant."""
    return Table(
        "Patients of any age by the definitions that call them treatment-resistant, and of how many"
        " another definition cannot tell",
        ("TRD by", "definitions", "patients", "of them indeterminate by another"),
        [
            [
                row["definitions"],
                words.count(row["n_definitions"]),
                *counts(row, ("n", "n_indeterminate")),
            ]
            for row in list_rows(overlaps)
        ],
    )


def set_bars(
    overlaps: pd.DataFrame, definitions: Sequence[str]
) -> tuple[list[SetBar], list[SetBar]]:
    """Give a bar for each set that is neither hidden nor empty; and those drawn, largest first."""
    # What draws takes a second to import: who only writes tables does without.
    from trdanalysis.report.drawing.sets import SetBar

    places = {name: place for place, name in enumerate(definitions)}
    bars = [
        SetBar(
            frozenset(places[name] for name in row["definitions"].split("; ")),
            int(row["n"]),
            int(row["n_indeterminate"]),
        )
        for row in list_rows(overlaps)
        if not is_hidden(row) and row["definitions"] != NONE and not pd.isna(row["n"])
    ]
    return bars, sorted(bars, key=lambda bar: -bar.n)[:DRAWN_SETS]


def set_rows(definition_counts: pd.DataFrame, definitions: Sequence[str]) -> list[SetRow]:
    """Give the rows of the figure: each definition with how many it calls resistant."""
    from trdanalysis.report.drawing.sets import SetRow

    trd = definition_counts.set_index("definition")["trd"]
    return [
        SetRow(name, words.HIDDEN if pd.isna(trd.get(name)) else words.count(trd[name]))
        for name in definitions
    ]


def _figure(
    bars: Sequence[SetBar], definition_counts: pd.DataFrame, definitions: Sequence[str]
) -> Markup:
    from trdanalysis.report.drawing.sets import render_sets

    # The figure comes from a drawing library, which has escaped every text in it.
    return Markup(
        render_sets(
            bars,
            set_rows(definition_counts, definitions),
            title="How many patients each set of definitions calls treatment-resistant; the numbers"
            " stand in the table below the figure",
            name="overlap",
        )  # fmt: skip
    )
