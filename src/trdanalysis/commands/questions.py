"""`questions`: what the article speaks of beside the label, before disclosure control."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from trdanalysis.ages import age_bands
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.eligibility import read_eligibility
from trdanalysis.analysis.questions.everything import answer_questions
from trdanalysis.analysis.questions.members import derive_question_members
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import load_scales, load_tables, step
from trdanalysis.engine import Engine
from trdanalysis.files import write_parquet
from trdanalysis.parts import divide, stack
from trdanalysis.progress import note


def run_questions(
    engine: Engine,
    cohort: Path,
    pooled: Path,
    definition_files: list[Path],
    settings: dict[str, Any],
    reference: Path,
    eligibility: Path,
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
    eligibility
        File of who may enter a trial.
    out
        Folder to write to.
    """
    step("reading the labelled cohort", of=2)
    scales = load_scales(reference)
    primary = load_definitions(definition_files[:1], reference)[0]
    criteria_of_trial = read_eligibility(eligibility, scales)
    tables = load_tables(engine, cohort, ("patients", "trials", "trial_verdicts", "labels"))
    accepted = load_tables(engine, pooled, ("trials", "quarantined_trials", "assessments"))
    labelled = LabelledCohort(**tables, quarantined=accepted["quarantined_trials"])
    bands = age_bands(settings["age_bands_from_years"])
    parts = divide(engine, [labelled.patients, labelled.trials])
    if len(parts) > 1:
        engine.keep_all_in_files()
    criteria = stack([_derive_criteria(engine, labelled.of(part), primary.id) for part in parts])
    under_age = [band.label for band in bands if not band.is_adult]
    members = derive_question_members(criteria, labelled, primary.id, under_age)
    asked = Asked(
        engine=engine,
        members=engine.keep(members),
        cohort=labelled,
        assessments=accepted["assessments"],
        given=accepted["trials"],
        definition=primary,
        bands=bands,
        scales=scales,
        eligibility=criteria_of_trial,
    )
    step("answering what is asked beside the label")
    for name, table in answer_questions(asked, note).items():
        write_parquet(out / f"{name}.parquet", table)


def _derive_criteria(engine: Engine, cohort: LabelledCohort, definition_id: str) -> ir.Table:
    return engine.keep(
        derive_criteria(
            cohort.patients, cohort.trials, cohort.labels, cohort.quarantined, definition_id
        )
    )
