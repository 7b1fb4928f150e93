"""A mapping for the flat reader, proposed from a file's column names and cells, for a person to
edit.
"""
