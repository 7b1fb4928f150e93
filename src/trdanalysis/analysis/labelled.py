"""A labelled cohort: what `label` writes, as tables of an engine."""

from __future__ import annotations

from dataclasses import dataclass, fields

import ibis.expr.types as ir

from trdanalysis.labelling.cohort import judged_by
from trdanalysis.parts import Part


@dataclass(frozen=True)
class LabelledCohort:
    """A labelled cohort.

    Attributes
    ----------
    patients, trials, trial_verdicts, labels
        As ``label`` writes them; ``trials`` judged by the first definition.
    quarantined
        Quarantined trials of accepted patients.
    """

    patients: ir.Table
    trials: ir.Table
    trial_verdicts: ir.Table
    labels: ir.Table
    quarantined: ir.Table

    def of(self, part: Part) -> LabelledCohort:
        """Give the rows of some of the patients."""
        return LabelledCohort(
            **{each.name: part.of(getattr(self, each.name)) for each in fields(self)}
        )

    def judged_by(self, definition_id: str, *, is_primary: bool) -> ir.Table:
        """Give the trials as one definition judged them."""
        if is_primary:
            return self.trials
        return judged_by(self.trials, self.trial_verdicts, definition_id)
