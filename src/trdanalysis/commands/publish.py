"""`publish`: the one writer of release/ and of restricted/draft/, behind disclosure control."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from trdanalysis import __version__
from trdanalysis.ages import age_bands
from trdanalysis.analysis.rates import make_rate_settings
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.shared import step
from trdanalysis.contract import TABLES
from trdanalysis.disclosure.disclose import Release, disclose
from trdanalysis.disclosure.policy import Policy, read_policy
from trdanalysis.disclosure.sealed import Sealed, count_reprinted
from trdanalysis.errors import UserError
from trdanalysis.files import (
    hash_file,
    read_csv,
    read_json,
    write_csv,
    write_json,
    write_parquet,
    write_text,
)
from trdanalysis.labelling.wording import describe_definition
from trdanalysis.layout import (
    ABOUT_PUBLISHED,
    ANALYSIS_TABLES,
    KNOWN_COUNTS,
    PRINTED_AGAIN,
    PUBLISHED_FILES,
    PUBLISHED_TABLES,
)
from trdanalysis.prespecification import compare_frozen, describe_analysis, read_frozen
from trdanalysis.report.page import ReportTables, render_report


def run_publish(
    analysis: Path,
    drops: list[Path],
    definition_files: list[Path],
    policy_file: Path,
    frozen_file: Path,
    settings: dict[str, Any],
    reference: Path,
    out: Path,
    kept: Path | None = None,
    sealed: Sequence[Path] = (),
) -> None:
    """Publish the result tables and the report.

    Parameters
    ----------
    analysis
        Folder that ``summarise`` wrote.
    drops
        What intake wrote for each drop.
    definition_files
        Definition files, the primary first.
    policy_file
        The site's disclosure policy.
    frozen_file
        What the analysis was fixed by; it need not exist.
    settings
        What the report says of the configuration.
    reference
        Folder of reference tables: what the published rates are of.
    out
        ``results/release``, or ``results/restricted/draft``.
    kept
        Folder for what is kept of the release in order to seal it; None: nothing is.
    sealed
        Folders of sealed releases, the first first.

    Raises
    ------
    UserError
        Kind ``policy``: a drop that is not marked synthetic would be released by a policy for
        synthetic data.
    """
    about = [read_json(folder / "drop.json") for folder in drops]
    is_draft = out.name == "draft" and out.parent.name == "restricted"
    policy = read_policy(policy_file)
    if not is_draft and policy.only_synthetic:
        _check_synthetic(about, policy)
    tables = {name: pd.read_parquet(analysis / f"{name}.parquet") for name in ANALYSIS_TABLES}
    step(f"disclosure control by policy `{policy.id}`")
    definitions = load_definitions(definition_files, reference)
    release = disclose(
        tables,
        _balance(drops),
        read_csv(reference / "published_rates.csv"),
        policy,
        make_rate_settings(settings, [definition.id for definition in definitions]),
        [load_sealed(folder) for folder in sealed],
    )
    disclosed = release.tables
    for part in release.protection.dropped:
        step(f"dropped as a whole, since single cells did not protect it: {part}")
    step("rendering the report")
    page = render_report(
        ReportTables(
            rates=disclosed["rates"],
            benchmarks=disclosed["benchmarks"],
            attrition=disclosed["attrition"],
            definition_counts=disclosed["definitions"],
            statistics=disclosed,
            label_reasons=disclosed["label_reasons"],
            published=read_csv(reference / "published_rates.csv"),
            balance=release.balance,
            absent_columns=_absent(about),
            left_out_factors=_left_out(about),
            definitions=[describe_definition(definition) for definition in definitions],
            settings=_about_settings(settings, policy),
            hiding=_about_hiding(release),
            run=_about_run(about, is_draft=is_draft),
            freeze=compare_frozen(
                read_frozen(frozen_file), describe_analysis(settings, definition_files, reference)
            ),
        )
    )
    for name in PUBLISHED_TABLES:
        write_csv(out / f"{name}.csv", disclosed[name])
    write_text(out / "report.html", page)
    if kept is not None:
        _keep(release, policy, out, kept)
    step(f"report: {out / 'report.html'}")


def _keep(release: Release, policy: Policy, out: Path, kept: Path) -> None:
    """Keep what sealing the release needs, and of which files it is."""
    write_parquet(kept / KNOWN_COUNTS, release.counts)
    for name in PRINTED_AGAIN:
        write_parquet(kept / f"{name}.parquet", release.tables[name])
    about = {
        "files": {name: hash_file(out / name) for name in PUBLISHED_FILES},
        "policy": policy.model_dump(mode="json"),
        "dropped": list(release.protection.dropped),
        "small": release.protection.small,
    }
    write_json(kept / ABOUT_PUBLISHED, about)


def load_sealed(folder: Path) -> Sealed:
    """Load a sealed release."""
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in PRINTED_AGAIN}
    about = read_json(folder / ABOUT_PUBLISHED)
    return Sealed(
        folder.name, pd.read_parquet(folder / KNOWN_COUNTS), tables,
        about["policy"], tuple(about["dropped"]), about["small"],
    )  # fmt: skip


def _check_synthetic(about: list[dict[str, Any]], policy: Policy) -> None:
    """Refuse to release anything of a drop that is not marked synthetic."""
    real = [drop["drop_id"] for drop in about if not drop["synthetic"]]
    if real:
        raise UserError(
            f"{len(real)} drop(s) are not marked synthetic: policy `{policy.id}` releases none",
            where=", ".join(real),
            expected="a policy for real records, or the folder restricted/draft",
            try_this="set `disclosure_policy: cms` (or your site's) in config/config.yaml",
            kind="policy",
        )


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


def _about_run(about: list[dict[str, Any]], *, is_draft: bool) -> dict[str, Any]:
    shown = ("drop_id", "mode", "source", "synthetic", "assumptions")
    return {
        "version": __version__,
        "drops": [{key: drop[key] for key in shown} for drop in about],
        "synthetic": bool(about) and all(drop["synthetic"] for drop in about),
        "draft": is_draft,
        "command": "snakemake --cores 2",
    }


def _balance(drops: list[Path]) -> pd.DataFrame:
    columns = ["rows_in", "accepted", "duplicates", "quarantined", "cells_set_unknown"]
    rows = []
    for folder in drops:
        summary = read_json(folder / "summary.json")
        rows += [
            (folder.name, name, *(summary[name][column] for column in columns))
            for name in TABLES
            if name in summary
        ]
    return pd.DataFrame(rows, columns=["drop_id", "table", *columns])


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
