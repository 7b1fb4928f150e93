"""The multiverse: the rate of resistance in every cell of a grid of thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trdanalysis.analysis.cell_counts import TALLY_AXES, Tally, count_resistant
from trdanalysis.analysis.grid import ASSUME_BAD, AXES, KLEENE, Grid, Level
from trdanalysis.analysis.intervals import divide, estimate_wilson
from trdanalysis.analysis.multiverse_facts import Facts

Ints = npt.NDArray[np.int64]

#: Columns of the multiverse after its axes, in order.
CELL_COLUMNS = (
    "n", "n_unknown", "trd", "not_trd", "indeterminate", "rate", "ci_low", "ci_high", "bound_low",
    "bound_high", "reference", "excludes_reference", "is_primary", "status",
)  # fmt: skip
COLUMNS = (*AXES, *CELL_COLUMNS)


def estimate_multiverse(
    facts: Facts,
    grid: Grid,
    primary: Mapping[str, Level] | None,
    *,
    min_days_between_starts: int,
    reference: float,
    confidence: float = 0.95,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Estimate the rate of resistance in every cell.

    Parameters
    ----------
    facts
        What the cells are judged from.
    grid
        The levels; ``facts`` were collected by it.
    primary
        Value of the primary cell on every axis; None where there is none.
    min_days_between_starts
        Starts count apart only where more than this many days lie between them.
    reference
        The article's rate, a fraction.
    confidence
        Of the intervals.
    watch
        Is told of how many patients, of all, the cells are counted.

    Returns
    -------
    DataFrame
        One row a cell, in the order of the grid, with :data:`COLUMNS`. The population is that of
        the estimand ``trd`` in every cell; ``n_unknown``: not certainly out, and membership or
        label unknown. Where ``unknown`` is ``kleene``: ``n`` certain members, of whom ``trd``,
        ``not_trd`` and ``indeterminate`` are so labelled; ``rate`` is the proven share with
        Wilson's interval; the bounds divide by everybody not certainly out. Elsewhere the cell is a
        bound and nobody is labelled: ``n`` is everybody not certainly out, and ``bound_high``
        (``assume_bad``) or ``bound_low`` (``assume_ok``) the share, of which ``ci_low`` and
        ``ci_high`` are Wilson's interval. ``excludes_reference``: the interval leaves the reference
        out. Numbers are empty where there is nobody (``not_estimable``).

    References
    ----------
    Steegen S, Tuerlinckx F, Gelman A, Vanpaemel W (2016) Perspect Psychol Sci 11:702-712.
    Simonsohn U, Simmons JP, Nelson LD (2020) Nat Hum Behav 4:1208-1214.
    """
    counted = count_cells(facts, grid, min_days_between_starts, watch)
    return estimate_cells([counted], grid, primary, reference=reference, confidence=confidence)


@dataclass(frozen=True)
class CountedCells:
    """Of some patients: members of the population, those who may be (see
    :class:`trdanalysis.analysis.multiverse_facts.Facts`), and the resistant in every cell.
    """

    n: int
    n_maybe: int
    tally: Tally


def count_cells(
    facts: Facts,
    grid: Grid,
    min_days_between_starts: int,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> CountedCells:
    """Count the patients of every cell; parameters as :func:`estimate_multiverse`."""
    return CountedCells(
        facts.n, facts.n_maybe, count_resistant(facts, grid, min_days_between_starts, watch)
    )


def estimate_cells(
    parts: Sequence[CountedCells],
    grid: Grid,
    primary: Mapping[str, Level] | None,
    *,
    reference: float,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate every cell from what was counted of parts of the patients.

    Parameters and what is given are those of :func:`estimate_multiverse`.
    """
    n_certain, n_maybe = sum(part.n for part in parts), sum(part.n_maybe for part in parts)
    tally = Tally(
        proven=np.sum([part.tally.proven for part in parts], axis=0),
        possible=np.sum([part.tally.possible for part in parts], axis=0),
    )
    table = _spread(grid, tally, primary)
    is_label = (table["unknown"] == KLEENE).to_numpy()
    is_high = (table["unknown"] == ASSUME_BAD).to_numpy()
    proven, possible = table.pop("proven").to_numpy(), table.pop("possible").to_numpy()
    everybody = n_certain + n_maybe
    n = np.where(is_label, n_certain, everybody)
    events = np.where(is_high, possible + n_maybe, proven)
    share = divide(events, n)
    low, high = _wilson(events, n, confidence)
    bound_low, bound_high = (
        divide(count, np.full(len(table), everybody)) for count in (proven, possible + n_maybe)
    )
    excludes = (low > reference) | (high < reference)
    counted = {
        "n": n,
        "n_unknown": possible - proven + n_maybe,
        "trd": np.where(is_label, proven, -1),
        "not_trd": np.where(is_label, n_certain - possible, -1),
        "indeterminate": np.where(is_label, possible - proven, -1),
    }
    whole = {name: pd.array(values, dtype="Int64") for name, values in counted.items()}
    nobody = n == 0
    table = table.assign(
        **whole,
        rate=np.where(is_label, share, np.nan),
        ci_low=low,
        ci_high=high,
        bound_low=np.where(is_high, np.nan, bound_low),
        bound_high=np.where(is_label | is_high, bound_high, np.nan),
        reference=reference,
        excludes_reference=pd.array(np.where(nobody, False, excludes), dtype="boolean"),
        status=np.where(nobody, "not_estimable", "ok"),
    )
    table.loc[~is_label, ["trd", "not_trd", "indeterminate"]] = pd.NA
    table.loc[nobody, "excludes_reference"] = pd.NA
    return table[list(COLUMNS)]


def _wilson(events: Ints, n: Ints, confidence: float) -> tuple[Any, Any]:
    """Give intervals; cells with the same counts share theirs."""
    pairs, place = np.unique(np.stack([events, n]), axis=1, return_inverse=True)
    low, high = estimate_wilson(pairs[0], pairs[1], confidence)
    return low[place.ravel()], high[place.ravel()]


def _spread(grid: Grid, tally: Tally, primary: Mapping[str, Level] | None) -> pd.DataFrame:
    """Put the tally into rows: the axes in the order of the table, the last moving fastest."""
    order = [TALLY_AXES.index(axis) for axis in AXES if axis != "unknown"]
    ways = len(grid.unknown)
    cells = list(product(*(grid.levels(axis) for axis in AXES)))
    table = pd.DataFrame(cells, columns=list(AXES))
    is_primary = np.full(len(table), primary is not None)
    for axis, level in (primary or {}).items():
        is_primary &= (table[axis] == level).to_numpy()
    for axis in ("nonresponse", "min_adherence"):
        # A column of one type: thresholds beside words.
        table[axis] = [str(level) for level in table[axis]]
    for axis in ("dose_table", "distinct_by", "first_line", "unknown"):
        table[axis] = table[axis].astype(object)
    return table.assign(
        is_primary=is_primary,
        proven=np.repeat(tally.proven.transpose(order).ravel(), ways),
        possible=np.repeat(tally.possible.transpose(order).ravel(), ways),
    )
