"""The layout of folders: which step makes which files of the results, which reference tables there
are. Stated once, used by plan and commands.
"""

from __future__ import annotations

#: The site's own names of drugs, in the folder of reference tables; the file need not be there.
SITE_NAMES = "site_drug_names.csv"
#: What names of drugs are read from, in that folder.
NAME_TABLES = ("antidepressants.csv", "other_drugs.csv", "drug_names.csv", SITE_NAMES)

#: Accepted tables of a drop and of the cohort.
POOLED = ("patients", "trials", "doses", "assessments", "quarantined_trials")

#: The page on the quality of a drop, beside what intake made of it.
QUALITY_PAGE = "quality.html"

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
    "agreement", "overlaps", "multiverse", "label_flows", "rate_changes", "drift",
    "characteristics",
)  # fmt: skip

#: Result tables before disclosure control.
ANALYSIS_TABLES = (*PUBLISHED_TABLES, "label_reasons")

#: Result tables that verbs of their own make; `summarise` makes the others.
MULTIVERSE = "multiverse"
CHANGE_TABLES = ("label_flows", "rate_changes", "drift")
SUMMARY_TABLES = tuple(name for name in ANALYSIS_TABLES if name not in (MULTIVERSE, *CHANGE_TABLES))

#: Whose label changed since the last run; and what of a run the next is compared with.
CHANGES = "changes.csv"
REMEMBERED = ("labels.parquet", "rows.parquet", "rates.parquet")

#: Files behind disclosure control: what everything published is made from.
ABOUT_DISCLOSED = "about.json"
DISCLOSED_ROWS = ("balance", "absent_columns", "left_out_factors")
KNOWN_COUNTS = "counts.parquet"
DISCLOSED_FILES = (
    ABOUT_DISCLOSED, KNOWN_COUNTS,
    *(f"{name}.parquet" for name in (*ANALYSIS_TABLES, *DISCLOSED_ROWS)),
)  # fmt: skip

#: Files that are published.
PUBLISHED_FILES = ("report.html", *(f"{name}.csv" for name in PUBLISHED_TABLES))

#: Folders of results: what may leave; what stays; and in the latter a draft of what may leave, what
#: passed disclosure control, and sealed releases by number.
RELEASE, RESTRICTED = "release", "restricted"
DRAFT, DISCLOSED, RELEASES = "draft", "disclosed", "releases"

#: Of the last published files: their hashes, and what they were made of. In restricted/.
ABOUT_PUBLISHED = "published.json"

#: What a sealed release is made of beside its files: who has it knows these counts; rows that the
#: next release may print again.
PRINTED_AGAIN = ("rates", "attrition", "unknowns", "resistance", "first_trials")
SEALED_FILES = (
    KNOWN_COUNTS, ABOUT_PUBLISHED, *(f"{name}.parquet" for name in PRINTED_AGAIN),
)  # fmt: skip

#: What is said of those files, beside them.
MANIFEST = "manifest.json"
CRATE = "ro-crate-metadata.json"
PROVENANCE_FILES = (MANIFEST, CRATE)
