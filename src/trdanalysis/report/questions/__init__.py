"""The questions beside the label, in words: sections of the page and tables of a paper."""
