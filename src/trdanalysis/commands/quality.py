"""`quality`: a page per drop for its site; `check`: the same on the console, before a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.commands.intake import load_accepted, take_in_drop
from trdanalysis.commands.shared import load_drug_names, load_scales, step
from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError, suggest
from trdanalysis.files import read_json, write_text
from trdanalysis.intake.findings import sort_findings
from trdanalysis.intake.quality import (
    compare_completeness,
    find_impossible,
    measure_columns,
    summarise_faults,
    summarise_findings,
)
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.take_in import ADJACENT_GAP_DAYS, take_in
from trdanalysis.layout import QUALITY_PAGE
from trdanalysis.parts import divide
from trdanalysis.readers.drop_info import list_drops, read_drop_info
from trdanalysis.report.quality import Quality, render_console, render_quality


def run_quality(engine: Engine, drops: list[Path]) -> None:
    """Write the page of every drop into the folder that intake made of it.

    Parameters
    ----------
    drops
        What intake wrote for each drop, in byte order of the ids.
    """
    findings = {folder.name: _read_findings(folder) for folder in drops}
    tables = {folder.name: load_accepted(engine, folder).tables for folder in drops}
    measured = {name: measure_columns(tables[name], findings[name]) for name in tables}
    for folder in drops:
        name = folder.name
        others = [measured[other] for other in measured if other != name]
        about = read_json(folder / "drop.json")
        page = Quality(
            drop_id=name,
            mode=about["mode"],
            balance=read_json(folder / "summary.json"),
            completeness=compare_completeness(measured[name], others),
            over_drops=measured,
            sequences=_find_sequences(engine, tables[name]),
            quarantine=_by_reason(pd.read_csv(folder / "quarantine.csv")),
            findings=summarise_findings(findings[name]),
            columns=about["columns"],
        )
        write_text(folder / QUALITY_PAGE, render_quality(page))
        step(f"quality of drop {name}: {folder / QUALITY_PAGE}")


def run_check(
    engine: Engine, drop: str, drops_folder: Path, restricted: Path, reference: Path
) -> str:
    """Check a drop before a run; write nothing.

    Parameters
    ----------
    drop
        The drop's folder, or its id among the configuration's drops.
    drops_folder, restricted
        Where drops and restricted results lie: what earlier runs took in is compared with.
    reference
        Folder of reference tables.

    Returns
    -------
    str
        What its page would say, as text.

    Raises
    ------
    UserError
        Kind ``not_found``: no such drop; kind ``input``: the drop would be refused.
    """
    folder = find_drop(drop, drops_folder)
    info = read_drop_info(folder)
    before = [
        name for name in list_drops(folder.resolve().parent)
        if name.encode() < folder.resolve().name.encode()
    ]  # fmt: skip
    taken = [restricted / "drops" / name for name in before]
    earlier = [path for path in taken if (path / "summary.json").is_file()]
    names = Reference(load_drug_names(reference), load_scales(reference))
    raw, result = take_in_drop(
        engine,
        folder.resolve(),
        info,
        earlier,
        lambda tables, known: take_in(engine, tables, names, namespace=info.namespace, known=known),
    )
    findings = sort_findings([result.findings, raw.findings])
    others = [
        measure_columns(load_accepted(engine, path).tables, _read_findings(path))
        for path in earlier
    ]
    own = measure_columns(result.accepted, findings)
    page = Quality(
        drop_id=folder.resolve().name,
        mode=info.mode,
        balance=result.summary,
        completeness=compare_completeness(own, others),
        over_drops={},
        sequences=find_impossible(engine, result.accepted, ADJACENT_GAP_DAYS),
        quarantine=_by_reason(result.quarantine),
        findings=summarise_findings(findings),
        columns=result.columns,
    )
    waits = len(before) - len(earlier) if info.mode == "increment" else 0
    return render_console(page, waits)


def find_drop(drop: str, drops_folder: Path) -> Path:
    """Find a drop by its folder or its id."""
    for folder in (Path(drop), drops_folder / drop):
        if folder.is_dir():
            return folder
    known = list_drops(drops_folder)
    raise UserError(
        "there is no such drop",
        where=f"{drop}, {drops_folder / drop}",
        expected="the folder of a drop, or its id",
        try_this=suggest(drop, known) if known else f"put a folder into {drops_folder}",
        kind="not_found",
    )


def _find_sequences(engine: Engine, tables: dict[str, ir.Table]) -> pd.DataFrame:
    parts = divide(engine, [tables[name] for name in TABLES])
    return find_impossible(engine, tables, ADJACENT_GAP_DAYS, parts)


def _read_findings(folder: Path) -> pd.DataFrame:
    table: Any = pd.read_csv(folder / "findings.csv", keep_default_na=False, na_values={"line": ""})
    return table


def _by_reason(quarantine: pd.DataFrame) -> pd.DataFrame:
    return summarise_faults(quarantine.rename(columns={"reason": "rule"}))
