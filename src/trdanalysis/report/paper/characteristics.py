"""Table 1: characteristics of patients by label, with how many are unknown and how far apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trdanalysis.contract import FACTORS
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.paper.notes import RECORDS_END, about_table
from trdanalysis.report.paper.table import Cell, Column, PaperTable, Row, slug
from trdanalysis.report.tables import counts, is_hidden
from trdanalysis.rows import list_rows

ALL = "all"
_VERSUS = "not_trd"
_COMPARED = ("trd", "indeterminate")

#: Names of characteristics that are no recorded factor or symptom.
NAMES = {
    "age_years": "Age, years",
    "age_band": "Age band, years",
    "sex": "Sex",
    "site": "Site",
    "age_at_onset_years": "Age at onset, years",
    "antidepressant_trials": "Antidepressant trials",
    "episode": "Episode of the first trial",
    "drug_class": "Class of the first antidepressant",
    "scale": "Scale of the first trial",
    "baseline_severity": "Severity before the first trial, share of the scale's range",
    "follow_up_days": "Days from the first trial to the end of the record",
}

#: Numbers that are fractions or whole: digits after the mark.
_DIGITS = {"baseline_severity": 2}

NOTES = {
    "smd": "Standardised difference from patients who are not treatment-resistant, among those of"
    " whom the characteristic is known: of numbers signed, of levels a distance over all of them.",
    "by_definition": "Part of the definition of the label.",
}

#: Criteria of the label, which it cannot be compared by.
_CRITERIA = (
    "functional_impairment", "bipolar_disorder", "psychotic_features", "medical_cause",
    "current_substance_use",
)  # fmt: skip


def characteristics_table(disclosed: Disclosed) -> PaperTable:
    """Describe Table 1."""
    table = disclosed.tables["characteristics"]
    own = table[table["definition"] == disclosed.primary]
    rows: list[Row] = []
    for (name, kind), part in own.groupby(["characteristic", "kind"], sort=False):
        rows += _characteristic(str(name), str(kind), part)
    columns = (
        Column(ALL, "All"),
        *(Column(name, label) for name, label in words.LABELS.items()),
        *(Column(f"smd_{name}", words.LABELS[name], "Standardised difference", marks=("smd",))
          for name in _COMPARED),
    )  # fmt: skip
    return PaperTable(
        "1",
        "Characteristics of treated patients with major depressive disorder, by label",
        "Characteristic",
        columns,
        tuple(rows),
        tuple(column.key for column in columns),
        NOTES,
        about_table(
            disclosed, "1",
            [f"Population: {words.ESTIMANDS['trd']['population']}; adults and patients of unknown"
             " age, who certainly belong.",
             "n (%): percentages are of those of whom the characteristic is known; of the unknown,"
             " of all patients of the label. Where no row says unknown, nobody is. SD: standard"
             " deviation. IQR: interquartile range.",
             RECORDS_END],
        ),
    )  # fmt: skip


def _characteristic(name: str, kind: str, part: pd.DataFrame) -> list[Row]:
    found = {(row["level"], row["label"]): row for row in list_rows(part)}
    levels = list(dict.fromkeys(level for level, _ in found))
    if name == "overall":
        cells = [counts(found[levels[0], label], ("n",))[0] for label in (ALL, *words.LABELS)]
        return [Row("overall", "Patients, n", _padded([Cell(text) for text in cells]), "",
                    "overall")]  # fmt: skip
    if set(levels) == {"present", "absent", words.UNKNOWN}:
        return _flag(name, found)
    # A characteristic can be told as a number and by levels: two groups of rows.
    key = name if kind == "categorical" else f"{name}_number"
    if kind == "numeric":
        rows = _numbers(name, {label: found["known", label] for label in (ALL, *words.LABELS)})
    else:
        rows = [(level, level, _levels(found, level)) for level in levels if level != words.UNKNOWN]
    if _has_unknown(found):
        rows.append((words.UNKNOWN, words.UNKNOWN, _levels(found, words.UNKNOWN)))
    # None: of nobody at all is it known.
    known = next((level for level in levels if level != words.UNKNOWN), None)
    return [
        Row(slug(f"{key} {level}"), label, (*cells, *_differences(found, known, place)),
            _name(name), key, 1)
        for place, (level, label, cells) in enumerate(rows)
    ]  # fmt: skip


def _flag(name: str, found: Mapping[tuple[Any, Any], Mapping[str, Any]]) -> list[Row]:
    """Give a row of who has it, and one of how many it is unknown of, under what it belongs to."""
    label, heading, key = _name(name), "Symptoms", "symptoms"
    marks: tuple[str, ...] = ()
    group = next((group for group, names in FACTORS.items() if name in names), None)
    if name in words.GROUPS:
        label, heading, key = "any of these", f"{words.GROUPS[name]} factors", name
    elif group is not None:
        heading, key = f"{words.GROUPS[group]} factors", group
    elif name in _CRITERIA:
        heading, key, marks = "Criteria and exclusions", "criteria", ("by_definition",)
    rows = [
        Row(name, label, (*_levels(found, "present"), *_differences(found, "present", 0)), heading,
            key, 1, marks)
    ]  # fmt: skip
    if _has_unknown(found):
        cells = _padded(_levels(found, words.UNKNOWN))
        rows.append(Row(f"{name}_unknown", words.UNKNOWN, cells, heading, key, 2))
    return rows


def _differences(
    found: Mapping[tuple[Any, Any], Mapping[str, Any]], known: str | None, place: int
) -> list[Cell]:
    """Give the differences in the whole characteristic, which stand in its first row."""
    if place or known is None:
        return [Cell("") for _ in _COMPARED]
    return [_difference(found[known, label]) for label in _COMPARED]


def _name(name: str) -> str:
    return NAMES.get(name) or words.words(name).capitalize().replace("Hpa", "HPA")


def _padded(cells: list[Cell]) -> tuple[Cell, ...]:
    return (*cells, *[Cell("")] * len(_COMPARED))


def _levels(found: Mapping[tuple[Any, Any], Mapping[str, Any]], level: str) -> list[Cell]:
    share = "share" if level == words.UNKNOWN else "share_of_known"
    return [_count(found[level, label], share) for label in (ALL, *words.LABELS)]


def _count(row: Mapping[str, Any], share: str) -> Cell:
    n = counts(row, ("n",))[0]
    if n in (words.HIDDEN, words.NOTHING) or (pd.isna(row[share]) and not row["n"]):
        return Cell(n)
    if pd.isna(row[share]):
        return Cell(f"{n} ({words.HIDDEN})")
    return Cell(f"{n} ({words.percent(row[share])})")


def _has_unknown(found: Mapping[tuple[Any, Any], Mapping[str, Any]]) -> bool:
    rows = [row for (level, _), row in found.items() if level == words.UNKNOWN]
    return any(is_hidden(row) or pd.isna(row["n"]) or row["n"] for row in rows)


def _numbers(
    name: str, by_label: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, str, list[Cell]]]:
    digits = _DIGITS.get(name, 1)
    return [
        ("mean", "Mean (SD)", [_spread(row, "mean", ("sd",), digits) for row in by_label.values()]),
        ("median", "Median (IQR)",
         [_spread(row, "median", ("q1", "q3"), digits) for row in by_label.values()]),
    ]  # fmt: skip


def _spread(row: Mapping[str, Any], middle: str, around: tuple[str, ...], digits: int) -> Cell:
    if is_hidden(row) or (pd.isna(row[middle]) and row["status"] != "not_estimable"):
        return Cell(words.HIDDEN)
    if pd.isna(row[middle]):
        return Cell(words.NOTHING)
    if len(around) == 1:
        inner = words.decimal(row[around[0]], digits)
    else:
        inner = words.decimal_range(row[around[0]], row[around[1]], digits)
    return Cell(f"{words.decimal(row[middle], digits)} ({inner})")


def _difference(row: Mapping[str, Any]) -> Cell:
    if not pd.isna(row["smd"]):
        return Cell(words.decimal(row["smd"]))
    if is_hidden(row) or pd.isna(row["smd_reason"]):
        return Cell(words.HIDDEN)
    return Cell(words.NOTHING)
