"""Where a study's files are found: its own first, then the tool's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import ROOT
from trdanalysis import project
from trdanalysis.errors import UserError


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty study folder, and work in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("reference", "definitions", "disclosure", "mappings"):
        (tmp_path / "config" / name).mkdir(parents=True)
    return tmp_path


def test_a_table_is_the_studys_own_or_the_tools(study: Path) -> None:
    reference = Path("config/reference")
    assert project.find_table(reference, "scales.csv") == ROOT / "config/reference/scales.csv"
    (study / "config/reference/scales.csv").write_text("scale\n")
    assert project.find_table(reference, "scales.csv") == reference / "scales.csv"
    # A name that nobody has is looked for where the study can put it.
    assert project.find_table(reference, "other.csv") == reference / "other.csv"


def test_a_sites_own_names_are_never_the_tools(study: Path) -> None:
    found = project.find_table(Path("config/reference"), "site_drug_names.csv")
    assert found == Path("config/reference/site_drug_names.csv")
    assert not found.exists()


def test_in_the_checkout_paths_are_those_of_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert project.find_table(project.CONFIG / "reference", "scales.csv") == Path(
        "config/reference/scales.csv"
    )
    assert project.find_by_id(project.CONFIG, "definitions", "article") == Path(
        "config/definitions/article.yaml"
    )
    assert project.find_words(project.CONFIG / "reference", "code_words.csv") == [
        Path("config/mappings/code_words.csv")
    ]


def test_a_definition_of_the_study_stands_before_the_tools(study: Path) -> None:
    own = study / "config/definitions"
    assert project.find_by_id(Path("config"), "definitions", "article").is_absolute()
    (own / "article.yaml").write_text("id: article\n")
    (own / "mine.yaml").write_text("id: mine\n")
    found = project.find_by_id(Path("config"), "definitions", "article")
    assert found == Path("config/definitions/article.yaml")
    listed = {path.stem: path for path in project.list_by_id(Path("config"), "definitions")}
    assert listed["mine"] == Path("config/definitions/mine.yaml")
    assert listed["article"] == found
    assert listed["ema"] == ROOT / "config/definitions/ema.yaml"


def test_an_id_that_nobody_has_suggests_one_of_either(study: Path) -> None:
    (study / "config/definitions/our-clinic.yaml").write_text("id: our-clinic\n")
    for wrong, right in (("our_clinik", "our-clinic"), ("artikle", "article")):
        with pytest.raises(UserError, match="there is no definition") as fault:
            project.find_by_id(Path("config"), "definitions", wrong)
        assert fault.value.try_this == f"did you mean `{right}`?"
    with pytest.raises(UserError, match="there is no disclosure policy"):
        project.find_by_id(Path("config"), "disclosure", "cmss")


def test_words_of_a_study_are_added_to_the_tools(study: Path) -> None:
    reference = Path("config/reference")
    tools = ROOT / "config/mappings/code_words.csv"
    assert project.find_words(reference, "code_words.csv") == [tools]
    own = study / "config/mappings/code_words.csv"
    own.write_text("x\n")
    assert project.find_words(reference, "code_words.csv") == [
        tools, Path("config/mappings/code_words.csv"),
    ]  # fmt: skip


def test_a_path_given_under_config_falls_back_to_the_tool(study: Path) -> None:
    given = Path("config/definitions/article.yaml")
    assert project.find_given(given) == ROOT / given
    assert project.find_given(Path("config/no.yaml")) == Path("config/no.yaml")
    assert project.find_given(Path("elsewhere/article.yaml")) == Path("elsewhere/article.yaml")
    (study / given).write_text("")
    assert project.find_given(given) == given
