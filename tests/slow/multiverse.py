"""One cell at a time, one patient at a time: who is resistant by a cell's thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.slow.intake import Accepted
from tests.slow.labels import count, judge
from tests.slow.logic import Known, all_of, negated
from tests.slow.trials import WEEK_DAYS, Thresholds, used

Cell = Mapping[str, Any]
APART_DAYS = 14


def count_cells(accepted: Accepted, drugs_csv: Path, cells: Iterable[Cell]) -> list[dict[str, int]]:
    """Count the labels of the population of the estimand `trd` in each cell.

    Gives `n`, `n_maybe` (who may be members), `trd`, `not_trd` and `indeterminate` (of `n`).
    """
    judged: dict[tuple[Any, ...], dict[str, list[dict[str, Any]]]] = {}
    _, labels = judge(accepted, drugs_csv)
    about = {label["patient_id"]: label for label in labels}
    counted = []
    for cell in cells:
        key = (cell["min_weeks"], cell["dose_table"], cell["first_line"])
        if key not in judged:
            judged[key] = {name: [] for name in about}
            for trial in judge(accepted, drugs_csv, _thresholds(cell))[0]:
                judged[key][trial["patient_id"]].append(trial)
        counts = dict.fromkeys(("n", "n_maybe", "trd", "not_trd", "indeterminate"), 0)
        for patient in accepted.tables["patients"]:
            name = patient["patient_id"]
            age = used(patient["age_years"])
            if age is not None and age < 18:
                continue
            trials = judged[key][name]
            lost = len(accepted.lost.get(name, ()))
            member = all_of([about[name]["mdd"], _is_treated(trials, lost)])
            if member is None:
                counts["n_maybe"] += 1
            if member is True:
                counts["n"] += 1
                counts[_label(about[name], trials, lost, cell)] += 1
        counted.append(counts)
    return counted


def _thresholds(cell: Cell) -> Thresholds:
    dose = "default" if cell["dose_table"] == "none" else cell["dose_table"]
    line = cell["first_line"]
    return Thresholds(
        weeks=cell["min_weeks"],
        dose_column=f"min_mg_{dose}",
        first_line_column=None if line == "any" else f"first_line_{line}",
    )


def _is_treated(trials: list[dict[str, Any]], lost: int) -> Known:
    told = [trial["antidepressant"] for trial in trials]
    if True in told:
        return True
    return None if None in told or lost else False


def has_failed(trial: Mapping[str, Any], cell: Cell) -> Known:
    """Say whether a trial failed by a cell's thresholds."""
    dose, duration = trial["dose_adequate"], trial["duration_adequate"]
    if cell["dose_table"] == "none":
        dose = True
        days = trial["duration_days"]
        duration = None if days is None else days >= WEEK_DAYS * cell["min_weeks"]
    adherence: Known = True
    if cell["min_adherence"] != "none":
        share = trial["adherence"]
        adherence = None if share is None else share >= float(cell["min_adherence"])
    nonresponse: Known
    if cell["nonresponse"] == "remission":
        nonresponse = negated(trial["remission"])
    else:
        outcome = trial["outcome"]
        below = ["no_response"] + ["partial_response"] * (cell["nonresponse"] == 50)
        nonresponse = None if outcome is None else outcome in below
    return all_of(
        [trial["antidepressant"], trial["first_line"], dose, duration, adherence, nonresponse]
    )


def _label(about: Mapping[str, Any], trials: list[dict[str, Any]], lost: int, cell: Cell) -> str:
    key = {"ingredient": "treatment", "moiety": "moiety", "class": "drug_class"}[
        cell["distinct_by"]
    ]
    read = [
        {
            "failed": has_failed(trial, cell),
            "start_day": trial["start_day"],
            "episode": trial["episode"],
            "treatment": trial[key] or trial["treatment"],
        }
        for trial in trials
    ]
    certain = [trial for trial in read if trial["failed"] is True]
    possible = [trial for trial in read if trial["failed"] is not False]
    if cell["same_episode"]:
        episodes = {trial["episode"] for trial in read} - {None}
        definite = max(
            [count([t for t in certain if t["episode"] == one], APART_DAYS) for one in episodes]
            + [1 if certain else 0]
        )
        unplaced = [t for t in possible if t["episode"] is None]
        at_most = max(
            [count([t for t in possible if t["episode"] == one] + unplaced, APART_DAYS)
             for one in episodes]
            + [count(unplaced, APART_DAYS)]
        )  # fmt: skip
    else:
        definite, at_most = count(certain, APART_DAYS), count(possible, APART_DAYS)
    enough: Known = None
    if definite >= cell["min_failures"]:
        enough = True
    elif at_most + lost < cell["min_failures"]:
        enough = False
    is_trd = all_of([enough, about["impaired"], about["not_excluded"]])
    return {True: "trd", False: "not_trd", None: "indeterminate"}[is_trd]
