"""What the report shows beside the rates: comparisons, models, age, missing outcomes, time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.sections import rate_rows, records
from trdanalysis.report.tables import Table, counts, is_hidden, with_interval

#: The two rates of the article's sentence, which stand side by side.
PRIMARY = ("initial_adequate_trial", "initial_trial")

#: Days at which the curves are written out.
SHOWN_DAYS = (90, 180, 365, 730, 1095)

#: With fewer still followed, a curve says little: the page stops there, curves.csv goes on.
LEAST_AT_RISK = 10


def unknown_table(unknowns: pd.DataFrame, definition: str, estimand: str) -> Table:
    """Write what each unknown criterion costs an estimand."""
    rows = unknowns[(unknowns["definition"] == definition) & (unknowns["estimand"] == estimand)]
    return Table(
        "How many are not counted because a criterion is unknown, and how many lack nothing else",
        ("Criterion", "unknown", "nothing else unknown"),
        [
            [words.CRITERIA[row["criterion"]], *counts(row, ("n_unknown", "n_only"))]
            for row in records(rows)
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
            for row in records(rows)
        ],
    )


def cluster_table(clusters: pd.DataFrame) -> Table:
    """Write what counting trials instead of patients does."""
    rows = []
    for row in records(clusters):
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


def contrast_table(
    comparisons: pd.DataFrame, definition: str, estimand: str, contrasts: Sequence[str]
) -> Table:
    """Write unadjusted contrasts: difference and ratio in one row."""
    own = comparisons[
        (comparisons["definition"] == definition)
        & (comparisons["estimand"] == estimand)
        & comparisons["contrast"].isin(list(contrasts))
        & comparisons["model"].isin(["unadjusted", "bounds"])
    ]
    rows = []
    for key, part in own.groupby(["contrast", "group", "level", "versus"], sort=False):
        found = {(row["model"], row["measure"]): row for row in records(part)}
        difference = found.get(("unadjusted", "rd"))
        if difference is None:
            rows.append([_contrast(*map(str, key)), *[words.NOTHING] * 7, "by definition"])
            continue
        ratio, bounds = found[("unadjusted", "rr")], found.get(("bounds", "rd"))
        rows.append(
            [
                _contrast(*map(str, key)),
                *counts(difference, ("n", "n_versus")),
                with_interval(difference, "rd"),
                with_interval(bounds, "rd") if bounds else words.NOTHING,
                with_interval(ratio, "rr"),
                *_p_values(difference),
                _remark(difference, ratio),
            ]
        )
    return Table(
        "Difference in percentage points and ratio, with 95% intervals; bounds: how far the"
        " difference could move if the unknown were known",
        ("Contrast", "n", "against n", "difference", "bounds", "ratio", "p", "adjusted p (of)",
         "remark"),
        rows,
        frozenset({0, 8}),
    )  # fmt: skip


def _contrast(contrast: str, group: Any, level: Any, versus: Any) -> str:
    if contrast in ("factor", "factor_group"):
        return words.level_words("factor", group, level) + f" against {versus}"
    return f"{words.words(str(contrast)).capitalize()}: {level} against {versus}"


def _p_values(row: dict[str, Any]) -> list[str]:
    if is_hidden(row):
        return [words.HIDDEN] * 2
    adjusted = words.p_value(row["p_adjusted"])
    if pd.isna(row["adjustment"]):
        return [words.p_value(row["p_value"]), words.NOTHING]
    if row["adjustment"] == "none":
        return [words.p_value(row["p_value"]), "one test"]
    return [words.p_value(row["p_value"]), f"{adjusted} ({int(row['n_tests'])})"]


def _remark(*rows: dict[str, Any]) -> str:
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
        found = {row["measure"]: row for row in records(part)}
        any_row = next(iter(found.values()))
        ratio = found.get("rr") or found.get("or")
        assert ratio is not None
        kind = " (odds ratio)" if "or" in found else ""
        difference = with_interval(found["rd"], "rd") if "rd" in found else words.NOTHING
        rows.append(
            [
                _contrast(*map(str, key[:4])),
                words.MODELS[str(key[4])],
                *counts(any_row, ("n", "n_versus")),
                difference,
                with_interval(ratio, "rr") + kind,
                *_p_values(any_row),
                _remark(any_row),
            ]
        )
    return Table(
        "Adjusted: difference in percentage points and ratio, with 95% intervals; patients with"
        " everything known",
        ("Contrast", "model", "n", "against n", "difference", "ratio", "p", "adjusted p (of)",
         "remark"),
        rows,
        frozenset({0, 1, 8}),
    )  # fmt: skip


def fit_table(models: pd.DataFrame, definition: str) -> Table:
    """Write what each model was fitted to and how well behaved it is."""
    rows = []
    for row in records(models[models["definition"] == definition]):
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
                _remark(row),
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
        [words.ESTIMANDS[row["estimand"]]["title"], *_age_cells(row), _remark(row)]
        for row in sorted(records(own), key=lambda one: order[one["estimand"]])
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
        [f"{words.GROUPS[row['group']]} factors", *_age_cells(row), _remark(row)]
        for _, part in own.groupby("group", sort=False)
        for row in records(part)
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


def sensitivity_table(
    rates: pd.DataFrame, definition: str, reference: float, margin: float
) -> Table:
    """Write each overall rate as counted, and as it would be if unknowns were filled."""
    own = rates[(rates["definition"] == definition) & (rates["stratum"] == "overall")]
    order = {name: place for place, name in enumerate(words.ESTIMANDS)}
    rows = []
    for row in sorted(records(own), key=lambda one: order[one["estimand"]]):
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
    for row in records(rows):
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
        shown = {row["label"]: counts(row, ("n",))[0] for row in records(part)}
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
            row = records(so_far.iloc[-1:])[0]
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
