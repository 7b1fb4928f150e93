"""Adjusted comparisons: models with the covariates that the config fixes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trdanalysis.analysis.comparisons import finish
from trdanalysis.analysis.designs import COLUMN_OF, Design, make_design
from trdanalysis.analysis.estimands import (
    GROUPS,
    PATIENT_ESTIMANDS,
    TRIAL_ESTIMAND,
    TRIAL_GROUP,
    Estimand,
)
from trdanalysis.analysis.firth import fit_firth
from trdanalysis.analysis.frames import Frame
from trdanalysis.analysis.models import (
    Fit,
    NotEstimableError,
    estimate_c_statistic,
    fit_gee,
    fit_logistic,
    fit_modified_poisson,
    standardise,
)
from trdanalysis.analysis.states import OLDER, YOUNG, YOUNG_YEARS

#: Columns of models.csv, in order: what each model was fitted to, and how well it is behaved.
MODEL_COLUMNS = (
    "estimand", "definition", "model", "exposures", "covariates", "n", "n_left_out", "n_clusters",
    "events", "parameters", "events_per_parameter", "iterations", "condition", "dispersion",
    "c_statistic", "status", "reason",
)  # fmt: skip

#: Fewer events, or patients without one, on either side of an exposure: Firth's method is added.
SPARSE_UNDER = 5
#: The robust variance of estimating equations is not relied on with fewer patients (Zou GY, Donner
#: A 2013, Stat Methods Med Res 22:661-670).
LEAST_CLUSTERS = 50

_YOUNG = "young_adult"


@dataclass(frozen=True)
class ModelSettings:
    """What models need of the configuration: covariates in order, and knots of the age spline."""

    covariates: tuple[str, ...]
    knots: int


@dataclass
class _Tables:
    """Rows of comparisons.csv and of models.csv, as they come."""

    comparisons: list[dict[str, Any]]
    models: list[dict[str, Any]]


def estimate_adjusted(
    frame: Frame, definition: str, settings: ModelSettings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Estimate adjusted comparisons by one definition.

    Parameters
    ----------
    frame
        The patients.
    definition
        Its id.
    settings
        Covariates and knots.

    Returns
    -------
    tuple of DataFrame
        Rows of comparisons.csv, and the models behind them with :data:`MODEL_COLUMNS`. Models are
        of complete cases, in the outcome and in every covariate; ``n_left_out`` counts members with
        a known outcome who lack something else. ``model``: ``modified_poisson`` (risk ratio),
        ``logistic_standardised`` (risk ratio and difference), each with one exposure, and with all
        factor groups together (``..._mutual``); ``firth`` (odds ratio) where cells are sparse;
        ``gee_log`` for trials. A model that cannot be fitted is ``not_estimable`` with its reason.
        Proven shares are not modelled: an unknown label is no `no`.
    """
    tables = _Tables([], [])
    for estimand in PATIENT_ESTIMANDS:
        if estimand.analysis == "complete_case":
            _add_patient_models(tables, estimand, definition, frame, settings)
    _add_trial_models(tables, definition, frame, settings)
    models = pd.DataFrame(tables.models).reindex(columns=list(MODEL_COLUMNS))
    for name in ("n", "n_left_out", "n_clusters", "events", "parameters", "iterations"):
        models[name] = models[name].astype("Int64")
    for name in ("events_per_parameter", "condition", "dispersion", "c_statistic"):
        models[name] = models[name].astype("float64")
    return finish(tables.comparisons), models


def _exposures_of(estimand: Estimand) -> list[str]:
    """Give the factor groups that may be compared."""
    return [name for name in GROUPS if name != TRIAL_GROUP or estimand.has_trial_factors]


def _add_patient_models(
    tables: _Tables, estimand: Estimand, definition: str, frame: Frame, settings: ModelSettings,
) -> None:  # fmt: skip
    groups = _exposures_of(estimand)
    without_age = [name for name in settings.covariates if name != "age_years"]
    for exposures, covariates, suffix in (
        *(([group], settings.covariates, "") for group in groups),
        (groups, settings.covariates, "_mutual"),
        ([_YOUNG], without_age, ""),
    ):
        about = {"estimand": estimand.name, "definition": definition, "suffix": suffix}
        members = frame.of(estimand, _asked_for(exposures, covariates))
        members = _with_young(members[members["event"].notna()], exposures)
        design = _design(tables, about, members, exposures, covariates, settings.knots)
        if design is None:
            continue
        events = design.rows["event"].to_numpy() * design.rows["patients"].to_numpy()
        n = design.rows["patients"].to_numpy(dtype=float)
        _fit_poisson(tables, about, design, exposures, events, n)
        _fit_standardised(tables, about, design, exposures, events, n)
        if not suffix and _is_sparse(design, exposures[0]):
            _fit_penalised(tables, about, design, exposures, events, n)


def _asked_for(exposures: Sequence[str], covariates: Sequence[str]) -> list[str]:
    """Name the columns of a frame that a model looks at."""
    own = ["age_years" if name == _YOUNG else name for name in exposures]
    return [*own, *(COLUMN_OF.get(name, name) for name in covariates)]


def _with_young(members: pd.DataFrame, exposures: Sequence[str]) -> pd.DataFrame:
    if _YOUNG not in exposures:
        return members
    low, high = YOUNG_YEARS
    age = members["age_years"]
    young = np.select([age.between(low, high), age > high], [1.0, 0.0], default=np.nan)
    return members.assign(**{_YOUNG: young})


def _design(
    tables: _Tables, about: dict[str, str], members: pd.DataFrame, exposures: Sequence[str],
    covariates: Sequence[str], knots: int, weights: str = "patients",
) -> Design | None:  # fmt: skip
    """Make the design; where there is none, say why in both tables."""
    try:
        return make_design(members, exposures, covariates, knots, weights)
    except NotEstimableError as refusal:
        models = ("modified_poisson", "logistic_standardised")
        if about["estimand"] == TRIAL_ESTIMAND.name:
            models = ("gee_log",)  # type: ignore[assignment]
        for model in models:
            _refuse(tables, about, model, exposures, None, str(refusal))
        return None


def _head(about: dict[str, str], model: str, exposure: str) -> dict[str, Any]:
    head = {
        "estimand": about["estimand"], "definition": about["definition"],
        "analysis": "complete_case", "contrast": "factor_group", "group": exposure,
        "level": "present", "versus": "absent", "model": model + about["suffix"],
    }  # fmt: skip
    if exposure == _YOUNG:
        head |= {"contrast": "young_adults", "group": "age", "level": YOUNG, "versus": OLDER}
    return head


def _refuse(
    tables: _Tables, about: dict[str, str], model: str, exposures: Sequence[str],
    design: Design | None, reason: str,
) -> None:  # fmt: skip
    measures = {"logistic_standardised": ("rd", "rr"), "firth": ("or",)}.get(model, ("rr",))
    covariates = "; ".join(design.covariates) if design else None
    for exposure in exposures:
        for measure in measures:
            tables.comparisons.append(
                {**_head(about, model, exposure), "measure": measure, "covariates": covariates,
                 "status": "not_estimable", "reason": reason}
            )  # fmt: skip
    tables.models.append(
        {"estimand": about["estimand"], "definition": about["definition"],
         "model": model + about["suffix"], "exposures": "; ".join(exposures),
         "covariates": covariates, "n_left_out": design.left_out if design else None,
         "status": "not_estimable", "reason": reason}
    )  # fmt: skip


def _record(
    tables: _Tables, about: dict[str, str], model: str, exposures: Sequence[str], design: Design,
    fit: Fit, n_clusters: int, c_statistic: float = np.nan,
) -> None:  # fmt: skip
    parameters = len(fit.names)
    rarer = min(fit.events, fit.n - fit.events)
    tables.models.append(
        {
            "estimand": about["estimand"], "definition": about["definition"],
            "model": model + about["suffix"], "exposures": "; ".join(exposures),
            "covariates": "; ".join(design.covariates), "n": fit.n, "n_left_out": design.left_out,
            "n_clusters": n_clusters, "events": fit.events, "parameters": parameters,
            "events_per_parameter": rarer / parameters, "iterations": fit.iterations,
            "condition": fit.condition, "dispersion": fit.dispersion, "c_statistic": c_statistic,
            "status": "ok",
        }
    )  # fmt: skip


def _numbers(design: Design, exposure: str, weights: str = "patients") -> dict[str, Any]:
    exposed = design.rows[exposure] == 1
    return {
        "n": int(design.rows.loc[exposed, weights].sum()),
        "n_versus": int(design.rows.loc[~exposed, weights].sum()),
        "covariates": "; ".join(design.covariates),
    }


def give_ratio(fit: Fit, exposure: str) -> dict[str, float]:
    """Give a coefficient as a ratio with Wald's limits and p-value."""
    from scipy.stats import norm

    value, error = fit.at(exposure)
    half = float(norm.ppf(0.975)) * error
    return {
        "value": float(np.exp(value)),
        "ci_low": float(np.exp(value - half)),
        "ci_high": float(np.exp(value + half)),
        "p_value": float(2 * norm.sf(abs(value) / error)),
    }


def _attempt(
    tables: _Tables, about: dict[str, str], model: str, exposures: Sequence[str], design: Design,
    fit: Callable[[], Fit],
) -> Fit | None:  # fmt: skip
    try:
        check_cells(design, exposures)
        return fit()
    except NotEstimableError as refusal:
        _refuse(tables, about, model, exposures, design, str(refusal))
        return None


def check_cells(design: Design, exposures: Sequence[str]) -> None:
    """Refuse exposures on one side of which nobody, or everybody, has the event.

    A likelihood has no maximum there; a robust variance has one of 0, which is no certainty.
    """
    rows = design.rows
    if "event" in rows and rows["event"].notna().all():
        had = rows["event"] * rows["patients"]
        n = rows["patients"]
    else:
        had, n = rows["trials_events"] * rows["patients"], rows["trials_known"] * rows["patients"]
    for exposure in exposures:
        events, total = had.groupby(rows[exposure]).sum(), n.groupby(rows[exposure]).sum()
        if (events == 0).any() or (events == total).any():
            raise NotEstimableError("empty_cell")


def _fit_poisson(
    tables: _Tables, about: dict[str, str], design: Design, exposures: Sequence[str],
    events: np.ndarray, n: np.ndarray,
) -> None:  # fmt: skip
    model = "modified_poisson"
    fit = _attempt(
        tables, about, model, exposures, design,
        lambda: fit_modified_poisson(design.matrix, events, n, design.names),
    )  # fmt: skip
    if fit is None:
        return
    _record(tables, about, model, exposures, design, fit, fit.n)
    for exposure in exposures:
        tables.comparisons.append(
            {**_head(about, model, exposure), **_numbers(design, exposure), "measure": "rr",
             **give_ratio(fit, exposure), "ci_method": "robust_wald", "status": "ok"}
        )  # fmt: skip


def _fit_standardised(
    tables: _Tables, about: dict[str, str], design: Design, exposures: Sequence[str],
    events: np.ndarray, n: np.ndarray,
) -> None:  # fmt: skip
    model = "logistic_standardised"
    fit = _attempt(
        tables, about, model, exposures, design,
        lambda: fit_logistic(design.matrix, events, n, design.names),
    )  # fmt: skip
    if fit is None:
        return
    c_statistic = estimate_c_statistic(fit, design.matrix, events, n)
    _record(tables, about, model, exposures, design, fit, fit.n, c_statistic)
    for exposure in exposures:
        told = standardise(fit, design.matrix, exposure, n)
        head = {**_head(about, model, exposure), **_numbers(design, exposure),
                "p_value": told.p_value, "status": "ok"}  # fmt: skip
        tables.comparisons += [
            {**head, "measure": "rd", "value": told.rd, "ci_low": told.rd_low,
             "ci_high": told.rd_high, "ci_method": "delta"},
            {**head, "measure": "rr", "value": told.rr, "ci_low": told.rr_low,
             "ci_high": told.rr_high, "ci_method": "log_delta"},
        ]  # fmt: skip


def _is_sparse(design: Design, exposure: str) -> bool:
    rows = design.rows
    cells = rows.groupby([exposure, "event"])["patients"].sum()
    return len(cells) < 4 or int(cells.min()) < SPARSE_UNDER


def _fit_penalised(
    tables: _Tables, about: dict[str, str], design: Design, exposures: Sequence[str],
    events: np.ndarray, n: np.ndarray,
) -> None:  # fmt: skip
    try:
        fit = fit_firth(design.matrix, events, n, design.names, of=exposures)
    except NotEstimableError as refusal:
        _refuse(tables, about, "firth", exposures, design, str(refusal))
        return
    total, had = int(n.sum()), int(events.sum())
    tables.models.append(
        {"estimand": about["estimand"], "definition": about["definition"], "model": "firth",
         "exposures": "; ".join(exposures), "covariates": "; ".join(design.covariates),
         "n": total, "n_left_out": design.left_out, "n_clusters": total, "events": had,
         "parameters": len(fit.names),
         "events_per_parameter": min(had, total - had) / len(fit.names), "status": "ok"}
    )  # fmt: skip
    for exposure in exposures:
        at = fit.names.index(exposure)
        tables.comparisons.append(
            {**_head(about, "firth", exposure), **_numbers(design, exposure), "measure": "or",
             "value": float(np.exp(fit.coefficients[at])), "ci_low": float(np.exp(fit.ci_low[at])),
             "ci_high": float(np.exp(fit.ci_high[at])), "p_value": float(fit.p_value[at]),
             "ci_method": "profile_penalised_likelihood", "status": "ok"}
        )  # fmt: skip


def _add_trial_models(
    tables: _Tables, definition: str, frame: Frame, settings: ModelSettings
) -> None:
    groups = _exposures_of(TRIAL_ESTIMAND)
    without_age = [name for name in settings.covariates if name != "age_years"]
    for exposures, covariates, suffix in (
        *(([group], settings.covariates, "") for group in groups),
        (groups, settings.covariates, "_mutual"),
        ([_YOUNG], without_age, ""),
    ):
        about = {"estimand": TRIAL_ESTIMAND.name, "definition": definition, "suffix": suffix}
        members = _with_young(frame.of_trials(_asked_for(exposures, covariates)), exposures)
        design = _design(tables, about, members, exposures, covariates, settings.knots)
        if design is None:
            continue
        _fit_equations(tables, about, design, exposures)


def _fit_equations(
    tables: _Tables, about: dict[str, str], design: Design, exposures: Sequence[str]
) -> None:
    used = design.rows
    patients = int(used["patients"].sum())
    if patients < LEAST_CLUSTERS:
        reason = "fewer_than_50_patients"
        _refuse(tables, about, "gee_log", exposures, design, reason)
        return
    fit = _attempt(
        tables, about, "gee_log", exposures, design,
        lambda: fit_gee(
            design.matrix, used["trials_events"], used["trials_known"], used["patients"],
            design.names,
        ),
    )  # fmt: skip
    if fit is None:
        return
    _record(tables, about, "gee_log", exposures, design, fit, patients)
    trials = used.assign(trials=used["trials_known"] * used["patients"])
    counted = Design(design.matrix, design.names, trials, design.covariates, design.left_out)
    for exposure in exposures:
        tables.comparisons.append(
            {**_head(about, "gee_log", exposure), **_numbers(counted, exposure, "trials"),
             "measure": "rr", **give_ratio(fit, exposure), "ci_method": "robust_wald",
             "status": "ok"}
        )  # fmt: skip
