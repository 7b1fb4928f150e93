"""OMOP tables on a real PostgreSQL server: rows as from files, and nothing told of the user."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.omop import (
    S50,
    S100,
    SERTRALINE,
    Cdm,
    as_version_6,
    exposure,
    make_cdm,
    on,
    read_cdm,
    rows_of,
    supplied,
    write_mapping,
)
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.read import read_omop_drop

psycopg = pytest.importorskip("psycopg")

PASSWORD = "only-for-this-test"
VARIABLES = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSERVICE")
SCHEMA = "cdm"
PLACE = {"kind": "postgresql", "file": None, "schema_name": SCHEMA}

STORY = make_cdm(
    [
        supplied(S50, 10, 28),
        supplied(S100, 38, 28),
        exposure(SERTRALINE, 200, 220),
        exposure(0, 3, 4),
        exposure(4711, 3, 4),
    ],
    condition_occurrence=[
        {"person_id": 1, "condition_concept_id": 4152280, "condition_start_date": on(2)}
    ],
    measurement=[
        {
            "person_id": 1,
            "measurement_concept_id": 3042932,
            "measurement_date": on(9),
            "value_as_number": 17.5,
        }
    ],
)


@dataclass(frozen=True)
class Server:
    """A server that listens on a socket in a folder, with a password."""

    folder: Path

    def environment(self) -> dict[str, str]:
        return {
            "PGHOST": str(self.folder),
            "PGPORT": "54329",
            "PGDATABASE": "postgres",
            "PGUSER": "reader",
            "PGPASSWORD": PASSWORD,
        }


def find_tools() -> Path | None:
    """Give the newest folder of PostgreSQL's programs; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    tools = find_tools()
    if tools is None:
        pytest.skip("PostgreSQL is not installed: scripts/install-system-packages.sh")
    # A socket's path is short; the server refuses to run as root.
    with tempfile.TemporaryDirectory(prefix="trd-pg-") as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            as_user = ["runuser", "-u", "postgres", "--"]
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)

        def run(program: str, *arguments: str) -> None:
            command = [*as_user, str(tools / program), *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120)

        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "reader", "-A", "scram-sha-256", "--no-sync",
            f"--pwfile={folder / 'password'}")  # fmt: skip
        options = f"-k {folder} -p 54329 -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield Server(folder)
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def load(cdm: Cdm) -> None:
    """Fill the schema anew; the tables have the types of the data model, as far as it matters."""
    with psycopg.connect() as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        for table, rows in cdm.items():
            frame = pd.DataFrame(rows)
            kinds = {name: _kind(name, frame[name]) for name in frame.columns}
            columns = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
            connection.execute(f"CREATE TABLE {SCHEMA}.{table} ({columns})")
            marks = ", ".join(["%s"] * len(kinds))
            for row in frame.astype(object).itertuples(index=False):
                cells = [None if pd.isna(cell) else cell for cell in row]
                connection.execute(f"INSERT INTO {SCHEMA}.{table} VALUES ({marks})", cells)


def _kind(name: str, cells: Any) -> str:
    if name.endswith("_date"):
        return "date"
    if name.endswith("_datetime"):
        return "timestamp"
    if pd.api.types.is_integer_dtype(cells):
        return "bigint"
    return "numeric" if pd.api.types.is_float_dtype(cells) else "text"


@pytest.mark.parametrize("version", ["5", "6"])
def test_a_server_gives_what_files_give(
    environment: Server, engine: Engine, tmp_path: Path, version: str
) -> None:
    cdm = STORY if version == "5" else as_version_6(STORY)
    load(cdm)
    (tmp_path / "files").mkdir()
    files = read_cdm(engine, tmp_path / "files", cdm)
    served = read_omop_drop(engine, tmp_path, write_mapping(tmp_path, database=PLACE))
    assert set(served.tables) == set(files.tables)
    for table in files.tables:
        columns = files.tables[table].columns
        assert served.tables[table].columns == columns
        assert rows_of(served, table, *columns) == rows_of(files, table, *columns), table
    assert served.account == files.account
    assert served.findings.equals(files.findings)


def test_what_is_wrong_is_told_without_credentials(
    environment: Server, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(STORY)
    mapping = write_mapping(tmp_path, database=PLACE)
    monkeypatch.setenv("PGPASSWORD", "another-secret")
    with pytest.raises(UserError) as caught:
        read_omop_drop(engine, tmp_path, mapping)
    told = str(caught.value)
    assert "cannot be reached" in told
    for secret in ("another-secret", PASSWORD, "reader", str(environment.folder)):
        assert secret not in told
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with psycopg.connect() as connection:
        connection.execute(f"ALTER TABLE {SCHEMA}.person RENAME TO people")
    with pytest.raises(UserError, match="missing: person"):
        read_omop_drop(engine, tmp_path, mapping)


def test_the_reader_cannot_write(environment: Server, engine: Engine) -> None:
    from trdanalysis.readers.omop.postgres import PostgresSource

    load(STORY)
    source = PostgresSource(engine, SCHEMA)
    with pytest.raises(UserError, match="could not answer"):
        source._fetch(f"DELETE FROM {SCHEMA}.person", [])
    source.close()
