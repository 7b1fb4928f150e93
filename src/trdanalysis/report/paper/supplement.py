"""Attrition and supplementary tables: what a reviewer asks for next."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from trdanalysis.report import statistics, words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.multiverse import axes_table, label_cells, tell_multiverse
from trdanalysis.report.paper.notes import ADULTS, COUNTED, RECORDS_END, about_table
from trdanalysis.report.paper.table import Cell, Column, PaperTable, Row, from_page
from trdanalysis.report.sections import attrition_flow, benchmark_rows, label_rows
from trdanalysis.report.tables import Table, counts
from trdanalysis.rows import list_rows

#: Populations whose way is told; those of remission are the same but for the outcome's name.
_FLOWS = ("initial_adequate_trial", "initial_trial", "any_adequate_trial", "trd",
          "pseudo_resistance")  # fmt: skip
_TIPPED = (*statistics.PRIMARY, "trd")


def _title(name: str) -> str:
    return words.ESTIMANDS[name]["title"]


def _estimated(disclosed: Disclosed, table: str) -> list[str]:
    """Give the estimands that a table has of the primary definition, in the report's order."""
    rows = disclosed.tables[table]
    found = set(rows.loc[rows["definition"] == disclosed.primary, "estimand"])
    return [name for name in words.ESTIMANDS if name in found]


def attrition_table(disclosed: Disclosed) -> PaperTable:
    """Describe the way from all patients to those counted."""
    columns = (
        Column("entered", "Entered"),
        Column("out", "Left out"),
        Column("remaining", "Remaining"),
        Column("unknown", "Of them unknown", marks=("unknown",)),
    )
    rows = []
    for name in _FLOWS:
        for place, step in enumerate(
            attrition_flow(disclosed.tables["attrition"], disclosed.primary, name)
        ):
            cells = tuple(Cell(step[key]) for key in ("n_in", "out", "left", "unknown"))
            rows.append(
                Row(f"{name}_{place + 1}", step["step"].capitalize().replace("mdd", "MDD"), cells,
                    _title(name), name, 1)
            )  # fmt: skip
    return PaperTable(
        "5",
        "From all accepted patients and trials to those counted",
        "Step",
        columns,
        tuple(rows),
        tuple(one.key for one in columns),
        {"unknown": "This or an earlier step cannot be told. They stay in until a later step leaves"
         " them out; at the end they are counted as unknown, not in n."},
        about_table(disclosed, "5",
                    ["Of non-response to any adequate trial trials are counted, else patients.",
                     RECORDS_END]),
    )  # fmt: skip


def sensitivity_table(disclosed: Disclosed) -> PaperTable:
    """Describe every overall rate under other assumptions about what is missing."""
    part = statistics.sensitivity_table(
        disclosed.tables["rates"], disclosed.primary, disclosed.reference, disclosed.margin
    )
    return from_page(
        "s1",
        "Sensitivity to missing outcomes: the same rates under other assumptions",
        [("", part)],
        about=about_table(disclosed, "s1", [COUNTED, ADULTS], _estimated(disclosed, "rates")),
        grouped=True,
    )


def tipping_table(disclosed: Disclosed) -> PaperTable:
    """Describe at how many events among the unknown a conclusion changes."""
    parts = [
        (_title(name),
         statistics.tipping_table(disclosed.tables["tipping"], disclosed.primary, name,
                                  disclosed.reference, disclosed.margin))
        for name in _TIPPED
    ]  # fmt: skip
    return from_page(
        "s2",
        "Tipping points: the rate if so many of the unknown had the event",
        parts,
        about=about_table(
            disclosed, "s2",
            ["As counted: whether the conclusion is that of the rate as it was counted.", ADULTS],
            _TIPPED,
        ),
        empty="Nothing is unknown.",
    )  # fmt: skip


def multiverse_table(disclosed: Disclosed) -> PaperTable:
    """Describe the rate of resistance over the whole grid of thresholds."""
    cells = disclosed.tables["multiverse"]
    return from_page(
        "s3",
        "Multiverse: the proven share of treatment resistance by threshold, over all cells of the"
        " grid",
        [("", axes_table(label_cells(cells)[1]))],
        about=about_table(
            disclosed, "s3",
            [*tell_multiverse(cells, disclosed.primary),
             "Range: of the means, in percentage points. Counts of cells are rounded, see the"
             " policy.", RECORDS_END],
        ),
        empty="Every cell is hidden, or there is none.",
    )  # fmt: skip


def benchmark_table(disclosed: Disclosed) -> PaperTable:
    """Describe the overall rates beside published ones."""
    written = benchmark_rows(disclosed.tables["benchmarks"], disclosed.published, disclosed.primary)
    own = {row["estimand"]: row for row in list_rows(_overall(disclosed))}
    columns = (
        Column("study", "Study", is_text=True),
        Column("published_n", "n", "Published"),
        Column("published", "Rate (95% CI)", "Published"),
        Column("rate", "Rate", "Here"),
        Column("difference", "Difference (95% CI)", "Here"),
        Column("same", "Same quantity", is_text=True, marks=("same",)),
    )
    rows = []
    for row in written:
        here = own.get(row["estimand"])
        rate = words.HIDDEN
        if here is not None and not pd.isna(here["rate"]):
            at_least = "at least " if here["analysis"] == "proven" else ""
            rate = at_least + words.percent(here["rate"])
        difference = row["difference"]
        if row["interval"] != words.NOTHING:
            difference = f"{difference} ({row['interval']})"
        texts = (row["study"], row["published_n"], row["published"], rate, difference, row["same"])
        rows.append(
            Row(row["reference_id"], row["reference_id"], tuple(Cell(text) for text in texts),
                row["title"], row["estimand"], 1)
        )  # fmt: skip
    names = list(dict.fromkeys(row["estimand"] for row in written))
    return PaperTable(
        "s4", "Overall rates beside published rates of the same quantity", "Reference", columns,
        tuple(rows), tuple(one.key for one in columns),
        {"same": "No: a rate of something near, for orientation only."},
        about_table(
            disclosed, "s4",
            ["Difference: here minus published, in percentage points, with Newcombe's interval"
             " where the study tells its n. CI: confidence interval.",
             *(f"{row['reference_id']}: {row['population']}; {row['metric']}. {row['source']}."
               for row in _first_of_each(written))],
            names,
        ),
        empty="No rate has a published one beside it.",
    )  # fmt: skip


def _first_of_each(written: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return list({row["reference_id"]: row for row in written}.values())


def _overall(disclosed: Disclosed) -> pd.DataFrame:
    rates = disclosed.tables["rates"]
    return rates[
        (rates["definition"] == disclosed.primary)
        & (rates["stratum"] == "overall")
        & rates["analysis"].isin(["complete_case", "proven"])
    ]


def unknown_table(disclosed: Disclosed) -> PaperTable:
    """Describe how many each unknown criterion costs."""
    names = _estimated(disclosed, "unknowns")
    parts = [
        (_title(name),
         statistics.unknown_table(disclosed.tables["unknowns"], disclosed.primary, name))
        for name in names
    ]  # fmt: skip
    return from_page(
        "s5",
        "How many are not counted because a criterion is unknown",
        parts or [("", statistics.unknown_table(disclosed.tables["unknowns"], "", ""))],
        about=about_table(
            disclosed, "s5",
            ["Nothing else unknown: they would be counted if this one criterion were known. Of"
             " non-response to any adequate trial trials are counted, else patients.", ADULTS],
            names,
        ),
    )  # fmt: skip


def label_table(disclosed: Disclosed) -> PaperTable:
    """Describe the labels with their reasons, and how many rest on stated defaults."""
    written = label_rows(disclosed.tables["label_reasons"]).get(disclosed.primary, [])
    columns = (
        Column("patients", "Patients"),
        Column("on_defaults", "Of them on defaults", marks=("defaults",)),
    )
    rows = tuple(
        Row(row["reason_word"], row["reason"].capitalize().replace("mdd", "MDD"),
            (Cell(row["patients"]), Cell(row["on_defaults"])), row["label"], row["word"], 1)
        for row in written
    )  # fmt: skip
    return PaperTable(
        "s6", "Labels and their reasons, and how many rest on stated defaults", "Reason", columns,
        rows, tuple(one.key for one in columns),
        {"defaults": "Role, indication, an undated rating, a trial or dose step without an end were"
         " not given, and the label rests on what the definition takes them to be."},
        about_table(
            disclosed, "s6",
            ["Patients of any age. Each has one reason: the first that applies, in the order of the"
             " definition.", RECORDS_END],
        ),
    )  # fmt: skip


def resistance_table(disclosed: Disclosed) -> PaperTable:
    """Describe apparent against proven resistance."""
    return from_page(
        "s16",
        "Apparent against proven resistance",
        [("", statistics.resistance_table(disclosed.tables["resistance"], disclosed.primary))],
        about=about_table(
            disclosed, "s16",
            ["Treated patients with MDD, adults and of unknown age. Apparent resistance: two"
             " failures if dose, duration and adherence are not looked at.", RECORDS_END],
        ),
    )  # fmt: skip


def episode_table(disclosed: Disclosed) -> PaperTable:
    """Describe in which episode first trials lay, and how alike a patient's trials are."""
    parts = [
        (_title(name),
         statistics.episode_table(disclosed.tables["first_trials"], disclosed.primary, name))
        for name in statistics.PRIMARY
    ]  # fmt: skip
    return from_page(
        "s17",
        "Left truncation: the episode of the first recorded trial",
        parts,
        about=about_table(
            disclosed, "s17",
            ["In a later or unknown episode, earlier treatment may be missing from the records.",
             ADULTS], statistics.PRIMARY,
        ),
    )  # fmt: skip


def cluster_table(disclosed: Disclosed) -> PaperTable:
    """Describe what counting trials instead of patients does."""
    return from_page(
        "s18",
        "Several trials of a patient: how alike they are",
        [("", statistics.cluster_table(disclosed.tables["clusters"]))],
        about=about_table(disclosed, "s18", [ADULTS], ["any_adequate_trial"]),
    )


def incidence_table(disclosed: Disclosed) -> PaperTable:
    """Describe the share with a second failure by day."""
    return from_page(
        "s19",
        "Share with a second failure since the first antidepressant trial began",
        [("", statistics.incidence_table(disclosed.tables["curves"], disclosed.primary))],
        about=about_table(
            disclosed, "s19",
            ["Of MDD with at least one antidepressant trial. Kaplan and Meier's estimate with a"
             " log-log interval; censored at the last observed day. Competing risks and treatment"
             " before the records begin are not accounted for.", ADULTS, RECORDS_END],
        ),
        empty="No curve can be estimated.",
        grouped=True,
    )  # fmt: skip


def record_table(disclosed: Disclosed) -> PaperTable:
    """Describe what became of every row of every drop."""
    names = ("rows_in", "accepted", "duplicates", "quarantined", "cells_set_unknown")
    columns = tuple(Column(name, words.words(name).capitalize()) for name in names)
    rows = tuple(
        Row(f"{row['drop_id']}_{row['table']}", words.words(str(row["table"])).capitalize(),
            tuple(Cell(words.HIDDEN if pd.isna(row[name]) else words.count(row[name]))
                  for name in names),
            f"Drop {row['drop_id']}", str(row["drop_id"]), 1)
        for row in list_rows(disclosed.balance)
    )  # fmt: skip
    absent = [
        f"Not in drop {drop}: {', '.join(part['column'])}."
        for drop, part in disclosed.absent_columns.groupby("drop_id", sort=False)
    ]
    return PaperTable(
        "s21", "Records: what became of every row that was delivered", "Table", columns, rows,
        tuple(names), {},
        about_table(
            disclosed, "s21",
            ["Quarantined: rows that could not be used, kept apart and counted as possible. Cells"
             " set unknown: values out of range or not understood.", *absent],
        ),
        empty="No drop.",
    )  # fmt: skip


def attribute_table(disclosed: Disclosed) -> PaperTable:
    """Describe the attributes of the two primary estimands."""
    part: Table = statistics.attribute_table(disclosed.nonresponse)
    return from_page("s22", part.caption, [("", part)], about=about_table(disclosed, "s22"))


def grade_table(disclosed: Disclosed) -> PaperTable:
    """Describe the classes of definitions that grade resistance."""
    grades = disclosed.tables["grades"]
    rows = tuple(
        Row(f"{row['definition']}_{row['grade']}", str(row["grade"]),
            (Cell(counts(row, ("n",))[0]),), str(row["definition"]), str(row["definition"]), 1)
        for row in list_rows(grades)
    )  # fmt: skip
    return PaperTable(
        "s23", "Patients by grade of resistance, of definitions that have grades", "Grade",
        (Column("patients", "Patients"),), rows, ("patients",), {},
        about_table(disclosed, "s23", ["Patients of any age.", RECORDS_END],
                    definition="Definitions: " + ", ".join(disclosed.definition_ids) + "."),
        empty="No definition of this run has grades.",
    )  # fmt: skip
