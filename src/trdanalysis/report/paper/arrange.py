"""A table as a journal wants it: rows and columns chosen, ordered and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from trdanalysis.errors import UserError, suggest
from trdanalysis.report.paper.journal import Journal, TableChoice
from trdanalysis.report.paper.table import PaperTable, Row


def arrange(table: PaperTable, journal: Journal) -> tuple[PaperTable, list[str]]:
    """Choose, order and name rows and columns.

    Parameters
    ----------
    table
        As its builder describes it.
    journal
        Whose choice it is.

    Returns
    -------
    tuple
        The table with the columns that are shown, and keys of rows or groups that the journal asks
        for and the table has not: with other data it may.

    Raises
    ------
    UserError
        Kind ``config``: a column is asked for that the table never has.
    """
    choice = journal.tables.get(table.id, TableChoice())
    known = [column.key for column in table.columns]
    shown = choice.columns or _filled(table) or tuple(known)
    for name in shown:
        if name not in known:
            raise UserError(
                f"{table.name.lower()} has no column `{name}`",
                where=f"config/journals/{journal.id}.yaml, tables.{table.id}.columns",
                expected="of: " + ", ".join(known),
                try_this=suggest(name, known),
                kind="config",
            )
    places = [known.index(name) for name in shown]
    columns = tuple(
        dataclasses.replace(one, label=choice.labels.get(one.key, one.label))
        for one in (table.columns[place] for place in places)
    )
    rows = [
        dataclasses.replace(
            row,
            label=choice.labels.get(row.key, row.label),
            cells=tuple(row.cells[place] for place in places),
        )
        for row in _choose(table.rows, choice)
    ]
    asked = (*(choice.groups or ()), *(choice.rows or ()), *choice.leave_out)
    here = {row.key for row in table.rows} | {row.group_key for row in table.rows}
    named = [name for name in choice.labels if name not in {*known, *here}]
    missing = [name for name in asked if name not in here] + named
    arranged = dataclasses.replace(
        table, title=choice.title or table.title, columns=columns, rows=tuple(rows)
    )
    return arranged, missing


def _filled(table: PaperTable) -> tuple[str, ...]:
    """Give the columns that the table itself shows, but for those in which nothing stands."""
    empty = {
        column.key
        for place, column in enumerate(table.columns)
        if table.rows and not any(row.cells[place].text for row in table.rows)
    }
    return tuple(name for name in table.shown if name not in empty)


def _choose(rows: Iterable[Row], choice: TableChoice) -> list[Row]:
    chosen = [row for row in rows if row.key not in choice.leave_out]
    if choice.groups is not None:
        order = {name: place for place, name in enumerate(choice.groups)}
        chosen = sorted(
            (row for row in chosen if row.group_key in order), key=lambda row: order[row.group_key]
        )
    if choice.rows is not None:
        order = {name: place for place, name in enumerate(choice.rows)}
        chosen = sorted((row for row in chosen if row.key in order), key=lambda row: order[row.key])
    return chosen
