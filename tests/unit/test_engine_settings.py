"""Settings of what runs the rows: what is refused, and what the engine is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import CONFIG
from trdanalysis import engine_settings
from trdanalysis.engine_settings import check_spark, read_spark_settings, render_engine_settings
from trdanalysis.errors import UserError
from trdanalysis.settings import Settings, read_settings, read_yaml


def settings(**changed: Any) -> Settings:
    return read_settings({**read_yaml(CONFIG / "config.yaml"), **changed})


@pytest.mark.parametrize(
    "master",
    ["local[1]", "local[*]", "spark://one:7077", "spark://one:7077,two:7077", "yarn", "k8s://https://api:6443"],
)  # fmt: skip
def test_masters_of_every_kind_are_taken(master: str) -> None:
    assert settings(engine="spark", spark_master=master).spark_master == master


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"engine": "polars"}, "`engine` cannot be used"),
        ({"spark_master": "spark://one"}, "`spark://HOST:PORT`"),
        ({"spark_master": "local-cluster[2,1,1024]"}, "it must be `local[N]`"),
        ({"spark_driver_memory_mb": 100}, "`spark_driver_memory_mb` cannot be used"),
        ({"spark_executor_memory_mb": "2g"}, "`spark_executor_memory_mb` cannot be used"),
        ({"spark_shared_folder": "scratch"}, "it must begin with `/`"),
        ({"spark_local_folder": ""}, "`spark_local_folder` cannot be used"),
        ({"spark_options": {"executor.cores": 2}}, "they begin with `spark.`"),
        ({"spark_options": {"spark.executor.memory": "4g"}}, "use `spark_executor_memory_mb`"),
        ({"spark_options": {"spark.authenticate.secret": "x"}}, "it belongs into spark-defaults"),
        ({"spark_option": {}}, "unknown key `spark_option`"),
    ],
)
def test_what_cannot_be_used_is_told(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as told:
        settings(**changed)
    assert message in str(told.value)
    assert told.value.exit_code == 4


def test_the_engine_is_told_what_the_settings_say(tmp_path: Path) -> None:
    told = settings(
        engine="spark",
        spark_master="spark://one:7077",
        spark_local_folder="/scratch",
        spark_options={"spark.executor.cores": 4, "spark.speculation": True},
    )
    text = render_engine_settings(told, tmp_path / "restricted")
    (tmp_path / "engine.json").write_text(text, encoding="utf-8")
    read = read_spark_settings(tmp_path / "engine.json")
    assert read is not None
    assert read.master == "spark://one:7077" and not read.is_local
    assert read.shared_folder == tmp_path / "restricted" / "spark"
    assert read.warehouse_folder is None and read.local_folder == Path("/scratch")
    assert read.options == {"spark.executor.cores": "4", "spark.speculation": "true"}


def test_duckdb_needs_no_settings_of_spark(tmp_path: Path) -> None:
    text = render_engine_settings(settings(), tmp_path)
    (tmp_path / "engine.json").write_text(text, encoding="utf-8")
    assert read_spark_settings(tmp_path / "engine.json") is None


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing or damaged"):
        read_spark_settings(tmp_path / "engine.json")


def test_what_spark_needs_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_settings, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs PySpark"):
        check_spark()
    monkeypatch.setattr(engine_settings, "find_spec", lambda name: name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UserError, match="needs Java"):
        check_spark()
