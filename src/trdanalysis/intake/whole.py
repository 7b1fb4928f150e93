"""What is said of a drop as a whole, from counts that parts of it add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir
import pandas as pd

from trdanalysis.contract import TABLES, TableSpec
from trdanalysis.errors import UserError, nearest
from trdanalysis.intake import findings as found
from trdanalysis.intake.cells import BAD, ROW
from trdanalysis.intake.reference import Reference
from trdanalysis.intake.spelling import show_controls
from trdanalysis.intake.suggestions import Suggester

#: A typed column of which at least this many cells are filled and none can be read has the wrong
#: type.
WRONG_TYPE_MIN_CELLS = 3

#: Columns of ``unrecognised.csv``.
UNRECOGNISED_COLUMNS = ["table", "column", "word", "rows", "suggestion", "distance", "why"]

#: Words that were not recognised, before anything is suggested for them.
WORD_COLUMNS = ("table", "column", "word", "rows")

#: Of a typed column: the cells that cannot be read, and all that are filled.
CellCounts = tuple[int, int]


def count_cells(cells: ir.Table, spec: TableSpec) -> dict[str, CellCounts]:
    """Count the cells of every typed column that cannot be read, and those that are filled."""
    typed = [
        column.name
        for column in spec.columns
        if column.kind in ("integer", "day", "number", "three_valued")
    ]
    measures = {}
    for name in typed:
        rule = cells[name + BAD]
        measures[f"bad_{name}"] = rule.isin(["not_a_number", "not_in_vocabulary"]).sum()
        measures[f"filled_{name}"] = (cells[name].notnull() | rule.notnull()).sum()
    counts = cells.aggregate(**measures).to_pyarrow().to_pylist()[0]
    return {
        name: (int(counts[f"bad_{name}"] or 0), int(counts[f"filled_{name}"] or 0))
        for name in typed
    }


def add_cells(
    parts: Sequence[Mapping[str, Mapping[str, CellCounts]]],
) -> dict[str, dict[str, CellCounts]]:
    """Add up what :func:`count_cells` gives for each table of each part."""
    totals: dict[str, dict[str, CellCounts]] = {}
    for part in parts:
        for table, columns in part.items():
            own = totals.setdefault(table, {})
            for name, (bad, filled) in columns.items():
                before = own.get(name, (0, 0))
                own[name] = (before[0] + bad, before[1] + filled)
    return totals


def check_types(counts: Mapping[str, Mapping[str, CellCounts]]) -> None:
    """Refuse a drop of which a typed column cannot be read at all.

    Parameters
    ----------
    counts
        By table, of the whole drop, what :func:`count_cells` gives.
    """
    for table, columns in counts.items():
        wrong = [
            (name, filled)
            for name, (bad, filled) in columns.items()
            if bad == filled and filled >= WRONG_TYPE_MIN_CELLS
        ]
        if not wrong:
            continue
        kinds = {column.name: column.kind for column in TABLES[table].columns}
        lines = [
            f"table `{table}`, column `{name}`: {filled} filled cell(s), none readable as "
            + ("yes or no" if kinds[name] == "three_valued" else "a number")
            for name, filled in wrong
        ]
        raise UserError(
            f"wrong type for {len(wrong)} whole column(s)",
            where="\n         ".join(lines),
            try_this="recode the column in the export, or use `source: flat` and a mapping",
        )


def odd_columns(raw: Mapping[str, ir.Table]) -> dict[str, dict[str, list[str]]]:
    """Name the absent and the extra columns of every raw table."""
    return {
        name: {
            "absent": [column for column in spec.names if column not in raw[name].columns],
            "extra": [
                column
                for column in raw[name].columns
                if column not in spec.names and column != "line"
            ],
        }
        for name, spec in TABLES.items()
        if name in raw
    }


def column_findings(raw: Mapping[str, ir.Table]) -> pd.DataFrame:
    """Give the findings about whole columns."""
    rows = [
        (table, name, None, rule, action)
        for table, odd in odd_columns(raw).items()
        for rule, action, names in (
            ("extra_column", found.KEPT_OUT, odd["extra"]),
            ("absent_column", found.UNKNOWN_THROUGHOUT, odd["absent"]),
        )
        for name in names
    ]
    return pd.DataFrame(rows, columns=found.COLUMNS)


def count_unrecognised(raw: ir.Table, good: ir.Table, spec: TableSpec) -> list[pd.DataFrame]:
    """Count the unmatched words of accepted rows, with :data:`WORD_COLUMNS`."""
    parts = []
    for column in spec.columns:
        if column.kind not in ("drug", "scale", "function_scale") or column.name not in raw.columns:
            continue
        unmatched = good.filter(good[column.name + BAD].notnull()).select(ROW)
        words = raw.semi_join(unmatched, ROW).select(word=raw[column.name])
        counted = words.group_by("word").agg(rows=words.count()).to_pyarrow().to_pandas()
        parts.append(counted.assign(table=spec.name, column=column.name))
    return parts


def name_unrecognised(words: pd.DataFrame, reference: Reference) -> pd.DataFrame:
    """Give ``unrecognised.csv``: unmatched words, with a suggestion for drugs and scales.

    Parameters
    ----------
    words
        :data:`WORD_COLUMNS`; a word may stand several times, once a part.
    reference
        Known drugs and scales.
    """
    parts = []
    for (table, column), own in words.groupby(["table", "column"], sort=False):
        counted = own.groupby("word", sort=True)["rows"].sum().reset_index()
        if TABLES[str(table)].column(str(column)).kind == "drug":
            counted = Suggester(reference.names).suggest_all(counted)
        else:
            known = [scale.name for scale in reference.scales]
            near = [nearest(word.upper(), known) or "" for word in counted["word"]]
            why = ["like a known scale" if one else "nothing is near" for one in near]
            distance = pd.array([None] * len(near), dtype="Int64")
            counted = counted.assign(suggestion=near, distance=distance, why=why)
        counted["word"] = [show_controls(word) for word in counted["word"]]
        parts.append(counted.assign(table=str(table), column=str(column)))
    named = put_together(parts, UNRECOGNISED_COLUMNS)
    return named.sort_values(UNRECOGNISED_COLUMNS[:3], kind="stable", ignore_index=True)


def add_summaries(parts: Sequence[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Add up the balances of rows by table."""
    return {
        table: {name: sum(part[table][name] for part in parts) for name in numbers}
        for table, numbers in parts[0].items()
    }


def put_together(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Put tables of one layout under each other; where there is no row, types say nothing."""
    filled = [part[columns] for part in parts if len(part)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    return pd.concat(filled, ignore_index=True)
