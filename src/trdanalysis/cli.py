"""The command line: one verb a step. A verb parses, loads, calls one function and writes."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trdanalysis.arguments import PROG, build_parser
from trdanalysis.errors import UserError, explain_system
from trdanalysis.progress import shown, start_log
from trdanalysis.project import find_by_id, list_by_id
from trdanalysis.working import at_work

if TYPE_CHECKING:
    from trdanalysis.engine import Engine
    from trdanalysis.settings import Settings

log = logging.getLogger("trdanalysis")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and give its exit code (see :data:`trdanalysis.errors.EXIT_CODES`)."""
    # Threads of linear algebra wait for each other by turning in circles: on matrices of this size
    # models took ten times as long with two. And how many there are must not move a last digit.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    parser = build_parser("trdanalysis" if Path(sys.argv[0]).name == "trdanalysis" else PROG)
    options = parser.parse_args(arguments)
    if options.verb is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        start_log(options.log)
        with at_work(options.log):
            _run(options)
    except UserError as error:
        log.error("Error: %s", error)
        return error.exit_code
    except (OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError):
            return 0
        told = explain_system(error)
        if told is None:
            raise
        log.error("Error: %s", told)
        return told.exit_code
    except KeyboardInterrupt:
        log.error("Stopped. Nothing half-written was left; run the same command to go on.")
        return 130
    return 0


def _make_engine(options: argparse.Namespace) -> Engine:
    from trdanalysis.engine_settings import read_spark_settings

    told = getattr(options, "engine", None)
    spark = read_spark_settings(told) if told else None
    limits = (
        options.memory_limit_mb, options.threads, options.spill_folder, options.spill_limit_mb
    )  # fmt: skip
    if spark is None:
        from trdanalysis.engine import Engine

        return Engine(*limits)
    from trdanalysis.spark import SparkEngine

    return SparkEngine(spark, *limits)


@contextmanager
def _engine(options: argparse.Namespace) -> Iterator[Engine]:
    with _make_engine(options) as engine:
        if sys.stderr.isatty():
            engine.count_progress()
        with shown(engine.query_progress):
            yield engine


def _settings(options: argparse.Namespace) -> Settings:
    from trdanalysis.settings import read_settings, read_yaml

    if not options.config.is_file():
        raise UserError(
            "there is no configuration: this is no study folder",
            where=str(options.config),
            expected="to be started in a study folder, or in the tool's checkout",
            try_this="go there, give --config FILE, or make one: `init DIR`",
            kind="config",
        )
    settings = read_settings(read_yaml(options.config), str(options.config))
    # A run that was told other folders on Snakemake's command line is found by them.
    results = getattr(options, "results", None)
    return settings.model_copy(update={"results": str(results)}) if results else settings


def _verb_settings(options: argparse.Namespace) -> dict[str, Any]:
    from trdanalysis.settings import read_verb_settings

    return read_verb_settings(options.settings)


# Imports stand in the functions: a verb loads only what it needs, and --help is quick.
def _run(options: argparse.Namespace) -> None:
    _VERBS[options.verb](options)


def _run_intake(options: argparse.Namespace) -> None:
    from trdanalysis.commands.intake import run_intake

    with _engine(options) as engine:
        run_intake(engine, options.drop, options.earlier, options.reference, options.out)


def _run_init(options: argparse.Namespace) -> None:
    from trdanalysis.commands.init import run_init

    run_init(options.folder)


def _run_completion(options: argparse.Namespace) -> None:
    from trdanalysis.completion import COMMAND, render_completion

    sys.stdout.write(render_completion(build_parser(COMMAND), options.shell))


def _run_map(options: argparse.Namespace) -> None:
    from trdanalysis.commands.map import run_map

    with _engine(options) as engine:
        run_map(
            engine, options.file, options.out, options.reference,
            sheet=options.sheet, force=options.force,
        )  # fmt: skip


def _run_pool(options: argparse.Namespace) -> None:
    from trdanalysis.commands.pool import run_pool

    settings = _verb_settings(options)
    with _engine(options) as engine:
        run_pool(engine, options.drops, settings, options.reference, options.out)


def _run_label(options: argparse.Namespace) -> None:
    from trdanalysis.commands.label import run_label

    with _engine(options) as engine:
        run_label(engine, options.pooled, options.definitions, options.reference, options.out)


def _run_summarise(options: argparse.Namespace) -> None:
    from trdanalysis.commands.summarise import run_summarise

    settings = _verb_settings(options)
    with _engine(options) as engine:
        run_summarise(
            engine, options.cohort, options.pooled, options.drops, options.definitions,
            settings, options.reference, options.out,
        )  # fmt: skip


def _run_questions(options: argparse.Namespace) -> None:
    from trdanalysis.commands.questions import run_questions

    settings = _verb_settings(options)
    with _engine(options) as engine:
        run_questions(
            engine, options.cohort, options.pooled, options.definitions, settings,
            options.reference, options.eligibility, options.out,
        )  # fmt: skip


def _run_multiverse(options: argparse.Namespace) -> None:
    from trdanalysis.commands.multiverse import run_multiverse

    settings = _verb_settings(options)
    with _engine(options) as engine:
        run_multiverse(
            engine, options.pooled, options.definition, options.grid, settings,
            options.reference, options.out,
        )  # fmt: skip


def _run_figure(options: argparse.Namespace) -> None:
    from trdanalysis.commands.figure import run_figure

    run_figure(
        options.name, _settings(options), options.reference, form=options.format,
        width_mm=options.width_mm, grey=options.grey, out=options.out,
    )  # fmt: skip


def _run_freeze(options: argparse.Namespace) -> None:
    from trdanalysis.commands.freeze import run_freeze

    sys.stdout.write(run_freeze(options.config, options.again))


def _run_simulate(options: argparse.Namespace) -> None:
    from trdanalysis.commands.simulate import run_simulate

    run_simulate(
        options.patients,
        options.seed,
        options.out,
        options.format,
        dirt=not options.clean,
        processes=options.threads,
    )


def _run_seal(options: argparse.Namespace) -> None:
    from trdanalysis.commands.seal import run_seal

    run_seal(options.results or Path(_settings(options).results))


def _run_describe(options: argparse.Namespace) -> None:
    from trdanalysis.commands.describe import Sources, run_describe

    sources = Sources(
        drops=options.drops,
        definitions=options.definitions,
        policy=options.policy,
        grid=options.grid,
        frozen=options.frozen,
        reference=options.reference,
        checkout=options.checkout,
        environment=options.environment,
    )
    run_describe(sources, _verb_settings(options), options.out)


def _run_verify(options: argparse.Namespace) -> None:
    from trdanalysis.commands.verify import run_verify

    text, faults = run_verify(options.folder, options.against)
    sys.stdout.write(text)
    if faults:
        raise UserError(
            f"{faults} thing(s) are not as the manifest says, see above",
            where=str(options.folder),
            try_this="take the release from where it came from again, or make it anew",
            kind="manifest",
        )


def _run_disclose(options: argparse.Namespace) -> None:
    from trdanalysis.commands.disclose import Made, run_disclose

    made = Made(
        drops=options.drops,
        definitions=options.definitions,
        policy=options.policy,
        frozen=options.frozen,
        reference=options.reference,
        sealed=options.sealed,
        environment=options.environment,
    )
    with shown():
        run_disclose(options.analysis, made, _verb_settings(options), options.out)


def _run_publish(options: argparse.Namespace) -> None:
    from trdanalysis.commands.publish import run_publish

    with shown():
        run_publish(
            options.disclosed, options.reference, options.out, options.about, options.journal
        )


def _run_text(options: argparse.Namespace) -> None:
    from trdanalysis.commands.text import run_text

    sys.stdout.write(run_text(options.text, _settings(options), options.reference))


def _run_notebooks(options: argparse.Namespace) -> None:
    from trdanalysis.commands.notebooks import run_notebooks
    from trdanalysis.places import list_notebooks

    results = options.results or Path(_settings(options).results)
    run_notebooks(options.notebooks or list_notebooks(), results)


def _run_quality(options: argparse.Namespace) -> None:
    from trdanalysis.commands.quality import run_quality

    with _engine(options) as engine:
        run_quality(engine, options.drops)


def _run_check(options: argparse.Namespace) -> None:
    from trdanalysis.commands.quality import run_check

    settings = _settings(options)
    restricted = Path(settings.results) / "restricted"
    with _engine(options) as engine:
        text = run_check(engine, options.drop, Path(settings.drops), restricted, options.reference)
    sys.stdout.write(text)


def _run_changes(options: argparse.Namespace) -> None:
    from trdanalysis.commands.changes import run_changes

    settings = _verb_settings(options)
    with _engine(options) as engine:
        run_changes(
            engine, options.cohort, options.pooled, options.drops, options.analysis,
            options.history, settings, options.out,
        )  # fmt: skip


def _run_remember(options: argparse.Namespace) -> None:
    from trdanalysis.commands.remember import run_remember

    run_remember(options.history)


def _run_assure(options: argparse.Namespace) -> None:
    from trdanalysis.commands.assure import run_assure

    definitions = options.definitions or list_by_id(options.reference.parent, "definitions")
    with _engine(options) as engine:
        text, wrong = run_assure(engine, definitions, options.reference)
    sys.stdout.write(text)
    if wrong:
        raise UserError(
            f"{wrong} value(s) of cases are not as written",
            try_this="look for `<-- not as written` above: is the case wrong, or the definition?",
            kind="cases",
        )


def _run_explain(options: argparse.Namespace) -> None:
    from trdanalysis.commands.explain import run_explain

    settings = _settings(options)
    name = options.definition or settings.primary_definition
    with _engine(options) as engine:
        text = run_explain(
            engine,
            options.patient,
            options.results or Path(settings.results),
            find_by_id(options.config.parent, "definitions", name),
            options.reference,
            as_html=options.html,
        )
    sys.stdout.write(text)


def _run_table(options: argparse.Namespace) -> None:
    from trdanalysis.commands.table import Asked, run_table

    asked = Asked(
        table=options.table, formats=options.formats, decimals=options.decimals,
        journal=options.journal, out=options.out,
    )  # fmt: skip
    sys.stdout.write(run_table(asked, _settings(options), options.config.parent, options.reference))


_VERBS: dict[str, Callable[[argparse.Namespace], None]] = {
    "init": _run_init,
    "completion": _run_completion,
    "intake": _run_intake,
    "map": _run_map,
    "quality": _run_quality,
    "check": _run_check,
    "pool": _run_pool,
    "label": _run_label,
    "summarise": _run_summarise,
    "questions": _run_questions,
    "multiverse": _run_multiverse,
    "changes": _run_changes,
    "remember": _run_remember,
    "disclose": _run_disclose,
    "publish": _run_publish,
    "text": _run_text,
    "notebooks": _run_notebooks,
    "seal": _run_seal,
    "describe": _run_describe,
    "verify": _run_verify,
    "table": _run_table,
    "explain": _run_explain,
    "figure": _run_figure,
    "freeze": _run_freeze,
    "assure": _run_assure,
    "simulate": _run_simulate,
}
