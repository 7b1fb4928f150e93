"""Characteristics of patients by label: what the first table of a paper shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from trdanalysis.ages import AgeBand
from trdanalysis.analysis.estimands import GROUPS, find_estimand
from trdanalysis.analysis.standardised import (
    Description,
    compare_levels,
    compare_numbers,
    describe_values,
)
from trdanalysis.analysis.states import UNKNOWN
from trdanalysis.analysis.strata import LEVELS, SEXES
from trdanalysis.analysis.three_valued import all_of
from trdanalysis.contract import FACTORS, SYMPTOMS
from trdanalysis.intake.scales import Scale, of_domain

#: Columns of characteristics.csv, in order.
CHARACTERISTIC_COLUMNS = (
    "definition", "characteristic", "kind", "level", "label", "n", "share", "share_of_known",
    "mean", "sd", "median", "q1", "q3", "smd", "smd_reason", "status",
)  # fmt: skip

LABELS = ("trd", "not_trd", "indeterminate")
ALL = "all"
#: Columns of the table that papers print, from left to right.
LABEL_GROUPS = (ALL, *LABELS)

#: What the standardised differences are from.
VERSUS = "not_trd"
COMPARED = tuple(label for label in LABELS if label != VERSUS)

CATEGORICAL, NUMERIC = "categorical", "numeric"
KNOWN, OVERALL = "known", "overall"

#: Criteria of the label, and what the diagnosis excludes: by definition some labels have none.
OF_THE_LABEL = (
    "functional_impairment", "bipolar_disorder", "psychotic_features", "medical_cause",
    "current_substance_use",
)  # fmt: skip

#: More antidepressant trials than this are one level.
MOST_TRIALS = 4
TRIAL_LEVELS = (*(str(number) for number in range(1, MOST_TRIALS)), f"{MOST_TRIALS} and more")
EPISODES = ("first", "later")

_TEXT = "str"


@dataclass(frozen=True)
class Characteristic:
    """One characteristic and its levels, the unknown last."""

    name: str
    kind: Literal["categorical", "numeric"]
    levels: tuple[str, ...]


@dataclass(frozen=True)
class CountedCharacteristics:
    """How many patients have what.

    Attributes
    ----------
    totals
        Patients by label.
    levels
        Patients by characteristic, level and label; who has none of these is in ``unknown``.
        Absent: nobody.
    values
        By characteristic and label, its values and how many have each.
    sites
        Those that occur.
    """

    totals: Mapping[str, int]
    levels: Mapping[tuple[str, str, str], int]
    values: Mapping[tuple[str, str], tuple[Sequence[float], Sequence[int]]]
    sites: tuple[str, ...]


def list_characteristics(
    bands: Sequence[AgeBand],
    sites: Iterable[str],
    scales: Sequence[Scale],
    drug_classes: Sequence[str],
) -> list[Characteristic]:
    """List every characteristic in the order of the rows, with every level that it can have."""

    def levels(name: str, *known: str) -> Characteristic:
        return Characteristic(name, "categorical", (*known, UNKNOWN))

    def number(name: str) -> Characteristic:
        return Characteristic(name, "numeric", (KNOWN, UNKNOWN))

    def three(names: Iterable[str]) -> list[Characteristic]:
        return [Characteristic(name, "categorical", LEVELS) for name in names]

    in_order = sorted(set(sites) - {UNKNOWN}, key=str.encode)
    symptom_scales = [scale.name for scale in of_domain(tuple(scales), "symptom")]
    return [
        Characteristic(OVERALL, "categorical", (ALL,)),
        number("age_years"),
        levels("age_band", *(band.label for band in bands if band.is_adult)),
        levels("sex", *(sex for sex in SEXES if sex != UNKNOWN)),
        levels("site", *in_order),
        number("age_at_onset_years"),
        *(one for group in GROUPS for one in three((group, *FACTORS[group]))),
        *three(SYMPTOMS),
        *three(OF_THE_LABEL),
        number("antidepressant_trials"),
        levels("antidepressant_trials", *TRIAL_LEVELS),
        levels("episode", *EPISODES),
        levels("drug_class", *drug_classes),
        levels("scale", *symptom_scales),
        number("baseline_severity"),
        number("follow_up_days"),
    ]


def estimate_characteristics(
    counted: CountedCharacteristics, characteristics: Sequence[Characteristic], definition: str
) -> pd.DataFrame:
    """Describe the patients of each label, and of all.

    Parameters
    ----------
    counted
        See :func:`trdanalysis.analysis.characteristic_counts.count_characteristics`.
    characteristics
        See :func:`list_characteristics`.
    definition
        Id of the definition that labelled.

    Returns
    -------
    DataFrame
        One row per characteristic, kind, level and label with :data:`CHARACTERISTIC_COLUMNS`, also
        where nobody is in it. The population is that of the estimand `trd`: MDD with at least one
        antidepressant trial for certain, adults and patients of unknown age; ``label`` is ``all``
        or one of the labels.

        - ``n``: patients. The levels of a characteristic, ``unknown`` among them, add up to the
          patients of the label, who stand in the first row (``overall``). A number has the levels
          ``known`` and ``unknown``. Nothing is filled.
        - ``share``: of the patients of the label; ``share_of_known``: of those of them of whom the
          characteristic is known, empty for ``unknown`` and for numbers.
        - ``mean``, ``sd``, ``median``, ``q1``, ``q3``: of a number, beside ``known``.
        - ``smd``: standardised difference of this label from ``not_trd`` in the whole
          characteristic, among those of whom it is known; the same beside each of its known levels.
          Of numbers it is signed, of levels a distance. ``smd_reason`` says why there is none.
        - ``status``: ``not_estimable`` where the label, or what the row describes, is of nobody.

    Notes
    -----
    STROBE items 14a and 14b: characteristics of participants, and of how many each is missing
    (von Elm E and others 2007, Lancet 370:1453-1457). Differences: see
    :mod:`trdanalysis.analysis.standardised`.
    """
    rows = [
        row
        for one in characteristics
        for row in (
            _describe_number(one, counted)
            if one.kind == NUMERIC
            else _describe_levels(one, counted)
        )
    ]
    table = pd.DataFrame([{"definition": definition} | row for row in rows])
    return table.reindex(columns=list(CHARACTERISTIC_COLUMNS)).astype(
        dict.fromkeys(CHARACTERISTIC_COLUMNS[:5], _TEXT)
        | {"n": "Int64"}
        | dict.fromkeys(CHARACTERISTIC_COLUMNS[6:14], "float64")
        | {"smd_reason": _TEXT, "status": _TEXT}
    )


def _describe_levels(
    one: Characteristic, counted: CountedCharacteristics
) -> Iterable[dict[str, object]]:
    numbers = {label: _count_levels(one, counted, label) for label in LABELS}
    numbers = {ALL: [sum(at) for at in zip(*numbers.values(), strict=True)]} | numbers
    is_known = [level != UNKNOWN for level in one.levels]
    of_known = {
        label: [n for n, known in zip(counts, is_known, strict=True) if known]
        for label, counts in numbers.items()
    }
    differences = {
        label: compare_levels(of_known[label], of_known[VERSUS])
        for label in COMPARED
        if one.name != OVERALL
    }
    for place, level in enumerate(one.levels):
        for label in LABEL_GROUPS:
            n, total, known = numbers[label][place], sum(numbers[label]), sum(of_known[label])
            row: dict[str, object] = {
                "characteristic": one.name, "kind": one.kind, "level": level, "label": label,
                "n": n, "share": n / total if total else None,
                "status": "ok" if total else "not_estimable",
            }  # fmt: skip
            if is_known[place]:
                row["share_of_known"] = n / known if known else None
                row["smd"], row["smd_reason"] = differences.get(label, (None, None))
            yield row


def _count_levels(one: Characteristic, counted: CountedCharacteristics, label: str) -> list[int]:
    """Count by level; who has none of the known levels is unknown."""
    total = counted.totals.get(label, 0)
    if one.name == OVERALL:
        return [total]
    known = [counted.levels.get((one.name, level, label), 0) for level in one.levels[:-1]]
    return [*known, total - sum(known)]


def _describe_number(
    one: Characteristic, counted: CountedCharacteristics
) -> Iterable[dict[str, object]]:
    by_label = {label: counted.values.get((one.name, label), ((), ())) for label in LABELS}
    together: dict[float, int] = {}
    for values, counts in by_label.values():
        for value, n in zip(values, counts, strict=True):
            together[value] = together.get(value, 0) + n
    found = {ALL: describe_values(list(together), list(together.values()))}
    found |= {label: describe_values(*values) for label, values in by_label.items()}
    totals = {ALL: sum(counted.totals.values()), **counted.totals}
    for level in one.levels:
        for label in LABEL_GROUPS:
            own, total = found[label], totals.get(label, 0)
            n = own.n if level == KNOWN else total - own.n
            row: dict[str, object] = {
                "characteristic": one.name, "kind": one.kind, "level": level, "label": label,
                "n": n, "share": n / total if total else None,
                "status": "ok" if (own.n if level == KNOWN else total) else "not_estimable",
            }  # fmt: skip
            if level == KNOWN:
                row |= _numbers(own)
                if label in COMPARED:
                    row["smd"], row["smd_reason"] = compare_numbers(own, found[VERSUS])
            yield row


def _numbers(own: Description) -> dict[str, object]:
    return {name: getattr(own, name) for name in ("mean", "sd", "median", "q1", "q3")}


def find_members(criteria: ir.Table, under_age_bands: Sequence[str]) -> ir.Table:
    """Give the adults, and patients of unknown age, who are certainly of the population of `trd`.

    Parameters
    ----------
    criteria
        As :func:`trdanalysis.analysis.criteria.derive_criteria` gives it.
    under_age_bands
        Age bands of under-18s.
    """
    under_age = criteria.age_band.isin(list(under_age_bands)).fill_null(False)
    member = all_of(criteria, find_estimand("trd").criteria).fill_null(False)
    return criteria.filter(member & ~under_age)


def name_label(trd: ir.BooleanValue) -> ir.StringValue:
    """Give the label of a member by the three-valued event of `trd`."""
    return ibis.cases((trd, LABELS[0]), (~trd, LABELS[1]), else_=LABELS[2])
