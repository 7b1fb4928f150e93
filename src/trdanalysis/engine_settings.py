"""Settings of what runs the rows: threads and memory, DuckDB or Spark. They change no number."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from trdanalysis.errors import UserError

#: Masters of Spark: this machine, a standalone cluster, YARN, Kubernetes.
_MASTERS = r"local(\[(\d+|\*)\])?|spark://[^\s/:,]+:\d+(,[^\s/:,]+:\d+)*|yarn|k8s://\S+"

#: Settings of Spark that have a name here, or that results rest on.
SPARK_OWN = {
    "spark.master": "use `spark_master`",
    "spark.app.name": "it is always `trdanalysis`",
    "spark.driver.memory": "use `spark_driver_memory_mb`",
    "spark.executor.memory": "use `spark_executor_memory_mb`",
    "spark.sql.warehouse.dir": "use `spark_warehouse_folder`",
    "spark.local.dir": "use `spark_local_folder`",
    "spark.driver.extraJavaOptions": "use `spark.driver.defaultJavaOptions`",
    "spark.sql.session.timeZone": "days are counted in UTC",
    "spark.sql.ansi.enabled": "a cell that cannot be read would change its meaning",
    "spark.submit.deployMode": "the workflow starts the driver itself, where it runs",
}


class EngineSettings(BaseModel):
    """The part of a run's settings that says what runs the rows, and what it may take."""

    threads: int = Field(ge=1, le=1024)
    memory_limit_mb: int = Field(ge=200)
    spill_folder: str | None = Field(min_length=1)
    spill_limit_mb: int | None = Field(ge=1)
    engine: Literal["duckdb", "spark"]
    spark_master: str
    # Spark itself refuses less.
    spark_driver_memory_mb: int = Field(ge=512)
    spark_executor_memory_mb: int = Field(ge=512)
    spark_shared_folder: str | None = Field(min_length=1)
    spark_warehouse_folder: str | None = Field(min_length=1)
    spark_local_folder: str | None = Field(min_length=1)
    spark_options: dict[str, str | int | float | bool]

    @field_validator("spark_master")
    @classmethod
    def _master_is_one(cls, value: str) -> str:
        if not re.fullmatch(_MASTERS, value):
            raise ValueError(
                "it must be `local[N]`, `spark://HOST:PORT`, `yarn`, or `k8s://ADDRESS`"
            )
        return value

    @field_validator("spark_shared_folder", "spark_warehouse_folder", "spark_local_folder")
    @classmethod
    def _folder_is_whole(cls, value: str | None) -> str | None:
        if value is not None and not Path(value).is_absolute():
            raise ValueError(
                "it must begin with `/`, or be null: machines look it up from the root"
            )
        return value

    @field_validator("spark_options")
    @classmethod
    def _options_are_sparks(cls, value: dict[str, Any]) -> dict[str, Any]:
        for key in value:
            if not re.fullmatch(r"spark\.[A-Za-z0-9_.-]+", key):
                raise ValueError(f"`{key}` is no setting of Spark: they begin with `spark.`")
            if key in SPARK_OWN:
                raise ValueError(f"`{key}` is set here: {SPARK_OWN[key]}")
            if re.search("secret|password|token|access[.]?key", key, re.IGNORECASE):
                raise ValueError(f"`{key}` is a secret: it belongs into spark-defaults.conf")
        return value


@dataclass(frozen=True)
class SparkSettings:
    """Where Spark runs and what it may take; ``config/config.yaml`` says what each means.

    Attributes
    ----------
    master
        Address of the cluster's master, or ``local[N]``.
    driver_memory_mb, executor_memory_mb
        Heap of the process that plans, and of each that computes, in MiB.
    shared_folder
        For intermediate tables; every machine sees it under this path.
    warehouse_folder
        Spark's warehouse; None: in the shared folder.
    local_folder
        Scratch of each machine; None: as the cluster or Spark has it.
    options
        Further settings of Spark.
    """

    master: str
    driver_memory_mb: int
    executor_memory_mb: int
    shared_folder: Path
    warehouse_folder: Path | None = None
    local_folder: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Tell whether all of it runs on this machine, within one process."""
        return self.master.startswith("local")


def check_spark() -> None:
    """See that Spark can start here.

    Raises
    ------
    UserError
        Kind ``config``, where PySpark or Java is missing.
    """
    if find_spec("pyspark") is None:
        raise UserError(
            "`engine: spark` needs PySpark, which is not installed",
            where="the Python that runs the workflow",
            try_this="install the extra `trdanalysis[spark]`, or set `engine: duckdb`",
            kind="config",
        )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").is_file()):
        raise UserError(
            "`engine: spark` needs Java, and there is none",
            where="PATH and JAVA_HOME",
            try_this="apt-get install openjdk-17-jre-headless, set JAVA_HOME,"
            " or set `engine: duckdb`",
            kind="config",
        )


def render_engine_settings(settings: EngineSettings, restricted: Path) -> str:
    """Give the content of the file that says which engine runs the rows and what it may take.

    Parameters
    ----------
    restricted
        Where intermediate tables go if no folder is named: what Spark reads and writes is there
        anyway.
    """
    dumped = settings.model_dump(mode="json")
    told = {key: dumped[key] for key in dumped if key == "engine" or key.startswith("spark_")}
    if told["spark_shared_folder"] is None:
        told["spark_shared_folder"] = str(restricted / "spark")
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def read_spark_settings(path: Path) -> SparkSettings | None:
    """Read what :func:`render_engine_settings` gave; None where the engine is DuckDB."""
    told = _read(path)
    if told["engine"] != "spark":
        return None
    folders = {
        name: told[f"spark_{name}"] and Path(told[f"spark_{name}"])
        for name in ("shared_folder", "warehouse_folder", "local_folder")
    }
    return SparkSettings(
        master=told["spark_master"],
        driver_memory_mb=told["spark_driver_memory_mb"],
        executor_memory_mb=told["spark_executor_memory_mb"],
        options={key: _as_sparks(value) for key, value in told["spark_options"].items()},
        **folders,
    )


def _as_sparks(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        raise UserError(
            "the file that says what runs the rows is missing or damaged",
            where=str(path),
            try_this="run `snakemake --cores 1`, which writes it from config/config.yaml",
            kind="config",
        ) from None
    return told
