"""What would change a label, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

#: Of the patient's criteria: what would have to be so, and what would have to be otherwise.
_PATIENT = {
    "mdd": ("a formal diagnosis of MDD, and no bipolar disorder", "no MDD, or bipolar disorder"),
    "impaired": ("daily functioning affected", "daily functioning not affected"),
    "of_age": ("an age within the definition's", "an age outside the definition's"),
}


def describe_changes(evidence: Sequence[Row], trials: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Say what would change a patient's label.

    Parameters
    ----------
    evidence
        The patient's rows of the evidence by one definition.
    trials
        The patient's trials: ``trial_id``, ``ingredient``.

    Returns
    -------
    list
        By label that would follow: a sentence for each option, of changes that together give it.
    """
    drugs = {row["trial_id"]: f"{row['ingredient'] or 'the drug'} ({row['trial_id']})"
             for row in trials}  # fmt: skip
    told = []
    for to_label in ("trd", "not_trd"):
        options: dict[int, list[str]] = {}
        rows = [row for row in evidence if row["part"] == "change" and row["to_label"] == to_label]
        for row in sorted(rows, key=lambda one: (one["option"], one["trial_id"] or "")):
            options.setdefault(row["option"], []).append(_describe(row, drugs))
        if options:
            told.append((to_label, [" and ".join(parts) for parts in options.values()]))
    return told


def _describe(row: Row, drugs: Mapping[str, str]) -> str:
    item, towards = row["item"], row["to_label"] == "trd"
    if row["trial_id"] is None:
        if item.startswith("no_"):
            name = item.removeprefix("no_").replace("_", " ")
            text = f"{name}: no" if towards else f"{name}: yes"
        else:
            text = _PATIENT[item][0 if towards else 1]
        return f"a record that says: {text}" if row["value"] is None else text
    drug = drugs[row["trial_id"]]
    if item == "nonresponse":
        wanted = "non-response" if towards else "response"
        if row["value"] is None:
            return f"a record of the outcome of {drug}, if it is {wanted}"
        return f"{wanted} to {drug}"
    needed, observed = row["needed"], row["observed"]
    if row["value"] is None:
        what = {"dose_adequate": "dose", "duration_adequate": "days on treatment",
                "adherence_adequate": "adherence"}.get(item, item.replace("_", " "))  # fmt: skip
        limit = "" if needed is None else f", if {'' if towards else 'under '}{needed:g}"
        return f"a record of the {what} of {drug}{limit}{' or more' if limit and towards else ''}"
    if item == "dose_adequate":
        return f"{_more(needed, observed)} mg per day more of {drug}"
    if item == "duration_adequate":
        return f"{_more(needed, observed)} more days on {drug}"
    if item == "adherence_adequate":
        return f"an adherence of {needed:g} to {drug} in place of {observed:g}"
    return f"{item.replace('_', ' ')} of {drug}"


def _more(needed: float | None, observed: float | None) -> str:
    if needed is None:
        return "some"
    return f"{needed - (observed or 0):g}"
