"""The same derivations on Spark give the same rows as on DuckDB."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest

from tests.support import (
    CONFIG,
    REFERENCE,
    article,
    load_scales,
    pool_intake,
    take_in_raw,
)
from trdanalysis.engine import Engine
from trdanalysis.files import read_csv
from trdanalysis.labelling.cases import read_cases
from trdanalysis.labelling.cohort import (
    Cohort,
    Labelled,
    derive_medication_related,
    find_while_judging,
    label_cohort,
)
from trdanalysis.labelling.exposure import reference_drugs
from trdanalysis.simulate import simulate_drop

# Spark's own Python code and its bridge to pandas are older than the pandas beside them.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pyspark"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

PATIENTS = 150

Both = tuple[dict[str, ir.Table], dict[str, ir.Table]]

#: What the rows of each table are told apart by.
KEYS = {
    "patients": ["patient_id"],
    "trials": ["patient_id", "trial_id"],
    "labels": ["patient_id", "definition"],
    "trial_verdicts": ["patient_id", "trial_id", "definition"],
    "findings": ["drop_id", "table", "line", "rule"],
}


class SparkEngine:
    """Keeps intermediate tables as cached views of a Spark session."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._kept = 0

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute a table once and keep it for the session."""
        self._kept += 1
        name = f"kept_{self._kept}"
        # A checkpoint computes now and cuts the plan, which else grows with every step.
        frame = self.connection.raw_sql(self.connection.compile(table)).localCheckpoint()
        frame.createOrReplaceTempView(name)
        return self.connection.table(name)

    def bring(self, table: pa.Table) -> ir.Table:
        """Bring an Arrow table into the session, types and nulls as they are."""
        self._kept += 1
        name = f"brought_{self._kept}"
        session = self.connection._session
        session.createDataFrame(_plain(table)).createOrReplaceTempView(name)
        return self.connection.table(name)


def _plain(table: pa.Table) -> pa.Table:
    """Give columns the Arrow types that Spark takes."""
    schema = pa.schema(
        [
            pa.field(
                field.name, pa.string() if pa.types.is_large_string(field.type) else field.type
            )
            for field in table.schema
        ]
    )
    return table.cast(schema)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    # Asked for by `make test-system`, in the environment that has Spark.
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .appName("trdanalysis-tests")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.default.parallelism", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "2g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield SparkEngine(ibis.pyspark.connect(session))
    session.stop()


@pytest.fixture(scope="module")
def raw() -> Mapping[str, pd.DataFrame]:
    """Give simulated patients and the hand-written ones of the cases file."""
    simulated = simulate_drop(PATIENTS, seed=11).tables
    cases = read_cases(read_csv(CONFIG / "definitions" / "article.cases.csv")).raw
    return {
        name: pd.concat([table, simulated[name].astype(object)], ignore_index=True)
        for name, table in cases.items()
    }


@pytest.fixture(scope="module")
def both(raw: Mapping[str, pd.DataFrame], spark: SparkEngine) -> Iterator[Both]:
    """Label one cohort on DuckDB and on Spark."""
    drugs = pa.Table.from_pandas(
        reference_drugs(read_csv(REFERENCE / "antidepressants.csv")), preserve_index=False
    )
    scales = load_scales(REFERENCE)
    definitions = [article(), article().model_copy(update={"id": "article-again"})]
    with Engine(memory_limit_mb=1000, threads=2) as engine:
        cohort = pool_intake(take_in_raw(engine, raw))
        on_duckdb = label_cohort(engine, cohort, engine.from_memory(drugs), scales, definitions)
        brought = {
            name: spark.bring(getattr(cohort, name).to_pyarrow())
            for name in Cohort.__dataclass_fields__
        }
        on_spark = label_cohort(spark, Cohort(**brought), spark.bring(drugs), scales, definitions)
        yield tables(cohort, on_duckdb), tables(Cohort(**brought), on_spark)


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
