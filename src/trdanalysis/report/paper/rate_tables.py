"""Tables of rates: one row a stratum, the estimands side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trdanalysis.analysis.intervals import estimate_clopper_pearson
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.notes import ADULTS, ASSOCIATED, COUNTED, about_table
from trdanalysis.report.paper.table import Cell, Column, PaperTable, Row, slug
from trdanalysis.report.sections import as_counted, rate_rows
from trdanalysis.report.statistics import PRIMARY
from trdanalysis.rows import list_rows

#: With fewer patients the exact interval stands beside Wilson's.
EXACT_UNDER = 30

#: What can be shown of a rate: key and heading. The reference is put in where the braces are.
RATE_COLUMNS = {
    "events_of_n": "Events/n",
    "n": "n",
    "events": "Events",
    "unknown": "Unknown",
    "rate": "Rate (95% CI)",
    "bounds": "Bounds",
    "p": "p",
    "conclusion": "Against {reference}",
    "stands": "At both bounds",
}
SHOWN = ("events_of_n", "unknown", "rate", "bounds", "p", "conclusion")

#: What journals' files call the estimands; others go by their own name.
PREFIX = {"initial_adequate_trial": "adequate", "initial_trial": "first"}

NOTES = {
    "exact": "Exact: Clopper and Pearson's interval, beside Wilson's where n is under 30.",
    "stands": "The conclusion does not hold at both bounds.",
    "again": "As in an earlier release, since when few came or went.",
    "circular": "Partly circular: it overlaps with an exclusion of the definition.",
    "definition": "Part of what the population or the event means; no rate.",
}


def rates_table(
    disclosed: Disclosed,
    table_id: str,
    title: str,
    estimands: Sequence[str],
    strata: Sequence[str],
    *,
    said: Sequence[str] = (),
) -> PaperTable:
    """Describe a table of rates of the primary definition.

    Parameters
    ----------
    disclosed
        What it is of.
    table_id, title
        Of the table.
    estimands
        Side by side, each under its title.
    strata
        Of ``rates.stratum``, from top to bottom.
    said
        Notes of its own.
    """
    rates = as_counted(disclosed.tables["rates"])
    own = rates[
        (rates["definition"] == disclosed.primary)
        & rates["estimand"].isin(list(estimands))
        & rates["stratum"].isin(list(strata))
    ]
    cells = {
        name: _cells_by_place(own[own["estimand"] == name], disclosed.reference, disclosed.margin)
        for name in estimands
    }
    rows = _rows(own, strata, estimands, cells)
    keys = [f"{PREFIX.get(name, name)}_{key}" for name in estimands for key in SHOWN]
    return PaperTable(
        table_id,
        title,
        "Group",
        _columns(estimands, disclosed.reference),
        rows,
        tuple(keys),
        NOTES,
        about_table(
            disclosed, table_id,
            [COUNTED, _intervals(disclosed), *said, ASSOCIATED, ADULTS], estimands,
        ),
    )  # fmt: skip


def _intervals(disclosed: Disclosed) -> str:
    reference = words.percent(disclosed.reference, 0)
    points = f"{100 * disclosed.margin:.0f}"
    return (
        f"CI: confidence interval (Wilson). p: score test against {reference}. Against {reference}:"
        f" within {points} points where the 90% interval lies inside {reference}"
        f" \N{PLUS-MINUS SIGN} {points} points, else above or below where the 95% interval lies"
        " wholly on one side, else inconclusive."
    )


def _columns(estimands: Sequence[str], reference: float) -> tuple[Column, ...]:
    share = words.percent(reference, 0)
    return tuple(
        Column(
            f"{PREFIX.get(name, name)}_{key}",
            heading.format(reference=share),
            words.ESTIMANDS[name]["title"],
            is_text=key == "conclusion",
        )
        for name in estimands
        for key, heading in RATE_COLUMNS.items()
    )


Place = tuple[str, str, str, str]


def _place(row: Mapping[str, Any]) -> Place:
    """Say where a row of ``rates.csv`` stands, whatever its estimand."""
    level, band = (words.UNKNOWN if pd.isna(row[name]) else str(row[name])
                   for name in ("level", "age_band"))  # fmt: skip
    in_band = row["stratum"] == "factor_group_by_age_band"
    return str(row["stratum"]), str(row["group"]), level, band if in_band else ""


def _cells_by_place(
    rates: pd.DataFrame, reference: float, margin: float
) -> dict[Place, dict[str, Cell]]:
    written = rate_rows(rates, reference, margin)
    return {
        _place(row): rate_cells(row, shown)
        for row, shown in zip(list_rows(rates), written, strict=True)
    }


def rate_cells(row: Mapping[str, Any], shown: Mapping[str, str]) -> dict[str, Cell]:
    """Put the text of a rate's numbers, as the page has them, into a paper's cells.

    Parameters
    ----------
    row
        Of ``rates.csv``.
    shown
        What :func:`trdanalysis.report.sections.rate_rows` writes of it.
    """
    if row["status"] == "by_definition":
        text = dict.fromkeys(RATE_COLUMNS, Cell(words.NOTHING))
        return text | {"rate": Cell("by definition", ("definition",))}
    again = ("again",) if row["status"] == "reprinted" else ()
    of_n = words.HIDDEN
    if words.HIDDEN not in (shown["events"], shown["n"]):
        of_n = f"{shown['events']}/{shown['n']}"
    rate, marks = shown["rate"], again
    if shown["interval"] not in (words.HIDDEN, words.NOTHING):
        rate = f"{rate} ({shown['interval']})"
        exact = exact_interval(row)
        if exact:
            rate, marks = f"{rate}\nexact {exact}", (*again, "exact")
    elif row["status"] == "not_estimable":
        rate = shown["conclusion"]
    conclusion = words.NOTHING if shown["conclusion"] == "nobody" else shown["conclusion"]
    return {
        "events_of_n": Cell(of_n, again),
        **{key: Cell(shown[key]) for key in ("n", "events", "unknown", "bounds", "p", "stands")},
        "rate": Cell(rate, marks),
        "conclusion": Cell(conclusion, ("stands",) if shown["stands"] == "no" else ()),
    }


def exact_interval(row: Mapping[str, Any]) -> str | None:
    """Write Clopper and Pearson's interval where few patients are in the denominator; else None."""
    if row["unit"] != "patient" or pd.isna(row["n"]) or pd.isna(row["events"]):
        return None
    if not 0 < row["n"] < EXACT_UNDER or pd.isna(row["rate"]):
        return None
    low, high = estimate_clopper_pearson([float(row["events"])], [float(row["n"])])
    return words.percent_range(low[0], high[0])


def _rows(
    own: pd.DataFrame,
    strata: Sequence[str],
    estimands: Sequence[str],
    cells: Mapping[str, Mapping[Place, Mapping[str, Cell]]],
) -> tuple[Row, ...]:
    none = dict.fromkeys(RATE_COLUMNS, Cell(words.NOTHING))
    rows = []
    for stratum in strata:
        part = own[own["stratum"] == stratum]
        for place in dict.fromkeys(_place(row) for row in list_rows(part)):
            found = [cells[name].get(place, none) for name in estimands]
            values = tuple(one[key] for one in found for key in RATE_COLUMNS)
            rows.append(_row(place, values))
    # Levels of one group stand together, whatever the order of the file.
    order = list(dict.fromkeys(row.group_key for row in rows))
    return tuple(sorted(rows, key=lambda row: order.index(row.group_key)))


def _row(place: Place, cells: tuple[Cell, ...]) -> Row:
    stratum, group, level, band = place
    label, heading, group_key = level, words.STRATA[stratum].removeprefix("By ").capitalize(), group
    marks: tuple[str, ...] = ()
    if stratum == "overall":
        return Row("overall", "Overall", cells, "", "overall")
    if stratum == "age_band":
        heading = "Age, years"
    elif stratum == "factor_combination":
        label, heading = words.combination(level), ""
    elif group in words.GROUPS:
        heading = f"{words.GROUPS[group]} factors"
        if band:
            heading, group_key = f"{heading}, {level}", slug(f"{group} {level}")
            label = f"age {band}"
    elif stratum == "factor":
        heading = words.words(group).capitalize().replace("Hpa", "HPA")
        marks = ("circular",) if group in words.PARTLY_CIRCULAR else ()
    key = slug(" ".join(part for part in (group, level, band) if part))
    return Row(key, label, cells, heading, group_key, indent=int(bool(heading)), marks=marks)


def non_response_table(disclosed: Disclosed) -> PaperTable:
    """Describe Table 2: the two rates of the article's sentence by age band and factor group."""
    share = words.percent(disclosed.reference, 0)
    return rates_table(
        disclosed, "2",
        f"Non-response to the first antidepressant trial against {share}, by age band and factor"
        " group",
        PRIMARY, ("overall", "age_band", "factor_group"),
        said=["Factor groups overlap: a patient can be in several."],
    )  # fmt: skip
