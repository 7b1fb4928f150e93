"""Rows of a small table, one by one."""

from __future__ import annotations

from typing import Any

import pandas as pd


def list_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table's rows as dicts from column names to values."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
