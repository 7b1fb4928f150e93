"""Residual symptoms of simulated patients, by what is true of their treatment."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from trdanalysis.simulate.patients import Array, Columns
from trdanalysis.simulate.planted import SYMPTOM_CORRELATION, SYMPTOMS_BY_GROUP


def draw_symptoms(rng: np.random.Generator, group: Array) -> Columns:
    """Draw the symptoms of each patient.

    Behind each symptom stands a normal tendency; any two of one patient have the correlation
    :data:`~trdanalysis.simulate.planted.SYMPTOM_CORRELATION`. A symptom is there where its tendency
    lies below the quantile of its prevalence.

    Parameters
    ----------
    rng
        Source of randomness.
    group
        Index into :data:`trdanalysis.simulate.planted.GROUPS`, one a patient.

    Returns
    -------
    Columns
        A truth value for each symptom and patient.
    """
    n = len(group)
    shared = np.sqrt(SYMPTOM_CORRELATION) * rng.standard_normal(n)
    own = np.sqrt(1 - SYMPTOM_CORRELATION)
    return {
        name: shared + own * rng.standard_normal(n)
        < np.array([NormalDist().inv_cdf(share) for share in shares])[group]
        for name, shares in SYMPTOMS_BY_GROUP.items()
    }
