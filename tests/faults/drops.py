"""Spoiled drops through intake: what is said, what is counted, how long it takes."""

from __future__ import annotations

import csv
import io
import json
import logging
import random
import shutil
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.faults import mutate
from tests.support import CONFIG, REFERENCE, load_reference
from trdanalysis.ages import age_bands
from trdanalysis.commands.drugs import load_drugs
from trdanalysis.commands.intake import hash_drop, take_in_drop
from trdanalysis.commands.shared import load_scales
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.files import format_json
from trdanalysis.intake.findings import sort_findings
from trdanalysis.intake.pool import (
    AcceptedDrop,
    derive_patient_groups,
    find_left_out_factors,
    pool_drops,
)
from trdanalysis.intake.take_in import Intake, take_in
from trdanalysis.labelling.cohort import Cohort, label_cohort
from trdanalysis.labelling.definition import read_definition
from trdanalysis.readers.drop_info import list_drops, read_drop_info
from trdanalysis.readers.raw_drop import RawDrop

#: A case that takes longer, of the processor, has no bound.
MOST_SECONDS = 30.0

#: What stands in every patient's rows and nowhere else: no message may hold any of it.
SENTINELS = (
    "zqpat", "zqtrial", "Zqsite", "Zqfluoxa", "73127", "73939", "48151.6", "48151", "17.25319",
    "25319", "Zqscale", "2014-07-23", "23.07.2014",
)  # fmt: skip

TABLE_ROWS: dict[str, mutate.Rows] = {
    "patients": [
        ["patient_id", "age_years", "sex", "site", "mdd_diagnosis", "early_trauma",
         "last_observed_day"],
        ["zqpat1", "41", "female", "Zqsite", "yes", "no", "73939"],
        ["zqpat2", "87", "male", "Zqsite", "no", "", "73939"],
        ["zqpat3", "", "other", "", "", "yes", ""],
    ],
    "trials": [
        ["patient_id", "trial_id", "drug", "start_day", "stop_day", "dose_mg_per_day", "adherence",
         "scale", "baseline_score", "endpoint_score", "stop_reason", "role"],
        ["zqpat1", "zqtrial1", "sertraline", "73127", "73939", "100", "0.9", "HAM-D17", "25",
         "17.25319", "lack_of_efficacy", ""],
        ["zqpat1", "zqtrial2", "Zqfluoxa", "73127", "", "48151.6", "", "Zqscale", "", "", "", ""],
        ["zqpat2", "zqtrial1", "venlafaxine", "73127", "73939", "150", "1", "", "", "", "", ""],
    ],
    "doses": [
        ["patient_id", "trial_id", "start_day", "stop_day", "dose_mg_per_day"],
        ["zqpat1", "zqtrial1", "73127", "73200", "50"],
        ["zqpat1", "zqtrial1", "73200", "", "100"],
    ],
    "assessments": [
        ["patient_id", "day", "scale", "score"],
        ["zqpat1", "73127", "PHQ-9", "19"],
        ["zqpat2", "73939", "PHQ-9", "17.25319"],
    ],
}  # fmt: skip

FLAT_ROWS: mutate.Rows = [
    ["ID", "AGE", "SEX", "DX", "DRUG1", "FROM1", "TO1", "GRAMS1", "WHEN"],
    ["zqpat1", "41", "1", "MDD", "Zqfluoxa", "73127", "73939", "0.1", "2014-07-23"],
    ["zqpat2", "87", "2", "BP", "venlafaxine", "73127", "", "0.15", "2014-07-23"],
    ["zqpat3", "-9", "9", "", "sertraline", "73127", "73939", "", "2014-07-23"],
]
FLAT_MAPPING = {
    "file": "clinic.csv",
    "missing": [-9],
    "assumptions": ["Day 0 is the first day."],
    "tables": {
        "patients": {
            "columns": {
                "patient_id": "ID", "age_years": "AGE",
                "sex": {"column": "SEX", "recode": {1: "male", 2: "female"},
                        "otherwise": "unknown"},
                "mdd_diagnosis": {"column": "DX", "recode": {"MDD": "yes", "BP": "no"},
                                  "otherwise": "unknown"},
            }
        },
        "trials": {
            "for_each": [1],
            "where": {"column": "DRUG{}", "filled": True},
            "columns": {
                "patient_id": "ID", "trial_id": {"constant": "course{}"}, "drug": "DRUG{}",
                "start_day": "FROM{}", "stop_day": {"column": "TO{}", "add": 1},
                "dose_mg_per_day": {"column": "GRAMS{}", "multiply": 1000},
            },
        },
    },
}  # fmt: skip

DROP_YAML = "mode: snapshot\nsource: native\nsynthetic: false\nnamespace: ''\n"


def write_case(seed: int, folder: Path) -> Path:
    """Write the spoiled drop of a seed."""
    draw = random.Random(seed)
    drop = folder / "a-drop"
    drop.mkdir(parents=True)
    if draw.random() < 0.2:
        _write_flat(draw, drop)
    else:
        _write_native(draw, drop)
    if draw.random() < 0.02:
        (drop / "SHA256SUMS").write_bytes(mutate.spoil_bytes(draw, b"0" * 64 + b"  patients.csv\n"))
    return drop


def _write_native(draw: random.Random, drop: Path) -> None:
    tables = ["patients", "trials"] + draw.choice(([], [], ["doses"], ["doses", "assessments"]))
    spoiled = draw.choice(tables)
    for name in tables:
        rows = TABLE_ROWS[name]
        if name != spoiled:
            (drop / f"{name}.csv").write_text(_as_text(rows))
        else:
            _write_spoiled(draw, drop / name, rows)
    if draw.random() < 0.1:
        (drop / "drop.yaml").write_bytes(mutate.spoil_yaml(draw, DROP_YAML))


def _write_flat(draw: random.Random, drop: Path) -> None:
    mapping, rows = yaml.safe_dump(FLAT_MAPPING, sort_keys=False).encode(), FLAT_ROWS
    (drop / "drop.yaml").write_text("source: flat\nmapping: mapping.yaml\n")
    (drop / "clinic.csv").write_text(_as_text(rows))
    if draw.random() < 0.5:
        mapping = mutate.spoil_yaml(draw, mapping.decode())
    else:
        text = _as_text(mutate.spoil_rows(draw, rows)).encode(errors="surrogatepass")
        (drop / "clinic.csv").write_bytes(
            mutate.spoil_bytes(draw, text) if draw.random() < 0.5 else text
        )
    (drop / "mapping.yaml").write_bytes(mapping)


def _write_spoiled(draw: random.Random, path: Path, rows: mutate.Rows) -> None:
    how = draw.random()
    if how < 0.25:
        path.with_suffix(".csv").write_bytes(mutate.spoil_bytes(draw, _as_text(rows).encode()))
    elif how < 0.35:
        path.with_suffix(".csv").write_bytes(mutate.spoil_encoding(draw, _as_text(rows)))
    elif how < 0.75:
        text = mutate.write_rows(draw, mutate.spoil_rows(draw, rows))
        path.with_suffix(".csv").write_bytes(text.encode(errors="surrogatepass"))
    else:
        _write_parquet(draw, path.with_suffix(".parquet"), rows)


def _write_parquet(draw: random.Random, path: Path, rows: mutate.Rows) -> None:
    try:
        pq.write_table(mutate.spoil_types(draw, rows), path)
    except (pa.ArrowException, ValueError):
        # Some types Parquet has not.
        path.write_bytes(b"PAR1")
    if draw.random() < 0.3:
        path.write_bytes(mutate.spoil_bytes(draw, path.read_bytes()))


def _as_text(rows: mutate.Rows) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


class _Kept(logging.Handler):
    """Keeps what a verb says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[list[str]]:
    log, kept = logging.getLogger("trdanalysis"), _Kept()
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(kept)
    try:
        yield kept.said
    finally:
        log.removeHandler(kept)
        log.setLevel(level)


def judge_case(seed: int, folder: Path, *, label: bool = False) -> tuple[str, list[str]]:
    """Take in the drop of a seed.

    Returns
    -------
    tuple
        How it went (``accepted``, ``refused``), and every fault that showed, in words.
    """
    drop = write_case(seed, folder)
    return judge_drop(drop, label=label)


def judge_drop(drop: Path, *, label: bool = False) -> tuple[str, list[str]]:
    """Take in a drop; see :func:`judge_case`."""
    began = time.process_time()
    with _listening() as said:
        faults, went = [], "accepted"
        try:
            faults += _take_in(drop, said, label=label)
        except UserError as error:
            went = "refused"
            said.append(str(error))
        except Exception:  # noqa: BLE001 -- whatever it is, it is a fault
            went = "fault"
            faults.append(traceback.format_exc(limit=-6))
    text = "\n".join(said)
    # The folder's own path is no patient's.
    text = text.replace(str(drop.parent), "")
    shown = sorted(word for word in SENTINELS if word in text)
    if shown:
        faults.append(f"a patient's value is told ({', '.join(shown)}): {text[:1500]}")
    took = time.process_time() - began
    if took > MOST_SECONDS:
        faults.append(f"it took {took:.0f} s of the processor")
    return went, faults


def _take_in(drop: Path, said: list[str], *, label: bool) -> list[str]:
    # As the plan does, before any step begins.
    list_drops(drop.parent)
    info = read_drop_info(drop)
    with Engine(memory_limit_mb=300, threads=1) as engine:
        raw, result = take_in_drop(
            engine, drop, info, [],
            lambda tables, known: take_in(
                engine, tables, load_reference(), namespace=info.namespace, known=known
            ),
        )  # fmt: skip
        hash_drop(drop)
        said.append(sort_findings([result.findings, raw.findings]).to_csv())
        said.append(format_json([result.summary, result.columns, raw.account]))
        faults = _check_balance(drop, result, raw)
        if label:
            _label(engine, drop.name, info.mode, result)
    return faults


def _check_balance(drop: Path, result: Intake, raw: RawDrop) -> list[str]:
    faults = []
    for name, row in result.summary.items():
        if row["rows_in"] != row["accepted"] + row["duplicates"] + row["quarantined"]:
            faults.append(f"{name}: the balance of rows does not hold: {json.dumps(row)}")
        kept = int(result.accepted[name].count().to_pyarrow().as_py())
        if kept != row["accepted"]:
            faults.append(f"{name}: {row['accepted']} rows counted as accepted, {kept} are there")
        there = _count_rows(drop / f"{name}.csv")
        if there is not None and there != row["rows_in"]:
            faults.append(f"{name}: {there} rows in the file, {row['rows_in']} counted")
    return faults


def _count_rows(path: Path) -> int | None:
    """Count the rows of a CSV file another way than the reader; None where it is none."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError:
        return None
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    return len(rows) - 1


def _label(engine: Engine, name: str, mode: str, result: Intake) -> None:
    patients = result.accepted["patients"]
    bands = age_bands([0, 12, 18, 26, 36, 50, 65])
    grouped = derive_patient_groups(patients, find_left_out_factors(patients), bands)
    tables = result.accepted | {
        "patients": grouped, "quarantined_trials": result.quarantined_trials,
    }  # fmt: skip
    pooled = pool_drops([AcceptedDrop(name, mode, tables)])
    cohort = Cohort(*(pooled[one] for one in (
        "patients", "trials", "quarantined_trials", "doses", "assessments")))  # fmt: skip
    drugs = engine.from_memory(load_drugs(REFERENCE))
    definition = read_definition(CONFIG / "definitions" / "article.yaml")
    labelled = label_cohort(engine, cohort, drugs, load_scales(REFERENCE), [definition])
    rows = int(labelled.labels.count().to_pyarrow().as_py())
    there = int(patients.count().to_pyarrow().as_py())
    assert rows == there, f"{there} patients accepted, {rows} labelled"


def run_drops(seeds: range, folder: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Judge the drops of several seeds; every twentieth goes on to labels."""
    for seed in seeds:
        place = folder / str(seed)
        went, faults = judge_case(seed, place, label=seed % 20 == 0)
        shutil.rmtree(place)
        yield seed, went, faults
