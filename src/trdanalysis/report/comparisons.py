"""Comparisons, models and age as the report shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.tables import Table, counts, is_hidden, with_interval
from trdanalysis.rows import list_rows


def _assess(rates: pd.DataFrame, definition: str, estimand: str) -> dict[tuple[str, str], str]:
    """Give the share of members of whom each factor and factor group is known."""
    own = rates[
        (rates["definition"] == definition)
        & (rates["estimand"] == estimand)
        & rates["stratum"].isin(["factor", "factor_group"])
    ]
    shares = {}
    for key, part in own.groupby(["stratum", "group"], sort=False):
        if (part["status"] == "suppressed").any():
            share = words.HIDDEN
        else:
            total = part["n"].sum()
            known = part.loc[part["level"] != words.UNKNOWN, "n"].sum()
            share = words.percent(known / total, 0) if total else words.NOTHING
        shares[str(key[0]), str(key[1])] = share
    return shares


def contrast_table(
    comparisons: pd.DataFrame,
    rates: pd.DataFrame,
    definition: str,
    estimand: str,
    contrasts: Sequence[str],
) -> Table:
    """Write unadjusted contrasts: difference and ratio in one row, and the share assessed."""
    assessed = _assess(rates, definition, estimand)
    own = comparisons[
        (comparisons["definition"] == definition)
        & (comparisons["estimand"] == estimand)
        & comparisons["contrast"].isin(list(contrasts))
        & comparisons["model"].isin(["unadjusted", "bounds"])
    ]
    rows = []
    for key, part in own.groupby(["contrast", "group", "level", "versus"], sort=False):
        found = {(row["model"], row["measure"]): row for row in list_rows(part)}
        difference = found.get(("unadjusted", "rd"))
        if difference is None:
            rows.append([contrast_words(*map(str, key)), *[words.NOTHING] * 7, "by definition"])
            continue
        ratio, bounds = found[("unadjusted", "rr")], found.get(("bounds", "rd"))
        rows.append(
            [
                contrast_words(*map(str, key)),
                size_words(difference),
                assessed.get((str(key[0]), str(key[1])), words.NOTHING),
                with_interval(difference, "rd"),
                with_interval(bounds, "rd") if bounds else words.NOTHING,
                with_interval(ratio, "rr"),
                *p_values(difference),
                remark_words(difference, ratio) or _circular(str(key[1])),
            ]
        )
    return Table(
        "Factors: present against absent. n : n, patients on both sides; difference in percentage"
        " points and ratio, with 95% intervals; bounds: how far the"
        " difference could move if the unknown were known; assessed: of how many it is known",
        ("Contrast", "n : n", "assessed", "difference", "bounds", "ratio", "p",
         "adjusted p (of)", "remark"),
        rows,
        frozenset({0, 8}),
    )  # fmt: skip


def contrast_words(contrast: str, group: Any, level: Any, versus: Any) -> str:
    """Name a contrast."""
    if contrast in ("factor", "factor_group"):
        return words.level_words("factor", group, level).removesuffix(f": {level}")
    if contrast == "young_adults":
        return f"Age {level} against {versus}"
    return f"{contrast.capitalize()} {level} against {versus}"


def size_words(row: dict[str, Any]) -> str:
    """Write the patients on both sides."""
    n, versus = counts(row, ("n", "n_versus"))
    return n if n == versus else f"{n} : {versus}"


def _circular(group: str) -> str:
    return "partly circular" if group in words.PARTLY_CIRCULAR else ""


def p_values(row: dict[str, Any]) -> list[str]:
    """Write the p-value, and the one adjusted for several tests."""
    if is_hidden(row):
        return [words.HIDDEN] * 2
    adjusted = words.p_value(row["p_adjusted"])
    if pd.isna(row["adjustment"]):
        return [words.p_value(row["p_value"]), words.NOTHING]
    if row["adjustment"] == "none":
        return [words.p_value(row["p_value"]), "one test"]
    return [words.p_value(row["p_value"]), f"{adjusted} ({int(row['n_tests'])})"]


def remark_words(*rows: dict[str, Any]) -> str:
    """Say why rows have no number, or no limits; empty where they have."""
    for row in rows:
        if not pd.isna(row["reason"]):
            return words.MODEL_REASONS.get(row["reason"], words.words(row["reason"]))
    return ""


def model_table(comparisons: pd.DataFrame, definition: str, estimand: str) -> Table:
    """Write adjusted contrasts: one row a model and exposure."""
    own = comparisons[
        (comparisons["definition"] == definition)
        & (comparisons["estimand"] == estimand)
        & comparisons["contrast"].isin(["factor_group", "young_adults"])
        & ~comparisons["model"].isin(["unadjusted", "bounds"])
    ]
    rows = []
    for key, part in own.groupby(["contrast", "group", "level", "versus", "model"], sort=False):
        found = {row["measure"]: row for row in list_rows(part)}
        any_row = next(iter(found.values()))
        ratio = found.get("rr") or found.get("or")
        assert ratio is not None
        kind = " (odds ratio)" if "or" in found else ""
        difference = with_interval(found["rd"], "rd") if "rd" in found else words.NOTHING
        rows.append(
            [
                contrast_words(*map(str, key[:4])),
                words.MODELS[str(key[4])],
                size_words(any_row),
                difference,
                with_interval(ratio, "rr") + kind,
                *p_values(any_row),
                remark_words(any_row),
            ]
        )
    return Table(
        "Adjusted: difference in percentage points and ratio, with 95% intervals; patients with"
        " everything known",
        ("Contrast", "model", "n : n", "difference", "ratio", "p", "adjusted p (of)",
         "remark"),
        rows,
        frozenset({0, 1, 7}),
    )  # fmt: skip


def fit_table(models: pd.DataFrame, definition: str) -> Table:
    """Write what each model was fitted to and how well behaved it is."""
    rows = []
    for row in list_rows(models[models["definition"] == definition]):
        numbers = (
            words.decimal(row["events_per_parameter"], 1), words.decimal(row["condition"], 0),
            words.decimal(row["dispersion"]), words.decimal(row["c_statistic"]),
        )  # fmt: skip
        rows.append(
            [
                words.ESTIMANDS[row["estimand"]]["title"],
                words.MODELS[row["model"]],
                words.listed(row["exposures"]),
                words.listed(row["covariates"]),
                *counts(row, ("n", "n_left_out", "events")),
                *([words.HIDDEN] * 4 if is_hidden(row) else numbers),
                remark_words(row),
            ]
        )
    return Table(
        "Every model that was fitted, or could not be",
        ("What", "model", "exposures", "adjusted for", "n", "left out", "events",
         "rarer outcome per term", "condition number", "dispersion", "c", "remark"),
        rows,
        frozenset({0, 1, 2, 3, 11}),
    )  # fmt: skip


_MEASURES = {
    "trend": "change per band",
    "departure": "departure, chi-squared",
    "reri": "excess risk due to interaction",
    "rd": "difference of differences",
    "rr": "ratio of ratios",
}


def trend_table(comparisons: pd.DataFrame, definition: str) -> Table:
    """Write trends over age and departures from them."""
    own = comparisons[
        (comparisons["definition"] == definition) & (comparisons["contrast"] == "age_trend")
    ]
    order = {name: place for place, name in enumerate(words.ESTIMANDS)}
    rows = [
        [words.ESTIMANDS[row["estimand"]]["title"], *_age_cells(row), remark_words(row)]
        for row in sorted(list_rows(own), key=lambda one: order[one["estimand"]])
    ]
    return Table(
        "Trend over the age bands of adults, and departure from it; of trials the odds ratio per"
        " band",
        ("What", "method", "measure", "value (95% interval)", "p", "remark"),
        rows,
        frozenset({0, 1, 2, 5}),
    )


def interaction_table(comparisons: pd.DataFrame, definition: str, estimand: str) -> Table:
    """Write whether factor groups go with the outcome alike at all ages."""
    own = comparisons[
        (comparisons["definition"] == definition)
        & (comparisons["estimand"] == estimand)
        & (comparisons["contrast"] == "age_interaction")
    ]
    rows = [
        [f"{words.GROUPS[row['group']]} factors", *_age_cells(row), remark_words(row)]
        for _, part in own.groupby("group", sort=False)
        for row in list_rows(part)
    ]
    return Table(
        "Whether factor groups go with the outcome alike at all ages: young adults against those"
        " older, and over all bands. Exploratory: not adjusted, of low power",
        ("With age", "method", "measure", "value (95% interval)", "p", "remark"),
        rows,
        frozenset({0, 1, 2, 5}),
    )


def _age_cells(row: dict[str, Any]) -> list[str]:
    measure = "" if pd.isna(row["measure"]) else _MEASURES[row["measure"]]
    level = str(row["level"])
    if level.endswith(" df"):
        measure += f", {level.removeprefix('present, ')}"
    as_points = row["measure"] == "rd" or (row["measure"], row["model"]) == (
        "trend", "cochran_armitage",
    )  # fmt: skip
    p_value = words.HIDDEN if is_hidden(row) else words.p_value(row["p_value"])
    return [
        words.MODELS[row["model"]],
        measure,
        with_interval(row, "rd" if as_points else "rr"),
        p_value,
    ]
