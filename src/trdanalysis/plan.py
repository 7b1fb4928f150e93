"""Plan a run: which drops there are, which files each step depends on, and where results go.

The Snakefile asks this module, so that nothing is decided in workflow files and everything decided
here can be tested without Snakemake.
"""

from __future__ import annotations

import ast
import hashlib
import shlex
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from trdanalysis.checkout import describe_checkout, describe_environment
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.disclosure.policy import read_policy
from trdanalysis.engine_settings import check_spark, render_engine_settings
from trdanalysis.errors import UserError
from trdanalysis.files import format_json
from trdanalysis.layout import (
    BIBLIOGRAPHY,
    CITATIONS,
    DRAFT,
    DROP_FILES,
    FROZEN,
    JOURNALS,
    NAME_TABLES,
    NOTEBOOK_PAGES,
    PRINTED_AGAIN,
    RELEASE,
    RELEASES,
    REPORTING_ITEMS,
    RESTRICTED,
    SEALED_FILES,
    SITE_NAMES,
)
from trdanalysis.places import list_notebooks, list_sealed
from trdanalysis.project import (
    CONFIG,
    TOOL,
    find_by_id,
    find_definition_files,
    find_grid,
    find_table,
    from_here,
)
from trdanalysis.readers.drop_info import DropInfo, drop_files, list_drops, read_drop_info
from trdanalysis.report.paper.journal import read_journal
from trdanalysis.running import (
    WITHDRAWN,
    begin_run,
    render_deliveries,
    render_withdrawn,
    settle_times,
    write_planned,
)
from trdanalysis.settings import Settings, read_settings, render_verb_settings
from trdanalysis.spill import clear_spills

PACKAGE = "trdanalysis"

HERE = Path()

#: What a process takes besides its engine, in MiB: Python, its packages, tables on their way.
_REST_OF_PROCESS_MB = 1000

#: What a verb reads besides the tables: reference tables by file name.
REFERENCES = {
    "intake": (*NAME_TABLES, "scales.csv"),
    "label": ("antidepressants.csv", "scales.csv"),
    "summarise": ("published_rates.csv", "antidepressants.csv", "scales.csv"),
    "questions": ("antidepressants.csv", "scales.csv"),
    "multiverse": ("antidepressants.csv", "scales.csv"),
    "disclose": ("published_rates.csv", "antidepressants.csv", "scales.csv"),
    "publish": ("published_rates.csv", BIBLIOGRAPHY, CITATIONS, REPORTING_ITEMS),
    "describe": ("published_rates.csv", "antidepressants.csv", "scales.csv"),
}


class Plan:
    """The plan of one run.

    Parameters
    ----------
    config
        The merged configuration.
    study
        Folder of the study, which holds ``config/``; what it has not is the tool's, see
        :mod:`trdanalysis.project`.
    """

    def __init__(self, config: Mapping[str, Any], study: Path = HERE) -> None:
        self.settings: Settings = read_settings(config)
        self.config_folder = study / CONFIG
        self.reference = self.config_folder / "reference"
        self.drops_folder = Path(self.settings.drops)
        self.results = Path(self.settings.results)
        self.restricted = self.results / RESTRICTED
        if self.settings.engine == "spark":
            check_spark()
        # A faulty definition is told before any data is read.
        load_definitions(self.definition_files, self.reference)
        read_journal(self.journal_file)
        #: The small files that steps depend on, as this run needs them.
        self.planned = render_verb_settings(self.settings, self.restricted / "settings")
        self.planned[self.engine_file] = render_engine_settings(self.settings, self.restricted)
        # Found out here and not by a step: a change is then a changed input, which Snakemake sees.
        self.planned[self.environment_file] = format_json(describe_environment())
        self.planned[self.checkout_file] = format_json(describe_checkout(TOOL))

    @cached_property
    def drops(self) -> dict[str, DropInfo]:
        """Every drop by its id, in byte order."""
        return {
            name: read_drop_info(self.drops_folder / name) for name in list_drops(self.drops_folder)
        }

    def look(self, is_main: bool = True) -> None:
        """Look at the drops, and write down what jobs depend on besides their tables.

        Parameters
        ----------
        is_main
            Whether a run is planned; a job of one, on another machine, is planned already.

        Raises
        ------
        UserError
            Where a drop's id or ``drop.yaml`` is faulty. Kind ``output``, where something of it
            has changed and a run is at work on the same results.
        """
        if not is_main:
            return
        settle_times(self.results)
        self.planned |= render_deliveries(self.restricted, self.drops_folder, self.drops)
        withdrawn = self.restricted / "settings" / WITHDRAWN
        self.planned[withdrawn] = render_withdrawn(self.restricted, self.drops)
        write_planned(self.restricted, self.planned)

    def begin(self, told_as: type[Exception]) -> None:
        """Begin a run that writes results: see that it is alone, and clear up.

        Parameters
        ----------
        told_as
            The error that the workflow shows without a traceback, for a user's mistake.
        """
        try:
            begin_run(self.restricted, self.drops, self.planned)
            clear_spills(self.spill_folder)
        except UserError as error:
            raise told_as(str(error)) from None

    @property
    def spill_folder(self) -> Path:
        """Where steps put what memory does not hold."""
        chosen = self.settings.spill_folder
        return Path(chosen) if chosen else self.restricted / "spill"

    @property
    def spill_options(self) -> str:
        """The same, and how much may lie there, as the command line of a verb has it."""
        limit = self.settings.spill_limit_mb
        told = f"--spill-folder {shlex.quote(str(self.spill_folder))}"
        return told + (f" --spill-limit-mb {limit}" if limit else "")

    @property
    def withdrawn_file(self) -> str:
        """The list of withdrawn drops of which something is left."""
        return str(self.restricted / "settings" / WITHDRAWN)

    def delivery_of(self, drop: str) -> str:
        """Give the file that changes when the content of a drop does."""
        return str(self.restricted / "settings" / "drops" / f"{drop}.json")

    @property
    def is_synthetic(self) -> bool:
        """Tell whether every drop is marked synthetic."""
        return all(info.synthetic for info in self.drops.values())

    @property
    def published(self) -> Path:
        """Where published files go: ``release``, or a draft that stays, where the configuration
        asks for one or the policy is for synthetic data and a drop is not.
        """
        return self.results / RELEASE if self.why_draft is None else self.restricted / DRAFT

    @cached_property
    def why_draft(self) -> str | None:
        """Why what is published is a draft that stays; None: it is a release."""
        if self.settings.draft:
            return "`draft: true` in the configuration"
        if self.is_synthetic or not read_policy(self.policy_file).only_synthetic:
            return None
        return (
            f"policy `{self.settings.disclosure_policy}` is for invented records, and a drop is not"
            " marked synthetic; choose the site's `disclosure_policy`"
        )

    @cached_property
    def sealed(self) -> list[Path]:
        """Folders of sealed releases, the first first."""
        return list_sealed(self.restricted / RELEASES)

    @property
    def sealed_files(self) -> list[str]:
        """What the next release takes account of."""
        files = [folder / name for folder in self.sealed for name in SEALED_FILES]
        # A release of an earlier version may lack a table.
        again = {f"{name}.parquet" for name in PRINTED_AGAIN}
        return [str(path) for path in files if path.name not in again or path.is_file()]

    def drop_inputs(self, drop: str) -> list[str]:
        """Give the files that a drop's tables depend on."""
        return [str(path) for path in drop_files(self.drops_folder / drop)]

    def earlier_drops(self, drop: str) -> list[str]:
        """Give the drops to whose patients an increment's rows may belong; none for a snapshot."""
        if self.drops[drop].mode == "snapshot":
            return []
        names = list(self.drops)
        return names[: names.index(drop)]

    def intake_of(self, drops: list[str] | None = None) -> list[str]:
        """Give the files that intake makes of the drops, by default of all."""
        names = list(self.drops) if drops is None else drops
        return [
            str(self.restricted / "drops" / name / file) for name in names for file in DROP_FILES
        ]

    def uses(self, verb: str) -> list[str]:
        """Give what a verb depends on besides its tables: settings, reference tables and its
        code.
        """
        files = [self.restricted / "settings" / f"{verb}.json", self.environment_file]
        tables = [find_table(self.reference, name) for name in REFERENCES.get(verb, ())]
        # The site's own file need not be there.
        files += [path for path in tables if path.is_file() or path.name != SITE_NAMES]
        if verb in ("label", "summarise", "questions", "disclose", "describe"):
            files += self.definition_files
        if verb == "multiverse":
            files += [self.definition_files[0], self.grid_file]
        if verb in ("questions", "disclose", "describe"):
            files.append(self.eligibility_file)
        if verb == "publish":
            files.append(self.journal_file)
        if verb == "describe":
            files += [self.grid_file, self.checkout_file]
        if verb in ("disclose", "describe"):
            files.append(self.policy_file)
            files += [self.frozen_file] if self.frozen_file.is_file() else []
        return [str(path) for path in files] + modules_of(verb)

    @property
    def policy_file(self) -> Path:
        """The site's disclosure policy."""
        return find_by_id(self.config_folder, "disclosure", self.settings.disclosure_policy)

    @property
    def eligibility_file(self) -> Path:
        """Who may enter the trial that is asked about."""
        return find_by_id(self.config_folder, "eligibility", self.settings.trial_eligibility)

    @property
    def journal_file(self) -> Path:
        """How a journal wants a paper's tables."""
        return find_by_id(self.config_folder, JOURNALS, self.settings.journal)

    @cached_property
    def notebooks(self) -> list[Path]:
        """The study's notebooks, by name."""
        return list_notebooks(self.config_folder.parent)

    @property
    def notebook_pages(self) -> list[str]:
        """What they become."""
        folder = self.restricted / NOTEBOOK_PAGES
        return [str(folder / f"{file.stem}.html") for file in self.notebooks]

    @property
    def grid_file(self) -> Path:
        """The grid of the multiverse."""
        return find_grid(self.config_folder)

    @property
    def environment_file(self) -> Path:
        """What the environment consists of: every step depends on it."""
        return self.restricted / "settings" / "environment.json"

    @property
    def engine_file(self) -> Path:
        """What runs the rows. No step depends on it: another engine gives the same bytes."""
        return self.restricted / "settings" / "engine.json"

    @property
    def job_memory_mb(self) -> int:
        """What a job with an engine takes, in MiB: the engine, and the rest of its process."""
        spark = self.settings.spark_driver_memory_mb if self.settings.engine == "spark" else 0
        return self.settings.memory_limit_mb + spark + _REST_OF_PROCESS_MB

    @property
    def checkout_file(self) -> Path:
        """Which commit the code is of: what is said of a release depends on it, no number does."""
        return self.restricted / "settings" / "checkout.json"

    @property
    def frozen_file(self) -> Path:
        """What the analysis was fixed by, where it was frozen."""
        return self.config_folder / FROZEN

    @property
    def definition_files(self) -> list[Path]:
        """Definition files, the primary one first."""
        return find_definition_files(self.settings, self.config_folder)

    def content_of(self, verb: str, *more: str) -> str:
        """Give a digest of what a verb uses, see :meth:`uses`, and of more files.

        As a parameter of a step it has the step run again where the content of one of them has
        changed and its time does not tell: put back from a copy that kept its time, or changed
        after the machine's clock was set back.
        """
        made = hashlib.sha256()
        for path in (*self.uses(verb), *more):
            made.update(_digest(Path(path)))
        return made.hexdigest()[:16]


@cache
def _digest(path: Path) -> bytes:
    """Digest a small file's content; one that is not there has none."""
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except FileNotFoundError:
        return b""


def modules_of(verb: str) -> list[str]:
    """Give the project's source files that a verb imports, directly or not, in order.

    Snakemake does not notice an edit of an imported module; as inputs they are noticed.
    """
    root = Path(__file__).parent
    found: set[Path] = set()
    waiting = [root / "commands" / f"{verb}.py"]
    if verb == "notebooks":
        # They import the package, whose names stand there.
        waiting.append(root / "__init__.pyi")
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        waiting += _imports_of(path, path.stat().st_mtime_ns)
        found.update(each for each in path.parent.glob("templates/**/*") if each.is_file())
    return [str(from_here(path)) for path in sorted(found)]


@cache
def _imports_of(path: Path, changed: int) -> list[Path]:
    """Give what a source file may import of the project; most are asked about for every verb."""
    root = Path(__file__).parent
    found: list[Path] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            base = root.joinpath(*(node.module or "").split(".")[1:])
            found += [base.with_suffix(".py"), base / "__init__.py"]
            found += [base / f"{alias.name}.py" for alias in node.names]
    return found
