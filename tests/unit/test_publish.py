"""Publishing: nothing of a drop that is not marked synthetic gets into the release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import CONFIG, REFERENCE
from trdanalysis.commands.publish import run_publish
from trdanalysis.errors import EXIT_CODES, UserError


@pytest.mark.parametrize("out", ["release", "draft", "restricted/drafts", "other/restricted"])
def test_a_real_drop_is_published_to_the_draft_only(tmp_path: Path, out: str) -> None:
    folders = []
    for name, synthetic in (("simulated", True), ("real", False)):
        folder = tmp_path / "drops" / name
        folder.mkdir(parents=True)
        (folder / "drop.json").write_text(json.dumps({"drop_id": name, "synthetic": synthetic}))
        folders.append(folder)
    with pytest.raises(UserError, match="1 drop\\(s\\) are not marked synthetic") as caught:
        run_publish(
            tmp_path / "analysis",
            folders,
            [CONFIG / "definitions" / "article.yaml"],
            CONFIG / "disclosure" / "none.yaml",
            tmp_path / "frozen.json",
            {},
            REFERENCE,
            tmp_path / out,
        )
    assert caught.value.exit_code == EXIT_CODES["policy"]
    assert caught.value.where == "real"
    assert not (tmp_path / out).exists()
