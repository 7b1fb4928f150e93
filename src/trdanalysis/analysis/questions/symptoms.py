"""Residual symptoms: what is left at the record's end among resistant and other patients."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from trdanalysis.analysis.contrasts import (
    adjust_p_values,
    estimate_risk_difference,
    estimate_two_group_p,
)
from trdanalysis.analysis.questions.asked import Asked, Counting, Found, as_contrasts
from trdanalysis.analysis.questions.form import YES_NO
from trdanalysis.analysis.questions.members import PATIENT_GROUPS, TRD
from trdanalysis.analysis.three_valued import is_unknown
from trdanalysis.contract import SYMPTOMS

QUESTION = "symptoms"

#: Measures: each symptom; two of them at once; how many of the eight.
SYMPTOM, PAIR, COUNT = "symptom", "symptom_pair", "symptom_count"

_ADJUSTMENT, _MODEL = "holm", "two_proportions"


def ask_symptoms(asked: Asked) -> Found:
    """Ask which symptoms are left.

    Parameters
    ----------
    asked
        The members and their records.

    Returns
    -------
    Found
        Of each patient group: ``symptom`` (yes or no, one row each), ``symptom_pair`` (the group is
        one symptom and the level another; yes where both are present, unknown where either is)
        and ``symptom_count`` (how many of the eight, where all are known). Contrasts: the
        difference in each symptom's share between resistant patients and each other group.

    Notes
    -----
    Symptoms are recorded as of the record's end, and by patient: no item of a scale is in the
    contract's columns, so how severe each is cannot be told.
    """
    counted = count_symptoms(asked.members)
    counting = Counting(QUESTION)
    for group in PATIENT_GROUPS:
        row = counted.get(group, {})
        for name in SYMPTOMS:
            counting.add(SYMPTOM, group, name, _counts(row, name), kind=YES_NO)
        for one, other in combinations(SYMPTOMS, 2):
            counts = _counts(row, _pair(one, other))
            counting.add(PAIR, group, other, counts, kind=YES_NO, group=one)
        levels = [(str(number), row.get(f"count_{number}", 0)) for number in _NUMBERS]
        counting.add_levels(COUNT, group, levels, row.get("count_unknown", 0))
    return Found(counting.answers, compare_groups(counted, asked.definition.id))


_NUMBERS = range(len(SYMPTOMS) + 1)


def count_symptoms(members: ir.Table) -> dict[str, dict[str, int]]:
    """Count the members of each patient group by symptoms, pairs and number of symptoms.

    Parameters
    ----------
    members
        As :func:`trdanalysis.analysis.questions.members.derive_question_members` gives it.

    Returns
    -------
    dict
        By group: ``total``; for each symptom and pair ``<name>_yes`` and ``<name>_unknown``, and
        ``count_0`` to ``count_8`` and ``count_unknown`` (who lack any of the eight).
    """
    own = members.filter(members.patient_group.notnull())
    flags = {name: own[name] for name in SYMPTOMS}
    # Of a pair both are asked for. That one is absent would settle it too, but a yes needs both:
    # the known would then have fewer pairs than everybody has.
    flags |= {
        _pair(one, other): ibis.cases(
            (own[one].notnull() & own[other].notnull(), own[one] & own[other])
        )
        for one, other in combinations(SYMPTOMS, 2)
    }
    number = own[SYMPTOMS[0]].cast("int64")
    for name in SYMPTOMS[1:]:
        number = number + own[name].cast("int64")
    counts: dict[str, Any] = {"total": own.count()}
    for name, value in flags.items():
        counts[f"{name}_yes"] = value.fill_null(False).sum()
        counts[f"{name}_unknown"] = is_unknown(value).sum()
    counts |= {f"count_{value}": (number == value).fill_null(False).sum() for value in _NUMBERS}
    counts["count_unknown"] = number.isnull().sum()
    rows = own.group_by("patient_group").agg(**counts).to_pyarrow().to_pylist()
    return {row.pop("patient_group"): {name: int(n) for name, n in row.items()} for row in rows}


def compare_groups(counted: dict[str, dict[str, int]], definition: str) -> pd.DataFrame:
    """Compare each symptom's share among resistant patients with that of the other groups.

    Parameters
    ----------
    counted
        As :func:`count_symptoms` gives it.
    definition
        Its id.

    Returns
    -------
    DataFrame
        One row per other group and symptom, with
        :data:`trdanalysis.analysis.questions.asked.CONTRAST_COLUMNS`: the risk difference among
        those of whom the symptom is known, Newcombe's limits, and the p-value of the score test or
        of Fisher's, adjusted by Holm's method within each pair of groups.
    """
    parts = []
    for versus in PATIENT_GROUPS[1:]:
        one, other = (
            [_counts(counted.get(group, {}), name) for name in SYMPTOMS] for group in (TRD, versus)
        )
        events, n = _known(one)
        other_events, other_n = _known(other)
        value, low, high = estimate_risk_difference(events, n, other_events, other_n)
        p_value, _ = estimate_two_group_p(events, n, other_events, other_n)
        is_known = (n > 0) & (other_n > 0)
        table = pd.DataFrame(
            {
                "level": SYMPTOMS, "n": n, "n_versus": other_n, "value": value, "ci_low": low,
                "ci_high": high, "p_value": p_value, "versus": versus,
                "p_adjusted": adjust_p_values(p_value, _ADJUSTMENT),
            }
        )  # fmt: skip
        table["n_tests"] = pd.Series(int(is_known.sum()), table.index).where(is_known)
        for name, word in (("ci_method", "newcombe"), ("adjustment", _ADJUSTMENT)):
            table[name] = pd.Series(word, table.index).where(is_known)
        table["status"] = np.where(is_known, "ok", "not_estimable")
        table["reason"] = pd.Series("nobody_known", table.index).mask(is_known)
        parts.append(table)
    table = pd.concat(parts, ignore_index=True).assign(
        question=QUESTION, definition=definition, measure=SYMPTOM, group=TRD, model=_MODEL,
        effect="rd",
    )  # fmt: skip
    return as_contrasts(table)


def _pair(one: str, other: str) -> str:
    return f"{one}_and_{other}"


def _counts(row: dict[str, int], name: str) -> tuple[int, int, int]:
    return row.get("total", 0), row.get(f"{name}_unknown", 0), row.get(f"{name}_yes", 0)


def _known(counts: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    total, unknown, events = np.array(counts, dtype=np.int64).T
    return events, total - unknown
