"""Columns that come out: what one is, and those that mean the same wherever they stand.

Each column is described once, in :mod:`trdanalysis.outputs_published` or
:mod:`trdanalysis.outputs_restricted`. The reference pages are made from these, and tests hold them
against the tables that a run writes. What goes in stands in :mod:`trdanalysis.contract`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "text", "whole number", "number", "share", "day", "yes or no", "three-valued", "list of texts"
]


@dataclass(frozen=True)
class Output:
    """One column that comes out.

    Attributes
    ----------
    name, kind, meaning
        ``share``: a number from 0 to 1. ``three-valued``: yes, no or unknown.
    null
        What an empty cell means, beside "hidden" in a published table. Empty: there is none.
    unit
        Of a number, where it is no count.
    """

    name: str
    kind: Kind
    meaning: str
    null: str = ""
    unit: str = ""


@dataclass(frozen=True)
class OutputTable:
    """One table that comes out: what a row is, and its columns in order."""

    grain: str
    columns: tuple[Output, ...]
    note: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)


NO_RATE = "no rate, see `status`"

#: Columns that mean the same wherever they stand.
_SHARED = {column.name: column for column in (
    Output("estimand", "text", "which rate, see [estimands](estimands.md)"),
    Output("definition", "text", "id of the definition"),
    Output("analysis", "text", "what becomes of unknown outcomes: `complete_case`, `proven`,"
           " `nonresponder_imputed` or `multiple_imputation`"),
    Output("unit", "text", "what is counted: `patient`, `trial` or `row`"),
    Output("n", "whole number", "certain members with a known outcome; of labels all certain"
           " members", NO_RATE),
    Output("n_unknown", "whole number", "not certainly out, and membership or outcome unknown",
           NO_RATE),
    Output("events", "whole number", "those of `n` with the event", NO_RATE),
    Output("rate", "share", "`events` of `n`", NO_RATE),
    Output("ci_low", "share", "lower 95% limit", NO_RATE),
    Output("ci_high", "share", "upper 95% limit", NO_RATE),
    Output("bound_low", "share", "the rate, were every unknown no", NO_RATE),
    Output("bound_high", "share", "the rate, were every unknown yes", NO_RATE),
    Output("p_value", "share", "two-sided p-value", "no test"),
    Output("p_adjusted", "share", "p-value adjusted for all tests of its family", "no test"),
    Output("n_tests", "whole number", "tests in the family", "no test"),
    Output("status", "text", "whether the row can be read: `ok`, `suppressed` (hidden),"
           " `partly_suppressed` (unknowns and bounds hidden), `reprinted` (as in an earlier"
           " release), `by_definition`, `not_estimable`"),
    Output("reason", "text", "why there is no number", "there is one"),
    Output("covariates", "text", "what is adjusted for, joined by `; `", "nothing"),
    Output("conclusion", "text", "against the reference: `equivalent`, `above`, `below` or"
           " `inconclusive`", NO_RATE),
    Output("label", "text", "`trd`, `not_trd` or `indeterminate`"),
)}  # fmt: skip


def shared(names: str, **meanings: str) -> tuple[Output, ...]:
    """Give columns that mean the same everywhere; ``meanings`` say what is particular here."""
    return tuple(
        replace(_SHARED[name], meaning=meanings.get(name, _SHARED[name].meaning))
        for name in names.split()
    )
