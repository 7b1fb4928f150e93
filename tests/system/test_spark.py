"""The same derivations on a cluster of Spark give the same rows, counts and bytes as on DuckDB."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest

from tests.property.compare import frames
from tests.slow.histories import draw_history, pool
from tests.support import (
    CONFIG,
    REFERENCE,
    ROOT,
    article,
    load_scales,
    pool_intake,
    take_in_raw,
)
from trdanalysis.cli import main
from trdanalysis.engine import Engine
from trdanalysis.engine_settings import SparkSettings
from trdanalysis.files import read_csv, write_texts_if_changed
from trdanalysis.labelling.cases import read_cases
from trdanalysis.labelling.cohort import (
    Cohort,
    Labelled,
    derive_medication_related,
    find_while_judging,
    label_cohort,
)
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.layout import CHANGE_TABLES
from trdanalysis.settings import read_settings, read_yaml, render_verb_settings
from trdanalysis.simulate import simulate_drop, write_drop
from trdanalysis.spark import SparkEngine

# Spark's own Python code and its bridge to pandas are older than the pandas beside them.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pyspark"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

PATIENTS = 150
HISTORIES = 100

#: What Spark is told besides: on this machine, few parts, and a heap that a small worker has.
OPTIONS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
MEMORY = {"driver_memory_mb": 1000, "executor_memory_mb": 900}

Both = tuple[dict[str, ir.Table], dict[str, ir.Table]]

#: What the rows of each table are told apart by.
KEYS = {
    "patients": ["patient_id"],
    "trials": ["patient_id", "trial_id"],
    "labels": ["patient_id", "definition"],
    "trial_verdicts": ["patient_id", "trial_id", "definition"],
    "findings": ["drop_id", "table", "line", "rule"],
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    # Asked for by `make test-system`, in the environment that has Spark.
    from tests.system.spark_cluster import cluster_in

    with cluster_in(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def raw() -> Mapping[str, pd.DataFrame]:
    """Give simulated patients, random histories, and the hand-written patients of the cases."""
    simulated = simulate_drop(PATIENTS, seed=11).tables
    draw = random.Random(5)
    drawn = frames(pool([draw_history(draw, f"random-{place}") for place in range(HISTORIES)]))
    cases = read_cases(read_csv(CONFIG / "definitions" / "article.cases.csv")).raw
    return {
        name: pd.concat(
            [table, drawn[name].astype(object), simulated[name].astype(object)], ignore_index=True
        )
        for name, table in cases.items()
    }


@pytest.fixture(scope="module")
def both(
    raw: Mapping[str, pd.DataFrame], cluster: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """Label one cohort on DuckDB and on the cluster."""
    drugs = pa.Table.from_pandas(
        reference_drugs(read_csv(REFERENCE / "antidepressants.csv")), preserve_index=False
    )
    scales = load_scales(REFERENCE)
    definitions = [article(), article().model_copy(update={"id": "article-again"})]
    # A name that would be a pattern, had Spark its way.
    shared = tmp_path_factory.mktemp("shared") / "of [all] machines"
    settings = SparkSettings(cluster.master, shared_folder=shared, options=OPTIONS, **MEMORY)
    with Engine(memory_limit_mb=1000, threads=2) as engine, SparkEngine(settings, 500) as spark:
        cohort = pool_intake(take_in_raw(engine, raw))
        on_duckdb = label_cohort(engine, cohort, engine.from_memory(drugs), scales, definitions)
        brought = {
            name: spark.from_memory(getattr(cohort, name).to_pyarrow())
            for name in Cohort.__dataclass_fields__
        }
        on_spark = label_cohort(
            spark, Cohort(**brought), spark.from_memory(drugs), scales, definitions
        )
        yield tables(cohort, on_duckdb), tables(Cohort(**brought), on_spark)
    assert not list(shared.iterdir()), "rows of patients were left in the shared folder"


def tables(cohort: Cohort, labelled: Labelled) -> dict[str, ir.Table]:
    """Give everything that labelling makes."""
    return {
        "patients": derive_medication_related(cohort.patients, labelled.trials),
        "trials": labelled.trials,
        "labels": labelled.labels,
        "trial_verdicts": labelled.trial_verdicts,
        "findings": find_while_judging(labelled.trials),
    }


def rows(table: ir.Table, key: list[str]) -> list[dict[str, Any]]:
    """Fetch rows in the order of their keys."""
    fetched = table.to_pyarrow().to_pylist()
    return sorted(fetched, key=lambda row: tuple(str(row[name]) for name in key))


@pytest.mark.parametrize("name", list(KEYS))
def test_every_column_of_every_row_is_the_same(both: Both, name: str) -> None:
    expected, got = (rows(side[name], KEYS[name]) for side in both)
    assert expected, "nothing to compare"
    assert len(got) == len(expected)
    different = [
        (column, [one[key] for key in KEYS[name]], one[column], other.get(column, "no column"))
        for one, other in zip(expected, got, strict=True)
        for column in one
        if not same(one[column], other.get(column, "no column"))
    ]
    assert not different, f"{len(different)} cells differ: {different[:10]}"


def same(one: object, other: object) -> bool:
    """Compare two cells; a null is only like a null."""
    if isinstance(one, float) and isinstance(other, float):
        return one == pytest.approx(other, rel=1e-12, abs=1e-12)
    return type(one) is type(other) and one == other


def test_the_cohort_has_every_label(both: Both) -> None:
    labels = both[0]["labels"]
    assert set(labels.to_pyarrow()["label"].to_pylist()) == {"trd", "not_trd", "indeterminate"}


def test_counts_of_nothing_are_nought(both: Both) -> None:
    # Ibis has Spark add up what is counted, which gave null; `unknown` levels lost patients by it.
    for side in both:
        trials = side["trials"]
        nothing = trials.filter(trials.patient_id == "nobody")
        of_nulls = trials.filter(trials.failed.isnull())
        assert of_nulls.count().to_pyarrow().as_py() > 0
        for table in (nothing, of_nulls):
            assert table.count(where=table.failed).to_pyarrow().as_py() == 0


class Study:
    """Two drops, taken in, and what each verb makes of them by an engine."""

    def __init__(self, folder: Path, master: str) -> None:
        self.folder = folder
        self.drops = [folder / "drops" / name for name in ("a", "b")]
        settings = read_settings(read_yaml(CONFIG / "config.yaml"))
        write_texts_if_changed(render_verb_settings(settings, folder / "settings"))
        for engine in ("duckdb", "spark"):
            self.engine_file(engine).write_text(json.dumps(self._told(engine, master)))
        for seed, drop in enumerate(self.drops):
            write_drop(simulate_drop(PATIENTS, seed=seed + 3), folder / "raw" / drop.name)
            assert main([
                "intake", "--drop", str(folder / "raw" / drop.name), "--out", str(drop),
                "--reference", str(REFERENCE),
            ]) == 0  # fmt: skip
        for verb in VERBS:
            assert main(self.line(verb, "duckdb")) == 0

    def engine_file(self, engine: str) -> Path:
        return self.folder / "settings" / f"{engine}.engine.json"

    def _told(self, engine: str, master: str) -> dict[str, Any]:
        return {
            "engine": engine, "spark_master": master, "spark_options": OPTIONS,
            **{f"spark_{name}": value for name, value in MEMORY.items()},
            "spark_shared_folder": str(self.folder / "shared"),
            "spark_warehouse_folder": None, "spark_local_folder": str(self.folder / "scratch"),
        }  # fmt: skip

    def out(self, engine: str) -> Path:
        return self.folder / engine

    def line(self, verb: str, engine: str) -> list[str]:
        """Give the command line of a verb; what it reads is what DuckDB made."""
        made, out = self.out("duckdb"), self.out(engine)
        told = {
            "--settings": [self.folder / "settings" / f"{verb}.json"],
            "--drops": self.drops,
            "--pooled": [made / "accepted"],
            "--cohort": [made],
            "--definitions": [CONFIG / "definitions" / "article.yaml"],
            "--definition": [CONFIG / "definitions" / "article.yaml"],
            "--eligibility": [CONFIG / "eligibility" / "esketamine-trials.yaml"],
            "--grid": [ROOT / "tests" / "golden" / "multiverse.yaml"],
            "--analysis": [out / "analysis"],
            "--history": [out / "history"],
            "--reference": [REFERENCE],
            "--engine": [self.engine_file(engine)],
            "--memory-limit-mb": ["1000"],
            "--out": [out / VERBS[verb][1]],
        }
        line = [verb]
        for option in (*VERBS[verb][0], "--reference", "--engine", "--memory-limit-mb", "--out"):
            line += [option, *(str(value) for value in told[option])]
        return line


#: What each verb that Spark runs is told, and where it writes.
VERBS: dict[str, tuple[tuple[str, ...], str]] = {
    "pool": (("--settings", "--drops"), "accepted"),
    "label": (("--pooled", "--definitions"), "."),
    "summarise": (
        ("--settings", "--cohort", "--pooled", "--drops", "--definitions"), "analysis"
    ),
    "questions": (
        ("--settings", "--cohort", "--pooled", "--definitions", "--eligibility"), "analysis"
    ),
    "multiverse": (("--settings", "--pooled", "--definition", "--grid"), "analysis"),
    "changes": (
        ("--settings", "--cohort", "--pooled", "--drops", "--analysis", "--history"), "."
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def study(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("study"), cluster.master)


def written(folder: Path) -> dict[str, bytes]:
    """Give files by path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def compare(study: Study, at_least: int) -> None:
    """See that what Spark has written so far is what DuckDB wrote."""
    expected, got = written(study.out("duckdb")), written(study.out("spark"))
    assert len(got) >= at_least
    assert not [name for name, content in got.items() if content != expected[name]]
    assert not list((study.folder / "shared").iterdir())


# Each compares what is there by then: files of its own, and those of the verbs before it.
@pytest.mark.parametrize(
    ("verb", "at_least"),
    [("pool", 6), ("label", 12), ("summarise", 30), ("questions", 33), ("multiverse", 34)],
)
def test_a_verb_writes_the_same_bytes(study: Study, verb: str, at_least: int) -> None:
    assert main(study.line(verb, "spark")) == 0
    compare(study, at_least)


def test_what_changed_is_the_same(study: Study) -> None:
    assert main(study.line("changes", "spark")) == 0
    compare(study, 34 + len(CHANGE_TABLES))


def test_a_worker_killed_in_mid_job_changes_nothing(study: Study, cluster: Any) -> None:
    """Kill a machine, as it were: the worker and the process that computes for it."""
    for name in ("labels", "trials", "evidence", "patients"):
        (study.out("spark") / f"{name}.parquet").unlink(missing_ok=True)
    job = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "trdanalysis", *study.line("label", "spark")],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        kept = wait_for_tables(study.folder / "shared", 8, job)
        killed = cluster.kill_worker(0)
        assert len(killed) >= 2, "the worker computed nothing"
        assert job.poll() is None, "the job ended before the worker was killed"
        _, said = job.communicate(timeout=900)
        assert job.returncode == 0, said
    finally:
        job.kill()
        cluster.add_worker()
    print(f"killed {killed} after {kept} tables")
    compare(study, 6)


def wait_for_tables(shared: Path, number: int, job: subprocess.Popen[str]) -> int:
    """Wait until a job has computed some of its tables, and is at another."""
    while job.poll() is None:
        kept = len(list(shared.glob("*/kept_*/_SUCCESS")))
        if kept >= number:
            return kept
        time.sleep(0.05)
    raise AssertionError(job.communicate()[1])


def test_no_master_is_told_in_plain_words(tmp_path: Path) -> None:
    # In a process of its own: one that has a session is given that again.
    script = f"""
from pathlib import Path
from trdanalysis.engine_settings import SparkSettings
from trdanalysis.errors import UserError
from trdanalysis.spark import SparkEngine
try:
    SparkEngine(SparkSettings("spark://127.0.0.1:9", 600, 600, Path({str(tmp_path)!r})))
except UserError as error:
    print(error.exit_code, error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("4 Spark did not start, or its master does not answer")
    assert not list(tmp_path.iterdir())
