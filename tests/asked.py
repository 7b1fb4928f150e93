"""What questions are asked of, from raw tables of text, without files."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from tests.support import (
    BANDS,
    CONFIG,
    REFERENCE,
    article,
    label_intake,
    pool_intake,
    take_in_raw,
)
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.labelled import LabelledCohort
from trdanalysis.analysis.questions.asked import Asked
from trdanalysis.analysis.questions.eligibility import read_eligibility
from trdanalysis.analysis.questions.members import derive_question_members
from trdanalysis.commands.shared import load_scales
from trdanalysis.engine import Engine

UNDER_AGE = ("under 12", "12-17")
ELIGIBILITY = CONFIG / "eligibility" / "esketamine-trials.yaml"


def asked_of(engine: Engine, raw: Mapping[str, pd.DataFrame]) -> Asked:
    """Take in, label by `article`, and give what questions are asked of."""
    definition, intake = article(), take_in_raw(engine, raw)
    cohort, labelled = pool_intake(intake), label_intake(engine, intake, [definition])
    tables = LabelledCohort(
        patients=engine.keep(cohort.patients),
        trials=engine.keep(labelled.trials),
        trial_verdicts=labelled.trial_verdicts,
        labels=engine.keep(labelled.labels),
        quarantined=engine.keep(cohort.quarantined_trials),
    )
    criteria = derive_criteria(
        tables.patients, tables.trials, tables.labels, tables.quarantined, definition.id
    )
    members = derive_question_members(engine.keep(criteria), tables, definition.id, UNDER_AGE)
    return Asked(
        engine=engine,
        members=engine.keep(members),
        cohort=tables,
        # Whoever asks of ratings gives them in the raw tables.
        assessments=intake.accepted["assessments"],
        given=engine.keep(cohort.trials),
        definition=definition,
        bands=BANDS,
        scales=load_scales(REFERENCE),
        eligibility=read_eligibility(ELIGIBILITY, load_scales(REFERENCE)),
    )
