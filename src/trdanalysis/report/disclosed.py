"""What everything that people read is made from: tables that passed the one door, and what is said
of them. Nothing to the right of it sees anything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from trdanalysis.prespecification import FreezeStatus
from trdanalysis.report.prose.bibliography import References


@dataclass(frozen=True)
class Disclosed:
    """A run's results after disclosure control.

    Attributes
    ----------
    tables
        Those of :data:`trdanalysis.layout.ANALYSIS_TABLES` by name; hidden cells are null, and
        ``status`` says so where a table has it.
    published
        The studies behind ``benchmarks.reference_id``: text columns ``reference_id``, ``study``,
        ``year``, ``source``, ``population``, ``metric``, ``confidence``.
    balance
        ``drop_id``, ``table``, ``rows_in``, ``accepted``, ``duplicates``, ``quarantined``,
        ``cells_set_unknown``.
    absent_columns, left_out_factors
        ``drop_id``, ``table``, ``column``; and ``drop_id``, ``factor``.
    definitions
        The definition files, the primary first, each also in words.
    settings
        Every setting that decides what is published; ``age_bands`` (labels), ``policy`` (what it
        says) and ``policy_title``.
    run
        ``version``, ``drops``, ``synthetic``, ``draft``, ``command``; ``environment``: what
        :func:`trdanalysis.checkout.describe_environment` gives.
    freeze
        Whether configuration and definitions are as they were frozen.
    hiding
        How much is hidden: ``units``, ``hidden``, ``small``, ``dropped``, ``reprinted``.
    references
        What texts may cite, and the items of the reporting statements.
    """

    tables: Mapping[str, pd.DataFrame]
    published: pd.DataFrame
    balance: pd.DataFrame
    absent_columns: pd.DataFrame
    left_out_factors: pd.DataFrame
    definitions: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any]
    run: Mapping[str, Any]
    freeze: FreezeStatus
    hiding: Mapping[str, Any]
    references: References = field(default_factory=References)

    @property
    def primary(self) -> str:
        """Id of the primary definition."""
        return str(self.definitions[0]["id"])

    @property
    def definition_ids(self) -> list[str]:
        """Ids of the definitions in the order of the run."""
        return [str(each["id"]) for each in self.definitions]

    @property
    def real_drops(self) -> list[str]:
        """Ids of the drops that are not marked synthetic."""
        return [str(drop["drop_id"]) for drop in self.run["drops"] if not drop["synthetic"]]

    @property
    def is_allowed(self) -> bool:
        """Whether the policy allows that anything of these drops leaves."""
        return not (self.real_drops and self.settings["policy"]["only_synthetic"])

    @property
    def nonresponse(self) -> str:
        """What non-response is by the primary definition, in words."""
        return str(self.definitions[0]["of_nonresponse"])

    @property
    def reference(self) -> float:
        """The rate that others are held against, a fraction."""
        return float(self.settings["reference_rate"])

    @property
    def margin(self) -> float:
        """Distance within which a rate is equivalent to the reference, a fraction."""
        return float(self.settings["equivalence_margin"])
