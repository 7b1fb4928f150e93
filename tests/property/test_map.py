"""`map` on random files: what is proposed can be read, tells of no patient, loses no trial."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import REFERENCE
from trdanalysis.commands.map import run_map
from trdanalysis.engine import Engine
from trdanalysis.errors import UserError
from trdanalysis.readers.flat import read_flat
from trdanalysis.readers.mapping import read_mapping

KINDS = ("drug", "code", "number", "day", "date", "words", "secret", "secrets")
DRUGS = ("sertraline", "Zoloft", "venlafaxine XR", "ect", "Prozac 20 mg", "unheard-of")
NAMES = (
    "sex", "AGE", "age_months", "site", "mdd", "bipolar", "insomnia", "last_visit", "drug", "dose",
    "start", "stop_date", "adherence_pct", "outcome", "Reason stopped", "episode", "trial_id",
    "phq9", "phq9_w6", "phq9_w12", "madrs_bl", "madrs_end", "hamd", "phq9_1", "phq9_2", "wsas",
    "visit_date", "week", "score", "scale", "surname", "comment", "x", "duration_weeks", "gaf_v2",
    *(f"{word}{number}" for word in ("drug", "start_", "stop", "dose_mg_", "outcome", "madrs_pre")
      for number in (1, 2, 3)),
)  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def cell(random: random.Random, kind: str, number: int) -> str:
    """Give a cell; those of `secret` are told apart from everything a program would write."""
    if random.random() < 0.15:
        return random.choice(["", "", "NA", "-9"])
    return {
        "drug": lambda: random.choice(DRUGS),
        "code": lambda: random.choice(["0", "1", "2", "9", "Y", "N", "f", "m"]),
        "number": lambda: str(random.randint(-5, 400)),
        "day": lambda: str(random.randint(0, 300)) + random.choice(["", ".0"]),
        "date": lambda: (
            f"20{random.randint(10, 29)}-0{random.randint(1, 9)}-1{random.randint(0, 9)}"
        ),
        "words": lambda: random.choice(["remission", "lack of efficacy", "completed", "PHQ-9"]),
        "secret": lambda: f"Zyx{number}q{random.randint(100, 999)}",
        "secrets": lambda: f"she told us of zyxxy{random.randint(1, 99)} and of much more",
    }[kind]()


@pytest.mark.parametrize("seed", range(60))
def test_what_is_proposed_can_be_read(engine: Engine, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    names = ["patient_id", *rng.sample(NAMES, rng.randint(2, 14))]
    rng.shuffle(names)
    kinds = {name: rng.choice(KINDS) for name in names}
    for name in names:
        if "drug" in name and rng.random() < 0.8:
            kinds[name] = "drug"
    several = rng.random() < 0.5
    rows = [
        [
            f"Pq{row // 3 if several else row}zz" if name == "patient_id"
            else cell(rng, kinds[name], row)
            for name in names
        ]
        for row in range(rng.randint(1, 12))
    ]  # fmt: skip
    path = tmp_path / "f.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    try:
        mapping = run_map(engine, path, None, REFERENCE)
    except UserError as error:
        assert "Zyx" not in str(error) and "zyx" not in str(error)
        return
    text = mapping.read_text()
    assert not re.search(r"zyx|Pq[0-9]|she told", text, flags=re.IGNORECASE)
    assert not re.search(r"20[0-9]{2}-0", text)
    assert read_mapping(mapping).rows
    if "\nkey_variable" in text:
        return  # days and pseudonyms need the site's key
    tables = read_flat(engine, tmp_path, mapping)
    people = {row[names.index("patient_id")] for row in rows}
    found = tables["patients"].to_pyarrow().column("patient_id").to_pylist()
    assert set(found) == people
    # Every filled cell of a drug that is carried over is in some trial.
    lines = set(tables["trials"].to_pyarrow().column("line").to_pylist())
    for name in [one for one in names if re.search(rf"drug: '?{one}'?  #", text)]:
        filled = {
            line for line, row in enumerate(rows, start=2)
            if row[names.index(name)] not in ("", "NA")
        }  # fmt: skip
        assert filled <= lines or "per:" in text.split("trials:")[1]
