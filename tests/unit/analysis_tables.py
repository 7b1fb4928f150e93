"""Every statistical table of a small cohort, and what must hold of each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import ibis
import numpy as np
import pandas as pd

from tests.support import REFERENCE
from tests.unit.analysis_cohorts import SETTINGS, Cohort, states_of, trial_criteria_of
from trdanalysis.analysis.adjusted import ModelSettings, estimate_adjusted
from trdanalysis.analysis.age_models import estimate_age
from trdanalysis.analysis.attrition import estimate_attrition
from trdanalysis.analysis.characteristic_counts import (
    count_characteristics,
    derive_characteristics,
)
from trdanalysis.analysis.characteristics import estimate_characteristics, list_characteristics
from trdanalysis.analysis.comparisons import estimate_comparisons
from trdanalysis.analysis.counts import Counts, estimate_counts
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.first_trials import estimate_first_trials
from trdanalysis.analysis.frames import Frame, collect_frame
from trdanalysis.analysis.patterns import count_criteria
from trdanalysis.analysis.rates import RateSettings, estimate_rates_of_counts
from trdanalysis.analysis.resistance import estimate_resistance
from trdanalysis.analysis.sensitivity import (
    ImputationSettings,
    estimate_imputed,
    estimate_nonresponder,
    estimate_tipping,
)
from trdanalysis.analysis.summary import estimate_cluster_table
from trdanalysis.analysis.unknowns import estimate_unknowns
from trdanalysis.commands.drugs import load_drug_classes
from trdanalysis.commands.shared import load_scales

COVARIATES = ("age_years", "sex", "baseline_severity", "episode")
MODELS = ModelSettings(COVARIATES, 4)
IMPUTATION = ImputationSettings(3, 1)

#: Columns of a row that must be told where its status is `ok`, by the table's name.
TOLD = {
    "rates": ("n", "rate", "conclusion"),
    "comparisons": (),
    "models": ("n", "n_left_out", "events", "parameters", "events_per_parameter"),
    "age_curves": ("age_years", "rate", "ci_low", "ci_high"),
    "tipping": ("n", "events", "rate", "ci_low", "ci_high", "conclusion"),
    "first_trials": ("n", "share"),
    "characteristics": ("n", "share"),
    "clusters": ("n_trials", "n_patients", "rate", "patient_weighted_rate"),
}


def counts_of(cohort: Cohort, settings: RateSettings = SETTINGS) -> Counts:
    """Count a cohort of one definition."""
    return estimate_counts(states_of(cohort), settings.under_age_bands)


def frame_of(cohort: Cohort, covariates: Sequence[str] = COVARIATES) -> Frame:
    """Give the frame that models see."""
    criteria = derive_criteria(*cohort.tables(), "article")
    return collect_frame(criteria, load_scales(REFERENCE), SETTINGS.under_age_bands, covariates)


class Kept:
    """Keeps tables where they are."""

    def keep(self, table: ibis.Table) -> ibis.Table:
        """Compute and keep a table."""
        return table.get_backend().create_table("kept", table)


def characteristics_of(cohort: Cohort, settings: RateSettings = SETTINGS) -> pd.DataFrame:
    """Describe a cohort."""
    patients, trials, labels, quarantined = cohort.tables()
    criteria = derive_criteria(patients, trials, labels, quarantined, "article")
    scales = load_scales(REFERENCE)
    derived = derive_characteristics(
        criteria, patients, trials, quarantined, scales, settings.under_age_bands
    )
    counted = count_characteristics(Kept(), derived)
    classes = load_drug_classes(REFERENCE)
    listed = list_characteristics(settings.bands, counted.sites, scales, classes)
    return estimate_characteristics(counted, listed, "article")


def tables_of(
    cohort: Cohort,
    settings: RateSettings = SETTINGS,
    models: ModelSettings = MODELS,
    imputation: ImputationSettings = IMPUTATION,
) -> dict[str, pd.DataFrame]:
    """Estimate every table that is made of counts or of the frame."""
    counts = counts_of(cohort, settings)
    criteria = derive_criteria(*cohort.tables(), "article")
    criteria = ibis.memtable(criteria.to_pyarrow())
    backend_criteria = ibis.duckdb.connect().create_table("criteria", criteria)
    frame = frame_of(cohort, models.covariates)
    rates = estimate_rates_of_counts(counts, settings)
    adjusted, fits = estimate_adjusted(frame, "article", models)
    curves, by_age = estimate_age(frame, "article", settings, models.knots)
    parts = {
        "rates": [
            rates,
            estimate_nonresponder(rates, counts.patients),
            estimate_imputed(frame, rates, "article", imputation),
        ],
        "comparisons": [estimate_comparisons(counts, settings), adjusted, by_age],
    }
    stacked = {
        name: pd.concat([part for part in tables if len(part)], ignore_index=True)
        for name, tables in parts.items()
    }
    patterns = count_criteria(backend_criteria, trial_criteria_of(cohort), settings.under_age_bands)
    return {
        **stacked,
        "models": fits,
        "age_curves": curves,
        "tipping": estimate_tipping(rates, settings),
        "clusters": estimate_cluster_table(counts, settings),
        "attrition": estimate_attrition(patterns, [], settings),
        "unknowns": estimate_unknowns(patterns, settings),
        "resistance": estimate_resistance(backend_criteria, settings),
        "first_trials": estimate_first_trials(backend_criteria, settings),
        "characteristics": characteristics_of(cohort, settings),
    }


def with_definitions(*names: str) -> RateSettings:
    """Give the settings with these definitions."""
    return dataclasses.replace(SETTINGS, definitions=names)


def find_nonsense(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Name every cell that says what cannot be."""
    wrong: list[str] = []
    for name, table in tables.items():
        for column in table.columns:
            values = table[column]
            if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
                numbers = values.astype("float64")
                wrong += [f"{name}.{column}: infinite"] * int(np.isinf(numbers).sum())
                if column.startswith("p_"):
                    wrong += [f"{name}.{column}: no p"] * int(
                        (~numbers.between(0, 1) & numbers.notna()).sum()
                    )
        told = table[table["status"] == "ok"]
        for column in TOLD.get(name, ()):
            for at in told.index[told[column].isna()]:
                wrong.append(f"{name}.{column}: empty where ok: {_short(told.loc[at])}")
    if "comparisons" in tables:
        wrong += _find_in_comparisons(tables["comparisons"])
    if "rates" in tables:
        wrong += _find_in_rates(tables["rates"])
    return wrong


def _find_in_comparisons(comparisons: pd.DataFrame) -> list[str]:
    wrong = []
    numbers = ["value", "ci_low", "ci_high", "p_value", "p_adjusted"]
    for _, row in comparisons.iterrows():
        problems = []
        if row["status"] == "ok":
            is_test = row["measure"] == "departure"
            if row["model"] != "bounds" and pd.isna(row["value"]):
                problems.append("no value")
            if not is_test and (pd.isna(row["ci_low"]) or pd.isna(row["ci_high"])):
                problems.append("no limits")
            if not is_test and row["model"] != "bounds":
                if not row["ci_low"] - 1e-12 <= row["value"] <= row["ci_high"] + 1e-12:
                    problems.append("value outside its limits")
                if row["ci_low"] == row["ci_high"]:
                    problems.append("an interval without width")
            if ", p " in str(row["ci_method"]) and pd.isna(row["p_value"]):
                problems.append("a test without p")
            if not pd.isna(row["reason"]):
                problems.append("a reason where ok")
        else:
            if pd.isna(row["reason"]):
                problems.append("no reason")
            if row[numbers].notna().any():
                problems.append("a number where there is none")
        if not pd.isna(row["p_adjusted"]) and row["p_adjusted"] < row["p_value"] - 1e-15:
            problems.append("adjusted p below p")
        wrong += [f"comparisons: {problem}: {_short(row)}" for problem in problems]
    return wrong


def _find_in_rates(rates: pd.DataFrame) -> list[str]:
    wrong = []
    measured = ["rate", "ci_low", "ci_high", "p_value", "difference"]
    for _, row in rates.iterrows():
        if row["status"] != "ok" and row[measured].notna().any():
            wrong.append(f"rates: a number where there is none: {_short(row)}")
        for column in ("rate", "ci_low", "ci_high", "bound_low", "bound_high"):
            if not pd.isna(row[column]) and not 0 <= row[column] <= 1:
                wrong.append(f"rates.{column} is no share: {_short(row)}")
    return wrong


def _short(row: pd.Series) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if not pd.isna(value))
