"""Rows: accepted, counted once, or quarantined with one reason."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from trdanalysis.contract import TableSpec
from trdanalysis.intake.cells import BAD, ROW
from trdanalysis.intake.names import derive_scale_key

#: Why a row goes to the quarantine; a row gets the first that applies.
MISSING_KEY = "missing_key"
UNKNOWN_PATIENT = "unknown_patient"
UNKNOWN_TRIAL = "unknown_trial"
START_DAY_UNREADABLE = "start_day_unreadable"
STOP_DAY_UNREADABLE = "stop_day_unreadable"
STOP_NOT_AFTER_START = "stop_not_after_start"
CONFLICTING_ROWS = "conflicting_rows"


def derive_reasons(
    cells: ir.Table, spec: TableSpec, patients: ir.Table | None, trials: ir.Table | None
) -> ir.Table:
    """Say of each row by itself why it cannot be accepted.

    Parameters
    ----------
    cells
        What :func:`trdanalysis.intake.cells.derive_cells` gives.
    spec
        The table's declaration.
    patients
        ``patient_id`` of every known patient, once; None for the table of patients itself.
    trials
        ``patient_id``, ``trial_id`` of every known trial, once; for tables that hang on trials.

    Returns
    -------
    Table
        ``cells`` with ``reason``, null where the row is good by itself, and ``patient_is_known``.
    """
    named = [name for name in spec.key if name in ("patient_id", "trial_id", "day")]
    missing = ibis.literal(False)
    for name in named:
        missing = missing | cells[name].isnull()
    if "scale" in spec.key:
        missing = missing | cells.scale_text.isnull()
    table = cells.mutate(missing_key=missing)
    patient_known: ir.BooleanValue = ibis.literal(True)
    trial_known: ir.BooleanValue = ibis.literal(True)
    if patients is not None:
        known = patients.select("patient_id").mutate(patient_is_known=ibis.literal(True))
        table = table.left_join(known, "patient_id").drop("patient_id_right")
        patient_known = table.patient_is_known.fill_null(False)
    if trials is not None:
        known = trials.select("patient_id", "trial_id").mutate(trial_is_known=ibis.literal(True))
        table = table.left_join(known, ["patient_id", "trial_id"]).drop(
            "patient_id_right", "trial_id_right"
        )
        trial_known = table.trial_is_known.fill_null(False)
    rules = [
        (table.missing_key, MISSING_KEY),
        (~patient_known, UNKNOWN_PATIENT),
        (~trial_known, UNKNOWN_TRIAL),
    ]
    if "start_day" in spec.names:
        rules += [
            (table.start_day.isnull(), START_DAY_UNREADABLE),
            (table["stop_day" + BAD].notnull(), STOP_DAY_UNREADABLE),
            (table.stop_day <= table.start_day, STOP_NOT_AFTER_START),
        ]
    reasoned = table.mutate(
        reason=ibis.cases(*rules, else_=ibis.null("string")), patient_is_known=patient_known
    )
    return reasoned.drop(
        *(name for name in ("missing_key", "trial_is_known") if name in reasoned.columns)
    )


def derive_key_columns(table: ir.Table, spec: TableSpec) -> tuple[ir.Table, list[str]]:
    """Give the table with every key column filled, and the names of the key columns.

    An unrecognised scale tells one rating from another by its normalised name.
    """
    if "scale" not in spec.key:
        return table, list(spec.key)
    keyed = table.mutate(scale_key=table.scale.coalesce(derive_scale_key(table.scale_text)))
    return keyed, [name if name != "scale" else "scale_key" for name in spec.key]


def find_repeated(reasoned: ir.Table, raw: ir.Table, spec: TableSpec) -> ir.Table:
    """Find rows that repeat a key among the rows that are good by themselves.

    Rows of one key are duplicates where they agree in every column of the contract, a bad cell
    being compared by its text; the first is kept. Otherwise all rows of the key conflict.

    Returns
    -------
    Table
        One row a row not to be accepted: :data:`ROW`, ``repeat`` (``duplicate`` or the reason
        ``conflicting_rows``).
    """
    good, key = derive_key_columns(reasoned.filter(reasoned.reason.isnull()), spec)
    counted = good.group_by(key).agg(rows=good.count())
    repeated = good.semi_join(counted.filter(counted.rows > 1), key)
    texts = {
        f"{name}_text": raw[name]
        for name in spec.names
        if name + BAD in reasoned.columns and name in raw.columns
    }
    told = raw.select(raw[ROW], **texts)
    joined = repeated.join(told, ROW)
    content = {name: joined[name] for name in spec.names if name not in key}
    for name in texts:
        column = name.removesuffix("_text")
        bad = joined[column + BAD].notnull()
        content[name] = bad.ifelse(joined[name], ibis.null("string"))
    contents = joined.select(ROW, *key, **content)
    groups = contents.group_by([name for name in contents.columns if name != ROW]).agg(
        first_row=contents[ROW].min()
    )
    versions = groups.group_by(key).agg(versions=groups.count(), kept_row=groups.first_row.min())
    judged = repeated.select(ROW, *key).join(versions, key)
    conflicting = judged.versions > 1
    out = judged.filter(conflicting | (judged[ROW] != judged.kept_row))
    return out.select(ROW, repeat=(out.versions > 1).ifelse(CONFLICTING_ROWS, "duplicate"))
