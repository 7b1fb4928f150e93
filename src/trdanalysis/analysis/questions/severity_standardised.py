"""Two groups compared as if they had been equally severe: direct standardisation over strata.

Nothing is modelled, so that a proven share can be standardised too: it stays a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.contrasts import estimate_risk_difference, estimate_risk_ratio
from trdanalysis.analysis.intervals import (
    Floats,
    divide,
    estimate_newcombe_difference,
    estimate_wilson,
)

#: Strata of severity, as shares of a scale's range from 0 to 1: each from one edge up to the next,
#: the last to the end. Fifths are a choice of this project's.
STRATUM_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8)

CRUDE, STANDARDISED = "crude", "directly_standardised"
COVARIATE = "baseline_severity"
#: Why there is no number.
NOBODY, NO_SHARED_STRATUM, NO_EVENT = "nobody", "no_shared_stratum", "no_event"


def compare_groups(counts: pd.DataFrame, groups: tuple[str, str]) -> list[dict[str, Any]]:
    """Compare an outcome in two groups, as it is and standardised for severity.

    Parameters
    ----------
    counts
        ``group``, ``stratum`` (NaN: severity unknown), ``n`` (patients with a known outcome) and
        ``events``, one row each.
    groups
        The group and what it is set against.

    Returns
    -------
    list of dict
        Difference and ratio of risks: ``crude``, of everybody (Newcombe's limits; the ratio's by
        the delta method on the log scale), then ``directly_standardised``, of those in strata that
        both groups have: each group's risk by stratum, weighted by both groups together. Limits of
        a standardised risk are those of a weighted sum of binomials from Wilson's limits in each
        stratum, of their difference and (on the log scale) ratio by square and add again. ``n`` and
        ``n_versus`` are those used.

    References
    ----------
    Zou GY, Huang W, Zhang X (2009) Comput Stat Data Anal 53:1080-1085 (weighted sums of binomials).
    Zou GY, Donner A (2008) Stat Med 27:1693-1702 (differences and ratios).
    """
    one, other = (counts[counts["group"] == name] for name in groups)
    return [*_compare_crude(one, other), *_compare_standardised(one, other)]


def _compare_crude(one: pd.DataFrame, other: pd.DataFrame) -> list[dict[str, Any]]:
    e1, n1, e2, n2 = (int(part[name].sum()) for part in (one, other) for name in ("events", "n"))
    head = {"model": CRUDE, "n": n1, "n_versus": n2}
    nobody = NOBODY if not n1 or not n2 else None
    difference = estimate_risk_difference(e1, n1, e2, n2)
    ratio = estimate_risk_ratio(e1, n1, e2, n2)
    return [
        _row(head, "rd", difference, "newcombe", nobody),
        _row(head, "rr", ratio, "log_delta", nobody or (None if e1 and e2 else NO_EVENT)),
    ]


def _compare_standardised(one: pd.DataFrame, other: pd.DataFrame) -> list[dict[str, Any]]:
    tables = [
        part[part["stratum"].notna() & (part["n"] > 0)].set_index("stratum")[["n", "events"]]
        for part in (one, other)
    ]
    shared = sorted(set(tables[0].index) & set(tables[1].index))
    first, second = (table.loc[shared] for table in tables)
    n = first["n"].to_numpy(float) + second["n"].to_numpy(float)
    weights = divide(n, n.sum())
    head = {
        "model": STANDARDISED, "covariates": COVARIATE, "n": int(first["n"].sum()),
        "n_versus": int(second["n"].sum()),
    }  # fmt: skip
    if not shared:
        return [_row(head, effect, (), "", NO_SHARED_STRATUM) for effect in ("rd", "rr")]
    risks = [standardise_risk(part["events"], part["n"], weights) for part in (first, second)]
    difference = estimate_newcombe_difference(*risks[0], *risks[1])
    no_event = NO_EVENT if not first["events"].sum() or not second["events"].sum() else None
    ratio: Sequence[Any] = ()
    if no_event is None:
        logs = [[np.log(limit) for limit in risk] for risk in risks]
        ratio = [np.exp(part) for part in estimate_newcombe_difference(*logs[0], *logs[1])]
    return [
        _row(head, "rd", difference, "stratified_newcombe", None),
        _row(head, "rr", ratio, "log_square_and_add", no_event),
    ]


def standardise_risk(
    events: Sequence[int] | pd.Series, n: Sequence[int] | pd.Series, weights: Floats
) -> tuple[float, float, float]:
    """Give a risk weighted over strata, with its lower and upper limit.

    Parameters
    ----------
    events, n
        By stratum; nobody's is empty.
    weights
        They add up to 1.
    """
    e, m = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    risk = e / m
    low, high = estimate_wilson(e, m)
    told = float((weights * risk).sum())
    below = float(np.sqrt((weights**2 * (risk - low) ** 2).sum()))
    above = float(np.sqrt((weights**2 * (high - risk) ** 2).sum()))
    return told, told - below, told + above


def _row(
    head: dict[str, Any], effect: str, told: Sequence[Any], method: str, reason: str | None
) -> dict[str, Any]:
    row = {**head, "effect": effect}
    if reason is not None:
        return {**row, "status": "not_estimable", "reason": reason}
    value, low, high = (float(part) for part in told)
    return {**row, "value": value, "ci_low": low, "ci_high": high, "ci_method": method,
            "status": "ok"}  # fmt: skip
