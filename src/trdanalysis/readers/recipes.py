"""Rows of the contract from rows of a source: what the recipes of a mapping say, carried out."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.contract import TABLES, Column
from trdanalysis.engine import Engine
from trdanalysis.readers.mapping import ColumnRecipe, Condition, RowRecipe
from trdanalysis.readers.raw_drop import NOT_RECODED, UNREADABLE
from trdanalysis.readers.text_tables import LINE

#: A plain decimal number. Engines also read `1_000`, `inf` or `0x1F` as numbers.
_PLAIN_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"
#: Decimals that are kept after a conversion: more are an artefact of binary fractions.
_DECIMALS = 9
#: Whole numbers up to here are exact as float64.
_LARGEST_WHOLE = 1e15


def derive_rows(source: ir.Table, recipe: RowRecipe, missing: tuple[str, ...]) -> ir.Table:
    """Make the rows of one recipe: its columns as text, and ``line``.

    Parameters
    ----------
    source
        A raw table with every column that the recipe names.
    recipe
        What to make of it.
    missing
        Texts that mean "empty" in every column.
    """
    empty = filter_rows(source, recipe, missing)
    cells = {name: _cell(empty, column) for name, column in recipe.columns.items()}
    if not recipe.per:
        return empty.select(**cells, line=empty.line)
    # Contract and source may share names: the keys and orders of the grouping get their own.
    keys = {f"per_{place}": empty[name] for place, name in enumerate(recipe.per)}
    orders = {
        f"by_{name}": _number(empty[column.by])
        for name, column in recipe.columns.items()
        if column.by is not None
    }
    staged = empty.select(**cells, **keys, **orders, line=empty.line)
    return _sum_up(staged, recipe, list(keys))


def filter_rows(source: ir.Table, recipe: RowRecipe, missing: tuple[str, ...]) -> ir.Table:
    """Give the source rows that a recipe takes, with codes for "not recorded" made null."""
    empty = source.mutate(
        **{
            name: source[name].isin(missing).ifelse(ibis.null("string"), source[name])
            for name in dict.fromkeys(recipe.source_columns())
            if missing
        }
    )
    for condition in recipe.where:
        empty = empty.filter(_holds(empty[condition.column], condition))
    return empty


def _holds(cell: ir.StringValue, condition: Condition) -> ir.BooleanValue:
    """Say whether a condition holds; an empty cell is among no values."""
    if condition.filled is not None:
        return cell.notnull() if condition.filled else cell.isnull()
    if condition.among is not None:
        return cell.isin(condition.among).fill_null(False)
    return (~cell.isin(condition.not_among or ())).fill_null(True)


def _cell(source: ir.Table, recipe: ColumnRecipe) -> ir.StringValue:
    """Give one column's cells before anything is summed up over rows."""
    if recipe.column is None:
        return _converted(ibis.literal(recipe.constant, type="string"), recipe)
    cell = source[recipe.column]
    if recipe.missing:
        cell = cell.isin(recipe.missing).ifelse(ibis.null("string"), cell)
    if recipe.recode:
        rest = ibis.literal(NOT_RECODED) if recipe.otherwise == "unknown" else cell
        cell = ibis.cases(
            (cell.isnull(), ibis.null("string")),
            *((cell == value, ibis.literal(becomes)) for value, becomes in recipe.recode.items()),
            else_=rest,
        )
    return _converted(cell, recipe)


def _converted(cell: ir.StringValue, recipe: ColumnRecipe) -> ir.StringValue:
    """Convert units; what is no number stays as it is, for intake to report."""
    if not recipe.converts:
        return cell
    number = _number(cell)
    if recipe.multiply is not None:
        number = number * ibis.literal(recipe.multiply, type="float64")
    if recipe.divide is not None:
        number = number / ibis.literal(recipe.divide, type="float64")
    if recipe.add is not None:
        number = number + ibis.literal(recipe.add, type="float64")
    number = number.round(_DECIMALS)
    if recipe.round == "down":
        number = number.floor()
    elif recipe.round == "up":
        number = number.ceil()
    elif recipe.round == "nearest":
        # Halves go up, on every engine.
        number = (number + 0.5).floor()
    return _number_text(number.cast("float64")).coalesce(cell)


def _number(cell: ir.StringValue) -> ir.FloatingValue:
    return cell.re_search(_PLAIN_NUMBER).ifelse(cell, ibis.null("string")).try_cast("float64")


def _number_text(number: ir.FloatingValue) -> ir.StringValue:
    """Write a number; a whole one without a fraction."""
    whole = (number == number.floor()) & (number.abs() <= _LARGEST_WHOLE)
    # The cast must not see what does not fit.
    safe = whole.ifelse(number, ibis.null("float64")).cast("int64").cast("string")
    return safe.coalesce(number.cast("string"))


def _sum_up(staged: ir.Table, recipe: RowRecipe, keys: list[str]) -> ir.Table:
    """Make one row a group, or one for each version of a group that disagrees."""
    window = ibis.window(group_by=keys)
    spec = TABLES[recipe.table]
    ordered = {name: column for name, column in recipe.columns.items() if column.by is not None}
    extremes = {
        f"at_{name}": _extreme(staged[name], staged[f"by_{name}"], column, window)
        for name, column in ordered.items()
    }
    staged = staged.mutate(**extremes)
    chosen = {
        f"chosen_{name}": (staged[f"by_{name}"] == staged[f"at_{name}"]).ifelse(
            staged[name], ibis.null("string")
        )
        for name in ordered
    }
    staged = staged.mutate(**chosen)
    values: dict[str, ir.Value] = {}
    for name, column in recipe.columns.items():
        if column.take is None:
            values[name] = _agreed(staged[name], window).coalesce(staged[name])
            continue
        if column.by is not None:
            order, cell = staged[f"by_{name}"], staged[f"chosen_{name}"]
            # Two filled cells in the same place that differ stay two versions.
            value = _agreed(cell, window).coalesce(cell, cell.min().over(window))
        else:
            order = _number(staged[name])
            value = _number_text(_extreme(staged[name], order, column, window))
        if column.empty == "wins":
            any_empty = staged[name].isnull().cast("int64").max().over(window) == 1
            value = any_empty.ifelse(ibis.null("string"), value)
        lost = (staged[name].notnull() & order.isnull()).cast("int64").max().over(window) == 1
        values[name] = lost.ifelse(_failed(spec.column(name)), value)
    versions = staged.select(*keys, **values, line=staged.line)
    grouped = versions.group_by([*keys, *values]).agg(line=versions.line.min())
    return grouped.select(*values, "line")


def _extreme(
    cell: ir.StringValue, order: ir.FloatingValue, recipe: ColumnRecipe, window: object
) -> ir.FloatingValue:
    """Give the first or last place at which a group has a filled cell."""
    filled = cell.notnull().ifelse(order, ibis.null("float64"))
    return (filled.max() if recipe.take in ("last", "max") else filled.min()).over(window)


def _failed(column: Column) -> ir.StringValue:
    """Give what stands for a summary that cannot be made; empty only in columns without rules."""
    if column.kind in ("id", "text", "drug"):
        return ibis.null("string")
    return ibis.literal(UNREADABLE)


def _agreed(cell: ir.StringValue, window: object) -> ir.StringValue:
    """Give the one value that the filled cells of a group have, or null where they differ."""
    low, high = cell.min().over(window), cell.max().over(window)
    return (low == high).ifelse(low, ibis.null("string"))


def put_together(engine: Engine, parts: list[ir.Table], name: str) -> ir.Table:
    """Stack the rows of several recipes; a column that a recipe lacks is empty there."""
    mapped = {column for part in parts for column in part.columns}
    names = [column for column in TABLES[name].names if column in mapped]
    shaped = [
        part.select(
            **{
                column: part[column] if column in part.columns else ibis.null("string")
                for column in names
            },
            line=part.line,
        )
        for part in parts
    ]
    stacked = ibis.union(*shaped) if len(shaped) > 1 else shaped[0]
    return engine.keep(stacked.order_by(LINE))
