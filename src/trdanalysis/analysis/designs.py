"""Designs: the columns of a model, from grouped patients and the covariates that config names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from trdanalysis.analysis.intervals import Floats
from trdanalysis.analysis.models import NotEstimableError
from trdanalysis.analysis.splines import place_knots, restricted_cubic_basis

#: A level of a covariate with fewer patients than this joins the most frequent one.
LEAST_PATIENTS_A_LEVEL = 10

_CATEGORIES = ("sex", "site", "drop_id")
#: Covariates of the config that stand under another name in the frame.
COLUMN_OF = {"episode": "recurrent"}


@dataclass(frozen=True)
class Design:
    """A design and the rows it was made of.

    Attributes
    ----------
    matrix
        Intercept first, then exposures, then covariates.
    names
        Of its columns.
    rows
        The frame's rows that are used: everything in the design is known.
    covariates
        Those used, as the config names them.
    left_out
        Patients who are not used because an exposure or a covariate is unknown.
    """

    matrix: Floats
    names: tuple[str, ...]
    rows: pd.DataFrame
    covariates: tuple[str, ...]
    left_out: int


def make_design(
    members: pd.DataFrame,
    exposures: Sequence[str],
    covariates: Sequence[str],
    knots: int,
    weights: str = "patients",
) -> Design:
    """Make a design.

    Parameters
    ----------
    members
        Rows of a frame: an estimand's members with a known outcome.
    exposures
        Yes-or-no columns.
    covariates
        As the config names them. One that nobody has, or that does not vary, is left out. Age
        enters as a restricted cubic spline.
    knots
        Of that spline.
    weights
        How many patients (or trials) a row stands for.

    Raises
    ------
    NotEstimableError
        ``nobody``; ``one_level``, where an exposure does not vary among those used.
    """
    used = [
        name
        for name in covariates
        if COLUMN_OF.get(name, name) not in exposures and members[_column(name)].notna().any()
    ]
    known = members[[*exposures, *(_column(name) for name in used)]].notna().all(axis=1)
    rows = members[known]
    if not len(rows):
        raise NotEstimableError("nobody")
    for name in exposures:
        if rows[name].nunique() < 2:
            raise NotEstimableError("one_level")
    columns: dict[str, Floats] = {"intercept": np.ones(len(rows))}
    columns |= {name: rows[name].to_numpy(dtype=float) for name in exposures}
    varying = []
    for name in used:
        terms = _terms(name, rows, knots, weights)
        if terms:
            varying.append(name)
        columns |= terms
    total = int(members[weights].sum())
    return Design(
        matrix=np.column_stack(list(columns.values())), names=tuple(columns), rows=rows,
        covariates=tuple(varying), left_out=total - int(rows[weights].sum()),
    )  # fmt: skip


def _column(name: str) -> str:
    return COLUMN_OF.get(name, name)


def _terms(name: str, rows: pd.DataFrame, knots: int, weights: str) -> dict[str, Floats]:
    values = rows[_column(name)]
    if values.nunique() < 2:
        return {}
    if name == "age_years":
        # Decades: coefficients of one size with the others.
        decades = values.to_numpy(dtype=float) / 10
        at = place_knots(decades, rows[weights], knots)
        basis = restricted_cubic_basis(decades, at)
        return {f"age_{place}": basis[:, place] for place in range(basis.shape[1])}
    if name in _CATEGORIES:
        patients = rows[weights].groupby(values).sum().sort_index()
        reference = str(patients.idxmax())
        return {
            f"{name}={level}": (values == level).to_numpy(dtype=float)
            for level in patients.index
            if level != reference and patients[level] >= LEAST_PATIENTS_A_LEVEL
        }
    return {name: values.to_numpy(dtype=float)}
