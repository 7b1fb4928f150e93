"""`simulate`: a synthetic drop with a known truth."""

from __future__ import annotations

from pathlib import Path

from trdanalysis.commands.shared import step
from trdanalysis.simulate.drop import FileFormat, simulate_drop, write_drop


def run_simulate(
    patients: int, seed: int, out: Path, file_format: FileFormat, *, dirt: bool
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
    """
    step(f"simulating {patients} patients into {out}")
    write_drop(simulate_drop(patients, seed, dirt=dirt), out, file_format=file_format)
