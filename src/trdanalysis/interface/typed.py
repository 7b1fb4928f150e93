"""Frames with nullable columns: unknown stays unknown, whatever it was read from.

A column of yes, no or unknown is ``boolean``, a count or a day ``Int64``, another number
``Float64``, a text ``string``. What is missing is ``pd.NA`` in all of them, and a comparison with
it is ``pd.NA`` too, never False.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionDtype

from trdanalysis.files import read_csv
from trdanalysis.spreadsheet import unguard_cell

#: Columns of published tables by what they hold; the others are text.
FLAGS = frozenset({
    "same_quantity", "robust", "as_primary", "excludes_reference", "is_primary", "same_episode",
    "drifted",
})  # fmt: skip
WHOLE = frozenset({
    "n", "n_unknown", "n_clusters", "events", "n_versus", "n_tests", "n_left_out", "parameters",
    "iterations", "published_n", "step_order", "n_in", "n_out", "trd", "not_trd", "indeterminate",
    "n_only", "n_trials", "n_patients", "day", "n_at_risk", "censored", "age_years",
    "unknown_with_event", "trd_trd", "trd_not_trd", "trd_indeterminate", "not_trd_trd",
    "not_trd_not_trd", "not_trd_indeterminate", "indeterminate_trd", "indeterminate_not_trd",
    "indeterminate_indeterminate", "n_labelled", "n_definitions", "n_indeterminate", "min_weeks",
    "min_failures", "n_before", "events_before",
})  # fmt: skip
NUMBERS = frozenset({
    "rate", "ci_low", "ci_high", "ci90_low", "ci90_high", "bound_low", "bound_high", "reference",
    "margin", "difference", "p_value", "value", "p_adjusted", "events_per_parameter", "condition",
    "dispersion", "c_statistic", "published_rate", "published_low", "published_high",
    "patient_weighted_rate", "icc", "design_effect", "cumulative_incidence", "share",
    "observed_agreement", "kappa", "jaccard", "positive_agreement", "negative_agreement",
    "rate_before", "value_others",
})  # fmt: skip

#: Texts that are missing throughout where everything could be estimated.
TEXTS = frozenset({"reason", "covariates", "unconfirmed", "missing_columns", "ci_method"})


def _kind(kind: pa.DataType) -> ExtensionDtype | None:
    if pa.types.is_boolean(kind):
        return pd.BooleanDtype()
    if pa.types.is_integer(kind):
        return pd.Int64Dtype()
    if pa.types.is_floating(kind):
        return pd.Float64Dtype()
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    return pd.StringDtype() if is_text else None


def read_published(path: Path) -> pd.DataFrame:
    """Read a published CSV table with nullable columns; an empty cell is missing, never no."""
    text = read_csv(path)
    columns: dict[str, pd.Series] = {}
    for name in text.columns:
        cells = text[name].mask(text[name] == "")
        if name in FLAGS:
            columns[name] = cells.map({"true": True, "false": False}).astype("boolean")
        elif name in WHOLE:
            columns[name] = pd.to_numeric(cells).astype("Int64")
        elif name in NUMBERS:
            columns[name] = pd.to_numeric(cells).astype("Float64")
        else:
            columns[name] = cells.map(unguard_cell, na_action="ignore").astype("string")
    return pd.DataFrame(columns, index=text.index)


def as_nullable(frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame the column types of this module."""
    return from_arrow(pa.Table.from_pandas(frame, preserve_index=False))


def from_arrow(table: pa.Table) -> pd.DataFrame:
    """Make a frame of an Arrow table; a column of lists holds tuples."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=_kind)
    for name in frame.columns[frame.isna().all()]:
        # A text that nobody has was kept as what its table's maker made of nothing.
        if name in TEXTS:
            frame[name] = frame[name].astype("string")
    for name in table.column_names:
        if pa.types.is_list(table.schema.field(name).type):
            frame[name] = frame[name].map(tuple, na_action="ignore")
    return frame
