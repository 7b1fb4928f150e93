"""Counts of characteristics by label: from rows of patients to small tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from trdanalysis.analysis.characteristics import (
    EPISODES,
    MOST_TRIALS,
    OF_THE_LABEL,
    TRIAL_LEVELS,
    CountedCharacteristics,
    find_members,
    name_label,
)
from trdanalysis.analysis.criteria import derive_first_trial
from trdanalysis.analysis.estimands import GROUPS
from trdanalysis.analysis.frames import share_of_range
from trdanalysis.contract import FACTORS, SYMPTOMS
from trdanalysis.intake.scales import Scale
from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.labels import list_lost_trials

#: Three-valued ones, those of one of several words, and numbers.
_FLAGS = (*(one for group in GROUPS for one in (group, *FACTORS[group])), *SYMPTOMS, *OF_THE_LABEL)
_WORDS = {
    "age_band": "age_band", "sex": "sex", "site": "site", "episode": "lay_in",
    "antidepressant_trials": "trials_level", "drug_class": "drug_class", "scale": "scale",
}  # fmt: skip
_NUMBERS = (
    "age_years", "age_at_onset_years", "antidepressant_trials", "baseline_severity",
    "follow_up_days",
)  # fmt: skip

#: What is taken from the table of patients.
_RECORDED = (
    *SYMPTOMS, *(name for name in OF_THE_LABEL if name != "functional_impairment"),
    "age_at_onset_years", "last_observed_day",
)  # fmt: skip


def derive_characteristics(
    criteria: ir.Table,
    patients: ir.Table,
    trials: ir.Table,
    quarantined: ir.Table,
    scales: Sequence[Scale],
    under_age_bands: Sequence[str],
) -> ir.Table:
    """Derive every characteristic of each certain member of the population of `trd`.

    Parameters
    ----------
    criteria
        As :func:`trdanalysis.analysis.criteria.derive_criteria` gives it, of one definition.
    patients
        Accepted patients: ``patient_id``, the symptoms, ``bipolar_disorder``,
        ``psychotic_features``, ``medical_cause``, ``current_substance_use``,
        ``age_at_onset_years``, ``last_observed_day``.
    trials
        Accepted trials as judged by the same definition: ``patient_id``, ``trial_id``,
        ``ingredient``, ``start_day``, ``antidepressant``, ``drug_class``.
    quarantined
        Quarantined trials, see :func:`trdanalysis.analysis.criteria.derive_criteria`.
    scales
        Symptom scales, for what their ranges are.
    under_age_bands
        Left out.

    Returns
    -------
    Table
        One row per member: ``label``, the factor groups and factors (the medication-related ones
        are the first antidepressant trial's), symptoms, ``functional_impairment`` (as the label
        takes it, by a functional scale where it is not recorded) and what excludes (nullable
        booleans); ``age_band``, ``sex``, ``site``, ``lay_in`` (``first`` or ``later``: the episode
        of the first trial), ``trials_level``, ``drug_class``, ``scale`` (of the first trial);
        ``age_years``, ``age_at_onset_years``, ``antidepressant_trials`` (null where a trial may be
        one or may not, or was quarantined), ``baseline_severity`` (of the first trial, as a share
        of its scale's range) and ``follow_up_days`` (from the first trial's start to the last day
        of observation; null where either is unknown or the first is later). Null is unknown; what
        is of the first trial is unknown where it is not known which that was.
    """
    members = find_members(criteria, under_age_bands)
    joined = members.inner_join(patients.select("patient_id", *_RECORDED), "patient_id")
    first = derive_first_trial(trials, ("drug_class",))
    joined = joined.left_join(first, "patient_id", rname="{name}_of_first")
    lost = list_lost_trials(quarantined).select("patient_id")
    maybe = trials.filter(trials.antidepressant.isnull()).select("patient_id")
    unsure = ibis.union(lost, maybe).distinct().mutate(is_unsure=True)
    joined = joined.left_join(unsure, "patient_id", rname="{name}_of_unsure")
    known_number = joined.is_unsure.isnull()
    followed = joined.last_observed_day - joined.first_start_day
    number = ibis.cases((known_number, joined.antidepressant_trials))
    later = joined.episode > 1
    return joined.select(
        *(name for name in _FLAGS if name != "functional_impairment"),
        "age_band", "sex", "site", "scale", "age_years", "age_at_onset_years",
        label=name_label(joined.trd),
        functional_impairment=joined.impaired,
        lay_in=ibis.cases((later, EPISODES[1]), (~later, EPISODES[0])),
        trials_level=ibis.cases(
            (number >= MOST_TRIALS, TRIAL_LEVELS[-1]), (number.notnull(), number.cast("string"))
        ),
        drug_class=ibis.cases((joined.first_trial_known, joined.first_drug_class)),
        antidepressant_trials=number,
        baseline_severity=share_of_range(joined, scales),
        follow_up_days=ibis.cases((followed >= 0, followed)),
    )  # fmt: skip


def count_characteristics(engine: Keeper, derived: ir.Table) -> CountedCharacteristics:
    """Count the members of each label by everything that describes them.

    Parameters
    ----------
    engine
        Keeps the rows while they are counted.
    derived
        As :func:`derive_characteristics` gives it.

    Returns
    -------
    CountedCharacteristics
        Small tables, however many patients there are: numbers are counted by value, of which
        there are as many as ages, days or scores.
    """
    kept = engine.keep(derived)
    flags = {f"yes_{name}": kept.count(where=kept[name]) for name in _FLAGS}
    flags |= {f"no_{name}": kept.count(where=~kept[name]) for name in _FLAGS}
    totals: dict[str, int] = {}
    levels: dict[tuple[str, str, str], int] = {}
    for row in _collect(kept.group_by("label").agg(patients=kept.count(), **flags)):
        label = row["label"]
        totals[label] = row["patients"]
        for name in _FLAGS:
            levels[name, "present", label] = row[f"yes_{name}"]
            levels[name, "absent", label] = row[f"no_{name}"]
    words = [_count_by(kept, name, kept[column]) for name, column in _WORDS.items()]
    for row in _collect(ibis.union(*words)):
        if row["value"] is not None:
            levels[row["name"], row["value"], row["label"]] = row["patients"]
    values: dict[tuple[str, str], tuple[list[float], list[int]]] = defaultdict(lambda: ([], []))
    numbers = [_count_by(kept, name, kept[name].cast("float64")) for name in _NUMBERS]
    for row in _collect(ibis.union(*numbers).order_by(["name", "label", "value"])):
        if row["value"] is not None:
            of = values[row["name"], row["label"]]
            of[0].append(row["value"])
            of[1].append(row["patients"])
    sites = sorted({level for name, level, _ in levels if name == "site"})
    return CountedCharacteristics(totals, levels, dict(values), tuple(sites))


def _count_by(table: ir.Table, name: str, value: ir.Value) -> ir.Table:
    """Count the patients of each label by one column."""
    packed = table.select("label", value=value)
    counted = packed.group_by(["label", "value"]).agg(patients=packed.count())
    return counted.mutate(name=ibis.literal(name))


def _collect(table: ir.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pyarrow().to_pylist()
    return rows
