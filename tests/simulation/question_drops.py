"""Questions asked of simulated drops: do intervals and bounds hold what is true?"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from tests.asked import asked_of
from tests.simulation.design import COVERAGE_FEW_CLUSTERS, Asked, Row, percent, verdict
from tests.simulation.true_answers import (
    Key,
    count_true,
    give_differences,
    give_population,
    give_ratios,
    list_patients,
)
from trdanalysis.analysis.questions.everything import answer_questions
from trdanalysis.analysis.questions.pathways import SWITCH_ACROSS
from trdanalysis.engine import Engine
from trdanalysis.simulate import planted, simulate_chunk

#: Ways in which records have holes.
COMPLETE, AT_RANDOM, NOT_AT_RANDOM = "complete", "values missing", "missing for what they are"
KINDS = {COMPLETE: 12, AT_RANDOM: 6, NOT_AT_RANDOM: 6}
PATIENTS = 2000
#: Scores stand in `assessments` in this share of courses, so that more patients have visits.
RATED_SHARE = 0.6
#: What sets some members apart: here as the records have it.
GIVEN = ("label", "patient_group", "apparent_resistance")
INTERVAL, RATIO, DIFFERENCE = "95% limits of shares", "adjusted ratio", "standardised difference"
BOUNDS, COUNTS = "bounds", "counts as in the truth"
YOUNG = "young_adults"
QUESTIONS_ASKED = "Questions beside the label"
#: An interval of fewer patients is not counted.
FEWEST = 20
#: Bounds are not compared where more than this share of a population is another one.
MOST_OTHERS = 0.02

_EVERY, _ALWAYS, _NOTHING = COVERAGE_FEW_CLUSTERS, Asked(1.0, None), Asked()
#: With holes limits are asked to hold the truth only where values are missing at random within the
#: population of the row.
_AT_RANDOM_WITHIN = (("symptoms", "symptom"), ("young_adults", "poor_adherence"))


@dataclass(frozen=True)
class Held:
    """Of one drop: how many numbers of a measure held the truth, of how many."""

    kind: str
    seed: int
    question: str
    measure: str
    what: str
    hits: int
    of: int


@dataclass(frozen=True)
class Truths:
    """What is true of everybody who could have been simulated."""

    shares: Mapping[Key, float]
    ratios: Mapping[str, float]
    differences: Mapping[str, float]


@cache
def give_truths(patients: int | None = None) -> Truths:
    """Give what is true; of so many patients where a quick answer is enough."""
    size = {} if patients is None else {"patients": patients, "chunk": patients}
    shares, members = give_population(RATED_SHARE, **size)
    return Truths(shares, give_ratios(), give_differences(members))


def ask_drop(
    seed: int, kind: str, patients: int = PATIENTS
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Simulate a drop, ask it, and give the answers and the truth of the members asked about."""
    drawn = {"dirt": False, "rated_share": RATED_SHARE}
    whole = simulate_chunk(0, patients, seed, missing=False, **drawn)
    tables = whole.tables
    if kind != COMPLETE:
        tables = simulate_chunk(0, patients, seed, missing=True, **drawn).tables
    if kind == NOT_AT_RANDOM:
        tables = hide_for_what_they_are(tables, seed)
    with Engine(2000, 1) as engine, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asked = asked_of(engine, tables)
        members = asked.members.to_pyarrow().to_pandas().set_index("patient_id")
        answers = answer_questions(asked)
    given = members[list(GIVEN)].add_suffix("_given")
    return answers, list_patients(whole).reindex(members.index).join(given)


def hide_for_what_they_are(tables: dict[str, pd.DataFrame], seed: int) -> dict[str, pd.DataFrame]:
    """Leave out symptoms that are there, poor adherence, and what came of failed courses."""
    rng = np.random.default_rng((seed, 99))
    patients, trials = tables["patients"].copy(), tables["trials"].copy()
    for name in planted.SYMPTOMS_BY_GROUP:
        there = patients[name].fillna(False).to_numpy(dtype=bool)
        patients.loc[there & (rng.random(len(patients)) < 0.3), name] = None
    poor = (trials["adherence"] < 0.8).fillna(False).to_numpy(dtype=bool)
    trials.loc[poor & (rng.random(len(trials)) < 0.4), "adherence"] = None
    failed = trials["rated_outcome"].isin(["no_response", "partial_response"]).to_numpy()
    lost = failed & (rng.random(len(trials)) < 0.3)
    trials.loc[lost, ["rated_outcome", "endpoint_score", "endpoint_day"]] = None
    return tables | {"patients": patients, "trials": trials}


def check_questions(
    seed: int, kind: str, patients: int = PATIENTS, truths: Truths | None = None
) -> list[Held]:
    """Ask one drop and count what holds the truth."""
    answers, members = ask_drop(seed, kind, patients)
    return list(count_held(seed, kind, answers, members, truths or give_truths()))


def count_held(
    seed: int, kind: str, answers: dict[str, pd.DataFrame], members: pd.DataFrame, truths: Truths
) -> list[Held]:
    """Count what holds the truth: limits that of everybody, bounds and counts that of members."""
    questions = answers["questions"]
    questions = questions[questions["age_band"].isna()]
    names = ["question", "measure", "population", "group", "level"]
    keyed = questions.assign(group=questions["group"].fillna("")).set_index(names)
    # Whom a question is asked of is for the records to say; what is true of them is not.
    own = count_true(members.assign(**{name: members[f"{name}_given"] for name in GIVEN}))
    held: list[tuple[str, str, str, bool]] = []
    for key, (n, unknown, events) in own.items():
        row = keyed.loc[key]
        if row["n"] >= FEWEST and key in truths.shares:
            held.append(
                (key[0], key[1], INTERVAL, row["ci_low"] <= truths.shares[key] <= row["ci_high"])
            )
        total = int(row["n"] + row["n_unknown"])
        # A few whom only the records, or only the truth, count may be of either kind.
        other = abs(total - n)
        if other > MOST_OTHERS * n:
            continue
        low, high = int(row["events"]), int(row["events"] + row["n_unknown"])
        inside = low - other <= events + unknown and events <= high + other
        held.append((key[0], key[1], BOUNDS, inside))
        if kind == COMPLETE:
            held.append((key[0], key[1], COUNTS, int(row["events"]) == events))
    held += _count_contrasts(answers["question_contrasts"], truths)
    table = pd.DataFrame(held, columns=["question", "measure", "what", "hit"])
    summed = table.groupby(["question", "measure", "what"], sort=False)["hit"].agg(["sum", "size"])
    return [
        Held(kind, seed, *about, int(row["sum"]), int(row["size"]))
        for about, row in summed.iterrows()
    ]


def _count_contrasts(contrasts: pd.DataFrame, truths: Truths) -> list[tuple[str, str, str, bool]]:
    held = []
    for row in contrasts[contrasts["status"] == "ok"].itertuples():
        if row.question == "after_trd" and row.versus == SWITCH_ACROSS:
            true, what = truths.ratios.get(row.level), RATIO
        elif row.model == "directly_standardised" and row.effect == "rd" and row.group == YOUNG:
            true, what = truths.differences.get(row.measure), DIFFERENCE
        else:
            continue
        if true is not None and min(row.n, row.n_versus) >= FEWEST:
            held.append((row.question, row.measure, what, row.ci_low <= true <= row.ci_high))
    return held


def ask_of(kind: str, question: str, measure: str, what: str) -> Asked:
    """Say what is asked of one line of the page."""
    if what == BOUNDS:
        return _ALWAYS
    if what == COUNTS:
        return _NOTHING
    if kind == COMPLETE or (kind == AT_RANDOM and (question, measure) in _AT_RANDOM_WITHIN):
        return _EVERY
    return _NOTHING


def make_rows(held: Sequence[Held]) -> list[Row]:
    """Make the rows of the page: all drops together, with the error of so many drops."""
    table = pd.DataFrame([vars(one) for one in held])
    rows = []
    for (kind, question, measure, what), own in table.groupby(
        ["kind", "question", "measure", "what"], sort=False
    ):
        got = own["hits"].sum() / own["of"].sum()
        asked = ask_of(kind, question, measure, what)
        # Numbers of one drop go together: the error is that between drops.
        shares, weights = own["hits"] / own["of"], own["of"] / own["of"].mean()
        error = (weights * (shares - got)).std(ddof=1) / np.sqrt(len(own))
        rows.append(
            Row(
                QUESTIONS_ASKED, f"{question}: {measure}, {kind}", what,
                "" if what in (BOUNDS, COUNTS) else "95%", percent(got, 2),
                percent(error, 2) if len(own) > 1 else "", f"{int(own['of'].sum())} numbers",
                str(asked), verdict(asked, got),
            )
        )  # fmt: skip
    return rows
