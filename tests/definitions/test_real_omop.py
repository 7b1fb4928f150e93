"""Two published OMOP data models through the workflow, against counts that share nothing with it.

The files are not in the repository: TRDANALYSIS_REAL_DATA names the folder that holds
omop-synthea-depression (column names of v6.0, ids as floats, eras and no exposures) and
omop-synthea-empty (v5.4, nobody with depression or an antidepressant). Everything expected here is
read from the files with the module csv.

Neither has vocabulary tables, so only listed ids are known. By hand, in the first:

* drug eras of fluoxetine (755695) 14, sertraline (739138) 3, duloxetine (715259) 2; no two of one
  person and drug lie within 14 days; all end before observation does. So 19 trials in 16 people;
* with the last day counted, their lengths are 11 times 1 day, 10, 31, 31, 97, 97, 106, 109 and 193
  days, the last five in five people. Without doses, adherence and outcomes a trial of six weeks may
  have failed and none certainly has: 5 people with one possible failure, 11 with none, 203
  untreated, and nobody can have two;
* concepts 4152280 and 4282096 are major depression: 20 and 2 records, 20 people.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.support import CONFIG, ROOT

ANTIDEPRESSANTS = {755695: "fluoxetine", 739138: "sertraline", 715259: "duloxetine"}
MAJOR_DEPRESSION = {4152280, 4282096}
CHRONIC = {201826, 320128, 313217, 4229440, 443614, 443601, 436096, 4079750}
STRESS = {4251306}
NAMES = ("depression", "empty")

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Rows]]:
    """Read every table of both data models, or skip."""
    folder = os.environ.get("TRDANALYSIS_REAL_DATA")
    if not folder:
        pytest.skip("TRDANALYSIS_REAL_DATA is not set: the real records are not at hand")
    found: dict[str, dict[str, Rows]] = {}
    for name in NAMES:
        paths = sorted((Path(folder) / f"omop-synthea-{name}").glob("*.csv"))
        if not paths:
            pytest.skip(f"the folder of TRDANALYSIS_REAL_DATA has no omop-synthea-{name}")
        found[name] = {}
        for path in paths:
            with path.open(encoding="utf-8", newline="") as file:
                found[name][path.stem] = list(csv.DictReader(file))
    return found


@pytest.fixture(scope="module")
def restricted(
    models: dict[str, dict[str, Rows]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Run the workflow on both up to the labels; their ids collide, so each has a namespace."""
    folder = tmp_path_factory.mktemp("omop")
    mapping = (CONFIG / "mappings" / "omop.yaml").read_text()
    for name in models:
        drop = folder / "drops" / name
        drop.mkdir(parents=True)
        for path in (Path(os.environ["TRDANALYSIS_REAL_DATA"]) / f"omop-synthea-{name}").iterdir():
            (drop / path.name).write_bytes(path.read_bytes())
        (drop / "mapping.yaml").write_text(mapping.replace("../concepts", str(CONFIG / "concepts")))
        told = f"source: omop\nmapping: mapping.yaml\nnamespace: {name}\n"
        (drop / "drop.yaml").write_text(told)
    command = [
        *(sys.executable, "-m", "snakemake", "--cores", "1", "--until", "label"),
        *("--snakefile", ROOT / "Snakefile", "--directory", folder),
        *("--configfile", CONFIG / "config.yaml"),
        *("--config", f"drops={folder / 'drops'}", f"results={folder / 'results'}"),
    ]
    # The rules call `python`: it must be the one that runs this test.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "results" / "restricted"


def number(text: str) -> int:
    """Read an id that may have arrived as a float."""
    return int(float(text))


def day_count(text: str) -> int:
    return date.fromisoformat(text[:10]).toordinal()


def people_with(model: dict[str, Rows], concepts: set[int]) -> set[str]:
    return {
        str(number(row["person_id"]))
        for row in model["condition_occurrence"]
        if number(row["condition_concept_id"]) in concepts
    }


def says_yes(patients: pd.DataFrame, column: str) -> set[str]:
    return set(patients.loc[patients[column].eq(True), "patient_id"])


def observed(model: dict[str, Rows], end: str) -> dict[str, int]:
    """Give the first or last day of observation; everyone has one period."""
    rows = model["observation_period"]
    days = {str(number(row["person_id"])): day_count(row[end]) for row in rows}
    assert len(days) == len(rows)
    return days


def eras_by_hand(model: dict[str, Rows]) -> list[tuple[str, str, int, int, int]]:
    """Give person, drug, first day, first day without, and line of each antidepressant era."""
    first = observed(model, "observation_period_start_date")
    found = []
    for line, row in enumerate(model["drug_era"], start=2):
        drug = ANTIDEPRESSANTS.get(number(row["drug_concept_id"]))
        if drug is None:
            continue
        who = str(number(row["person_id"]))
        start = day_count(row["drug_era_start_datetime"]) - first[who]
        stop = day_count(row["drug_era_end_datetime"]) + 1 - first[who]
        found.append((who, drug, start, stop, line))
    return found


def age_by_hand(person: dict[str, str], day: int) -> int:
    born, then = date.fromisoformat(person["birth_datetime"][:10]), date.fromordinal(day)
    years = then.year - born.year - ((then.month, then.day) < (born.month, born.day))
    return min(years, 90)


def test_the_count_by_hand_is_that_worked_out_above(models: dict[str, dict[str, Rows]]) -> None:
    eras = eras_by_hand(models["depression"])
    drugs = Counter(drug for _, drug, *_ in eras)
    assert drugs == {"fluoxetine": 14, "sertraline": 3, "duloxetine": 2}
    assert len({who for who, *_ in eras}) == 16
    lengths = Counter(stop - start for _, _, start, stop, _ in eras)
    assert lengths == {1: 11, 10: 1, 31: 2, 97: 2, 106: 1, 109: 1, 193: 1}
    for who, drug, _, stop, _ in eras:
        others = [start for *key, start, _, _ in eras if key == [who, drug]]
        assert not any(0 <= start - stop <= 14 for start in others)
    assert len(people_with(models["depression"], MAJOR_DEPRESSION)) == 20


def test_eras_become_trials(models: dict[str, dict[str, Rows]], restricted: Path) -> None:
    model, out = models["depression"], restricted / "drops" / "depression"
    trials = pd.read_parquet(out / "trials.parquet")
    expected = [(f"depression:{who}", *rest) for who, *rest in eras_by_hand(model)]
    columns = ["patient_id", "drug", "start_day", "stop_day", "line"]
    assert sorted(trials[columns].itertuples(index=False, name=None)) == sorted(expected)
    for column in ("adherence", "dose_mg_per_day", "stop_reason"):
        assert trials[column].isna().all()
    summary = json.loads((out / "summary.json").read_text())
    assert summary["trials"] == {
        "rows_in": 19, "accepted": 19, "duplicates": 0, "quarantined": 0, "cells_set_unknown": 0,
    }  # fmt: skip
    account = json.loads((out / "drop.json").read_text())["reader"]
    assert account["exposures"]["rows"] == len(model["drug_era"]) == 1785
    assert (account["exposures"]["used"], account["exposures"]["other_drugs"]) == (19, 1766)
    assert account["tables"] == {name: len(rows) for name, rows in model.items()}
    assert account["tables_not_there"][0] == "drug_exposure"


def test_people_of_the_model_with_eras(
    models: dict[str, dict[str, Rows]], restricted: Path
) -> None:
    model = models["depression"]
    patients = pd.read_parquet(restricted / "drops" / "depression" / "patients.parquet")
    patients["patient_id"] = patients["patient_id"].str.removeprefix("depression:")
    assert len(patients) == len(model["person"]) == 219
    assert says_yes(patients, "mdd_diagnosis") == people_with(model, MAJOR_DEPRESSION)
    assert says_yes(patients, "chronic_illness") == people_with(model, CHRONIC)
    # No record is no answer.
    assert not patients["mdd_diagnosis"].eq(False).any()
    first = observed(model, "observation_period_start_date")
    last = observed(model, "observation_period_end_date")
    seen = dict(zip(patients["patient_id"], patients["last_observed_day"], strict=True))
    assert seen == {who: last[who] - first[who] for who in seen}
    persons = {str(number(row["person_id"])): row for row in model["person"]}
    starts: dict[str, int] = {}
    for who, _, start, *_ in eras_by_hand(model):
        starts[who] = min(start, starts.get(who, start))
    ages = patients.set_index("patient_id")["age_years"].dropna().astype(int).to_dict()
    assert ages == {
        who: age_by_hand(persons[who], first[who] + start) for who, start in starts.items()
    }


def test_a_data_model_without_depression(
    models: dict[str, dict[str, Rows]], restricted: Path
) -> None:
    model, out = models["empty"], restricted / "drops" / "empty"
    patients = pd.read_parquet(out / "patients.parquet")
    patients["patient_id"] = patients["patient_id"].str.removeprefix("empty:")
    assert len(patients) == len(model["person"]) == 28
    assert says_yes(patients, "chronic_stress") == people_with(model, STRESS)
    assert patients["mdd_diagnosis"].isna().all()
    assert patients["age_years"].isna().all()
    assert len(pd.read_parquet(out / "trials.parquet")) == 0
    account = json.loads((out / "drop.json").read_text())["reader"]["exposures"]
    assert account["rows"] == account["other_drugs"] == len(model["drug_exposure"]) == 883
    assert account["used"] == 0


def test_labels_are_those_worked_out_above(restricted: Path) -> None:
    labels = pd.read_parquet(restricted / "cohort" / "labels.parquet")
    labels = labels[labels["definition"] == "article"]
    assert set(labels["label"]) == {"not_trd"}
    drop = labels["patient_id"].str.partition(":")[0]
    told = labels.groupby([drop, "reason", "failures_definite", "failures_possible"]).size()
    assert told.to_dict() == {
        ("depression", "no_antidepressant_trial", 0, 0): 203,
        ("depression", "too_few_failures", 0, 0): 11,
        ("depression", "too_few_failures", 0, 1): 5,
        ("empty", "no_antidepressant_trial", 0, 0): 28,
    }


def test_no_calendar_date_is_in_any_file(restricted: Path) -> None:
    found = 0
    for path in restricted.rglob("*"):
        if path.name == "checkout.json":
            continue  # the day of the code's commit
        if path.suffix == ".parquet":
            text = pd.read_parquet(path).to_csv()
        elif path.suffix in (".csv", ".json", ".log"):
            text = path.read_text()
        else:
            continue
        found += 1
        assert not re.search(r"(?:19|20)\d\d-\d\d-\d\d", text), path.name
    assert found > 15
