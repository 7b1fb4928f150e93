"""`trd.open`: the results of a run as pandas frames, each read from one stated place.

======================  ==========================================  ========================
what                    read from                                   what it is
======================  ==========================================  ========================
rates, comparisons ...  ``release/`` or ``restricted/draft/``       after disclosure control
labels, trials ...      ``restricted/cohort/``                      patient-level
before_disclosure()     ``restricted/analysis/``                    must not leave the site
======================  ==========================================  ========================
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trdanalysis.errors import UserError, suggest
from trdanalysis.files import read_csv, read_json
from trdanalysis.interface.columns import describe_columns
from trdanalysis.interface.configuration import Configuration, find_configuration
from trdanalysis.interface.finding import find_results
from trdanalysis.interface.labelled import stack_verdicts
from trdanalysis.interface.marked import DRAFT as DRAFT_MARK
from trdanalysis.interface.marked import UNDISCLOSED, PatientTable, mark_frame
from trdanalysis.interface.published import PublishedTables
from trdanalysis.interface.showing import describe_run
from trdanalysis.interface.typed import as_nullable, from_arrow, read_published
from trdanalysis.layout import ANALYSIS_TABLES, DRAFT, MANIFEST, RELEASE, RESTRICTED
from trdanalysis.outputs import OutputTable
from trdanalysis.outputs_published import PUBLISHED

_UNDESCRIBED = OutputTable("", ())
_RUN_IT = "run `snakemake --cores 2`, which makes it"
_SUMMARY = ("rows_in", "accepted", "duplicates", "quarantined", "cells_set_unknown")


def open_run(
    results: str | Path | None = None,
    *,
    draft: bool | None = None,
    config: str | Path | None = None,
) -> Run:
    """Open the results of a run. Nothing is read before it is asked for, and nothing is written.

    Parameters
    ----------
    results
        The folder of results, with ``restricted/`` and ``release/``; or a folder of published files
        alone, such as a release that came from elsewhere: it has no patient-level tables. None:
        those of the project one works in, see :func:`trdanalysis.interface.finding.find_results`.
    draft
        Whether published tables are read from ``restricted/draft/``. None: from where they are;
        where both are there, from the folder that was written last.
    config
        The folder of configuration that explanations are made by; None: see
        :func:`trdanalysis.interface.configuration.find_configuration`.

    Raises
    ------
    UserError
        Kind ``not_found``: there is no such folder, or it holds no results.
    """
    folder = find_results(_holds_run) if results is None else Path(results)
    if not folder.is_dir():
        raise UserError(
            "there is no such folder of results",
            where=str(folder.absolute()),
            try_this="run `snakemake --cores 2` (or `make demo`), or name the folder of a run",
            kind="not_found",
        )
    if (folder / MANIFEST).is_file() or (folder / "rates.csv").is_file():
        return Run(folder, None, folder, config)
    restricted = folder / RESTRICTED
    inside = next((one for one in (folder, *folder.absolute().parents[:2])
                   if (one / RESTRICTED).is_dir()), None)  # fmt: skip
    if not restricted.is_dir() and not (folder / RELEASE).is_dir():
        raise UserError(
            "the folder holds no results of a run",
            where=str(folder.absolute()),
            expected=f"the folders {RESTRICTED}/ and {RELEASE}/",
            try_this="run `snakemake --cores 2` first"
            if inside is None
            else f"open the folder above: `trd.open('{inside}')`",
            kind="not_found",
        )
    published = _find_published(folder, draft)
    return Run(folder, restricted if restricted.is_dir() else None, published, config)


def _holds_run(folder: Path) -> bool:
    return (_find_published(folder, None) / MANIFEST).is_file() or (folder / MANIFEST).is_file()


def _find_published(folder: Path, draft: bool | None) -> Path:
    """Give where the published tables lie; where they would, if they are nowhere."""
    release, kept = folder / RELEASE, folder / RESTRICTED / DRAFT
    if draft is not None:
        return kept if draft else release
    there = [one for one in (release, kept) if (one / MANIFEST).is_file()]
    if len(there) == 2:
        return max(there, key=lambda one: (one / MANIFEST).stat().st_mtime_ns)
    return there[0] if there else (kept if kept.is_dir() and not release.is_dir() else release)


class Run(PublishedTables):
    """The results of a run; see :func:`trdanalysis.open`.

    Published tables are after disclosure control: a hidden number is missing, and ``status`` says
    so; those of a draft are marked. Patient-level tables show a banner in Jupyter and warn. Columns
    of yes, no and unknown are nullable: unknown is ``pd.NA``, never False.

    Attributes
    ----------
    folder
        The folder of results.
    restricted_folder
        What stays at the site; None where only a release is there.
    published_folder
        Where published tables are read from.
    """

    def __init__(
        self, folder: Path, restricted: Path | None, published: Path, config: str | Path | None
    ) -> None:
        self.folder = folder
        self.restricted_folder = restricted
        self.published_folder = published
        self._config = config

    # --- published tables

    def published(self, name: str) -> pd.DataFrame:
        """Give any published table by its name, such as ``rates``.

        Raises
        ------
        UserError
            Kind ``not_found``: there is no such table, or the run has not made it.
        """
        path = self.published_folder / f"{name}.csv"
        if path.is_file():
            table = read_published(path, PUBLISHED.get(name, _UNDESCRIBED))
            return mark_frame(table, DRAFT_MARK) if self.is_draft else table
        known = sorted(one.stem for one in self.published_folder.glob("*.csv"))
        raise UserError(
            f"there is no published table `{name}`",
            where=str(self.published_folder),
            expected="the tables of a run that ended",
            try_this=suggest(name, known) if known else _RUN_IT,
            kind="not_found",
        )

    @property
    def is_draft(self) -> bool:
        """Whether the published tables are a draft, which stays at the site."""
        path = self.published_folder / MANIFEST
        if path.is_file():
            return bool(self.manifest["is_draft"])
        return self.published_folder.name == DRAFT

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What ``manifest.json`` says of the published files: versions, inputs, hashes."""
        path = self.published_folder / MANIFEST
        if not path.is_file():
            raise UserError(
                "the run has no manifest, so that it has not ended",
                where=str(path),
                try_this=_RUN_IT,
                kind="not_found",
            )
        found: dict[str, Any] = read_json(path)
        return found

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that decided the results, as the manifest has them."""
        return dict(self.manifest["settings"])

    @property
    def primary_definition(self) -> str:
        """Id of the primary definition."""
        return str(self.settings["primary_definition"])

    # --- patient-level tables

    @cached_property
    def labels(self) -> PatientTable:
        """One row a patient and definition: label, reason, criteria. Patient-level."""
        return self._cohort("labels")

    @cached_property
    def trials(self) -> PatientTable:
        """One row an accepted trial, as the primary definition judged it. Patient-level."""
        return self._cohort("trials")

    @cached_property
    def verdicts(self) -> PatientTable:
        """One row an accepted trial and definition, of every definition. Patient-level."""
        return stack_verdicts(self.trials, self._cohort("trial_verdicts"), self.primary_definition)

    @cached_property
    def patients(self) -> PatientTable:
        """One row an accepted patient, with age band and factor groups. Patient-level."""
        return self._cohort("patients")

    @cached_property
    def evidence(self) -> PatientTable:
        """What every label rests on, and what would change it. Patient-level."""
        return self._cohort("evidence")

    def _cohort(self, name: str) -> PatientTable:
        path = self._restricted() / "cohort" / f"{name}.parquet"
        return mark_frame(from_arrow(self._read(path, "patient-level table", name)))

    def _restricted(self) -> Path:
        if self.restricted_folder is None:
            raise UserError(
                "a release holds no patient-level tables and nothing from before disclosure",
                where=str(self.folder),
                try_this="open the folder of results at the site that made it",
                kind="not_found",
            )
        return self.restricted_folder

    def _read(self, path: Path, what: str, name: str) -> pa.Table:
        if not path.is_file():
            raise UserError(
                f"there is no {what} `{name}`: the run has not ended",
                where=str(path),
                try_this=_RUN_IT,
                kind="not_found",
            )
        return pq.read_table(path)

    def before_disclosure(self, name: str) -> PatientTable:
        """Give a result table as it was before disclosure control; it must not leave the site.

        Raises
        ------
        UserError
            Kind ``not_found``: there is no such table, or the run has not made it.
        """
        folder = self._restricted() / "analysis"
        if name not in ANALYSIS_TABLES:
            raise UserError(
                f"there is no result table `{name}`",
                where=str(folder),
                try_this=suggest(name, ANALYSIS_TABLES),
                kind="not_found",
            )
        table = self._read(folder / f"{name}.parquet", "result table", name)
        return mark_frame(from_arrow(table, PUBLISHED.get(name)), UNDISCLOSED)

    def columns(self, name: str) -> pd.DataFrame:
        """Say what the columns of a table hold: ``column``, ``kind``, ``meaning``, ``empty`` (what
        a missing cell means) and ``unit``.

        Raises
        ------
        UserError
            Kind ``not_found``: there is no such table.
        """
        return describe_columns(name)

    # --- what came in

    @cached_property
    def drops(self) -> pd.DataFrame:
        """One row a drop: ``drop_id``, ``mode``, ``source``, ``synthetic``."""
        columns = ["drop_id", "mode", "source", "synthetic"]
        return as_nullable(pd.DataFrame(self.manifest["drops"], columns=columns))

    @property
    def is_synthetic(self) -> bool:
        """Whether every drop is marked synthetic, and there is one."""
        return bool(len(self.drops)) and bool(self.drops["synthetic"].all())

    @cached_property
    def balance(self) -> pd.DataFrame:
        """One row a drop and table: ``rows_in`` = ``accepted`` + ``duplicates`` + ``quarantined``;
        and ``cells_set_unknown``.
        """
        rows = [
            {"drop_id": drop_id, "table": table, **numbers}
            for drop_id, folder in self._drop_folders()
            for table, numbers in read_json(folder / "summary.json").items()
        ]
        return as_nullable(pd.DataFrame(rows, columns=["drop_id", "table", *_SUMMARY]))

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a finding, at intake or while judging: ``drop_id``, ``table``, ``column``,
        ``line`` of the file, ``rule``, ``action``. No value of a patient.
        """
        parts = self._of_drops("findings.csv")
        judging = self._restricted() / "cohort" / "findings.csv"
        parts += [read_csv(judging)] if judging.is_file() else []
        return _stack_lines(parts, ["drop_id", "table", "column", "line", "rule", "action"])

    @cached_property
    def quarantine(self) -> pd.DataFrame:
        """One row a quarantined row: ``drop_id``, ``table``, ``line`` of the file, ``reason``."""
        return _stack_lines(
            self._of_drops("quarantine.csv"), ["drop_id", "table", "line", "reason"]
        )

    @cached_property
    def unrecognised(self) -> PatientTable:
        """Drugs and scales that no table knows, with counts and a suggestion; stays at the site."""
        columns = ["table", "column", "word", "rows", "suggestion", "distance", "why", "drop_id"]
        empty = pd.DataFrame(columns=columns, dtype="str")
        return mark_frame(pd.concat([empty, *self._of_drops("unrecognised.csv")])[columns])

    @property
    def accepted_folder(self) -> Path:
        """Where the accepted rows of all drops lie, which labels are made from.

        Raises
        ------
        UserError
            Kind ``not_found``: a release has none, or the run has not made them.
        """
        folder = self._restricted() / "cohort" / "accepted"
        # Read for what it says where there is none.
        self._cohort("labels")
        return folder

    def _drop_folders(self) -> list[tuple[str, Path]]:
        folder = self._restricted() / "drops"
        return [(drop_id, folder / drop_id) for drop_id in self.drops["drop_id"]]

    def _of_drops(self, file: str) -> list[pd.DataFrame]:
        return [
            read_csv(folder / file).assign(drop_id=drop_id)
            for drop_id, folder in self._drop_folders()
        ]

    # --- for those who explain and show it

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration that explanations are made by."""
        return find_configuration(self._config)

    def _facts(self) -> list[tuple[str, str]]:
        if not (self.published_folder / MANIFEST).is_file():
            return [("state", f"has not ended: nothing is published. {_RUN_IT.capitalize()}.")]
        drops = ", ".join(str(drop) for drop in self.drops["drop_id"]) or "none"
        policy = self.settings["disclosure_policy"]
        kind = "draft, which stays at the site" if self.is_draft else RELEASE
        return [
            ("drops", drops + (" (synthetic)" if self.is_synthetic else "")),
            ("published tables", f"{kind}, by policy `{policy}`: {self.published_folder}"),
            ("patient-level tables", "none here" if self.restricted_folder is None
             else f"{self.restricted_folder}, never leaves the site"),
        ]  # fmt: skip

    def _describe(self, *, as_html: bool) -> str:
        counts, definitions = None, []
        if (self.published_folder / "definitions.csv").is_file():
            counts = self.published("definitions").set_index("definition")
            definitions = list(counts.index)
        return describe_run(str(self.folder), self._facts(), definitions, counts, as_html=as_html)

    def __repr__(self) -> str:
        return self._describe(as_html=False)

    def _repr_html_(self) -> str:
        return self._describe(as_html=True)


def _stack_lines(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    empty = pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    stacked = pd.concat([empty, *parts], ignore_index=True)[columns]
    stacked["line"] = pd.to_numeric(stacked["line"].mask(stacked["line"] == "")).astype("Int64")
    return as_nullable(stacked)
