"""What the labels of a cohort rest on, by every definition: evidence, and changes that matter."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.changes import derive_changes
from trdanalysis.labelling.cohort import Labelled, judged_by
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.evidence import derive_evidence
from trdanalysis.labelling.failures import Keeper


def derive_grounds(
    engine: Keeper,
    labelled: Labelled,
    patients: ir.Table,
    drugs: ir.Table,
    definitions: Sequence[Definition],
) -> ir.Table:
    """Make the evidence of every definition from what was labelled and judged.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    labelled
        Labels, trials and verdicts. They are used several times: computed ones, not expressions.
    patients
        Accepted patients.
    drugs
        What :func:`trdanalysis.labelling.exposure.reference_drugs` gives, as a table.
    definitions
        The primary first.

    Returns
    -------
    Table
        Rows as :func:`trdanalysis.labelling.evidence.derive_evidence` and
        :func:`trdanalysis.labelling.changes.derive_changes` give them.
    """
    parts = []
    for place, definition in enumerate(definitions):
        labels = labelled.labels.filter(labelled.labels.definition == definition.id)
        trials = labelled.trials.mutate(definition=ibis.literal(definition.id))
        if place:
            trials = judged_by(labelled.trials, labelled.trial_verdicts, definition.id)
        table = definition.trial.dose_table if definition.trial.asks_dose else "default"
        minima = drugs.select("ingredient", min_mg_per_day=f"min_mg_{table}")
        trials = trials.left_join(minima, "ingredient").drop("ingredient_right")
        evidence = derive_evidence(labels, trials, patients, definition)
        parts.append(evidence)
        changes = derive_changes(engine, labels, trials, evidence, definition)
        parts += [] if changes is None else [changes]
    return ibis.union(*parts)
