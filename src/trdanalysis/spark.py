"""Spark as the engine: the same expressions on a cluster, the same bytes at the end.

Every intermediate table is written to a folder that all machines share, and read from there: what a
machine that dies had computed is computed again by others, from files. The end of a step is one
sorted file, which DuckDB writes from what Spark computed, as it does without Spark.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import time
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
    memory_limit_mb, threads
        Of DuckDB, which sorts and writes; see :class:`trdanalysis.engine.Engine`.

    Raises
    ------
    UserError
        Kind ``config``, where Spark cannot start or its master does not answer; kind ``output``,
        where the shared folder cannot be written; kind ``resources``, where no worker comes.
    """

    def __init__(
        self, settings: SparkSettings, memory_limit_mb: int = 2000, threads: int = 2
    ) -> None:
        check_spark()
        self._settings = settings
        self._folder = _make_folder(settings.shared_folder)
        super().__init__(memory_limit_mb, threads)
        try:
            self._session = _start(settings, self._folder)
            self._spark = _connect(self._session)
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
        self._close()
        super().__exit__(kind, error, trace)
        from py4j.protocol import Py4JError, Py4JNetworkError
        from pyspark.errors import PySparkException

        if not isinstance(error, (PySparkException, Py4JError, ConnectionError)):
            return
        said = str(error)
        ended = isinstance(error, (Py4JNetworkError, ConnectionError))
        if ended or any(word in said for word in _RAN_OUT):
            raise UserError(
                "Spark ran out of memory, of disk or of machines",
                where=f"master {self._settings.master}",
                try_this="give it more: `spark_executor_memory_mb`, `spark_driver_memory_mb`, room"
                " in `spark_local_folder` and `spark_shared_folder`; see the executors' logs",
                kind="resources",
            ) from None
        condition = getattr(error, "getCondition", lambda: None)()
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
        frame = _reader(self._session).parquet(*(_place(path) for path in paths))
        return self._named(frame, "read")

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute a table once, and keep it in the shared folder."""
        frame = self._compute(table)
        self._kept += 1
        folder = self._folder / f"kept_{self._kept}"
        frame.write.parquet(_place(folder))
        again = _reader(self._session).schema(frame.schema).parquet(_place(folder))
        return self._named(again, "kept")

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
        self._kept += 1
        return self._named(self._session.createDataFrame(_plain(table)), "brought")

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


def _reader(session: Any) -> Any:
    # Folders may be called anything: no character of a path is a pattern.
    return session.read.option("__globbing_enabled__", "false")


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
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log}",
        "spark.sql.warehouse.dir": _place(settings.warehouse_folder or folder / "warehouse"),
        **({"spark.local.dir": str(settings.local_folder)} if settings.local_folder else {}),
        "spark.sql.session.timeZone": "UTC",
    }


def _start(settings: SparkSettings, folder: Path) -> Any:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

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
            try_this="see docs/spark.md; `spark_master: local[2]` needs no cluster",
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


def _connect(session: Any) -> Any:
    """Connect Ibis to a session, tables coming and going as Arrow: pandas has no whole nulls."""
    from ibis.backends.pyspark import Backend

    class ArrowBackend(Backend):
        """Ibis' own, without the way through pandas."""

        def to_pyarrow(self, expr: ir.Expr, /, **options: Any) -> Any:
            table = expr.as_table()
            self._run_pre_execute_hooks(table)
            frame = self.raw_sql(self.compile(table, **options))
            fetched = frame.toArrow().cast(table.schema().to_pyarrow())
            return expr.__pyarrow_result__(fetched)

        def _register_in_memory_table(self, op: Any) -> None:
            data = op.data.to_pyarrow(op.schema)
            self._session.createDataFrame(_plain(data)).createOrReplaceTempView(op.name)

    ArrowBackend.register_options()
    backend = ArrowBackend()
    backend.do_connect(session)
    return backend


def _plain(table: pa.Table) -> pa.Table:
    """Give columns the Arrow types that Spark takes."""
    return table.cast(
        pa.schema(
            [
                pa.field(
                    each.name, pa.string() if pa.types.is_large_string(each.type) else each.type
                )
                for each in table.schema
            ]
        )
    )
