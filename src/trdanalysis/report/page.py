"""The report: one page that opens offline, made from result tables that passed the one door.

Nothing here counts or estimates. It puts words around numbers, and draws them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from trdanalysis.report import words
from trdanalysis.report.agreement import make_agreement
from trdanalysis.report.changes import make_changes
from trdanalysis.report.contents import Section, arrange
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.drawing.forest import ForestRow, render_forest
from trdanalysis.report.glance import make_glance
from trdanalysis.report.making import make_statistics
from trdanalysis.report.multiverse import make_multiverse
from trdanalysis.report.pages import render_page
from trdanalysis.report.sections import (
    as_counted,
    attrition_flow,
    benchmark_rows,
    forest_rows,
    headline_forest,
    headline_rows,
    label_rows,
    overall_rates,
    rate_rows,
)
from trdanalysis.rows import list_rows

#: Strata whose numbers stand in tables, in this order.
TABLED = (
    "age_band", "factor_group", "factor", "factor_group_by_age_band", "factor_combination", "sex",
    "site", "drop",
)  # fmt: skip


def render_report(disclosed: Disclosed, added: Sequence[Section] = ()) -> str:
    """Render the report.

    Parameters
    ----------
    disclosed
        What it shows.
    added
        Sections that others made, at the end of their part; their numbers passed the same door.

    Returns
    -------
    str
        One HTML page without outside references. Equal tables give equal text.
    """
    reference, margin, primary = disclosed.reference, disclosed.margin, disclosed.primary
    tables = disclosed.tables
    rates, published = tables["rates"], disclosed.published
    overall = overall_rates(rates, primary)
    people = tables["definitions"].set_index("definition")["n"].get(primary, 0)
    benchmarks = benchmark_rows(tables["benchmarks"], published, primary)
    return render_page(
        "report.html.j2",
        scripted=True,
        parts=arrange(added),
        run=disclosed.run,
        hiding=disclosed.hiding,
        settings=disclosed.settings,
        freeze=disclosed.freeze,
        freeze_words=words.freeze_words(disclosed.freeze),
        reference=reference,
        margin=margin,
        definitions=disclosed.definitions,
        primary=disclosed.definitions[0],
        is_empty=not pd.isna(people) and not int(people),
        facts={"patients": words.HIDDEN if pd.isna(people) else words.count(people)},
        glance=make_glance(overall, reference, margin),
        headline=headline_rows(rates, reference, margin),
        headline_figure=_forest(
            headline_forest(overall, benchmarks),
            reference,
            margin,
            "Headline rates beside the reference and beside published rates; the numbers stand"
            " in the tables below the figure",
            "headline",
        ),
        benchmarks=benchmarks,
        estimands=_estimand_sections(disclosed),
        statistics=make_statistics(
            rates, tables, primary, reference, margin, disclosed.nonresponse
        ),
        agreement=make_agreement(
            rates, tables["definitions"], tables, disclosed.definition_ids, reference, margin
        ),
        changes=make_changes(tables, disclosed.definition_ids),
        multiverse=make_multiverse(tables["multiverse"], primary),
        labels=label_rows(tables["label_reasons"]),
        grades=_grade_rows(tables["grades"]),
        definition_counts=list_rows(_with_none(tables["definitions"])),
        balance=list_rows(disclosed.balance),
        absent=_listed(disclosed.absent_columns, ["drop_id", "table"], "column"),
        left_out=_listed(disclosed.left_out_factors, ["drop_id"], "factor"),
        hidden=words.HIDDEN,
        no_number=words.NOTHING,
    )


def _grade_rows(grades: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Give the classes of each definition that has any."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in list_rows(grades):
        found.setdefault(row["definition"], []).append(row)
    return found


def _estimand_sections(disclosed: Disclosed) -> list[dict[str, Any]]:
    """Give what the page shows of each estimand: its words, figure, tables and attrition."""
    reference, margin, primary = disclosed.reference, disclosed.margin, disclosed.primary
    rates = disclosed.tables["rates"]
    overall = overall_rates(rates, primary)
    rates = rates[rates["definition"] == primary]
    published = benchmark_rows(disclosed.tables["benchmarks"], disclosed.published, primary)
    estimands = [name for name in words.ESTIMANDS if name in overall]
    return [
        {
            "name": name,
            **words.ESTIMANDS[name],
            "event": words.event_of(name, disclosed.nonresponse),
            "is_proven": overall[name]["analysis"] == "proven",
            "unit": overall[name]["unit"],
            "overall": rate_rows(pd.DataFrame([overall[name]]), reference, margin)[0],
            "published": [
                f"{row['reference_id']}: {row['published']}"
                for row in published
                if row["estimand"] == name and row["same"] == "yes"
            ],
            "figure": _forest(
                forest_rows(as_counted(rates[rates["estimand"] == name])),
                reference,
                margin,
                f"{words.ESTIMANDS[name]['title']}, by age band and factor group; the numbers stand"
                " in the tables below the figure",
                name,
            ),
            "tables": [
                {
                    "title": words.STRATA[stratum],
                    "stratum": stratum,
                    "rows": rate_rows(
                        rates[(rates["estimand"] == name) & (rates["stratum"] == stratum)],
                        reference,
                        margin,
                    ),
                }
                for stratum in TABLED
            ],
            "flow": attrition_flow(disclosed.tables["attrition"], primary, name),
        }
        for name in estimands
    ]


def _forest(
    rows: list[ForestRow], reference: float, margin: float, title: str, name: str
) -> Markup:
    figure = render_forest(rows, reference=reference, margin=margin, title=title, name=name)
    # The figure comes from a drawing library, which has escaped every text in it.
    return Markup(figure)


def _with_none(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(object).where(table.notna(), None)


def _listed(table: pd.DataFrame, by: list[str], name: str) -> list[dict[str, Any]]:
    return [
        {**dict(zip(by, keys, strict=True)), "names": list(part[name])}
        for keys, part in table.groupby(by, sort=False)
    ]
