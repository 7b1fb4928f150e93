"""Tables of counts that leave: cells or rows hidden, counts rounded, shares made anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trdanalysis.analysis.agreement import CELLS, MEASURES, measure_agreement
from trdanalysis.analysis.estimands import TRIAL_ESTIMAND
from trdanalysis.disclosure.entries import EVERYBODY, LABELS, criterion_keys, model_name, step_keys
from trdanalysis.disclosure.hiding import (
    Hidden,
    hide,
    hide_cells,
    round_counts,
    round_estimates,
)
from trdanalysis.disclosure.strata import overall_key
from trdanalysis.rows import list_rows

Tables = Mapping[str, pd.DataFrame]

_STEP_COUNTS = ("n_in", "n_out", "n_unknown")
_MODEL_COUNTS = ("n", "n_left_out", "n_clusters", "events")
_MODEL_ESTIMATES = ("condition", "dispersion", "c_statistic", "events_per_parameter")
_CLUSTER_ESTIMATES = ("rate", "patient_weighted_rate", "icc", "design_effect")


def disclose_counted(tables: Tables, primary: str, hidden: Hidden) -> dict[str, pd.DataFrame]:
    """Make what may leave of the tables of counts.

    Parameters
    ----------
    tables
        As estimated, by those definitions that leave.
    primary
        Id of the primary definition.
    hidden
        What is hidden.

    Returns
    -------
    dict
        The same tables by name: attrition, unknowns, label_reasons, definitions, agreement,
        overlaps, grades, resistance, first_trials, models, clusters.
    """
    return {
        "attrition": _attrition(tables["attrition"], primary, hidden),
        "unknowns": _unknowns(tables["unknowns"], hidden),
        "label_reasons": _label_reasons(tables["label_reasons"], hidden),
        "definitions": _definitions(tables["definitions"], hidden),
        "agreement": _agreement(tables["agreement"], hidden),
        "overlaps": _overlaps(tables["overlaps"], hidden),
        "grades": _grades(tables["grades"], hidden),
        "resistance": _resistance(tables["resistance"], primary, hidden),
        "first_trials": _first_trials(tables["first_trials"], primary, hidden),
        "models": _models(tables["models"], hidden),
        "clusters": _clusters(tables["clusters"], primary, hidden),
    }


def _attrition(table: pd.DataFrame, primary: str, hidden: Hidden) -> pd.DataFrame:
    keys = step_keys(table, primary)
    gone = {
        name: [hidden.count(each[place]) for each in keys]
        for place, name in enumerate(_STEP_COUNTS)
    }
    gone["n_unknown"] = [
        is_gone and not pd.isna(value)
        for is_gone, value in zip(gone["n_unknown"], table["n_unknown"], strict=True)
    ]
    return hide_cells(round_counts(table, _STEP_COUNTS, _base(hidden)), gone)


def _base(hidden: Hidden, *, primary: bool = True) -> int:
    return hidden.policy.base_of(primary=primary)


def _unknowns(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    keys = [criterion_keys(row) for row in list_rows(table)]
    columns = ("n_unknown", "n_only")
    gone = {
        name: [hidden.count(each[place]) for each in keys] for place, name in enumerate(columns)
    }
    return hide_cells(round_counts(table, columns, _base(hidden)), gone)


def _label_reasons(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    heads = [(row["definition"], row["label"], row["reason"]) for row in list_rows(table)]
    gone = {
        "patients": [hidden.count(("reason", *head)) for head in heads],
        "on_defaults": [hidden.count(("defaults", *head)) for head in heads],
    }
    gone["on_defaults"] = [one or both for one, both in zip(*gone.values(), strict=True)]
    shown = hide_cells(round_counts(table, tuple(gone), _base(hidden)), gone)
    # They stood by how frequent they are, which would order the hidden.
    order = {name: place for place, name in enumerate(LABELS)}
    by_count = shown["patients"].astype("Float64").fillna(-1)
    placed = shown.assign(first=shown["label"].map(order), second=-by_count)
    placed = placed.sort_values(["first", "second", "reason"], kind="stable", ignore_index=True)
    return placed.drop(columns=["first", "second"])


def _definitions(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    gone = [hidden.unit("definitions", name) for name in table["definition"]]
    shown = round_counts(table, ["n", *LABELS], _base(hidden, primary=False))
    # How a definition was published is called its status, too.
    shown = hide(shown, [hidden.count(EVERYBODY)] * len(shown), ["n"], None)
    return hide(shown, gone, LABELS, None)


def _agreement(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    base = _base(hidden, primary=False)
    pairs = list(zip(table["definition"], table["versus"], strict=True))
    gone = [hidden.unit("agreement", *pair) for pair in pairs]
    table = round_counts(table, ["n", *CELLS], base)
    labelled = ("trd_trd", "trd_not_trd", "not_trd_trd", "not_trd_not_trd")
    made = [
        measure_agreement(np.array([row[name] for name in labelled]).reshape(2, 2))
        for row in list_rows(table)
    ]
    for name in ("n_labelled", *MEASURES, "status", "reason") if made else ():
        table[name] = pd.Series([each[name] for each in made], index=table.index).astype(
            table[name].dtype
        )
    table = hide(table, [hidden.count(EVERYBODY)] * len(table), ["n"], None)
    return hide(table, gone, ["n_labelled", *CELLS, *MEASURES, "reason"])


def _overlaps(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    table = round_counts(table, ["n", "n_indeterminate"], _base(hidden, primary=False))
    gone = [hidden.unit("overlaps", "set", name) for name in table["definitions"]]
    return hide(table, gone, ["n", "n_indeterminate"])


def _grades(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    table = round_counts(table, ["n"], _base(hidden, primary=False))
    return hide(table, [hidden.unit("grades", name) for name in table["definition"]], ["n"])


def _resistance(table: pd.DataFrame, primary: str, hidden: Hidden) -> pd.DataFrame:
    gone = [
        hidden.count(("apparent", primary, row["apparent_resistance"], row["label"]))
        for row in list_rows(table)
    ]
    return hide(round_counts(table, ["n"], _base(hidden)), gone, ["n"])


def _first_trials(table: pd.DataFrame, primary: str, hidden: Hidden) -> pd.DataFrame:
    gone = [
        hidden.count(("episode", primary, row["estimand"], row["episode"]))
        for row in list_rows(table)
    ]
    table = round_counts(table, ["n"], _base(hidden))
    table = hide(table, gone, ["n"])
    # A share needs them all.
    counts = table["n"].astype("Float64").to_numpy(float, na_value=np.nan)
    by_estimand = pd.Series(counts, index=table.index).groupby(table["estimand"])
    total = by_estimand.transform(lambda each: each.sum(skipna=False))
    table["share"] = (counts / total).where(total > 0)
    return table


def _models(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    base = _base(hidden)
    gone = [hidden.unit("models", *model_name(row)) for row in list_rows(table)]
    table = round_counts(table, _MODEL_COUNTS, base)
    table = round_estimates(table, _MODEL_ESTIMATES, hidden.policy.model_decimals)
    if base:
        # It is a quotient of a count that is not printed so.
        table["events_per_parameter"] = np.nan
    return hide(table, gone, [*_MODEL_COUNTS, *_MODEL_ESTIMATES])


def _clusters(table: pd.DataFrame, primary: str, hidden: Hidden) -> pd.DataFrame:
    gone = hidden.unit("row", *overall_key(primary, TRIAL_ESTIMAND.name))
    counts = ("n_trials", "n_patients")
    table = round_counts(table, counts, _base(hidden))
    table = round_estimates(table, _CLUSTER_ESTIMATES, hidden.policy.model_decimals)
    return hide(table, [gone] * len(table), [*counts, *_CLUSTER_ESTIMATES])
