"""The command line: one verb a step. A verb parses, loads, calls one function and writes."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trdanalysis.errors import UserError
from trdanalysis.settings import read_settings, read_verb_settings, read_yaml

if TYPE_CHECKING:
    from trdanalysis.engine import Engine

log = logging.getLogger("trdanalysis")

EXAMPLES = """examples:
  python -m trdanalysis map data/drops/clinic/clinic.csv
  python -m trdanalysis check data/drops/autumn
  python -m trdanalysis simulate --patients 2000 --seed 1 --out data/drops/simulated
  snakemake --cores 2
  python -m trdanalysis freeze
  python -m trdanalysis explain P000017
  python -m trdanalysis assure config/definitions/article.yaml
  python -m trdanalysis verify results/release
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="python -m trdanalysis",
        description=(
            "Treatment-resistant depression from treatment records: labels with reasons, and rates."
        ),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--log", type=Path, metavar="FILE", help="keep messages in this file too")
    common.add_argument(
        "--reference", type=Path, default=Path("config/reference"), metavar="FOLDER"
    )
    common.add_argument("--threads", type=int, default=2, metavar="N")
    common.add_argument("--memory-limit-mb", type=int, default=4000, metavar="MIB")

    def add(verb: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(verb, help=text, description=text, parents=[common])

    intake = add("intake", "Take in one drop: accepted rows, quarantine, findings.")
    intake.add_argument("--drop", type=Path, required=True, metavar="FOLDER")
    intake.add_argument("--earlier", type=Path, nargs="*", default=[], metavar="FOLDER")
    intake.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    mapping = add("map", "Propose a mapping for one file of any layout, for a person to edit.")
    mapping.add_argument("file", type=Path, metavar="FILE", help="CSV, Parquet, Excel, SAS, ...")
    mapping.add_argument(
        "--out", type=Path, metavar="FILE", help="default: mapping.yaml beside the file"
    )
    mapping.add_argument("--sheet", metavar="NAME", help="of a spreadsheet; default: the first")
    mapping.add_argument("--force", action="store_true", help="replace a mapping that is there")

    quality = add("quality", "Write a page on the quality of each drop, for its site.")
    quality.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")

    check = add("check", "Say how good a drop is, before a run; write nothing.")
    check.add_argument("drop", metavar="DROP", help="the drop's folder, or its id")
    check.add_argument("--config", type=Path, default=Path("config/config.yaml"), metavar="FILE")

    pool = add("pool", "Pool the accepted rows of all drops.")
    pool.add_argument("--settings", type=Path, required=True, metavar="FILE")
    pool.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    pool.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    label = add("label", "Judge every trial and label every patient.")
    label.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    label.add_argument("--definitions", type=Path, nargs="+", required=True, metavar="FILE")
    label.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    summarise = add("summarise", "Estimate rates, benchmarks and attrition.")
    summarise.add_argument("--settings", type=Path, required=True, metavar="FILE")
    summarise.add_argument("--cohort", type=Path, required=True, metavar="FOLDER")
    summarise.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    summarise.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    summarise.add_argument("--definitions", type=Path, nargs="+", required=True, metavar="FILE")
    summarise.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    multiverse = add("multiverse", "Estimate the rate of TRD in every cell of the grid.")
    multiverse.add_argument("--settings", type=Path, required=True, metavar="FILE")
    multiverse.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    multiverse.add_argument("--definition", type=Path, required=True, metavar="FILE")
    multiverse.add_argument("--grid", type=Path, required=True, metavar="FILE")
    multiverse.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    changes = add("changes", "Compare with the last completed run, and drops with each other.")
    changes.add_argument("--settings", type=Path, required=True, metavar="FILE")
    changes.add_argument("--cohort", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    changes.add_argument("--analysis", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--history", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    remember = add("remember", "Keep what the next run is compared with; the end of a run.")
    remember.add_argument("--history", type=Path, required=True, metavar="FOLDER")

    publish = add("publish", "Write result tables and the report, behind disclosure control.")
    publish.add_argument("--settings", type=Path, required=True, metavar="FILE")
    publish.add_argument("--analysis", type=Path, required=True, metavar="FOLDER")
    publish.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    publish.add_argument("--definitions", type=Path, nargs="+", required=True, metavar="FILE")
    publish.add_argument("--policy", type=Path, required=True, metavar="FILE")
    publish.add_argument(
        "--frozen", type=Path, default=Path("config/frozen.json"), metavar="FILE",
        help="what `freeze` kept; it need not exist",
    )  # fmt: skip
    publish.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    describe = add("describe", "Write the manifest and the RO-Crate of what was published.")
    describe.add_argument("--settings", type=Path, required=True, metavar="FILE")
    describe.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    describe.add_argument("--definitions", type=Path, nargs="+", required=True, metavar="FILE")
    describe.add_argument("--policy", type=Path, required=True, metavar="FILE")
    describe.add_argument("--grid", type=Path, required=True, metavar="FILE")
    describe.add_argument("--frozen", type=Path, default=Path("config/frozen.json"), metavar="FILE")
    describe.add_argument(
        "--checkout", type=Path, metavar="FILE", help="what the plan says of the code's commit"
    )
    describe.add_argument(
        "--environment", type=Path, metavar="FILE", help="what the plan says of the packages"
    )
    describe.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    verify = add("verify", "Check published files against their manifest; say what changed.")
    verify.add_argument("folder", type=Path, metavar="FOLDER", help="such as results/release")
    verify.add_argument(
        "--against", type=Path, metavar="OTHER", help="say also how another release differs"
    )

    explain = add(
        "explain", "Explain one patient's label; prints patient-level values to the terminal."
    )
    explain.add_argument("patient", metavar="PATIENT", help="the patient's pseudonym")
    explain.add_argument("--results", type=Path, metavar="FOLDER", help="default: as in the config")
    explain.add_argument(
        "--definition", metavar="ID", help="default: the primary one of the config"
    )
    explain.add_argument(
        "--html", action="store_true", help="a page in place of text: ... --html > FILE"
    )
    explain.add_argument("--config", type=Path, default=Path("config/config.yaml"), metavar="FILE")

    freeze = add("freeze", "Keep what the analysis is fixed by, before the first labels.")
    freeze.add_argument("--config", type=Path, default=Path("config/config.yaml"), metavar="FILE")
    freeze.add_argument(
        "--again", metavar="REASON", help="it was frozen before and has changed since: why"
    )

    assure = add("assure", "Run the hand-written cases of definitions; print expected beside got.")
    assure.add_argument(
        "definitions", type=Path, nargs="*", metavar="FILE", help="default: every definition"
    )

    simulate = add("simulate", "Write a synthetic drop with a known truth.")
    simulate.add_argument("--patients", type=_count, default=2000, metavar="N")
    simulate.add_argument("--seed", type=int, default=1, metavar="S")
    simulate.add_argument("--format", choices=("csv", "parquet"), default="csv")
    simulate.add_argument("--clean", action="store_true", help="mix in no bad input")
    simulate.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and give its exit code (see :data:`trdanalysis.errors.EXIT_CODES`)."""
    options = build_parser().parse_args(arguments)
    _start_log(options.log)
    try:
        _run(options)
    except UserError as error:
        log.error("Error: %s", error)
        return error.exit_code
    except KeyboardInterrupt:
        log.error("Stopped. Nothing half-written was left; run the same command to go on.")
        return 130
    except BrokenPipeError:
        return 0
    return 0


def _start_log(file: Path | None) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(file, mode="w", encoding="utf-8"))
    log.setLevel(logging.INFO)
    for old in log.handlers[:]:
        log.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)


def _engine(options: argparse.Namespace) -> Engine:
    from trdanalysis.engine import Engine

    return Engine(options.memory_limit_mb, options.threads)


# Imports stand in the branches: a verb loads only what it needs, and --help is quick.
def _run(options: argparse.Namespace) -> None:
    if options.verb == "intake":
        from trdanalysis.commands.intake import run_intake

        with _engine(options) as engine:
            run_intake(engine, options.drop, options.earlier, options.reference, options.out)
    elif options.verb == "map":
        from trdanalysis.commands.map import run_map

        with _engine(options) as engine:
            run_map(
                engine, options.file, options.out, options.reference,
                sheet=options.sheet, force=options.force,
            )  # fmt: skip
    elif options.verb == "pool":
        from trdanalysis.commands.pool import run_pool

        settings = read_verb_settings(options.settings)
        with _engine(options) as engine:
            run_pool(engine, options.drops, settings, options.reference, options.out)
    elif options.verb == "label":
        from trdanalysis.commands.label import run_label

        with _engine(options) as engine:
            run_label(engine, options.pooled, options.definitions, options.reference, options.out)
    elif options.verb == "summarise":
        from trdanalysis.commands.summarise import run_summarise

        settings = read_verb_settings(options.settings)
        with _engine(options) as engine:
            run_summarise(
                engine, options.cohort, options.pooled, options.drops, options.definitions,
                settings, options.reference, options.out,
            )  # fmt: skip
    elif options.verb == "multiverse":
        from trdanalysis.commands.multiverse import run_multiverse

        settings = read_verb_settings(options.settings)
        with _engine(options) as engine:
            run_multiverse(
                engine, options.pooled, options.definition, options.grid, settings,
                options.reference, options.out,
            )  # fmt: skip
    elif options.verb in ("quality", "check"):
        _run_quality(options)
    elif options.verb in ("changes", "remember"):
        _run_changes(options)
    elif options.verb == "publish":
        _run_publish(options)
    elif options.verb in ("describe", "verify"):
        _run_describe(options) if options.verb == "describe" else _run_verify(options)
    elif options.verb == "explain":
        _run_explain(options)
    elif options.verb == "freeze":
        from trdanalysis.commands.freeze import run_freeze

        sys.stdout.write(run_freeze(options.config, options.again))
    elif options.verb == "assure":
        _run_assure(options)
    else:
        from trdanalysis.commands.simulate import run_simulate

        run_simulate(
            options.patients, options.seed, options.out, options.format, dirt=not options.clean
        )


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
    run_describe(sources, read_verb_settings(options.settings), options.out)


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


def _run_publish(options: argparse.Namespace) -> None:
    from trdanalysis.commands.publish import run_publish

    run_publish(
        options.analysis, options.drops, options.definitions, options.policy, options.frozen,
        read_verb_settings(options.settings), options.reference, options.out,
    )  # fmt: skip


def _run_quality(options: argparse.Namespace) -> None:
    from trdanalysis.commands.quality import run_check, run_quality

    if options.verb == "quality":
        with _engine(options) as engine:
            run_quality(engine, options.drops)
        return
    settings = read_settings(read_yaml(options.config), str(options.config))
    restricted = Path(settings.results) / "restricted"
    with _engine(options) as engine:
        text = run_check(engine, options.drop, Path(settings.drops), restricted, options.reference)
    sys.stdout.write(text)


def _run_changes(options: argparse.Namespace) -> None:
    if options.verb == "remember":
        from trdanalysis.commands.remember import run_remember

        run_remember(options.history)
        return
    from trdanalysis.commands.changes import run_changes

    settings = read_verb_settings(options.settings)
    with _engine(options) as engine:
        run_changes(
            engine, options.cohort, options.pooled, options.drops, options.analysis,
            options.history, settings, options.out,
        )  # fmt: skip


def _run_assure(options: argparse.Namespace) -> None:
    from trdanalysis.commands.assure import run_assure

    folder = options.reference.parent / "definitions"
    with _engine(options) as engine:
        text, wrong = run_assure(
            engine, options.definitions or sorted(folder.glob("*.yaml")), options.reference
        )
    sys.stdout.write(text)
    if wrong:
        raise UserError(
            f"{wrong} value(s) of cases are not as written",
            try_this="look for `<-- not as written` above: is the case wrong, or the definition?",
            kind="cases",
        )


def _run_explain(options: argparse.Namespace) -> None:
    from trdanalysis.commands.explain import run_explain

    settings = read_settings(read_yaml(options.config), str(options.config))
    name = options.definition or settings.primary_definition
    with _engine(options) as engine:
        text = run_explain(
            engine,
            options.patient,
            options.results or Path(settings.results),
            options.config.parent / "definitions" / f"{name}.yaml",
            options.reference,
            as_html=options.html,
        )
    sys.stdout.write(text)
