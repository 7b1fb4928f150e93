"""Read a REDCap export as its mapping says, and account for every row of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import NO, TABLES, YES
from trdanalysis.engine import Engine
from trdanalysis.readers.door import check_named_file
from trdanalysis.readers.flat import check_named_columns
from trdanalysis.readers.frames import Cells, as_frame, as_table, cells_of, read_frame
from trdanalysis.readers.keys import read_settings_key
from trdanalysis.readers.raw_drop import FINDING_COLUMNS, RawDrop, no_reader_findings
from trdanalysis.readers.recipes import derive_rows, filter_rows, put_together
from trdanalysis.readers.redcap.mapping import ROW_NAME, RedcapMapping, read_redcap_mapping
from trdanalysis.readers.redcap.rows import (
    EVENT_NOT_TAKEN,
    INSTRUMENT_NOT_TAKEN,
    LEFT_OUT_BY_WHERE,
    NO_RECORD,
    NOTHING_FILLED,
    Export,
    check_selection,
    derive_boxes,
    mark_rows,
    name_rows,
    read_export,
    why_not_taken,
)
from trdanalysis.readers.relative import People, derive_relative
from trdanalysis.readers.text_tables import LINE

#: Every reason why a row is not taken, and how it is told.
REASONS = {
    EVENT_NOT_TAKEN: "of events or arms not taken",
    INSTRUMENT_NOT_TAKEN: "of instruments not taken",
    LEFT_OUT_BY_WHERE: "left out by `where`",
    NOTHING_FILLED: "with nothing filled in",
    NO_RECORD: "without a record",
}
_KEPT_OUT = "kept_out"
_BOXES_ASSUMED = (
    "A box that is not ticked means no where its form was marked complete; otherwise it says"
    " nothing."
)


def read_redcap_drop(engine: Engine, folder: Path, mapping_path: Path) -> RawDrop:
    """Read a REDCap drop.

    Parameters
    ----------
    engine
        Keeps the tables.
    folder
        The drop's folder, in which the export lies.
    mapping_path
        The mapping; docs/readers-redcap.md describes it.

    Returns
    -------
    RawDrop
        Raw tables by the contract's name, text columns (null: unknown) and ``line``, that of the
        first row of the export behind a row; findings: a line for each row that no set of rows
        takes, with the reason; an account: rows taken and not, rows by event and by instrument,
        and what boxes said.

    Raises
    ------
    UserError
        Where the mapping cannot be used, or names a column, event or instrument that the export
        lacks (kind ``config``); the file cannot be read; the site's key is missing.
    """
    mapping = read_redcap_mapping(mapping_path)
    file = mapping.file
    keyed = file.dates is not None and file.dates.origin == "keyed"
    key = read_settings_key(file, mapping_path, keyed=keyed)
    engine.encrypt_spill()
    frame = read_frame(
        engine,
        check_named_file(folder, file.file),
        delimiter=file.delimiter,
        encoding=file.encoding,
        sheet=file.sheet,
        repeated=True,
    )
    known = [name for name in frame.columns if name != LINE]
    check_named_columns(known, mapping.source_columns(), file.file, mapping_path)
    export = read_export(_without_missing(frame, file.missing), file.patient)
    for selection in mapping.selections.values():
        check_selection(export, selection, str(mapping_path))
    marks = {name: mark_rows(export, one) for name, one in mapping.selections.items()}
    said = {name: derive_boxes(export, one, file.missing) for name, one in mapping.boxes.items()}
    source = _as_source(engine, frame, mapping, {**marks, **said, ROW_NAME: name_rows(export)})
    people = People(file.patient, file.hash_identifiers, key)
    source = derive_relative(engine, source, people, file.dates, file.missing)
    parts: dict[str, list[ir.Table]] = {}
    taken: set[int] = set()
    for recipe in mapping.rows:
        parts.setdefault(recipe.table, []).append(derive_rows(source, recipe, file.missing))
        lines = filter_rows(source, recipe, file.missing).select(LINE).to_pyarrow()
        taken |= set(lines.column(LINE).to_pylist())
    tables = {name: put_together(engine, parts[name], name) for name in TABLES if name in parts}
    reasons = why_not_taken(export, file.patient, marks, mapping.selections)
    findings, account = _account(export, file.file, taken, reasons, mapping, marks, said)
    assumptions = [*mapping.assumptions, *([_BOXES_ASSUMED] if mapping.boxes else [])]
    return RawDrop(tables, assumptions, findings, account)


def _without_missing(frame: pd.DataFrame, missing: tuple[str, ...]) -> pd.DataFrame:
    """Give the frame with codes for "not recorded" made empty."""
    if not missing:
        return frame
    columns = {
        name: [None if cell in missing else cell for cell in cells_of(frame, name)]
        for name in frame.columns
        if name != LINE
    }
    return as_frame(columns, list(frame[LINE]))


def _as_source(
    engine: Engine, frame: pd.DataFrame, mapping: RedcapMapping, made: dict[str, Cells]
) -> ir.Table:
    """Bring the columns that are needed into the engine, with those that were made."""
    needed = mapping.source_columns()
    whole = as_frame(
        {**{name: cells_of(frame, name) for name in needed}, **made}, list(frame[LINE])
    )
    return as_table(engine, whole, [*needed, *made])


def _account(
    export: Export,
    file: str,
    taken: set[int],
    reasons: list[str],
    mapping: RedcapMapping,
    marks: dict[str, Cells],
    said: dict[str, Cells],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Account for every row: taken, or left out for a reason."""
    lines = [int(line) for line in export.frame[LINE]]
    left = [(line, why) for line, why in zip(lines, reasons, strict=True) if line not in taken]
    counts = Counter(why for _, why in left)
    used = len(lines) - len(left)
    told = [f"{counts[why]} {words}" for why, words in REASONS.items() if counts[why]]
    rows = [(file, "", line, why, _KEPT_OUT) for line, why in left]
    findings = pd.DataFrame(rows, columns=list(FINDING_COLUMNS)) if rows else no_reader_findings()
    account = {
        "rows": len(lines),
        "taken": used,
        "not_taken": {why: counts[why] for why in REASONS},
        "events": _count(export.events),
        "instruments": _count(export.instruments),
        "boxes": _count_boxes(mapping, marks, said),
        "notes": [f"{file}: {len(lines)} rows = " + " + ".join([f"{used} taken", *told])],
    }
    return findings, account


def _count(cells: Cells) -> dict[str, int]:
    counts = Counter(cell if cell is not None else "" for cell in cells)
    return dict(sorted(counts.items()))


def _count_boxes(
    mapping: RedcapMapping, marks: dict[str, Cells], said: dict[str, Cells]
) -> dict[str, dict[str, int]]:
    """Count what each group of boxes says, over the rows of the events and instruments it is of."""
    found = {}
    for name, cells in said.items():
        of = [marks[marker] for marker in mapping.taken_with[name]]
        counts = Counter(
            cell for row, cell in enumerate(cells) if any(one[row] is not None for one in of)
        )
        known = counts[YES] + counts[NO]
        found[", ".join(mapping.boxes[name].checkbox)] = {
            "yes": counts[YES],
            "no": counts[NO],
            "unknown": counts.total() - known,
        }
    return found
