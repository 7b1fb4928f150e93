"""Drift between drops: do factors, doses and missing values differ by more than chance?

Every measure is a number a patient, so that several trials of one patient count once: a factor (1
yes, 0 no), whether a cell of ``patients`` is missing, the share of a patient's trials that lack a
cell, and how high the doses are among those of the same drug. Drops are compared by the rank test
of Kruskal and Wallis (1952), which for two values is Pearson's chi-squared test times (N - 1) / N.
Over all measures the p-values are adjusted by Benjamini and Hochberg (1995); and a difference is
called drift only where it also is large enough to matter, since with enough patients any is
significant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.contract import FACTORS, RECORDED_GROUPS, TABLES
from trdanalysis.labelling.failures import Keeper

#: False discovery rate over all measures.
ALPHA = 0.05

#: Least difference between a drop and the others that is called drift: 5 points of a share, or of
#: 100 ranks of dose.
LEAST_DIFFERENCE = 0.05

#: A drop with fewer patients than this takes no part in a test.
LEAST_PATIENTS = 5

DRIFT_COLUMNS = [
    "table", "column", "measure", "drop_id", "n", "events", "value", "value_others", "difference",
    "p_value", "p_adjusted", "n_tests", "drifted", "status",
]  # fmt: skip

MISSING, PRESENT, DOSE_RANK = "missing", "present", "dose_rank"

_KEYS = ["table", "column", "measure"]
_DECIMALS = 4


def count_measures(engine: Keeper, drops: Mapping[str, Mapping[str, ir.Table]]) -> pd.DataFrame:
    """Count patients by drop and value of every measure.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    drops
        By id, what intake accepted of each drop: ``patients`` and ``trials``.

    Returns
    -------
    DataFrame
        ``table``, ``column``, ``measure``, ``drop_id``, ``value``, ``patients``: how many have it.
    """
    parts = []
    trials = []
    for drop_id, tables in drops.items():
        parts.append(_count_patients(tables["patients"]).assign(drop_id=drop_id))
        trials.append(tables["trials"].mutate(drop_id=ibis.literal(drop_id)))
    if trials:
        stacked = engine.keep(ibis.union(*trials) if len(trials) > 1 else trials[0])
        parts.append(_count_trials(engine, stacked))
    columns = [*_KEYS, "drop_id", "value", "patients"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _count_patients(patients: ir.Table) -> pd.DataFrame:
    """Count the patients of one drop by what is missing and which factors are present."""
    names = [name for name in TABLES["patients"].names if name != "patient_id"]
    factors = [factor for group in RECORDED_GROUPS for factor in FACTORS[group]]
    filled = {f"{name}__filled": patients[name].count() for name in names}
    yes = {f"{name}__yes": patients.count(where=patients[name]) for name in factors}
    counted = patients.aggregate(rows=patients.count(), **filled, **yes)
    told = counted.to_pyarrow().to_pylist()[0]
    rows = []
    for name in names:
        known = told[f"{name}__filled"]
        rows += [(name, MISSING, 0.0, known), (name, MISSING, 1.0, told["rows"] - known)]
        if name in factors:
            present = told[f"{name}__yes"]
            rows += [(name, PRESENT, 1.0, present), (name, PRESENT, 0.0, known - present)]
    frame = pd.DataFrame(rows, columns=["column", "measure", "value", "patients"])
    return frame[frame["patients"] > 0].assign(table="patients")


def _count_trials(engine: Keeper, trials: ir.Table) -> pd.DataFrame:
    """Count patients by drop and share of trials that lack a cell, and by rank of their doses."""
    names = [name for name in TABLES["trials"].names if name not in TABLES["trials"].key]
    shares = {name: trials[name].isnull().cast("float64").mean() for name in names}
    own = engine.keep(trials.group_by(["drop_id", "patient_id"]).agg(**shares))
    ranks = _rank_doses(trials)
    doses = ranks.group_by(["drop_id", "patient_id"]).agg(value=ranks.rank.mean())
    measured = [
        *((name, MISSING, own.select("drop_id", value=own[name])) for name in names),
        ("dose_mg_per_day", DOSE_RANK, doses.select("drop_id", "value")),
    ]
    values = ibis.union(
        *(
            table.select(
                "drop_id",
                column=ibis.literal(name),
                measure=ibis.literal(measure),
                value=table.value.round(_DECIMALS),
            )
            for name, measure, table in measured
        )
    )
    counted = values.group_by(["drop_id", "column", "measure", "value"]).agg(
        patients=values.count()
    )
    return counted.to_pyarrow().to_pandas().assign(table="trials")


def _rank_doses(trials: ir.Table) -> ir.Table:
    """Give each dose its place, 0 to 1, among those of its drug in all drops; ties share it."""
    known = trials.filter(trials.ingredient.notnull() & trials.dose_mg_per_day.notnull())
    by_dose = ibis.window(group_by="ingredient", order_by="dose_mg_per_day")
    placed = known.mutate(
        below=ibis.rank().over(by_dose),
        alike=known.count().over(group_by=["ingredient", "dose_mg_per_day"]),
        of=known.count().over(group_by="ingredient"),
    )
    rank = (placed.below + placed.alike / 2.0) / placed.of
    return placed.select("patient_id", "drop_id", rank=rank)


def estimate_drift(counted: pd.DataFrame, drops: Sequence[str]) -> pd.DataFrame:
    """Compare drops by every measure.

    Parameters
    ----------
    counted
        See :func:`count_measures`.
    drops
        Ids in byte order.

    Returns
    -------
    DataFrame
        :data:`DRIFT_COLUMNS`, one row per measure and drop; no row where there are fewer than two
        drops. ``n``: patients with the measure; ``events``: those of whom it is above 0 (null for
        doses); ``value``: its mean; ``value_others``: the mean over the other drops; ``p_value``
        and ``p_adjusted`` are of the measure over all drops, the same in each of its rows.
        ``status`` is ``not_estimable`` where fewer than two drops have
        :data:`LEAST_PATIENTS` patients, or all patients are alike.
    """
    rows: list[dict[str, Any]] = []
    if len(drops) > 1 and len(counted):
        for keys, part in counted.groupby(_KEYS, sort=True):
            rows += _compare(dict(zip(_KEYS, keys, strict=True)), part, drops)
    table = pd.DataFrame(rows, columns=DRIFT_COLUMNS)
    tests = table.drop_duplicates(_KEYS).dropna(subset=["p_value"])
    adjusted = dict(zip(tests.index, _adjust(tests["p_value"].to_numpy(float)), strict=True))
    by_key = {tuple(tests.loc[place, _KEYS]): value for place, value in adjusted.items()}
    keys_of = list(table[_KEYS].itertuples(index=False, name=None))
    table["p_adjusted"] = pd.array([by_key.get(key, np.nan) for key in keys_of], dtype="float64")
    table["n_tests"] = len(tests)
    numbers = dict.fromkeys(("value", "value_others", "difference", "p_value"), "float64")
    table = table.astype({**numbers, "n": "Int64", "events": "Int64", "n_tests": "Int64"})
    large = table["difference"].abs() >= LEAST_DIFFERENCE
    drifted = ((table["p_adjusted"] < ALPHA) & large).astype("boolean")
    table["drifted"] = drifted.mask(table["status"] != "ok")
    return table.astype(dict.fromkeys((*_KEYS, "drop_id", "status"), "str"))


def _compare(
    names: Mapping[str, Any], part: pd.DataFrame, drops: Sequence[str]
) -> list[dict[str, Any]]:
    values = np.sort(part["value"].unique())
    wide = part.pivot_table(index="drop_id", columns="value", values="patients", aggfunc="sum")
    counts = wide.reindex(index=list(drops), columns=values).fillna(0).to_numpy(float)
    sizes = counts.sum(axis=1)
    p_value = rank_test(counts[sizes >= LEAST_PATIENTS])
    sums = counts @ values
    rows = []
    for place, drop_id in enumerate(drops):
        n, others = sizes[place], sizes.sum() - sizes[place]
        value = sums[place] / n if n else np.nan
        elsewhere = (sums.sum() - sums[place]) / others if others else np.nan
        above = None if names["measure"] == DOSE_RANK else int(counts[place][values > 0].sum())
        takes_part = not np.isnan(p_value) and n >= LEAST_PATIENTS
        rows.append(
            {
                **names, "drop_id": drop_id, "n": int(n), "events": above, "value": value,
                "value_others": elsewhere, "difference": value - elsewhere, "p_value": p_value,
                "status": "ok" if takes_part else "not_estimable",
            }
        )  # fmt: skip
    return rows


def rank_test(counts: np.ndarray[Any, Any]) -> float:
    """Give the p-value of Kruskal and Wallis' test from counts, with its correction for ties.

    Parameters
    ----------
    counts
        One row a group, one column a value, in ascending order of the values.

    Returns
    -------
    float
        NaN where fewer than two groups have anybody, or all are alike.
    """
    from scipy.stats import chi2

    counts = counts[counts.sum(axis=1) > 0] if len(counts) else counts
    if len(counts) < 2:
        return float("nan")
    tied = counts.sum(axis=0)
    total = tied.sum()
    spread = 1 - ((tied**3 - tied).sum() / (total**3 - total))
    if spread <= 0:
        return float("nan")
    midranks = np.cumsum(tied) - (tied - 1) / 2
    sizes = counts.sum(axis=1)
    between = ((counts @ midranks) ** 2 / sizes).sum()
    statistic = 12 / (total * (total + 1)) * between - 3 * (total + 1)
    return float(chi2.sf(statistic / spread, len(counts) - 1))


def _adjust(p_values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if not len(p_values):
        return p_values
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p_values, method="bh"))
