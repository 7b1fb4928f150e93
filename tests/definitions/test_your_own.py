"""What the documentation says of a definition of one's own works as it is written there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support import CONFIG, ROOT, article
from trdanalysis.cli import main
from trdanalysis.labelling.definition import read_definition

PAGE = (ROOT / "docs" / "your-own-definition.md").read_text(encoding="utf-8")
VOCABULARY = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")


def block(page: str, kind: str) -> str:
    found = re.search(rf"```{kind}\n(.*?)```", page, re.DOTALL)
    assert found
    return found[1]


def test_the_definition_of_the_page_gives_its_cases_their_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    folder = tmp_path / "config" / "definitions"
    (folder / "third-drug.yaml").write_text(block(PAGE, "yaml"), encoding="utf-8")
    (folder / "third-drug.cases.csv").write_text(block(PAGE, "csv"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = block(PAGE, "bash").split()
    assert command[:3] == ["python", "-m", "trdanalysis"]
    code = main(command[3:])
    printed = capsys.readouterr()
    assert code == 0, printed.out
    assert "6 cases, 30 values, 0 not as written" in printed.out


def test_the_rules_of_the_vocabulary_page_can_be_read(tmp_path: Path) -> None:
    text = (CONFIG / "definitions" / "article.yaml").read_text(encoding="utf-8")
    head = text[: text.index("\nresistance:")]
    head = head.replace("id: article", "id: mine").replace("status: published", "status: draft")
    path = tmp_path / "mine.yaml"
    path.write_text(head + "\n" + block(VOCABULARY, "yaml"), encoding="utf-8")
    definition = read_definition(path)
    assert [rule.kind for rule in definition.resistance] == ["treatments", "failures"]
    assert definition.trial == article().trial
