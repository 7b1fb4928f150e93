"""`intake`: one drop in, its accepted rows and an account of everything else out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trdanalysis.commands.shared import load_drug_names, load_scales, step
from trdanalysis.engine import Engine
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import hash_file, read_json, write_csv, write_json
from trdanalysis.intake.findings import sort_findings
from trdanalysis.intake.pool import AcceptedDrop, find_left_out_factors, pool_drops
from trdanalysis.intake.take_in import Intake, Known, Reference, take_in
from trdanalysis.layout import POOLED
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
    raw, result = take_in_drop(engine, drop, info, earlier, reference)
    step(f"drop {drop.name}: writing")
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
            "left_out_factors": find_left_out_factors(result.accepted["patients"]),
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
    engine: Engine, drop: Path, info: DropInfo, earlier: list[Path], reference: Path
) -> tuple[RawDrop, Intake]:
    """Read and check one drop; write nothing.

    Returns
    -------
    tuple
        What the reader gave, and what intake made of it.

    Raises
    ------
    UserError
        Kind ``input`` where the drop is refused; kind ``config`` where its ``drop.yaml`` or mapping
        is faulty.
    """
    before = stamps_of(drop)
    known = _load_known(engine, earlier) if info.mode == "increment" and earlier else None
    try:
        check_delivery(drop)
        step(f"drop {drop.name}: reading ({info.source})", of=3)
        raw = read_drop(engine, drop, info)
        for note in raw.account.get("notes", []):
            step(f"  {note}")
        step(f"drop {drop.name}: checking " + ", ".join(raw.tables))
        result = take_in(
            engine,
            raw.tables,
            Reference(load_drug_names(reference), load_scales(reference)),
            namespace=info.namespace,
            known=known,
        )
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


def _load_known(engine: Engine, earlier: list[Path]) -> Known:
    pooled = pool_drops([load_accepted(engine, folder) for folder in earlier])
    return Known(
        patients=pooled["patients"].select("patient_id"),
        trials=pooled["trials"].select("patient_id", "trial_id"),
    )
