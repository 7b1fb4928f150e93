"""Published SDTM domains and structures of the NIMH Data Archive through their readers.

The files are not in the repository: TRDANALYSIS_REAL_DATA names the folder that holds
sdtm-pharmaverse/ (a trial's subjects and exposures; questionnaire items of others, with unscheduled
visits and gaps) and nda-definitions/ (elements, ranges and codes of two structures; made-up values
are put in). What is expected is counted with the module csv.
"""

from __future__ import annotations

import csv
import datetime
import os
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import CONFIG
from trdanalysis.engine import Engine
from trdanalysis.readers.raw_drop import RawDrop
from trdanalysis.readers.studies.mapping import Kind
from trdanalysis.readers.studies.read import read_study_drop

Row = dict[str, str]

#: Items of the QIDS by their number.
QIDS_ITEMS = [
    "vsoin", "vmnin", "vemin", "vhysm", "vmdsd", "vapdc", "vapin", "vwtdc", "vwtin", "vcntr",
    "vvwsf", "vsuic", "vintr", "vengy", "vslow", "vagit",
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=500, threads=1) as engine:
        yield engine


def real(name: str) -> Path:
    folder = os.environ.get("TRDANALYSIS_REAL_DATA")
    if not folder:
        pytest.skip("TRDANALYSIS_REAL_DATA is not set: the real records are not at hand")
    path = Path(folder) / name
    if not path.is_dir():
        pytest.skip(f"the folder of TRDANALYSIS_REAL_DATA has no {name}")
    return path


def rows_of(path: Path, delimiter: str = ",") -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def read(engine: Engine, folder: Path, mapping: str, kind: Kind) -> RawDrop:
    shutil.copy(CONFIG / "mappings" / mapping, folder / "mapping.yaml")
    return read_study_drop(engine, folder, folder / "mapping.yaml", kind)


def day(text: str, origin: str) -> int:
    return (datetime.date.fromisoformat(text) - datetime.date.fromisoformat(origin)).days


def test_subjects_and_exposures_of_a_trial(engine: Engine, tmp_path: Path) -> None:
    folder = real("sdtm-pharmaverse")
    for path in folder.glob("*.csv"):
        shutil.copy(path, tmp_path / path.name)
    raw = read(engine, tmp_path, "sdtm-pharmaverse.yaml", "sdtm")
    subjects = rows_of(folder / "pharmaversesdtm_dm.csv")
    patients = raw.tables["patients"].to_pyarrow().to_pylist()
    assert [(one["patient_id"], one["age_years"]) for one in patients] == [
        (one["USUBJID"], one["AGE"]) for one in subjects
    ]
    origins = {one["USUBJID"]: one["RFSTDTC"] for one in subjects}
    expected: dict[tuple[str, str], list[tuple[int, int | None]]] = defaultdict(list)
    for one in rows_of(folder / "pharmaversesdtm_ex.csv"):
        origin = origins[one["USUBJID"]]
        end = day(one["EXENDTC"], origin) if one["EXENDTC"] != "NA" else None
        expected[one["USUBJID"], one["EXTRT"]].append((day(one["EXSTDTC"], origin), end))
    trials = {
        (one["patient_id"], one["drug"]): (one["start_day"], one["stop_day"])
        for one in raw.tables["trials"].to_pyarrow().to_pylist()
    }
    assert len(trials) == len(expected)
    for key, steps in expected.items():
        ends = [end for _, end in steps]
        last = None if None in ends else str(max(end for end in ends if end is not None))
        assert trials[key] == (str(min(start for start, _ in steps)), last)
    assert raw.tables["doses"].count().to_pyarrow().as_py() == 591


def test_items_of_a_questionnaire(engine: Engine, tmp_path: Path) -> None:
    """Totals of every visit, scheduled or not; one with a gap is unknown."""
    folder = real("sdtm-pharmaverse")
    for path in folder.glob("*.csv"):
        shutil.copy(path, tmp_path / path.name)
    raw = read(engine, tmp_path, "sdtm-pharmaverse.yaml", "sdtm")
    items: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for one in rows_of(folder / "admiral_example_qs.csv"):
        if one["QSTESTCD"].startswith("GDS02"):
            items[one["USUBJID"], one["VISIT"]][one["QSTESTCD"]] = one["QSSTRESN"]
    expected = []
    for (person, _), values in items.items():
        gaps = len(values) < 15 or "" in values.values()
        expected.append((person, "unreadable" if gaps else str(sum(map(int, values.values())))))
    got = [(one["patient_id"], one["score"])
           for one in raw.tables["assessments"].to_pyarrow().to_pylist()]  # fmt: skip
    assert sorted(got) == sorted(expected)
    assert any(score == "unreadable" for _, score in got)
    assert any(score != "unreadable" for _, score in got)
    assert raw.account["scores"]["gds"]["totals"] == len(expected)


def test_a_structure_of_the_archive(engine: Engine, tmp_path: Path) -> None:
    """Values in the ranges of the structure; the total by its formula beside that of the file."""
    definitions = rows_of(real("nda-definitions") / "qids01_definitions.tsv", "\t")
    names = [one["ElementName"] for one in definitions]
    ranges = {one["ElementName"]: one["ValueRange"] for one in definitions}
    assert all(ranges[name].startswith("0::3") for name in QIDS_ITEMS)
    items = QIDS_ITEMS
    chance = random.Random(1)
    lines, expected = [], []
    for number in range(200):
        values = {name: str(chance.choice((0, 1, 2, 3))) for name in items}
        if number % 10 == 0:
            values[chance.choice(items)] = "999"
        form = chance.choice(("Clinician", "Self Rating"))
        row = {
            **dict.fromkeys(names, ""), **values, "subjectkey": f"N{number // 4}",
            "days_baseline": str(14 * (number % 4)), "interview_age": "500", "level": "Level 1",
            "version_form": form,
        }  # fmt: skip
        lines.append(row)
        given = [int(values[name]) for name in items]
        top = (given[:4], given[5:9], given[14:])
        total = sum(max(part) for part in top) + given[4] + sum(given[9:14])
        if form == "Clinician":
            gap = "999" in values.values()
            expected.append((row["subjectkey"], row["days_baseline"], None if gap else str(total)))
    told = [
        "\t".join(names),
        "\t".join(" ".join(one["ElementDescription"].split()) for one in definitions),
    ]
    told += ["\t".join(row[name] for name in names) for row in lines]
    (tmp_path / "qids01.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    raw = read(engine, tmp_path, "nda-qids.yaml", "nda")
    got = [
        (one["patient_id"], one["day"], None if one["score"] == "unreadable" else one["score"])
        for one in raw.tables["assessments"].to_pyarrow().to_pylist()
    ]
    assert got == expected
    assert {one["age_years"] for one in raw.tables["patients"].to_pyarrow().to_pylist()} == {"41"}
    assert raw.account["sources"]["qids"]["rows"] == 200
