"""Random exposures through the OMOP reader, against a count by hand of every single day."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.omop import (
    MIRTAZAPINE,
    P_CR,
    P_IR,
    S50,
    S100,
    Row,
    exposure,
    make_cdm,
    on,
    period,
    person,
    read_cdm,
    rows_of,
)
from trdanalysis.engine import Engine
from trdanalysis.readers.raw_drop import RawDrop

GAP_DAYS = 14
INGREDIENT = {
    S50: "sertraline", S100: "sertraline", P_IR: "paroxetine", P_CR: "paroxetine",
    MIRTAZAPINE: "mirtazapine",
}  # fmt: skip
MG = {S50: 50.0, S100: 100.0, P_IR: 20.0, P_CR: 25.0}
PEOPLE = 60
SEEN_TO = 300

#: start, length, pieces a day (None: no quantity), product
Interval = tuple[int, int, float | None, int]
History = dict[int, list[Interval]]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(memory_limit_mb=300, threads=1) as engine:
        yield engine


def make_history(seed: int) -> History:
    draw = random.Random(seed)
    return {
        number: [
            (
                draw.randrange(0, 250),
                draw.choice([1, 7, 14, 28, 30, 60]),
                draw.choice([0.5, 1, 1, 2, None]),
                draw.choice(list(INGREDIENT)),
            )
            for _ in range(draw.randrange(0, 7))
        ]
        for number in range(1, PEOPLE + 1)
    }


def as_rows(history: History) -> list[Row]:
    rows = []
    for number, intervals in history.items():
        for start, days, per_day, product in intervals:
            pieces = None if per_day is None else days * per_day
            cells = {"days_supply": days, "quantity": pieces}
            rows.append(exposure(product, start, start + days - 1, number, **cells))
    return rows


def read(engine: Engine, folder: Path, rows: list[Row]) -> RawDrop:
    folder.mkdir()
    cdm = make_cdm(
        rows,
        person=[person(number) for number in range(1, PEOPLE + 1)],
        observation_period=[period(number, 0, SEEN_TO) for number in range(1, PEOPLE + 1)],
    )
    # Columns without a cell have no type in the file; a row of another drug gives them one.
    other = exposure(999, 0, 1, days_supply=1, quantity=1.0)
    cdm["drug_exposure"].append({"drug_exposure_id": len(rows) + 1, **other})
    return read_cdm(engine, folder, cdm)


def result(drop: RawDrop) -> tuple[Any, Any]:
    """Trials and dose steps without their lines."""
    trials = rows_of(
        drop, "trials", "patient_id", "trial_id", "drug", "start_day", "stop_day",
        "dose_mg_per_day", "adherence",
    )  # fmt: skip
    doses = rows_of(drop, "doses", "patient_id", "trial_id", "start_day", "stop_day",
                    "dose_mg_per_day")  # fmt: skip
    return trials, doses


def by_hand(history: History) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """Go through the days of every patient and ingredient one by one."""
    trials, steps = set(), set()
    for number, intervals in history.items():
        days: dict[str, dict[int, dict[int, list[float | None]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(list))
        )
        for start, length, per_day, product in set(intervals):
            mg = None if per_day is None or product not in MG else per_day * MG[product]
            for day in range(start, start + length):
                days[INGREDIENT[product]][day][product].append(mg)
        for drug, covered in days.items():
            for trial in runs(sorted(covered)):
                first, after = trial[0], trial[-1] + 1
                goes_on = after > SEEN_TO
                seen = [day for day in trial if not goes_on or day <= SEEN_TO]
                length = (SEEN_TO + 1 if goes_on else after) - first
                doses = {day: dose_of(covered[day]) for day in trial}
                known = [dose for dose in doses.values() if dose is not None]
                trials.add(
                    (str(number), drug, first, None if goes_on else after,
                     max(known, default=None), round(len(seen) / length, 6))
                )  # fmt: skip
                found = list(steps_of(trial, doses))
                if len(found) > 1 and known:
                    steps |= {
                        (str(number), drug, begin, None if goes_on and end > SEEN_TO else end, dose)
                        for begin, end, dose in found
                        if not goes_on or begin <= SEEN_TO
                    }
    return trials, steps


def runs(days: list[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for day in days:
        if found and day - (found[-1][-1] + 1) <= GAP_DAYS:
            found[-1].append(day)
        else:
            found.append([day])
    return found


def dose_of(products: dict[int, list[float | None]]) -> float | None:
    total = 0.0
    for doses in products.values():
        if None in doses:
            return None
        total += max(dose for dose in doses if dose is not None)
    return round(total, 6)


def steps_of(trial: list[int], doses: dict[int, float | None]) -> Iterator[tuple[int, int, Any]]:
    begin = last = trial[0]
    for day in trial[1:]:
        if day != last + 1 or doses[day] != doses[last]:
            yield begin, last + 1, doses[last]
            begin = day
        last = day
    yield begin, last + 1, doses[last]


def number(text: str | None) -> float | None:
    return None if text is None else float(text)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_trials_and_steps_are_those_counted_by_hand(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    history = make_history(seed)
    drop = read(engine, tmp_path / "drop", as_rows(history))
    trials, steps = by_hand(history)
    got = rows_of(
        drop,
        "trials",
        "patient_id",
        "drug",
        "start_day",
        "stop_day",
        "dose_mg_per_day",
        "adherence",
    )
    assert {(one[0], one[1], *map(number, one[2:])) for one in got} == trials
    assert len(got) == len(trials)
    drugs = {row[:2]: row[2] for row in rows_of(drop, "trials", "patient_id", "trial_id", "drug")}
    got = rows_of(drop, "doses", "patient_id", "trial_id", "start_day", "stop_day",
                  "dose_mg_per_day")  # fmt: skip
    assert {(one[0], drugs[one[:2]], *map(number, one[2:])) for one in got} == steps


def test_the_order_of_rows_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    rows = as_rows(make_history(4))
    before = result(read(engine, tmp_path / "before", rows))
    random.Random(4).shuffle(rows)
    assert result(read(engine, tmp_path / "after", rows)) == before


def test_an_exposure_in_two_pieces_is_the_same(engine: Engine, tmp_path: Path) -> None:
    history = make_history(5)
    draw = random.Random(5)
    split: History = {}
    for who, intervals in history.items():
        split[who] = []
        for start, days, per_day, product in set(intervals):
            cut = draw.randrange(0, days)
            pieces = [(start, cut), (start + cut, days - cut)]
            split[who] += [(at, long, per_day, product) for at, long in pieces if long]
    before = result(read(engine, tmp_path / "before", as_rows(history)))
    assert result(read(engine, tmp_path / "after", as_rows(split))) == before


def test_every_exposure_is_accounted_for(engine: Engine, tmp_path: Path) -> None:
    rows = as_rows(make_history(6))
    rows += rows[:5] + [exposure(0, 0, 1, days_supply=1, quantity=1.0)] * 3
    rows[7] = {**rows[7], "drug_exposure_end_date": on(-200)}
    account = read(engine, tmp_path / "drop", rows).account["exposures"]
    assert account["rows"] == len(rows) + 1
    parts = ("used", "duplicates", "other_drugs", "concept_0")
    assert sum(account[part] for part in parts) == account["rows"]
    assert (account["concept_0"], account["other_drugs"]) == (3, 1)
