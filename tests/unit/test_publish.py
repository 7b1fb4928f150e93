"""Publishing: nothing of a drop that is not marked synthetic gets into the release."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.support import REFERENCE
from tests.unit.release_cohorts import policy_of
from tests.unit.report_pages import published, report_tables
from trdanalysis.commands import publish
from trdanalysis.commands.publish import run_publish
from trdanalysis.errors import EXIT_CODES, UserError


@pytest.mark.parametrize("out", ["release", "draft", "restricted/drafts", "other/restricted"])
def test_a_real_drop_is_published_to_the_draft_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    results = report_tables(published())
    first = dict(results.run["drops"][0])
    run = {**results.run, "drops": [first, {**first, "drop_id": "real", "synthetic": False}]}
    settings = {**results.settings, "policy": policy_of("none").model_dump(mode="json")}
    real = dataclasses.replace(results, run=run, settings=settings)
    monkeypatch.setattr(publish, "load_disclosed", lambda *_, is_draft: dataclasses.replace(
        real, run={**run, "draft": is_draft}))  # fmt: skip
    with pytest.raises(UserError, match="1 drop\\(s\\) are not marked synthetic") as caught:
        run_publish(tmp_path / "disclosed", REFERENCE, tmp_path / out)
    assert caught.value.exit_code == EXIT_CODES["policy"]
    assert caught.value.where == "real"
    assert not (tmp_path / out).exists()
    draft = tmp_path / "restricted" / "draft"
    run_publish(tmp_path / "disclosed", REFERENCE, draft)
    assert (draft / "report.html").is_file()


def test_without_results_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no results yet") as caught:
        run_publish(tmp_path / "disclosed", REFERENCE, tmp_path / "release")
    assert caught.value.exit_code == EXIT_CODES["not_found"]
