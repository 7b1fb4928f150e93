"""What changed since the last run: whose label, by which rows, and which rates moved."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.intake.fingerprints import KEY
from trdanalysis.labelling.failures import Keeper

#: Columns of ``changes.csv``.
CHANGE_COLUMNS = [
    "patient_id", "definition", "change", "label_before", "label_now", "reason_before",
    "reason_now", "row_change", "drop_before", "drop_now", "table", "row_key",
]  # fmt: skip

NEW, GONE, RELABELLED, OTHER_REASON = "new", "gone", "relabelled", "other_reason"

#: What stands where no row of the patient changed: the definition, a setting, a reference table or
#: the program did.
NO_ROW = "none"

#: In place of a label: the patient was not, or is not any more, in the cohort.
ABSENT = "absent"

LABELS = ("trd", "not_trd", "indeterminate")

FLOW_COLUMNS = ["definition", "label_before", "label_now", "n", "status"]

RATE_CHANGE_COLUMNS = [
    "estimand", "definition", "analysis", "n_before", "events_before", "rate_before", "n", "events",
    "rate", "difference", "status",
]  # fmt: skip


def compare_labels(before: ir.Table, now: ir.Table) -> ir.Table:
    """Compare the labels of two runs.

    Parameters
    ----------
    before, now
        One row per patient and definition: ``patient_id``, ``definition``, ``label``, ``reason``.

    Returns
    -------
    Table
        One row per patient and definition of which label or reason is not the same, by the
        definitions of both runs: ``patient_id``, ``definition``, ``change`` (``new``, ``gone``,
        ``relabelled``, ``other_reason``), ``label_before``, ``label_now``, ``reason_before``,
        ``reason_now`` (null where the patient is not in that run).
    """
    both = before.select("definition").distinct().semi_join(now, "definition")
    old = before.semi_join(both, "definition").select(
        "patient_id", "definition", label_before="label", reason_before="reason"
    )
    new = now.semi_join(both, "definition").select(
        other_patient="patient_id", other_definition="definition",
        label_now="label", reason_now="reason",
    )  # fmt: skip
    joined = old.outer_join(
        new, [old.patient_id == new.other_patient, old.definition == new.other_definition]
    )
    table = joined.select(
        "label_before", "label_now", "reason_before", "reason_now",
        patient_id=joined.patient_id.coalesce(joined.other_patient),
        definition=joined.definition.coalesce(joined.other_definition),
    )  # fmt: skip
    change = ibis.cases(
        (table.label_before.isnull(), NEW),
        (table.label_now.isnull(), GONE),
        (table.label_before != table.label_now, RELABELLED),
        (table.reason_before != table.reason_now, OTHER_REASON),
        else_=ibis.null("string"),
    )
    changed = table.mutate(change=change)
    return changed.filter(changed.change.notnull())


def compare_rows(before: ir.Table, now: ir.Table) -> ir.Table:
    """Compare the rows of two cohorts.

    Parameters
    ----------
    before, now
        See :func:`trdanalysis.intake.fingerprints.derive_fingerprints`.

    Returns
    -------
    Table
        One row per key of which the content is not the same: ``table``, ``patient_id``,
        ``row_key``, ``row_change`` (``added``, ``removed``, ``altered``), ``drop_before``,
        ``drop_now``. A row that only came again in another drop is not among them.
    """
    old, new = _by_key(before, "before"), _by_key(now, "now")
    joined = old.outer_join(new, [old[f"{name}_before"] == new[f"{name}_now"] for name in KEY])
    keys = {name: joined[f"{name}_before"].coalesce(joined[f"{name}_now"]) for name in KEY}
    change = ibis.cases(
        (joined.content_before.isnull(), "added"),
        (joined.content_now.isnull(), "removed"),
        (joined.content_before != joined.content_now, "altered"),
        else_=ibis.null("string"),
    )
    told = joined.select("drop_before", "drop_now", row_change=change, **keys)
    return told.filter(told.row_change.notnull())


def _by_key(rows: ir.Table, when: str) -> ir.Table:
    """Give one row a key: ratings on scales that were not recognised can share one."""
    grouped = rows.group_by(list(KEY)).agg(
        drop_id=rows.drop_id.max(),
        least=rows.content.min(),
        most=rows.content.max(),
        rows=rows.count(),
    )
    content = grouped.least + grouped.most + grouped.rows.cast("string")
    names = {f"{name}_{when}": grouped[name] for name in KEY}
    return grouped.select(**names, **{f"drop_{when}": grouped.drop_id, f"content_{when}": content})


def explain_changes(engine: Keeper, changes: ir.Table, rows: ir.Table) -> ir.Table:
    """Put beside each changed label the rows of its patient that changed.

    Parameters
    ----------
    engine
        Keeps intermediate tables.
    changes
        See :func:`compare_labels`.
    rows
        See :func:`compare_rows`.

    Returns
    -------
    Table
        :data:`CHANGE_COLUMNS`, one row per changed label and changed row of its patient; one with
        ``row_change`` ``none`` where no row changed.
    """
    of_patients = engine.keep(rows.semi_join(changes, "patient_id"))
    joined = changes.left_join(of_patients, "patient_id")
    return joined.mutate(row_change=joined.row_change.fill_null(NO_ROW)).select(*CHANGE_COLUMNS)


def estimate_label_flows(
    before: ir.Table, changes: ir.Table, now: ir.Table, definitions: Sequence[str]
) -> pd.DataFrame:
    """Count patients by label before and now.

    Parameters
    ----------
    before, now
        Labels of the two runs.
    changes
        What :func:`compare_labels` gives of them.
    definitions
        Ids in the order of the rows.

    Returns
    -------
    DataFrame
        One row per definition of both runs and pair of labels, also one that nobody has, with
        :data:`FLOW_COLUMNS`. ``absent`` stands for a patient who is not in that run.
    """
    counted = changes.group_by(["definition", "label_before", "label_now"]).agg(n=changes.count())
    moved = {
        (row["definition"], row["label_before"] or ABSENT, row["label_now"] or ABSENT): row["n"]
        for row in counted.to_pyarrow().to_pylist()
        if row["label_before"] != row["label_now"]
    }
    totals = _count_labels(now)
    known = {definition for definition, _ in _count_labels(before)}
    rows = []
    for definition in definitions:
        if definition not in known:
            continue
        for old in (*LABELS, ABSENT):
            for new in (*LABELS, ABSENT):
                n = moved.get((definition, old, new), 0)
                if old == new and old != ABSENT:
                    came = sum(
                        moved.get((definition, other, new), 0) for other in (*LABELS, ABSENT)
                    )
                    n = totals.get((definition, new), 0) - came
                if (old, new) != (ABSENT, ABSENT):
                    rows.append((definition, old, new, n, "ok"))
    table = pd.DataFrame(rows, columns=FLOW_COLUMNS)
    text = dict.fromkeys(("definition", "label_before", "label_now", "status"), "str")
    return table.astype({**text, "n": "Int64"})


def _count_labels(labels: ir.Table) -> dict[tuple[str, str], int]:
    counted = labels.group_by(["definition", "label"]).agg(n=labels.count())
    return {(row["definition"], row["label"]): row["n"] for row in counted.to_pyarrow().to_pylist()}


def overall_of(rates: pd.DataFrame) -> pd.DataFrame:
    """Give the overall rows of rates.csv as they were counted: what a later run compares with."""
    counted = rates["analysis"].isin(["complete_case", "proven"])
    rows = rates[counted & (rates["stratum"] == "overall")]
    names = ["estimand", "definition", "analysis", "n", "events", "rate"]
    return rows[names].reset_index(drop=True)


def compare_rates(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Say by how much overall rates moved.

    Parameters
    ----------
    before, now
        See :func:`overall_of`.

    Returns
    -------
    DataFrame
        :data:`RATE_CHANGE_COLUMNS`, one row per estimand and definition of both runs.
        ``difference`` is now less before. No test stands beside it: most patients are the same.
    """
    key = ["estimand", "definition", "analysis"]
    old = before.rename(columns={name: f"{name}_before" for name in before.columns.difference(key)})
    table = now.merge(old, on=key, how="inner")
    table["difference"] = table["rate"] - table["rate_before"]
    table["status"] = table["difference"].isna().map({True: "not_estimable", False: "ok"})
    counts = [name for name in RATE_CHANGE_COLUMNS if name.split("_")[0] in ("n", "events")]
    text = dict.fromkeys((*key, "status"), "str")
    return table[RATE_CHANGE_COLUMNS].astype({**dict.fromkeys(counts, "Int64"), **text})
