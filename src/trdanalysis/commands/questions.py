"""`questions`: what the article speaks of beside the label, before disclosure control."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.everything import answer_questions
from trdanalysis.analysis.questions.members import derive_question_members
from trdanalysis.analysis.rates import make_rate_settings
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import write_parquet


def run_questions(
    engine: Engine,
    cohort: Path,
    pooled: Path,
    definition_files: list[Path],
    settings: dict[str, Any],
    reference: Path,
    out: Path,
) -> None:
    """Answer the questions beside the label.

    Parameters
    ----------
    cohort, pooled
        Folders that ``label`` and ``pool`` wrote.
    definition_files
        Definition files, the primary first: it alone is asked by.
    settings
        What :data:`trdanalysis.settings.USED_BY` names for this verb.
    reference
        Folder of reference tables.
    out
        Folder to write to.
    """
    step("reading the labelled cohort")
    primary = load_definitions(definition_files[:1], reference)[0]
    tables = load_tables(engine, cohort, ("patients", "trials", "trial_verdicts", "labels"))
    accepted = load_tables(engine, pooled, ("quarantined_trials", "assessments"))
    labelled = LabelledCohort(**tables, quarantined=accepted["quarantined_trials"])
    rates = make_rate_settings(settings, [primary.id])
    criteria = engine.keep(
        derive_criteria(
            labelled.patients, labelled.trials, labelled.labels, labelled.quarantined, primary.id
        )
    )
    members = derive_question_members(criteria, labelled, primary.id, rates.under_age_bands)
    asked = Asked(
        engine=engine,
        members=engine.keep(members),
        cohort=labelled,
        assessments=accepted["assessments"],
        definition=primary,
        bands=rates.bands,
        scales=load_scales(reference),
    )
    for name, table in answer_questions(asked, step).items():
        write_parquet(out / f"{name}.parquet", table)
