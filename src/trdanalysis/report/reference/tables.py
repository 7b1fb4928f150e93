"""The pages of the site's policies and of the reference tables, each cell with its source."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from trdanalysis.disclosure.policy import Policy
from trdanalysis.report.reference.markdown import code, render_page, render_table, sentence

_DOSES = ("default", "strict", "lenient", "canmat2023", "atrq")


def render_policies(policies: Sequence[Policy]) -> str:
    """Give the page of disclosure policies."""
    intro = (
        "`disclosure_policy` in the configuration names one of the files `config/disclosure/`; a"
        " site may add its own. What disclosure control does with it:"
        " [disclosure control](../disclosure.md)."
    )
    rows = [
        (code(each.id), each.title, each.hide_counts_up_to or "nothing",
         "printed" if each.show_zero else "hidden", each.round_to or "no",
         each.least_n_for_a_rate, each.model_decimals,
         "synthetic records only" if each.only_synthetic else "any", each.source)
        for each in policies
    ]  # fmt: skip
    head = ("policy", "title", "counts hidden up to", "zero", "rounded to", "least n for a rate",
            "digits of models", "release of", "source")  # fmt: skip
    order = [
        f"`{each.id}`: " + ", ".join(code(part) for part in each.drop_first) for each in policies
    ]
    return render_page("Disclosure policies", "config/disclosure", [
        intro, render_table(head, rows),
        "## What is given up first\n\nWhere hiding single cells does not protect, parts of the"
        " release are dropped as a whole, in this order.",
        *order,
    ])  # fmt: skip


def render_drugs(drugs: pd.DataFrame) -> str:
    """Give the page of drugs, from the table of antidepressants as text."""
    intro = (
        "Antidepressants and what augments them, with the smallest adequate dose by each table a"
        " definition may name (`dose_table`). How names are matched: [names of"
        " drugs](../drug-names.md). Every cell has its source in"
        " `config/reference/antidepressants.csv`; those of the"
        " default minimum stand below the table. Where the source is a form's public"
        " transcription, verify the number against a licensed copy before publishing."
    )
    sources = {text: number for number, text in enumerate(
        dict.fromkeys(filter(None, drugs["source_min_mg_default"])), start=1)}  # fmt: skip
    rows = [
        (code(row["generic"]), row["moiety_group"], row["class"], row["role"], row["atc"],
         *(row[f"min_mg_{name}"] for name in _DOSES), row["first_line_broad"],
         row["first_line_core"], sources.get(row["source_min_mg_default"], ""), row["confidence"])
        for row in drugs.to_dict("records")
    ]  # fmt: skip
    head = ("drug", "moiety", "class", "role", "ATC", *(f"min mg/day, {name}" for name in _DOSES),
            "first-line, broad", "first-line, core", "source", "confidence")  # fmt: skip
    listed = "\n".join(f"{number}. {text}" for text, number in sources.items())
    parts = [intro, render_table(head, rows), "Sources of the default minimum:", listed]
    return render_page("Drugs", "config/reference/antidepressants.csv", parts)


def render_scales(scales: pd.DataFrame) -> str:
    """Give the page of scales, from their table as text."""
    symptom = scales[scales["domain"] == "symptom"]
    functional = scales[scales["domain"] != "symptom"]
    parts = [
        "## Symptom scales\n\n" + render_table(
            ("scale", "range", "whole numbers", "remission", "source", "status"),
            [(code(row["scale"]), f"{row['minimum']} to {row['maximum']}", row["whole_numbers"],
              f"at most {row['remission_at_most']}" if row["remission_at_most"] else "",
              row["source"], row["status"]) for row in symptom.to_dict("records")]),
        "## Functional scales\n\n" + render_table(
            ("scale", "range", "impaired", "source", "status"),
            [(code(row["scale"]), f"{row['minimum']} to {row['maximum']}",
              f"{row['impaired_from']} or {_SIDES[row['impaired_side']]}", row["source"],
              row["status"]) for row in functional.to_dict("records")]),
    ]  # fmt: skip
    return render_page("Scales", "config/reference/scales.csv", parts)


_SIDES = {"high": "more", "low": "less"}


def render_published_rates(rates: pd.DataFrame) -> str:
    """Give the page of published rates, from their table as text."""
    intro = (
        "What rates of this project are held against. Those with an estimand stand in"
        " `benchmarks.csv`; the others are for reading. A row with `no` under *same quantity*"
        " measures something near, not the same."
    )
    rows = [
        (code(row["reference_id"]), f"{row['study']} ({row['year']})", row["population"],
         row["metric"], code(row["estimand"]), row["same_quantity"], row["published_n"],
         row["published_rate"],
         f"{row['published_low']} to {row['published_high']}" if row["published_low"] else "",
         row["source"], sentence(row["confidence"]) + (f" {row['note']}" if row["note"] else ""))
        for row in rates.to_dict("records")
    ]  # fmt: skip
    head = ("id", "study", "population", "measured", "estimand", "same quantity", "n", "rate",
            "95% limits", "source", "confidence and notes")  # fmt: skip
    return render_page("Published rates", "config/reference/published_rates.csv",
                       [intro, render_table(head, rows)])  # fmt: skip
