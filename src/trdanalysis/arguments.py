"""The command line's words: every verb, and what each is told."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from trdanalysis.helping import ByPurpose, format_examples
from trdanalysis.layout import FIGURE_FORMATS, FIGURES, FROZEN, TABLE_FORMATS
from trdanalysis.project import CONFIG, CONFIG_FILE, find_given

#: What the program is called where nothing else is known.
PROG = "python -m trdanalysis"

Add = Callable[[str, str], argparse.ArgumentParser]

#: What options mean that say nothing of their own where they are added.
MEANINGS = {
    "--analysis": "result tables before disclosure control",
    "--cohort": "what `label` wrote",
    "--config": "the settings of the run",
    "--definition": "the primary definition",
    "--definitions": "the definitions of the run, the primary one first",
    "--disclosed": "what `disclose` wrote",
    "--drop": "the drop as it was delivered; its name is the drop's id",
    "--drops": "what `intake` made of each drop",
    "--engine": "what runs the rows, as the plan of a run writes it; default: DuckDB",
    "--earlier": "what `intake` made of drops that come before this one",
    "--format": "of the files; if left out, csv",
    "--frozen": "what `freeze` kept; it need not exist",
    "--grid": "the grid of the multiverse",
    "--eligibility": "who may enter a trial, such as config/eligibility/esketamine-trials.yaml",
    "--history": "what earlier runs left to be compared with",
    "--out": "where to write",
    "--patients": "how many patients; about 2.6 trials each",
    "--policy": "the site's disclosure policy",
    "--pooled": "what `pool` wrote",
    "--sealed": "sealed releases, in their order",
    "--seed": "of the random numbers: the same seed gives the same bytes",
    "--settings": "the settings of this verb, as the plan of a run writes them",
}


def build_parser(prog: str = PROG) -> argparse.ArgumentParser:
    """Build the parser of all verbs; ``prog`` is what the program is called in its help."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description=(
            "Treatment-resistant depression from treatment records: labels with reasons, and rates."
        ),
        epilog=f"{format_examples(prog)}\n\n{prog} VERB --help tells more of a verb.",
        formatter_class=ByPurpose,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    common = argparse.ArgumentParser(add_help=False)
    shared = common.add_argument_group("for every verb")
    shared.add_argument("--log", type=Path, metavar="FILE", help="keep messages in this file too")
    shared.add_argument(
        "--reference", type=Path, default=CONFIG / "reference", metavar="FOLDER",
        help="the study's reference tables; what is not there is the tool's",
    )  # fmt: skip
    shared.add_argument(
        "--threads", type=int, default=2, metavar="N", help="of the engine; default: 2"
    )
    shared.add_argument(
        "--memory-limit-mb", type=int, default=4000, metavar="MIB", help="default: 4000"
    )
    shared.add_argument(
        "--spill-folder", type=Path, metavar="FOLDER",
        help="where the engine puts what memory does not hold; if left out, the system's folder"
        " for temporary files",
    )  # fmt: skip
    shared.add_argument(
        "--spill-limit-mb", type=int, metavar="MIB",
        help="what may lie there; if left out, nine tenths of what is free on the disk",
    )  # fmt: skip

    def add(verb: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(
            verb, help=text, description=text, parents=[common], formatter_class=ByPurpose,
            epilog=format_examples(prog, verb),
        )  # fmt: skip

    _add_study(add)
    _add_readers(add)
    _add_analysis(add)
    _add_publishing(add)
    _add_paper(add)
    _add_questions(add)
    for verb in verbs.choices.values():
        for action in verb._actions:
            if action.option_strings and action.help is None:
                action.help = MEANINGS.get(action.option_strings[-1])
    return parser


def _add_study(add: Add) -> None:
    """Add the verbs around a study."""
    init = add("init", "Make a study folder: configuration, a place for drops, notebooks.")
    init.add_argument("folder", type=Path, metavar="DIR", help="a name that is free")

    completion = add("completion", "Print what makes a shell complete verbs, options and ids.")
    completion.add_argument("shell", choices=("bash", "zsh"), help="the shell that asks")


def _add_readers(add: Add) -> None:
    """Add the verbs between a delivery and the pooled cohort."""
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
    check.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")

    pool = add("pool", "Pool the accepted rows of all drops.")
    pool.add_argument("--settings", type=Path, required=True, metavar="FILE")
    pool.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    pool.add_argument("--engine", type=Path, metavar="FILE")
    pool.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def _add_analysis(add: Add) -> None:
    """Add the verbs between the cohort and the result tables."""
    label = add("label", "Judge every trial and label every patient.")
    label.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    label.add_argument("--definitions", type=_given, nargs="+", required=True, metavar="FILE")
    label.add_argument("--engine", type=Path, metavar="FILE")
    label.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    summarise = add("summarise", "Estimate rates, benchmarks and attrition.")
    summarise.add_argument("--settings", type=Path, required=True, metavar="FILE")
    summarise.add_argument("--cohort", type=Path, required=True, metavar="FOLDER")
    summarise.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    summarise.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    summarise.add_argument("--definitions", type=_given, nargs="+", required=True, metavar="FILE")
    summarise.add_argument("--engine", type=Path, metavar="FILE")
    summarise.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    questions = add("questions", "Answer what the article asks beside the label.")
    questions.add_argument("--settings", type=Path, required=True, metavar="FILE")
    questions.add_argument("--cohort", type=Path, required=True, metavar="FOLDER")
    questions.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    questions.add_argument("--definitions", type=_given, nargs="+", required=True, metavar="FILE")
    questions.add_argument("--eligibility", type=_given, required=True, metavar="FILE")
    questions.add_argument("--engine", type=Path, metavar="FILE")
    questions.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    multiverse = add("multiverse", "Estimate the rate of TRD in every cell of the grid.")
    multiverse.add_argument("--settings", type=Path, required=True, metavar="FILE")
    multiverse.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    multiverse.add_argument("--definition", type=_given, required=True, metavar="FILE")
    multiverse.add_argument("--grid", type=_given, required=True, metavar="FILE")
    multiverse.add_argument("--engine", type=Path, metavar="FILE")
    multiverse.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    changes = add("changes", "Compare with the last completed run, and drops with each other.")
    changes.add_argument("--settings", type=Path, required=True, metavar="FILE")
    changes.add_argument("--cohort", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--pooled", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    changes.add_argument("--analysis", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--history", type=Path, required=True, metavar="FOLDER")
    changes.add_argument("--engine", type=Path, metavar="FILE")
    changes.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    remember = add("remember", "Keep what the next run is compared with; the end of a run.")
    remember.add_argument("--history", type=Path, required=True, metavar="FOLDER")


def _add_publishing(add: Add) -> None:
    """Add the verbs of what leaves."""
    disclose = add("disclose", "Apply disclosure control to the results of a run.")
    disclose.add_argument("--settings", type=Path, required=True, metavar="FILE")
    disclose.add_argument("--analysis", type=Path, required=True, metavar="FOLDER")
    disclose.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    disclose.add_argument("--definitions", type=_given, nargs="+", required=True, metavar="FILE")
    disclose.add_argument("--policy", type=_given, required=True, metavar="FILE")
    disclose.add_argument("--frozen", type=Path, default=CONFIG / FROZEN, metavar="FILE")
    disclose.add_argument("--sealed", type=Path, nargs="*", default=[], metavar="FOLDER")
    disclose.add_argument(
        "--environment", type=Path, metavar="FILE", help="what the plan says of the packages"
    )
    disclose.add_argument("--out", type=Path, required=True, metavar="FOLDER")

    publish = add(
        "publish", "Write the tables, the report and the texts of what passed disclosure control."
    )
    publish.add_argument("--disclosed", type=Path, required=True, metavar="FOLDER")
    publish.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    publish.add_argument(
        "--journal", type=Path, metavar="FILE", help="default: config/journals/default.yaml"
    )
    publish.add_argument("--about", type=Path, metavar="FILE", help="keep what sealing needs here")

    seal = add("seal", "Keep a release that leaves: later ones tell no more together with it.")
    seal.add_argument("--results", type=Path, metavar="FOLDER", help="default: as in the config")
    seal.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")

    describe = add("describe", "Write the manifest and the RO-Crate of what was published.")
    describe.add_argument("--settings", type=Path, required=True, metavar="FILE")
    describe.add_argument("--drops", type=Path, nargs="*", default=[], metavar="FOLDER")
    describe.add_argument("--definitions", type=_given, nargs="+", required=True, metavar="FILE")
    describe.add_argument("--policy", type=_given, required=True, metavar="FILE")
    describe.add_argument("--grid", type=_given, required=True, metavar="FILE")
    describe.add_argument("--frozen", type=Path, default=CONFIG / FROZEN, metavar="FILE")
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


def _add_paper(add: Add) -> None:
    """Add the verbs that write a part of a paper."""
    text = add("text", "Print a text of the last run: methods or results in words, citations.")
    text.add_argument(
        "text", choices=("methods", "results", "references", "checklist"), help="which one"
    )
    text.add_argument("--results", type=Path, metavar="FOLDER", help="default: as in the config")
    text.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")

    table = add("table", "Write a paper's table from kept results; `table list` names them all.")
    table.add_argument("table", metavar="TABLE", help="such as 2, s1, attrition; or list")
    table.add_argument(
        "--format", nargs="+", default=["text"], metavar="FORMAT", dest="formats",
        choices=("text", *TABLE_FORMATS), help="text (the default), csv, html, docx, latex",
    )  # fmt: skip
    table.add_argument(
        "--decimals", type=_decimals, metavar="N", help="of percentages and ratios, 0 to 6"
    )
    table.add_argument("--journal", metavar="ID", help="default: as in the config")
    table.add_argument("--out", type=Path, metavar="FILE", help="default: in <results>/paper/")
    table.add_argument("--results", type=Path, metavar="FOLDER", help="default: as in the config")
    table.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")

    figure = add("figure", "Draw one figure of a paper from the results of the last run.")
    figure.add_argument("name", metavar="NAME", help=f"or how it begins: {', '.join(FIGURES)}")
    figure.add_argument("--format", choices=FIGURE_FORMATS, default="pdf")
    figure.add_argument(
        "--width-mm", type=float, metavar="MM", help="one column has about 85, two 180"
    )
    figure.add_argument("--grey", action="store_true", help="without colours")
    figure.add_argument(
        "--out", type=Path, metavar="FILE",
        help="default: in paper/ of the results, of a draft in restricted/paper/",
    )  # fmt: skip
    figure.add_argument("--results", type=Path, metavar="FOLDER", help="default: as in the config")
    figure.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")

    notebooks = add("notebooks", "Run notebooks on the results; keep them as pages that stay.")
    notebooks.add_argument(
        "notebooks", type=Path, nargs="*", metavar="FILE", help="default: all of notebooks/"
    )
    notebooks.add_argument(
        "--results", type=Path, metavar="FOLDER",
        help="default: that of the settings; pages go to restricted/notebooks/ in it",
    )  # fmt: skip
    notebooks.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")


def _add_questions(add: Add) -> None:
    """Add the verbs that people ask by hand."""
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
    explain.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")

    freeze = add("freeze", "Keep what the analysis is fixed by, before the first labels.")
    freeze.add_argument("--config", type=Path, default=CONFIG_FILE, metavar="FILE")
    freeze.add_argument(
        "--again", metavar="REASON", help="it was frozen before and has changed since: why"
    )

    assure = add("assure", "Run the hand-written cases of definitions; print expected beside got.")
    assure.add_argument(
        "definitions", type=_given, nargs="*", metavar="FILE", help="default: every definition"
    )

    simulate = add("simulate", "Write a synthetic drop with a known truth.")
    simulate.add_argument("--patients", type=_count, default=2000, metavar="N")
    simulate.add_argument("--seed", type=int, default=1, metavar="S")
    simulate.add_argument("--format", choices=("csv", "parquet"), default="csv")
    simulate.add_argument("--clean", action="store_true", help="mix in no bad input")
    simulate.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def _given(text: str) -> Path:
    return find_given(Path(text))


def _decimals(text: str) -> int:
    if text not in {str(number) for number in range(7)}:
        raise argparse.ArgumentTypeError("must be a whole number from 0 to 6")
    return int(text)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number
