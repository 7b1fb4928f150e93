"""Everything that is estimated of a labelled cohort, table by table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.analysis.adjusted import ModelSettings, estimate_adjusted
from trdanalysis.analysis.age_models import estimate_age
from trdanalysis.analysis.agreement import estimate_agreement_tables
from trdanalysis.analysis.attrition import estimate_attrition
from trdanalysis.analysis.benchmarks import estimate_benchmarks
from trdanalysis.analysis.characteristic_counts import (
    count_characteristics,
    derive_characteristics,
)
from trdanalysis.analysis.characteristics import estimate_characteristics, list_characteristics
from trdanalysis.analysis.clusters import add_up_clusters, estimate_clusters
from trdanalysis.analysis.comparisons import estimate_comparisons
from trdanalysis.analysis.counts import Counts, estimate_counts
from trdanalysis.analysis.criteria import derive_criteria, derive_trial_criteria
from trdanalysis.analysis.definition_table import (
    estimate_definitions,
    estimate_grades,
    estimate_label_reasons,
)
from trdanalysis.analysis.estimands import TRIAL_ESTIMAND
from trdanalysis.analysis.first_trials import estimate_first_trials
from trdanalysis.analysis.frames import Frame, collect_frame
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.patterns import count_criteria
from trdanalysis.analysis.rates import RateSettings, estimate_rates_of_counts
from trdanalysis.analysis.resistance import estimate_resistance
from trdanalysis.analysis.second_failures import (
    NOBODY_FOLLOWED,
    add_follow_up,
    count_follow_up,
)
from trdanalysis.analysis.sensitivity import (
    ImputationSettings,
    estimate_imputed,
    estimate_nonresponder,
    estimate_tipping,
)
from trdanalysis.analysis.states import derive_states
from trdanalysis.analysis.survival import estimate_curves
from trdanalysis.analysis.unknowns import estimate_unknowns
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.failures import Keeper
from trdanalysis.parts import WHOLE, Part, stack

#: Columns of clusters.csv, in order: what counting trials instead of patients does.
CLUSTER_COLUMNS = (
    "estimand", "definition", "n_trials", "n_patients", "rate", "patient_weighted_rate", "icc",
    "design_effect", "status",
)  # fmt: skip


@dataclass(frozen=True)
class SummarySettings:
    """What is taken from the configuration."""

    rates: RateSettings
    models: ModelSettings
    imputation: ImputationSettings


@dataclass(frozen=True)
class CountedCohort:
    """What every estimate begins with.

    Attributes
    ----------
    criteria, trial_criteria
        Who belongs to which estimand, by patient and by trial; see
        :mod:`trdanalysis.analysis.criteria`.
    counts
        Patients and trials of every stratum.
    frame
        The patients by the primary definition, one by one, for models and imputation.
    """

    criteria: ir.Table
    trial_criteria: ir.Table
    counts: Counts
    frame: Frame


def count_cohort(
    engine: Keeper,
    cohort: LabelledCohort,
    definitions: Sequence[Definition],
    scales: Sequence[Scale],
    settings: SummarySettings,
    parts: Sequence[Part] = WHOLE,
) -> CountedCohort:
    """Find who belongs to which estimand, and count; parameters as :func:`estimate_tables`."""
    criteria, trial_criteria = _derive_criteria(engine, cohort, definitions, parts)
    states = engine.keep(derive_states(criteria))
    under_age = settings.rates.under_age_bands
    return CountedCohort(
        criteria,
        trial_criteria,
        estimate_counts(states, under_age),
        collect_frame(
            criteria.filter(criteria.definition == definitions[0].id),
            scales,
            under_age,
            settings.models.covariates,
            engine,
        ),
    )


def add_imputed_rates(
    rates: pd.DataFrame, counted: CountedCohort, primary: str, settings: SummarySettings
) -> pd.DataFrame:
    """Add to the rates as counted those with non-responders and with imputed outcomes.

    Parameters
    ----------
    rates
        What :func:`trdanalysis.analysis.rates.estimate_rates_of_counts` gives.
    counted
        What :func:`count_cohort` gives.
    primary
        Id of the primary definition, by which unknown outcomes are imputed.
    settings
        From the configuration.
    """
    imputed = estimate_imputed(counted.frame, rates, primary, settings.imputation)
    return _stack([rates, estimate_nonresponder(rates, counted.counts.patients), imputed])


def estimate_tables(
    engine: Keeper,
    cohort: LabelledCohort,
    definitions: Sequence[Definition],
    scales: Sequence[Scale],
    drug_classes: Sequence[str],
    intake_summaries: Sequence[Mapping[str, Any]],
    published: pd.DataFrame,
    settings: SummarySettings,
    tell: Callable[[str], None],
    parts: Sequence[Part] = WHOLE,
) -> dict[str, pd.DataFrame]:
    """Estimate every result table.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    cohort
        The labelled cohort.
    definitions
        The primary first. Models, imputation, age curves and characteristics are by the primary
        alone.
    scales
        All scales.
    drug_classes
        All classes of drugs, in the order of the rows.
    intake_summaries
        One per drop, see :func:`trdanalysis.analysis.attrition.estimate_attrition`.
    published
        Published rates.
    settings
        From the configuration.
    tell
        Is told what is being done.
    parts
        Of the patients, see :func:`trdanalysis.parts.divide`: what hangs on a patient's rows alone
        is derived for a part at a time.

    Returns
    -------
    dict
        The tables of :data:`trdanalysis.layout.SUMMARY_TABLES` by name.
    """
    tell("finding who belongs to which estimand")
    counted = count_cohort(engine, cohort, definitions, scales, settings, parts)
    criteria, counts, frame = counted.criteria, counted.counts, counted.frame
    patterns = count_criteria(criteria, counted.trial_criteria, settings.rates.under_age_bands)
    tell("following patients to their second failure")
    curves = _estimate_curves(engine, criteria, cohort, definitions, settings.rates, parts)
    tell("estimating rates and comparisons, fitting models and imputing missing outcomes")
    primary = definitions[0].id
    rates = estimate_rates_of_counts(counts, settings.rates)
    adjusted, models = estimate_adjusted(frame, primary, settings.models)
    age_curves, by_age = estimate_age(frame, primary, settings.rates, settings.models.knots)
    tell("describing patients by label")
    described = _describe_patients(
        engine, criteria, cohort, primary, scales, drug_classes, settings.rates, parts
    )
    return {
        "rates": add_imputed_rates(rates, counted, primary, settings),
        "benchmarks": estimate_benchmarks(rates, published),
        "attrition": estimate_attrition(patterns, intake_summaries, settings.rates),
        "definitions": estimate_definitions(
            cohort.labels, _describe(definitions, _empty_columns(cohort))
        ),
        "grades": estimate_grades(
            cohort.labels,
            {one.id: [each.grade for each in one.grades] for one in definitions if one.grades},
        ),
        "label_reasons": estimate_label_reasons(cohort.labels, settings.rates.definitions),
        "comparisons": _stack([estimate_comparisons(counts, settings.rates), adjusted, by_age]),
        "models": models,
        "unknowns": estimate_unknowns(patterns, settings.rates),
        "resistance": estimate_resistance(criteria, settings.rates),
        "clusters": estimate_cluster_table(counts, settings.rates),
        "curves": curves,
        "age_curves": age_curves,
        "tipping": estimate_tipping(rates, settings.rates),
        "first_trials": estimate_first_trials(criteria, settings.rates),
        "characteristics": described,
        **estimate_agreement_tables(cohort.labels, settings.rates.definitions),
    }


def _estimate_curves(
    engine: Keeper,
    criteria: ir.Table,
    cohort: LabelledCohort,
    definitions: Sequence[Definition],
    settings: RateSettings,
    parts: Sequence[Part],
) -> pd.DataFrame:
    """Follow patients by each definition that counts failures and nothing else."""
    curves = [
        estimate_curves(
            add_follow_up(
                [
                    count_follow_up(
                        engine,
                        part.of(criteria),
                        part.of(cohort.patients),
                        cohort.of(part).judged_by(definition.id, is_primary=place == 0),
                        definition,
                        settings,
                    )
                    for part in parts
                ]
            ),
            definition.id,
        )
        for place, definition in enumerate(definitions)
        if definition.is_plain_count
    ]
    return _stack(curves or [estimate_curves(NOBODY_FOLLOWED, definitions[0].id)[:0]])


def _describe_patients(
    engine: Keeper,
    criteria: ir.Table,
    cohort: LabelledCohort,
    primary: str,
    scales: Sequence[Scale],
    drug_classes: Sequence[str],
    settings: RateSettings,
    parts: Sequence[Part],
) -> pd.DataFrame:
    """Describe the patients of each label of the primary definition."""
    derived = []
    for part in parts:
        own = cohort.of(part)
        of_part = derive_characteristics(
            part.of(criteria.filter(criteria.definition == primary)),
            own.patients,
            own.trials,
            own.quarantined,
            scales,
            settings.under_age_bands,
        )
        derived.append(engine.keep(of_part) if len(parts) > 1 else of_part)
    counted = count_characteristics(engine, stack(derived))
    listed = list_characteristics(settings.bands, counted.sites, scales, drug_classes)
    return estimate_characteristics(counted, listed, primary)


def _derive_criteria(
    engine: Keeper,
    cohort: LabelledCohort,
    definitions: Sequence[Definition],
    parts: Sequence[Part],
) -> tuple[ir.Table, ir.Table]:
    of_patients, of_trials = [], []
    for place, definition in enumerate(definitions):
        for part in parts:
            own = cohort.of(part)
            judged = own.judged_by(definition.id, is_primary=place == 0)
            criteria = engine.keep(
                derive_criteria(own.patients, judged, own.labels, own.quarantined, definition.id)
            )
            trials = derive_trial_criteria(criteria, judged, own.quarantined, definition.id)
            of_patients.append(criteria)
            of_trials.append(engine.keep(trials) if len(parts) > 1 else trials)
    if len(of_patients) == 1:
        return of_patients[0], of_trials[0]
    return engine.keep(stack(of_patients)), stack(of_trials)


def _stack(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of one layout under each other; one without rows has no say in the types."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def estimate_cluster_table(counts: Counts, settings: RateSettings) -> pd.DataFrame:
    """Estimate what counting trials instead of patients does to the overall rate.

    Returns
    -------
    DataFrame
        One row per definition with :data:`CLUSTER_COLUMNS`: the rate of trials, the mean of the
        patients' own shares, the intracluster correlation and the design effect. Empty where there
        are too few patients or trials to tell.
    """
    overall = counts.trials[counts.trials["stratum"] == "overall"]
    rows = []
    for definition in settings.definitions:
        own = overall[overall["definition"] == definition]
        found = estimate_clusters(
            add_up_clusters(own["trials_known"], own["trials_events"], own["patients"])
        )
        rows.append(
            (TRIAL_ESTIMAND.name, definition, int(found.n_trials[0]), int(found.n_patients[0]),
             found.rate[0], found.patient_weighted_rate[0], found.icc[0], found.design_effect[0],
             "ok" if found.n_trials[0] else "not_estimable")
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=list(CLUSTER_COLUMNS))
    return table.astype({"n_trials": "Int64", "n_patients": "Int64"})


def _describe(definitions: Sequence[Definition], empty: set[str]) -> list[dict[str, Any]]:
    return [
        {
            **definition.model_dump(include={"title", "citation", "status"}),
            "unconfirmed": [f"{each.setting}: {each.note}" for each in definition.unconfirmed],
            "definition": definition.id,
            "missing_columns": [
                *(" or ".join(group) for group in definition.needed_columns if set(group) <= empty),
                *definition.not_recorded,
            ],
        }
        for definition in definitions
    ]


def _empty_columns(cohort: LabelledCohort) -> set[str]:
    """Name the columns of which no patient or no trial has a value."""
    empty: set[str] = set()
    for table in (cohort.patients, cohort.trials):
        counts = table.aggregate(**{name: table[name].count() for name in table.columns})
        empty |= {name for name, count in counts.to_pyarrow().to_pylist()[0].items() if not count}
    return empty
