"""OMOP tables on a PostgreSQL server.

Where the server is and who asks stands in the environment alone (``PGHOST``, ``PGPORT``,
``PGDATABASE``, ``PGUSER``, ``PGPASSWORD`` or ``PGPASSFILE``). What the server answers in an error
may repeat it, or a value, so no message of the server is passed on.
"""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.omop.source import Only, check_columns
from trdanalysis.readers.text_tables import LINE

#: Rows fetched at once.
_BATCH_ROWS = 50_000


class PostgresSource:
    """Tables of one schema of a PostgreSQL server, in one transaction that only reads.

    Rows are chosen by the server, and only the columns that the reader uses leave it. The line of a
    row is its place in the order of the table's id, counted as in a file: 2 first.

    Parameters
    ----------
    engine
        Keeps what was read.
    schema
        Schema of the tables.
    """

    def __init__(self, engine: Engine, schema: str) -> None:
        self._engine = engine
        self._schema = schema
        psycopg = _psycopg()
        self._sql = psycopg.sql
        self._error = psycopg.Error
        try:
            self._connection = psycopg.connect()
            self._connection.read_only = True
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        except psycopg.Error:
            raise UserError(
                "the PostgreSQL server cannot be reached, or refuses the user",
                where="the server that PGHOST, PGPORT and PGDATABASE name",
                try_this="check these variables, PGUSER, and PGPASSWORD or PGPASSFILE, with `psql`",
            ) from None
        self._columns: dict[str, dict[str, str]] = {}
        for table, column in self._fetch(
            self._sql.SQL(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = %s ORDER BY table_name, ordinal_position"
            ),
            [schema],
        ):
            self._columns.setdefault(table, {})[column.lower()] = column
        self._names = {name.lower(): name for name in self._columns}

    def tables(self) -> frozenset[str]:
        """Names of the tables and views of the schema that the user may see."""
        return frozenset(self._names)

    def columns(self, table: str) -> frozenset[str]:
        """Names of a table's columns."""
        return frozenset(self._columns[self._names[table]])

    def read(self, table: str, columns: tuple[str, ...], only: Only | None = None) -> ir.Table:
        """Give some of a table's columns and rows."""
        check_columns(table, self.columns(table), columns, only)
        sql = self._sql
        known = self._columns[self._names[table]]
        cells = [
            sql.SQL("nullif(btrim({}::text), '')").format(sql.Identifier(known[name]))
            if name in known
            else sql.SQL("NULL::text")
            for name in columns
        ]
        order = sql.Identifier(known.get(f"{table}_id", next(iter(known.values()))))
        where, values = sql.SQL(""), []
        if only is not None:
            kind = "numeric" if only.ids else "text"
            where = sql.SQL(f" WHERE {{}}::{kind} = ANY(%s::{kind}[])").format(
                sql.Identifier(known[only.column])
            )
            values = [list(only.values)]
        query = sql.SQL("SELECT {cells}, {line} FROM ({numbered}) AS rows{where}").format(
            cells=sql.SQL(", ").join(cells),
            line=sql.Identifier(LINE),
            numbered=sql.SQL("SELECT *, row_number() OVER (ORDER BY {}) + 1 AS {} FROM {}").format(
                order, sql.Identifier(LINE), self._table(table)
            ),
            where=where,
        )
        schema = pa.schema([*((name, pa.string()) for name in columns), (LINE, pa.int64())])
        return self._engine.from_memory(self._fetch_table(query, values, schema))

    def count(self, table: str, without_concept: str | None = None) -> int:
        """Count rows."""
        sql = self._sql
        query = sql.SQL("SELECT count(*) FROM {}").format(self._table(table))
        if without_concept is not None:
            column = self._columns[self._names[table]][without_concept]
            query = query + sql.SQL(" WHERE coalesce({}::numeric, 0) = 0").format(
                sql.Identifier(column)
            )
        return int(self._fetch(query, [])[0][0])

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _table(self, table: str) -> Any:
        return self._sql.Identifier(self._schema, self._names[table])

    def _fetch(self, query: Any, values: list[Any]) -> list[tuple[Any, ...]]:
        try:
            with self._connection.cursor() as cursor:
                return list(cursor.execute(query, values).fetchall())
        except self._error as error:
            raise _failed(error) from None

    def _fetch_table(self, query: Any, values: list[Any], schema: pa.Schema) -> pa.Table:
        parts = [schema.empty_table()]
        try:
            with self._connection.cursor(name="trdanalysis") as cursor:
                cursor.execute(query, values)
                while rows := cursor.fetchmany(_BATCH_ROWS):
                    arrays = [
                        pa.array(column, field.type)
                        for column, field in zip(zip(*rows, strict=True), schema, strict=True)
                    ]
                    parts.append(pa.Table.from_arrays(arrays, schema=schema))
        except self._error as error:
            raise _failed(error) from None
        return pa.concat_tables(parts)


def _failed(error: Any) -> UserError:
    code = getattr(error, "sqlstate", None)
    return UserError(
        "the PostgreSQL server could not answer",
        where=f"SQLSTATE {code}" if code else "the connection",
        try_this="check that the user may read every table of the schema",
    )


def _psycopg() -> Any:
    try:
        import psycopg
        import psycopg.sql
    except ImportError:
        raise UserError(
            "reading PostgreSQL needs the package psycopg, which is not installed",
            where="`kind: postgresql` in the mapping",
            try_this="pip install 'trdanalysis[postgres]', or read files or a DuckDB file instead",
            kind="config",
        ) from None
    return psycopg
