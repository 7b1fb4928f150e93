"""`label`: a verdict for every trial, a label with its reason for every patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv, write_csv
from trdanalysis.labelling.changes import derive_changes
from trdanalysis.labelling.cohort import (
    Cohort,
    derive_medication_related,
    find_while_judging,
    judged_by,
    label_cohort,
)
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.evidence import EVIDENCE_ORDER, derive_evidence
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.layout import POOLED
from trdanalysis.project import find_table


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
    step("judging trials by " + ", ".join(definition.id for definition in definitions), of=4)
    cohort = load_cohort(engine, pooled)
    drugs = engine.from_memory(
        reference_drugs(read_csv(find_table(reference, "antidepressants.csv")))
    )
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
    step("writing the evidence")
    files = {
        name: engine.read_parquet(out / f"{name}.parquet")
        for name in ("labels", "trials", "trial_verdicts")
    }
    evidence = make_evidence(engine, files, cohort.patients, drugs, definitions)
    engine.write_parquet(evidence, out / "evidence.parquet", list(EVIDENCE_ORDER))
    # What follows from the judged trials is read off the file: judging them again costs more.
    judged = engine.read_parquet(out / "trials.parquet")
    patients = derive_medication_related(cohort.patients, judged)
    engine.write_parquet(patients, out / "patients.parquet", ["patient_id"])
    findings = find_while_judging(judged).order_by(["drop_id", "table", "line", "rule"])
    write_csv(out / "findings.csv", findings.to_pyarrow().to_pandas())


def make_evidence(
    engine: Engine,
    files: Mapping[str, ir.Table],
    patients: ir.Table,
    drugs: ir.Table,
    definitions: Sequence[Definition],
) -> ir.Table:
    """Make the evidence of every definition from what was labelled and judged.

    Parameters
    ----------
    files
        ``labels``, ``trials`` and ``trial_verdicts`` as written.
    patients
        Accepted patients.
    drugs
        What :func:`trdanalysis.labelling.exposure.reference_drugs` gives, as a table.
    definitions
        The primary first.
    """
    parts = []
    for place, definition in enumerate(definitions):
        labels = files["labels"].filter(files["labels"].definition == definition.id)
        trials = files["trials"].mutate(definition=ibis.literal(definition.id))
        if place:
            trials = judged_by(files["trials"], files["trial_verdicts"], definition.id)
        table = definition.trial.dose_table if definition.trial.asks_dose else "default"
        minima = drugs.select("ingredient", min_mg_per_day=f"min_mg_{table}")
        trials = trials.left_join(minima, "ingredient").drop("ingredient_right")
        evidence = derive_evidence(labels, trials, patients, definition)
        parts.append(evidence)
        changes = derive_changes(engine, labels, trials, evidence, definition)
        parts += [] if changes is None else [changes]
    return ibis.union(*parts)


def load_cohort(engine: Engine, pooled: Path) -> Cohort:
    """Load the tables that ``pool`` wrote."""
    tables = load_tables(engine, pooled, POOLED)
    optional = {
        name: tables[name] if tables[name].count().to_pyarrow().as_py() else None
        for name in ("doses", "assessments")
    }
    return Cohort(tables["patients"], tables["trials"], tables["quarantined_trials"], **optional)
