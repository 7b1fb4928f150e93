"""Freezing: what was fixed before the first labels, and what has changed since."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.support import CONFIG
from tests.unit.report_pages import published, report_tables
from trdanalysis.commands.freeze import run_freeze
from trdanalysis.engine_settings import EngineSettings
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.prespecification import (
    FROZEN_SETTINGS,
    FreezeStatus,
    compare_frozen,
    describe_analysis,
    freeze_analysis,
    read_frozen,
)
from trdanalysis.project import find_definition_files
from trdanalysis.report.page import render_report
from trdanalysis.settings import USED_BY, Settings, read_settings, read_yaml


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a configuration of its own, in a folder without results."""
    shutil.copytree(CONFIG, tmp_path / "config", ignore=shutil.ignore_patterns("frozen.json"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config" / "config.yaml"


def change(config: Path, **settings: object) -> None:
    config.write_text(yaml.safe_dump(read_yaml(config) | settings), encoding="utf-8")


def status_of(config: Path) -> FreezeStatus:
    settings = read_settings(read_yaml(config))
    files = find_definition_files(settings, config.parent)
    now = describe_analysis(settings.model_dump(mode="json"), files, config.parent / "reference")
    return compare_frozen(read_frozen(config.parent / "frozen.json"), now)


def test_never_frozen_is_said(config: Path) -> None:
    assert status_of(config) == FreezeStatus("never")


def test_frozen_before_the_first_labels_and_twice_is_once(config: Path) -> None:
    assert "before the first labels" in run_freeze(config, None)
    first = (config.parent / "frozen.json").read_bytes()
    assert "nothing has changed" in run_freeze(config, None)
    assert (config.parent / "frozen.json").read_bytes() == first
    assert status_of(config) == FreezeStatus("frozen", before_labels=True)


def test_frozen_when_there_were_labels_is_said(config: Path) -> None:
    labels = Path("results/restricted/cohort/labels.parquet")
    labels.parent.mkdir(parents=True)
    labels.write_bytes(b"")
    assert "after labels had been made" in run_freeze(config, None)
    assert status_of(config) == FreezeStatus("frozen", before_labels=False)


def test_every_change_of_a_number_is_named(config: Path) -> None:
    run_freeze(config, None)
    change(config, reference_rate=0.25)
    article = config.parent / "definitions" / "article.yaml"
    content = read_yaml(article)
    content["trial"]["min_weeks"] += 1
    article.write_text(yaml.safe_dump(content), encoding="utf-8")
    trial = config.parent / "eligibility" / "esketamine-trials.yaml"
    trial.write_text(trial.read_text(encoding="utf-8") + "# looked at again\n", encoding="utf-8")
    scales = config.parent / "reference" / "scales.csv"
    scales.write_text(scales.read_text().replace("MADRS,symptom,0,60", "MADRS,symptom,0,61"))
    assert status_of(config).changes == (
        "reference_rate: 0.3 is now 0.25",
        "definition article: trial",
        "file eligibility/esketamine-trials.yaml",
        "reference table scales.csv",
    )


@pytest.mark.parametrize(
    "settings", [{"threads": 1}, {"results": "elsewhere"}, {"disclosure_policy": "cms"}]
)
def test_what_changes_no_number_is_no_change(config: Path, settings: dict[str, object]) -> None:
    run_freeze(config, None)
    change(config, **settings)
    assert status_of(config).state == "frozen"


def test_another_definition_in_use_is_a_change(config: Path) -> None:
    run_freeze(config, None)
    change(config, definitions=["article", "article-8-weeks"])
    changes = status_of(config).changes
    assert "definition article-8-weeks: added" in changes
    assert any(change.startswith("definitions:") for change in changes)


def test_freezing_again_needs_a_reason_that_is_kept(config: Path) -> None:
    run_freeze(config, None)
    change(config, equivalence_margin=0.1)
    with pytest.raises(UserError, match=r"equivalence_margin: 0\.05 is now 0\.1") as caught:
        run_freeze(config, None)
    assert caught.value.exit_code == EXIT_CODES["config"]
    with pytest.raises(UserError, match="says too little"):
        run_freeze(config, "because")
    assert "frozen again" in run_freeze(config, "the site asked for it")
    status = status_of(config)
    assert (status.state, status.reasons) == ("frozen", ("the site asked for it",))
    kept = json.loads((config.parent / "frozen.json").read_text())
    assert kept["earlier"][0]["settings"]["equivalence_margin"] == 0.05


@pytest.mark.parametrize("text", ["", "{", "[]", '{"settings": {}}', "\xff"])
def test_a_damaged_file_is_refused(config: Path, text: str) -> None:
    (config.parent / "frozen.json").write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match="damaged"):
        run_freeze(config, None)


def test_every_setting_is_either_frozen_or_changes_no_number() -> None:
    of_releases = {"disclosure_policy", "journal", "release_date", "release_licence"}
    changes_nothing = {"drops", "results", "draft", *of_releases, *EngineSettings.model_fields}
    assert set(FROZEN_SETTINGS) | changes_nothing == set(Settings.model_fields)
    assert {key for keys in USED_BY.values() for key in keys} == {*FROZEN_SETTINGS, *of_releases}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (FreezeStatus("never"), "never frozen"),
        (FreezeStatus("frozen", before_labels=True), "have not changed since"),
        (FreezeStatus("frozen", before_labels=False), "when labels had been made already"),
        (FreezeStatus("changed", True, ("seed: 1 is now 2",)), "changed since: seed: 1 is now 2"),
        (FreezeStatus("frozen", True, (), ("a good reason",)), "1 time(s) anew (a good reason)"),
    ],
)
def test_the_report_says_it(status: FreezeStatus, told: str) -> None:
    page = render_report(report_tables(published(), freeze=status))
    assert told in page
    top = page[: page.index('id="glance"')]
    is_plain = status.state == "frozen" and bool(status.before_labels)
    assert ("Configuration and definitions" in top) != is_plain


def test_what_is_kept_names_no_clock_and_no_host(config: Path) -> None:
    settings = read_settings(read_yaml(config)).model_dump(mode="json")
    files = [config.parent / "definitions" / "article.yaml"]
    now = describe_analysis(settings, files, config.parent / "reference")
    kept = freeze_analysis(now, None, labels_exist=False, reason=None)
    assert set(kept) == {
        "settings", "definitions", "reference", "version", "labels_existed", "earlier",
    }  # fmt: skip
