"""A slow, obvious reading of the rules, row by row, in plain Python.

Written from the rules alone; it shares no code with the package. Property tests compare the two on
random histories.
"""
