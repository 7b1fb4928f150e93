"""From the complete story to the ``patients`` and ``trials`` tables, with values left out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trdanalysis.contract import PATIENTS, SYMPTOMS, TRIALS
from trdanalysis.simulate.assumptions import (
    BESIDE,
    ENDPOINT_OUTSIDE_WINDOW,
    FACTOR_ASSUMPTIONS,
    FUNCTION_SCALES,
    GENERIC_WORD_SHARE,
    MIN_MG_PER_DAY,
    SCALES,
    TREATMENTS,
    UNRECORDED,
)
from trdanalysis.simulate.cells import Holes, hide, make_table, to_words, write_trial_ids
from trdanalysis.simulate.patients import SEXES, SITES, Array, Columns
from trdanalysis.simulate.trials import ADDED, OUTCOMES


def record_patients(
    holes: Holes, patient_ids: Array, patients: Columns, last_observed_day: Array
) -> pd.DataFrame:
    """Write the ``patients`` table, one row a patient."""
    n = len(patient_ids)
    shares = {
        **{name: factor.unrecorded for name, factor in FACTOR_ASSUMPTIONS.items()},
        **dict.fromkeys(SYMPTOMS, UNRECORDED["symptoms"]),
        **{name: share for name, share in UNRECORDED.items() if name in PATIENTS.names},
    }
    hidden = {name: holes.draw(n, share) for name, share in sorted(shares.items())}
    functions = tuple(scale[0] for scale in FUNCTION_SCALES)
    columns: dict[str, object] = {
        name: hide(patients[name], mask)
        for name, mask in hidden.items()
        if name in patients and name not in ("sex", "site")
    }
    columns |= {
        "patient_id": patient_ids,
        "sex": to_words(patients["sex"], SEXES, hidden["sex"]),
        "site": to_words(patients["site"], SITES, hidden["site"]),
        "function_scale": to_words(patients["function_scale"], functions, hidden["function_score"]),
        "last_observed_day": hide(last_observed_day, hidden["last_observed_day"]),
    }
    return make_table(PATIENTS, columns)


def flatten_courses(grid: Columns, doses: Columns) -> Columns:
    """Turn grids into one row a course, with ``patient`` (row number) and ``number`` (from 1)."""
    patient, position = np.nonzero(grid["active"])
    rows = {name: values[patient, position] for name, values in (grid | doses).items()}
    return rows | {"patient": patient, "number": position + 1}


def draw_beside(rng: np.random.Generator, grid: Columns, share: float = 0.15) -> Columns:
    """Draw psychotherapy and the like, given beside the courses: at most one a patient, unrated."""
    n = len(grid["active"])
    patient = np.flatnonzero(rng.random(n) < share)
    m = len(patient)
    start = grid["start_day"][patient, 0] + rng.integers(-40, 200, m)
    return {
        "patient": patient,
        "number": grid["active"].sum(axis=1)[patient] + 1,
        "treatment": rng.choice(list(BESIDE), m, p=list(BESIDE.values())),
        "start_day": start,
        "stop_day": start + rng.integers(30, 200, m),
    }


def record_trials(
    holes: Holes,
    patient_ids: Array,
    patients: Columns,
    courses: Columns,
    beside: Columns,
    rated: Array,
) -> pd.DataFrame:
    """Write the ``trials`` table, one row a course and one for each treatment beside them.

    ``rated`` courses have their scores in ``assessments`` instead.
    """
    trials = make_table(TRIALS, _course_columns(holes, patient_ids, patients, courses, rated))
    m = len(beside["patient"])
    extra = dict.fromkeys(TRIALS.names, np.full(m, None, dtype=object)) | {
        "patient_id": patient_ids[beside["patient"]],
        "trial_id": write_trial_ids(beside["number"]),
        "drug": _drug_words(holes.rng, beside["treatment"]),
        "start_day": beside["start_day"],
        "stop_day": beside["stop_day"],
    }
    both = pd.concat([trials, make_table(TRIALS, extra)], ignore_index=True)
    order = np.lexsort(
        (
            np.concatenate([courses["number"], beside["number"]]),
            np.concatenate([courses["patient"], beside["patient"]]),
        )
    )
    return both.iloc[order].reset_index(drop=True)


def _course_columns(
    holes: Holes, patient_ids: Array, patients: Columns, courses: Columns, rated: Array
) -> dict[str, object]:
    rng, n = holes.rng, len(courses["patient"])
    share = UNRECORDED
    nonresponse = courses["outcome"] >= 2
    early = ~courses["has_endpoint"]
    # A lost stop widens the window: the endpoint must still be the rating that is chosen in it.
    seen_days = courses["endpoint_day"] - courses["start_day"]
    stop_lost = holes.draw(n, share["stop_day"]) & ~courses["ongoing"]
    stop_lost &= (seen_days >= 35) & (seen_days <= 63)
    endpoint_lost = np.where(
        nonresponse, share["endpoint_score_nonresponse"], share["endpoint_score_response"]
    )
    no_scale = holes.draw(n, share["scale"])
    no_baseline = rated | holes.draw(n, share["baseline_score"])
    no_endpoint = rated | early | holes.draw(n, endpoint_lost)
    endpoint_day = courses["endpoint_day"] + 200 * holes.draw(n, ENDPOINT_OUTSIDE_WINDOW)
    stop_reason = _draw_stop_reasons(rng, courses)
    scale_words = tuple(word for scale in SCALES for word in scale.words)
    scale = 3 * patients["scale"] + patients["scale_word"]
    never = ~courses["for_depression"]
    drug = _drug_words(rng, courses["treatment"])
    drug[holes.draw(n, share["drug"])] = None
    return {
        "patient_id": patient_ids[courses["patient"]],
        "trial_id": write_trial_ids(courses["number"]),
        "drug": drug,
        "role": to_words(
            (courses["kind"] == ADDED).astype(int),
            ("primary", "augmentation"),
            holes.draw(n, share["role"]) & (courses["kind"] != ADDED),
        ),
        "for_depression": hide(~never, holes.draw(n, share["for_depression"]) & ~never),
        "dose_mg_per_day": hide(
            courses["dose_mg_per_day"], holes.draw(n, share["dose_mg_per_day"])
        ),
        "start_day": courses["start_day"],
        "stop_day": hide(courses["stop_day"], stop_lost | courses["ongoing"]),
        "adherence": hide(
            courses["adherence"],
            holes.draw(n, share["adherence"]) | np.isnan(MIN_MG_PER_DAY[courses["treatment"]]),
        ),
        "scale": to_words(scale[courses["patient"]], scale_words, no_scale | rated),
        "baseline_score": hide(courses["baseline_score"].astype(float), no_baseline),
        "endpoint_score": hide(courses["endpoint_score"].astype(float), no_endpoint),
        "baseline_day": hide(
            courses["baseline_day"], no_baseline | holes.draw(n, share["score_day"])
        ),
        "endpoint_day": hide(endpoint_day, no_endpoint | holes.draw(n, share["score_day"])),
        "rated_outcome": to_words(
            courses["outcome"], OUTCOMES, holes.draw(n, share["rated_outcome"])
        ),
        "stop_reason": to_words(
            stop_reason,
            TRIALS.column("stop_reason").words,
            courses["ongoing"] | (holes.draw(n, share["stop_reason"]) & ~stop_lost),
        ),
        "episode": hide(courses["episode"], holes.draw(n, share["episode"])),
    }


def _draw_stop_reasons(rng: np.random.Generator, courses: Columns) -> Array:
    """Draw why a course ended, in the order of the contract's words."""
    n = len(courses["patient"])
    chance = rng.random(n)
    nonresponse = rng.choice(7, n, p=(0.68, 0.12, 0.04, 0.05, 0.05, 0.04, 0.02))
    response = rng.choice(7, n, p=(0.0, 0.12, 0.04, 0.62, 0.14, 0.06, 0.02))
    reason = np.where(courses["outcome"] >= 2, nonresponse, response)
    return np.where(~courses["has_endpoint"] & (chance < 0.8), 1, reason)


def _drug_words(rng: np.random.Generator, treatment: Array) -> Array:
    """Write each treatment in one of its ways."""
    longest = max(len(t.words) for t in TREATMENTS)
    words = np.array([(t.words * longest)[:longest] for t in TREATMENTS], dtype=object)
    way = rng.integers(1, longest, len(treatment))
    return words[treatment, np.where(rng.random(len(treatment)) < GENERIC_WORD_SHARE, 0, way)]
