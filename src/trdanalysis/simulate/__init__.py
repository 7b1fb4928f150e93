"""Synthetic drops with a known truth. Nothing here describes a real person."""

from trdanalysis.simulate.drop import SimulatedDrop, simulate_chunk, simulate_drop, write_drop
from trdanalysis.simulate.large import write_large_drop

__all__ = ["SimulatedDrop", "simulate_chunk", "simulate_drop", "write_drop", "write_large_drop"]
