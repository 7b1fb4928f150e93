"""Faults on purpose: runs that are killed, and drops and settings that are spoiled."""
