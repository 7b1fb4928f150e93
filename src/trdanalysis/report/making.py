"""The statistical sections of the page, made of the published tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from trdanalysis.report import comparisons, statistics, words
from trdanalysis.report.drawing.curves import Curve, render_curves

_GROUPS = ("factor_group", "young_adults")


def make_statistics(
    rates: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    definition: str,
    reference: float,
    margin: float,
    nonresponse: str,
) -> dict[str, Any]:
    """Make everything that the statistical sections show, by one definition.

    Parameters
    ----------
    rates
        rates.csv, after disclosure control.
    tables
        The other published tables by name, after disclosure control.
    definition
        The primary definition.
    reference, margin
        Fractions.
    nonresponse
        What the primary definition calls so, in words.

    Returns
    -------
    dict
        Tables (:class:`trdanalysis.report.tables.Table`) and figures by the names that
        ``statistics.html.j2`` uses.
    """
    others = [name for name in words.ESTIMANDS if name not in statistics.PRIMARY]
    tips = tables["tipping"]
    return {
        "primary": [
            {
                **_of_estimand(tables, rates, definition, name),
                "episodes": statistics.episode_table(tables["first_trials"], definition, name),
                "tipping": statistics.tipping_table(tips, definition, name, reference, margin),
            }
            for name in statistics.PRIMARY
        ],
        "others": [_of_estimand(tables, rates, definition, name) for name in others],
        "attributes": statistics.attribute_table(nonresponse),
        "fits": comparisons.fit_table(tables["models"], definition),
        "clusters": statistics.cluster_table(tables["clusters"]),
        "trends": comparisons.trend_table(tables["comparisons"], definition),
        "age_figure": _age_figure(tables["age_curves"], definition, reference),
        "sensitivity": statistics.sensitivity_table(rates, definition, reference, margin),
        "trd_tipping": statistics.tipping_table(tips, definition, "trd", reference, margin),
        "resistance": statistics.resistance_table(tables["resistance"], definition),
        "incidence": statistics.incidence_table(tables["curves"], definition),
        "time_figure": _time_figure(tables["curves"], definition),
    }


def _of_estimand(
    tables: Mapping[str, pd.DataFrame], rates: pd.DataFrame, definition: str, name: str
) -> dict[str, Any]:
    found = tables["comparisons"]
    return {
        "name": name,
        "title": words.ESTIMANDS[name]["title"],
        "unknowns": statistics.unknown_table(tables["unknowns"], definition, name),
        "groups": comparisons.contrast_table(found, rates, definition, name, _GROUPS),
        "factors": comparisons.contrast_table(found, rates, definition, name, ("factor",)),
        "places": comparisons.contrast_table(found, rates, definition, name, ("site", "drop")),
        "models": comparisons.model_table(found, definition, name),
        "interactions": comparisons.interaction_table(found, definition, name),
    }


def _age_figure(curves: pd.DataFrame, definition: str, reference: float) -> Markup:
    return Markup(
        render_curves(
            age_lines(curves, definition),
            x_label="age, years",
            y_label="non-response",
            name="by-age",
            title="Non-response by age; the tests stand in the table below",
            reference=reference,
        )  # fmt: skip
    )


def _time_figure(curves: pd.DataFrame, definition: str) -> Markup:
    return Markup(
        render_curves(
            time_lines(curves, definition),
            x_label="days since the first antidepressant trial began",
            y_label="with a second failure",
            name="by-time",
            title="Time to the second failure; the numbers stand in the table below",
        )  # fmt: skip
    )


def age_lines(curves: pd.DataFrame, definition: str) -> list[Curve]:
    """Give the curves by age of the two primary estimands, of ``age_curves.csv``."""
    drawn = []
    for name in statistics.PRIMARY:
        rows = curves[
            (curves["definition"] == definition)
            & (curves["estimand"] == name)
            & (curves["status"] == "ok")
        ]
        if len(rows) > 1:
            is_second = name != statistics.PRIMARY[0]
            drawn.append(_curve(rows, "age_years", "rate", words.SHORT[name], is_second))
    return drawn


def time_rows(curves: pd.DataFrame, definition: str) -> dict[str, pd.DataFrame]:
    """Give the rows of ``curves.csv`` that are drawn, by curve: those before what is hidden."""
    rows = curves[curves["definition"] == definition]
    # Past what is hidden a curve would show that nothing happened there.
    rows = rows[(rows["status"] == "ok").groupby(rows["curve"]).cummin()]
    rows = rows[
        rows["cumulative_incidence"].notna() & (rows["n_at_risk"] >= statistics.LEAST_AT_RISK)
    ]
    return {str(curve): part for curve, part in rows.groupby("curve", sort=True) if len(part) > 1}


def time_lines(curves: pd.DataFrame, definition: str) -> list[Curve]:
    """Give the curves of second failures, of ``curves.csv``."""
    return [
        _curve(part, "day", "cumulative_incidence", words.CURVES[curve], curve == "possible",
               is_step=True)
        for curve, part in time_rows(curves, definition).items()
    ]  # fmt: skip


def _curve(
    rows: pd.DataFrame, x: str, y: str, label: str, dashed: bool, *, is_step: bool = False
) -> Curve:
    def numbers(name: str) -> list[float | None]:
        return [None if pd.isna(value) else float(value) for value in rows[name]]

    return Curve(
        label=label,
        x=[float(value) for value in rows[x]],
        y=[float(value) for value in rows[y]],
        low=numbers("ci_low"),
        high=numbers("ci_high"),
        is_step=is_step,
        dashed=dashed,
    )
