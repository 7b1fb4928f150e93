"""`summarise`: rates, benchmarks, attrition and label counts of a labelled cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.ages import age_bands
from trdanalysis.analysis.attrition import estimate_attrition
from trdanalysis.analysis.benchmarks import estimate_benchmarks
from trdanalysis.analysis.definition_table import estimate_definitions, estimate_label_reasons
from trdanalysis.analysis.estimands import derive_criteria, derive_members
from trdanalysis.analysis.rates import RateSettings, estimate_rates
from trdanalysis.commands.shared import load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv, read_json, write_parquet
from trdanalysis.labelling.definition import read_definition
from trdanalysis.layout import ANALYSIS_TABLES


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
        ``reference_rate``, ``equivalence_margin``, ``age_bands_from_years``.
    reference
        Folder of reference tables.
    out
        Folder to write to.
    """
    definitions = [read_definition(path) for path in definition_files]
    tables = load_tables(engine, cohort, ("patients", "trials", "trial_verdicts", "labels"))
    quarantined = engine.read_parquet(pooled / "quarantined_trials.parquet")
    rate_settings = RateSettings(
        reference=settings["reference_rate"],
        margin=settings["equivalence_margin"],
        bands=age_bands(settings["age_bands_from_years"]),
        definitions=tuple(definition.id for definition in definitions),
    )
    step("finding who belongs to which estimand")
    parts = [
        derive_criteria(
            tables["patients"],
            _judged_by(tables, definition.id, is_primary=place == 0),
            tables["labels"],
            quarantined,
            definition.id,
        )
        for place, definition in enumerate(definitions)
    ]
    criteria = engine.keep(ibis.union(*parts) if len(parts) > 1 else parts[0])
    step("estimating rates")
    rates = estimate_rates(derive_members(criteria), rate_settings)
    summaries = [
        {"drop_id": folder.name, "tables": read_json(folder / "summary.json")} for folder in drops
    ]
    empty = _empty_columns(tables["patients"], tables["trials"])
    described = [
        {
            **definition.model_dump(include={"title", "citation", "status", "unconfirmed"}),
            "definition": definition.id,
            "missing_columns": [
                " or ".join(group) for group in definition.needed_columns if set(group) <= empty
            ],
        }
        for definition in definitions
    ]
    results: dict[str, pd.DataFrame] = {
        "rates": rates,
        "benchmarks": estimate_benchmarks(rates, read_csv(reference / "published_rates.csv")),
        "attrition": estimate_attrition(criteria, summaries, rate_settings),
        "definitions": estimate_definitions(tables["labels"], described),
        "label_reasons": estimate_label_reasons(tables["labels"], rate_settings.definitions),
    }
    for name in ANALYSIS_TABLES:
        write_parquet(out / f"{name}.parquet", results[name])


def _judged_by(tables: dict[str, ir.Table], definition_id: str, *, is_primary: bool) -> ir.Table:
    """Give the trials as one definition judged them."""
    if is_primary:
        return tables["trials"]
    verdicts = tables["trial_verdicts"]
    judged = verdicts.filter(verdicts.definition == definition_id)
    key = ["patient_id", "trial_id"]
    rest = tables["trials"].select(*key, "ingredient", "start_day")
    return judged.join(rest, key)


def _empty_columns(patients: ir.Table, trials: ir.Table) -> set[str]:
    """Name the columns of which no patient or no trial has a value."""
    empty: set[str] = set()
    for table in (patients, trials):
        counts = table.aggregate(**{name: table[name].count() for name in table.columns})
        empty |= {name for name, count in counts.to_pyarrow().to_pylist()[0].items() if not count}
    return empty
