"""Methods and results in words, with what they cite, and the reporting checklists.

Everything is written from the configuration and from tables that passed disclosure control.
"""
