"""What may leave of changes: flows of labels, rates that moved, drift between drops.

All is by the primary definition. What another run counted may have left with it, or elsewhere: the
attacker is taken to know how many had which label then.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from trdanalysis.analysis.label_changes import ABSENT
from trdanalysis.disclosure.entries import balance_key
from trdanalysis.disclosure.hiding import Hidden, hide, round_counts, round_estimates
from trdanalysis.disclosure.ledger import Key, Ledger
from trdanalysis.disclosure.policy import Policy
from trdanalysis.rows import list_rows

_COST = 30.0

Tables = Mapping[str, pd.DataFrame]


def _flow_key(row: Mapping[str, object]) -> Key:
    return "flow", row["definition"], row["label_before"], row["label_now"]


def enter_flows(ledger: Ledger, table: pd.DataFrame, primary: str, policy: Policy) -> None:
    """Enter label_flows.csv by the primary definition."""
    base = policy.base_of(primary=False)
    by_now: dict[str, list[int]] = {}
    by_before: dict[str, list[int]] = {}
    for row in list_rows(table[table["definition"] == primary]):
        key = _flow_key(row)
        at = ledger.count(key, int(row["n"]), ledger.unit(key, "label_flows", _COST), base=base)
        by_now.setdefault(row["label_now"], []).append(at)
        by_before.setdefault(row["label_before"], []).append(at)
    for label, parts in by_now.items():
        whole = ledger.index.get(("label", primary, label))
        if whole is not None:
            ledger.add_up(whole, parts)
    for label, parts in by_before.items():
        if label == ABSENT:
            continue
        total = sum(ledger.values[part] for part in parts)
        whole = ledger.count(("label_before", primary, label), total, guarded=False)
        ledger.know(whole, total, total)
        ledger.add_up(whole, parts)


def disclose_flows(table: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    """Make what may leave of label_flows.csv."""
    gone = [hidden.count(_flow_key(row)) for row in list_rows(table)]
    return hide(round_counts(table, ["n"], hidden.policy.base_of(primary=False)), gone, ["n"])


def disclose_rate_changes(table: pd.DataFrame, rates: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Make what may leave of rate_changes.csv.

    Parameters
    ----------
    table
        As estimated.
    rates
        rates.csv as it leaves: the rates of now are those.
    policy
        The site's policy.

    Returns
    -------
    DataFrame
        A row shows its numbers only where no count of either run is small, and none that came or
        went between them. Counts of before are rounded, and their rate is made of these.
    """
    counts = ["n_before", "events_before", "n", "events"]
    plain = table[counts].astype("Float64").to_numpy(float, na_value=np.nan)
    without = [plain[:, 0] - plain[:, 1], plain[:, 2] - plain[:, 3]]
    apart = [plain[:, 2] - plain[:, 0], plain[:, 3] - plain[:, 1], without[1] - without[0]]
    gone = np.zeros(len(table), dtype=bool)
    for values in (*plain.T, *without):
        gone |= _small(values, policy)
    for values in apart:
        gone |= (np.abs(values) >= 1) & (np.abs(values) <= policy.hide_counts_up_to)
    key = ["estimand", "definition", "analysis"]
    shown = rates[rates["stratum"] == "overall"].set_index(key)
    of_now = [tuple(row[name] for name in key) for row in list_rows(table)]
    rounded = round_counts(table, ["n_before", "events_before"], policy.base_of(primary=False))
    for name, kind in {"n": "Int64", "events": "Int64", "rate": "float64"}.items():
        now = [shown[name].get(row) if row in shown.index else None for row in of_now]
        values = np.array([np.nan if pd.isna(one) else float(one) for one in now])
        rounded[name] = pd.Series(values, rounded.index).astype(kind)  # type: ignore[call-overload]
        gone = gone | rounded[name].isna().to_numpy(bool)
    before = rounded["n_before"].astype("Float64")
    quotient = rounded["events_before"].astype("Float64") / before.mask(before == 0)
    rounded["rate_before"] = quotient.to_numpy(float, na_value=np.nan)
    rounded["difference"] = rounded["rate"] - rounded["rate_before"]
    return hide(rounded, gone, [*counts, "rate_before", "rate", "difference"])


def disclose_drift(table: pd.DataFrame, balance: pd.DataFrame, hidden: Hidden) -> pd.DataFrame:
    """Make what may leave of drift.csv.

    Parameters
    ----------
    table
        As estimated.
    balance
        Rows by drop and table.
    hidden
        What is hidden.

    Returns
    -------
    DataFrame
        A column of a table leaves with all its measures and drops or with none: where any of them
        counts few, it is hidden, and so is a whole table of which the balance of rows is hidden.
        Counts are rounded, and shares of patients made of these.
    """
    policy = hidden.policy
    numbers = ["n", "events"]
    plain = table[numbers].astype("Float64").to_numpy(float, na_value=np.nan)
    few = np.zeros(len(table), dtype=bool)
    for values in (*plain.T, plain[:, 0] - plain[:, 1]):
        few |= _small(values, policy)
    together = pd.Series(few, index=table.index).groupby([table["table"], table["column"]])
    gone = together.transform("any").to_numpy(bool)
    closed = {
        row["table"] for row in list_rows(balance)
        if any(
            hidden.count(balance_key(row, name))
            for name in balance.columns if name not in ("drop_id", "table")
        )
    }  # fmt: skip
    gone = gone | table["table"].isin(closed).to_numpy(bool)
    estimates = ["value", "value_others", "difference", "p_value", "p_adjusted"]
    rounded = round_counts(table, numbers, policy.base_of(primary=False))
    rounded = round_estimates(rounded, estimates, policy.model_decimals)
    own = _shares(rounded)
    for name in estimates[:3]:
        rounded[name] = own[name].where(rounded["table"] == "patients", rounded[name])
    return hide(rounded, gone, [*numbers, *estimates, "drifted"])


def _shares(table: pd.DataFrame) -> pd.DataFrame:
    """Make shares of patients, here and in the other drops, of printed counts."""
    n, events = (
        pd.Series(table[name].astype("Float64").to_numpy(float, na_value=np.nan), table.index)
        for name in ("n", "events")
    )
    by_measure = [table["table"], table["column"], table["measure"]]
    n_others = n.groupby(by_measure).transform("sum") - n
    events_others = events.groupby(by_measure).transform("sum") - events
    value, others = events / n.where(n > 0), events_others / n_others.where(n_others > 0)
    return pd.DataFrame({"value": value, "value_others": others, "difference": value - others})


def _small(values: np.ndarray, policy: Policy) -> np.ndarray:
    least = 1 if policy.show_zero else 0
    return (values >= least) & (values <= policy.hide_counts_up_to)
