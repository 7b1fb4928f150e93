"""What several commands load."""

from __future__ import annotations

import logging
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv
from trdanalysis.intake.names import SITE_COLUMNS, DrugNames
from trdanalysis.intake.scales import Scale, read_scales
from trdanalysis.layout import SITE_NAMES
from trdanalysis.progress import stage
from trdanalysis.project import find_table

log = logging.getLogger("trdanalysis")


def load_scales(reference: Path) -> tuple[Scale, ...]:
    """Load ``scales.csv`` of the reference folder."""
    return read_scales(read_csv(find_table(reference, "scales.csv")))


def load_drug_names(reference: Path) -> DrugNames:
    """Load every name of a drug that the reference folder's tables and the site's file have.

    Raises
    ------
    UserError
        Kind ``config``, where the site's file cannot be used; see
        :meth:`trdanalysis.intake.names.DrugNames.from_tables`.
    """
    site = find_table(reference, SITE_NAMES)
    return DrugNames.from_tables(
        read_csv(find_table(reference, "antidepressants.csv")),
        read_csv(find_table(reference, "other_drugs.csv")),
        read_csv(find_table(reference, "drug_names.csv")),
        _read_site_names(site) if site.is_file() else None,
        str(site),
    )


def _read_site_names(path: Path) -> pd.DataFrame:
    try:
        return read_csv(path)
    except (UserError, OSError):
        raise UserError(
            "the site's file of drug names cannot be read",
            where=str(path),
            expected="CSV in UTF-8 with the columns " + ",".join(SITE_COLUMNS),
            kind="config",
        ) from None


def load_tables(engine: Engine, folder: Path, names: tuple[str, ...]) -> dict[str, ir.Table]:
    """Load Parquet tables of a folder by name."""
    return {name: engine.read_parquet(folder / f"{name}.parquet") for name in names}


def step(text: str, of: int | None = None) -> None:
    """Say what is being done now; shown on the terminal and kept in the verb's log.

    Parameters
    ----------
    text
        A stage of the verb; one that begins with a space is a detail of the current one.
    of
        How many stages the verb has in all; the first says so.
    """
    if not text.startswith(" "):
        stage(text, of)
    log.info(text)
