"""The plan of a run: drops, what each step depends on, and where results go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import CONFIG, ROOT
from trdanalysis.errors import UserError
from trdanalysis.plan import Plan, modules_of
from trdanalysis.settings import read_yaml


@pytest.fixture
def plan_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a function that makes drops with these texts as drop.yaml, and a plan of them."""
    monkeypatch.chdir(tmp_path)

    def make(drops: dict[str, str], **settings: Any) -> Plan:
        for name, text in drops.items():
            folder = tmp_path / "drops" / name
            folder.mkdir(parents=True)
            (folder / "drop.yaml").write_text(text)
            for table in ("patients", "trials"):
                (folder / f"{table}.csv").write_text("patient_id\n")
        config = {**read_yaml(CONFIG / "config.yaml"), "drops": "drops", "results": "out"}
        return Plan(config | settings, ROOT)

    return make


def test_drops_come_in_byte_order(plan_of: Any) -> None:
    plan = plan_of({"b": "", "a10": "", "a9": "", "B": ""})
    assert list(plan.drops) == ["B", "a10", "a9", "b"]


def test_an_increment_depends_on_the_drops_before_it(plan_of: Any) -> None:
    plan = plan_of({"d1": "", "d2": "mode: increment", "d3": "mode: snapshot"})
    assert plan.earlier_drops("d1") == []
    assert plan.earlier_drops("d2") == ["d1"]
    assert plan.earlier_drops("d3") == []


def test_only_synthetic_runs_go_to_the_release(plan_of: Any) -> None:
    plan = plan_of({"d1": "synthetic: true", "d2": "synthetic: true"})
    assert plan.published == Path("out/release")
    (Path("drops") / "d2" / "drop.yaml").write_text("synthetic: false")
    again = Plan({**read_yaml(CONFIG / "config.yaml"), "drops": "drops", "results": "out"}, ROOT)
    assert again.published == Path("out/restricted/draft")


def test_no_drops_is_a_plan_too(plan_of: Any) -> None:
    plan = plan_of({})
    assert plan.drops == {}
    assert plan.intake_of() == []


def test_what_a_verb_uses_is_what_it_imports() -> None:
    label = modules_of("label")
    names = {Path(path).name for path in label}
    assert {"label.py", "windows.py", "contract.py", "engine.py", "dose_steps.py"} <= names
    assert not {"forest.py", "rates.py", "gate.py", "flat.py", "cli.py", "plan.py"} & names
    assert len(label) == len(set(label))
    publish = {Path(path).name for path in modules_of("publish")}
    assert {"page.py", "forest.py", "report.html.j2", "style.css.j2", "report.js"} <= publish
    assert {"headline.html.j2", "blocks.html.j2"} <= publish, "templates of sections"
    assert not {"disclose.py", "ledger.py", "rates.py"} & publish
    disclose = {Path(path).name for path in modules_of("disclose")}
    assert {"disclose.py", "ledger.py"} <= disclose
    assert not {"page.py", "forest.py"} & disclose
    for verb in ("intake", "pool", "quality"):
        assert not [path for path in modules_of(verb) if "/labelling/" in path], verb
    assert {"flat.py", "gate.py", "native.py"} <= {Path(path).name for path in modules_of("intake")}


def test_paths_below_the_project_do_not_depend_on_where_it_lies(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    assert all(not Path(path).is_absolute() for path in modules_of("label"))


def test_an_unknown_policy_or_definition_stops_with_the_nearest(plan_of: Any) -> None:
    plan = plan_of({}, disclosure_policy="cmss")
    with pytest.raises(UserError, match="did you mean `cms`"):
        plan.uses("disclose")
    with pytest.raises(UserError, match="did you mean `article`"):
        plan_of({}, definitions=["articles"], primary_definition="articles")


def test_a_mistyped_key_of_a_drop_is_named(plan_of: Any) -> None:
    plan = plan_of({"d1": "mod: increment"})
    with pytest.raises(UserError, match="did you mean `mode`"):
        _ = plan.drops
