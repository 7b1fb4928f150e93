"""`summarise`: everything that is estimated of a labelled cohort, before disclosure control."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trdanalysis.analysis.adjusted import ModelSettings
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.rates import make_rate_settings
from trdanalysis.analysis.sensitivity import ImputationSettings
from trdanalysis.analysis.summary import SummarySettings, estimate_tables
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.drugs import load_drug_classes
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv, read_json, write_parquet
from trdanalysis.layout import SUMMARY_TABLES
from trdanalysis.parts import divide
from trdanalysis.project import find_table


def run_summarise(
    engine: Engine,
    cohort: Path,
    pooled: Path,
    drops: list[Path],
    definition_files: list[Path],
    settings: dict[str, Any],
    reference: Path,
    out: Path,
) -> None:
    """Summarise a labelled cohort.

    Parameters
    ----------
    cohort, pooled
        Folders that ``label`` and ``pool`` wrote.
    drops
        What intake wrote for each drop.
    definition_files
        Definition files, the primary first.
    settings
        What :data:`trdanalysis.settings.USED_BY` names for this verb.
    reference
        Folder of reference tables.
    out
        Folder to write to.
    """
    step("reading the labelled cohort", of=6)
    definitions = load_definitions(definition_files, reference)
    tables = load_tables(engine, cohort, ("patients", "trials", "trial_verdicts", "labels"))
    quarantined = engine.read_parquet(pooled / "quarantined_trials.parquet")
    parts = divide(engine, [tables["patients"], tables["trials"]])
    if len(parts) > 1:
        engine.keep_all_in_files()
    results = estimate_tables(
        engine,
        LabelledCohort(**tables, quarantined=quarantined),
        definitions,
        load_scales(reference),
        load_drug_classes(reference),
        [
            {"drop_id": folder.name, "tables": read_json(folder / "summary.json")}
            for folder in drops
        ],
        read_csv(find_table(reference, "published_rates.csv")),
        _read_settings(settings, tuple(definition.id for definition in definitions)),
        step,
        parts,
    )
    step("writing result tables")
    for name in SUMMARY_TABLES:
        write_parquet(out / f"{name}.parquet", results[name])


def _read_settings(settings: dict[str, Any], definitions: tuple[str, ...]) -> SummarySettings:
    return SummarySettings(
        rates=make_rate_settings(settings, definitions),
        models=ModelSettings(
            covariates=tuple(settings["model_covariates"]), knots=settings["age_spline_knots"]
        ),
        imputation=ImputationSettings(imputations=settings["imputations"], seed=settings["seed"]),
    )
