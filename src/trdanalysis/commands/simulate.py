"""`simulate`: a synthetic drop with a known truth."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.shared import step
from trdanalysis.simulate.drop import FileFormat
from trdanalysis.simulate.large import write_large_drop


def run_simulate(
    patients: int, seed: int, out: Path, file_format: FileFormat, *, dirt: bool, processes: int
) -> None:
    """Write a simulated drop.

    Parameters
    ----------
    patients
        How many; about 2.6 trials each.
    seed
        The same seed gives the same bytes.
    out
        The drop's folder; its name is the drop's id.
    file_format
        ``csv`` or ``parquet``.
    dirt
        Whether a small share of bad input is mixed in.
    processes
        How many make parts of a large drop at a time. No byte depends on it.
    """
    step(f"simulating {patients} patients into {out}")
    write_large_drop(patients, seed, out, file_format=file_format, dirt=dirt, processes=processes)
