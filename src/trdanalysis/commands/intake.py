"""`intake`: one drop in, its accepted rows and an account of everything else out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import ibis
import ibis.expr.types as ir

from trdanalysis.commands.shared import load_drug_names, load_scales, step
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import hash_file, read_json, write_csv, write_json
from trdanalysis.intake.findings import sort_findings
from trdanalysis.intake.large import LargeIntake, as_findings, take_in_parts
from trdanalysis.intake.pool import AcceptedDrop, find_left_out_factors, pool_drops
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.take_in import (
    QUARANTINE_ORDER,
    Intake,
    Known,
    take_in,
    without_namespace,
)
from trdanalysis.layout import POOLED
from trdanalysis.parts import WHOLE, SortedFile, divide, stack
from trdanalysis.readers.delivery import check_delivery, check_unchanged, stamps_of
from trdanalysis.readers.drop import read_drop
from trdanalysis.readers.drop_info import DropInfo, drop_files, read_drop_info
from trdanalysis.readers.raw_drop import RawDrop

#: What the rows of each accepted table are sorted by.
SORTED_BY = {
    "patients": ["patient_id"],
    "trials": ["patient_id", "start_day", "trial_id"],
    "doses": ["patient_id", "trial_id", "start_day"],
    "assessments": ["patient_id", "day", "scale", "line", "score"],
    "quarantined_trials": ["patient_id", "trial_id", "line"],
}


Found = TypeVar("Found")
Take = Callable[[dict[str, ir.Table], "Known | None"], Found]


def run_intake(engine: Engine, drop: Path, earlier: list[Path], reference: Path, out: Path) -> None:
    """Take in one drop.

    Parameters
    ----------
    drop
        The drop's folder; its name is the drop's id.
    earlier
        What intake wrote for the drops before it, for an increment.
    reference
        Folder of reference tables.
    out
        Folder to write to.
    """
    info = read_drop_info(drop)
    files: dict[str, SortedFile] = {}

    def take(raw: dict[str, ir.Table], known: Known | None) -> Intake | LargeIntake:
        names = Reference(load_drug_names(reference), load_scales(reference))
        rows = [raw[name] for name in TABLES if name in raw]
        has_ids = all("patient_id" in table.columns for table in rows)
        parts = divide(engine, rows) if has_ids else WHOLE
        if len(parts) == 1:
            return take_in(engine, raw, names, namespace=info.namespace, known=known)
        step(f"  in {len(parts)} parts of the patients")
        for name in POOLED:
            path = out / f"{name}.parquet"
            files[name] = SortedFile(engine, path, SORTED_BY[name], len(parts))
        return take_in_parts(
            engine, raw, names, parts, files, namespace=info.namespace, known=known
        )

    raw, result = take_in_drop(engine, drop, info, earlier, take)
    step(f"drop {drop.name}: writing")
    if isinstance(result, LargeIntake):
        patients = {name: file.finish() for name, file in files.items()}["patients"]
        findings = stack([result.findings, as_findings(engine, raw.findings)])
        order = [ibis.asc(name, nulls_first=True) for name in ("table", "line", "column", "rule")]
        engine.write_csv(findings, out / "findings.csv", order)
        engine.write_csv(result.quarantine, out / "quarantine.csv", list(QUARANTINE_ORDER))
    else:
        patients = result.accepted["patients"]
        tables = result.accepted | {"quarantined_trials": result.quarantined_trials}
        for name, table in tables.items():
            engine.write_parquet(table, out / f"{name}.parquet", SORTED_BY[name])
        write_csv(out / "findings.csv", sort_findings([result.findings, raw.findings]))
        write_csv(out / "quarantine.csv", result.quarantine)
    write_csv(out / "unrecognised.csv", result.unrecognised.assign(drop_id=drop.name))
    write_json(
        out / "drop.json",
        {
            "drop_id": drop.name,
            **info.model_dump(),
            "files": hash_drop(drop),
            "assumptions": raw.assumptions,
            "left_out_factors": find_left_out_factors(patients),
            "columns": result.columns,
            "reader": raw.account,
        },
    )
    write_json(out / "summary.json", result.summary)
    for name, row in result.summary.items():
        step(
            f"  {name}: {row['rows_in']} rows in = {row['accepted']} accepted"
            f" + {row['duplicates']} duplicates + {row['quarantined']} quarantined;"
            f" {row['cells_set_unknown']} cells set unknown"
        )


def hash_drop(drop: Path) -> dict[str, str]:
    """Give the SHA-256 of every file of a drop; those from elsewhere are `mapping/<name>`."""
    return {
        str(path.relative_to(drop))
        if path.is_relative_to(drop)
        else f"mapping/{path.name}": hash_file(path)
        for path in drop_files(drop)
    }


def take_in_drop(
    engine: Engine, drop: Path, info: DropInfo, earlier: list[Path], take: Take[Found]
) -> tuple[RawDrop, Found]:
    """Read and check one drop; write no result.

    Parameters
    ----------
    take
        Takes the raw tables in, and what earlier drops had (None: no increment).

    Returns
    -------
    tuple
        What the reader gave, and what ``take`` made of it.

    Raises
    ------
    UserError
        Kind ``input`` where the drop is refused; kind ``config`` where its ``drop.yaml`` or mapping
        is faulty.
    """
    before = stamps_of(drop)
    known = None
    if info.mode == "increment" and earlier:
        known = _load_known(engine, earlier, info.namespace)
    try:
        check_delivery(drop)
        step(f"drop {drop.name}: reading ({info.source})", of=3)
        raw = read_drop(engine, drop, info)
        for note in raw.account.get("notes", []):
            step(f"  {note}")
        step(f"drop {drop.name}: checking " + ", ".join(raw.tables))
        result = take(raw.tables, known)
        check_unchanged(drop, before)
    except UserError as fault:
        raise _refusal(drop, before, fault) from None
    return raw, result


def _refusal(drop: Path, before: Mapping[str, str | None], fault: UserError) -> UserError:
    """Say that a drop is refused; a file that changes meanwhile is a better reason than others."""
    if fault.exit_code != EXIT_CODES["input"]:
        return fault
    try:
        check_unchanged(drop, before)
    except UserError as changed:
        fault = changed
    return UserError(
        f"drop `{drop.name}` is refused and nothing of it is used: {fault.what}",
        where=fault.where,
        expected=fault.expected,
        try_this=fault.try_this,
    )


def load_accepted(engine: Engine, folder: Path) -> AcceptedDrop:
    """Load what intake wrote for one drop."""
    about = read_json(folder / "drop.json")
    tables = {name: engine.read_parquet(folder / f"{name}.parquet") for name in POOLED}
    return AcceptedDrop(about["drop_id"], about["mode"], tables)


def _load_known(engine: Engine, earlier: list[Path], namespace: str) -> Known:
    pooled = pool_drops([load_accepted(engine, folder) for folder in earlier])
    return Known(
        patients=without_namespace(pooled["patients"].select("patient_id"), namespace),
        trials=without_namespace(pooled["trials"].select("patient_id", "trial_id"), namespace),
    )
