"""Everything there is to tell of one patient's label, taken out of a cohort's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.errors import UserError
from trdanalysis.labelling.definition import Definition
from trdanalysis.labelling.explain import render_explanation

Rows = list[dict[str, Any]]

#: Tables that an explanation is taken out of.
EXPLAINED_BY = (
    "patients", "labels", "trials", "trial_verdicts", "evidence", "quarantined_trials",
)  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """One patient's label by one definition, with what it rests on.

    Attributes
    ----------
    patient, label
        Rows of ``patients`` and ``labels``.
    trials
        As the definition judged them, by ``start_day`` and ``trial_id``, each with
        ``min_mg_per_day`` (null: no minimum, or the drug is unknown).
    quarantined
        How many quarantined trials count as possible failures.
    evidence
        The patient's rows of the evidence by the definition.
    definition
        The definition.
    """

    patient: dict[str, Any]
    label: dict[str, Any]
    trials: Rows
    quarantined: int
    evidence: Rows
    definition: Definition

    @property
    def parts(self) -> tuple[dict[str, Any], dict[str, Any], Rows, int, Rows, Definition]:
        """Give what the renderers take, in their order."""
        return (
            self.patient, self.label, self.trials, self.quarantined, self.evidence,
            self.definition,
        )  # fmt: skip

    def as_text(self) -> str:
        """Tell it as text; see :func:`trdanalysis.labelling.explain.render_explanation`."""
        return render_explanation(*self.parts)


def collect_explained(
    tables: Mapping[str, ir.Table],
    patient_id: str,
    definition: Definition,
    drugs: pd.DataFrame,
    where: str,
) -> Explained:
    """Take one patient out of a labelled cohort.

    Parameters
    ----------
    tables
        By the names of :data:`EXPLAINED_BY`.
    patient_id
        The pooled key (``namespace:patient_id`` where the drop has a namespace).
    definition
        The definition to explain by; it must have labelled the cohort.
    drugs
        What :func:`trdanalysis.labelling.exposure.reference_drugs` gives.
    where
        What the tables are of, for messages.

    Raises
    ------
    UserError
        Kind ``not_found``: the cohort has no such patient, or no labels by the definition.
    """
    labels = _rows(tables["labels"], patient_id)
    of_definition = [row for row in labels if row["definition"] == definition.id]
    if not of_definition:
        raise UserError(
            "the results hold no such patient"
            if not labels
            else f"the run did not use the definition `{definition.id}`",
            where=where,
            expected="a patient_id as in the cohort's tables"
            if not labels
            else "one of " + ", ".join(sorted(row["definition"] for row in labels)),
            kind="not_found",
        )
    trials = _judged(tables, patient_id, definition)
    table = definition.trial.dose_table if definition.trial.asks_dose else "default"
    known = drugs[drugs[f"min_mg_{table}"].notna()]
    minima = dict(zip(known["ingredient"], known[f"min_mg_{table}"], strict=True))
    for trial in trials:
        minimum = minima.get(trial["ingredient"])
        trial["min_mg_per_day"] = None if minimum is None else float(minimum)
    lost = _rows(tables["quarantined_trials"], patient_id)
    named = {row["trial_id"] for row in lost if row["trial_id"] is not None}
    return Explained(
        patient=_rows(tables["patients"], patient_id)[0],
        label=of_definition[0],
        trials=trials,
        quarantined=len(named) + sum(row["trial_id"] is None for row in lost),
        evidence=[
            row
            for row in _rows(tables["evidence"], patient_id)
            if row["definition"] == definition.id
        ],
        definition=definition,
    )


def _rows(table: ir.Table, patient_id: str) -> Rows:
    rows: Rows = table.filter(table.patient_id == patient_id).to_pyarrow().to_pylist()
    return rows


def _judged(tables: Mapping[str, ir.Table], patient_id: str, definition: Definition) -> Rows:
    """Give the patient's trials in order, with the verdicts of the definition."""
    others = {
        row["trial_id"]: row
        for row in _rows(tables["trial_verdicts"], patient_id)
        if row["definition"] == definition.id
    }
    judged = [
        trial | others.get(trial["trial_id"], {}) for trial in _rows(tables["trials"], patient_id)
    ]
    return sorted(judged, key=lambda row: (row["start_day"], row["trial_id"]))
