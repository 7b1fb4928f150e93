"""What the report shows beside the rates: what is unknown, missing outcomes, resistance, time."""

from __future__ import annotations

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.sections import rate_rows
from trdanalysis.report.tables import Table, counts, is_hidden
from trdanalysis.rows import list_rows

#: The two rates of the article's sentence, which stand side by side.
PRIMARY = ("initial_adequate_trial", "initial_trial")

#: Days at which the curves are written out.
SHOWN_DAYS = (90, 180, 365, 730, 1095)

#: With fewer still followed, a curve says little: the page stops there, curves.csv goes on.
LEAST_AT_RISK = 10


def attribute_table(nonresponse: str) -> Table:
    """Write the attributes of the two primary estimands side by side.

    Parameters
    ----------
    nonresponse
        What the definition calls so, in words.
    """
    one, other = (dict(words.attributes_of(name, nonresponse)) for name in PRIMARY)
    return Table(
        "The two primary estimands by the attributes of ICH E9(R1)",
        ("Attribute", *(words.ESTIMANDS[name]["title"] for name in PRIMARY)),
        [[name, one[name], other[name]] for name in one],
        frozenset({0, 1, 2}),
    )


def unknown_table(unknowns: pd.DataFrame, definition: str, estimand: str) -> Table:
    """Write what each unknown criterion costs an estimand."""
    rows = unknowns[(unknowns["definition"] == definition) & (unknowns["estimand"] == estimand)]
    return Table(
        "How many are not counted because a criterion is unknown, and how many lack nothing else",
        ("Criterion", "unknown", "nothing else unknown"),
        [
            [words.CRITERIA[row["criterion"]], *counts(row, ("n_unknown", "n_only"))]
            for row in list_rows(rows)
        ],
    )


def episode_table(first_trials: pd.DataFrame, definition: str, estimand: str) -> Table:
    """Write in which episode first trials lay."""
    rows = first_trials[
        (first_trials["definition"] == definition) & (first_trials["estimand"] == estimand)
    ]
    return Table(
        "Episode of the first recorded trial: in a later or unknown one, earlier treatment may be"
        " missing from the records",
        ("Episode", "patients", "share"),
        [
            [
                row["episode"],
                *counts(row, ("n",)),
                words.HIDDEN if is_hidden(row) else words.percent(row["share"]),
            ]
            for row in list_rows(rows)
        ],
    )


def cluster_table(clusters: pd.DataFrame) -> Table:
    """Write what counting trials instead of patients does."""
    rows = []
    for row in list_rows(clusters):
        shown = (
            words.percent(row["rate"]), words.percent(row["patient_weighted_rate"]),
            words.decimal(row["icc"]), words.decimal(row["design_effect"]),
        )  # fmt: skip
        numbers = [words.HIDDEN] * 4 if is_hidden(row) else list(shown)
        rows.append([row["definition"], *counts(row, ("n_trials", "n_patients")), *numbers])
    return Table(
        "Every adequate trial: how alike a patient's trials are",
        ("Definition", "trials", "patients", "rate of trials", "mean of patients' shares",
         "intracluster correlation", "design effect"),
        rows,
    )  # fmt: skip


def sensitivity_table(
    rates: pd.DataFrame, definition: str, reference: float, margin: float
) -> Table:
    """Write each overall rate as counted, and as it would be if unknowns were filled."""
    own = rates[(rates["definition"] == definition) & (rates["stratum"] == "overall")]
    order = {name: place for place, name in enumerate(words.ESTIMANDS)}
    rows = []
    for row in sorted(list_rows(own), key=lambda one: order[one["estimand"]]):
        shown = rate_rows(pd.DataFrame([row]), reference, margin)[0]
        is_imputed = row["analysis"] not in ("complete_case", "proven")
        rows.append(
            [
                words.ESTIMANDS[row["estimand"]]["title"],
                words.ANALYSES[row["analysis"]],
                shown["n"],
                shown["rate"],
                shown["interval"],
                words.NOTHING if is_imputed else shown["bounds"],
                shown["conclusion"],
            ]
        )
    return Table(
        "The same rates under other assumptions about what is missing",
        ("What", "missing outcomes", "n", "rate", "95% interval", "bounds",
         f"against {words.percent(reference, 0)}"),
        rows,
        frozenset({0, 1, 6}),
    )  # fmt: skip


def tipping_table(
    tipping: pd.DataFrame, definition: str, estimand: str, reference: float, margin: float
) -> Table:
    """Write at how many events among the unknown the conclusion changes."""
    rows = tipping[(tipping["definition"] == definition) & (tipping["estimand"] == estimand)]
    written = []
    for row in list_rows(rows):
        if is_hidden(row):
            written.append([words.HIDDEN] * 6)
            continue
        written.append(
            [
                words.count(row["unknown_with_event"]),
                words.percent(row["share"], 0),
                words.percent(row["rate"]),
                words.percent_range(row["ci_low"], row["ci_high"]),
                words.conclusion(row["conclusion"], reference, margin),
                "yes" if row["as_primary"] else "no",
            ]
        )
    return Table(
        "If so many of the unknown had the event",
        ("Unknown with the event", "share of the unknown", "rate", "95% interval",
         f"against {words.percent(reference, 0)}", "as counted"),
        written,
        frozenset({4}),
        empty="Nothing is unknown.",
    )  # fmt: skip


def resistance_table(resistance: pd.DataFrame, definition: str) -> Table:
    """Write labels by apparent resistance."""
    own = resistance[resistance["definition"] == definition]
    rows = []
    for apparent, part in own.groupby("apparent_resistance", sort=False):
        shown = {row["label"]: counts(row, ("n",))[0] for row in list_rows(part)}
        rows.append([words.APPARENT[str(apparent)], *(shown[label] for label in words.LABELS)])
    return Table(
        "Treated patients with MDD: two failures if dose, duration and adherence are not looked at,"
        " against the label",
        ("Apparent resistance", *words.LABELS.values()),
        rows,
    )


def incidence_table(curves: pd.DataFrame, definition: str) -> Table:
    """Write the curves of second failures at chosen days."""
    own = curves[(curves["definition"] == definition) & (curves["status"] != "not_estimable")]
    rows = []
    for curve, part in own.groupby("curve", sort=True):
        last = part.loc[part["n_at_risk"] >= LEAST_AT_RISK, "day"].max()
        for day in SHOWN_DAYS:
            so_far = part[part["day"] <= day]
            if so_far.empty or pd.isna(last) or day > last:
                continue
            row = list_rows(so_far.iloc[-1:])[0]
            numbers = (
                words.percent(row["cumulative_incidence"]),
                words.percent_range(row["ci_low"], row["ci_high"]),
            )
            rows.append(
                [
                    words.CURVES[str(curve)],
                    words.count(day),
                    *([words.HIDDEN] * 2 if is_hidden(row) else numbers),
                ]
            )
    return Table(
        "Share with a second failure since the first antidepressant trial began",
        ("Curve", "by day", "share", "95% interval"),
        rows,
        frozenset({0}),
    )
