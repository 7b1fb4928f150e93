"""Synthetic drops with a known truth. Nothing here describes a real person."""

from trdanalysis.simulate.drop import SimulatedDrop, simulate_chunk, simulate_drop, write_drop

__all__ = ["SimulatedDrop", "simulate_chunk", "simulate_drop", "write_drop"]
