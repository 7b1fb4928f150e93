"""Age in models: smooth curves, departure from a straight line, and bands against factor groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.adjusted import LEAST_CLUSTERS
from trdanalysis.analysis.comparisons import finish
from trdanalysis.analysis.estimands import (
    GROUPS,
    PATIENT_ESTIMANDS,
    TRIAL_ESTIMAND,
    TRIAL_GROUP,
    Estimand,
)
from trdanalysis.analysis.frames import Frame
from trdanalysis.analysis.intervals import Floats
from trdanalysis.analysis.models import Fit, NotEstimableError, fit_gee, fit_logistic
from trdanalysis.analysis.rates import RateSettings
from trdanalysis.analysis.splines import place_knots, restricted_cubic_basis

#: Columns of age_curves.csv, in order.
AGE_CURVE_COLUMNS = (
    "estimand", "definition", "age_years", "rate", "ci_low", "ci_high", "knots_years", "status",
    "reason",
)  # fmt: skip


def estimate_age(
    frame: Frame, definition: str, settings: RateSettings, knots: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate how rates go with age, by one definition.

    Parameters
    ----------
    frame
        The patients.
    definition
        Its id.
    settings
        Age bands.
    knots
        Of the spline, 3 to 5.

    Returns
    -------
    tuple of DataFrame
        Curves with :data:`AGE_CURVE_COLUMNS`: per complete-case estimand of patients and whole year
        between the youngest and the oldest adult, the risk by a logistic model of a restricted
        cubic spline of age, with pointwise 95% limits. And rows of comparisons.csv: ``age_trend``
        with ``departure`` of the spline from a straight line (Wald's chi-squared); for trials
        ``trend`` (odds ratio per band) and ``departure`` by estimating equations; and
        ``age_interaction`` with ``departure``, whether a factor group's odds ratio is the same in
        all bands (likelihood-ratio chi-squared), which is exploratory.
    """
    curves, rows = [], []
    for estimand in PATIENT_ESTIMANDS:
        if estimand.analysis != "complete_case":
            continue
        members = frame.of(estimand, ["age_years"])
        members = members[members["event"].notna() & members["age_years"].notna()]
        curve, row = _fit_curve(members, estimand, definition, knots)
        curves.append(curve)
        rows.append(row)
        rows += [
            _test_bands(frame, estimand, definition, group, settings)
            for group in GROUPS
            if group != TRIAL_GROUP or estimand.has_trial_factors
        ]
    rows += _test_trial_bands(frame, definition, settings)
    return pd.concat(curves, ignore_index=True), finish(rows)


def _counts(members: pd.DataFrame) -> tuple[Floats, Floats]:
    n = members["patients"].to_numpy(dtype=float)
    return n * members["event"].to_numpy(dtype=float), n


def _fit_curve(
    members: pd.DataFrame, estimand: Estimand, definition: str, knots: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    head: dict[str, Any] = {"estimand": estimand.name, "definition": definition}
    row = {**head, "analysis": estimand.analysis, "contrast": "age_trend", "group": "age",
           "level": "per year", "model": "logistic_spline", "measure": "departure"}  # fmt: skip
    events, n = _counts(members)
    by_age = members.assign(events=events, n=n).groupby("age_years")[["events", "n"]].sum()
    try:
        if len(by_age) < 3:
            raise NotEstimableError("fewer_than_three_ages")
        at = place_knots(by_age.index, by_age["n"], knots)
        fit, basis = _fit_spline(by_age, at)
    except NotEstimableError as refusal:
        told = {"status": "not_estimable", "reason": str(refusal)}
        empty = pd.DataFrame([{**head, **told}])
        return empty.reindex(columns=list(AGE_CURVE_COLUMNS)), {**row, **told}
    ages = np.arange(by_age.index.min(), by_age.index.max() + 1)
    design = _spline_design(ages, at)
    curve = _predict(fit, design).assign(**head, age_years=ages.astype(int), status="ok")
    curve["knots_years"] = " ".join(f"{knot:g}" for knot in at)
    row |= {"n": fit.n, **_wald(fit, list(range(2, basis.shape[1])))}
    return curve.reindex(columns=list(AGE_CURVE_COLUMNS)), row


def _spline_design(ages: Any, knots: Floats) -> Floats:
    # Decades: coefficients of one size.
    basis = restricted_cubic_basis(np.asarray(ages, dtype=float) / 10, knots / 10)
    return np.column_stack([np.ones(len(basis)), basis])


def _fit_spline(by_age: pd.DataFrame, knots: Floats) -> tuple[Fit, Floats]:
    design = _spline_design(by_age.index, knots)
    return fit_logistic(design, by_age["events"], by_age["n"]), design


def _predict(fit: Fit, design: Floats) -> pd.DataFrame:
    from scipy.special import expit
    from scipy.stats import norm

    linear = design @ fit.coefficients
    half = norm.ppf(0.975) * np.sqrt(np.einsum("ij,jk,ik->i", design, fit.covariance, design))
    parts = {"rate": linear, "ci_low": linear - half, "ci_high": linear + half}
    return pd.DataFrame({name: expit(value) for name, value in parts.items()})


def _wald(fit: Fit, places: list[int]) -> dict[str, Any]:
    """Test whether the coefficients at these places are all 0."""
    from scipy.stats import chi2

    if not places:
        return {"status": "not_estimable", "reason": "too_few_knots_or_bands"}
    beta = fit.coefficients[places]
    value = float(beta @ np.linalg.solve(fit.covariance[np.ix_(places, places)], beta))
    return {"value": value, "p_value": float(chi2.sf(value, len(places))), "status": "ok",
            "level": f"{len(places)} df"}  # fmt: skip


def _test_bands(
    frame: Frame, estimand: Estimand, definition: str, group: str, settings: RateSettings
) -> dict[str, Any]:
    """Test whether a group's odds ratio is the same in every adult band."""
    from scipy.stats import chi2

    row = {
        "estimand": estimand.name, "definition": definition, "analysis": estimand.analysis,
        "contrast": "age_interaction", "group": group, "level": "present", "versus": "absent",
        "model": "logistic_interaction", "measure": "departure",
    }  # fmt: skip
    # Of whom the age is known, the band is, and the other way round.
    members = frame.of(estimand, ["age_band", group])
    known = members[members["event"].notna() & members["age_band"].notna() & members[group].notna()]
    bands = [band.label for band in settings.bands if band.is_adult]
    bands = [band for band in bands if (known["age_band"] == band).any()]
    if len(bands) < 2:
        return {**row, "status": "not_estimable", "reason": "too_few_knots_or_bands"}
    exposed = known[group].to_numpy(dtype=float)
    dummies = [(known["age_band"] == band).to_numpy(dtype=float) for band in bands[1:]]
    main = np.column_stack([np.ones(len(known)), exposed, *dummies])
    crossed = np.column_stack([main, *(dummy * exposed for dummy in dummies)])
    try:
        without, with_products = (
            fit_logistic(design, *_counts(known)) for design in (main, crossed)
        )
    except NotEstimableError as refusal:
        return {**row, "status": "not_estimable", "reason": str(refusal)}
    value = 2 * (with_products.log_likelihood - without.log_likelihood)
    return {**row, "level": f"present, {len(dummies)} df", "n": without.n, "value": value,
            "p_value": float(chi2.sf(value, len(dummies))), "status": "ok"}  # fmt: skip


def _test_trial_bands(
    frame: Frame, definition: str, settings: RateSettings
) -> list[dict[str, Any]]:
    """Fit trials on the score of the band, and on what departs from it."""
    from scipy.stats import norm

    head = {
        "estimand": TRIAL_ESTIMAND.name, "definition": definition, "analysis": "complete_case",
        "contrast": "age_trend", "group": "age", "level": "per band", "model": "gee_logit",
    }  # fmt: skip
    bands = [band.label for band in settings.bands if band.is_adult]
    used = frame.of_trials(["age_band"])
    used = used[used["age_band"].isin(bands)]
    bands = [band for band in bands if (used["age_band"] == band).any()]
    score = used["age_band"].map({band: place for place, band in enumerate(bands, start=1)})
    counts = (used["trials_events"], used["trials_known"], used["patients"])
    told: list[dict[str, Any]] = []
    try:
        if used["patients"].sum() < LEAST_CLUSTERS:
            raise NotEstimableError("fewer_than_50_patients")
        line = np.column_stack([np.ones(len(used)), score])
        fit = fit_gee(line, *counts, link="logit")
        bent = [(used["age_band"] == band).to_numpy(dtype=float) for band in bands[2:]]
        wide = fit_gee(np.column_stack([line, *bent]), *counts, link="logit") if bent else None
    except NotEstimableError as refusal:
        told = [{"status": "not_estimable", "reason": str(refusal)}] * 2
    else:
        value, error = fit.at("x1")
        half = float(norm.ppf(0.975)) * error
        limits = np.exp([value, value - half, value + half]).tolist()
        trend = dict(zip(("value", "ci_low", "ci_high"), limits, strict=True))
        told = [
            {**trend, "ci_method": "robust_wald", "status": "ok", "n": fit.n,
             "p_value": float(2 * norm.sf(abs(value) / error))},
            {"status": "not_estimable", "reason": "too_few_knots_or_bands"}
            if wide is None
            else {"n": wide.n, **_wald(wide, list(range(2, 2 + len(bent))))},
        ]  # fmt: skip
    return [
        {**head, "measure": measure, **one}
        for measure, one in zip(("trend", "departure"), told, strict=True)
    ]
