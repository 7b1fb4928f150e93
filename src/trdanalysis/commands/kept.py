"""What passed disclosure control, loaded from where ``disclose`` kept it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from trdanalysis import __version__
from trdanalysis.errors import UserError
from trdanalysis.files import read_csv, read_json
from trdanalysis.layout import (
    ABOUT_DISCLOSED,
    ANALYSIS_TABLES,
    BIBLIOGRAPHY,
    CITATIONS,
    DISCLOSED_ROWS,
    REPORTING_ITEMS,
)
from trdanalysis.prespecification import FreezeStatus
from trdanalysis.project import find_table
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.prose.bibliography import References, parse_bibliography
from trdanalysis.rows import list_rows


def load_disclosed(folder: Path, reference: Path, *, is_draft: bool) -> Disclosed:
    """Load what ``disclose`` wrote.

    Parameters
    ----------
    folder
        ``results/restricted/disclosed``.
    reference
        Folder of reference tables: what the published rates are of, what texts cite.
    is_draft
        Whether it is for looking only, and stays.

    Raises
    ------
    UserError
        Kind ``not_found``, where there are no results yet, or those of a version of the program
        that did not make all of today's tables.
    """
    path = folder / ABOUT_DISCLOSED
    if not path.is_file():
        raise UserError(
            "there are no results yet",
            where=str(folder),
            try_this="run `snakemake --cores 2`, which makes them",
            kind="not_found",
        )
    said = read_json(path)
    lacking = [
        name for name in (*ANALYSIS_TABLES, *DISCLOSED_ROWS)
        if not (folder / f"{name}.parquet").is_file()
    ]  # fmt: skip
    if lacking:
        raise UserError(
            f"the results are not whole: {len(lacking)} table(s) are missing, such as {lacking[0]}",
            where=str(folder),
            expected=f"results of version {__version__}; these are of {said['run']['version']}",
            try_this=f"run `{said['run']['command']}`, which makes them anew",
            kind="not_found",
        )
    tables, rows = (
        {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}
        for names in (ANALYSIS_TABLES, DISCLOSED_ROWS)
    )
    freeze = said["freeze"]
    return Disclosed(
        tables=tables,
        published=read_csv(find_table(reference, "published_rates.csv")),
        definitions=said["definitions"],
        settings=said["settings"],
        run={**said["run"], "draft": is_draft},
        freeze=FreezeStatus(
            freeze["state"], freeze["before_labels"],
            tuple(freeze["changes"]), tuple(freeze["reasons"]),
        ),
        hiding=said["hiding"],
        references=load_references(reference),
        **rows,
    )  # fmt: skip


def load_references(reference: Path) -> References:
    """Load what texts cite, and what they are held against.

    Raises
    ------
    UserError
        Kind ``config``: the bibliography cannot be read, or lacks an entry that something is cited
        by.
    """
    path = find_table(reference, BIBLIOGRAPHY)
    entries = parse_bibliography(path.read_text(encoding="utf-8"), str(path))
    behind = {
        (row["kind"], row["id"]): tuple(row["keys"].split("; "))
        for row in list_rows(read_csv(find_table(reference, CITATIONS)))
    }
    missing = sorted({key for keys in behind.values() for key in keys} - set(entries))
    if missing:
        raise UserError(
            f"{len(missing)} citation(s) have no entry in the bibliography: {', '.join(missing)}",
            where=str(find_table(reference, CITATIONS)),
            expected=f"keys of {BIBLIOGRAPHY}, joined by `; `",
            try_this=f"add the entry to {path}, or correct the key",
            kind="config",
        )
    return References(entries, behind, list_rows(read_csv(find_table(reference, REPORTING_ITEMS))))
