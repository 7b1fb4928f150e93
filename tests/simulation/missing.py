"""Multiple imputation where the outcome is missing at random given a factor."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from tests.simulation.design import COVERAGE, Count, Design, Question, covers
from tests.simulation.exact import MARGIN, REFERENCE
from trdanalysis.analysis.imputation import impute, pool_estimates
from trdanalysis.analysis.sensitivity import _logit_numbers

IMPUTED = "Multiple imputation"
IMPUTATIONS = 20
#: Of the outcome without the factor and with it; of a missing outcome; how common the factor is.
RISKS, UNRECORDED, PREVALENCE = (0.25, 0.6), (0.1, 0.5), 0.4
TRUTH = (1 - PREVALENCE) * RISKS[0] + PREVALENCE * RISKS[1]


def draw_imputed(
    n: int, factor_missing: float, generator: np.random.Generator, repetitions: int
) -> list[Count]:
    """Count coverage of the pooled share."""
    limits = np.full((repetitions, 2), np.nan)
    for at in range(repetitions):
        limits[at] = impute_once(n, factor_missing, generator)
    return [covers(limits[:, 0], limits[:, 1], TRUTH)]


def impute_once(
    n: int, factor_missing: float, generator: np.random.Generator
) -> tuple[float, float]:
    """Draw a cohort, impute it, and give the limits of its share with the event."""
    factor = generator.random(n) < PREVALENCE
    other = generator.random(n) < 0.5
    event = generator.random(n) < np.where(factor, RISKS[1], RISKS[0])
    event_known = generator.random(n) >= np.where(factor, UNRECORDED[1], UNRECORDED[0])
    # Whether the factor is recorded depends on what is always known.
    factor_known = generator.random(n) >= factor_missing * np.where(other, 1.5, 0.5)
    rows = pd.DataFrame(
        {
            "event": np.where(event_known, event, np.nan),
            "factor": np.where(factor_known, factor, np.nan),
            "other": other.astype(float),
            "patients": 1,
        }
    )
    by = ["event", "factor", "other"]
    grouped = rows.groupby(by, dropna=False, sort=True)[["patients"]].sum().reset_index()

    def share(completed: pd.DataFrame) -> float:
        return float(completed.loc[completed["event"] == 1, "patients"].sum()) / n

    shares = np.array(
        impute(grouped, ["event", "factor"], ["other"], share, IMPUTATIONS, generator)
    )
    variances = 1 / (n * shares * (1 - shares))
    pooled = pool_estimates(list(np.log(shares / (1 - shares))), list(variances), n - 1)
    row = {"reference": REFERENCE, "margin": MARGIN}
    found = _logit_numbers(pooled.estimate, np.sqrt(pooled.variance), pooled.df, row)
    return found["ci_low"], found["ci_high"]


def list_designs() -> list[Design]:
    """Give the designs of this module."""
    question = Question(IMPUTED, f"share {TRUTH:g}", 0.95, COVERAGE)
    return [
        Design(
            f"n {n}, outcome missing in 10% without the factor and 50% with it, "
            f"factor missing in {100 * factor_missing:.0f}%",
            partial(draw_imputed, n, factor_missing), (question,), 2000, 100,
        )
        for n, factor_missing in ((200, 0.2), (600, 0.2))
    ]  # fmt: skip
