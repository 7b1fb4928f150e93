"""What is compared, each run as a process of its own: `python -m bench.sides SIDE ...`.

read ACCEPTED            DuckDB reads the columns that labelling needs, and nothing else
read-csv DROP            DuckDB's bare read_csv of every table
read-drop DROP           DuckDB reads every cell of a drop, and nothing else
labels ACCEPTED OUT      the project: accepted tables to sorted labels on disk
evidence COHORT OUT      the project: what `label` wrote to the evidence of every label, on disk
criteria COHORT OUT      the project: criteria of every estimand, patient by patient, on disk
read-strata COHORT       DuckDB reads label and factor columns, and nothing else
strata CRITERIA          the project: criteria to every rate in every stratum
multiverse ACCEPTED OUT  the project: accepted tables to every cell of the grid, on disk
apply ACCEPTED OUT       what an analyst would write: pandas groupby-apply over patients
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from trdanalysis.contract import FACTORS, RECORDED_GROUPS

SIDES = (
    "read", "read-csv", "read-drop", "labels", "evidence", "criteria", "read-strata", "strata",
    "multiverse", "apply",
)  # fmt: skip
THREADS = 2
REFERENCE = Path("config/reference")
DEFINITION = Path("config/definitions/article.yaml")
GRID = Path("config/multiverse.yaml")

#: What labelling cannot do without.
NEEDED = {
    "patients": (
        "patient_id",
        "mdd_diagnosis",
        "bipolar_disorder",
        "functional_impairment",
        "function_scale",
        "function_score",
        "medical_cause",
        "current_substance_use",
        "last_observed_day",
    ),
    "trials": (
        "patient_id",
        "trial_id",
        "ingredient",
        "drug_key",
        "role",
        "for_depression",
        "dose_mg_per_day",
        "start_day",
        "stop_day",
        "adherence",
        "scale",
        "baseline_score",
        "endpoint_score",
        "baseline_day",
        "endpoint_day",
        "rated_outcome",
        "stop_reason",
    ),
    "doses": ("patient_id", "trial_id", "start_day", "stop_day", "dose_mg_per_day"),
    "assessments": ("patient_id", "day", "scale", "score"),
    "quarantined_trials": ("patient_id",),
}


def read_needed(accepted: Path, needed: Mapping[str, Sequence[str]]) -> None:
    """Read every needed cell; a sum over it cannot be answered out of the file's statistics."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        for name, columns in needed.items():
            source = f"read_parquet('{accepted / name}.parquet')"
            kinds = {row[0]: row[1] for row in connection.sql(f"DESCRIBE FROM {source}").fetchall()}
            sums = (
                f"sum(strlen({c}))" if kinds[c] == "VARCHAR" else f"sum({c}::DOUBLE)"
                for c in columns
            )
            connection.sql(f"SELECT {', '.join(sums)} FROM {source}").fetchall()


def read_csv(drop: Path) -> None:
    """Load every CSV table of a drop as it comes."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        for path in sorted(drop.glob("*.csv")):
            connection.execute(f"CREATE TABLE {path.stem} AS FROM read_csv('{path}')")


def read_drop(drop: Path) -> None:
    """Read every cell of a drop's tables; a sum over it cannot be answered out of statistics."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        for path in sorted([*drop.glob("*.csv"), *drop.glob("*.parquet")]):
            source = f"read_{path.suffix[1:]}('{path}')"
            names = [row[0] for row in connection.sql(f"DESCRIBE FROM {source}").fetchall()]
            sums = ", ".join(f"sum(strlen({name}::VARCHAR))" for name in names)
            connection.sql(f"SELECT {sums} FROM {source}").fetchall()


def label(accepted: Path, out: Path, memory_limit_mb: int) -> None:
    """Label accepted tables by the project's own functions and write the sorted labels, no more."""
    from trdanalysis.commands.label import load_cohort
    from trdanalysis.commands.shared import load_scales
    from trdanalysis.engine import Engine
    from trdanalysis.files import read_csv as read_reference
    from trdanalysis.labelling.cohort import label_cohort
    from trdanalysis.labelling.definition import read_definition
    from trdanalysis.labelling.exposure import reference_drugs

    table = reference_drugs(read_reference(REFERENCE / "antidepressants.csv"))
    with Engine(memory_limit_mb, THREADS) as engine:
        cohort = load_cohort(engine, accepted)
        labelled = label_cohort(
            engine,
            cohort,
            engine.from_memory(table),
            load_scales(REFERENCE),
            [read_definition(DEFINITION)],
        )
        engine.write_parquet(labelled.labels, out / "labels.parquet", ["patient_id", "definition"])


def write_evidence(cohort: Path, out: Path, memory_limit_mb: int) -> None:
    """Make the evidence of labels and write it sorted, as the verb does."""
    from trdanalysis.engine import Engine
    from trdanalysis.files import read_csv as read_reference
    from trdanalysis.labelling.cohort import Labelled
    from trdanalysis.labelling.definition import read_definition
    from trdanalysis.labelling.evidence import EVIDENCE_ORDER
    from trdanalysis.labelling.exposure import reference_drugs
    from trdanalysis.labelling.grounds import derive_grounds

    table = reference_drugs(read_reference(REFERENCE / "antidepressants.csv"))
    with Engine(memory_limit_mb, THREADS) as engine:
        files = {
            name: engine.read_parquet(cohort / f"{name}.parquet")
            for name in ("labels", "trials", "trial_verdicts")
        }
        patients = engine.read_parquet(cohort / "patients.parquet")
        evidence = derive_grounds(
            engine, Labelled(**files), patients, engine.from_memory(table),
            [read_definition(DEFINITION)],
        )  # fmt: skip
        engine.write_parquet(evidence, out / "evidence.parquet", list(EVIDENCE_ORDER))


#: What rates by stratum cannot do without.
STRATA = {
    "labels": (
        "patient_id",
        "label",
        "mdd",
        "enough_failures",
        "impaired",
        "not_excluded",
        "apparent_resistance",
        "pseudo_resistance",
    ),
    "patients": (
        "patient_id",
        "age_years",
        "age_band",
        "sex",
        "site",
        "drop_id",
        *RECORDED_GROUPS,
        *(name for group in RECORDED_GROUPS for name in FACTORS[group]),
    ),
}


def write_criteria(cohort: Path, out: Path) -> None:
    """Derive the criteria of every estimand from a labelled cohort, and write them."""
    from trdanalysis.analysis.criteria import derive_criteria
    from trdanalysis.commands.shared import load_tables
    from trdanalysis.engine import Engine

    with Engine(4000, THREADS) as engine:
        tables = load_tables(engine, cohort, ("patients", "trials", "labels"))
        lost = engine.read_parquet(cohort / "accepted" / "quarantined_trials.parquet")
        criteria = derive_criteria(
            tables["patients"], tables["trials"], tables["labels"], lost, "article"
        )
        engine.write_parquet(criteria, out / "criteria.parquet", ["patient_id"])


def estimate_strata(criteria: Path) -> None:
    """Estimate every rate in every stratum from criteria, by the project's own functions."""
    from trdanalysis.ages import age_bands
    from trdanalysis.analysis.rates import RateSettings, estimate_rates
    from trdanalysis.analysis.states import derive_states
    from trdanalysis.engine import Engine

    bands = age_bands([0, 12, 18, 26, 36, 50, 65])
    settings = RateSettings(0.3, 0.05, bands, ("article",))
    with Engine(4000, THREADS) as engine:
        table = engine.read_parquet(criteria / "criteria.parquet")
        estimate_rates(engine.keep(derive_states(table)), settings)


def evaluate_multiverse(accepted: Path, out: Path, memory_limit_mb: int) -> None:
    """Evaluate every cell of the project's grid, by the verb's own function."""
    from trdanalysis.commands.multiverse import run_multiverse
    from trdanalysis.engine import Engine

    settings = {"reference_rate": 0.3, "age_bands_from_years": [0, 12, 18, 26, 36, 50, 65]}
    with Engine(memory_limit_mb, THREADS) as engine:
        run_multiverse(engine, accepted, DEFINITION, GRID, settings, REFERENCE, out)


def apply(accepted: Path, out: Path) -> None:
    """Label with one Python function per patient, from scores alone; less than the project does."""
    import pandas as pd

    patients = pd.read_parquet(accepted / "patients.parquet", columns=list(NEEDED["patients"]))
    trials = pd.read_parquet(accepted / "trials.parquet", columns=list(NEEDED["trials"]))
    drugs = pd.read_csv(REFERENCE / "antidepressants.csv").drop_duplicates("generic")
    drugs = drugs[(drugs["role"] == "antidepressant") & (drugs["first_line_broad"] == "yes")]
    trials = trials.merge(
        drugs[["generic", "min_mg_default"]], left_on="ingredient", right_on="generic"
    )

    def count_failures(group: pd.DataFrame) -> int:
        ingredients, separate, last = set(), 0, -(10**9)
        row: Any
        for row in group.sort_values("start_day").itertuples():
            if row.role == "augmentation" or row.for_depression is False:
                continue
            enough = row.dose_mg_per_day >= row.min_mg_default and row.adherence >= 0.8
            lost = row.baseline_score - row.endpoint_score
            if enough and row.stop_day - row.start_day >= 42 and 2 * lost < row.baseline_score:
                ingredients.add(row.ingredient)
                if row.start_day - last > 14:
                    separate, last = separate + 1, row.start_day
        return min(separate, len(ingredients))

    failures = trials.groupby("patient_id").apply(count_failures).rename("failures")
    labels = patients.merge(failures, on="patient_id", how="left").fillna({"failures": 0})
    trd = (labels["mdd_diagnosis"] == True) & (labels["failures"] >= 2)  # noqa: E712
    trd &= labels["functional_impairment"] == True  # noqa: E712
    labels["label"] = trd.map({True: "trd", False: "not_trd"})
    out.mkdir(parents=True, exist_ok=True)
    columns = labels[["patient_id", "label", "failures"]].sort_values("patient_id")
    columns.to_parquet(out / "labels.parquet", index=False)


def main() -> None:
    """Run one side."""
    parser = argparse.ArgumentParser(prog="python -m bench.sides")
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--memory-limit-mb", type=int, default=2000)
    options = parser.parse_args()
    if options.side == "read":
        read_needed(options.source, NEEDED)
    elif options.side == "read-strata":
        read_needed(options.source, STRATA)
    elif options.side == "criteria":
        write_criteria(options.source, options.out)
    elif options.side == "strata":
        estimate_strata(options.source)
    elif options.side == "multiverse":
        evaluate_multiverse(options.source, options.out, options.memory_limit_mb)
    elif options.side == "read-csv":
        read_csv(options.source)
    elif options.side == "read-drop":
        read_drop(options.source)
    elif options.side == "evidence":
        write_evidence(options.source, options.out, options.memory_limit_mb)
    elif options.side == "labels":
        label(options.source, options.out, options.memory_limit_mb)
    else:
        apply(options.source, options.out)


if __name__ == "__main__":
    main()
