"""What the columns of a frame hold, from where each is described once."""

from __future__ import annotations

import re

import pandas as pd

from trdanalysis.errors import UserError, suggest
from trdanalysis.outputs import OutputTable
from trdanalysis.outputs_published import PUBLISHED
from trdanalysis.outputs_restricted import COHORT


def described_tables() -> dict[str, OutputTable]:
    """Give every table of a run by the name it has there."""
    cohort = {
        name.removesuffix(".parquet"): table
        for name, table in COHORT.items()
        if name.endswith(".parquet")
    }
    # The primary definition's verdicts, which stand in `trials` too, are stacked on the others'.
    cohort["verdicts"] = cohort.pop("trial_verdicts")
    return PUBLISHED | cohort


def describe_columns(name: str) -> pd.DataFrame:
    """Describe the columns of a table; see :meth:`trdanalysis.interface.run.Run.columns`."""
    tables = described_tables()
    if name not in tables:
        raise UserError(
            f"there is no table `{name}`", try_this=suggest(name, tables), kind="not_found"
        )
    rows = [
        (column.name, column.kind, plain_text(column.meaning), column.null, column.unit)
        for column in tables[name].columns
    ]
    return pd.DataFrame(rows, columns=["column", "kind", "meaning", "empty", "unit"])


def plain_text(text: str) -> str:
    """Leave the links of the reference pages out."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
