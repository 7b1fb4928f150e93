"""`label`: a verdict for every trial, a label with its reason for every patient."""

from __future__ import annotations

from pathlib import Path

import ibis.expr.types as ir

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import write_csv
from trdanalysis.labelling.cohort import (
    SORTED_BY,
    Cohort,
    Labelled,
    derive_medication_related,
    find_while_judging,
    label_cohort,
)
from trdanalysis.labelling.grounds import derive_grounds
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
    step("judging trials by " + ", ".join(definition.id for definition in definitions), of=4)
    cohort = load_cohort(engine, pooled)
    drugs = engine.from_memory(load_drugs(reference))
    labelled = label_cohort(engine, cohort, drugs, load_scales(reference), definitions)

    def write(name: str, table: ir.Table) -> None:
        engine.write_parquet(table, out / f"{name}.parquet", SORTED_BY[name])

    step("writing labels")
    write("labels", labelled.labels)
    step("writing trials")
    write("trials", labelled.trials)
    write("trial_verdicts", labelled.trial_verdicts)
    step("writing the evidence")
    written = Labelled(**load_tables(engine, out, ("labels", "trials", "trial_verdicts")))
    write("evidence", derive_grounds(engine, written, cohort.patients, drugs, definitions))
    # What follows from the judged trials is read off the file: judging them again costs more.
    write("patients", derive_medication_related(cohort.patients, written.trials))
    findings = find_while_judging(written.trials).order_by(["drop_id", "table", "line", "rule"])
    write_csv(out / "findings.csv", findings.to_pyarrow().to_pandas())


def load_cohort(engine: Engine, pooled: Path) -> Cohort:
    """Load the tables that ``pool`` wrote."""
    return Cohort.of_pooled(load_tables(engine, pooled, POOLED))
