"""Tables of comparisons: crude and adjusted, trends over age, and what each model was fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.comparisons import (
    contrast_table,
    contrast_words,
    fit_table,
    interaction_table,
    p_values,
    remark_words,
    size_words,
    trend_table,
)
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.notes import ADULTS, ASSOCIATED, about_table
from trdanalysis.report.paper.table import Cell, Column, PaperTable, Row, from_page
from trdanalysis.report.statistics import PRIMARY
from trdanalysis.report.tables import with_interval
from trdanalysis.rows import list_rows

_CRUDE = ("unadjusted",)
#: Models one group at a time, and all together: for ratios, and for differences.
_ALONE = ("modified_poisson", "logistic_standardised", "gee_log")
_MUTUAL = ("modified_poisson_mutual", "logistic_standardised_mutual", "gee_log_mutual")

_COLUMNS = (
    Column("crude_n", "n, present : absent", "Crude"),
    Column("crude_difference", "Difference (95% CI)", "Crude"),
    Column("crude_ratio", "Risk ratio (95% CI)", "Crude"),
    Column("n", "n, present : absent", "Adjusted"),
    Column("difference", "Difference (95% CI)", "Adjusted"),
    Column("ratio", "Risk ratio (95% CI)", "Adjusted"),
    Column("p", "p", "Adjusted"),
    Column("p_adjusted", "Adjusted p (tests)", "Adjusted", marks=("holm",)),
)

NOTES = {
    "holm": "Holm's method over the factor groups that are not part of the population or event; in"
    " brackets the number of tests. The planned contrast of ages is one test.",
    "firth": "Odds ratio of Firth's penalised logistic model, fitted where cells are sparse.",
    "mutual": "All factor groups in one model.",
}


def adjusted_table(disclosed: Disclosed) -> PaperTable:
    """Describe Table 3: crude and adjusted differences and ratios of the two primary rates."""
    rows = tuple(row for name in PRIMARY for row in _estimand_rows(disclosed, name))
    return PaperTable(
        "3",
        "Factor groups and young age with non-response to the first antidepressant trial: crude"
        " and adjusted",
        "Contrast",
        _COLUMNS,
        rows,
        tuple(column.key for column in _COLUMNS),
        NOTES,
        about_table(
            disclosed, "3",
            ["Present against absent; young adults: 18-25 against 26 and over. Differences in"
             " percentage points. CI: confidence interval.",
             "Crude: Newcombe's interval of the difference, log interval of the ratio. Adjusted"
             " ratios: modified Poisson regression with robust variance; adjusted differences:"
             " logistic regression, standardised over the patients. n: patients with everything in"
             f" the model known. Adjusted for: {_covariates(disclosed)}.",
             ASSOCIATED, ADULTS],
            PRIMARY,
        ),
    )  # fmt: skip


def _covariates(disclosed: Disclosed) -> str:
    """Say what models adjust for; they leave out what nobody has, which Table S15 says."""
    names = disclosed.settings["model_covariates"]
    text = words.listed("; ".join(names)) if names else "nothing"
    return text.replace("age years", "age (restricted cubic spline; not in the contrast of ages)")


def _estimand_rows(disclosed: Disclosed, estimand: str) -> list[Row]:
    comparisons = disclosed.tables["comparisons"]
    own = comparisons[
        (comparisons["definition"] == disclosed.primary)
        & (comparisons["estimand"] == estimand)
        & comparisons["contrast"].isin(["factor_group", "young_adults"])
        & (comparisons["model"] != "bounds")
    ]
    heading, group_key = words.ESTIMANDS[estimand]["title"], estimand
    rows: list[Row] = []
    for key, part in own.groupby(["contrast", "group", "level", "versus"], sort=False):
        found = {(row["model"], row["measure"]): row for row in list_rows(part)}
        named = "young_adults" if key[0] == "young_adults" else str(key[1])
        label = contrast_words(*map(str, key))
        crude = _pick(found, _CRUDE)
        for suffix, models, mark in (("", _ALONE, ()), ("_mutual", _MUTUAL, ("mutual",))):
            adjusted = _pick(found, models)
            if suffix and not adjusted:
                continue
            cells = _cells({} if suffix else crude, adjusted)
            rows.append(Row(f"{named}{suffix}", label, cells, heading, group_key, 1, tuple(mark)))
        firth = found.get(("firth", "or"))
        if firth is not None:
            rows.append(Row(f"{named}_firth", label, _cells({}, {"or": firth}), heading,
                            group_key, 1, ("firth",)))  # fmt: skip
    # One group at a time first, then all together.
    return sorted(rows, key=lambda row: row.key.endswith("_mutual"))


def _pick(
    found: Mapping[tuple[Any, Any], dict[str, Any]], models: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Give the row of each measure, of the first of these models that has it."""
    picked: dict[str, dict[str, Any]] = {}
    for wanted in models:
        for (model, measure), row in found.items():
            if model == wanted and not pd.isna(measure):
                picked.setdefault(str(measure), row)
    return picked


def _cells(
    crude: Mapping[str, dict[str, Any]], adjusted: Mapping[str, dict[str, Any]]
) -> tuple[Cell, ...]:
    ratio = adjusted.get("rr") or adjusted.get("or")
    difference = adjusted.get("rd")
    tested = ratio or difference
    is_by_definition = not crude and not adjusted
    p, adjusted_p = p_values(tested) if tested else (words.NOTHING, words.NOTHING)
    texts = (
        _sizes(crude.get("rd")),
        "by definition" if is_by_definition else _value(crude.get("rd"), "rd"),
        _value(crude.get("rr"), "rr"),
        _sizes(tested),
        _value(difference, "rd"),
        _value(ratio, "rr"),
        p,
        adjusted_p,
    )
    return tuple(Cell(text) for text in texts)


def _sizes(row: dict[str, Any] | None) -> str:
    return size_words(row) if row else words.NOTHING


def _value(row: dict[str, Any] | None, measure: str) -> str:
    """Write a value with its interval, or why there is none."""
    if row is None:
        return words.NOTHING
    text = with_interval(row, measure)
    return (remark_words(row) or text) if text == words.NOTHING else text


def factor_contrast_table(disclosed: Disclosed) -> PaperTable:
    """Describe the crude contrasts of every single factor and site."""
    tables = disclosed.tables
    parts = [
        (
            words.ESTIMANDS[name]["title"],
            contrast_table(tables["comparisons"], tables["rates"], disclosed.primary, name,
                           ("factor", "site", "drop")),
        )
        for name in PRIMARY
    ]  # fmt: skip
    return from_page(
        "s10",
        "Single factors, sites and drops: crude differences and ratios",
        parts,
        about=about_table(
            disclosed, "s10",
            ["n : n: patients on both sides. Assessed: of how many members the factor is known."
             " Differences in percentage points. Bounds: how far the difference could move if the"
             " unknown were known. Adjusted p: Benjamini and Hochberg's method over single factors;"
             " in brackets the number of tests.", ASSOCIATED, ADULTS],
            PRIMARY,
        ),
    )  # fmt: skip


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def age_table(disclosed: Disclosed) -> PaperTable:
    """Describe trends over age, departures from them, and interactions with factor groups."""
    comparisons = disclosed.tables["comparisons"]
    trends = trend_table(comparisons, disclosed.primary)
    parts = [("Trend over the age bands of adults", trends)]
    parts += [
        (f"With age: {_small(words.ESTIMANDS[name]['title'])}",
         interaction_table(comparisons, disclosed.primary, name))
        for name in PRIMARY
    ]  # fmt: skip
    return from_page(
        "s14",
        "Age: trend over bands, departure from it, and whether factor groups go with the outcome"
        " alike at all ages",
        parts,
        about=about_table(
            disclosed, "s14",
            ["Trends of patients in percentage points per band (Cochran and Armitage), of trials as"
             " odds ratio per band. Interactions are exploratory: not adjusted, of low power.",
             ASSOCIATED],
            [name for name in words.ESTIMANDS if name in set(comparisons["estimand"])],
        ),
    )  # fmt: skip


def fitted_table(disclosed: Disclosed) -> PaperTable:
    """Describe every model that was fitted, or could not be."""
    return from_page(
        "s15",
        "Every model that was fitted, or could not be",
        [("", fit_table(disclosed.tables["models"], disclosed.primary))],
        about=about_table(
            disclosed, "s15",
            ["Left out: members with something in the model unknown. Rarer outcome per term: events"
             " or non-events, whichever are fewer, per parameter. c: area under the receiver"
             " operating curve."],
        ),
        grouped=True,
    )  # fmt: skip
