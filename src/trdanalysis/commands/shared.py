"""What several commands load."""

from __future__ import annotations

import logging
from pathlib import Path

import ibis.expr.types as ir

from trdanalysis.engine import Engine
from trdanalysis.files import read_csv
from trdanalysis.intake.names import DrugNames
from trdanalysis.intake.scales import Scale, read_scales

log = logging.getLogger("trdanalysis")


def load_scales(reference: Path) -> tuple[Scale, ...]:
    """Load ``scales.csv`` of the reference folder."""
    return read_scales(read_csv(reference / "scales.csv"))


def load_drug_names(reference: Path) -> DrugNames:
    """Load the names of ``antidepressants.csv`` of the reference folder."""
    return DrugNames.from_table(read_csv(reference / "antidepressants.csv"))


def load_tables(engine: Engine, folder: Path, names: tuple[str, ...]) -> dict[str, ir.Table]:
    """Load Parquet tables of a folder by name."""
    return {name: engine.read_parquet(folder / f"{name}.parquet") for name in names}


def step(text: str) -> None:
    """Say what is being done now; shown on the terminal and kept in the verb's log."""
    log.info(text)
