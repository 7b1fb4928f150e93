"""Cells: text becomes values, and what cannot be read becomes unknown and is remembered.

For every column ``c`` of a table that a default or a finding may depend on, ``c__bad`` names the
rule that a filled cell broke; it is null where the cell is empty or good.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.contract import ID_PATTERN, NO, YES, Column, TableSpec
from trdanalysis.intake.scales import Scale, derive_scale, is_in_range, of_domain

#: Suffix of the column that names the rule a cell broke.
BAD = "__bad"

#: Column that tells the rows of a raw table apart. Lines do not: a wide file gives several rows a
#: line.
ROW = "row__number"

#: Suffix of what a cell was read as, before any rule.
_READ = "__read"

#: Kinds of columns that hold numbers, and the largest that is taken for one.
_NUMBERS, _LARGEST = ("integer", "day", "number"), 1e15

#: Text that an engine may read as a number although it is none here: `1_000`, `inf`, `nan`, `0x1F`.
_NOT_A_PLAIN_NUMBER = r"[^0-9eE.+\-]"


def derive_cells(raw: ir.Table, spec: TableSpec, scales: tuple[Scale, ...]) -> ir.Table:
    """Read the cells of one raw table.

    Parameters
    ----------
    raw
        A raw table: text columns, ``line`` and :data:`ROW`. Absent columns of the contract become
        null.
    spec
        The table's declaration.
    scales
        Every known scale.

    Returns
    -------
    Table
        One row a raw row: ``line``; :data:`ROW`; every contract column with its value (``int64``,
        ``float64``, ``boolean`` or ``string``; null is unknown); ``<column>__bad`` for every column
        but plain text; ``drug`` stays text here.
    """
    text = {
        column.name: (raw[column.name] if column.name in raw.columns else ibis.null("string"))
        for column in spec.columns
    }
    staged = raw.select(raw[ROW], line=raw.line, **text)
    # In stages, each a query of its own: what one expression uses several times, the engine
    # computes several times, and looking for a pattern is most of the work.
    judged = [column for column in spec.columns if column.kind not in ("text", "drug")]
    read = staged.mutate(
        **{
            column.name + _READ: _read_cell(staged[column.name], column, scales)
            for column in judged
        }
    )
    ruled = read.mutate(
        **{
            column.name + BAD: _find_rule(read[column.name], read[column.name + _READ], column)
            for column in judged
            if column.kind != "id"
        }
    )
    values: dict[str, ir.Value] = {"line": ruled.line, ROW: ruled[ROW]}
    for column in spec.columns:
        values[column.name] = _choose_value(ruled, column)
        if column.name + BAD in ruled.columns:
            values[column.name + BAD] = ruled[column.name + BAD]
    # An unrecognised scale still tells one key from another.
    if "scale" in spec.key:
        values["scale_text"] = ruled.scale
    return _check_scores(ruled.select(**values), spec, scales)


def _read_cell(cell: ir.StringValue, column: Column, scales: tuple[Scale, ...]) -> ir.Value:
    """Give what a cell says; null where it says nothing that can be read."""
    if column.kind == "id":
        return cell.re_search(ID_PATTERN).ifelse(cell, ibis.null("string"))
    if column.kind in _NUMBERS:
        plain = cell.re_search(_NOT_A_PLAIN_NUMBER).ifelse(ibis.null("string"), cell)
        return plain.try_cast("float64")
    if column.kind == "three_valued":
        return ibis.cases((cell == YES, True), (cell == NO, False), else_=ibis.null("boolean"))
    if column.kind == "word":
        return cell.isin(column.words).ifelse(cell, ibis.null("string"))
    return derive_scale(
        cell, of_domain(scales, "symptom" if column.kind == "scale" else "function")
    )


def _find_rule(cell: ir.StringValue, read: ir.Value, column: Column) -> ir.StringValue:
    """Name the rule that a cell broke; null: none."""
    if column.kind in _NUMBERS:
        return _find_number_rule(cell, read, column)
    unread = "unrecognised_scale" if "scale" in column.kind else "not_in_vocabulary"
    return _rule(cell.notnull() & read.isnull(), unread)


def _choose_value(ruled: ir.Table, column: Column) -> ir.Value:
    if column.kind in ("text", "drug"):
        return ruled[column.name]
    read = ruled[column.name + _READ]
    if column.kind not in _NUMBERS:
        return read
    good = ruled[column.name + BAD].isnull().ifelse(read, ibis.null("float64"))
    return good if column.kind == "number" else good.cast("int64")


def _rule(broken: ir.BooleanValue, rule: str) -> ir.StringValue:
    return broken.ifelse(rule, ibis.null("string"))


def _find_number_rule(
    cell: ir.StringValue, number: ir.FloatingValue, column: Column
) -> ir.StringValue:
    # A text like 1e999 becomes infinite: no number that anyone recorded.
    is_number = (number.abs() <= _LARGEST).fill_null(False)
    rules = [(cell.isnull(), ibis.null("string")), (~is_number, ibis.literal("not_a_number"))]
    if column.kind in ("integer", "day"):
        rules.append((number != number.floor(), ibis.literal("not_a_whole_number")))
    outside = ibis.literal(False)
    if column.low is not None:
        outside = (number <= column.low) if column.low_open else (number < column.low)
    if column.high is not None:
        outside = outside | (number > column.high)
    rules.append((outside, ibis.literal("out_of_range")))
    return ibis.cases(*rules, else_=ibis.null("string"))


def _check_scores(table: ir.Table, spec: TableSpec, scales: tuple[Scale, ...]) -> ir.Table:
    """Set scores unknown that their scale cannot give."""
    changes: dict[str, ir.Value] = {}
    for scale_name, score_names in (
        ("scale", ("baseline_score", "endpoint_score", "score")),
        ("function_scale", ("function_score",)),
    ):
        for name in score_names:
            if name not in spec.names or scale_name not in spec.names:
                continue
            fits = is_in_range(table[name], table[scale_name], scales)
            outside = table[name].notnull() & ~fits
            changes[name] = outside.ifelse(ibis.null("float64"), table[name])
            changes[name + BAD] = table[name + BAD].fill_null(_rule(outside, "score_out_of_scale"))
    return table.mutate(**changes) if changes else table
