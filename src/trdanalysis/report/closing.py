"""What a run made and what needs attention, in lines for the console.

The console may be kept in a log: whatever counts patients or rows comes from tables that passed
disclosure control, and is left out where that control hid nothing of real records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed

#: Names listed in one line; of more the number is said.
_LISTED = 6


@dataclass(frozen=True)
class Around:
    """What is to be said of a run besides its results.

    Attributes
    ----------
    published
        Folder of published files.
    files
        How many stand there.
    restricted
        Folder of what stays.
    why_draft
        Why it is a draft; None: it is a release.
    sealed
        Number under which this release is sealed; None: it is not.
    unrecognised
        Lines of ``unrecognised.csv`` by drop.
    """

    published: str
    files: int
    restricted: str
    why_draft: str | None
    sealed: str | None
    unrecognised: Mapping[str, int]


@dataclass(frozen=True)
class Closing:
    """What is said at the end of a run.

    Attributes
    ----------
    made
        What was made: heading and text.
    attention
        What a person should look at.
    """

    made: tuple[tuple[str, str], ...]
    attention: tuple[str, ...]


def describe_run(results: Disclosed, around: Around) -> Closing:
    """Say what a run made and what needs attention.

    Parameters
    ----------
    results
        What passed disclosure control.
    around
        What is known besides.
    """
    is_draft = around.why_draft is not None
    made = [
        ("draft" if is_draft else "released", f"{around.published}/, {around.files} files"),
        ("report", f"{around.published}/report.html"),
        *_labels(results),
    ]
    attention = [
        *_of_drops(results, around),
        *_of_definitions(results),
        *_of_freezing(results),
    ]
    if results.hiding["dropped"]:
        parts = ", ".join(words.words(part) for part in results.hiding["dropped"])
        attention.append(f"hidden as a whole by disclosure control: {parts}")
    if is_draft:
        attention.append(f"a draft, which stays where the records are: {around.why_draft}")
    elif around.sealed is None:
        attention.append(
            "not sealed: should this release leave, seal it (`python -m trdanalysis seal`)"
        )
    else:
        made.append(("sealed", f"as number {around.sealed}"))
    return Closing(tuple(made), tuple(attention))


def may_count(results: Disclosed) -> bool:
    """Say whether counts may be shown: of invented records, or behind a policy that hides."""
    return bool(results.run["synthetic"]) or results.settings["policy"]["hide_counts_up_to"] > 0


def _labels(results: Disclosed) -> list[tuple[str, str]]:
    if not results.run["drops"]:
        return [("patients", "none: there is no drop yet")]
    if not may_count(results):
        policy = results.settings["policy"]["id"]
        return [("labels", f"not counted here: policy `{policy}` hides nothing of real records")]
    lines = []
    for row in results.tables["definitions"].to_dict("records"):
        labels = ", ".join(
            f"{_count(row[name])} {text.lower()}" for name, text in words.LABELS.items()
        )
        lines.append((str(row["definition"]), f"{_count(row['n'])} patients: {labels}"))
    return lines


def _count(value: Any) -> str:
    return words.HIDDEN if pd.isna(value) else words.count(value)


def _of_drops(results: Disclosed, around: Around) -> list[str]:
    lines = []
    for drop in results.run["drops"]:
        name = drop["drop_id"]
        folder = f"{around.restricted}/drops/{name}"
        own = results.balance[results.balance["drop_id"] == name]
        for column, text, file in (
            ("quarantined", "row(s) in quarantine", "quarantine.csv"),
            ("cells_set_unknown", "cell(s) set unknown", "findings.csv"),
        ):
            if (own[column].isna() | (own[column] > 0)).any():
                number = _sum(own[column]) if may_count(results) else "some"
                lines.append(f"drop {name}: {number} {text}: {folder}/{file}")
        unknown = around.unrecognised.get(name, 0)
        if unknown:
            number = words.count(unknown) if may_count(results) else "some"
            lines.append(f"drop {name}: {number} word(s) not recognised: {folder}/unrecognised.csv")
        absent = results.absent_columns
        for table, rows in absent[absent["drop_id"] == name].groupby("table", sort=False):
            lines.append(f"drop {name}: {table} without {_listed(list(rows['column']))}")
        left_out = results.left_out_factors
        factors = list(left_out.loc[left_out["drop_id"] == name, "factor"])
        if factors:
            lines.append(f"drop {name}: no value of {_listed(factors)}")
    return lines


def _of_definitions(results: Disclosed) -> list[str]:
    lines = []
    reasons = results.tables["label_reasons"]
    for definition in results.definitions:
        name = definition["id"]
        unconfirmed = list(definition["unconfirmed"])
        if unconfirmed:
            settings = _listed([str(each["setting"]) for each in unconfirmed])
            lines.append(f"definition {name}: not confirmed by its source: {settings}")
        on_defaults = reasons.loc[reasons["definition"] == name, "on_defaults"]
        if may_count(results) and (on_defaults.isna() | (on_defaults > 0)).any():
            lines.append(
                f"definition {name}: {_sum(on_defaults)} label(s) rest on defaults for what is"
                " unknown"
            )
    return lines


def _of_freezing(results: Disclosed) -> list[str]:
    freeze = results.freeze
    if freeze.state == "never":
        return ["the analysis was never frozen (`python -m trdanalysis freeze`)"]
    lines = []
    if freeze.state == "changed":
        lines.append(f"changed since it was frozen: {'; '.join(freeze.changes)}")
    if not freeze.before_labels:
        lines.append("frozen when labels had been made already")
    return lines


def _sum(counts: pd.Series[Any]) -> str:
    """Add up what is shown; what is hidden makes it a least number."""
    known = counts.dropna()
    if known.empty:
        return f"({words.HIDDEN})"
    total = words.count(known.sum())
    return f"at least {total}" if len(known) < len(counts) else total


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
