"""`multiverse`: the rate of resistance in every cell of the grid of thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trdanalysis.ages import age_bands
from trdanalysis.analysis.grid import find_primary_cell, read_grid
from trdanalysis.analysis.multiverse import count_cells, estimate_cells
from trdanalysis.analysis.multiverse_facts import collect_facts
from trdanalysis.commands.definitions import load_definitions
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.label import load_cohort
from trdanalysis.commands.shared import load_scales, step
from trdanalysis.engine import Engine
from trdanalysis.files import write_parquet
from trdanalysis.layout import MULTIVERSE
from trdanalysis.parts import divide
from trdanalysis.progress import part


def run_multiverse(
    engine: Engine,
    pooled: Path,
    definition_file: Path,
    grid_file: Path,
    settings: dict[str, Any],
    reference: Path,
    out: Path,
) -> None:
    """Estimate the rate of resistance in every cell.

    Parameters
    ----------
    pooled
        Folder that ``pool`` wrote.
    definition_file
        The primary definition: the cell of its thresholds is marked, and what the grid does not
        move is as it says.
    grid_file
        The grid.
    settings
        What :data:`trdanalysis.settings.USED_BY` names for this verb.
    reference
        Folder of reference tables.
    out
        Folder to write to.
    """
    grid, definition = read_grid(grid_file), load_definitions([definition_file], reference)[0]
    primary = find_primary_cell(grid, definition)
    if primary.levels is None:
        step(f"no cell is the primary one: {primary.why_not}")
    bands = age_bands(settings["age_bands_from_years"])
    cohort = load_cohort(engine, pooled)
    drugs = engine.from_memory(load_drugs(reference))
    scales = load_scales(reference)
    parts = divide(engine, [cohort.patients, cohort.trials])
    counted = []
    for place, one in enumerate(parts, start=1):
        told = f", part {place} of {len(parts)}" if len(parts) > 1 else ""
        step("judging trials by every threshold" + told, of=2 * len(parts))
        with engine.passing():
            facts = collect_facts(
                engine,
                cohort.of(one),
                drugs,
                scales,
                definition,
                grid,
                [band.label for band in bands if not band.is_adult],
            )
        step(f"counting {grid.n_cells:,} cells" + told)
        min_days = definition.main_failures.min_days_between_starts
        counted.append(count_cells(facts, grid, min_days, part))
    cells = estimate_cells(counted, grid, primary.levels, reference=settings["reference_rate"])
    write_parquet(out / f"{MULTIVERSE}.parquet", cells)
