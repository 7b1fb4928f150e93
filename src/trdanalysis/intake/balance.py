"""What pooling makes of accepted rows: in the cohort, come again unchanged, or replaced."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import TABLES
from trdanalysis.intake.fingerprints import derive_fingerprints
from trdanalysis.intake.pool import AcceptedDrop

#: Columns of ``pooling.csv``.
POOLING_COLUMNS = ["drop_id", "table", "accepted", "in_cohort", "again", "replaced"]


def account_for_rows(drops: Sequence[AcceptedDrop], pooled: dict[str, ir.Table]) -> pd.DataFrame:
    """Say of every accepted row what became of it.

    Parameters
    ----------
    drops
        What intake accepted, in byte order of the drops' ids.
    pooled
        What :func:`trdanalysis.intake.pool.pool_drops` makes of it.

    Returns
    -------
    DataFrame
        One row a drop and table with :data:`POOLING_COLUMNS`. ``accepted`` = ``in_cohort`` +
        ``again`` (a duplicate: a later drop brought the same row, which stands in the cohort) +
        ``replaced`` (a later drop brought another version, or the patient without the row).
    """
    names = list(TABLES)
    if not drops:
        return pd.DataFrame(columns=POOLING_COLUMNS)
    if len(drops) == 1:
        # Nothing can come again or be replaced.
        rows = [int(pooled[name].count().to_pyarrow().as_py()) for name in names]
        return pd.DataFrame(
            {"drop_id": drops[0].drop_id, "table": names, "accepted": rows, "in_cohort": rows}
        ).assign(again=0, replaced=0)[POOLING_COLUMNS]
    key = ["table", "patient_id", "row_key", "content"]
    brought = ibis.union(
        *(
            derive_fingerprints(
                {
                    name: drop.tables[name].mutate(drop_id=ibis.literal(drop.drop_id))
                    for name in names
                }
            )
            for drop in drops
        )
    )
    kept = derive_fingerprints({name: pooled[name] for name in names})
    standing = kept.select(*key).distinct().mutate(stands=ibis.literal(True))
    found = brought.left_join(standing, key)
    by = ["drop_id", "table"]
    counted = found.group_by(by).agg(accepted=found.count(), standing=found.stands.count())
    in_cohort = kept.group_by(by).agg(in_cohort=kept.count())
    frame = counted.to_pyarrow().to_pandas()
    frame = frame.merge(in_cohort.to_pyarrow().to_pandas(), on=by, how="left")
    return pd.concat(
        [_balance(frame[frame["drop_id"] == drop.drop_id], drop.drop_id, names) for drop in drops],
        ignore_index=True,
    )


def _balance(counted: pd.DataFrame, drop_id: str, names: list[str]) -> pd.DataFrame:
    numbers = counted.set_index("table")[["accepted", "standing", "in_cohort"]]
    counts = numbers.reindex(names).astype("Float64").fillna(0).astype("Int64")
    return pd.DataFrame(
        {
            "drop_id": drop_id,
            "table": names,
            "accepted": counts["accepted"].to_numpy(),
            "in_cohort": counts["in_cohort"].to_numpy(),
            "again": (counts["standing"] - counts["in_cohort"]).to_numpy(),
            "replaced": (counts["accepted"] - counts["standing"]).to_numpy(),
        }
    )[POOLING_COLUMNS]


def add_accounts(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up what :func:`account_for_rows` gives for parts of the patients."""
    if len(parts) == 1:
        return parts[0]
    numbers = POOLING_COLUMNS[2:]
    added = pd.concat(parts).groupby(["drop_id", "table"], sort=False)[numbers].sum()
    return added.reset_index()[POOLING_COLUMNS]


def find_delivered_again(pooling: pd.DataFrame) -> list[str]:
    """Name the drops of which every accepted row came again, unchanged, in a later drop."""
    if not len(pooling):
        return []
    sums = pooling.groupby("drop_id", sort=False)[["accepted", "again"]].sum()
    return [
        str(name)
        for name in sums.index[(sums["accepted"] > 0) & (sums["accepted"] == sums["again"])]
    ]


def count_doubtful_patients(drops: Sequence[AcceptedDrop]) -> int:
    """Count patients of several drops whose sex or site differs between them.

    They may be one person, recorded otherwise; or persons of two sites that share an id, of which
    one needs a ``namespace``.
    """
    if len(drops) < 2:
        return 0
    rows = ibis.union(
        *(drop.tables["patients"].select("patient_id", "sex", "site") for drop in drops)
    )
    told = rows.group_by("patient_id").agg(sexes=rows.sex.nunique(), sites=rows.site.nunique())
    return int(told.filter((told.sexes > 1) | (told.sites > 1)).count().to_pyarrow().as_py())
