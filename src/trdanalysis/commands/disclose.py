"""`disclose`: disclosure control over the whole of a run's results. All that is published, shown or
told is made from what this verb writes, and from nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from trdanalysis import __version__
from trdanalysis.ages import age_bands
from trdanalysis.analysis.rates import make_rate_settings
from trdanalysis.checkout import describe_environment
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import step
from trdanalysis.contract import TABLES
from trdanalysis.disclosure.disclose import Release, disclose
from trdanalysis.disclosure.policy import Policy, read_policy
from trdanalysis.disclosure.sealed import Sealed, count_reprinted
from trdanalysis.files import read_csv, read_json, write_json, write_parquet
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.layout import (
    ABOUT_DISCLOSED,
    ABOUT_PUBLISHED,
    ANALYSIS_TABLES,
    KNOWN_COUNTS,
    PRINTED_AGAIN,
)
from trdanalysis.prespecification import compare_frozen, describe_analysis, read_frozen
from trdanalysis.progress import note
from trdanalysis.project import find_table

_BALANCE = ("rows_in", "accepted", "duplicates", "quarantined", "cells_set_unknown")
_SHOWN_OF_DROP = ("drop_id", "mode", "source", "synthetic", "assumptions")


@dataclass(frozen=True)
class Made:
    """Files that results were made from.

    Attributes
    ----------
    drops
        What intake wrote for each drop.
    definitions
        Definition files, the primary first.
    policy
        The site's disclosure policy.
    frozen
        What the analysis was fixed by; it need not exist.
    reference
        Folder of reference tables.
    sealed
        Folders of sealed releases, the first first.
    environment
        What :func:`trdanalysis.checkout.describe_environment` says, as the plan of the run kept it.
        None: it is this one.
    """

    drops: list[Path]
    definitions: list[Path]
    policy: Path
    frozen: Path
    reference: Path
    sealed: Sequence[Path] = ()
    environment: Path | None = None


def run_disclose(analysis: Path, made: Made, settings: dict[str, Any], out: Path) -> None:
    """Apply disclosure control.

    Parameters
    ----------
    analysis
        Folder with the tables of :data:`trdanalysis.layout.ANALYSIS_TABLES`.
    made
        What else they were made from.
    settings
        What :data:`trdanalysis.settings.USED_BY` names for this verb.
    out
        Folder for the tables that may be shown, and what is said of them.
    """
    about = [read_json(folder / "drop.json") for folder in made.drops]
    policy = read_policy(made.policy)
    tables = {name: pd.read_parquet(analysis / f"{name}.parquet") for name in ANALYSIS_TABLES}
    step(f"disclosure control by policy `{policy.id}`", of=2)
    definitions = load_definitions(made.definitions, made.reference)
    release = disclose(
        tables,
        _balance(made.drops),
        read_csv(find_table(made.reference, "published_rates.csv")),
        policy,
        make_rate_settings(settings, [definition.id for definition in definitions]),
        [load_sealed(folder) for folder in made.sealed],
        note,
    )
    for part in release.protection.dropped:
        step(f"dropped as a whole, since single cells did not protect it: {part}")
    freeze = compare_frozen(
        read_frozen(made.frozen), describe_analysis(settings, made.definitions, made.reference)
    )
    shown = release.tables | {
        "balance": release.balance,
        "absent_columns": _absent(about),
        "left_out_factors": _left_out(about),
    }
    step("writing what may be shown")
    for name, table in shown.items():
        write_parquet(out / f"{name}.parquet", table)
    write_parquet(out / KNOWN_COUNTS, release.counts)
    said = {
        "definitions": [describe_definition(definition) for definition in definitions],
        "settings": _about_settings(settings, policy),
        "run": _about_run(about) | {"environment": _environment(made)},
        "freeze": dataclasses.asdict(freeze),
        "hiding": _about_hiding(release),
    }
    write_json(out / ABOUT_DISCLOSED, said)


def load_sealed(folder: Path) -> Sealed:
    """Load a sealed release; one of an earlier version may lack a table."""
    files = {name: folder / f"{name}.parquet" for name in PRINTED_AGAIN}
    tables = {name: pd.read_parquet(path) for name, path in files.items() if path.is_file()}
    about = read_json(folder / ABOUT_PUBLISHED)
    return Sealed(
        folder.name, pd.read_parquet(folder / KNOWN_COUNTS), tables,
        about["policy"], tuple(about["dropped"]), about["small"],
    )  # fmt: skip


def _about_hiding(release: Release) -> dict[str, Any]:
    return {
        "units": release.units,
        "hidden": len(release.protection.hidden),
        "small": release.protection.small,
        "dropped": list(release.protection.dropped),
        "reprinted": count_reprinted(release.tables),
    }


def _about_settings(settings: dict[str, Any], policy: Policy) -> dict[str, Any]:
    bands = age_bands(settings["age_bands_from_years"])
    return {
        **settings,
        "policy_title": policy.title,
        "policy": policy.model_dump(mode="json"),
        "age_bands": [band.label for band in bands],
    }


def _about_run(about: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "version": __version__,
        "drops": [{key: drop[key] for key in _SHOWN_OF_DROP} for drop in about],
        "synthetic": bool(about) and all(drop["synthetic"] for drop in about),
        "command": "snakemake --cores 2",
    }


def _environment(made: Made) -> dict[str, Any]:
    kept: dict[str, Any] = (
        read_json(made.environment) if made.environment else describe_environment()
    )
    return kept


def _balance(drops: list[Path]) -> pd.DataFrame:
    rows = []
    for folder in drops:
        summary = read_json(folder / "summary.json")
        rows += [
            (folder.name, name, *(summary[name][column] for column in _BALANCE))
            for name in TABLES
            if name in summary
        ]
    return pd.DataFrame(rows, columns=["drop_id", "table", *_BALANCE])


def _absent(about: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [
        (drop["drop_id"], table, column)
        for drop in about
        for table, odd in drop["columns"].items()
        for column in odd["absent"]
    ]
    return pd.DataFrame(rows, columns=["drop_id", "table", "column"])


def _left_out(about: list[dict[str, Any]]) -> pd.DataFrame:
    rows = [(drop["drop_id"], factor) for drop in about for factor in drop["left_out_factors"]]
    return pd.DataFrame(rows, columns=["drop_id", "factor"])
