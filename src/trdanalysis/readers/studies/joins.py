"""What belongs to the rows of a source and stands elsewhere: supplements, and other sources."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

import pandas as pd

from trdanalysis.errors import UserError
from trdanalysis.readers.frames import Cells, as_frame, cells_of
from trdanalysis.readers.studies.mapping import Join
from trdanalysis.readers.text_tables import LINE

_SUPPLEMENT = ("USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
_WHOLE = re.compile(r"^([+-]?[0-9]+)\.0+$")

Place = tuple[str | None, ...]


@dataclass
class Joined:
    """How a join went: rows that found nothing, and cells of which there were several values."""

    unmatched: int = 0
    several: int = 0
    unused: int = 0
    columns: dict[str, Cells] = field(default_factory=dict)


def bring(frame: pd.DataFrame, other: pd.DataFrame, join: Join) -> tuple[pd.DataFrame, Joined]:
    """Bring columns of another source to the rows that belong to its rows.

    A cell is None where no row belongs, a cell of `by` is empty, or the rows that belong differ.
    """
    found: dict[Place, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    there: set[Place] = set()
    cells = {name: cells_of(other, name) for name in (*join.by, *join.columns)}
    for row in range(len(other)):
        place = tuple(cells[name][row] for name in join.by)
        there.add(place)
        for name in join.columns:
            value = cells[name][row]
            if value is not None:
                found[place][name].add(value)
    told = Joined()
    keys = [cells_of(frame, name) for name in join.by]
    columns: dict[str, Cells] = {name: [] for name in join.columns}
    for row in range(len(frame)):
        own = tuple(one[row] for one in keys)
        told.unmatched += own not in there or None in own
        for name in join.columns:
            values = found[own][name] if own in found and None not in own else set()
            told.several += len(values) > 1
            columns[name].append(next(iter(values)) if len(values) == 1 else None)
    return with_columns(frame, columns), told


def supplement(
    frame: pd.DataFrame, qualifiers: pd.DataFrame, file: str
) -> tuple[pd.DataFrame, Joined]:
    """Bring supplemental qualifiers to the rows of their domain, each as a column of its name.

    Without a variable (`IDVAR`) a qualifier is of every row of the subject.

    Raises
    ------
    UserError
        Where the file is no set of supplemental qualifiers, or names a variable that the domain
        lacks.
    """
    absent = [name for name in _SUPPLEMENT if name not in qualifiers.columns]
    if absent:
        raise UserError(
            f"supplemental qualifiers without {', '.join(absent)}",
            where=file,
            expected="the columns " + ", ".join(_SUPPLEMENT),
        )
    cells = {name: cells_of(qualifiers, name) for name in _SUPPLEMENT}
    names = sorted({name for name in cells["QNAM"] if name is not None and name not in frame})
    variables = sorted({name for name in cells["IDVAR"] if name is not None})
    unknown = [name for name in variables if name not in frame.columns]
    if unknown:
        raise UserError(
            f"{len(unknown)} variable(s) of supplemental qualifiers are not in their domain",
            where=file,
            expected="under IDVAR, columns of the domain",
        )
    rows_of: dict[tuple[str, str | None, str | None], list[int]] = defaultdict(list)
    people = cells_of(frame, "USUBJID")
    own = {name: cells_of(frame, name) for name in variables}
    for row, person in enumerate(people):
        if person is None:
            continue
        rows_of[person, None, None].append(row)
        for name in variables:
            rows_of[person, name, _plain(own[name][row])].append(row)
    told = Joined()
    values: dict[str, list[set[str]]] = {name: [set() for _ in people] for name in names}
    for person, variable, value, name, text in zip(*cells.values(), strict=True):
        rows = rows_of.get((person or "", variable, _plain(value) if variable else None), [])
        if name not in values or text is None or not rows:
            told.unused += 1
            continue
        for row in rows:
            values[name][row].add(text)
    columns: dict[str, Cells] = {}
    for name, of_rows in values.items():
        told.several += sum(len(one) > 1 for one in of_rows)
        columns[name] = [next(iter(one)) if len(one) == 1 else None for one in of_rows]
    return with_columns(frame, columns), told


def with_columns(frame: pd.DataFrame, columns: dict[str, Cells]) -> pd.DataFrame:
    """Give a frame with further columns of text, or others under their names."""
    own = {name: cells_of(frame, name) for name in frame.columns if name != LINE}
    return as_frame({**own, **columns}, list(frame[LINE]))


def _plain(text: str | None) -> str | None:
    """Write a whole number without a fraction: `IDVARVAL` is text, the variable may be a number."""
    if text is None:
        return None
    whole = _WHOLE.match(text)
    return whole[1] if whole else text
