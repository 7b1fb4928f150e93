"""A paper's tables: one description of each, written as CSV, HTML, Word and LaTeX."""
