"""`label`: a verdict for every trial, a label with its reason for every patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import ibis.expr.types as ir

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.cohort import (
    SORTED_BY,
    Cohort,
    Labelled,
    derive_medication_related,
    find_while_judging,
    label_cohort,
)
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.grounds import derive_grounds
from trdanalysis.layout import POOLED
from trdanalysis.parts import Part, SortedFile, divide


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
    scales = load_scales(reference)
    drugs = engine.from_memory(load_drugs(reference))
    cohort = load_cohort(engine, pooled)
    rows = [cohort.patients, cohort.trials, cohort.doses, cohort.assessments]
    parts = divide(engine, [table for table in rows if table is not None])
    told = ", ".join(definition.id for definition in definitions)
    step(f"judging trials by {told}" + _in_parts(parts), of=len(parts) + 1)
    files = {
        name: SortedFile(engine, out / f"{name}.parquet", SORTED_BY[name], len(parts))
        for name in SORTED_BY
    }
    for place, part in enumerate(parts):
        if place:
            step(f"part {place + 1} of {len(parts)}")
        with engine.passing():
            _label_part(engine, cohort.of(part), drugs, scales, definitions, files)
    step("writing")
    tables = {name: file.finish() for name, file in files.items()}
    findings = find_while_judging(tables["trials"])
    engine.write_csv(findings, out / "findings.csv", ["drop_id", "table", "line", "rule"])


def _label_part(
    engine: Engine,
    cohort: Cohort,
    drugs: ir.Table,
    scales: tuple[Scale, ...],
    definitions: Sequence[Definition],
    files: Mapping[str, SortedFile],
) -> None:
    labelled = label_cohort(engine, cohort, drugs, scales, definitions)
    # What follows from the judged trials is read off the file: judging them again costs more.
    written = Labelled(
        *(
            files[name].add(table)
            for name, table in (
                ("labels", labelled.labels),
                ("trials", labelled.trials),
                ("trial_verdicts", labelled.trial_verdicts),
            )
        )
    )
    files["evidence"].add(derive_grounds(engine, written, cohort.patients, drugs, definitions))
    files["patients"].add(derive_medication_related(cohort.patients, written.trials))


def _in_parts(parts: Sequence[Part]) -> str:
    return f", in {len(parts)} parts of the patients" if len(parts) > 1 else ""


def load_cohort(engine: Engine, pooled: Path) -> Cohort:
    """Load the tables that ``pool`` wrote."""
    return Cohort.of_pooled(load_tables(engine, pooled, POOLED))
