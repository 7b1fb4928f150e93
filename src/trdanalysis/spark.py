"""Spark as the engine: the same expressions on a cluster, the same bytes at the end.

Every intermediate table is written to a folder that all machines share, and read from there: what a
machine that dies had computed is computed again by others, from files. The end of a step is one
sorted file, which DuckDB writes from what Spark computed, as it does without Spark.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.engine_settings import SparkSettings, check_spark
from trdanalysis.errors import UserError
from trdanalysis.files import is_alive

log = logging.getLogger("trdanalysis")

#: How long to wait for a cluster to give a first worker process, in seconds: a queue may be long,
#: and a run that nobody will serve must end.
_WAIT_SECONDS = 600
_PREFIX = "trdanalysis-spark-"

#: Nothing of Spark's own log is shown: its messages may quote cells.
_LOG_OFF = """\
status = error
rootLogger.level = off
rootLogger.appenderRef.none.ref = none
appender.none.type = Null
appender.none.name = none
"""

#: What Spark says where memory, disk or machines ran out.
_RAN_OUT = ("OutOfMemory", "No space left", "ExecutorLost", "exceeding memory limits", "OOMKilled")


class SparkEngine(Engine):
    """A session of Spark, and one of DuckDB that writes what it computed.

    Parameters
    ----------
    settings
        Where Spark runs and what it may take.
    memory_limit_mb, threads, spill_folder, spill_limit_mb
        Of DuckDB, which sorts and writes; see :class:`trdanalysis.engine.Engine`.

    Raises
    ------
    UserError
        Kind ``config``, where Spark cannot start or its master does not answer; kind ``output``,
        where the shared folder cannot be written; kind ``resources``, where no worker comes.
    """

    #: Spark divides rows among machines by itself.
    works_in_parts = False

    def __init__(
        self,
        settings: SparkSettings,
        memory_limit_mb: int = 2000,
        threads: int = 2,
        spill_folder: Path | None = None,
        spill_limit_mb: int | None = None,
    ) -> None:
        check_spark()
        from trdanalysis.spark_backend import connect

        self._settings = settings
        self._folder = _make_folder(settings.shared_folder)
        super().__init__(memory_limit_mb, threads, spill_folder, spill_limit_mb)
        try:
            self._session = _start(settings, self._folder)
            self._spark = connect(self._session)
            if not settings.is_local:
                _await_workers(self._session)
        except BaseException:
            self._close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End both sessions; tell an error of Spark without what it says, which may quote cells."""
        from py4j.protocol import Py4JError, Py4JNetworkError
        from pyspark.errors import PySparkException

        of_spark = isinstance(error, (PySparkException, Py4JError, ConnectionError))
        # Asked for while there is a Java process to ask.
        said, condition = "", None
        with suppress(Exception):
            said = str(error) if of_spark else ""
            condition = error.getCondition() if isinstance(error, PySparkException) else None
        self._close()
        super().__exit__(kind, error, trace)
        if not of_spark:
            return
        ended = isinstance(error, (Py4JNetworkError, ConnectionError))
        if ended or any(word in said for word in _RAN_OUT):
            raise UserError(
                "Spark ran out of memory, of disk or of machines",
                where=f"master {self._settings.master}",
                try_this="give it more: `spark_executor_memory_mb`, `spark_driver_memory_mb`, room"
                " in `spark_local_folder` and `spark_shared_folder`; see the executors' logs",
                kind="resources",
            ) from None
        raise RuntimeError(
            f"Spark refused a query: {type(error).__name__}, {condition or 'see the executors'}"
        ) from None

    def _close(self) -> None:
        session = getattr(self, "_session", None)
        if session is not None:
            # One that is broken already need not end well.
            with suppress(Exception):
                session.stop()
            _end_gateway()
        shutil.rmtree(self._folder, ignore_errors=True)

    def query_progress(self) -> float:
        """Give nothing: stages of Spark come and go, and how many follow nobody knows."""
        return -1.0

    def read_parquet(self, *paths: Path) -> ir.Table:
        """Read Parquet files of one layout as one table; every machine must see them."""
        frame = self._session.read.parquet(*(_as_pattern(path) for path in paths))
        return self._named(frame, "read")

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute a table once, and keep it in the shared folder."""
        frame = self._compute(table)
        self._kept += 1
        folder = self._folder / f"kept_{self._kept}"
        frame.write.parquet(_place(folder))
        again = self._session.read.schema(frame.schema).parquet(_as_pattern(folder))
        return self._named(again, "kept")

    def keep_in_file(self, table: ir.Table) -> ir.Table:
        """Do as :meth:`keep`: everything that is kept lies in files."""
        return self.keep(table)

    def write_csv(self, table: ir.Table, path: Path, order_by: Sequence[Any]) -> None:
        """Write a sorted table as text, row by row; DuckDB sorts what Spark computed."""
        self._kept += 1
        folder = self._folder / f"written_{self._kept}"
        self._compute(table).write.parquet(_place(folder))
        parts = sorted(folder.glob("part-*.parquet"))
        computed = Engine.read_parquet(self, *parts).cast(dict(table.schema().items()))
        super().write_csv(computed, path, order_by)
        shutil.rmtree(folder, ignore_errors=True)

    def drop_kept(self, *tables: ir.Table) -> None:
        """Remove tables that :meth:`keep` made."""
        for table in tables:
            name = table.op().name
            self._session.catalog.dropTempView(name)
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def from_memory(self, table: Any) -> ir.Table:
        """Bring a small in-memory table (Arrow or pandas) into the session."""
        if isinstance(table, pd.DataFrame):
            table = pa.Table.from_pandas(table, preserve_index=False)
        from trdanalysis.spark_backend import plain

        return self._named(self._session.createDataFrame(plain(table)), "brought")

    def write_parquet(self, table: ir.Table, path: Path, order_by: list[str]) -> None:
        """Write a table as :class:`trdanalysis.engine.Engine` does: the same rows, the same bytes.

        Spark leaves parts in the shared folder; DuckDB sorts them into one file.
        """
        self._kept += 1
        folder = self._folder / f"written_{self._kept}"
        self._compute(table).write.parquet(_place(folder))
        parts = sorted(folder.glob("part-*.parquet"))
        computed = Engine.read_parquet(self, *parts).cast(dict(table.schema().items()))
        super().write_parquet(computed, path, order_by)
        shutil.rmtree(folder, ignore_errors=True)

    def _compute(self, table: ir.Table) -> Any:
        """Give a table as a frame of Spark, every column of a type that Parquet knows."""
        unknown = {name: "string" for name, kind in table.schema().items() if kind.is_null()}
        table = table.cast(unknown) if unknown else table
        self._spark._run_pre_execute_hooks(table)
        return self._spark.raw_sql(self._spark.compile(table))

    def _named(self, frame: Any, word: str) -> ir.Table:
        if word != "kept":
            self._kept += 1
        name = f"{word}_{self._kept}"
        frame.createOrReplaceTempView(name)
        return self._spark.table(name)


def _place(path: Path) -> str:
    """Give a path as Spark takes it; the cluster's own file system may be another."""
    return f"file://{path.absolute()}"


def _as_pattern(path: Path) -> str:
    """Give a path to read from: Spark takes one for a pattern."""
    return re.sub(r"([][{}*?\\])", r"\\\1", _place(path))


def _make_folder(shared: Path) -> Path:
    """Make a folder for this session; remove those of sessions here that were killed."""
    here = "".join(letter if letter.isalnum() else "-" for letter in socket.gethostname())
    try:
        shared.mkdir(parents=True, exist_ok=True)
        for left in shared.glob(f"{_PREFIX}{here}.*.*"):
            owner = left.name.rsplit(".", 2)[1]
            if owner.isdecimal() and not is_alive(int(owner)):
                shutil.rmtree(left, ignore_errors=True)
        made = tempfile.mkdtemp(prefix=f"{_PREFIX}{here}.{os.getpid()}.", dir=shared.absolute())
    except OSError as error:
        raise UserError(
            f"the folder that Spark's machines share cannot be written: {error.strerror}",
            where=str(shared),
            try_this="set `spark_shared_folder` to a folder that every machine can write",
            kind="output",
        ) from None
    return Path(made)


def _conf(settings: SparkSettings, folder: Path) -> dict[str, str]:
    """Give Spark's settings; those of the site come last and win where they may."""
    log = folder / "log4j2.properties"
    log.write_text(_LOG_OFF, encoding="utf-8")
    # One machine talks to itself alone.
    at_home = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return {
        **(at_home if settings.is_local else {}),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # What spills and what is shuffled is rows of patients: no readable form on any disk.
        "spark.io.encryption.enabled": "true",
        "spark.driver.maxResultSize": "0",
        **settings.options,
        "spark.driver.memory": f"{settings.driver_memory_mb}m",
        "spark.executor.memory": f"{settings.executor_memory_mb}m",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log.as_uri()}",
        "spark.sql.warehouse.dir": _place(settings.warehouse_folder or folder / "warehouse"),
        **({"spark.local.dir": str(settings.local_folder)} if settings.local_folder else {}),
        "spark.sql.session.timeZone": "UTC",
    }


def _start(settings: SparkSettings, folder: Path) -> Any:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # PySpark 4 says at each start that it does not know pandas 3; no way leads through it here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)

    builder = SparkSession.builder.master(settings.master).appName("trdanalysis")
    for key, value in _conf(settings, folder).items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError, OSError):
        _end_gateway()
        raise UserError(
            "Spark did not start, or its master does not answer",
            where=f"`spark_master` is {settings.master}",
            expected="a master that runs and can be reached from here, of the same version of Spark"
            ", and Java 17 or later",
            try_this="see docs/cluster.md; `spark_master: local[2]` needs no cluster",
            kind="config",
        ) from None


def _end_gateway() -> None:
    """End the Java process too: a later session may be told other memory."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is None:
        return
    process = getattr(gateway, "proc", None)
    gateway.shutdown()
    if process is not None:
        process.stdin.close()
        process.wait()
    SparkContext._gateway = SparkContext._jvm = None


def _await_workers(session: Any) -> None:
    """Wait until a machine of the cluster takes part."""
    started = time.monotonic()
    told = False
    while session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 2:
        waited = time.monotonic() - started
        if waited > _WAIT_SECONDS:
            raise UserError(
                f"the cluster gave no worker within {_WAIT_SECONDS // 60} minutes",
                where=f"master {session.sparkContext.master}",
                expected="a worker with `spark_executor_memory_mb` of memory free",
                try_this="see that workers run and that none offers less; or ask for less",
                kind="resources",
            )
        if waited > 10 and not told:
            log.info("  waiting for a worker of the cluster")
            told = True
        time.sleep(0.2)
