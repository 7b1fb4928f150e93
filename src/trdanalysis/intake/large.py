"""Take in a drop of more rows than memory holds: part of its patients after part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.intake.findings import COLUMNS
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.take_in import QUARANTINE_ORDER, Known, check_raw, take_in_rows
from trdanalysis.intake.whole import (
    WORD_COLUMNS,
    add_cells,
    add_summaries,
    check_types,
    column_findings,
    name_unrecognised,
    odd_columns,
    put_together,
)
from trdanalysis.parts import Part, SortedFile, lay_out, stack

_FINDINGS = ibis.schema({name: "int64" if name == "line" else "string" for name in COLUMNS})
_QUARANTINE = ibis.schema(
    {name: "int64" if name == "line" else "string" for name in QUARANTINE_ORDER}
)


@dataclass(frozen=True)
class LargeIntake:
    """What became of a drop whose accepted rows went to files part by part.

    ``findings`` and ``quarantine`` are not sorted; the rest is as of
    :class:`trdanalysis.intake.take_in.Intake`.
    """

    findings: ir.Table
    quarantine: ir.Table
    unrecognised: pd.DataFrame
    summary: dict[str, dict[str, int]]
    columns: dict[str, dict[str, list[str]]]


def take_in_parts(
    engine: Engine,
    raw: dict[str, ir.Table],
    reference: Reference,
    parts: Sequence[Part],
    files: Mapping[str, SortedFile],
    *,
    namespace: str = "",
    known: Known | None = None,
) -> LargeIntake:
    """Do as :func:`trdanalysis.intake.take_in.take_in`, for a part of the patients at a time.

    Parameters
    ----------
    engine, raw, reference, namespace, known
        As there.
    parts
        Of the patients, in order; see :func:`trdanalysis.parts.divide`.
    files
        By the names of :data:`trdanalysis.layout.POOLED`: where accepted rows go.

    Raises
    ------
    UserError
        As there; what was added to ``files`` is then to be left.
    """
    check_raw(raw)
    laid_out = {name: lay_out(engine, table, parts) for name, table in raw.items()}
    findings = [as_findings(engine, column_findings(raw))]
    quarantine: list[ir.Table] = []
    cells, summaries, words = [], [], []
    for place, part in enumerate(parts):
        with engine.passing():
            taken = take_in_rows(
                engine,
                {name: laid_out[name][place] for name in TABLES if name in raw},
                reference,
                namespace=namespace,
                known=known and Known(part.of(known.patients), part.of(known.trials)),
            )
            for name, table in taken.accepted.items():
                files[name].add(table)
            files["quarantined_trials"].add(taken.quarantined_trials)
        findings.append(as_findings(engine, taken.findings))
        quarantine.append(_as_table(engine, taken.quarantine, _QUARANTINE))
        cells.append(taken.cells)
        summaries.append(taken.summary)
        words.append(taken.words)
    check_types(add_cells(cells))
    return LargeIntake(
        findings=stack(findings),
        quarantine=stack(quarantine),
        unrecognised=name_unrecognised(put_together(words, list(WORD_COLUMNS)), reference),
        summary=add_summaries(summaries),
        columns=odd_columns(raw),
    )


def as_findings(engine: Engine, frame: pd.DataFrame) -> ir.Table:
    """Keep findings outside of memory, as rows of ``findings.csv``."""
    return _as_table(engine, frame, _FINDINGS)


def _as_table(engine: Engine, frame: pd.DataFrame, schema: ibis.Schema) -> ir.Table:
    """Keep a frame of findings outside of memory."""
    typed = pa.Table.from_pandas(frame[list(schema)], preserve_index=False)
    kept = engine.from_memory(typed.cast(schema.to_pyarrow()))
    out = engine.keep_in_file(kept)
    engine.drop_kept(kept)
    return out
