"""Frames that were labelled in memory, with everything that is to be said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from trdanalysis.contract import TABLES
from trdanalysis.interface.configuration import Configuration
from trdanalysis.interface.marked import UNDISCLOSED, PatientTable, mark_frame
from trdanalysis.interface.showing import count_labels, describe_labelled
from trdanalysis.interface.typed import as_nullable, from_arrow
from trdanalysis.labelling.cohort import VERDICT_COLUMNS
from trdanalysis.labelling.definition import Definition


@dataclass(frozen=True, repr=False)
class Labelled:
    """What :func:`trdanalysis.label` gives: labels in memory, nothing on disk.

    Every frame has the columns of the contract, with nullable types: what is unknown is ``pd.NA``.
    Patient-level frames show a banner in Jupyter and warn. Nothing here passed disclosure control.

    Attributes
    ----------
    definitions
        Ids of the definitions, the primary first.
    """

    definitions: tuple[str, ...]
    _tables: Mapping[str, pa.Table]
    _about: Mapping[str, pd.DataFrame]
    _summary: Mapping[str, Mapping[str, int]]
    _used: tuple[Definition, ...]
    _configuration: Configuration
    _kept: dict[Any, pd.DataFrame] = field(default_factory=dict)

    @cached_property
    def labels(self) -> PatientTable:
        """One row a patient and definition: label, reason, criteria."""
        return self._frame("labels")

    @cached_property
    def trials(self) -> PatientTable:
        """One row an accepted trial, as the primary definition judged it; ``line`` is the row of
        the frame, from 1.
        """
        return self._frame("trials")

    @cached_property
    def verdicts(self) -> PatientTable:
        """One row an accepted trial and definition, of every definition."""
        return stack_verdicts(self.trials, self._frame("trial_verdicts"), self.definitions[0])

    @cached_property
    def patients(self) -> PatientTable:
        """One row an accepted patient, with age band and factor groups."""
        return self._frame("patients")

    @cached_property
    def evidence(self) -> PatientTable:
        """What every label rests on, and the smallest changes that would give another."""
        return self._frame("evidence")

    @cached_property
    def findings(self) -> pd.DataFrame:
        """What was noticed: ``table``, ``column``, ``row`` of the frame (from 1), ``rule``,
        ``action``. No value of a patient.
        """
        return as_nullable(self._about["findings"])

    @cached_property
    def quarantine(self) -> pd.DataFrame:
        """Rows that were not accepted: ``table``, ``row`` of the frame (from 1), ``reason``."""
        return as_nullable(self._about["quarantine"])

    @cached_property
    def unrecognised(self) -> PatientTable:
        """Drugs and scales that no table knows, with counts and a suggestion."""
        return mark_frame(as_nullable(self._about["unrecognised"]))

    @cached_property
    def balance(self) -> pd.DataFrame:
        """By table: ``rows_in`` = ``accepted`` + ``duplicates`` + ``quarantined``; and
        ``cells_set_unknown``.
        """
        rows = [{"table": name, **self._summary[name]} for name in TABLES if name in self._summary]
        return as_nullable(pd.DataFrame(rows))

    @property
    def counts(self) -> PatientTable:
        """How many patients have which label: one row a definition. Not disclosure-controlled."""
        counts = count_labels(self.labels).reindex(list(self.definitions), fill_value=0)
        counts.columns.name = None
        return mark_frame(as_nullable(counts.rename_axis("definition").reset_index()), UNDISCLOSED)

    @property
    def is_disclosed(self) -> bool:
        """False: whatever is computed from it has not passed disclosure control."""
        return False

    def _frame(self, name: str) -> PatientTable:
        return mark_frame(from_arrow(self._tables[name]))

    def __repr__(self) -> str:
        return describe_labelled(self.definitions, self.balance, count_labels(self.labels))

    def _repr_html_(self) -> str:
        return describe_labelled(
            self.definitions, self.balance, count_labels(self.labels), as_html=True
        )


def stack_verdicts(
    trials: pd.DataFrame, trial_verdicts: pd.DataFrame, primary: str
) -> PatientTable:
    """Put the verdicts of the primary definition before those of the others.

    Parameters
    ----------
    trials
        Judged by the primary definition.
    trial_verdicts
        Judged by the others.
    primary
        Id of the primary definition.
    """
    own = pd.DataFrame(trials).assign(definition=pd.array([primary] * len(trials), dtype="string"))
    parts = [own[list(VERDICT_COLUMNS)], pd.DataFrame(trial_verdicts)]
    stacked = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return mark_frame(stacked)
