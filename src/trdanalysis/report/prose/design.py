"""Methods: where the records come from, what resistance is, and what is estimated of whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trdanalysis.labelling import windows
from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.prose.numbers import ROWS, number, select, verb
from trdanalysis.report.prose.text import (
    Section,
    cite,
    lettered,
    listed,
    said,
    section,
    sentence,
)
from trdanalysis.report.statistics import PRIMARY

#: The share that the article gives of people who do not respond fully to initial treatment.
ARTICLE_RATE = 0.30
ARTICLE = "trdarticle"

#: What a drop is delivered as.
READERS = {
    "native": "tables in the project's own layout",
    "flat": "a flat file, read by a mapping",
    "omop": "tables of the OMOP common data model",
    "sdtm": "SDTM domains",
    "nda": "structures of the NIMH Data Archive",
    "redcap": "an export from REDCap",
}
MODES = {
    "snapshot": "a full snapshot",
    "increment": "an increment to earlier drops",
}

#: Where the smallest adequate doses come from, by the definition's dose table.
DOSES = {
    "default": "its default column: the minima of a form of the MGH antidepressant history"
    " questionnaire{atrq} where it lists the drug, else of labels or guidelines",
    "strict": "the largest of the minima that are known of a drug",
    "lenient": "the smallest of the minima that are known of a drug",
    "canmat2023": "the lower ends of the dose ranges of CANMAT 2023{canmat}",
    "atrq": "the minima of a form of the MGH antidepressant history questionnaire{atrq}",
}
FIRST_LINE = {
    "broad": "First-line drugs were those of CANMAT 2023{canmat}.",
    "core": "First-line drugs were those of both CANMAT 2023{canmat} and APA 2010.",
    "any": "Every antidepressant counted, first-line or not.",
}

#: Tables of which intake counts rows, as people call them.
_TABLES = {
    "patients": "patients", "trials": "treatment trials", "doses": "dose steps",
    "assessments": "ratings",
}  # fmt: skip


def write_design(results: Disclosed) -> Section:
    """Write what kind of study it is, and what became of the rows that came in."""
    drops = results.run["drops"]
    return section(
        "Study design and data",
        [
            "This is a cohort study of de-identified treatment records. It is reported by the"
            f" STROBE statement{cite('strobe2007')} and its extension for routinely collected"
            f" data, RECORD{cite('record2015')}.",
            _came_in(drops),
            _synthetic(drops),
            "Days are counted from a point of the patient's own; no calendar dates, names or free"
            " text were taken in.",
        ],
        [
            "Every row was checked against a fixed list of columns, types and ranges. Exact"
            " duplicates counted once; rows that could not be used were set aside (quarantined),"
            " counted and never dropped in silence; single values out of range became unknown.",
            *_balance(results),
        ],
        [*_absent(results), *_assumed(drops)],
    )


def _came_in(drops: Any) -> str:
    if not drops:
        return "No drop of records had come in."
    told = [
        f"{said(drop['drop_id'])} ({READERS.get(drop['source'], said(drop['source']))};"
        f" {MODES.get(drop['mode'], said(drop['mode']))})"
        for drop in drops
    ]
    many = "drop" if len(drops) == 1 else "drops"
    return f"The records came in {len(drops)} {many}: {listed(told)}."


def _synthetic(drops: Any) -> str:
    made = [said(drop["drop_id"]) for drop in drops if drop["synthetic"]]
    if not made:
        return ""
    if len(made) == len(drops):
        return (
            "All records are synthetic: a program invented them, they describe nobody, and no"
            " figure here says anything about people."
        )
    many = "drop" if len(made) == 1 else "drops"
    return f"The records of the {many} {listed(made)} are synthetic: a program invented them."


def _balance(results: Disclosed) -> list[str]:
    rows = {row["step"]: row for row in select(results.tables["attrition"], estimand="records")}
    told = []
    for table, name in _TABLES.items():
        came = rows.get(f"{table}_rows_in")
        if came is None or (came["n_in"] == 0):
            continue
        twice, aside = (rows[f"{table}_{step}"]["n_out"] for step in ("duplicates", "quarantined"))
        left = rows[f"{table}_accepted"]["n_in"]
        told.append(
            f"Of {number(came['n_in'], ROWS)} on {name}, {number(twice, _DUPLICATES)}"
            f" {verb(twice)} counted once and {number(aside, ROWS)} {verb(aside)} set"
            f" aside; {number(left, ROWS)} {verb(left)} accepted."
        )
    return told


_DUPLICATES = ("exact duplicate", "exact duplicates")


def _absent(results: Disclosed) -> list[str]:
    told = []
    for (drop, table), part in results.absent_columns.groupby(["drop_id", "table"], sort=False):
        names = [said(name) for name in part["column"]]
        many = "column" if len(names) == 1 else "columns"
        told.append(
            f"Drop {said(drop)} had no {many} {listed(names)} on {_TABLES.get(str(table), table)}."
        )
    for drop, part in results.left_out_factors.groupby("drop_id", sort=False):
        names = [words.words(str(name)) for name in part["factor"]]
        many, its = ("factor", "its group") if len(names) == 1 else ("factors", "their groups")
        told.append(
            f"Of drop {said(drop)} the {many} {listed(names)} had no value at all and"
            f" {verb(len(names))} left out of {its}."
        )
    return told


def _assumed(drops: Any) -> list[str]:
    return [
        f"Assumed of drop {said(drop['drop_id'])}: "
        + " ".join(sentence(said(one)) for one in drop["assumptions"])
        for drop in drops
        if drop["assumptions"]
    ]


def write_definition(results: Disclosed) -> Section:
    """Write the operational definition: every threshold stands in its file."""
    first, *others = results.definitions
    keys = {"canmat": cite("canmat2023"), "atrq": cite("chandler2010")}
    trial = first["trial"]
    doses = DOSES.get(trial["dose_table"], "")
    return section(
        "Definition of treatment-resistant depression",
        [
            f"The primary definition is “{said(first['title'])}” (`{first['id']}`)"
            f"{cite_definition(results, first)}.",
            "A patient is treatment-resistant where this holds:"
            f" {_conditions(first, 'of_patient')}.",
            f"A trial failed where this holds: {_conditions(first, 'of_trial')}.",
            FIRST_LINE[trial["first_line"]].format(**keys),
            f"Smallest adequate doses are those of a drug table by {doses.format(**keys)}."
            if doses
            else "",
            *_scores(first),
        ],
        [_read_so(first), _unconfirmed(first)],
        [
            "Every criterion has three values, yes, no and unknown, which are combined by Kleene's"
            f" rules{cite('kleene1952')}: one no settles a no, a yes needs every yes, all else is"
            " unknown. A patient of whom resistance can be neither shown nor ruled out is"
            " indeterminate. What is missing is never read against a patient; labels that rest on"
            " a stated default (for instance that a trial without a stop goes on) are counted."
        ],
        [_others(results, others)],
    )


def cite_definition(results: Disclosed, definition: Mapping[str, Any]) -> str:
    """Cite what stands behind a definition: its own citation where the bibliography has none."""
    keys = results.references.keys_of("definition", definition["id"])
    return cite(*(keys or (own_key(definition["id"]),)))


def own_key(name: str) -> str:
    """Give the key of a definition, rate or package that has no entry of its own."""
    return f"this-{re.sub('[^A-Za-z0-9-]', '-', name)}"


def _conditions(definition: Mapping[str, Any], part: str) -> str:
    return lettered([right_number(said(one)) for one in definition[part]])


def right_number(text: str) -> str:
    """Write `trial(s)` after a number as one or several."""
    text = re.sub(r"\b1 ((?:failed )?(?:trial|point))\(s\)", r"1 \1", text)
    text = re.sub(r"\b((?:trial|point))\(s\)", r"\1s", text)
    return re.sub(r"\b1 different ingredients\b", "1 ingredient", text)


def _scores(definition: Mapping[str, Any]) -> list[str]:
    told = []
    if definition["of_score"]:
        told.append(f"The score is the sum of: {_conditions(definition, 'of_score')}.")
    if definition["of_grades"]:
        told.append(f"Its grades, the highest that holds: {_conditions(definition, 'of_grades')}.")
    return told


def _read_so(definition: Mapping[str, Any]) -> str:
    if not definition["readings"]:
        return ""
    read = [f"“{said(one['source_says'])}” as {said(one['read_as'])}"
            for one in definition["readings"]]  # fmt: skip
    return f"Where the source is silent or loose, it was read so: {lettered(read)}."


def _unconfirmed(definition: Mapping[str, Any]) -> str:
    told = []
    if definition["status"] != "published":
        told.append("The definition is a draft.")
    notes = [said(one["note"]).rstrip(".") for one in definition["unconfirmed"]]
    if notes:
        many = "threshold" if len(notes) == 1 else "thresholds"
        told.append(f"{len(notes)} {many} could not be confirmed in the source: {lettered(notes)}.")
    return " ".join(told)


def _others(results: Disclosed, others: list[Mapping[str, Any]]) -> str:
    if not others:
        return ""
    names = [f"“{said(one['title'])}”{cite_definition(results, one)}" for one in others]
    if len(names) == 1:
        return f"One further definition was applied to the same trials: {names[0]}."
    return (
        f"Further definitions were applied to the same trials ({len(names)}): {'; '.join(names)}."
    )


def write_outcomes() -> Section:
    """Write how a trial's outcome is found; the windows are the same in every definition."""
    w = windows
    return section(
        "Outcome of a trial",
        [
            "The baseline score is the last rating on days"
            f" {_day(w.BASELINE_FROM_DAY)} to 0 of the trial, else the first up to day"
            f" {w.BASELINE_TO_DAY}. The endpoint is on day {w.ENDPOINT_FROM_DAY} or later, not"
            f" earlier than {w.ENDPOINT_BEFORE_END_DAYS} days before the stop or day"
            f" {w.FULL_TRIAL_DAYS}, at most {w.ENDPOINT_AFTER_STOP_DAYS} days after the stop or"
            f" {w.ENDPOINT_AFTER_NEXT_DAYS} days after the next treatment began, and at latest on"
            f" day {w.ENDPOINT_TO_DAY}; of several ratings it is the last up to day"
            f" {w.ENDPOINT_PREFERRED_TO_DAY}, else the first after.",
            "Both scores are of one scale; scales are never mixed or converted. Reduction is the"
            " score lost as a share of the distance from the baseline to the scale's lowest score,"
            " compared without rounding; remission is a score at or below the scale's cut-off.",
            "Where scores leave the outcome unknown, the clinician's rating decides; where both"
            " speak and disagree, the scores stand. An outcome whose score is missing, out of range"
            " or outside its window, and that nobody rated, is unknown.",
        ],
    )  # fmt: skip


def _day(day: int) -> str:
    return str(day).replace("-", "\N{MINUS SIGN}")


def write_estimands(results: Disclosed) -> Section:
    """Write what is estimated, with the attributes of ICH E9(R1), and the reference."""
    others = [
        name for name in words.ESTIMANDS if name not in PRIMARY and _is_estimated(results, name)
    ]
    return section(
        "Estimands and reference",
        "Two estimands are primary and are given the same room; their attributes are those of ICH"
        f" E9(R1){cite('iche9r1')}. Adequate, first-line and non-response mean what the primary"
        " definition says.",
        *([f"{words.ESTIMANDS[name]['title']}.", *_attributes(results, name)] for name in PRIMARY),
        [
            f"Beside them are estimated: {'; '.join(_about(results, name) for name in others)}."
            if others
            else "",
            "Membership of a population is itself yes, no or unknown. A rate counts those who"
            " belong for certain and whose outcome is known. Of the rates of labels it is the"
            " proven share of all who belong for certain, a lower bound, and is written “at"
            " least”. Patients known to be under 18 years old stand in the age bands only.",
        ],
        [_reference(results)],
    )


def _attributes(results: Disclosed, name: str) -> list[str]:
    told = words.attributes_of(name, said(results.nonresponse))
    return [f"{about}: {text}." for about, text in told]


def _about(results: Disclosed, name: str) -> str:
    about = words.ESTIMANDS[name]
    event = words.event_of(name, said(results.nonresponse))
    return f"{lower_first(about['title'])} (population: {about['population']}; event: {event})"


def lower_first(title: str) -> str:
    """Write a title within a sentence; TRD keeps its capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def _is_estimated(results: Disclosed, name: str) -> bool:
    return bool((results.tables["rates"]["estimand"] == name).any())


def _reference(results: Disclosed) -> str:
    figure = words.percent(results.reference, 1).replace(".0%", "%")
    is_article = abs(results.reference - ARTICLE_RATE) < 1e-9
    of = (
        f", the share of people with MDD of whom the article{cite(ARTICLE)} says that they do not"
        " respond fully to initial antidepressant treatments"
        if is_article
        else ", which the configuration sets"
    )
    return (
        f"Every rate is held against {figure}{of}. It is called equivalent where its 90% interval"
        f" lies within {100 * results.margin:g} points of that figure (two one-sided tests at"
        f" 5%{cite('schuirmann1987')}), else above or below where its 95% interval lies wholly on"
        " one side, else inconclusive; that a difference is not significant is never read as"
        " agreement."
    )
