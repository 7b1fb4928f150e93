"""Generated files are as the code would write them today."""

from __future__ import annotations

from pathlib import Path

import pytest

from trdanalysis.arguments import build_parser
from trdanalysis.contract import FACTORS, PATIENTS, RECORDED_GROUPS, SYMPTOMS, TABLES
from trdanalysis.errors import EXIT_CODES, EXIT_MEANINGS
from trdanalysis.generated import render_files
from trdanalysis.report.reference.commands import render_commands
from trdanalysis.report.reference.markdown import cell
from trdanalysis.report.reference.settings import render_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(render_files()))
def test_a_generated_file_is_not_stale(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == render_files()[path], (
        "run `python -m trdanalysis.generated`"
    )


def test_every_column_of_the_contract_is_on_the_page() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for spec in TABLES.values():
        for name in spec.names:
            assert f"| `{name}`" in page


def test_factors_and_symptoms_are_columns_of_patients() -> None:
    recorded = [factor for group in RECORDED_GROUPS for factor in FACTORS[group]]
    assert len(recorded) == 13
    assert len(SYMPTOMS) == 8
    assert set(recorded) | set(SYMPTOMS) <= set(PATIENTS.names)


def test_every_exit_code_has_a_meaning() -> None:
    assert set(EXIT_CODES.values()) <= set(EXIT_MEANINGS)
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    for code, (meaning, what_to_do) in EXIT_MEANINGS.items():
        assert f"| {code} | {meaning} | {what_to_do} |" in page


def test_an_option_that_says_nothing_of_itself_is_refused() -> None:
    parser = build_parser()
    verbs = next(action for action in parser._actions if action.dest == "verb").choices
    assert verbs is not None
    dict(verbs)["check"].add_argument("--new")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="--new NEW has no help"):
        render_commands(parser)


def test_a_setting_without_a_comment_is_refused() -> None:
    text = (ROOT / "config" / "config.yaml").read_text(encoding="utf-8")
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    with pytest.raises(ValueError, match="`[a-z_]+` has no comment"):
        render_settings(bare)


def test_cells_of_the_pages_break_nothing() -> None:
    assert cell("a | b\nand <id> but `<id>`") == "a \\| b and &lt;id> but `<id>`"
