"""`trd.rates`: rates of labelled frames, by the functions of the workflow; or a run's, filtered."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from trdanalysis.analysis.adjusted import ModelSettings
from trdanalysis.analysis.attrition import estimate_attrition
from trdanalysis.analysis.estimands import ESTIMANDS
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.patterns import count_criteria
from trdanalysis.analysis.rates import estimate_rates_of_counts, make_rate_settings
from trdanalysis.analysis.sensitivity import ImputationSettings
from trdanalysis.analysis.summary import (
    CountedCohort,
    SummarySettings,
    add_imputed_rates,
    count_cohort,
)
from trdanalysis.commands.shared import load_scales
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.interface.labelled import Labelled
from trdanalysis.interface.marked import UNDISCLOSED, mark_frame
from trdanalysis.interface.run import Run
from trdanalysis.interface.typed import as_nullable
from trdanalysis.outputs_published import PUBLISHED

#: Words of ``rates.csv``.
STRATA = (
    "overall", "age_band", "factor_group", "factor", "factor_group_by_age_band",
    "factor_combination", "sex", "site", "drop",
)  # fmt: skip
ANALYSES = ("complete_case", "proven", "nonresponder_imputed", "multiple_imputation")

Words = str | Sequence[str]


def rates(
    source: Labelled | Run,
    *,
    by: Words | None = None,
    estimand: Words | None = None,
    definition: Words | None = None,
    analysis: Words | None = None,
    reference: float | None = None,
    margin: float | None = None,
) -> pd.DataFrame:
    """Give rates with intervals, bounds for what is unknown, and conclusions.

    Rates of a **run** are the published ones, after disclosure control: `run.rates`, filtered.
    Rates of **labelled frames** are estimated here, by the code of the workflow. They are not
    disclosure-controlled and must not leave the site: the frame is marked (``.mark``), shows a
    banner in Jupyter and warns.

    Parameters
    ----------
    source
        What :func:`trdanalysis.label` or :func:`trdanalysis.open` gave.
    by
        Strata, such as ``overall`` or ``["age_band", "factor_group"]``; None: all.
    estimand, definition, analysis
        Which rows; None: all.
    reference, margin
        The rate that is compared with, and the half-width of the range around it that counts as the
        same; fractions. None: those of the configuration (0.30 and 0.05 as it comes), or of the
        run, of which no others can be given.

    Returns
    -------
    DataFrame
        Rows of ``rates.csv`` in its order, with its columns and nullable types.

    Raises
    ------
    UserError
        Kind ``config``: a word that no row has, or another reference for a run.
    """
    if isinstance(source, Run):
        _check_fixed(source, reference, margin)
        table: pd.DataFrame = source.rates
        ids = list(dict.fromkeys(table["definition"]))
    else:
        table = _estimate(source, reference, margin)
        ids = list(source.definitions)
    for column, wanted, known in (
        ("stratum", by, STRATA),
        ("estimand", estimand, [one.name for one in ESTIMANDS]),
        ("definition", definition, ids),
        ("analysis", analysis, ANALYSES),
    ):
        if wanted is not None:
            table = table[table[column].isin(_known(column, wanted, known))]
    return table.reset_index(drop=True)


def _known(column: str, wanted: Words, known: Sequence[str]) -> list[str]:
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    for word in words:
        if word not in known:
            raise UserError(
                f"there is no {column} `{word}`", try_this=suggest(str(word), known), kind="config"
            )
    return words


def _check_fixed(run: Run, reference: float | None, margin: float | None) -> None:
    """Refuse to hold published rates against anything that they were not published with."""
    for name, given, setting in (
        ("reference", reference, "reference_rate"),
        ("margin", margin, "equivalence_margin"),
    ):
        used = run.settings[setting]
        if given is not None and given != used:
            raise UserError(
                f"the published rates are held against a {name} of {used:g}, not {given:g}",
                where=str(run.published_folder),
                try_this=f"set `{setting}` in config/config.yaml and run again",
                kind="config",
            )


def _settings(labelled: Labelled, reference: float | None, margin: float | None) -> SummarySettings:
    configured = labelled._configuration.settings
    given = configured.model_dump()
    given["reference_rate"] = configured.reference_rate if reference is None else reference
    given["equivalence_margin"] = configured.equivalence_margin if margin is None else margin
    for name in ("reference_rate", "equivalence_margin"):
        if not 0 < given[name] < 1:
            raise UserError(
                f"`{name}` is {given[name]:g}", expected="a fraction between 0 and 1", kind="config"
            )
    return SummarySettings(
        rates=make_rate_settings(given, labelled.definitions),
        models=ModelSettings(
            covariates=tuple(configured.model_covariates), knots=configured.age_spline_knots
        ),
        imputation=ImputationSettings(imputations=configured.imputations, seed=configured.seed),
    )


def _count(engine: Engine, labelled: Labelled, settings: SummarySettings) -> CountedCohort:
    tables = {name: engine.from_memory(table) for name, table in labelled._tables.items()}
    cohort = LabelledCohort(
        patients=tables["patients"],
        trials=tables["trials"],
        trial_verdicts=tables["trial_verdicts"],
        labels=tables["labels"],
        quarantined=tables["quarantined_trials"],
    )
    scales = load_scales(labelled._configuration.reference)
    return count_cohort(engine, cohort, labelled._used, scales, settings)


def _estimate(labelled: Labelled, reference: float | None, margin: float | None) -> pd.DataFrame:
    settings = _settings(labelled, reference, margin)
    key = ("rates", settings.rates.reference, settings.rates.margin)
    if key not in labelled._kept:
        configured = labelled._configuration.settings
        with Engine(configured.memory_limit_mb, configured.threads) as engine:
            counted = _count(engine, labelled, settings)
            counts = estimate_rates_of_counts(counted.counts, settings.rates)
            table = add_imputed_rates(counts, counted, labelled.definitions[0], settings)
        labelled._kept[key] = as_nullable(table, PUBLISHED["rates"])
    return mark_frame(labelled._kept[key], UNDISCLOSED)


def attrition(source: Labelled | Run) -> pd.DataFrame:
    """Give who is left after each step: of a run as published, of labelled frames as counted.

    Parameters
    ----------
    source
        What :func:`trdanalysis.label` or :func:`trdanalysis.open` gave.

    Returns
    -------
    DataFrame
        Rows of ``attrition.csv``. Those of labelled frames are not disclosure-controlled, and
        marked.
    """
    if isinstance(source, Run):
        return source.attrition
    if "attrition" not in source._kept:
        settings = _settings(source, None, None)
        configured = source._configuration.settings
        with Engine(configured.memory_limit_mb, configured.threads) as engine:
            counted = _count(engine, source, settings)
            patterns = count_criteria(
                counted.criteria, counted.trial_criteria, settings.rates.under_age_bands
            )
        summary = {name: source._summary[name] for name in TABLES if name in source._summary}
        table = estimate_attrition(
            patterns, [{"drop_id": "frames", "tables": summary}], settings.rates
        )
        source._kept["attrition"] = as_nullable(table, PUBLISHED["attrition"])
    return mark_frame(source._kept["attrition"], UNDISCLOSED)
