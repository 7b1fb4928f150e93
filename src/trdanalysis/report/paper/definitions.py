"""Tables of definitions: side by side, and the agreement of each two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.notes import PROVEN, RECORDS_END, about_table
from trdanalysis.report.paper.rate_tables import rate_cells
from trdanalysis.report.paper.table import Cell, Column, PaperTable, Row, from_page
from trdanalysis.report.sections import as_counted, rate_rows
from trdanalysis.report.tables import with_limits
from trdanalysis.rows import list_rows

_COLUMNS = (
    Column("patients", "Patients", "Labels, all ages"),
    *(Column(name, label, "Labels, all ages") for name, label in words.LABELS.items()),
    Column("events_of_n", "Events/n", "TRD among treated adults"),
    Column("rate", "Proven share (95% CI)", "TRD among treated adults"),
    Column("bounds", "Bounds", "TRD among treated adults"),
    Column("conclusion", "Against {reference}", "TRD among treated adults", is_text=True),
    Column("kappa", "Kappa (95% CI)", "Agreement with the primary", marks=("kappa",)),
    Column("overlap", "Overlap", "Agreement with the primary", marks=("overlap",)),
)

NOTES = {
    "kappa": "Cohen's kappa with the primary definition, of patients labelled by both.",
    "overlap": "TRD by both definitions, of TRD by either.",
    "primary": "The primary definition.",
    "stands": "The conclusion does not hold at both bounds.",
    "exact": "Exact: Clopper and Pearson's interval, beside Wilson's where n is under 30.",
    "again": "As in an earlier release, since when few came or went.",
    "unconfirmed": "Has thresholds that its source does not confirm.",
}


def definitions_table(disclosed: Disclosed) -> PaperTable:
    """Describe Table 4: what each definition labels, and how it agrees with the primary one."""
    labelled = {row["definition"]: row for row in list_rows(disclosed.tables["definitions"])}
    trd = _trd_rows(disclosed)
    agreed = _agreed(disclosed)
    ids = disclosed.definition_ids
    rows = tuple(
        _row(name, name == disclosed.primary, labelled[name], trd.get(name), agreed.get(name))
        for name in ids
        if name in labelled
    )
    share = words.percent(disclosed.reference, 0)
    columns = tuple(
        Column(one.key, one.label.format(reference=share), one.spanner, one.is_text, one.marks)
        for one in _COLUMNS
    )
    shown = [one.key for one in columns]
    said = []
    if len(ids) == 1:
        said = [f"This run has one definition, {ids[0]}: there is none to compare it with."]
        shown = [name for name in shown if name not in ("kappa", "overlap")]
    titles = "; ".join(f"{one['id']}: {str(one['title']).rstrip('.')}"
                       for one in disclosed.definitions)  # fmt: skip
    trd_words = words.ESTIMANDS["trd"]
    return PaperTable(
        "4",
        "Definitions of treatment-resistant depression side by side",
        "Definition",
        columns,
        rows,
        tuple(shown),
        NOTES,
        about_table(
            disclosed, "4",
            [*said, f"{trd_words['title']}: of {trd_words['population']}, adults and patients of"
             f" unknown age; event: {trd_words['event']}.", PROVEN,
             "TRD: treatment-resistant depression. CI: confidence interval (Wilson). Bounds: the"
             " share if nobody of the indeterminate were resistant, and if all were.",
             RECORDS_END],
            definition=f"Definitions: {titles}.",
        ),
    )  # fmt: skip


def _trd_rows(disclosed: Disclosed) -> dict[str, dict[str, Any]]:
    rates = as_counted(disclosed.tables["rates"])
    own = rates[(rates["estimand"] == "trd") & (rates["stratum"] == "overall")]
    written = rate_rows(own, disclosed.reference, disclosed.margin)
    return {
        row["definition"]: rate_cells(row, shown)
        for row, shown in zip(list_rows(own), written, strict=True)
    }


def _agreed(disclosed: Disclosed) -> dict[str, Mapping[str, Any]]:
    """Give each definition's agreement with the primary one; pairs stand in the table once."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in list_rows(disclosed.tables["agreement"]):
        pair = [row["definition"], row["versus"]]
        if disclosed.primary in pair:
            pair.remove(disclosed.primary)
            found[pair[0]] = row
    return found


def _row(
    name: str,
    is_primary: bool,
    labelled: Mapping[str, Any],
    rate: Mapping[str, Cell] | None,
    agreed: Mapping[str, Any] | None,
) -> Row:
    none = Cell(words.NOTHING)
    # Counts of definitions carry no status: what is empty is hidden.
    labels = [
        Cell(words.HIDDEN if pd.isna(labelled[key]) else words.count(labelled[key]))
        for key in ("n", *words.LABELS)
    ]
    rates = [rate[key] if rate else none for key in ("events_of_n", "rate", "bounds", "conclusion")]
    kappa, overlap = Cell(""), Cell("")
    if agreed is not None:
        is_hidden = agreed["status"] == "suppressed"
        value = with_limits(agreed["kappa"], agreed["ci_low"], agreed["ci_high"])
        kappa = Cell(words.HIDDEN if is_hidden else value)
        overlap = Cell(words.HIDDEN if is_hidden else words.percent(agreed["jaccard"]))
    elif not is_primary:
        kappa = overlap = none
    marks = ("primary",) if is_primary else ()
    if not pd.isna(labelled["unconfirmed"]) and labelled["unconfirmed"]:
        marks = (*marks, "unconfirmed")
    return Row(name, name, (*labels, *rates, kappa, overlap), marks=marks)


def pairs_table(disclosed: Disclosed) -> PaperTable:
    """Describe the agreement of every two definitions."""
    # It imports the engine, which no other table needs.
    from trdanalysis.report.agreement import pair_table

    part = pair_table(disclosed.tables["agreement"])
    return from_page(
        "s20",
        "Agreement of every two definitions",
        [("", part)],
        about=about_table(
            disclosed, "s20",
            ["Agree and everything right of it: of patients labelled by both. Overlap: TRD by both,"
             " of TRD by either. TRD shared, not TRD shared: of these labels, how many the other"
             " definition gives too.", RECORDS_END],
            definition="Definitions: " + ", ".join(disclosed.definition_ids) + ".",
        ),
        empty="This run has one definition.",
    )  # fmt: skip
