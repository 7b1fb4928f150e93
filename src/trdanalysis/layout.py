"""The layout of folders: which step makes which files of the results, which reference tables there
are. Stated once, used by plan and commands.
"""

from __future__ import annotations

#: The site's own names of drugs, in the folder of reference tables; the file need not be there.
SITE_NAMES = "site_drug_names.csv"
#: What names of drugs are read from, in that folder.
NAME_TABLES = ("antidepressants.csv", "other_drugs.csv", "drug_names.csv", SITE_NAMES)

#: What the analysis was fixed by; it stands beside the configuration.
FROZEN = "frozen.json"

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
    "characteristics", "questions", "question_contrasts", "question_curves",
)  # fmt: skip

#: Result tables before disclosure control.
ANALYSIS_TABLES = (*PUBLISHED_TABLES, "label_reasons")

#: Result tables that verbs of their own make; `summarise` makes the others.
MULTIVERSE = "multiverse"
CHANGE_TABLES = ("label_flows", "rate_changes", "drift")
QUESTION_TABLES = ("questions", "question_contrasts", "question_curves")
SUMMARY_TABLES = tuple(
    name for name in ANALYSIS_TABLES if name not in (MULTIVERSE, *CHANGE_TABLES, *QUESTION_TABLES)
)

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

#: A paper's tables, in its order, and the formats of each: ending by name.
PAPER_TABLES = (*(str(number) for number in range(1, 6)), *(f"s{one}" for one in range(1, 33)))
TABLE_FORMATS = {"csv": "csv", "html": "html", "docx": "docx", "latex": "tex"}
#: Their files, in a folder of what is published; the footnotes of all as a table.
TABLES_FOLDER = "tables"
TABLE_NOTES = "notes.csv"
TABLE_FILES = (
    *(f"{TABLES_FOLDER}/table-{name}.{ending}" for name in PAPER_TABLES
      for ending in TABLE_FORMATS.values()),
    f"{TABLES_FOLDER}/{TABLE_NOTES}",
)  # fmt: skip

#: Figures of a paper, in the order of their captions: each in every format, also where there is
#: nothing to draw.
FIGURES = (
    "participant-flow", "headline-rates", "rates-adequate-first-trial", "rates-first-trial",
    "adjusted-ratios", "age-curve", "specification-curve", "definition-overlap",
    "definition-agreement", "apparent-resistance", "time-to-second-failure", "label-changes",
    "residual-symptoms", "pathways-after-trd",
)  # fmt: skip
FIGURE_FORMATS = ("svg", "pdf", "png")
FIGURE_FILES = (
    "figures/captions.md",
    *(f"figures/{name}.{form}" for name in FIGURES for form in FIGURE_FORMATS),
)

#: Methods and results in words, what they cite, and the reporting checklists.
TEXT_FILES = (
    "text/methods.md", "text/results.md", "text/references.bib", "text/checklist.csv",
    "text/manuscript.docx",
)  # fmt: skip

#: Files that are published.
PUBLISHED_FILES = (
    "report.html", *(f"{name}.csv" for name in PUBLISHED_TABLES), *FIGURE_FILES, *TEXT_FILES,
    *TABLE_FILES,
)  # fmt: skip

#: Reference tables that texts are made with: what may be cited, what is cited by which entry, and
#: the items of the reporting statements.
BIBLIOGRAPHY = "bibliography.bib"
CITATIONS = "citations.csv"
REPORTING_ITEMS = "reporting_items.csv"

#: Folder of journals' files, in that of the configuration.
JOURNALS = "journals"

#: Folders of results: what may leave; what stays; and in the latter a draft of what may leave, what
#: passed disclosure control, and sealed releases by number.
RELEASE, RESTRICTED = "release", "restricted"
DRAFT, DISCLOSED, RELEASES = "draft", "disclosed", "releases"


#: Notebooks that ran, as pages; some show patients. In restricted/.
NOTEBOOK_PAGES = "notebooks"
#: The environment variable that tells a notebook which folder of results it is about.
RESULTS_VARIABLE = "TRDANALYSIS_RESULTS"

#: Of the last published files: their hashes, and what they were made of. In restricted/.
ABOUT_PUBLISHED = "published.json"

#: What a sealed release is made of beside its files: who has it knows these counts; rows that the
#: next release may print again.
PRINTED_AGAIN = (
    "rates", "attrition", "unknowns", "resistance", "first_trials", "characteristics",
    "questions",
)  # fmt: skip
SEALED_FILES = (
    KNOWN_COUNTS, ABOUT_PUBLISHED, *(f"{name}.parquet" for name in PRINTED_AGAIN),
)  # fmt: skip

#: What is said of those files, beside them.
MANIFEST = "manifest.json"
CRATE = "ro-crate-metadata.json"
PROVENANCE_FILES = (MANIFEST, CRATE)
