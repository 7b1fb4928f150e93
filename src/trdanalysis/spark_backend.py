"""What Ibis' backend of Spark is told anew, so that it gives what DuckDB's gives.

Needs PySpark; only :mod:`trdanalysis.spark` imports it.
"""

from __future__ import annotations

from typing import Any

import ibis.backends.sql.compilers as compilers
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.pyspark import Backend


class _Compiler(compilers.PySparkCompiler):
    """Ibis' own, with counts that are never null."""

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:  # noqa: N802
        # Ibis 12 sums what is counted, which is null where all of it is, or where nothing is.
        return self.f.count(compilers.base.STAR) if where is None else self.f.count_if(where)


class _Backend(Backend):
    """Ibis' own, without the way through pandas, which has no whole numbers beside nulls."""

    compiler = _Compiler()

    def to_pyarrow(self, expr: ir.Expr, /, **options: Any) -> Any:
        """Fetch what an expression gives, in the types that Ibis says it has."""
        table = expr.as_table()
        self._run_pre_execute_hooks(table)
        frame = self.raw_sql(self.compile(table, **options))
        fetched = frame.toArrow().cast(table.schema().to_pyarrow())
        return expr.__pyarrow_result__(fetched)

    def _register_in_memory_table(self, op: Any) -> None:
        data = op.data.to_pyarrow(op.schema)
        self._session.createDataFrame(plain(data)).createOrReplaceTempView(op.name)


def connect(session: Any) -> Any:
    """Connect Ibis to a session of Spark."""
    _Backend.register_options()
    backend = _Backend()
    backend.do_connect(session)
    return backend


def plain(table: pa.Table) -> pa.Table:
    """Give columns the Arrow types that Spark takes."""
    fields = [
        pa.field(each.name, pa.string() if pa.types.is_large_string(each.type) else each.type)
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))
