"""Exposure of a trial: what the drug is, when the trial ended, which treatment came next."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.labelling.failures import Keeper
from trdanalysis.labelling.windows import ENDPOINT_AFTER_NEXT_DAYS, NEXT_TREATMENT_AFTER_DAYS

#: Columns of the drug table that hold minimum doses; a definition names one.
MINIMA = (
    "min_mg_default", "min_mg_strict", "min_mg_lenient", "min_mg_canmat2023", "min_mg_atrq",
)  # fmt: skip
#: Non-drug treatments that end the attribution of a score to the trial before them.
_TREATMENTS_THAT_INTERFERE = ("ect", "rtms")


def reference_drugs(drugs: pd.DataFrame) -> pd.DataFrame:
    """Give what labelling needs of ``config/reference/antidepressants.csv``.

    Parameters
    ----------
    drugs
        The file as text, empty cells as empty strings.

    Returns
    -------
    DataFrame
        One row an ingredient: ``ingredient``, ``moiety``, ``drug_class``, :data:`MINIMA` (mg per
        day; null: no minimum is known), ``first_line_broad``, ``first_line_core`` (booleans).
    """
    table = pd.DataFrame(
        {
            "ingredient": drugs["generic"],
            "moiety": drugs["moiety_group"],
            "drug_class": drugs["class_group"],
        }
    )
    for name in MINIMA:
        table[name] = pd.to_numeric(drugs[name].where(drugs[name] != ""), errors="raise")
    for name in ("first_line_broad", "first_line_core"):
        table[name] = drugs[name] == "yes"
    return table


def derive_treatment(trials: ir.Table) -> ir.Table:
    """Add what makes a treatment the same as another, and whether it is known to have ended.

    Parameters
    ----------
    trials
        Accepted trials: ``trial_id``, ``drug_key``, ``stop_day``, ``stop_reason``,
        ``stop_reason_is_bad``.

    Returns
    -------
    Table
        The same rows with ``treatment_key`` (never null: a trial without a drug's name is a
        treatment of its own) and ``ended_unknown`` (it ended, on an unknown day).
    """
    reason_given = trials.stop_reason.notnull() | trials.stop_reason_is_bad
    return trials.mutate(
        treatment_key=trials.drug_key.coalesce(ibis.literal("?") + trials.trial_id),
        ended_unknown=trials.stop_day.isnull() & reason_given,
    )


def derive_exposure(trials: ir.Table, patients: ir.Table, drugs: ir.Table) -> ir.Table:
    """Add what is known of a trial's drug and of how far it was seen.

    Parameters
    ----------
    trials
        Trials with ``ingredient`` and ``start_day``.
    patients
        ``patient_id``, ``last_observed_day``.
    drugs
        What :func:`reference_drugs` gives.

    Returns
    -------
    Table
        The same rows with ``moiety``, ``drug_class`` and the drug table's minima and lines;
        ``last_day_seen`` (``last_observed_day`` where it does not lie before the start, else null)
        and ``observed_before_start`` (where it does; never null).
    """
    seen = patients.select("patient_id", "last_observed_day")
    table = trials.left_join(drugs, "ingredient").drop("ingredient_right")
    table = table.left_join(seen, "patient_id").drop("patient_id_right")
    return table.mutate(
        last_day_seen=(table.last_observed_day >= table.start_day).ifelse(
            table.last_observed_day, ibis.null("int64")
        ),
        observed_before_start=(table.last_observed_day < table.start_day).fill_null(False),
    )


def derive_next_day(engine: Keeper, table: ir.Table, until_day: ir.IntegerValue) -> ir.Table:
    """Add ``next_day``, the start of the next treatment, where it bounds the endpoint's window.

    The next treatment is any other one in whatever role and for whatever indication, or ECT or
    rTMS, that began more than ``NEXT_TREATMENT_AFTER_DAYS`` later.

    Parameters
    ----------
    engine
        Keeps the few trials that have a next treatment, so that the many are read once.
    table
        Trials after :func:`derive_treatment`.
    until_day
        The last day, in the patient's time, that an endpoint of the trial could have; null where
        there can be none. Only treatments whose bound lies before it are looked for: of many trials
        few pairs are left.

    Returns
    -------
    Table
        The same rows with ``next_day``; null where no treatment bounds the window before that day.
    """
    interferes = (
        (table.drug_role != "non_drug") | table.ingredient.isin(_TREATMENTS_THAT_INTERFERE)
    ).fill_null(True)
    others = table.filter(interferes).select(
        "patient_id", other_key="treatment_key", other_day="start_day"
    )
    bounded = table.select(
        "patient_id", "trial_id", "treatment_key", "start_day", until_day=until_day
    )
    bounded = bounded.filter(bounded.until_day.notnull())
    pairs = bounded.join(
        others,
        [
            "patient_id",
            others.other_day > bounded.start_day + NEXT_TREATMENT_AFTER_DAYS,
            others.other_day + ENDPOINT_AFTER_NEXT_DAYS < bounded.until_day,
            others.other_key != bounded.treatment_key,
        ],
    )
    following = engine.keep(
        pairs.group_by(["patient_id", "trial_id"]).agg(next_day=pairs.other_day.min())
    )
    return table.left_join(following, ["patient_id", "trial_id"]).drop(
        "patient_id_right", "trial_id_right"
    )


def is_ongoing(table: ir.Table, *, defaults: bool) -> ir.BooleanValue:
    """Tell whether a trial goes on: a stated default, for a trial without a stop and a stop
    reason.
    """
    if not defaults:
        return ibis.literal(False)
    return table.stop_day.isnull() & ~table.ended_unknown


def end_day(table: ir.Table, *, defaults: bool) -> ir.IntegerValue:
    """Give the first day without the treatment, or how far an ongoing trial was seen; else null."""
    seen = is_ongoing(table, defaults=defaults).ifelse(table.last_day_seen, ibis.null("int64"))
    return table.stop_day.coalesce(seen)


def is_in_progress(table: ir.Table, min_days: int, *, defaults: bool) -> ir.BooleanValue:
    """Tell whether an ongoing trial is known to have lasted under ``min_days``; never null."""
    lasted = table.last_day_seen - table.start_day
    return (is_ongoing(table, defaults=defaults) & (lasted < min_days)).fill_null(False)
