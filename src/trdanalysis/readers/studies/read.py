"""Read a study of several files as its mapping says, and account for the rows of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import TABLES
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.dates import derive_day_of_study_day
from trdanalysis.readers.door import check_named_file
from trdanalysis.readers.flat import check_named_columns
from trdanalysis.readers.frames import Cells, as_table, cells_of, read_frame
from trdanalysis.readers.keys import read_settings_key
from trdanalysis.readers.raw_drop import RawDrop
from trdanalysis.readers.recipes import derive_rows, filter_rows, put_together
from trdanalysis.readers.relative import Dates, OriginColumn, People, derive_relative
from trdanalysis.readers.studies.joins import Joined, bring, supplement, with_columns
from trdanalysis.readers.studies.mapping import (
    ANSWERED,
    SCORE,
    Join,
    Kind,
    Origin,
    Source,
    StudyMapping,
    read_study_mapping,
)
from trdanalysis.readers.studies.scores import derive_scores, scored_lines
from trdanalysis.readers.text_tables import LINE

#: Source column with the date of day 0, brought from where the mapping says; no file has its name.
_ORIGIN = "\x1forigin"

Frames = dict[str, pd.DataFrame]


def read_study_drop(engine: Engine, folder: Path, mapping_path: Path, kind: Kind) -> RawDrop:
    """Read a drop of the readers ``sdtm`` and ``nda``.

    Parameters
    ----------
    engine
        Keeps the tables.
    folder
        The drop's folder, in which the files lie.
    mapping_path
        The mapping; docs/readers-sdtm.md and docs/readers-nda.md describe it.
    kind
        NIMH Data Archive files have tabs and a second header row of descriptions.

    Returns
    -------
    RawDrop
        Raw tables by the contract's name, text columns (null: unknown) and ``line``, that of the
        first row of its source behind a row; an account of every source: rows, those taken, those
        left out by `where`, by what no score asks for, or without a patient; how joins went.

    Raises
    ------
    UserError
        Where the mapping cannot be used or names a column that a file lacks (kind ``config``), a
        file cannot be read, or the site's key is missing.
    """
    mapping = read_study_mapping(mapping_path, kind)
    key = read_settings_key(mapping.keys, mapping_path, keyed=mapping.origin == "keyed")
    engine.encrypt_spill()
    account: dict[str, dict[str, Any]] = {name: {} for name in mapping.sources}
    frames = {
        name: _read_source(engine, folder, mapping, source, account[name])
        for name, source in mapping.sources.items()
    }
    frames = _join_all(frames, mapping, mapping_path, account)
    frames = {
        name: _as_days(engine, frame, mapping, mapping.sources[name], key)
        for name, frame in frames.items()
    }
    for name, score in mapping.scores.items():
        frames[name] = derive_scores(frames[score.source], score)
    tables, taken = _make_rows(engine, frames, mapping, mapping_path)
    notes = [
        _tell(name, frames[name], mapping, taken.get(name, set()), account[name])
        for name in mapping.sources
    ]
    scores = {
        name: {"totals": len(frames[name]), "unknown": _count_unknown(frames[name])}
        for name in mapping.scores
    }
    notes += [f"score {name}: {one['totals']} totals, {one['unknown']} of them unknown"
              for name, one in scores.items()]  # fmt: skip
    about = {"sources": account, "scores": scores, "notes": notes}
    return RawDrop(tables, list(mapping.assumptions), account=about)


def _read_source(
    engine: Engine, folder: Path, mapping: StudyMapping, source: Source, account: dict[str, Any]
) -> pd.DataFrame:
    """Read one file: text, codes for "empty" made None, study days made days."""
    frame = _read_file(engine, folder, mapping, source, source.file)
    if source.supplement is not None:
        other = _read_file(engine, folder, mapping, source, source.supplement)
        frame, told = supplement(frame, other, source.supplement)
        account["supplement"] = {
            "qualifiers": len(other), "not_used": told.unused, "several_values": told.several,
        }  # fmt: skip
    columns: dict[str, Cells] = {}
    for name in frame.columns:
        if name == LINE:
            continue
        empty = {*mapping.missing, *source.missing.get(name, ())}
        cells = [None if cell in empty else cell for cell in cells_of(frame, name)]
        is_study_day = name in source.study_days
        columns[name] = [derive_day_of_study_day(cell) for cell in cells] if is_study_day else cells
    return with_columns(frame, columns)


def _read_file(
    engine: Engine, folder: Path, mapping: StudyMapping, source: Source, name: str
) -> pd.DataFrame:
    is_nda = mapping.kind == "nda"
    return read_frame(
        engine,
        check_named_file(folder, name),
        delimiter=source.delimiter or ("\t" if is_nda else ","),
        encoding=source.encoding,
        sheet=source.sheet,
        descriptions=is_nda,
    )


def _join_all(
    frames: Frames, mapping: StudyMapping, mapping_path: Path, account: dict[str, dict[str, Any]]
) -> Frames:
    """Bring what belongs together, from the files as they are; then the date of day 0."""
    joined: Frames = {}
    for name, source in mapping.sources.items():
        frame = frames[name]
        for join in source.join:
            frame, told = _bring(frame, frames, name, join, mapping, mapping_path)
            account[name].setdefault("joined", []).append(
                {"source": join.source, "rows_without": told.unmatched,
                 "several_values": told.several}
            )  # fmt: skip
        check_named_columns(
            [one for one in frame.columns if one != LINE],
            mapping.columns_of(name), source.file, mapping_path,
        )  # fmt: skip
        if isinstance(mapping.origin, Origin) and source.dates:
            dates = frames[mapping.origin.source].rename(columns={mapping.origin.column: _ORIGIN})
            own = Join(source=mapping.origin.source, by=(mapping.patient,), columns=(_ORIGIN,))
            frame, _ = bring(frame, dates, own)
        joined[name] = frame
    return joined


def _bring(
    frame: pd.DataFrame,
    frames: Frames,
    name: str,
    join: Join,
    mapping: StudyMapping,
    mapping_path: Path,
) -> tuple[pd.DataFrame, Joined]:
    for of, needed in ((name, join.by), (join.source, (*join.by, *join.columns))):
        known = [one for one in (frame if of == name else frames[of]).columns if one != LINE]
        check_named_columns(known, needed, mapping.sources[of].file, mapping_path)
    doubled = [one for one in join.columns if one in frame.columns]
    if doubled:
        raise UserError(
            f"`{name}` has column(s) of its own that a join would bring: {', '.join(doubled)}",
            where=str(mapping_path),
            kind="config",
        )
    return bring(frame, frames[join.source], join)


def _as_days(
    engine: Engine,
    frame: pd.DataFrame,
    mapping: StudyMapping,
    source: Source,
    key: bytes | None,
) -> pd.DataFrame:
    """Replace dates by days and identifiers by pseudonyms."""
    if not source.dates and not mapping.keys.hash_identifiers:
        return frame
    names = [name for name in frame.columns if name != LINE]
    dates = None
    if source.dates:
        keyed = mapping.origin == "keyed"
        origin = "keyed" if keyed else OriginColumn(column=_ORIGIN)
        dates = Dates(columns=source.dates, written=mapping.written, origin=origin)  # type: ignore[arg-type]
    people = People(mapping.patient, mapping.keys.hash_identifiers, key)
    table = derive_relative(engine, as_table(engine, frame, names), people, dates, mapping.missing)
    found = table.order_by(LINE).to_pyarrow()
    ordered = frame.sort_values(LINE, kind="stable", ignore_index=True)
    return with_columns(ordered, {name: found.column(name).to_pylist() for name in names})


def _make_rows(
    engine: Engine, frames: Frames, mapping: StudyMapping, mapping_path: Path
) -> tuple[dict[str, ir.Table], dict[str, set[int]]]:
    """Carry the recipes out; give tables, and the lines of each source behind them."""
    parts: dict[str, list[ir.Table]] = {}
    taken: dict[str, set[int]] = {}
    held: dict[str, ir.Table] = {}
    for recipe in mapping.rows:
        name = str(recipe.source)
        if name in mapping.scores:
            score = mapping.scores[name]
            check_named_columns(
                [*score.per, SCORE, ANSWERED], list(recipe.source_columns()), name, mapping_path
            )
            of, lines = score.source, scored_lines(frames[score.source], score)
        else:
            of, lines = name, None
        if name not in held:
            needed = [one for one in frames[name].columns if one not in (LINE, _ORIGIN)]
            held[name] = as_table(engine, frames[name], needed)
        parts.setdefault(recipe.table, []).append(derive_rows(held[name], recipe, mapping.missing))
        if lines is None:
            rows = filter_rows(held[name], recipe, mapping.missing).select(LINE).to_pyarrow()
            lines = set(rows.column(LINE).to_pylist())
        taken.setdefault(of, set()).update(lines)
    tables = {name: put_together(engine, parts[name], name) for name in TABLES if name in parts}
    return tables, taken


def _tell(
    name: str, frame: pd.DataFrame, mapping: StudyMapping, taken: set[int], account: dict[str, Any]
) -> str:
    """Account for the rows of a source, and say it in a line."""
    people = cells_of(frame, mapping.patient)
    lines = [int(line) for line in frame[LINE]]
    nobody = sum(
        person is None and line not in taken for person, line in zip(people, lines, strict=True)
    )
    is_scored = any(score.source == name for score in mapping.scores.values())
    is_mapped = any(recipe.source == name for recipe in mapping.rows)
    left = len(lines) - len(taken) - nobody
    why = "left_out_by_where" if is_mapped else "no_item" if is_scored else "only_joined"
    account |= {"rows": len(lines), "taken": len(taken), why: left, "without_patient": nobody}
    told = [f"{account[why]} {why.replace('_', ' ')}"] if left else []
    told += [f"{nobody} without a patient"] if nobody else []
    return f"{name}: {len(lines)} rows = " + " + ".join([f"{len(taken)} taken", *told])


def _count_unknown(frame: pd.DataFrame) -> int:
    return sum(
        cell is None or not cell.replace(".", "").isdigit() for cell in cells_of(frame, SCORE)
    )
