"""What the other tables of a release tell of counts, and how they hang together with the rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from trdanalysis.analysis.agreement import CELLS, NONE
from trdanalysis.analysis.attrition import OUTCOME_STEP
from trdanalysis.analysis.estimands import LABEL_PARTS, TRIAL_ESTIMAND
from trdanalysis.disclosure.ledger import NOWHERE, Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.disclosure.strata import overall_key
from trdanalysis.rows import list_rows

LABELS = ("trd", "not_trd", "indeterminate")

#: Everybody who has a label, of any age.
EVERYBODY: Key = ("everybody",)

#: What a reader loses with a count of each table.
_COSTS = {
    "attrition": 1500.0, "definitions": 400.0, "label_reasons": 40.0, "unknowns": 30.0,
    "resistance": 80.0, "first_trials": 60.0, "agreement": 20.0, "overlaps": 5.0, "grades": 20.0,
    "balance": 20.0, "models": 40.0,
}  # fmt: skip

Tables = Mapping[str, pd.DataFrame]


def own_rows(table: pd.DataFrame, primary: str) -> list[dict[str, Any]]:
    """Give the rows that are by the primary definition."""
    return list_rows(table[table["definition"] == primary])


def _enter_row(
    ledger: Ledger, table: str, name: Key, counts: Mapping[Key, Any], base: int
) -> dict[Key, int]:
    """Enter counts that are printed in one row and hidden together."""
    unit = ledger.unit((table, *name), table, _COSTS[table])
    return {
        key: ledger.count(key, int(value), unit, base=base)
        for key, value in counts.items()
        if not pd.isna(value)
    }


def _enter_each(ledger: Ledger, table: str, key: Key, value: Any, base: int) -> int:
    """Enter a count that can be hidden by itself."""
    unit = ledger.unit((table, *key), table, _COSTS[table])
    return ledger.count(key, int(value), unit, base=base)


def step_keys(table: pd.DataFrame, primary: str) -> list[tuple[Key, Key, Key]]:
    """Give the keys of ``n_in``, ``n_out`` and ``n_unknown`` of every row of attrition.csv.

    A count that several estimands have in common, by the same steps, is one.
    """
    keys: list[tuple[Key, Key, Key]] = []
    taken: dict[tuple[Any, Any], tuple[str, ...]] = {}
    for row in list_rows(table):
        if row["estimand"] == "records":
            before: Key = ("records", row["step"])
            keys.append((("in", *before), ("out", *before), ("none", *before)))
            continue
        chain = taken.get((row["definition"], row["estimand"]), ())
        head = ("steps", row["definition"], row["unit"])
        after = (*chain, row["step"])
        taken[row["definition"], row["estimand"]] = after
        unsure: Key = ("open", *head, *after)
        if row["step"] == OUTCOME_STEP:
            unsure = ("open", *head, row["estimand"])
        first = EVERYBODY if row["unit"] == "patient" and not chain else ("in", *head, *chain)
        keys.append((first, ("out", *head, *after), unsure))
    return keys


def enter_attrition(ledger: Ledger, table: pd.DataFrame, primary: str, policy: Policy) -> None:
    """Enter attrition.csv: of records, and by the primary definition."""
    base = policy.base_of(primary=True)
    own = table[(table["definition"] == primary) | table["definition"].isna()]
    rows = list_rows(own)
    keys = step_keys(own, primary)
    at: list[tuple[int, int, int | None]] = []
    for row, (before, gone, unsure) in zip(rows, keys, strict=True):
        places = [
            _enter_each(ledger, "attrition", key, row[name], base)
            for key, name in ((before, "n_in"), (gone, "n_out"))
        ]
        open_ = None
        if not pd.isna(row["n_unknown"]):
            open_ = _enter_each(ledger, "attrition", unsure, row["n_unknown"], base)
        at.append((places[0], places[1], open_))
    for place, (row, (into, out, open_)) in enumerate(zip(rows, at, strict=True)):
        following = rows[place + 1] if place + 1 < len(rows) else None
        if (
            row["step"].endswith("_accepted")
            or following is None
            or (following["estimand"] != row["estimand"])
        ):
            left = ledger.rest(into, [out], guarded=True)
        else:
            left = at[place + 1][0]
            ledger.add_up(into, (out, left))
        if open_ is not None and row["step"] != OUTCOME_STEP:
            # Those who go on, and of whom it is not unknown.
            ledger.rest(left, [open_])
    _link_attrition(ledger, rows, at, primary)
    by_step = {row["step"]: place for place, row in enumerate(rows)}
    for name, place in by_step.items():
        if str(name) == "patients_accepted" and EVERYBODY in ledger.index:
            whole = at[place][0]
            if ledger.values[whole] >= ledger.values[ledger.index[EVERYBODY]]:
                ledger.rest(whole, [ledger.index[EVERYBODY]])


def _link_attrition(
    ledger: Ledger,
    rows: Sequence[Mapping[Any, Any]],
    at: Sequence[tuple[int, int, int | None]],
    primary: str,
) -> None:
    """Enter that the last step leaves the overall row of the rate."""
    for row, (into, _, open_) in zip(rows, at, strict=True):
        overall = overall_key(primary, row["estimand"])
        if row["step"] != OUTCOME_STEP or ("total", *overall) not in ledger.index:
            continue
        ledger.add_up(ledger.index["total", *overall], [into])
        if open_ is not None:
            ledger.add_up(ledger.index["unknown", *overall], [open_])


def criterion_keys(row: Mapping[str, Any]) -> tuple[Key, Key]:
    """Give the keys of ``n_unknown`` and ``n_only`` of a row of unknowns.csv."""
    head = (row["definition"], row["estimand"], row["criterion"])
    return ("lacks", *head), ("lacks_only", *head)


def enter_unknowns(ledger: Ledger, table: pd.DataFrame, primary: str, policy: Policy) -> None:
    """Enter unknowns.csv, by the primary definition."""
    base = policy.base_of(primary=True)
    by_estimand: dict[str, list[tuple[str, int, int]]] = {}
    for row in own_rows(table, primary):
        lacks, only = (
            _enter_each(ledger, "unknowns", key, row[name], base)
            for key, name in zip(criterion_keys(row), ("n_unknown", "n_only"), strict=True)
        )
        ledger.rest(lacks, [only], guarded=True)
        by_estimand.setdefault(row["estimand"], []).append((row["criterion"], lacks, only))
    for estimand, found in by_estimand.items():
        overall = overall_key(primary, estimand)
        if ("unknown", *overall) not in ledger.index:
            continue
        unknown = ledger.index["unknown", *overall]
        names = [name for name, *_ in found]
        last = names.index(OUTCOME_STEP)
        ledger.rest_if_any(unknown, [only for _, _, only in found[: last + 1]])
        for _, lacks, _ in found[: last + 1]:
            ledger.rest_if_any(unknown, [lacks])
        parts = [only for name, _, only in found[last + 1 :] if name in LABEL_PARTS]
        if parts:
            ledger.rest_if_any(found[last][2], parts)
        for _, lacks, _ in found[last + 1 :]:
            ledger.rest_if_any(found[last][1], [lacks])
        of_certain = ledger.index.get(("outcome_unknown", *overall))
        if of_certain is not None:
            ledger.add_up(of_certain, [found[last][2]])


def enter_labels(ledger: Ledger, tables: Tables, primary: str, policy: Policy) -> None:
    """Enter the tables of labels: definitions, reasons, agreement, overlaps, grades."""
    coarse = policy.base_of(primary=False)
    for row in list_rows(tables["definitions"]):
        labels: dict[Key, Any] = {
            ("label", row["definition"], label): row[label] for label in LABELS
        }
        places = _enter_row(ledger, "definitions", (row["definition"],), labels, coarse)
        if len(places) == len(LABELS):
            _enter_whole(ledger, places.values())
    by_label: dict[str, list[int]] = {label: [] for label in LABELS}
    for row in own_rows(tables["label_reasons"], primary):
        why = (row["definition"], row["label"], row["reason"])
        base = policy.base_of(primary=True)
        found = _enter_row(ledger, "label_reasons", why, {("reason", *why): row["patients"]}, base)
        defaults = _enter_each(
            ledger, "label_reasons", ("defaults", *why), row["on_defaults"], base
        )
        (patients,) = found.values()
        ledger.rest(patients, [defaults], guarded=True)
        by_label[row["label"]].append(patients)
    for label, parts in by_label.items():
        whole = ledger.index.get(("label", primary, label))
        if whole is not None and parts:
            ledger.add_up(whole, parts)
    _link_ages(ledger, primary)
    _enter_agreement(ledger, tables["agreement"], coarse)
    _enter_overlaps(ledger, tables["overlaps"], coarse)
    grades: dict[str, list[int]] = {}
    for row in list_rows(tables["grades"]):
        key: Key = ("grade", row["definition"], row["grade"])
        unit = ledger.unit(("grades", row["definition"]), "grades", _COSTS["grades"])
        grades.setdefault(row["definition"], []).append(
            ledger.count(key, int(row["n"]), unit, base=coarse)
        )
    for parts in grades.values():
        _enter_whole(ledger, parts)


def _link_ages(ledger: Ledger, primary: str) -> None:
    """Enter that labels are of all ages: of the adults in the rate of `trd`, and of those under 18.

    Everybody with the label `trd` is in the population of that rate; with another not all are.
    """
    rows = [key for key in ledger.index if key[1:3] == (primary, "trd") and len(key) == 7]
    # Factor groups are crossed with the bands of adults.
    adult = {key[6] for key in rows if key[3] == "factor_group_by_age_band"}
    for label, kind in zip(LABELS, ("event", "no_event", "outcome_unknown"), strict=True):
        whole = ledger.index.get(("label", primary, label))
        parts = [
            ledger.index[key] for key in rows
            if key[0] == kind
            and (key[3] == "overall" or (key[3] == "age_band" and key[6] not in adult))
        ]  # fmt: skip
        if whole is None or not parts or not adult:
            continue
        if ledger.values[whole] == sum(ledger.values[part] for part in parts):
            ledger.add_up(whole, parts)
        else:
            ledger.rest_if_any(whole, parts)


def _enter_whole(ledger: Ledger, parts: Iterable[int]) -> None:
    """Enter counts that are everybody's, where everybody has a label."""
    of = tuple(parts)
    total = sum(ledger.values[part] for part in of)
    whole = ledger.index.get(EVERYBODY)
    whole = ledger.count(EVERYBODY, total) if whole is None else whole
    if ledger.values[whole] == total:
        ledger.add_up(whole, of)
    else:
        ledger.rest_if_any(whole, of)


def _enter_agreement(ledger: Ledger, table: pd.DataFrame, base: int) -> None:
    for row in list_rows(table):
        pair = (row["definition"], row["versus"])
        counts: dict[Key, Any] = {("pair", *pair, cell): row[cell] for cell in CELLS}
        places = _enter_row(ledger, "agreement", pair, counts, base)
        if len(places) < len(CELLS):
            continue
        for label in LABELS:
            for whole, of_label in (
                (("label", pair[0], label), [("pair", *pair, f"{label}_{one}") for one in LABELS]),
                (("label", pair[1], label), [("pair", *pair, f"{one}_{label}") for one in LABELS]),
            ):
                at = ledger.index.get(whole)
                parts = [places[key] for key in of_label]
                # Somebody without a label by one of the two is in no cell.
                if at is not None and ledger.values[at] >= sum(ledger.values[p] for p in parts):
                    ledger.rest(at, parts)


def _enter_overlaps(ledger: Ledger, table: pd.DataFrame, base: int) -> None:
    by_definition: dict[str, list[int]] = {}
    everybody: list[int] = []
    for row in list_rows(table):
        key: Key = ("set", row["definitions"])
        places = _enter_row(ledger, "overlaps", key, {key: row["n"]}, base)
        unsure = _enter_row(
            ledger, "overlaps", key, {("open_set", row["definitions"]): row["n_indeterminate"]},
            base,
        )  # fmt: skip
        (at,), (open_at,) = places.values(), unsure.values()
        ledger.rest(at, [open_at], guarded=True)
        everybody.append(at)
        if row["definitions"] != NONE:
            for name in str(row["definitions"]).split("; "):
                by_definition.setdefault(name, []).append(at)
    if everybody:
        _enter_whole(ledger, everybody)
        for name, parts in by_definition.items():
            label = ledger.index.get(("label", name, "trd"))
            if label is not None:
                ledger.rest_if_any(label, parts)


def enter_resistance(ledger: Ledger, tables: Tables, primary: str, policy: Policy) -> None:
    """Enter resistance.csv and first_trials.csv, by the primary definition."""
    base = policy.base_of(primary=True)
    of_label: dict[str, list[int]] = {label: [] for label in LABELS}
    apparent: list[int] = []
    for row in own_rows(tables["resistance"], primary):
        key: Key = ("apparent", primary, row["apparent_resistance"], row["label"])
        at = _enter_each(ledger, "resistance", key, row["n"], base)
        of_label[row["label"]].append(at)
        if row["apparent_resistance"] == "yes":
            apparent.append(at)
    trd = overall_key(primary, "trd")
    for label, name in zip(LABELS, ("event", "no_event", "outcome_unknown"), strict=True):
        whole = ledger.index.get((name, *trd))
        if whole is not None and of_label[label]:
            ledger.add_up(whole, of_label[label])
    among = ledger.index.get(("n", *overall_key(primary, "pseudo_resistance")))
    if among is not None and apparent:
        parts = sum(ledger.values[at] for at in apparent)
        if ledger.values[among] >= parts:
            ledger.rest(among, apparent)
    by_estimand: dict[str, list[int]] = {}
    for row in own_rows(tables["first_trials"], primary):
        if not pd.isna(row["n"]):
            key = ("episode", primary, row["estimand"], row["episode"])
            at = _enter_each(ledger, "first_trials", key, row["n"], base)
            by_estimand.setdefault(row["estimand"], []).append(at)
    for estimand, parts_of in by_estimand.items():
        members = ledger.index.get(("imputed_n", *overall_key(primary, estimand)))
        if members is not None:
            ledger.add_up(members, parts_of)


def model_name(row: Mapping[str, Any]) -> Key:
    """Give the name of whom a model is of: all models of one design are of the same."""
    covariates = row["covariates"]
    return (
        row["definition"],
        row["estimand"],
        row["exposures"],
        "" if pd.isna(covariates) else covariates,
    )


def enter_models(ledger: Ledger, tables: Tables, primary: str, policy: Policy) -> None:
    """Enter whom each model of the primary definition is of."""
    base = policy.base_of(primary=True)
    names = ("n", "n_left_out", "events", "n_clusters")
    for row in own_rows(tables["models"], primary):
        head = model_name(row)
        at = _enter_row(
            ledger, "models", head, {("model", *head, name): row[name] for name in names}, base
        )
        overall = overall_key(primary, row["estimand"])
        everybody = ledger.index.get(("n", *overall))
        n, left_out = (at.get(("model", *head, name)) for name in names[:2])
        if left_out is not None and everybody is not None:
            left = ledger.values[everybody] - ledger.values[left_out]
            # A model that could not be fitted does not say of how many it would have been.
            n = ledger.count(("model", *head, "n"), left) if n is None and left >= 0 else n
            if n is not None and ledger.values[n] == left:
                ledger.add_up(everybody, (n, left_out))
        events = at.get(("model", *head, "events"))
        if n is None or events is None:
            continue
        without = ledger.rest(n, [events], guarded=True)
        for kind, part in (("event", events), ("no_event", without)):
            whole = ledger.index.get((kind, *overall))
            if whole is not None:
                ledger.rest_if_any(whole, [part])


def balance_key(row: Mapping[str, Any], column: str) -> Key:
    """Give the key of a cell of the balance of rows."""
    return "balance", row["drop_id"], row["table"], column


def enter_balance(ledger: Ledger, balance: pd.DataFrame, policy: Policy) -> None:
    """Enter the balance of rows by drop; the drops add up to the first steps of attrition."""
    base = policy.base_of(primary=True)
    sums: dict[tuple[str, str], list[int]] = {}
    for row in list_rows(balance):
        at = {
            column: _enter_each(ledger, "balance", balance_key(row, column), row[column], base)
            for column in balance.columns
            if column not in ("drop_id", "table") and not pd.isna(row[column])
        }
        parts = [at[name] for name in ("accepted", "duplicates", "quarantined")]
        if ledger.values[at["rows_in"]] == sum(ledger.values[part] for part in parts):
            ledger.add_up(at["rows_in"], parts)
        for column, place in at.items():
            sums.setdefault((row["table"], column), []).append(place)
    for (table, column), places in sums.items():
        side = "out" if column in ("duplicates", "quarantined") else "in"
        whole = ledger.index.get((side, "records", f"{table}_{column}"))
        if whole is not None and ledger.values[whole] == sum(ledger.values[p] for p in places):
            ledger.add_up(whole, places)


def enter_clusters(ledger: Ledger, tables: Tables, primary: str) -> None:
    """Enter that clusters.csv counts the trials and patients of the overall rate once more."""
    overall = overall_key(primary, TRIAL_ESTIMAND.name)
    for row in own_rows(tables["clusters"], primary):
        for name, kind in (("n_trials", "n"), ("n_patients", "patients")):
            at = ledger.index.get((kind, *overall))
            if at is not None and not pd.isna(row[name]):
                ledger.count((kind, *overall), int(row[name]), NOWHERE)
