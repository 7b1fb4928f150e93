"""Figures, each drawn once: for the page, and as files for a paper."""
