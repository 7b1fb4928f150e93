"""Settings and definition files: strict, and errors that name what is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import CONFIG
from trdanalysis.errors import EXIT_CODES, UserError
from trdanalysis.files import write_texts_if_changed
from trdanalysis.labelling.definition import read_definition
from trdanalysis.settings import (
    USED_BY,
    Settings,
    read_settings,
    read_verb_settings,
    read_yaml,
    render_verb_settings,
)


def changed(**keys: Any) -> dict[str, Any]:
    return {**read_yaml(CONFIG / "config.yaml"), **keys}


def refused(data: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        read_settings(data)
    assert caught.value.exit_code == EXIT_CODES["config"]
    assert "config/config.yaml" in str(caught.value)
    return str(caught.value)


def test_the_file_has_every_setting() -> None:
    assert set(read_yaml(CONFIG / "config.yaml")) == set(Settings.model_fields)
    for keys in USED_BY.values():
        assert set(keys) <= set(Settings.model_fields)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_a_setting_that_is_missing_is_named(name: str) -> None:
    data = changed()
    del data[name]
    assert f"missing key `{name}`" in refused(data)


def test_a_mistyped_key_names_the_nearest() -> None:
    message = refused(changed(equivalence_margn=0.1))
    assert "unknown key `equivalence_margn`" in message
    assert "did you mean `equivalence_margin`?" in message


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"reference_rate": 30}, "`reference_rate`"),
        ({"reference_rate": "a third"}, "`reference_rate`"),
        ({"age_bands_from_years": [0, 30, 18]}, "ascending"),
        ({"age_bands_from_years": [5, 18]}, "start at 0"),
        ({"age_bands_from_years": [0, 20, 40]}, "start at 18"),
        ({"age_bands_from_years": [0, 18, 95]}, "90"),
        ({"definitions": []}, "`definitions`"),
        ({"definitions": ["article", "article"]}, "named twice"),
        ({"primary_definition": "other"}, "`other`"),
        ({"threads": 0}, "`threads`"),
    ],
)
def test_a_value_that_cannot_be_is_refused(keys: dict[str, Any], says: str) -> None:
    assert says in refused(changed(**keys))


def test_verbs_see_only_what_changes_their_results(tmp_path: Path) -> None:
    write_texts_if_changed(render_verb_settings(read_settings(changed()), tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert read_verb_settings(tmp_path / "summarise.json")["reference_rate"] == 0.3
    moved = changed(results="elsewhere", threads=8, memory_limit_mb=900)
    write_texts_if_changed(render_verb_settings(read_settings(moved), tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    write_texts_if_changed(
        render_verb_settings(read_settings(changed(reference_rate=0.31)), tmp_path)
    )
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {
        "summarise.json", "multiverse.json", "disclose.json", "describe.json", "notebooks.json",
    }  # fmt: skip


def test_damaged_settings_of_a_verb_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "pool.json").write_text("{")
    with pytest.raises(UserError, match="missing or damaged"):
        read_verb_settings(tmp_path / "pool.json")


@pytest.mark.parametrize(
    ("text", "says"), [("- a\n- b\n", "key: value"), ("a: [\n", "not readable YAML")]
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=says):
        read_yaml(path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  min_weeks: 6", "  min_week: 6", "did you mean `min_weeks`?"),
        ("  min_weeks: 6", "  min_weeks: 0", "`trial.min_weeks`"),
        ("id: article", "id: other", "the file's name, `mine`"),
        ("reduction_below_percent: 50", "reduction_below_percent: 40", "trial.nonresponse"),
    ],
)
def test_a_faulty_definition_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = (CONFIG / "definitions" / "article.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("id: article", "id: mine").replace(old, new, 1)
                    if "id" not in old else text.replace(old, new))  # fmt: skip
    with pytest.raises(UserError) as caught:
        read_definition(path)
    assert says in str(caught.value)
    assert "mine.yaml" in str(caught.value)


def test_an_unknown_definition_names_those_there_are() -> None:
    with pytest.raises(UserError, match="there is no definition `articel`") as caught:
        read_definition(CONFIG / "definitions" / "articel.yaml")
    assert "article" in str(caught.value)


GROUPS = {
    "biological": ["hormone_imbalance", "hpa_axis_dysregulation", "neurotransmitter_change",
                   "inflammation", "genetic_variant"],
    "psychological": ["early_trauma", "chronic_stress", "comorbid_mental_condition",
                      "negative_thinking"],
    "environmental": ["poor_sleep", "substance_use", "chronic_illness", "social_stress"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"environmental": [*GROUPS["environmental"], "inflammation"]},
            "`inflammation` stands in biological and in environmental",
        ),
        ({"environmental": GROUPS["environmental"][:-1]}, "`social_stress` stands in no group"),
        ({"environmental": [*GROUPS["environmental"], "noise"]}, "`noise` is no factor"),
        ({"medication_related": ["poor_adherence"]}, "medication_related is derived"),
    ],
)
def test_each_factor_belongs_to_one_group(changed: dict[str, list[str]], told: str) -> None:
    shipped = read_yaml(CONFIG / "config.yaml")
    with pytest.raises(UserError, match="factor_groups") as caught:
        read_settings(shipped | {"factor_groups": GROUPS | changed})
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"model_covariates": ["age_years", "income"]}, "`income` is no covariate"),
        ({"model_covariates": ["sex", "sex"]}, "twice"),
        ({"age_spline_knots": 6}, "less than or equal to 5"),
        ({"imputations": 1}, "greater than or equal to 2"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"reference_rate": 1.0}, "less than 1"),
        ({"equivalence_margin": 0}, "greater than 0"),
    ],
)
def test_settings_of_the_statistics_are_checked(settings: dict[str, object], told: str) -> None:
    shipped = read_yaml(CONFIG / "config.yaml")
    with pytest.raises(UserError, match=next(iter(settings))) as caught:
        read_settings(shipped | settings)
    assert told in str(caught.value)
