"""Run every verb on the kept drop; `python -m tests.golden.run` keeps the tables anew.

Renew only after a change that is meant to change numbers, look at the difference, and say so in
CHANGELOG.md.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.support import ROOT
from trdanalysis.cli import main
from trdanalysis.files import write_texts_if_changed
from trdanalysis.layout import ABOUT_PUBLISHED, PUBLISHED_TABLES, TABLE_FILES, TABLES_FOLDER
from trdanalysis.settings import read_settings, read_yaml, render_verb_settings

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"

#: Of a paper's tables those whose bytes are not made by a library that may change them.
KEPT_TABLES = tuple(name for name in TABLE_FILES if name.endswith(".csv"))


def run_verbs(drop: Path, results: Path) -> Path:
    """Run intake to publish, as the workflow does, and give the folder of published files."""
    config = ROOT / "config"
    settings = results / "restricted" / "settings"
    write_texts_if_changed(
        render_verb_settings(read_settings(read_yaml(config / "config.yaml")), settings)
    )
    definition = str(config / "definitions" / "article.yaml")
    taken = str(results / "restricted" / "drops" / drop.name)
    cohort = results / "restricted" / "cohort"
    analysis = str(results / "restricted" / "analysis")
    pooled = str(cohort / "accepted")
    disclosed = str(results / "restricted" / "disclosed")
    release = results / "release"
    for verb, *arguments in (
        ("intake", "--drop", str(drop), "--out", taken),
        ("pool", "--drops", taken, "--out", pooled),
        ("label", "--pooled", pooled, "--definitions", definition, "--out", str(cohort)),
        ("summarise", "--cohort", str(cohort), "--pooled", pooled, "--drops", taken,
         "--definitions", definition, "--out", analysis),
        ("questions", "--cohort", str(cohort), "--pooled", pooled, "--definitions", definition,
         "--eligibility", str(config / "eligibility" / "esketamine-trials.yaml"),
         "--out", analysis),
        ("multiverse", "--pooled", pooled, "--definition", definition, "--grid",
         str(HERE / "multiverse.yaml"), "--out", analysis),
        ("changes", "--cohort", str(cohort), "--pooled", pooled, "--drops", taken, "--analysis",
         analysis, "--history", str(results / "restricted" / "history"), "--out",
         str(results / "restricted")),
        ("disclose", "--analysis", analysis, "--drops", taken, "--definitions", definition,
         "--policy", str(config / "disclosure" / "none.yaml"), "--out", disclosed),
        ("publish", "--disclosed", disclosed, "--out", str(release),
         "--about", str(results / "restricted" / ABOUT_PUBLISHED)),
        ("describe", "--drops", taken, "--definitions", definition, "--policy",
         str(config / "disclosure" / "none.yaml"), "--grid", str(HERE / "multiverse.yaml"),
         "--out", str(release)),
    ):  # fmt: skip
        line = [verb, *arguments, "--reference", str(config / "reference")]
        if verb in (
            "pool",
            "summarise",
            "questions",
            "multiverse",
            "changes",
            "disclose",
            "describe",
        ):
            line += ["--settings", str(settings / f"{verb}.json")]
        code = main(line)
        assert code == 0, f"`{verb}` ended with exit code {code}"
    return release


def renew() -> None:
    """Keep the tables of today as the expected ones."""
    with tempfile.TemporaryDirectory() as folder:
        release = run_verbs(HERE / "drop", Path(folder))
        for name in PUBLISHED_TABLES:
            shutil.copyfile(release / f"{name}.csv", EXPECTED / f"{name}.csv")
        (EXPECTED / TABLES_FOLDER).mkdir(exist_ok=True)
        for name in KEPT_TABLES:
            shutil.copyfile(release / name, EXPECTED / name)


if __name__ == "__main__":
    renew()
