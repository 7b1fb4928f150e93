"""Runs that are killed, that meet another one, and that the machine's clock misleads."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.faults.kills import digests, draw_moments, kill_often
from tests.workflow.conftest import Project
from trdanalysis.working import claim_results

#: A part of the workflow in which files of every kind of writer are made.
UNTIL = ("--until", "label", "quality")


def test_three_kills_change_nothing_and_folders_stay_closed(
    finished: Project, project: Project
) -> None:
    project.add_drop("drop1", patients=40)
    before = os.umask(0)
    try:
        whole = digests(finished.results)
        made_until = {
            name: digest
            for name, digest in whole.items()
            if name.startswith(("restricted/cohort", "restricted/drops", "restricted/settings"))
            or name in ("restricted/.lock", "restricted/.steps", "README.md")
        }
        assert kill_often(project, draw_moments(1, 3, 9), made_until, *UNTIL) == []
    finally:
        os.umask(before)
    restricted = project.results / "restricted"
    folders = [restricted, *(path for path in restricted.rglob("*") if path.is_dir())]
    open_to_others = [path for path in folders if path.stat().st_mode & 0o777 != 0o700]
    assert open_to_others == []


def test_a_second_run_with_other_settings_leaves_the_first_alone(
    finished: Project, tmp_path: Path
) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    settings = copy.results / "restricted" / "settings"
    before = digests(settings)
    with claim_results(copy.results / "restricted"):
        done = copy.snakemake("--config", "reference_rate=0.31")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "another run is writing to these results" in said
    assert "Traceback" not in said
    assert digests(settings) == before


@pytest.mark.parametrize("kept_time", [False, True], ids=["clock set back", "copy with old times"])
def test_an_edit_counts_whatever_the_clock_says(
    finished: Project, tmp_path: Path, kept_time: bool
) -> None:
    copy = finished.copy_to(tmp_path / "copy")
    definition = copy.folder / "config" / "definitions" / "article.yaml"
    if not kept_time:
        # As if everything had been made tomorrow: the clock has been set back since.
        tomorrow = time.time() + 86_400
        for path in copy.folder.rglob("*"):
            os.utime(path, (tomorrow, tomorrow))
        # Only small files are planned by content where a time is newer; others may run again.
        copy.planned()
        made = [path for path in copy.results.rglob("*") if path.is_file()]
        # Snakemake takes no output that is older than an input.
        assert max(path.stat().st_mtime for path in made) < tomorrow - 3_600
    times = definition.stat()
    text = definition.read_text()
    definition.write_text(text.replace("weeks on treatment; the", "weeks; the"))
    if kept_time:
        os.utime(definition, (times.st_atime, times.st_mtime))
    assert copy.planned() >= {"label", "summarise", "disclose", "publish"}
