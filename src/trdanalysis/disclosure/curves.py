"""Curves that leave step only where more than the minimum have had the event."""

from __future__ import annotations

from typing import Any

import pandas as pd

from trdanalysis.disclosure.hiding import hide, round_counts, round_estimates
from trdanalysis.disclosure.policy import Policy
from trdanalysis.rows import list_rows

_COUNTS = ("n_at_risk", "events", "censored")
_ESTIMATES = ("cumulative_incidence", "ci_low", "ci_high")


def disclose_curves(curves: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Put the days of each curve together until no step is of few.

    Parameters
    ----------
    curves
        With :data:`trdanalysis.analysis.survival.CURVE_COLUMNS`, by definition, curve and day.
    policy
        The site's policy.

    Returns
    -------
    DataFrame
        The same columns, fewer rows. A row is of its day and those after the row before:
        ``events`` had it in between, the incidence is that of the day itself, ``censored`` left
        from then until the next row, ``n_at_risk`` less both is the next row's. A step is as long
        as more than the minimum have the event and more than the minimum, or nobody, leave; what
        is over at the end belongs to the last step. A curve that has no such step is hidden.
    """
    if not policy.hides:
        return curves
    limit, parts = policy.hide_counts_up_to, []
    for _, rows in curves.groupby(["estimand", "definition", "curve"], sort=False):
        if not (rows["status"] == "ok").all():
            parts.append(rows)
            continue
        steps = _coarsen(list_rows(rows), limit)
        parts.append(
            pd.DataFrame(steps).astype(rows.dtypes)
            if steps
            else hide(rows.iloc[:1], [True], [*_COUNTS, *_ESTIMATES])
        )
    coarse = pd.concat(parts, ignore_index=True) if parts else curves
    coarse = round_counts(coarse, _COUNTS, policy.base_of(primary=True))
    return round_estimates(coarse, _ESTIMATES, policy.model_decimals)


def _coarsen(rows: list[dict[Any, Any]], limit: int) -> list[dict[Any, Any]]:
    """Add up days to steps; give none where even all days together are too few."""
    # Row 0 is the start: nobody has had the event, some may have left before the first.
    steps: list[dict[Any, Any]] = [dict(rows[0])]
    waiting: dict[Any, Any] | None = None
    for row in rows[1:]:
        if waiting is None:
            waiting = dict(row)
        else:
            waiting["events"] += row["events"]
            waiting["censored"] += row["censored"]
            waiting |= {name: row[name] for name in ("day", *_ESTIMATES)}
        left = waiting["n_at_risk"] - waiting["events"] - waiting["censored"]
        if (
            waiting["events"] > limit
            and not 1 <= waiting["censored"] <= limit
            and not 1 <= left <= limit
        ):
            steps.append(waiting)
            waiting = None
    start = steps[0]
    few_at_start = 1 <= start["censored"] <= limit or 1 <= start["n_at_risk"] <= limit
    if len(steps) == 1 or few_at_start:
        return []
    return steps
