"""Rates of trials, several a patient, by counting them patient by patient.

Read where the pages are silent: with one patient there is no interval, no p and no conclusion, also
where all or none of his trials have the event. A bound counts each unknown trial in its own
patient, so a patient of whom all is unknown is one more cluster there.
"""

from __future__ import annotations

from typing import Any

from tests.slow.estimands import Unit
from tests.slow.formulas import Cluster, cluster_limits, cluster_p_value
from tests.slow.reference import REFERENCE, conclude_from


def rate_of_trials(patients: list[list[Unit]]) -> dict[str, Any]:
    """Make a rate of the trials of each patient."""
    known, at_low, at_high = [], [], []
    n_unknown = 0
    for trials in patients:
        certain = [t for t in trials if t.member is True and t.event is not None]
        unknown = sum(t.is_unknown for t in trials)
        events = sum(t.event is True for t in certain)
        n_unknown += unknown
        if certain:
            known.append(Cluster(len(certain), events))
        if certain or unknown:
            at_low.append(Cluster(len(certain) + unknown, events))
            at_high.append(Cluster(len(certain) + unknown, events + unknown))
    n, events = sum(c.trials for c in known), sum(c.events for c in known)
    total = n + n_unknown
    counts = {
        "unit": "trial",
        "n": n,
        "n_unknown": n_unknown,
        "n_clusters": len(known),
        "events": events,
    }
    if n == 0:
        bounds = {"bound_low": 0.0, "bound_high": 1.0} if total else {}
        return counts | {"status": "not_estimable"} | bounds
    low, high = cluster_limits(known, 0.95) or (None, None)
    low90, high90 = cluster_limits(known, 0.9) or (None, None)
    conclusion = conclude(known)
    return counts | {
        "rate": events / n,
        "ci_low": low,
        "ci_high": high,
        "ci90_low": low90,
        "ci90_high": high90,
        "bound_low": events / total,
        "bound_high": (events + n_unknown) / total,
        "difference": events / n - REFERENCE,
        "p_value": cluster_p_value(known, REFERENCE),
        "conclusion": conclusion,
        "robust": conclusion == conclude(at_low) == conclude(at_high),
        "status": "ok",
    }


def conclude(clusters: list[Cluster]) -> str:
    """Hold a rate of trials against the reference."""
    return conclude_from(cluster_limits(clusters, 0.95), cluster_limits(clusters, 0.9))
