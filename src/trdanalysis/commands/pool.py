"""`pool`: the accepted rows of all drops become one cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis

from trdanalysis.ages import age_bands
from trdanalysis.commands.intake import SORTED_BY, load_accepted
from trdanalysis.commands.shared import load_drug_names, load_scales, step
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.files import read_json, write_csv
from trdanalysis.intake.balance import (
    account_for_rows,
    add_accounts,
    count_doubtful_patients,
    find_delivered_again,
)
from trdanalysis.intake.names import DrugNames
from trdanalysis.intake.pool import AcceptedDrop, group_patients, pool_drops
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.take_in import no_rows
from trdanalysis.layout import POOLED, POOLING
from trdanalysis.parts import SortedFile, divide, stack


def run_pool(
    engine: Engine, drops: list[Path], settings: dict[str, Any], reference: Path, out: Path
) -> None:
    """Pool drops.

    Parameters
    ----------
    drops
        What intake wrote for each drop, in byte order of the ids.
    settings
        ``age_bands_from_years``, ``factor_groups``.
    reference
        Folder of reference tables.
    out
        Folder to write the pooled tables to.
    """
    step(f"pooling {len(drops)} drop(s)")
    bands = age_bands(settings["age_bands_from_years"])
    groups = settings["factor_groups"]
    accepted = []
    for folder in drops:
        drop = load_accepted(engine, folder)
        left_out = read_json(folder / "drop.json")["left_out_factors"]
        accepted.append(group_patients(drop, left_out, bands, groups))
    if not accepted:
        names: DrugNames = load_drug_names(reference)
        tables = no_rows(Reference(names, load_scales(reference)))
        accepted = [group_patients(AcceptedDrop("", "snapshot", tables), [], bands, groups)]
    parts = divide(engine, [stack([drop.tables[name] for drop in accepted]) for name in TABLES])
    files = {
        name: SortedFile(engine, out / f"{name}.parquet", SORTED_BY[name], len(parts))
        for name in POOLED
    }
    accounts = []
    doubtful = 0
    for part in parts:
        with engine.passing():
            own = [drop.of(part) for drop in accepted]
            pooled = pool_drops(own)
            written = {
                name: files[name].add(
                    pooled[name].mutate(drop_id=pooled[name].drop_id.nullif(ibis.literal("")))
                )
                for name in POOLED
            }
            accounts.append(account_for_rows(own if drops else [], written))
            doubtful += count_doubtful_patients(own)
    for file in files.values():
        file.finish()
    pooling = add_accounts(accounts)
    write_csv(out / POOLING, pooling)
    for drop_id in find_delivered_again(pooling):
        step(f"  drop {drop_id}: a later drop brings all its rows again, unchanged; counted once")
    if doubtful:
        step(
            f"  {doubtful} patient(s) come in several drops with another sex or site. The same"
            " people? If two sites share ids, give one a `namespace` in its drop.yaml"
        )
