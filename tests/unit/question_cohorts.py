"""Questions asked of made-up cohorts, so that their answers agree with the cohort's tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import ibis
import pandas as pd

from tests.unit.analysis_cohorts import SETTINGS, Cohort
from trdanalysis.analysis.characteristics import find_members, name_label
from trdanalysis.analysis.criteria import derive_criteria
from trdanalysis.analysis.questions.asked import CONTRAST_COLUMNS, Counting
from trdanalysis.analysis.questions.form import YES_NO, estimate_answers
from trdanalysis.analysis.questions.symptoms import ask_symptoms
from trdanalysis.analysis.survival import CURVE_COLUMNS
from trdanalysis.analysis.three_valued import negate
from trdanalysis.contract import SYMPTOMS

#: What stands for the answers to a checklist: how many of these are a yes.
ITEMS = ("hopelessness", "anhedonia", "fatigue")

#: What keeps patients out of a trial, one after another.
EXCLUSIONS = ("bipolar_disorder", "psychotic_features", "current_substance_use")


FLAGS = (*SYMPTOMS, *EXCLUSIONS)


def question_tables_of(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """Answer, of a cohort: symptoms by group of patients; agreement; young adults; steps."""
    patients, trials, labels, quarantined = cohort.tables()
    criteria = derive_criteria(patients, trials, labels, quarantined, "article")
    members = find_members(criteria, SETTINGS.under_age_bands)
    members = members.inner_join(patients.select("patient_id", *FLAGS), "patient_id")
    members = members.mutate(
        label=name_label(members.trd),
        patient_group=ibis.cases(
            (members.trd, "trd"), (members.pseudo_resistance, "pseudo_resistant"),
            (negate(members.trd) & negate(members.pseudo_resistance) & negate(members.nonresponse),
             "responding"),
        ),
    )  # fmt: skip
    kept = ibis.memtable(members.to_pyarrow())
    asked: Any = SimpleNamespace(members=kept, definition=SimpleNamespace(id="article"))
    symptoms = ask_symptoms(asked)
    people = kept.to_pyarrow().to_pandas().astype(dict.fromkeys(FLAGS, "boolean"))
    answers = [*symptoms.answers]
    for counted in (_checklist(people), _young_adults(people), _steps(people)):
        answers += counted.answers
    contrasts = symptoms.contrasts if symptoms.contrasts is not None else pd.DataFrame()
    return {
        "questions": estimate_answers(answers, "article"),
        "question_contrasts": contrasts.reindex(columns=list(CONTRAST_COLUMNS)),
        "question_curves": pd.DataFrame(columns=list(CURVE_COLUMNS)),
    }


def _counts(people: pd.DataFrame, event: pd.Series) -> tuple[int, int, int]:
    own = event.reindex(people.index).astype("boolean")
    return len(people), int(own.isna().sum()), int(own.fillna(False).sum())


def _checklist(people: pd.DataFrame) -> Counting:
    """Ask of at least one, and of at least two, how well they agree with the label."""
    counting = Counting("checklist")
    for least in (1, 2):
        yes = sum(people[name].fillna(False).astype(int) for name in ITEMS)
        open_ = sum(people[name].isna().astype(int) for name in ITEMS)
        positive = pd.Series(pd.NA, index=people.index, dtype="boolean")
        positive = positive.mask(yes >= least, True).mask(yes + open_ < least, False)
        for band in ("", "18-25", "26 and over"):
            own = people[people["age_band"] == band] if band else people
            trd, not_trd = (own[own["label"] == label] for label in ("trd", "not_trd"))
            is_trd = own["label"].map({"trd": True, "not_trd": False}).astype("boolean")
            for measure, population, level, of, event in (
                ("sensitivity", "trd", "positive", trd, positive),
                ("specificity", "not_trd", "negative", not_trd, ~positive),
                ("ppv", "positive", "trd", own[positive[own.index].fillna(False)], is_trd),
                ("npv", "negative", "not_trd", own[~positive[own.index].fillna(True)], ~is_trd),
            ):
                counting.add(measure, population, level, _counts(of, event), kind=YES_NO,
                             age_band=band, group=f"five_{least}")  # fmt: skip
    return counting


def _young_adults(people: pd.DataFrame) -> Counting:
    counting = Counting("young_adults")
    groups = {"young_adults": "18-25", "other_adults": "26 and over"}
    found = {name: people[people["age_band"] == band] for name, band in groups.items()}
    counting.add_levels("age", "members", [(name, len(own)) for name, own in found.items()],
                        int(people["age_band"].isna().sum()))  # fmt: skip
    trd = people["label"].map({"trd": True, "not_trd": False}).astype("boolean")
    for name, own in found.items():
        counting.add("trd", "members", "trd", _counts(own, trd), kind=YES_NO, group=name)
    return counting


def _steps(people: pd.DataFrame) -> Counting:
    """Ask who is not excluded by one criterion of a trial, nor by a second, and so on."""
    counting = Counting("trial_eligibility")
    for population in ("members", "trd"):
        own = people if population == "members" else people[people["label"] == "trd"]
        still = pd.Series(True, index=own.index, dtype="boolean")
        for name in EXCLUSIONS:
            still = still & ~own[name]
            for measure, event in (("meets", ~own[name]), ("still_in", still)):
                counts = _counts(own, event)
                counting.add(measure, population, f"no_{name}", counts, kind=YES_NO)
    return counting
