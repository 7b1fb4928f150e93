"""`label`: a verdict for every trial, a label with its reason for every patient."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv, write_csv
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.cohort import Cohort, Labelled, label_cohort
from trdanalysis.labelling.definition import Definition, read_definition
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
    definitions = [read_definition(path) for path in definition_files]
    step("judging trials by " + ", ".join(definition.id for definition in definitions))
    labelled = label_folder(engine, pooled, definitions, reference, load_scales(reference))
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
    engine.write_parquet(labelled.patients, out / "patients.parquet", ["patient_id"])
    findings = labelled.findings.order_by(["drop_id", "table", "line", "rule"])
    write_csv(out / "findings.csv", findings.to_pyarrow().to_pandas())


def label_folder(
    engine: Engine,
    pooled: Path,
    definitions: list[Definition],
    reference: Path,
    scales: tuple[Scale, ...],
) -> Labelled:
    """Label the tables of a folder that ``pool`` wrote."""
    tables = load_tables(engine, pooled, POOLED)
    drugs = engine.from_memory(reference_drugs(read_csv(reference / "antidepressants.csv")))
    optional = {
        name: tables[name] if tables[name].count().to_pyarrow().as_py() else None
        for name in ("doses", "assessments")
    }
    cohort = Cohort(tables["patients"], tables["trials"], tables["quarantined_trials"], **optional)
    return label_cohort(engine, cohort, drugs, scales, definitions)
