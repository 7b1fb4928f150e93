"""The statistics checked by simulation with a known truth: `python -m tests.simulation`."""
