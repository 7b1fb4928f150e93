"""Sensitivity to missing outcomes: what rates would be if the unknown were imputed or assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.estimands import (
    GROUPS,
    LABEL_PARTS,
    PATIENT_ESTIMANDS,
    TRIAL_GROUP,
    Estimand,
)
from trdanalysis.analysis.frames import MOST_TRIALS, SEVERE, Frame
from trdanalysis.analysis.imputation import impute, pool_estimates
from trdanalysis.analysis.intervals import (
    EQUIVALENCE_CONFIDENCE,
    conclude,
    derive_conclusion,
    divide,
    estimate_score_p_value,
    estimate_wilson,
)
from trdanalysis.analysis.rates import RATE_COLUMNS, RateSettings
from trdanalysis.rows import list_rows

#: Columns of tipping.csv, in order.
TIPPING_COLUMNS = (
    "estimand", "definition", "unknown_with_event", "share", "n", "events", "rate", "ci_low",
    "ci_high", "conclusion", "as_primary", "status",
)  # fmt: skip

NONRESPONDER, IMPUTED = "nonresponder_imputed", "multiple_imputation"

#: Shares of the unknown with the event that the tipping table shows, beside where it tips.
TIPPING_SHARES = tuple(step / 10 for step in range(11))

#: More drops or sites than this are not terms of the imputation models.
MOST_LEVELS = 10


@dataclass(frozen=True)
class ImputationSettings:
    """How many data sets are completed, and the seed of the random numbers."""

    imputations: int
    seed: int


def estimate_nonresponder(rates: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Estimate overall rates with every missing outcome of a certain member taken as the event.

    Parameters
    ----------
    rates
        As :func:`trdanalysis.analysis.rates.estimate_rates` gives them.
    counts
        Of patients, see :class:`trdanalysis.analysis.counts.Counts`.

    Returns
    -------
    DataFrame
        Rows of rates.csv, one per complete-case estimand of patients and definition; ``analysis``
        is ``nonresponder_imputed``, ``n_unknown`` counts whose membership is unknown. Against a low
        reference this errs towards more non-response: it is no conservative reading here.
    """
    overall = counts[counts["stratum"] == "overall"].set_index(["estimand", "definition"])
    rows = []
    for row in list_rows(_primary(rates)):
        key = (row["estimand"], row["definition"])
        if (
            row["analysis"] != "complete_case"
            or row["unit"] != "patient"
            or key not in overall.index
        ):
            continue
        cell = overall.loc[key]
        n = int(cell["certain"])
        events = int(cell["events"] + cell["certain"] - cell["known"])
        outside = int(cell["known"] + cell["unknown"] - cell["certain"])
        rows.append({**row, **_wilson_numbers(n, events, row), "analysis": NONRESPONDER,
                     "n_unknown": outside})  # fmt: skip
    return _as_rates(rows)


def _primary(rates: pd.DataFrame) -> pd.DataFrame:
    return rates[
        (rates["stratum"] == "overall") & rates["analysis"].isin(["complete_case", "proven"])
    ]


def _as_rates(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows).reindex(columns=list(RATE_COLUMNS))
    for name in ("n", "n_unknown", "n_clusters", "events"):
        table[name] = table[name].astype("Int64")
    table["robust"] = table["robust"].astype("boolean")
    for name in RATE_COLUMNS[RATE_COLUMNS.index("rate") : RATE_COLUMNS.index("conclusion")]:
        if name != "ci_method":
            table[name] = table[name].astype("float64")
    return table


def _wilson_numbers(n: int, events: int, row: dict[str, Any]) -> dict[str, Any]:
    low, high = (float(limit) for limit in estimate_wilson(events, n))
    low90, high90 = (float(limit) for limit in estimate_wilson(events, n, EQUIVALENCE_CONFIDENCE))
    rate = float(divide(events, n))
    conclusion = str(derive_conclusion(events, n, row["reference"], row["margin"]))
    return {
        "n": n, "n_clusters": n, "events": events, "rate": rate, "ci_low": low, "ci_high": high,
        "ci90_low": low90, "ci90_high": high90, "ci_method": "wilson" if n else None,
        "difference": rate - row["reference"],
        "p_value": float(estimate_score_p_value([events], [n], row["reference"])[0]),
        "conclusion": conclusion or None, "robust": None,
        "status": "ok" if n else "not_estimable",
    }  # fmt: skip


def estimate_imputed(
    frame: Frame, rates: pd.DataFrame, definition: str, settings: ImputationSettings
) -> pd.DataFrame:
    """Estimate overall rates by multiple imputation, by one definition.

    Parameters
    ----------
    frame
        The patients.
    rates
        As :func:`trdanalysis.analysis.rates.estimate_rates` gives them.
    definition
        Its id.
    settings
        Number of data sets, and seed.

    Returns
    -------
    DataFrame
        Rows of rates.csv, one per estimand of patients but ``pseudo_resistance``; ``analysis`` is
        ``multiple_imputation``. ``n`` are the certain members; ``events`` is empty. Limits on the
        logit by Rubin's rules, so that there are none where nobody or everybody of a completed
        data set has the event. Of a label its criteria are imputed, with the number of trials in
        the models, and the label follows from them. Right only where, given what is recorded, being
        unknown has nothing to do with the outcome.
    """
    rows = []
    primary = _primary(rates)
    primary = primary[primary["definition"] == definition].set_index("estimand")
    for place, estimand in enumerate(PATIENT_ESTIMANDS):
        if estimand.name == "pseudo_resistance" or estimand.name not in primary.index:
            continue
        row = list_rows(primary.loc[[estimand.name]].reset_index())[0]
        generator = np.random.default_rng([settings.seed, place])
        rows.append({**row, **_impute_one(frame, estimand, row, settings.imputations, generator)})
    return _as_rates(rows)


def _impute_one(
    frame: Frame, estimand: Estimand, row: dict[str, Any], imputations: int,
    generator: np.random.Generator,
) -> dict[str, Any]:  # fmt: skip
    outcomes = _outcomes_of(estimand)
    members = _collect_members(frame, estimand, outcomes)
    n = int(members["patients"].sum())
    empty: dict[str, Any] = dict.fromkeys(
        ("rate", "ci_low", "ci_high", "ci90_low", "ci90_high", "difference", "p_value", "events",
         "robust", "conclusion", "ci_method")
    )  # fmt: skip
    outside = int(row["n_unknown"]) - int(members.loc[members["event"].isna(), "patients"].sum())
    head = {**empty, "analysis": IMPUTED, "n": n, "n_clusters": n, "n_unknown": outside}
    if not n or any(members[name].isna().all() for name in outcomes):
        return {**head, "status": "not_estimable"}
    table, variables, fixed = _make_rows(members, estimand, outcomes)

    def share(completed: pd.DataFrame) -> float:
        event = completed[outcomes].all(axis=1)
        return float(completed.loc[event, "patients"].sum()) / n

    shares = np.array(impute(table, variables, fixed, share, imputations, generator))
    if (shares == 0).any() or (shares == 1).any():
        return {**head, "status": "not_estimable"}
    variances = 1 / (n * shares * (1 - shares))
    pooled = pool_estimates(list(np.log(shares / (1 - shares))), list(variances), n - 1)
    return {**head, **_logit_numbers(pooled.estimate, np.sqrt(pooled.variance), pooled.df, row)}


def _outcomes_of(estimand: Estimand) -> list[str]:
    """Give the columns that make the event when all are yes."""
    if estimand.event != "trd":
        return ["event"]
    return [name for name in LABEL_PARTS if name not in estimand.criteria]


def _collect_members(frame: Frame, estimand: Estimand, outcomes: Sequence[str]) -> pd.DataFrame:
    """Group an estimand's members by what imputation looks at."""
    by_severity = frame.of(estimand, ["baseline_severity"])
    middle = _weighted_median(by_severity["baseline_severity"], by_severity["patients"])
    own = [name for name in outcomes if name != "event"]
    columns = [*own, *GROUPS, "sex", "recurrent", "age_band", "drop_id", "site"]
    return frame.of(estimand, [*columns, "antidepressant_trials"], severe_from=middle)


def _make_rows(
    members: pd.DataFrame, estimand: Estimand, outcomes: Sequence[str]
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Make the rows, variables and fixed terms of the imputation models."""
    sex = members["sex"]
    columns: dict[str, Any] = {name: members[name] for name in outcomes}
    groups = [name for name in GROUPS if name != TRIAL_GROUP or estimand.has_trial_factors]
    columns |= {name: members[name] for name in groups}
    columns["female"] = np.where(sex.isna(), np.nan, (sex == "female").astype(float))
    columns["recurrent"] = members["recurrent"]
    columns[SEVERE] = members[SEVERE]
    variables = [
        name for name, values in columns.items()
        if name in outcomes or not pd.isna(pd.Series(values)).all()
    ]  # fmt: skip
    table = pd.DataFrame({name: np.asarray(columns[name], dtype=float) for name in variables})
    fixed = []
    for name in ("age_band", "drop_id", "site"):
        levels = sorted(members[name].fillna("").unique())
        if 1 < len(levels) <= MOST_LEVELS:
            for level in levels[1:]:
                fixed.append(f"{name}={level}")
                table[fixed[-1]] = (members[name].fillna("") == level).to_numpy(dtype=float)
    if estimand.event == "trd":
        for least in range(2, MOST_TRIALS + 1):
            fixed.append(f"trials>={least}")
            table[fixed[-1]] = (members["antidepressant_trials"] >= least).to_numpy(dtype=float)
    table["patients"] = members["patients"].to_numpy()
    by = [*variables, *fixed]
    added = table.groupby(by, dropna=False, sort=True)[["patients"]].sum().reset_index()
    return added, variables, fixed


def _weighted_median(values: pd.Series, weights: pd.Series) -> float:
    known = values.notna()
    if not known.any():
        return np.nan
    ordered = values[known].sort_values()
    share = weights[ordered.index].cumsum() / weights[ordered.index].sum()
    return float(ordered[share >= 0.5].iloc[0])


def _logit_numbers(logit: float, error: float, df: float, row: dict[str, Any]) -> dict[str, Any]:
    from scipy.stats import t

    def back(value: float) -> float:
        return float(1 / (1 + np.exp(-value)))

    limits = []
    for confidence in (0.95, EQUIVALENCE_CONFIDENCE):
        half = float(t.ppf((1 + confidence) / 2, df)) * error
        limits += [back(logit - half), back(logit + half)]
    reference = row["reference"]
    distance = abs(logit - np.log(reference / (1 - reference)))
    names = ("ci_low", "ci_high", "ci90_low", "ci90_high")
    low, high, low90, high90 = limits
    return {
        "rate": back(logit), **dict(zip(names, limits, strict=True)),
        "ci_method": "rubin_logit_t", "difference": back(logit) - reference,
        "p_value": float(2 * t.sf(distance / error, df)),
        "conclusion": str(conclude(low, high, low90, high90, reference, row["margin"])),
        "status": "ok",
    }  # fmt: skip


def estimate_tipping(rates: pd.DataFrame, settings: RateSettings) -> pd.DataFrame:
    """Estimate how many of the unknown must have the event before the conclusion changes.

    Parameters
    ----------
    rates
        As :func:`trdanalysis.analysis.rates.estimate_rates` gives them.
    settings
        Reference and margin.

    Returns
    -------
    DataFrame
        Per overall rate of patients with anybody unknown, one row for each tenth of the unknown and
        for the last count before and the first after every change, with :data:`TIPPING_COLUMNS`.
        ``conclusion`` is that of everybody not certainly out, so many of the unknown having the
        event; ``as_primary``: whether it is the rate's own.
    """
    parts = []
    for row in list_rows(_primary(rates)):
        if row["unit"] == "patient" and row["status"] == "ok" and row["n_unknown"] > 0:
            parts.append(_tip(row, settings))
    if not parts:
        return pd.DataFrame(columns=list(TIPPING_COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _tip(row: dict[str, Any], settings: RateSettings) -> pd.DataFrame:
    unknown, events = int(row["n_unknown"]), int(row["events"])
    total = round(events / row["bound_low"]) if row["bound_low"] else None
    if total is None:
        total = round(unknown / row["bound_high"])
    fixed = (settings.reference, settings.margin, settings.confidence)
    every = np.arange(unknown + 1)
    conclusions = derive_conclusion(events + every, np.full(unknown + 1, total), *fixed)
    changes = np.flatnonzero(conclusions[1:] != conclusions[:-1])
    tenths = [round(share * unknown) for share in TIPPING_SHARES]
    chosen = np.array(sorted({*tenths, *changes.tolist(), *(changes + 1).tolist()}))
    had, n = events + chosen, np.full(len(chosen), total)
    low, high = estimate_wilson(had, n, settings.confidence)
    return pd.DataFrame(
        {
            "estimand": row["estimand"], "definition": row["definition"],
            "unknown_with_event": chosen, "share": chosen / unknown, "n": n, "events": had,
            "rate": had / n, "ci_low": low, "ci_high": high,
            "conclusion": conclusions[chosen],
            "as_primary": conclusions[chosen] == row["conclusion"], "status": "ok",
        }
    )  # fmt: skip
