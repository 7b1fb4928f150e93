"""What a reader gives: raw tables, and an account of what only the reader could see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ibis.expr.types as ir
import pandas as pd

#: Columns of a reader's findings: those of ``findings.csv``.
FINDING_COLUMNS = ("table", "column", "line", "rule", "action")

#: Written for a value that could not be carried over: one without a recoding, and one that cannot
#: be read or made. No vocabulary and no number has these words, so intake makes the cell unknown,
#: reports it by its line, and lets no default stand for it. An empty cell would do none of that.
NOT_RECODED = "not_recoded"
UNREADABLE = "unreadable"


def no_reader_findings() -> pd.DataFrame:
    """Give an empty table of findings."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in FINDING_COLUMNS})


@dataclass(frozen=True)
class RawDrop:
    """A drop as its reader gives it.

    Attributes
    ----------
    tables
        Raw tables by the contract's name: text columns and ``line``.
    assumptions
        Sentences that the report repeats; no patient's value stands in them.
    findings
        What the reader noticed in foreign tables, with :data:`FINDING_COLUMNS`; empty for readers
        whose rows are all seen by intake.
    account
        Counts of what was read, joined and left out, for ``drop.json``.
    """

    tables: dict[str, ir.Table]
    assumptions: list[str] = field(default_factory=list)
    findings: pd.DataFrame = field(default_factory=no_reader_findings)
    account: dict[str, Any] = field(default_factory=dict)
