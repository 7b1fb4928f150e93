"""The layout of a results folder: which step makes which files. Stated once, used by plan and
commands.
"""

from __future__ import annotations

#: Accepted tables of a drop and of the cohort.
POOLED = ("patients", "trials", "doses", "assessments", "quarantined_trials")

#: What became of the accepted rows of every drop, beside the pooled tables.
POOLING = "pooling.csv"

#: Files that intake writes for each drop.
DROP_FILES = (
    *(f"{name}.parquet" for name in POOLED),
    "findings.csv",
    "quarantine.csv",
    "unrecognised.csv",
    "drop.json",
    "summary.json",
)

#: Files of the labelled cohort.
COHORT_FILES = (
    "labels.parquet",
    "trials.parquet",
    "trial_verdicts.parquet",
    "evidence.parquet",
    "patients.parquet",
    "findings.csv",
)

#: Result tables that are published as CSV.
PUBLISHED_TABLES = (
    "rates", "benchmarks", "attrition", "definitions", "comparisons", "models", "unknowns",
    "resistance", "clusters", "curves", "age_curves", "tipping", "first_trials", "grades",
    "agreement", "overlaps", "multiverse",
)  # fmt: skip

#: Result tables before disclosure control.
ANALYSIS_TABLES = (*PUBLISHED_TABLES, "label_reasons")

#: The result table that a verb of its own makes; `summarise` makes the others.
MULTIVERSE = "multiverse"
SUMMARY_TABLES = tuple(name for name in ANALYSIS_TABLES if name != MULTIVERSE)

#: Files behind disclosure control.
PUBLISHED_FILES = ("report.html", *(f"{name}.csv" for name in PUBLISHED_TABLES))
