"""The checklists of STROBE and RECORD, filled where the run knows the answer.

The items stand in ``config/reference/reporting_items.csv`` in words of our own, with the name of an
answer of this module; an item without one is for the authors.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from trdanalysis.report import words
from trdanalysis.report.disclosed import Disclosed
from trdanalysis.report.prose.numbers import (
    PATIENTS,
    ROWS,
    number,
    overall,
    rate_or_why,
    select,
)
from trdanalysis.report.prose.text import cite, listed, said
from trdanalysis.report.statistics import PRIMARY
from trdanalysis.spreadsheet import guard_table

FILLED, PARTLY, AUTHORS = "filled", "partly", "for the authors"

#: Columns of the checklist as it is published.
CHECKLIST_COLUMNS = (
    "statement", "item", "topic", "recommended", "status", "where", "this_run",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One item: of which statement, what is recommended, and what this run says."""

    statement: str
    item: str
    topic: str
    recommended: str
    status: str
    where: str
    this_run: str


Answer = tuple[str, str]


def fill_checklists(results: Disclosed) -> list[Item]:
    """Fill every item, in the order of the statements."""
    items = []
    for row in results.references.checklists:
        name = row["answer"]
        status, text = _ANSWERS[name](results) if name else (AUTHORS, "")
        items.append(
            Item(
                row["statement"], row["item"], row["topic"], row["recommended"], status,
                row["place"] if status != AUTHORS else "", text,
            )
        )  # fmt: skip
    return items


def format_checklists(items: list[Item]) -> str:
    """Write items as CSV, safe for spreadsheets."""
    rows = [[getattr(item, name) for name in CHECKLIST_COLUMNS] for item in items]
    table = guard_table(pd.DataFrame(rows, columns=list(CHECKLIST_COLUMNS)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CHECKLIST_COLUMNS)
    writer.writerows(table.itertuples(index=False, name=None))
    return out.getvalue()


def count_items(items: list[Item]) -> str:
    """Say how many items are filled, in part, and left to the authors."""
    told = []
    for statement in dict.fromkeys(item.statement for item in items):
        own = [item.status for item in items if item.statement == statement]
        key = {"STROBE": "strobe2007", "RECORD": "record2015"}.get(statement)
        told.append(
            f"{statement}{cite(key) if key else ''}: {own.count(FILLED)} of {len(own)} filled,"
            f" {own.count(PARTLY)} partly, {own.count(AUTHORS)} for the authors"
        )
    return "; ".join(told) + "."


def _accepted(results: Disclosed) -> str:
    rows = select(results.tables["attrition"], step="patients_accepted")
    return number(rows[0]["n_in"] if rows else None, PATIENTS)


def _design(results: Disclosed) -> Answer:
    return PARTLY, "Cohort study of treatment records. The title is for the authors."


def _design_known(results: Disclosed) -> Answer:
    return FILLED, "Cohort of patients from treatment records; one row a treatment trial."


def _objectives(results: Disclosed) -> Answer:
    names = listed([words.ESTIMANDS[name]["title"] for name in PRIMARY])
    return PARTLY, (
        f"Two primary estimands: {names}, against {words.percent(results.reference, 1)} with a"
        f" margin of {100 * results.margin:g} points. {words.freeze_words(results.freeze)}"
    )


def _setting(results: Disclosed) -> Answer:
    drops = results.run["drops"]
    many = "drop" if len(drops) == 1 else "drops"
    synthetic = " All records are synthetic." if results.run["synthetic"] else ""
    return PARTLY, (
        f"{len(drops)} {many}: {listed([said(drop['drop_id']) for drop in drops]) or 'none'}."
        f"{synthetic} Places and dates are for the authors: records hold days, no dates."
    )


def _eligible(results: Disclosed) -> Answer:
    return PARTLY, (
        "Populations: "
        + "; ".join(
            f"{words.ESTIMANDS[name]['title']}: {words.ESTIMANDS[name]['population']}"
            for name in PRIMARY
        )
        + ". How patients came into the records is for the authors."
    )


def _matched(results: Disclosed) -> Answer:
    return FILLED, "Not applicable: nobody is matched."


def _variables(results: Disclosed) -> Answer:
    groups = results.settings["factor_groups"]
    covariates = [words.words(one) for one in results.settings["model_covariates"]]
    factors = sum(len(names) for names in groups.values())
    return FILLED, (
        f"Definition `{results.primary}` with every threshold; {factors} recorded factors in"
        f" {len(groups)} groups and the medication-related ones of the trial;"
        f" covariates: {listed(covariates) or 'none'}."
    )


def _measurement(results: Disclosed) -> Answer:
    return PARTLY, (
        "Scores on one scale within fixed windows, the same for all patients; else the clinician's"
        " rating. How sites took their records is for the authors."
    )


def _bias(results: Disclosed) -> Answer:
    return PARTLY, (
        "Both primary estimands stand beside each other, since adequacy is known only after the"
        " start; unknown is never no; bounds stand beside rates; first trials in later episodes"
        " are counted."
    )


def _size(results: Disclosed) -> Answer:
    return PARTLY, (
        f"All records that came in and could be used: {_accepted(results)}. No size was"
        " calculated by the run."
    )


def _bands(results: Disclosed) -> Answer:
    bands = listed([said(band) for band in results.settings["age_bands"]])
    return FILLED, f"Age bands: {bands}. In models age is a spline."


def _methods(results: Disclosed) -> Answer:
    models = sorted(
        {words.MODELS.get(str(one), str(one))
         for one in results.tables["comparisons"]["model"].dropna()}
    )  # fmt: skip
    return FILLED, f"Wilson intervals; {listed(models) or 'no comparisons'}."


def _subgroups(results: Disclosed) -> Answer:
    found = set(results.tables["comparisons"]["contrast"].dropna())
    if not found:
        return PARTLY, "No comparison could be made."
    interactions = "; interactions, exploratory" if "age_interaction" in found else ""
    return FILLED, f"By age band, factor group, factor, sex, site and drop{interactions}."


def _missing(results: Disclosed) -> Answer:
    return FILLED, (
        "Three-valued criteria, bounds of every rate, and analyses of missing outcomes; labels are"
        " never imputed."
    )


def _loss(results: Disclosed) -> Answer:
    if results.tables["curves"].empty:
        return PARTLY, "There is no curve of time in this run."
    return FILLED, (
        "Curves are censored on the last observed day, else on the last recorded one; outcomes that"
        " were never seen are unknown."
    )


def _sensitivity(results: Disclosed) -> Answer:
    cells = len(results.tables["multiverse"])
    analyses = sorted(
        {words.ANALYSES[one] for one in results.tables["rates"]["analysis"]}
        - {words.ANALYSES["complete_case"], words.ANALYSES["proven"]}
    )
    told = [f"missing outcomes {one}" for one in analyses]
    told += ["tipping points"] if len(results.tables["tipping"]) else []
    told += [f"a multiverse of {words.count(cells)} cells"] if cells else []
    told += ["other definitions"] if len(results.definitions) > 1 else []
    if not told:
        return PARTLY, "There was none in this run."
    return FILLED, f"{listed(told)[0].upper()}{listed(told)[1:]}."


def _stages(results: Disclosed) -> Answer:
    rows = select(results.tables["attrition"], definition=results.primary, estimand=PRIMARY[0])
    if not rows:
        return PARTLY, f"{_accepted(results)} accepted."
    last = max(rows, key=lambda row: row["step_order"])
    return FILLED, (
        f"{_accepted(results)} accepted; {number(last['n_in'], PATIENTS)} in the population of"
        f" {words.ESTIMANDS[PRIMARY[0]]['title'].lower()}, known or not; every step in"
        " attrition.csv."
    )


def _flow(results: Disclosed) -> Answer:
    return PARTLY, "Numbers for it stand in attrition.csv."


def _characteristics(results: Disclosed) -> Answer:
    table = results.tables["characteristics"]
    everybody = table[(table["characteristic"] == "overall") & (table["label"] == "all")]
    if everybody.empty or not (everybody["n"] > 0).fillna(False).all():
        return PARTLY, "Table 1 has nobody, or hides how many there are."
    return FILLED, "Table 1: characteristics by label, with how many are unknown."


def _unknowns(results: Disclosed) -> Answer:
    return FILLED, "How many lack each criterion, and how many lack nothing else."


def _followed(results: Disclosed) -> Answer:
    if results.tables["curves"].empty:
        return PARTLY, "There is no curve of time in this run."
    return PARTLY, "Numbers at risk by day; days of follow-up by label in table 1."


def _events(results: Disclosed) -> Answer:
    return FILLED, _headline(results, (*PRIMARY, "trd"))


def _headline(results: Disclosed, names: tuple[str, ...]) -> str:
    rows = {name: overall(results.tables["rates"], results.primary, name) for name in names}
    return "; ".join(
        f"{words.ESTIMANDS[name]['title']}: {rate_or_why(row)}" for name, row in rows.items()
    ) + "."  # fmt: skip


def _estimates(results: Disclosed) -> Answer:
    return (
        FILLED,
        "Each contrast unadjusted and with the covariates named beside it, with 95% intervals.",
    )


def _absolute(results: Disclosed) -> Answer:
    return FILLED, "Risk differences stand beside risk ratios."


def _key(results: Disclosed) -> Answer:
    return PARTLY, _headline(results, PRIMARY) + " What it means is for the authors."


def _limits(results: Disclosed) -> Answer:
    return PARTLY, (
        "Unknown criteria and bounds; selection by adequacy; left truncation; minimum doses of one"
        " transcribed form. Their weight here is for the authors."
    )


def _kind_of_data(results: Disclosed) -> Answer:
    sources = sorted({said(drop["source"]) for drop in results.run["drops"]})
    return PARTLY, (
        f"De-identified treatment records ({listed(sources) or 'none'})."
        " Names of databases are for the authors."
    )


def _linkage(results: Disclosed) -> Answer:
    return PARTLY, (
        "The run links no databases: drops are pooled by the patients' pseudonyms. Linkage before"
        " delivery is for the authors."
    )


def _algorithms(results: Disclosed) -> Answer:
    ids = listed([f"`{name}`" for name in results.definition_ids])
    return FILLED, f"Definition files {ids}, and tables of drugs, doses and scales, with sources."


def _validated(results: Disclosed) -> Answer:
    return PARTLY, (
        "Each definition has hand-written patients with the labels it must give. Validation against"
        " charts is for the authors."
    )


def _cleaning(results: Disclosed) -> Answer:
    steps = {row["step"]: row for row in select(results.tables["attrition"], estimand="records")}
    if "trials_accepted" not in steps:
        return PARTLY, "No rows came in."
    return FILLED, (
        f"Of {number(steps['trials_rows_in']['n_in'], ROWS)} on trials,"
        f" {number(steps['trials_duplicates']['n_out'], ('duplicate', 'duplicates'))},"
        f" {number(steps['trials_quarantined']['n_out'], ROWS)} set aside,"
        f" {number(steps['trials_accepted']['n_in'], ROWS)} accepted."
    )


def _record_limits(results: Disclosed) -> Answer:
    return PARTLY, (
        "What was not recorded is unknown and counted as such. Changes of eligibility, coding and"
        " misclassification are for the authors."
    )


def _accessible(results: Disclosed) -> Answer:
    return PARTLY, (
        f"trdanalysis {said(results.run['version'])}; command `{said(results.run['command'])}`;"
        " hashes of all sources in the manifest. Records stay at the site."
    )


_ANSWERS: dict[str, Callable[[Disclosed], Answer]] = {
    "design": _design, "design_known": _design_known, "objectives": _objectives,
    "setting": _setting, "eligible": _eligible, "matched": _matched, "variables": _variables,
    "measurement": _measurement, "bias": _bias, "size": _size, "bands": _bands,
    "methods": _methods, "subgroups": _subgroups, "missing": _missing, "loss": _loss,
    "sensitivity": _sensitivity, "stages": _stages, "flow": _flow,
    "characteristics": _characteristics, "unknowns": _unknowns, "followed": _followed,
    "events": _events, "estimates": _estimates, "absolute": _absolute, "key": _key,
    "limits": _limits, "kind_of_data": _kind_of_data, "linkage": _linkage,
    "algorithms": _algorithms, "validated": _validated, "cleaning": _cleaning,
    "record_limits": _record_limits, "accessible": _accessible,
}  # fmt: skip
