"""A site's disclosure policy, read from ``config/disclosure/<id>.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trdanalysis.settings import StrictModel, read_model, read_yaml

#: Counts of definitions and of the multiverse are rounded to a multiple of at least this, since
#: neighbours differ by a few patients.
LEAST_BASE = 5

#: Parts of a release that can be dropped as a whole. Rates are dropped by stratum.
PARTS = (
    "questions", "characteristics", "factor_combination", "factor_group_by_age_band", "overlaps",
    "agreement", "grades", "models", "curves", "label_flows", "unknowns", "label_reasons",
    "balance", "factor", "drop", "site", "first_trials", "resistance", "sex", "other_definitions",
    "definitions", "factor_group", "attrition", "age_band", "overall",
)  # fmt: skip


class Policy(StrictModel):
    """What a site allows to be shown.

    Attributes
    ----------
    id, title, source
        Name of the policy, and where its rule stands.
    hide_counts_up_to
        Counts from 1 to this number are hidden; 0 hides nothing.
    show_zero
        Whether a count of nobody is printed.
    round_to
        Printed counts are rounded to the nearest multiple; rates, intervals and p-values are made
        of the rounded counts. 0: counts are printed as they are.
    least_n_for_a_rate
        Fewer than this in a denominator have no rate; their counts stand.
    model_decimals
        Digits after the point of what is no function of printed counts: models, imputations,
        curves, correlations.
    drop_first
        Parts of the release in the order in which they are given up where hiding single cells
        does not protect; every part stands here once, the headline rates last.
    only_synthetic
        The policy may stand behind a release only where every drop is synthetic.
    """

    id: str
    title: str
    source: str
    hide_counts_up_to: int = Field(ge=0, le=1000)
    show_zero: bool
    round_to: Literal[0, 5, 10]
    least_n_for_a_rate: int = Field(ge=0, le=1000)
    model_decimals: int = Field(ge=1, le=6)
    drop_first: tuple[str, ...]
    only_synthetic: bool

    @model_validator(mode="after")
    def _check(self) -> Policy:
        if sorted(self.drop_first) != sorted(PARTS):
            missing = sorted(set(PARTS) - set(self.drop_first))
            odd = sorted(set(self.drop_first) - set(PARTS))
            raise ValueError(
                "drop_first names every part once"
                + (f"; missing: {', '.join(missing)}" if missing else "")
                + (f"; unknown: {', '.join(odd)}" if odd else "")
            )
        return self

    @property
    def hides(self) -> bool:
        """Whether anything is hidden at all."""
        return self.hide_counts_up_to > 0

    def is_small(self, value: int) -> bool:
        """Say whether a count must not be printed."""
        return (0 if not self.show_zero and self.hides else 1) <= value <= self.hide_counts_up_to

    def base_of(self, *, primary: bool) -> int:
        """Give what counts are rounded to; those by other definitions are at least coarse."""
        return self.round_to if primary or not self.hides else max(self.round_to, LEAST_BASE)


def read_policy(path: Path) -> Policy:
    """Read one policy file; see :func:`trdanalysis.settings.read_model` for errors."""
    return read_model(Policy, read_yaml(path), str(path))
