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
    values: dict[str, ir.Value] = {"line": staged.line, ROW: staged[ROW]}
    for column in spec.columns:
        cell = staged[column.name]
        value, rule = _read_cell(cell, column, scales)
        values[column.name] = value
        if rule is not None:
            values[column.name + BAD] = rule
    # An unrecognised scale still tells one key from another.
    if "scale" in spec.key:
        values["scale_text"] = staged.scale
    return _check_scores(staged.select(**values), spec, scales)


def _read_cell(
    cell: ir.StringValue, column: Column, scales: tuple[Scale, ...]
) -> tuple[ir.Value, ir.StringValue | None]:
    """Give a cell's value and the rule it broke (null: none; None: the column has no rules)."""
    if column.kind in ("text", "drug"):
        return cell, None
    if column.kind == "id":
        return cell.re_search(ID_PATTERN).ifelse(cell, ibis.null("string")), None
    if column.kind in ("integer", "day", "number"):
        return _read_number(cell, column)
    if column.kind == "three_valued":
        value = ibis.cases((cell == YES, True), (cell == NO, False), else_=ibis.null("boolean"))
    elif column.kind == "word":
        value = cell.isin(column.words).ifelse(cell, ibis.null("string"))
    elif column.kind == "scale":
        value = derive_scale(cell, of_domain(scales, "symptom"))
        return value, _rule(cell.notnull() & value.isnull(), "unrecognised_scale")
    else:
        value = derive_scale(cell, of_domain(scales, "function"))
        return value, _rule(cell.notnull() & value.isnull(), "unrecognised_scale")
    return value, _rule(cell.notnull() & value.isnull(), "not_in_vocabulary")


def _rule(broken: ir.BooleanValue, rule: str) -> ir.StringValue:
    return broken.ifelse(rule, ibis.null("string"))


def _read_number(cell: ir.StringValue, column: Column) -> tuple[ir.Value, ir.StringValue]:
    plain = cell.re_search(_NOT_A_PLAIN_NUMBER).ifelse(ibis.null("string"), cell)
    number = plain.try_cast("float64")
    # A text like 1e999 becomes infinite: no number that anyone recorded.
    number = (number.abs() <= 1e15).ifelse(number, ibis.null("float64"))
    rules = [(cell.isnull(), ibis.null("string")), (number.isnull(), ibis.literal("not_a_number"))]
    if column.kind in ("integer", "day"):
        rules.append((number != number.floor(), ibis.literal("not_a_whole_number")))
    outside = ibis.literal(False)
    if column.low is not None:
        outside = (number <= column.low) if column.low_open else (number < column.low)
    if column.high is not None:
        outside = outside | (number > column.high)
    rules.append((outside, ibis.literal("out_of_range")))
    rule = ibis.cases(*rules, else_=ibis.null("string"))
    good = rule.isnull().ifelse(number, ibis.null("float64"))
    return (good.cast("int64") if column.kind in ("integer", "day") else good), rule


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
