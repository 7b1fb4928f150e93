"""`explain`: one patient's label in words, on standard output only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.explain import render_explanation
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.project import find_table
from trdanalysis.report.explanation import render_explanation_page


def run_explain(
    engine: Engine,
    patient_id: str,
    results: Path,
    definition_file: Path,
    reference: Path,
    *,
    as_html: bool = False,
) -> str:
    """Explain one patient.

    Parameters
    ----------
    patient_id
        The pooled key (``namespace:patient_id`` where the drop has a namespace).
    results
        The results folder of a run.
    definition_file
        The definition to explain by; it must have been part of the run.
    reference
        Folder of reference tables.
    as_html
        Whether to give a page in place of text.

    Raises
    ------
    UserError
        Kind ``not_found``: there are no results, or no such patient in them.
    """
    cohort = results / "restricted" / "cohort"
    if not (cohort / "labels.parquet").is_file():
        raise UserError(
            "there are no labels yet",
            where=str(cohort),
            try_this="run `snakemake --cores 2` first, or name another folder with --results",
            kind="not_found",
        )
    definition = load_definitions([definition_file], reference)[0]
    labels = _rows(engine, cohort / "labels.parquet", patient_id)
    of_definition = [row for row in labels if row["definition"] == definition.id]
    if not of_definition:
        raise UserError(
            "the results hold no such patient"
            if not labels
            else f"the run did not use the definition `{definition.id}`",
            where=str(cohort / "labels.parquet"),
            expected="a patient_id as in the cohort's tables"
            if not labels
            else "one of " + ", ".join(sorted(row["definition"] for row in labels)),
            kind="not_found",
        )
    patient = _rows(engine, cohort / "patients.parquet", patient_id)[0]
    trials = _judged(engine, cohort, patient_id, definition)
    minima = reference_drugs(read_csv(find_table(reference, "antidepressants.csv"))).set_index(
        "ingredient"
    )
    table = definition.trial.dose_table if definition.trial.asks_dose else "default"
    column = f"min_mg_{table}"
    for trial in trials:
        known = trial["ingredient"] in minima.index
        minimum = minima.loc[trial["ingredient"], column] if known else None
        trial["min_mg_per_day"] = None if minimum is None or minimum != minimum else float(minimum)
    label = of_definition[0]
    lost = _rows(engine, cohort / "accepted" / "quarantined_trials.parquet", patient_id)
    named = {row["trial_id"] for row in lost if row["trial_id"] is not None}
    quarantined = len(named) + sum(row["trial_id"] is None for row in lost)
    evidence = [
        row
        for row in _rows(engine, cohort / "evidence.parquet", patient_id)
        if row["definition"] == definition.id
    ]
    render = render_explanation_page if as_html else render_explanation
    return render(patient, label, trials, quarantined, evidence, definition)


def _rows(engine: Engine, path: Path, patient_id: str) -> list[dict[str, Any]]:
    table: ir.Table = engine.read_parquet(path)
    rows: list[dict[str, Any]] = (
        table.filter(table.patient_id == patient_id).to_pyarrow().to_pylist()
    )
    return rows


def _judged(
    engine: Engine, cohort: Path, patient_id: str, definition: Definition
) -> list[dict[str, Any]]:
    """Give the patient's trials in order, with the verdicts of the definition."""
    trials = _rows(engine, cohort / "trials.parquet", patient_id)
    others = {
        row["trial_id"]: row
        for row in _rows(engine, cohort / "trial_verdicts.parquet", patient_id)
        if row["definition"] == definition.id
    }
    judged = [trial | others.get(trial["trial_id"], {}) for trial in trials]
    return sorted(judged, key=lambda row: (row["start_day"], row["trial_id"]))
