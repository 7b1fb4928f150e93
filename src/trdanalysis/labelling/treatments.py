"""Counting the treatments that were begun, whatever became of them."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from trdanalysis.labelling.failures import Keeper, distinct_key
from trdanalysis.labelling.rules import TreatmentCount
from trdanalysis.labelling.trials import is_named

#: The readings of the records: as they stand, and with every stated default unknown.
USUAL, BARE = "", "bare_"


def _is_of(trials: ir.Table, words: Sequence[str], *, bare: bool) -> ir.BooleanValue:
    """Tell whether a trial is of one of the kinds or names; three-valued."""
    names = [word for word in words if word not in ("counted", "augmentation")]
    found: ir.BooleanValue = ibis.literal(False)
    if names:
        found = is_named(trials, names)
    if "counted" in words:
        counted = trials.antidepressant_bare if bare else trials.antidepressant
        found = found | (counted & trials.first_line)
    if "augmentation" in words:
        role = trials.role == "augmentation"
        role = role if bare else role.fill_null(trials.role_is_bad.nullif(True))
        only_augments = trials.drug_role == "augmentation"
        is_drug = trials.drug_role != "non_drug"
        found = found | only_augments | (role & is_drug)
    for_depression = trials.for_depression
    if not bare:
        for_depression = for_depression.fill_null((~trials.for_depression_is_bad).nullif(False))
    return found & for_depression


def count_treatments(engine: Keeper, trials: ir.Table, measure: TreatmentCount) -> ir.Table:
    """Count the different treatments begun, with both readings."""
    counted = []
    for reading in (USUAL, BARE):
        by_day = treatments_by_day(engine, trials, measure, reading)
        most = {f"{reading}{side}": by_day[side].max() for side in ("low", "high")}
        counted.append(by_day.group_by("patient_id").agg(**most))
    joined = counted[0].outer_join(counted[1], "patient_id")
    return joined.mutate(patient_id=joined.patient_id.coalesce(joined.patient_id_right)).drop(
        "patient_id_right"
    )


def treatments_by_day(
    engine: Keeper, trials: ir.Table, measure: TreatmentCount, reading: str
) -> ir.Table:
    """Count the different treatments begun up to each day on which one was, in the time allowed.

    Returns
    -------
    Table
        ``patient_id``, ``day``, ``low``, ``high``.
    """
    wanted = _is_of(trials, measure.of, bare=bool(reading))
    if measure.without_response:
        wanted = wanted & trials.nonresponse
    rows = engine.keep(
        trials.select(
            "patient_id", "trial_id", "start_day", wanted=wanted,
            treatment=distinct_key(trials, measure.distinct_by),
            before=_is_of(trials, measure.after, bare=bool(reading)),
        )
    )  # fmt: skip
    kept = rows.filter(rows.wanted.fill_null(True)).select(
        "patient_id", "trial_id", "start_day", "treatment", sure=rows.wanted.fill_null(False)
    )
    if measure.after:
        kept = _keep_after(kept, rows, measure)
    kept = engine.keep(kept)
    anchors = kept.select("patient_id", day="start_day").distinct()
    conditions = ["patient_id", kept.start_day <= anchors.day]
    if measure.within_days is not None and not measure.after:
        conditions.append(anchors.day - kept.start_day <= measure.within_days)
    pairs = kept.join(anchors, conditions)
    return engine.keep(
        pairs.group_by(["patient_id", "day"]).agg(
            low=pairs.treatment.nunique(where=pairs.sure).cast("int64"),
            high=pairs.treatment.nunique().cast("int64"),
        )
    )


def _keep_after(kept: ir.Table, rows: ir.Table, measure: TreatmentCount) -> ir.Table:
    """Keep what was begun after what must come before; ``sure`` where that is certain too."""
    earlier = rows.filter(rows.before.fill_null(True)).select(
        "patient_id", first_id="trial_id", first_day="start_day",
        first_sure=rows.before.fill_null(False),
    )  # fmt: skip
    conditions = ["patient_id", earlier.first_day <= kept.start_day,
                  earlier.first_id != kept.trial_id]  # fmt: skip
    if measure.within_days is not None:
        conditions.append(kept.start_day - earlier.first_day <= measure.within_days)
    pairs = kept.join(earlier, conditions)
    found = pairs.group_by(["patient_id", "trial_id", "start_day", "treatment", "sure"]).agg(
        first_sure=pairs.first_sure.any()
    )
    return found.mutate(sure=found.sure & found.first_sure).drop("first_sure")
