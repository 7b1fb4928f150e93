"""Speed and memory, as ratios to plain work in the same run: `python -m bench`."""
