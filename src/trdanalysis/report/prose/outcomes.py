"""Results: who was there, who is resistant, and the two primary rates."""

from __future__ import annotations

from typing import Any

import pandas as pd

from trdanalysis.disclosure.policy import LEAST_BASE
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.prose.design import lower_first
from trdanalysis.report.prose.numbers import (
    PATIENTS,
    against,
    bounds,
    is_null,
    is_shown,
    number,
    overall,
    p_phrase,
    rate,
    rate_or_why,
    select,
    units,
    verb,
)
from trdanalysis.report.prose.text import Section, listed, said, section, sentence
from trdanalysis.report.statistics import PRIMARY, incidence_table


def write_participants(results: Disclosed) -> Section:
    """Write how many came in, and how many are left at each step to the primary estimand."""
    tables, primary = results.tables, results.primary
    records = {row["step"]: row for row in select(tables["attrition"], estimand="records")}
    accepted = records.get("patients_accepted")
    told = []
    if accepted is not None:
        told.append(
            sentence(f"{number(accepted['n_in'], PATIENTS)} {verb(accepted['n_in'])} accepted")
        )
    return section(
        "Participants", told, *(_flow(tables["attrition"], primary, name) for name in PRIMARY),
        [_episodes(tables["first_trials"], primary)],
    )  # fmt: skip


def _flow(attrition: pd.DataFrame, definition: str, estimand: str) -> str:
    rows = select(attrition, definition=definition, estimand=estimand)
    rows = sorted(rows, key=lambda row: row["step_order"])
    if not rows:
        return ""
    steps = []
    for row, after in zip(rows, rows[1:], strict=False):
        left = _many(after["n_in"])
        unknown = is_null(row["n_unknown"]) or not int(row["n_unknown"])
        told = "" if unknown else f" ({words.count(row['n_unknown'])} unknown)"
        steps.append(f"{left} {words.STEPS[row['step']].replace(', and', ' and')}{told}")
    text = (
        f"{words.ESTIMANDS[estimand]['title']}, step by step, without those who certainly do not"
        f" belong: {'; '.join([number(rows[0]['n_in'], units(rows[0])), *steps])}"
    )
    last = rows[-1]["n_unknown"]
    if is_null(last):
        return f"{text}. How many of the last have an unknown membership or outcome is hidden."
    if not int(last):
        return f"{text}."
    return (
        f"{text}. Of the last, {words.count(last)} {verb(last, 'has', 'have')} an unknown"
        " membership or outcome."
    )


def _many(value: Any) -> str:
    return "a hidden number" if is_null(value) else words.count(value)


def _episodes(first_trials: pd.DataFrame, definition: str) -> str:
    rows = select(first_trials, definition=definition, estimand="initial_trial")
    if not rows or not any(is_shown(row) for row in rows):
        return "" if not rows else "In which episode first trials lay is hidden."
    names = {"first": "in a first episode", "later": "in a later episode",
             "unknown": "in an episode of unknown number"}  # fmt: skip
    told = [
        f"{number(row['n'], PATIENTS) if is_shown(row) else number(None, PATIENTS)}"
        f" {names.get(str(row['episode']), said(row['episode']))}"
        for row in rows
    ]
    return (
        f"The first recorded trial lay, of {listed(told)}; in a later or unknown episode, earlier"
        " treatment may be missing from the records."
    )


def write_primary(results: Disclosed) -> Section:
    """Write the two primary estimands, with the same prominence."""
    return section(
        "Non-response to initial treatment",
        *(_of_estimand(results, name) for name in PRIMARY),
        [_others(results)],
    )


def _of_estimand(results: Disclosed, name: str) -> list[str]:
    row = overall(results.tables["rates"], results.primary, name)
    title = words.ESTIMANDS[name]["title"]
    if row is None or not is_shown(row) or is_null(row["rate"]):
        return [f"{title}: {rate_or_why(row)}."]
    told = [f"{title} was {rate(row)}."]
    if verdict := against(row, results.reference, results.margin):
        p = "" if is_null(row["p_value"]) else f" ({p_phrase(row['p_value'])})"
        told.append(f"This is {verdict}{p}.")
    told.append(sentence(bounds(row, units(row))))
    told.append(_why_unknown(results, name))
    return told


def _why_unknown(results: Disclosed, name: str) -> str:
    """Say which unknown criterion costs most; only of counts that are shown."""
    rows = select(results.tables["unknowns"], definition=results.primary, estimand=name)
    if not rows or not all(is_shown(row) and not is_null(row["n_unknown"]) for row in rows):
        return ""
    most = max(rows, key=lambda row: int(row["n_unknown"]))
    if not int(most["n_unknown"]):
        return ""
    return (
        f"Most often unknown: {words.CRITERIA[most['criterion']]}"
        f" ({number(most['n_unknown'], units(most))})."
    )


def _others(results: Disclosed) -> str:
    told = []
    for name in ("initial_adequate_remission", "initial_remission", "any_adequate_trial"):
        row = overall(results.tables["rates"], results.primary, name)
        if row is None:
            continue
        title = lower_first(words.ESTIMANDS[name]["title"])
        told.append(f"{title}: {rate_or_why(row)}{_verdict(results, row)}")
    return sentence("; ".join(told)) if told else ""


def _verdict(results: Disclosed, row: dict[str, Any]) -> str:
    if not is_shown(row):
        return ""
    text = against(row, results.reference, results.margin)
    return f", {text}" if text else ""


def write_resistance(results: Disclosed) -> Section:
    """Write who is resistant, by label and as a proven share, and what apparent resistance is."""
    return section(
        "Treatment-resistant depression",
        [_labels(results)],
        *(_proven(results, name) for name in ("trd", "trd_eligible")),
        [*_proven(results, "pseudo_resistance"), _apparent(results)],
        [_time(results)],
    )


def _labels(results: Disclosed) -> str:
    rows = select(results.tables["definitions"], definition=results.primary)
    if not rows:
        return ""
    row = rows[0]
    if is_null(row["n"]):
        return "How many patients have which label is hidden."
    if not int(row["n"]):
        return "There was nobody to label."
    told = [f"{_many(row[label])} as {name.lower()}" for label, name in words.LABELS.items()]
    text = f"Of {number(row['n'], PATIENTS)} of any age, the definition labels {listed(told)}."
    return " ".join(one for one in (text, _rounded(results), _on_defaults(results)) if one)


def _rounded(results: Disclosed) -> str:
    """Say that counts of labels are rounded, as they are wherever a policy hides anything."""
    policy = results.settings["policy"]
    if not policy["hide_counts_up_to"]:
        return ""
    return f"These counts are rounded to multiples of {max(policy['round_to'], LEAST_BASE)}."


def _on_defaults(results: Disclosed) -> str:
    reasons = select(results.tables["label_reasons"], definition=results.primary, label="trd")
    if len(reasons) != 1 or is_null(reasons[0]["on_defaults"]):
        return "" if not reasons else "How many of these labels rest on defaults is hidden."
    many = reasons[0]["on_defaults"]
    return (
        f"Of the labels of resistance, {words.count(many)} {verb(many, 'rests', 'rest')} on stated"
        " defaults, and might be otherwise without them."
    )


def _proven(results: Disclosed, name: str) -> list[str]:
    row = overall(results.tables["rates"], results.primary, name)
    if row is None:
        return []
    about = words.ESTIMANDS[name]
    if not is_shown(row) or is_null(row["rate"]):
        return [f"{about['title']}: {rate_or_why(row)}."]
    told = [f"{about['title']}: {rate(row)}{_verdict(results, row)}."]
    told.append(sentence(bounds(row, units(row))))
    return told


def _apparent(results: Disclosed) -> str:
    """Tell apparent resistance against the label; a cell that is hidden is told to be."""
    rows = select(results.tables["resistance"], definition=results.primary)
    seen = {row["label"]: row for row in rows if row["apparent_resistance"] == "yes"}
    if not seen:
        return ""
    told = [
        f"{_many(row['n'] if is_shown(row) else None)} are labelled {words.LABELS[label].lower()}"
        for label, row in seen.items()
    ]
    return (
        "Of the treated patients with MDD who appear resistant when dose, duration and adherence"
        f" are not looked at, {listed(told)}. Dose, duration, adherence and exclusions are part of"
        " what the label means: none of them is a finding about resistant patients."
    )


def _time(results: Disclosed) -> str:
    rows = incidence_table(results.tables["curves"], results.primary).rows
    certain = [row for row in rows if row[0] == words.CURVES["definite"]]
    if not certain:
        return ""
    told = [
        f"{share} by day {day}" + (f" (95% interval {interval})" if interval not in
                                   (words.HIDDEN, words.NOTHING) else "")
        for _, day, share, interval in certain
    ]  # fmt: skip
    return f"The share with a second certain failure was {listed(told)}."
