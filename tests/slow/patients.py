"""The patients of a drop, each with his judged trials, his label and what rates need of him."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.slow.intake import Raw, Row, read_drop
from tests.slow.labels import judge
from tests.slow.logic import Known, any_of
from tests.slow.trials import used

BANDS = (
    (0, 11, "under 12"), (12, 17, "12-17"), (18, 25, "18-25"), (26, 35, "26-35"),
    (36, 49, "36-49"), (50, 64, "50-64"), (65, 90, "65 and over"),
)  # fmt: skip
MINORS = ("under 12", "12-17")


@dataclass(frozen=True)
class Patient:
    """One accepted patient.

    ``lost`` counts the quarantined trials, each a possible trial of its own. ``first`` is the first
    antidepressant trial, None where it is not known which that was.
    """

    row: Row
    trials: list[dict[str, Any]]
    lost: int
    label: dict[str, Any]

    @property
    def band(self) -> str:
        """Give the age band; an unknown age is a band of its own."""
        age = used(self.row["age_years"])
        for low, high, name in BANDS:
            if age is not None and low <= age <= high:
                return name
        return "unknown"

    @property
    def is_minor(self) -> bool:
        """Tell whether the patient is known to be under 18."""
        return self.band in MINORS

    @property
    def took_antidepressant(self) -> Known:
        """Tell whether there was any antidepressant trial."""
        return any_of([*(t["antidepressant"] for t in self.trials), *([None] * self.lost)])

    @property
    def first(self) -> dict[str, Any] | None:
        """Give the first antidepressant trial where it is known which that was."""
        certain = [trial for trial in self.trials if trial["antidepressant"] is True]
        if not certain or self.lost:
            return None
        first = min(certain, key=lambda t: (t["start_day"], t["ingredient"], t["trial_id"]))
        for trial in self.trials:
            if trial["antidepressant"] is None and trial["start_day"] <= first["start_day"]:
                return None
        return first


def read_raw(folder: Path) -> dict[str, list[dict[str, str | None]]]:
    """Read the CSV tables of a drop."""
    tables: dict[str, list[dict[str, str | None]]] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.stem] = [dict(row) for row in csv.DictReader(file)]
    return tables


def read_patients(folder: Path, drugs_csv: Path) -> list[Patient]:
    """Read a drop and judge everything in it, by the article's definition."""
    return judge_drop(read_raw(folder), drugs_csv)


def judge_drop(tables: Raw, drugs_csv: Path) -> list[Patient]:
    """Judge everything in the raw tables of a drop, by the article's definition."""
    accepted = read_drop(tables)
    trials, labels = judge(accepted, drugs_csv)
    label_of = {label["patient_id"]: label for label in labels}
    return [
        Patient(
            row,
            [trial for trial in trials if trial["patient_id"] == row["patient_id"]],
            len(accepted.lost.get(row["patient_id"], ())),
            label_of[row["patient_id"]],
        )
        for row in accepted.tables["patients"]
    ]
