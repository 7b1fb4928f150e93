"""What the console says at the end of a run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.unit.report_pages import published, report_tables
from trdanalysis.closing import Failure, explain_failure, find_failures
from trdanalysis.errors import EXIT_CODES, EXIT_MEANINGS
from trdanalysis.prespecification import FreezeStatus
from trdanalysis.report.closing import Around, describe_run
from trdanalysis.report.disclosed import Disclosed

AROUND = Around("results/release", 23, "results/restricted", None, None, {"autumn": 4})


def results_of(hide_up_to: int = 10, *, synthetic: bool = False, **changed: Any) -> Disclosed:
    made = report_tables(published())
    settings = {**made.settings, "policy": {"id": "cms", "hide_counts_up_to": hide_up_to}}
    run = {**made.run, "synthetic": synthetic}
    return dataclasses.replace(made, settings=settings, run=run, **changed)


def test_a_release_and_its_labels_are_told() -> None:
    said = dict(describe_run(results_of(), AROUND).made)
    assert said["released"] == "results/release/, 23 files"
    assert said["report"] == "results/release/report.html"
    assert said["article"].startswith("149 patients: 7 treatment-resistant, 133 not")


def test_what_is_hidden_is_told_as_hidden() -> None:
    tables = published()
    tables["definitions"]["trd"] = pd.array([None] * len(tables["definitions"]), dtype="Int64")
    tables["label_reasons"]["on_defaults"] = pd.array([None, 0, 0, 12, 0], dtype="Int64")
    balance = report_tables(tables).balance.assign(quarantined=pd.array([None], dtype="Int64"))
    said = describe_run(results_of(tables=tables, balance=balance), AROUND)
    assert "hidden treatment-resistant" in dict(said.made)["article"]
    assert any("at least 12 label(s) rest on defaults" in line for line in said.attention)
    assert any("drop autumn: (hidden) row(s) in quarantine" in line for line in said.attention)


def test_real_records_without_a_hiding_policy_are_not_counted() -> None:
    draft = dataclasses.replace(AROUND, published="results/restricted/draft", why_draft="so it is")
    said = describe_run(results_of(hide_up_to=0), draft)
    text = "\n".join([*(line for _, line in said.made), *said.attention])
    assert "149" not in text and "133" not in text
    assert "some row(s) in quarantine: results/restricted/drops/autumn/quarantine.csv" in text
    assert "not counted here" in text
    invented = describe_run(results_of(hide_up_to=0, synthetic=True), draft)
    assert dict(invented.made)["article"].startswith("149 patients")


def test_everything_that_needs_attention_is_told() -> None:
    freeze = FreezeStatus("changed", before_labels=False, changes=("seed: 1 is now 2",))
    hiding = {"dropped": ["comparisons"]}
    said = "\n".join(describe_run(results_of(freeze=freeze, hiding=hiding), AROUND).attention)
    for text in (
        "drop autumn: 11 row(s) in quarantine: results/restricted/drops/autumn/quarantine.csv",
        "drop autumn: 6 cell(s) set unknown",
        "drop autumn: 4 word(s) not recognised: results/restricted/drops/autumn/unrecognised.csv",
        "drop autumn: patients without site",
        "drop autumn: no value of genetic_variant",
        "definition article: 5 label(s) rest on defaults",
        "changed since it was frozen: seed: 1 is now 2",
        "frozen when labels had been made already",
        "hidden as a whole by disclosure control: comparisons",
        "not sealed",
    ):
        assert text in said, text
    calm = describe_run(results_of(), dataclasses.replace(AROUND, sealed="2", unrecognised={}))
    assert ("sealed", "as number 2") in calm.made
    assert not any("sealed" in line or "frozen" in line for line in calm.attention)
    never = describe_run(results_of(freeze=FreezeStatus("never")), AROUND)
    assert any("never frozen" in line for line in never.attention)


def test_a_threshold_without_confirmation_is_told() -> None:
    definition = {**report_tables(published()).definitions[0]}
    definition["unconfirmed"] = [{"setting": "trial.min_weeks", "note": "four or six"}]
    said = describe_run(results_of(definitions=[definition]), AROUND)
    assert "definition article: not confirmed by its source: trial.min_weeks" in said.attention


def test_no_drop_is_told() -> None:
    made = results_of()
    empty = dataclasses.replace(made, run={**made.run, "drops": [], "synthetic": False})
    assert ("patients", "none: there is no drop yet") in describe_run(empty, AROUND).made


def test_every_exit_code_has_a_meaning() -> None:
    assert {1, 2, 130, 137, *EXIT_CODES.values()} <= set(EXIT_MEANINGS)


SNAKEMAKE_LOG = """RuleException:
CalledProcessError in file "/x/intake.smk", line 39:
Command 'set -euo pipefail;  /x/python -m trdanalysis intake --drop 'data/my drops/x' --earlier  \
--out out/x --log '{folder}/x y.log' --threads 2' returned non-zero exit status 3.
[Fri Nov 27 10:55:52 2026]
Error in rule intake:
CalledProcessError in file "/x/label.smk", line 30:
Command 'set -euo pipefail;  /x/python -m trdanalysis label --log out/label.log' returned \
non-zero exit status 137.
"""


def test_a_failure_says_which_step_why_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SNAKEMAKE_LOG.replace("{folder}", str(tmp_path))
    assert find_failures(text) == [
        Failure("intake", f"{tmp_path}/x y.log", 3),
        Failure("label", "out/label.log", 137),
    ]
    (tmp_path / "run.log").write_text(text)
    (tmp_path / "x y.log").write_text("reading\nError: drop `x` is refused\n  where: there\n")
    explain_failure([str(tmp_path / "run.log"), str(tmp_path / "gone.log")])
    told = capsys.readouterr().err
    for part in (
        "Failed: intake", "exit code 3: a drop is refused", "reason: drop `x` is refused",
        "Failed: label", "exit code 137: it was killed", "what to do: ", "goes on from there",
    ):  # fmt: skip
        assert part in told, part
    assert "\x1b" not in told
