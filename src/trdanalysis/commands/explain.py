"""`explain`: one patient's label in words, on standard output only."""

from __future__ import annotations

from pathlib import Path

import ibis.expr.types as ir

from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.shared import load_tables
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.labelling.explained import EXPLAINED_BY, collect_explained
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
    explained = collect_explained(
        load_explained_by(engine, cohort),
        patient_id,
        definition,
        load_drugs(reference),
        str(cohort / "labels.parquet"),
    )
    return render_explanation_page(*explained.parts) if as_html else explained.as_text()


def load_explained_by(engine: Engine, cohort: Path) -> dict[str, ir.Table]:
    """Load the tables of a cohort's folder that explanations are taken out of."""
    lost = "quarantined_trials"
    names = tuple(name for name in EXPLAINED_BY if name != lost)
    return load_tables(engine, cohort, names) | load_tables(engine, cohort / "accepted", (lost,))
