"""`label`: a verdict for every trial, a label with its reason for every patient."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv, write_csv
from trdanalysis.labelling.cohort import (
    Cohort,
    derive_medication_related,
    find_while_judging,
    label_cohort,
)
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.layout import POOLED


def run_label(
    engine: Engine, pooled: Path, definition_files: list[Path], reference: Path, out: Path
) -> None:
    """Label the pooled cohort by every definition, the first being the primary.

    Parameters
    ----------
    pooled
        Folder that ``pool`` wrote.
    definition_files
        Definition files, the primary first.
    reference
        Folder of reference tables.
    out
        Folder to write to.
    """
    definitions = load_definitions(definition_files, reference)
    step("judging trials by " + ", ".join(definition.id for definition in definitions))
    cohort = load_cohort(engine, pooled)
    drugs = engine.from_memory(reference_drugs(read_csv(reference / "antidepressants.csv")))
    labelled = label_cohort(engine, cohort, drugs, load_scales(reference), definitions)
    step("writing labels")
    engine.write_parquet(labelled.labels, out / "labels.parquet", ["patient_id", "definition"])
    step("writing trials")
    by_trial = ["patient_id", "start_day", "trial_id"]
    engine.write_parquet(labelled.trials, out / "trials.parquet", by_trial)
    engine.write_parquet(
        labelled.trial_verdicts,
        out / "trial_verdicts.parquet",
        ["patient_id", "trial_id", "definition"],
    )
    # What follows from the judged trials is read off the file: judging them again costs more.
    judged = engine.read_parquet(out / "trials.parquet")
    patients = derive_medication_related(cohort.patients, judged)
    engine.write_parquet(patients, out / "patients.parquet", ["patient_id"])
    findings = find_while_judging(judged).order_by(["drop_id", "table", "line", "rule"])
    write_csv(out / "findings.csv", findings.to_pyarrow().to_pandas())


def load_cohort(engine: Engine, pooled: Path) -> Cohort:
    """Load the tables that ``pool`` wrote."""
    tables = load_tables(engine, pooled, POOLED)
    optional = {
        name: tables[name] if tables[name].count().to_pyarrow().as_py() else None
        for name in ("doses", "assessments")
    }
    return Cohort(tables["patients"], tables["trials"], tables["quarantined_trials"], **optional)
